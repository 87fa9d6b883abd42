/* SPDX-License-Identifier: MIT */
/* command.c - what is known of each memcache command, from the one table. */
#include "proto/memcache/command.h"

#include "proto/bytes/slice.h"
#include "proto/memcache/reply.h"

struct verb {
	larder_slice name;
	const char *arguments;
	unsigned traits;
};

static const struct verb verbs[LRD_MC_VERB_COUNT] = {
#define LRD_MC_COMMAND(verb, name, arguments, traits) \
	[LRD_MC_##verb] = { LRD_SLICE_INIT(name), arguments, traits },
#include "proto/memcache/commands.def"
};

static const larder_slice refusals[LRD_MC_REFUSAL_COUNT] = {
	[LRD_MC_ACCEPTED] = LRD_SLICE_INIT(""),
#define LRD_MC_REFUSAL(name, text) [LRD_MC_REFUSED_##name] = LRD_SLICE_INIT(text),
#include "proto/memcache/refusals.def"
};

static const larder_slice statuses[LRD_MC_STATUS_COUNT] = {
#define LRD_MC_STATUS(name, text) [LRD_MC_##name] = LRD_SLICE_INIT(text),
#include "proto/memcache/statuses.def"
};

const char *lrd_mc_verb_name(enum lrd_mc_verb verb)
{
	return verbs[verb].name.ptr;
}

const char *lrd_mc_verb_arguments(enum lrd_mc_verb verb)
{
	return verbs[verb].arguments;
}

unsigned lrd_mc_verb_traits(enum lrd_mc_verb verb)
{
	return verbs[verb].traits;
}

/* The table has the commonest commands first, and names differ in length or first byte. */
enum lrd_mc_verb lrd_mc_verb_find(larder_slice name)
{
	for (int i = 1; i < LRD_MC_VERB_COUNT; i++) {
		if (lrd_slice_equal(verbs[i].name, name))
			return (enum lrd_mc_verb)i;
	}
	return LRD_MC_NONE;
}

larder_slice lrd_mc_refusal_text(enum lrd_mc_refusal refusal)
{
	return refusals[refusal];
}

larder_slice lrd_mc_status_text(enum lrd_mc_status status)
{
	return status < LRD_MC_STATUS_COUNT ? statuses[status] : LRD_SLICE("");
}

bool lrd_mc_next_word(larder_slice *rest, larder_slice *word)
{
	const char *at = rest->ptr;
	const char *end = at + rest->len;
	const char *start;

	if (rest->len == 0)
		return false;
	while (at < end && *at == ' ')
		at++;
	start = at;
	while (at < end && *at != ' ')
		at++;
	*rest = lrd_slice_of(at, (size_t)(end - at));
	if (at == start)
		return false;
	*word = lrd_slice_of(start, (size_t)(at - start));
	return true;
}

int64_t lrd_mc_expires_at(int64_t exptime, int64_t now)
{
	if (exptime == 0)
		return 0;
	if (exptime < 0)
		return now > 0 ? now : 1;
	return exptime <= LRD_MC_RELATIVE_MAX_S ? now + exptime : exptime;
}
