/* SPDX-License-Identifier: MIT */
/*
 * test_property.c - random requests, answers and invalidations: what is served was made for
 * this URL, this principal and these selecting fields, and after the last invalidation; and
 * parts, whichever way they come and break off, never pass for anything but what they are.
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

/* ---- parts ------------------------------------------------------------------------------- */

enum { WHOLE = 3000, VERSIONS = 3, PART_ROUNDS = 1200 };

/* Version v of the page is v's letters, at each place another: a wrong byte shows. */
static char byte_of(unsigned version, unsigned place)
{
	return (char)('A' + (version * 7 + place * 31 + place / 26) % 26);
}

static void make_part(char *out, unsigned version, unsigned first, unsigned last)
{
	for (unsigned i = first; i <= last; i++)
		out[i - first] = byte_of(version, i);
	out[last - first + 1] = '\0';
}

/* Every served byte belongs to the version that the served tag names, and to its place. */
static void check_bytes(larder_plan *plan, unsigned first, unsigned length)
{
	const char *tag = drive_field(plan, "ETag");
	size_t len;
	char *body;

	ck_assert_ptr_nonnull(tag);
	body = drive_body(plan, &len);
	ck_assert_uint_eq(len, length);
	for (unsigned i = 0; i < length; i++)
		ck_assert_msg(body[i] == byte_of((unsigned)(tag[1] - '0'), first + i),
			      "byte %u of %s", first + i, tag);
	free(body);
}

static void answer_part(larder_plan *plan, unsigned version, unsigned first, unsigned last,
			uint32_t status)
{
	char fields[256], body[WHOLE + 1];
	unsigned cut = last;

	/* One in three breaks off on its way. */
	if (pick(3) == 0 && last > first)
		cut = first + pick(last - first);
	make_part(body, version, first, cut);
	snprintf(fields, sizeof(fields),
		 "ETag: \"%u\"\nCache-Control: max-age=%u\n", version, pick(2) ? 600 : 0);
	if (status == 206)
		snprintf(fields + strlen(fields), sizeof(fields) - strlen(fields),
			 "Content-Range: bytes %u-%u/%d\n", first, last, WHOLE);
	drive_answer(plan, &(struct drive_response){ .status = status,
						     .fields = fields,
						     .body = body,
						     .claimed_len = (int64_t)(last - first) + 1,
						     .cut = cut < last });
}

/* The origin: what it has now, and If-Range, If-None-Match and Range obeyed. */
static void be_origin(larder_plan *plan, unsigned version, bool ranged, unsigned first,
		      unsigned last)
{
	const char *rest = drive_condition(plan, "Range");
	const char *tag = drive_condition(plan, "If-Range");
	const char *known = drive_condition(plan, "If-None-Match");
	char fields[128];

	if (known && strchr(known, (char)('0' + version))) {
		snprintf(fields, sizeof(fields),
			 "ETag: \"%u\"\nCache-Control: max-age=600\n", version);
		drive_answer(plan, &(struct drive_response){ .status = 304,
							     .fields = fields });
	} else if (rest) {
		/* value_of() has one buffer: the tag was read last. */
		rest = drive_condition(plan, "Range");
		first = (unsigned)strtoul(rest + 6, NULL, 10);
		tag = drive_condition(plan, "If-Range");
		if (tag[1] == (char)('0' + version))
			answer_part(plan, version, first, WHOLE - 1, 206);
		else
			answer_part(plan, version, 0, WHOLE - 1, 200);
	} else if (ranged && pick(8)) {
		answer_part(plan, version, first, last, 206);
	} else {
		answer_part(plan, version, 0, WHOLE - 1, 200);
	}
}

/*
 * Random ranges, whole requests, broken transfers and changes of the page: never a byte of
 * another version or place, never a part for the whole, never a 200 that is short.
 */
START_TEST(parts)
{
	larder_cache *cache = drive_open(NULL);
	size_t cuts = 0, wholes = 0, resumed = 0;
	unsigned version = 0;

	state = 0x2545f4914f6cdd1du + (uint64_t)_i;
	for (unsigned round = 0; round < PART_ROUNDS; round++) {
		bool ranged = pick(3) != 0;
		unsigned first = pick(WHOLE), last = first + pick(WHOLE - first);
		struct drive_request request = { .can_resume = pick(4) != 0 };
		char fields[64] = "";
		larder_plan *plan;

		if (pick(200) == 0)
			version = (version + 1) % VERSIONS;
		if (ranged)
			snprintf(fields, sizeof(fields), "Range: bytes=%u-%u\n", first, last);
		request.fields = fields;
		plan = drive_lookup(cache, &request);
		for (int i = 0; i < 2 && larder_plan_verdict(plan) == LARDER_FETCH; i++)
			be_origin(plan, version, ranged, first, last);
		if (larder_plan_verdict(plan) == LARDER_SERVE && ranged) {
			ck_assert_uint_eq(larder_plan_status(plan), 206);
			check_bytes(plan, first, last - first + 1);
			cuts++;
		} else if (larder_plan_verdict(plan) == LARDER_SERVE) {
			ck_assert_uint_eq(larder_plan_status(plan), 200);
			check_bytes(plan, 0, WHOLE);
			wholes++;
		} else if (larder_plan_verdict(plan) == LARDER_RESUME) {
			ck_assert_uint_eq(larder_plan_status(plan), 200);
			check_bytes(plan, 0, (unsigned)larder_plan_body_length(plan));
			resumed++;
		}
		larder_plan_free(plan);
		if (pick(25) == 0)
			ck_assert_int_ge(
				larder_cache_purge(
					cache,
					(larder_slice){ "http://origin.test/page", 23 }, ""),
				0);
	}
	ck_assert_uint_gt(cuts, 100);
	ck_assert_uint_gt(wholes, 10);
	ck_assert_uint_gt(resumed, 5);
	larder_cache_close(cache);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("cache/property");
	TCase *tcase = tcase_create("property");

	tcase_set_timeout(tcase, 30);
	tcase_add_loop_test(tcase, runs, 0, 4);
	tcase_add_loop_test(tcase, parts, 0, 4);
	suite_add_tcase(suite, tcase);
	return suite;
}
