/* SPDX-License-Identifier: MIT */
/* test_large.c - a body of a GiB passes through and into the store with flat memory. */
#include <larder/larder.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "tests/session/fixture.h"
#include "tests/support/check_main.h"
#include "tests/support/tmpdir.h"

static const uint64_t full_bytes = (uint64_t)1024 * 1024 * 1024;

enum {
	PIECE = 1024 * 1024,
	SPAN = 26 * 251,       /* the origin's pattern repeats */
	MEMORY_KIB = 48 * 1024 /* what a pass may add */
};

static void serve(struct lrd_origin_conn *conn, const struct lrd_origin_request *request,
		  void *ctx)
{
	const uint64_t *size = ctx;

	(void)request;
	lrd_origin_sendf(conn,
			 "HTTP/1.1 200 OK\r\nCache-Control: max-age=6000\r\n"
			 "Content-Length: %llu\r\n\r\n",
			 (unsigned long long)*size);
	lrd_origin_send_fill(conn, *size);
}

/* Memory of this process that no file is behind: the store's pages are the kernel's to drop. */
static long anonymous_kib(void)
{
	FILE *status = fopen("/proc/self/status", "r");
	char line[128];
	long kib = -1;

	ck_assert_ptr_nonnull(status);
	while (fgets(line, sizeof(line), status)) {
		if (strncmp(line, "RssAnon:", 8) == 0)
			kib = strtol(line + 8, NULL, 10);
	}
	fclose(status);
	ck_assert_int_ge(kib, 0);
	return kib;
}

/* Pulls the whole body, compares each byte; the most memory it took meanwhile. */
static long pull(larder_response *response, uint64_t size, const char *pattern)
{
	char *buf = malloc(PIECE);
	uint64_t got = 0;
	long most = 0;
	ptrdiff_t n;

	ck_assert_ptr_nonnull(buf);
	while ((n = larder_response_read(response, buf, PIECE)) > 0) {
		ck_assert(memcmp(buf, pattern + got % SPAN, (size_t)n) == 0);
		if (got / (64 * PIECE) != (got + (uint64_t)n) / (64 * PIECE)) {
			long now = anonymous_kib();

			most = now > most ? now : most;
		}
		got += (uint64_t)n;
	}
	ck_assert_msg(n == 0, "%s", larder_response_error(response)->message);
	ck_assert_uint_eq(got, size);
	free(buf);
	return most;
}

START_TEST(test_flat_memory)
{
	const char *store = lrd_tmpdir_new();
	larder_options options = LARDER_OPTIONS_INIT;
	struct statvfs disk;
	struct lrd_origin *origin;
	larder_session *session;
	uint64_t size = full_bytes;
	char *pattern = malloc(SPAN + PIECE);
	char url[FIXTURE_URL_MAX];
	long before;

	ck_assert_ptr_nonnull(pattern);
	for (size_t i = 0; i < SPAN + PIECE; i++)
		pattern[i] = lrd_origin_pattern(i);
	ck_assert_int_eq(statvfs(store, &disk), 0);
	/* Where the disk is small a smaller body still tells flat from not. */
	while (size > 128 * 1024 * 1024 &&
	       size * 4 > (uint64_t)disk.f_bavail * disk.f_frsize)
		size /= 2;
	options.budget_bytes = size * 3;
	origin = lrd_origin_new(
		&(struct lrd_origin_options){ .handler = serve, .ctx = &size });
	session = fixture_open_with(&options, store);
	fixture_url(url, origin, "/large");
	before = anonymous_kib();
	for (int pass = 0; pass < 2; pass++) {
		larder_response *response = NULL;
		long most;

		ck_assert_int_eq(larder_get(session, url, &response), 0);
		ck_assert_int_eq(larder_response_length(response), (int64_t)size);
		most = pull(response, size, pattern);
		ck_assert_msg(larder_response_served(response)->how ==
				      (pass ? LARDER_HOW_FRESH : LARDER_HOW_MISS),
			      "pass %d: %s, store: %s", pass,
			      larder_how_name(larder_response_served(response)->how),
			      larder_why_name(larder_response_served(response)->store_why));
		ck_assert_msg(most - before < MEMORY_KIB, "pass %d: %ld KiB, before %ld",
			      pass, most, before);
		larder_response_free(response);
	}
	ck_assert_uint_eq(lrd_origin_requests(origin), 1);
	larder_session_close(session);
	lrd_origin_free(origin);
	free(pattern);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("session/large");
	TCase *tcase = tcase_create("all");

	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, test_flat_memory);
	suite_add_tcase(suite, tcase);
	return suite;
}
