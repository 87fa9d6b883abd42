/* SPDX-License-Identifier: MIT */
/* test_parts.c - parts of a response: wanted, stored and joined (RFC 9110 s14, RFC 9111 s3.4). */
#include "policy/parts.h"

#include "check_main.h"
#include <stdlib.h>

#include "text.h"

/* "0-4 10-14" of 20. */
static void read_parts(const char *text, struct lrd_parts *parts)
{
	unsigned long first, last;
	char *end;

	*parts = (struct lrd_parts){ .size = 20 };
	while (*text != '\0') {
		first = strtoul(text, &end, 10);
		last = strtoul(end + 1, &end, 10);
		parts->at[parts->count++] = (struct lrd_range){ first, last };
		text = *end == ' ' ? end + 1 : end;
	}
}

static const struct {
	const char *before;
	uint64_t first, last;
	const char *after;
} joins[] = {
	{ "", 3, 5, "3-5" },
	{ "0-4", 10, 14, "0-4 10-14" },
	{ "10-14", 0, 4, "0-4 10-14" },
	{ "0-4", 5, 9, "0-9" },      /* they touch */
	{ "0-4", 6, 9, "0-4 6-9" },  /* they do not */
	{ "5-9", 0, 4, "0-9" },
	{ "0-4 10-14", 5, 9, "0-14" },
	{ "0-4 10-14", 3, 11, "0-14" },
	{ "0-4 10-14", 0, 19, "0-19" },
	{ "0-19", 3, 4, "0-19" },
	{ "0-1 4-5 8-9", 3, 8, "0-1 3-9" },
	{ "4-5 8-9", 0, 0, "0-0 4-5 8-9" },
};

START_TEST(join)
{
	struct lrd_parts parts, after;
	uint64_t bytes = 0, offset;

	read_parts(joins[_i].before, &parts);
	read_parts(joins[_i].after, &after);
	ck_assert_int_eq(lrd_parts_add(&parts, (struct lrd_range){ joins[_i].first,
								   joins[_i].last }),
			 0);
	ck_assert_uint_eq(parts.count, after.count);
	for (size_t i = 0; i < parts.count; i++) {
		ck_assert_uint_eq(parts.at[i].first, after.at[i].first);
		ck_assert_uint_eq(parts.at[i].last, after.at[i].last);
		ck_assert(lrd_parts_find(&parts, parts.at[i], &offset));
		ck_assert_uint_eq(offset, bytes);
		bytes += parts.at[i].last - parts.at[i].first + 1;
	}
	ck_assert(lrd_parts_valid(&parts));
	ck_assert_uint_eq(lrd_parts_bytes(&parts), bytes);
	ck_assert_int_eq(lrd_parts_whole(&parts), bytes == 20);
}
END_TEST

START_TEST(bounds)
{
	struct lrd_parts parts = { .size = 1000 }, invalid;
	uint64_t offset;

	for (uint64_t i = 0; i < LRD_PARTS_MAX; i++)
		ck_assert_int_eq(lrd_parts_add(&parts, (struct lrd_range){ i * 10, i * 10 }),
				 0);
	ck_assert_int_eq(lrd_parts_add(&parts, (struct lrd_range){ 990, 999 }),
			 LARDER_ELIMIT);
	ck_assert_uint_eq(parts.count, LRD_PARTS_MAX);
	ck_assert_int_eq(lrd_parts_add(&parts, (struct lrd_range){ 5, 900 }), 0);
	ck_assert_uint_eq(parts.count, 2);
	ck_assert(!lrd_parts_find(&parts, (struct lrd_range){ 0, 5 }, &offset));
	ck_assert(lrd_parts_find(&parts, (struct lrd_range){ 6, 7 }, &offset));
	ck_assert_uint_eq(offset, 2);
	read_parts("0-4 5-9", &invalid);
	ck_assert(!lrd_parts_valid(&invalid));
	read_parts("0-20", &invalid);
	ck_assert(!lrd_parts_valid(&invalid));
	read_parts("10-14 0-4", &invalid);
	ck_assert(!lrd_parts_valid(&invalid));
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("policy/parts");
	TCase *tcase = tcase_create("parts");

	tcase_add_loop_test(tcase, join, 0, sizeof(joins) / sizeof(joins[0]));
	tcase_add_test(tcase, bounds);
	suite_add_tcase(suite, tcase);
	return suite;
}
