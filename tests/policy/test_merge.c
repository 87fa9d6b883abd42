/* SPDX-License-Identifier: MIT */
/* test_merge.c - which fields are stored (RFC 9111 s3.1), and what a 304 changes (s3.2). */
#include "policy/merge.h"

#include "check_main.h"
#include "text.h"

enum { NOW = 784111777 };

/* "Name: value\n" for each field. */
static const char *print(const struct lrd_fields *fields)
{
	static char text[8192];
	struct lrd_field_view view = lrd_fields_view(fields);
	size_t at = 0;

	text[0] = '\0';
	for (size_t i = 0; i < view.count; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%.*s: %.*s\n",
				       LRD_SLICE_ARG(view.at[i].name),
				       LRD_SLICE_ARG(view.at[i].value));
	return text;
}

#define DATE "Date: Sun, 06 Nov 1994 08:49:37 GMT\n"

static const struct {
	const char *name;
	const char *received;
	bool strip;
	const char *stored;
} storing[] = {
	{ "s3.1: every field, unknown ones too, in order",
	  DATE "X-Unknown: 1\nContent-Type: a/b\nX-Unknown: 2\n", false,
	  DATE "X-Unknown: 1\nContent-Type: a/b\nX-Unknown: 2\n" },
	{ "s3.1: hop by hop",
	  DATE
	  "Connection: close\nKeep-Alive: 1\nProxy-Connection: x\nTE: x\nTrailer: x\n"
	  "Transfer-Encoding: chunked\nUpgrade: h2c\nX: 1\n",
	  false, DATE "X: 1\n" },
	{ "s3.1: proxy fields",
	  DATE "Proxy-Authenticate: Basic\nProxy-Authentication-Info: x\n"
	       "Proxy-Authorization: x\nX: 1\n",
	  false, DATE "X: 1\n" },
	{ "s3.1: named by Connection",
	  DATE "Connection: a, B\nConnection: c\nA: 1\nb: 2\nC: 3\nD: 4\n", false,
	  DATE "D: 4\n" },
	{ "9110 s7.6.1: Connection cannot take Cache-Control away",
	  DATE
	  "Connection: cache-control, vary, x\nCache-Control: no-cache\nVary: A\nX: 1\n",
	  false, DATE "Cache-Control: no-cache\nVary: A\n" },
	{ "s5.1: Age is worked out anew", DATE "Age: 5\nX: 1\n", false, DATE "X: 1\n" },
	{ "9110 s6.6.1: a missing Date is supplied", "X: 1\n", false, "X: 1\n" DATE },
	{ "9110 s6.6.1: a malformed one stays", "Date: x\n", false, "Date: x\n" },
	{ "s5.2.2.7: private fields, shared cache",
	  DATE
	  "Cache-Control: private=\"set-cookie, X-Me\"\nSet-Cookie: a\nx-me: 1\nY: 1\n",
	  true, DATE "Cache-Control: private=\"set-cookie, X-Me\"\nY: 1\n" },
	{ "s5.2.2.7: private fields, private cache",
	  DATE "Cache-Control: private=\"X-Me\"\nX-Me: 1\n", false,
	  DATE "Cache-Control: private=\"X-Me\"\nX-Me: 1\n" },
};

START_TEST(stored)
{
	struct lrd_response_facts response;
	struct text_fields text;
	struct lrd_fields out;

	lrd_response_facts_read(200, text_view(storing[_i].received, &text), NOW, NOW,
				&response);
	lrd_fields_init(&out, 65536, 100, NULL);
	ck_assert_int_eq(lrd_merge_stored(&response, storing[_i].strip, &out), 0);
	ck_assert_msg(strcmp(print(&out), storing[_i].stored) == 0, "%s:\n%s",
		      storing[_i].name, print(&out));
	lrd_fields_release(&out);
}
END_TEST

#define LATER "Date: Sun, 06 Nov 1994 09:49:37 GMT\n"

static const struct {
	const char *name;
	const char *stored, *update, *merged;
} updating[] = {
	{ "s3.2: replaced in their place, others kept, new ones last",
	  DATE "A: 1\nB: 1\nA: 2\nC: 1\n", LATER "a: 3\nD: 1\n",
	  LATER "A: 3\nB: 1\nC: 1\nD: 1\n" },
	{ "s3.2: several for one", DATE "A: 1\n", LATER "A: 2\nA: 3\n",
	  LATER "A: 2\nA: 3\n" },
	{ "s3.2: never what describes the stored bytes",
	  DATE "Content-Length: 4\nContent-Encoding: gzip\nContent-Range: "
	       "x\nContent-Type: a/b\n",
	  LATER "Content-Length: 0\nContent-Encoding: br\nContent-Range: "
		"y\nContent-Type: c/d\n",
	  LATER "Content-Length: 4\nContent-Encoding: gzip\nContent-Range: "
		"x\nContent-Type: c/d\n" },
	{ "s3.2: nor bring it in", DATE "A: 1\n",
	  LATER "Content-Length: 0\nContent-Encoding: br\n", LATER "A: 1\n" },
	{ "s3.1: hop by hop", DATE "A: 1\n",
	  LATER "Connection: X\nX: 1\nKeep-Alive: 1\nUpgrade: x\n", LATER "A: 1\n" },
	{ "s3.1: Connection of the 304 does not remove what is stored", DATE "X: 1\n",
	  LATER "Connection: X\nX: 2\n", LATER "X: 1\n" },
	{ "s5.1: Age is not stored", DATE "A: 1\nAge: 9\n", LATER "Age: 5\n",
	  LATER "A: 1\n" },
	{ "s4.2.3: without a Date, the time of receipt", DATE "A: 1\n", "B: 1\n",
	  LATER "A: 1\nB: 1\n" },
};

START_TEST(updated)
{
	struct lrd_response_facts update;
	struct text_fields stored_text, update_text;
	struct lrd_fields out;

	lrd_response_facts_read(304, text_view(updating[_i].update, &update_text),
				NOW + 3600, NOW + 3600, &update);
	lrd_fields_init(&out, 65536, 100, NULL);
	ck_assert_int_eq(lrd_merge_update(text_view(updating[_i].stored, &stored_text),
					  &update, &out),
			 0);
	ck_assert_msg(strcmp(print(&out), updating[_i].merged) == 0, "%s:\n%s",
		      updating[_i].name, print(&out));
	lrd_fields_release(&out);
}
END_TEST

START_TEST(limits)
{
	struct lrd_response_facts response;
	struct text_fields text;
	struct lrd_fields out;

	lrd_response_facts_read(200, text_view("A: 1\nB: \001\n", &text), NOW, NOW,
				&response);
	lrd_fields_init(&out, 65536, 100, NULL);
	ck_assert_int_eq(lrd_merge_stored(&response, false, &out), LARDER_EINVAL);
	lrd_fields_release(&out);
	lrd_response_facts_read(200, text_view("A: 1\nB: 2\nC: 3\n", &text), NOW, NOW,
				&response);
	lrd_fields_init(&out, 65536, 2, NULL);
	ck_assert_int_eq(lrd_merge_stored(&response, false, &out), LARDER_ELIMIT);
	lrd_fields_release(&out);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("policy/merge");
	TCase *tcase = tcase_create("merge");

	tcase_add_loop_test(tcase, stored, 0, sizeof(storing) / sizeof(storing[0]));
	tcase_add_loop_test(tcase, updated, 0, sizeof(updating) / sizeof(updating[0]));
	tcase_add_test(tcase, limits);
	suite_add_tcase(suite, tcase);
	return suite;
}
