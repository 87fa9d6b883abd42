/* SPDX-License-Identifier: MIT */
/*
 * test_property.c - random requests, answers and invalidations: what is served was made for
 * this URL, this principal and these selecting fields, and after the last invalidation.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check_main.h"
#include "drive.h"

enum { URLS = 3, WHO = 4, VALUES = 3, ROUNDS = 4000, OPEN = 6 };

static uint64_t state;

static unsigned pick(unsigned below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state >> 20) % below;
}

static const char *const urls[URLS] = { "http://o.test/a", "http://o.test/b",
					"http://o.test/c" };
static const char *const spelled[URLS] = { "HTTP://O.test:80/x/../a",
					   "http://o.test/%62#f", "http://o.test/./c" };
static const char *const credentials[WHO] = { "", "Authorization: Basic YQ==\n",
					      "Cookie: a=1\n", "Cookie: a=2\n" };

/* A request under way: what it was asked for, and when. */
struct flight {
	larder_plan *plan;
	unsigned url, who, value;
	unsigned started;
};

static unsigned invalidated[URLS][WHO]; /* the last round in which it was */

/* "url who value round": the body says for whom it was made; value 9: for all. */
static void make(char *body, size_t size, const struct flight *f, bool varies,
		 unsigned round)
{
	snprintf(body, size, "%u %u %u %u", f->url, f->who, varies ? f->value : 9, round);
}

/* Four numbers with one byte between each two. */
static bool read_numbers(const char *text, unsigned out[4])
{
	char *end;

	for (int i = 0; i < 4; i++) {
		out[i] = (unsigned)strtoul(text, &end, 10);
		if (end == text)
			return false;
		text = end + (*end != '\0');
	}
	return true;
}

static void check(const struct flight *f)
{
	char *body = drive_body(f->plan, NULL);
	unsigned made[4]; /* url, who, value, round */

	ck_assert(read_numbers(body, made));
	ck_assert_msg(made[0] == f->url, "%s for url %u", body, f->url);
	ck_assert_msg(made[1] == f->who, "%s for principal %u", body, f->who);
	ck_assert_msg(made[2] == 9 || made[2] == f->value, "%s for value %u", body,
		      f->value);
	/* Made by a request that began no earlier than the last invalidation. */
	if (f->started > invalidated[f->url][f->who])
		ck_assert_msg(made[3] >= invalidated[f->url][f->who],
			      "%s: invalidated in %u", body, invalidated[f->url][f->who]);
	free(body);
}

static void begin(larder_cache *cache, struct flight *f, unsigned round)
{
	static const uint32_t modes[] = { LARDER_MODE_DEFAULT, LARDER_MODE_DEFAULT,
					  LARDER_MODE_NO_CACHE, LARDER_MODE_RELOAD,
					  LARDER_MODE_FORCE_CACHE };
	char fields[256];

	f->url = pick(URLS);
	f->who = pick(WHO);
	f->value = pick(VALUES);
	f->started = round;
	snprintf(fields, sizeof(fields), "%sA: %u\n", credentials[f->who], f->value);
	f->plan = drive_lookup(cache,
			       &(struct drive_request){ .url = pick(2) ? urls[f->url]
								       : spelled[f->url],
							.fields = fields,
							.mode = modes[pick(5)] });
}

/* Answers 304 for the first tag that was asked about, if it still holds for this request. */
static bool confirm(struct flight *f, const char *condition)
{
	size_t len = strcspn(condition, ",");
	char fields[256];
	unsigned made[4];

	if (!read_numbers(condition + 1, made) || (made[2] != 9 && made[2] != f->value) ||
	    made[3] < invalidated[made[0]][made[1]])
		return false;
	snprintf(fields, sizeof(fields), "ETag: %.*s\nCache-Control: max-age=600\n",
		 (int)len, condition);
	drive_answer(f->plan, &(struct drive_response){ .status = 304, .fields = fields });
	return larder_plan_verdict(f->plan) != LARDER_FETCH;
}

static void answer(struct flight *f)
{
	static const char *const control[] = { "max-age=600", "max-age=600, private",
					       "no-cache", "max-age=0", "no-store" };
	const char *condition = drive_condition(f->plan, "If-None-Match");
	char fields[512], body[64], tag[64];
	bool varies = pick(3) != 0;

	/* The tag names the body, as an origin's would. */
	make(body, sizeof(body), f, varies, f->started);
	snprintf(tag, sizeof(tag), "\"%u-%u-%u-%u\"", f->url, f->who,
		 varies ? f->value : 9, f->started);
	if (condition && pick(2) && confirm(f, condition))
		return;
	snprintf(fields, sizeof(fields), "ETag: %s\nCache-Control: %s\n%s", tag,
		 control[pick(5)], varies ? "Vary: A\n" : "");
	drive_answer(f->plan,
		     &(struct drive_response){ .fields = fields,
					       .body = body,
					       .claimed_len = pick(8) ? 0 : 999 });
}

static void finish(struct flight *f)
{
	if (larder_plan_verdict(f->plan) == LARDER_FETCH)
		answer(f);
	if (larder_plan_verdict(f->plan) == LARDER_SERVE)
		check(f);
	larder_plan_free(f->plan);
	f->plan = NULL;
}

static void invalidate(larder_cache *cache, unsigned round)
{
	unsigned url = pick(URLS), who = pick(WHO);

	larder_plan_free(drive(cache,
			       &(struct drive_request){ .method = "PUT",
							.url = urls[url],
							.fields = credentials[who] },
			       &(struct drive_response){ .status = 204 }));
	invalidated[url][who] = round;
	invalidated[url][0] = round;
}

START_TEST(runs)
{
	struct flight flights[OPEN] = { { .plan = NULL } };
	larder_cache *cache = drive_open(NULL);
	size_t hits = 0;

	state = 0x9e3779b97f4a7c15u + (uint64_t)_i;
	memset(invalidated, 0, sizeof(invalidated));
	for (unsigned round = 1; round <= ROUNDS; round++) {
		struct flight *f = &flights[pick(OPEN)];

		if (f->plan)
			finish(f);
		begin(cache, f, round);
		hits += larder_plan_verdict(f->plan) == LARDER_SERVE;
		if (pick(40) == 0)
			invalidate(cache, round);
	}
	for (size_t i = 0; i < OPEN; i++)
		if (flights[i].plan)
			finish(&flights[i]);
	ck_assert_uint_gt(hits, 200);
	larder_cache_close(cache);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("cache/property");
	TCase *tcase = tcase_create("property");

	tcase_set_timeout(tcase, 30);
	tcase_add_loop_test(tcase, runs, 0, 4);
	suite_add_tcase(suite, tcase);
	return suite;
}
