/* SPDX-License-Identifier: MIT */
/* test_buf.c - growing up to the maximum, never past it, and surviving every failed malloc. */
#include "proto/bytes/buf.h"

#include <stdlib.h>
#include <string.h>

#include "proto/bytes/slice.h"
#include "tests/support/check_main.h"
#include "tests/support/failing_alloc.h"

#define ck_buf(buf, text)                                    \
	do {                                                 \
		ck_assert_str_eq((buf)->ptr, text);          \
		ck_assert_uint_eq((buf)->len, strlen(text)); \
	} while (0)

START_TEST(empty_is_readable)
{
	struct lrd_buf buf;

	lrd_buf_init(&buf, 10, NULL);
	ck_buf(&buf, "");
	ck_assert_uint_eq(lrd_buf_room(&buf), 0);
	ck_assert_int_eq(lrd_buf_append(&buf, NULL, 0), 0);
	lrd_buf_clear(&buf);
	lrd_buf_truncate(&buf, 0);
	lrd_buf_consume(&buf, 5);
	lrd_buf_commit(&buf, 5);
	ck_buf(&buf, "");
	lrd_buf_release(&buf);
	lrd_buf_release(NULL);
}
END_TEST

START_TEST(the_maximum_is_exact)
{
	struct lrd_buf buf;

	lrd_buf_init(&buf, 5, NULL);
	ck_assert_int_eq(lrd_buf_append_cstr(&buf, "12345"), 0);
	ck_assert_int_eq(lrd_buf_append_char(&buf, '6'), LARDER_ELIMIT);
	ck_assert_int_eq(lrd_buf_reserve(&buf, 1), LARDER_ELIMIT);
	ck_assert_int_eq(lrd_buf_reserve(&buf, SIZE_MAX), LARDER_ELIMIT);
	ck_assert_int_eq(lrd_buf_appendf(&buf, "%d", 6), LARDER_ELIMIT);
	ck_buf(&buf, "12345");
	lrd_buf_consume(&buf, 2);
	ck_buf(&buf, "345");
	ck_assert_int_eq(lrd_buf_appendf(&buf, "%c%c", '6', '7'), 0);
	ck_buf(&buf, "34567");
	lrd_buf_release(&buf);

	lrd_buf_init(&buf, 0, NULL);
	ck_assert_int_eq(lrd_buf_append_char(&buf, 'a'), LARDER_ELIMIT);
	ck_assert_int_eq(lrd_buf_appendf(&buf, "%s", ""), 0);
	lrd_buf_release(&buf);
}
END_TEST

START_TEST(appending_in_many_ways)
{
	struct lrd_buf buf;

	lrd_buf_init(&buf, 1000, NULL);
	ck_assert_int_eq(lrd_buf_append_slice(&buf, LRD_SLICE("a")), 0);
	ck_assert_int_eq(lrd_buf_append_u64(&buf, UINT64_MAX), 0);
	ck_assert_int_eq(lrd_buf_append_char(&buf, ' '), 0);
	ck_assert_int_eq(lrd_buf_append_i64(&buf, INT64_MIN), 0);
	ck_assert_int_eq(lrd_buf_appendf(&buf, "[%0100d]", 7), 0);
	ck_assert_uint_eq(buf.len, 1 + 20 + 1 + 20 + 102);
	ck_assert(strncmp(buf.ptr, "a18446744073709551615 -9223372036854775808[000",
			  46) == 0);
	lrd_buf_truncate(&buf, 3);
	ck_buf(&buf, "a18");
	lrd_buf_truncate(&buf, 4);
	ck_buf(&buf, "a18");
	lrd_buf_release(&buf);
}
END_TEST

START_TEST(bytes_of_its_own_may_be_appended)
{
	struct lrd_buf buf;

	lrd_buf_init(&buf, 1 << 20, NULL);
	ck_assert_int_eq(lrd_buf_append_cstr(&buf, "abc"), 0);
	for (int i = 0; i < 12; i++)
		ck_assert_int_eq(lrd_buf_append_slice(&buf, lrd_buf_slice(&buf)), 0);
	ck_assert_uint_eq(buf.len, 3 << 12);
	for (size_t i = 0; i < buf.len; i++)
		ck_assert_int_eq(buf.ptr[i], "abc"[i % 3]);
	lrd_buf_release(&buf);
}
END_TEST

START_TEST(fixed_storage_is_never_passed)
{
	char storage[9] = "12345678";
	struct lrd_buf buf;
	size_t len;
	char *taken;

	lrd_buf_init_fixed(&buf, storage, 4);
	ck_buf(&buf, "");
	ck_assert_int_eq(lrd_buf_append_cstr(&buf, "abcd"), LARDER_ELIMIT);
	ck_assert_int_eq(lrd_buf_append_cstr(&buf, "abc"), 0);
	ck_buf(&buf, "abc");
	ck_assert_str_eq(storage + 4, "5678");
	ck_assert_int_eq(lrd_buf_take(&buf, &taken, &len), 0);
	ck_assert_str_eq(taken, "abc");
	ck_assert_uint_eq(len, 3);
	free(taken);
	ck_buf(&buf, "");
	lrd_buf_release(&buf);
	ck_assert_int_eq(lrd_buf_append_cstr(&buf, "xyz"), 0);
}
END_TEST

START_TEST(taking_moves)
{
	struct lrd_buf buf;
	const char *before;
	char *taken;

	lrd_buf_init(&buf, 100, NULL);
	ck_assert_int_eq(lrd_buf_take(&buf, &taken, NULL), 0);
	ck_assert_str_eq(taken, "");
	free(taken);
	ck_assert_int_eq(lrd_buf_append_cstr(&buf, "text"), 0);
	before = buf.ptr;
	ck_assert_int_eq(lrd_buf_take(&buf, &taken, NULL), 0);
	ck_assert_ptr_eq(taken, before);
	ck_buf(&buf, "");
	free(taken);
	lrd_buf_release(&buf);
}
END_TEST

static int build(const larder_allocator *allocator, struct lrd_buf *buf)
{
	int rc = 0;

	lrd_buf_init(buf, 1 << 16, allocator);
	for (int i = 0; i < 500 && rc == 0; i++)
		rc = lrd_buf_appendf(buf, "line %d\n", i);
	return rc;
}

START_TEST(every_failed_allocation_leaves_a_whole_buffer)
{
	struct lrd_failing_alloc fa;
	larder_allocator allocator = { lrd_failing_malloc, lrd_failing_realloc,
				       lrd_failing_free, &fa };
	struct lrd_buf buf;
	size_t calls;

	lrd_failing_alloc_init(&fa, 0);
	ck_assert_int_eq(build(&allocator, &buf), 0);
	lrd_buf_release(&buf);
	calls = fa.calls;
	ck_assert_uint_gt(calls, 3);
	for (size_t i = 1; i <= calls; i++) {
		lrd_failing_alloc_init(&fa, i);
		ck_assert_int_eq(build(&allocator, &buf), LARDER_ENOMEM);
		ck_assert_uint_eq(strlen(buf.ptr), buf.len);
		ck_assert(buf.len == 0 || buf.ptr[buf.len - 1] == '\n');
		lrd_buf_release(&buf);
		ck_assert_int_eq(fa.live, 0);
	}
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("buf");
	TCase *tc = tcase_create("buf");

	tcase_add_test(tc, empty_is_readable);
	tcase_add_test(tc, the_maximum_is_exact);
	tcase_add_test(tc, appending_in_many_ways);
	tcase_add_test(tc, bytes_of_its_own_may_be_appended);
	tcase_add_test(tc, fixed_storage_is_never_passed);
	tcase_add_test(tc, taking_moves);
	tcase_add_test(tc, every_failed_allocation_leaves_a_whole_buffer);
	suite_add_tcase(suite, tc);
	return suite;
}
