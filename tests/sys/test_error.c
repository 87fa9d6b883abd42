/* SPDX-License-Identifier: MIT */
/* test_error.c - every code has a name and a text, and messages are cut, never overrun. */
#include "sys/error.h"

#include <errno.h>
#include <string.h>

#include "tests/support/check_main.h"

static const int codes[] = {
	LARDER_OK,
#define LARDER_ERROR(name, number, text, help) LARDER_##name,
#include "larder/errors.def"
};
enum { CODES = sizeof(codes) / sizeof(codes[0]) };

START_TEST(each_code_is_named_once)
{
	for (size_t i = 0; i < CODES; i++) {
		ck_assert_str_ne(larder_strerror(codes[i]), "unknown error");
		ck_assert_str_ne(larder_error_name(codes[i]), "UNKNOWN");
		for (size_t n = 0; n < i; n++) {
			ck_assert_int_ne(codes[i], codes[n]);
			ck_assert_str_ne(larder_strerror(codes[i]),
					 larder_strerror(codes[n]));
		}
	}
	ck_assert_str_eq(larder_strerror(-9999), "unknown error");
	ck_assert_str_eq(larder_strerror(1), "unknown error");
	ck_assert_str_eq(larder_error_name(LARDER_ETIMEDOUT), "ETIMEDOUT");
	ck_assert_str_eq(larder_error_name(12345), "UNKNOWN");
}
END_TEST

START_TEST(each_phase_is_named)
{
	for (uint32_t phase = LARDER_PHASE_NONE; phase <= LARDER_PHASE_BODY; phase++)
		ck_assert_str_ne(larder_phase_name(phase), "unknown");
	ck_assert_str_eq(larder_phase_name(LARDER_PHASE_CONNECT), "connect");
	ck_assert_str_eq(larder_phase_name(LARDER_PHASE_BODY + 1), "unknown");
	ck_assert_str_eq(larder_phase_name(UINT32_MAX), "unknown");
}
END_TEST

START_TEST(set_fills_all_and_cuts)
{
	struct {
		larder_error err;
		char behind[8];
	} room;
	char long_text[2000];

	memset(&room, 'x', sizeof(room));
	memset(long_text, 'y', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	ck_assert_int_eq(lrd_error_set(&room.err, LARDER_ECONNECT, LARDER_PHASE_CONNECT,
				       ECONNREFUSED, long_text, "to %s", long_text),
			 LARDER_ECONNECT);
	ck_assert_int_eq(room.err.code, LARDER_ECONNECT);
	ck_assert_int_eq(room.err.os_errno, ECONNREFUSED);
	ck_assert_uint_eq(room.err.phase, LARDER_PHASE_CONNECT);
	ck_assert_uint_eq(strlen(room.err.host), sizeof(room.err.host) - 1);
	ck_assert_uint_eq(strlen(room.err.message), sizeof(room.err.message) - 1);
	ck_assert_mem_eq(room.behind, "xxxxxxxx", 8);
	ck_assert_int_eq(lrd_error_set(NULL, LARDER_EIO, 0, 0, NULL, "nobody asked"),
			 LARDER_EIO);
	lrd_error_clear(&room.err);
	ck_assert_int_eq(room.err.code, 0);
	ck_assert_str_eq(room.err.message, "");
	lrd_error_clear(NULL);
}
END_TEST

START_TEST(errno_has_one_translation)
{
	char text[64];

	ck_assert_int_eq(lrd_error_from_errno(ENOSPC), LARDER_EFULL);
	ck_assert_int_eq(lrd_error_from_errno(EDQUOT), LARDER_EFULL);
	ck_assert_int_eq(lrd_error_from_errno(ENOMEM), LARDER_ENOMEM);
	ck_assert_int_eq(lrd_error_from_errno(ENOENT), LARDER_ENOTFOUND);
	ck_assert_int_eq(lrd_error_from_errno(EACCES), LARDER_EIO);
	ck_assert_str_eq(lrd_error_os_text(ENOENT, text, sizeof(text)),
			 "No such file or directory");
	ck_assert_ptr_eq(lrd_error_os_text(99999, text, 8), text);
	ck_assert_uint_le(strlen(text), 7);
}
END_TEST

START_TEST(version_is_three_numbers)
{
	int dots = 0;

	for (const char *at = larder_version(); *at; at++)
		dots += *at == '.';
	ck_assert_int_eq(dots, 2);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("error");
	TCase *tc = tcase_create("error");

	suite_add_tcase(suite, tc);
	tcase_add_test(tc, each_code_is_named_once);
	tcase_add_test(tc, each_phase_is_named);
	tcase_add_test(tc, set_fills_all_and_cuts);
	tcase_add_test(tc, errno_has_one_translation);
	tcase_add_test(tc, version_is_three_numbers);
	return suite;
}
