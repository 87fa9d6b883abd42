/* SPDX-License-Identifier: MIT */
/*
 * text.h - memcache's text protocol in both directions: requests and replies, parsed and
 * composed. Pure: bytes in, values out.
 *
 * Calling sequence of a server:
 *	lrd_mc_text_init(&parser, &limits);
 *	for (;;) {
 *		n = lrd_mc_text_request(&parser, unread bytes, &command);
 *		if (n > 0)			drop n bytes, act on the command
 *		if (n == LRD_MC_PARTIAL)	keep the bytes, read more behind them
 *		if (n == LRD_MC_BAD)		close the connection
 *	}
 * After PARTIAL the next call must be given the same bytes again, with more behind them.
 * The outcome is the same however the bytes were cut.
 */
#ifndef LRD_MEMCACHE_TEXT_H
#define LRD_MEMCACHE_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include <larder/types.h>

#include "proto/bytes/buf.h"
#include "proto/memcache/command.h"
#include "proto/memcache/reply.h"

enum { LRD_MC_PARTIAL = -1, LRD_MC_BAD = -2 };

struct lrd_mc_limits {
	uint64_t item_max;    /* key, value and LRD_MC_ITEM_OVERHEAD together */
	size_t line_long_max; /* bytes of a line with many keys */
	size_t inline_max;    /* larger blocks come as HEAD, PIECEs and TAIL */
	size_t joined_max;    /* the same for append and prepend, which need all of it */
};

/* What an item costs beside key and value when it is held against item_max. */
enum { LRD_MC_ITEM_OVERHEAD = 64 };

/* Where the parser is in the stream. Private but for `wants`. */
struct lrd_mc_text {
	const struct lrd_mc_limits *limits;
	int state;
	size_t scanned;      /* bytes of the present line known to hold no newline */
	uint64_t block_left; /* bytes of the block still to come, CR LF included */
	struct lrd_mc_command streamed; /* whose block is coming; its slices are dead */
	uint64_t wants; /* after PARTIAL: bytes that must be there before there is progress */
};

/* `limits` is borrowed for the parser's life. */
void lrd_mc_text_init(struct lrd_mc_text *parser, const struct lrd_mc_limits *limits);

/*
 * The next part of a request. Returns the bytes it took (at least one) with *command filled,
 * LRD_MC_PARTIAL, or LRD_MC_BAD: a line without end, or the first line of an HTTP request;
 * BAD is for ever. *command is untouched unless bytes were taken.
 */
ptrdiff_t lrd_mc_text_request(struct lrd_mc_text *parser, larder_slice input,
			      struct lrd_mc_command *command);

/*
 * The next reply of a server. A VALUE is complete, its block at most `value_max` bytes; a
 * longer one is BAD, as is anything that is no reply. Stateless.
 */
ptrdiff_t lrd_mc_text_reply(larder_slice input, uint64_t value_max,
			    struct lrd_mc_reply *reply);

/*
 * Appends a request: the line and its block. A HEAD gives the line alone, a PIECE its bytes, a
 * TAIL the CR LF. EINVAL for what cannot be sent: an empty or too long key, a blank or control
 * byte in it, a value that is not value_len long.
 */
int lrd_mc_text_put_request(const struct lrd_mc_command *command,
			    struct lrd_buf *out) LARDER_MUST_USE;

/* Appends a reply. EINVAL when a text or key would break the line. */
int lrd_mc_text_put_reply(const struct lrd_mc_reply *reply,
			  struct lrd_buf *out) LARDER_MUST_USE;

/* Room for the line before a value: "VALUE key flags bytes cas" CR LF. */
enum { LRD_MC_VALUE_HEAD_MAX = 6 + LRD_MC_KEY_MAX + 1 + 10 + 1 + 20 + 1 + 20 + 2 };

/*
 * Writes that line; `key` has at most LRD_MC_KEY_MAX bytes. `cas` NULL: without one. Returns
 * its length.
 */
size_t lrd_mc_text_value_head(char *dst, larder_slice key, uint32_t client_flags,
			      uint64_t value_len, const uint64_t *cas);

#endif
