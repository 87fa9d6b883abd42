/* SPDX-License-Identifier: MIT */
/* test_exits.c - every error has an exit code of its own kind, and every code fits a byte. */
#include "tools/exits.h"

#include <stdbool.h>

#include <larder/types.h>

#include "tests/support/check_main.h"

static const struct {
	const char *name;
	int code;
} errors[] = {
#define LARDER_ERROR(name, number, text, help) { #name, number },
#include <larder/errors.def>
};

/* Those that exits.def names, so that none falls to the default by being forgotten. */
static const int listed[] = {
#define LRD_EXIT_FOR(error, name) LARDER_##error,
#include "tools/exits.def"
};

/* Errors that only a connection can meet say which, each with a number of its own. */
static const int distinct[] = { LARDER_EURL,     LARDER_ERESOLVE,  LARDER_ECONNECT,
				LARDER_ECLOSED,  LARDER_ETIMEDOUT, LARDER_ETLS,
				LARDER_ECERT,    LARDER_EPROTO,    LARDER_ETRUNCATED,
				LARDER_ELIMIT,   LARDER_ESTORE,    LARDER_EFULL,
				LARDER_ECORRUPT, LARDER_ENOMEM,    LARDER_EBUSY };

START_TEST(every_error_has_a_code)
{
	int code = lrd_cli_exit_for(errors[_i].code);
	bool found = false;

	for (size_t i = 0; i < sizeof(listed) / sizeof(listed[0]); i++)
		found |= listed[i] == errors[_i].code;
	ck_assert_msg(found, "%s is not in exits.def", errors[_i].name);
	/* 128 and above mean death by a signal, 126 and 127 belong to the shell. */
	ck_assert_msg(code > 0 && code < 126, "%s gives %d", errors[_i].name, code);
}
END_TEST

START_TEST(kinds_are_told_apart)
{
	for (size_t i = 0; i < sizeof(distinct) / sizeof(distinct[0]); i++) {
		for (size_t j = 0; j < i; j++)
			ck_assert_int_ne(lrd_cli_exit_for(distinct[i]),
					 lrd_cli_exit_for(distinct[j]));
	}
}
END_TEST

START_TEST(unknown_numbers_are_failures)
{
	ck_assert_int_eq(lrd_cli_exit_for(0), LRD_EXIT_DONE);
	ck_assert_int_eq(lrd_cli_exit_for(-9999), LRD_EXIT_NETWORK);
	ck_assert_int_eq(lrd_cli_exit_for(1), LRD_EXIT_NETWORK);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("tools/exits");
	TCase *tcase = tcase_create("all");

	tcase_add_loop_test(tcase, every_error_has_a_code, 0,
			    sizeof(errors) / sizeof(errors[0]));
	tcase_add_test(tcase, kinds_are_told_apart);
	tcase_add_test(tcase, unknown_numbers_are_failures);
	suite_add_tcase(suite, tcase);
	return suite;
}
