/* SPDX-License-Identifier: MIT */
/* store_support.c - what tests of the store share: opening, putting, getting, children. */
#include "tests/store/store_support.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct lrd_store *test_open(const char *dir, uint64_t budget_mib)
{
	struct lrd_store_options options = { .budget_bytes = budget_mib << 20,
					     .gate_timeout_ms = 2000 };
	struct lrd_store *store = NULL;
	larder_error err = { 0 };
	int rc = lrd_store_open(dir, &options, &store, &err);

	ck_assert_msg(rc == 0, "open %s: %d %s", dir, rc, err.message);
	return store;
}

struct lrd_key test_key(struct lrd_store *store, const char *name)
{
	struct lrd_key key;
	larder_slice none = { "", 0 };

	ck_assert_int_eq(
		lrd_key_init(store, none, (larder_slice){ name, strlen(name) }, &key), 0);
	return key;
}

void test_pattern(unsigned char *dst, uint64_t seed, uint64_t offset, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		uint64_t at = offset + i;

		dst[i] = (unsigned char)((at * 31 + (at >> 8) * 7 + seed * 131 +
					  (seed >> 8)) &
					 255);
	}
}

struct lrd_put test_put(struct lrd_store *store, const char *name)
{
	struct lrd_put put = { .key = test_key(store, name),
			       .kind = TEST_KIND,
			       .stored_at = 1000 };

	return put;
}

int test_store_body(struct lrd_store *store, const char *name, uint64_t seed, size_t len)
{
	struct lrd_put put = test_put(store, name);
	unsigned char *body = malloc(len ? len : 1);
	struct lrd_write *write = NULL;
	int rc;

	test_pattern(body, seed, 0, len);
	rc = lrd_write_begin(store, &write);
	if (rc == 0) {
		rc = lrd_write_put(write, &put, (larder_slice){ (char *)body, len }, NULL);
		if (rc == 0)
			rc = lrd_write_commit(write);
		else
			lrd_write_abort(write);
	}
	free(body);
	return rc;
}

int test_fill_body(struct lrd_store *store, const char *name, uint64_t seed, size_t len,
		   size_t piece)
{
	struct lrd_put put = test_put(store, name);
	unsigned char *body = malloc(piece);
	struct lrd_fill *fill = NULL;
	int rc = lrd_fill_begin(store, UINT64_MAX, &fill);

	for (size_t at = 0; rc == 0 && at < len; at += piece) {
		size_t part = len - at < piece ? len - at : piece;

		test_pattern(body, seed, at, part);
		rc = lrd_fill_append(fill, body, part);
	}
	free(body);
	if (rc < 0) {
		lrd_fill_abort(fill);
		return rc;
	}
	return lrd_fill_commit(fill, &put, NULL);
}

long test_read_body(struct lrd_store *store, const char *name, unsigned char **body)
{
	struct lrd_key key = test_key(store, name);
	struct lrd_record record;
	struct lrd_read read;
	unsigned char *got = NULL;
	long result = lrd_read_begin(store, &read);

	*body = NULL;
	if (result < 0)
		return result;
	result = lrd_read_get(&read, &key, 0, &record);
	if (result == 0) {
		got = malloc((size_t)record.body_len + 1);
		result = lrd_read_body(&read, &record, 0, got, (size_t)record.body_len);
		if (result == 0)
			result = (long)record.body_len;
	}
	lrd_read_end(&read);
	*body = got;
	return result;
}

bool test_matches(const unsigned char *body, uint64_t seed, size_t len)
{
	unsigned char *wanted = malloc(len + 1);
	bool same;

	test_pattern(wanted, seed, 0, len);
	same = memcmp(body, wanted, len) == 0;
	free(wanted);
	return same;
}

long test_verify_body(struct lrd_store *store, const char *name, uint64_t seed)
{
	unsigned char *body;
	long len = test_read_body(store, name, &body);

	if (len >= 0 && !test_matches(body, seed, (size_t)len))
		len = TEST_WRONG;
	free(body);
	return len;
}

static void print_finding(const char *line, void *ctx)
{
	(void)ctx;
	(void)printf("check: %s\n", line);
}

int test_findings(struct lrd_store *store)
{
	struct lrd_check found;
	int rc = lrd_store_check(store, &found, print_finding, NULL);

	if (rc < 0)
		return rc;
	return (int)(found.bad_records + found.bad_rows + found.missing_rows +
		     found.orphan_rows + found.bad_links);
}

pid_t test_fork(void (*fn)(void *ctx), void *ctx)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		fn(ctx);
		_exit(0);
	}
	return pid;
}

int test_wait(pid_t pid)
{
	int status = 0;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}
