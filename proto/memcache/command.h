/* SPDX-License-Identifier: MIT */
/*
 * command.h - one memcache request as a value, whichever of the protocols carried it.
 *
 * Parsers fill it, composers read it, the dispatcher acts on it. Slices point into the bytes
 * that the parser was given and die with them.
 */
#ifndef LRD_MEMCACHE_COMMAND_H
#define LRD_MEMCACHE_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <larder/types.h>

enum {
	LRD_MC_KEY_MAX = 250,
	LRD_MC_LINE_MAX = 2048, /* bytes of a line without its end, but for LONG ones */
	LRD_MC_VALUE_MAX = INT32_MAX - 2,
	/* Exptimes up to this are relative to now, larger ones are unix seconds. */
	LRD_MC_RELATIVE_MAX_S = 60 * 60 * 24 * 30
};

enum lrd_mc_verb {
	LRD_MC_NONE, /* nothing to do: bytes of a refused block were skipped */
#define LRD_MC_COMMAND(verb, name, arguments, traits) LRD_MC_##verb,
#include "proto/memcache/commands.def"
	LRD_MC_VERB_COUNT
};

enum lrd_mc_refusal {
	LRD_MC_ACCEPTED,
#define LRD_MC_REFUSAL(name, text) LRD_MC_REFUSED_##name,
#include "proto/memcache/refusals.def"
	LRD_MC_REFUSAL_COUNT
};

/* Which part of a request a struct lrd_mc_command is. */
enum lrd_mc_part {
	LRD_MC_WHOLE, /* all of it; `value` is the whole block where one belongs to the verb */
	LRD_MC_HEAD,  /* the line alone: the block is large and follows as pieces */
	LRD_MC_PIECE, /* only `value` is set: the next bytes of the block */
	LRD_MC_TAIL   /* the block is complete; refusal CHUNK when CR LF did not end it */
};

enum {
	LRD_MC_TRAIT_WRITE = 1 << 0,   /* needs a write transaction */
	LRD_MC_TRAIT_NOREPLY = 1 << 1, /* "noreply" may be its last word */
	LRD_MC_TRAIT_BLOCK = 1 << 2,   /* a block of data follows the line */
	LRD_MC_TRAIT_LONG = 1 << 3,    /* its line may pass LRD_MC_LINE_MAX */
	LRD_MC_TRAIT_SERVER = 1 << 4   /* about the server, not about entries */
};

struct lrd_mc_command {
	enum lrd_mc_verb verb;
	enum lrd_mc_part part;
	enum lrd_mc_refusal refusal; /* ACCEPTED, or the line to answer with */
	bool noreply;                /* whatever the outcome, nothing is sent */
	bool has_exptime;            /* of flush_all */
	larder_slice key;            /* the first or only key */
	larder_slice keys;  /* get, gets, gat, gats: all, for lrd_mc_next_word() */
	larder_slice words; /* what stands behind the verb, where it takes any words */
	uint32_t client_flags;
	int64_t exptime;    /* as sent; lrd_mc_expires_at() makes a time of it */
	uint64_t cas;       /* compare value */
	uint64_t number;    /* of incr, decr, verbosity */
	uint64_t value_len; /* bytes of the whole block */
	larder_slice value; /* WHOLE: the block; PIECE: a part of it */
};

/* The name in the text protocol and LRD_MC_TRAIT_* of a verb; NULL and 0 of NONE. */
const char *lrd_mc_verb_name(enum lrd_mc_verb verb);
const char *lrd_mc_verb_arguments(enum lrd_mc_verb verb);
unsigned lrd_mc_verb_traits(enum lrd_mc_verb verb);
/* LRD_MC_NONE when no command has that name. */
enum lrd_mc_verb lrd_mc_verb_find(larder_slice name);

/* The line (without CR LF) that tells a client of a refusal; empty for ACCEPTED. */
larder_slice lrd_mc_refusal_text(enum lrd_mc_refusal refusal);

/* Takes the next blank-separated word off *rest; false at its end. */
bool lrd_mc_next_word(larder_slice *rest, larder_slice *word);

/*
 * What an exptime means at `now`: 0 never, else the unix second at which the entry is gone;
 * a time that is over already (and so not after `now`) for negative ones.
 */
int64_t lrd_mc_expires_at(int64_t exptime, int64_t now);

#endif
