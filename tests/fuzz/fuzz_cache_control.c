/* SPDX-License-Identifier: MIT */
/*
 * fuzz_cache_control.c - any bytes as Cache-Control lines: values stay in range, the flags agree
 * with each other, and adding a line "no-store" only ever adds that.
 */
#include <string.h>

#include "proto/bytes/slice.h"
#include "proto/http/cache_control.h"
#include "tests/fuzz/require.h"

enum {
	LINES = 6,
	WITH_SECONDS = LRD_CC_MAX_AGE | LRD_CC_S_MAXAGE | LRD_CC_MAX_STALE |
		       LRD_CC_MIN_FRESH | LRD_CC_STALE_WHILE_REVALIDATE |
		       LRD_CC_STALE_IF_ERROR,
	WITH_NAMES = LRD_CC_NO_CACHE | LRD_CC_PRIVATE,
};

static void check_seconds(const struct lrd_cache_control *cc, uint32_t bit,
			  int64_t seconds)
{
	fuzz_require(seconds >= 0 && seconds <= LRD_CC_MAX_SECONDS,
		     "seconds out of range");
	fuzz_require(seconds == 0 || lrd_cc_valid(cc, bit),
		     "seconds without a valid directive");
}

static void check(const struct lrd_cache_control *cc)
{
	fuzz_require((cc->invalid & ~cc->present) == 0, "invalid and absent");
	fuzz_require((cc->invalid & ~(uint32_t)WITH_SECONDS) == 0,
		     "invalid without a number");
	fuzz_require((cc->qualified & ~(cc->present & WITH_NAMES)) == 0,
		     "qualified and absent");
	fuzz_require((cc->no_cache_names.count > 0) ==
				     ((cc->qualified & LRD_CC_NO_CACHE) != 0) &&
			     (cc->private_names.count > 0) ==
				     ((cc->qualified & LRD_CC_PRIVATE) != 0),
		     "names disagree with qualified");
	check_seconds(cc, LRD_CC_MAX_AGE, cc->max_age);
	check_seconds(cc, LRD_CC_S_MAXAGE, cc->s_maxage);
	check_seconds(cc, LRD_CC_MAX_STALE, cc->max_stale);
	check_seconds(cc, LRD_CC_MIN_FRESH, cc->min_fresh);
	check_seconds(cc, LRD_CC_STALE_WHILE_REVALIDATE, cc->stale_while_revalidate);
	check_seconds(cc, LRD_CC_STALE_IF_ERROR, cc->stale_if_error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	larder_field at[LINES + 1];
	larder_slice rest = lrd_slice_of((const char *)data, size);
	struct lrd_cache_control cc;
	struct lrd_cache_control more;
	size_t count = 0;

	while (count < LINES && lrd_slice_split(&rest, '\n', &at[count].value))
		at[count++].name = LRD_SLICE("Cache-Control");
	lrd_cache_control_parse(lrd_view_of(at, count), &cc);
	check(&cc);
	(void)lrd_cc_names_has(&cc.private_names, LRD_SLICE("a"));

	at[count].name = LRD_SLICE("cache-control");
	at[count].value = LRD_SLICE("no-store");
	lrd_cache_control_parse(lrd_view_of(at, count + 1), &more);
	cc.present |= LRD_CC_NO_STORE;
	fuzz_require(cc.present == more.present && cc.invalid == more.invalid &&
			     cc.qualified == more.qualified &&
			     cc.max_age == more.max_age && cc.max_stale == more.max_stale,
		     "another line changed what was said before");
	return 0;
}
