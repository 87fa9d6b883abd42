/* SPDX-License-Identifier: MIT */
/* test_retry.c - a request goes out again only where that cures and harms nobody. */
#include "policy/retry.h"

#include <larder/types.h>

#include "check_main.h"

enum { IDEMPOTENT = 1, SENT = 2, ANSWERED = 4, HELD = 8, REUSED = 16, LINKED = 32 };
enum { USUAL = IDEMPOTENT | SENT | HELD | LINKED };

static const struct {
	int code;
	unsigned facts;
	uint32_t done, max;
	bool again;
} rows[] = {
	{ LARDER_ECLOSED, USUAL, 0, 2, true },
	{ LARDER_ECLOSED, USUAL, 1, 2, true },
	{ LARDER_ECLOSED, USUAL, 2, 2, false },
	{ LARDER_ECLOSED, USUAL, 0, 0, false },
	{ LARDER_ETRUNCATED, USUAL, 0, 2, true },
	{ LARDER_ECLOSED, USUAL | ANSWERED, 0, 2, false },
	{ LARDER_ECLOSED, USUAL & ~(unsigned)HELD, 0, 2, false },
	{ LARDER_ECLOSED, USUAL & ~(unsigned)IDEMPOTENT, 0, 2, false },
	{ LARDER_ECLOSED, HELD | LINKED, 0, 2, true }, /* a POST that did not leave */
	{ LARDER_ECLOSED, HELD | LINKED | REUSED | SENT, 0, 2, false },
	{ LARDER_ETLS, USUAL | REUSED, 0, 2, true },
	{ LARDER_ETLS, USUAL, 0, 2, false },
	{ LARDER_ECONNECT, USUAL & ~(unsigned)LINKED, 0, 2, false },
	{ LARDER_ECLOSED, USUAL & ~(unsigned)LINKED, 0, 2, false },
	{ LARDER_ETIMEDOUT, USUAL, 0, 2, false },
	{ LARDER_EPROTO, USUAL, 0, 2, false },
	{ LARDER_ELIMIT, USUAL, 0, 2, false },
	{ LARDER_ECERT, USUAL, 0, 2, false },
	{ LARDER_ECANCELED, USUAL, 0, 2, false },
};

START_TEST(test_retry)
{
	struct lrd_failure failure = {
		.code = rows[_i].code,
		.connected = rows[_i].facts & LINKED,
		.reused = rows[_i].facts & REUSED,
		.idempotent = rows[_i].facts & IDEMPOTENT,
		.sent = rows[_i].facts & SENT,
		.answered = rows[_i].facts & ANSWERED,
		.repeatable = rows[_i].facts & HELD,
		.done = rows[_i].done,
		.max = rows[_i].max,
	};

	ck_assert_msg(lrd_retry(&failure) == rows[_i].again, "row %d", _i);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("policy/retry");
	TCase *tcase = tcase_create("retry");

	tcase_add_loop_test(tcase, test_retry, 0, (int)(sizeof(rows) / sizeof(rows[0])));
	suite_add_tcase(suite, tcase);
	return suite;
}
