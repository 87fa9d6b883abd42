/* SPDX-License-Identifier: MIT */
/* test_challenges.c - challenges of authentication: tables, borders, hostile values. */
#include "proto/http/challenges.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "proto/bytes/slice.h"
#include "tests/support/check_main.h"
#include "tests/support/guard.h"

static void put_params(larder_slice params, struct lrd_buf *out)
{
	struct lrd_auth_param param;
	int rc;

	while ((rc = lrd_auth_param_next(&params, &param)) > 0) {
		ck_assert_int_eq(lrd_buf_appendf(out, " %.*s=", LRD_SLICE_ARG(param.name)),
				 0);
		ck_assert_int_eq(lrd_buf_append_char(out, param.quoted ? '\'' : '['), 0);
		ck_assert_int_eq(lrd_auth_param_text(&param, out), 0);
		ck_assert_int_eq(lrd_buf_append_char(out, param.quoted ? '\'' : ']'), 0);
	}
	ck_assert_msg(rc == 0, "parameters of a challenge are malformed");
}

/* One line that says what was found: "Basic realm='x'; Negotiate <abc>; !" */
static void describe(struct lrd_challenges *challenges, struct lrd_buf *out)
{
	struct lrd_challenge challenge;
	int rc;

	while ((rc = lrd_challenges_next(challenges, &challenge)) != 0) {
		if (out->len > 0)
			ck_assert_int_eq(lrd_buf_append_cstr(out, "; "), 0);
		if (rc < 0) {
			ck_assert_int_eq(rc, LARDER_EPROTO);
			ck_assert_int_eq(lrd_buf_append_char(out, '!'), 0);
			continue;
		}
		ck_assert_int_eq(lrd_buf_append_slice(out, challenge.scheme), 0);
		if (challenge.token68.len > 0)
			ck_assert_int_eq(lrd_buf_appendf(out, " <%.*s>",
							 LRD_SLICE_ARG(challenge.token68)),
					 0);
		put_params(challenge.params, out);
	}
	ck_assert_int_eq(lrd_challenges_next(challenges, &challenge), 0);
}

static const struct {
	const char *value, *found;
} values[] = {
	{ "", "" },
	{ " , ,\t,", "" },
	{ "Basic", "Basic" },
	{ "Basic realm=\"x\"", "Basic realm='x'" },
	{ "basic REALM=x", "basic REALM=[x]" },
	{ "Basic realm = \"x\"", "Basic realm='x'" },
	{ "Basic realm=\"\"", "Basic realm=''" },
	{ "Basic realm=\"a\\\"b\\\\c\"", "Basic realm='a\"b\\c'" },
	{ "Basic realm=\"a, Digest realm=\\\"b\"", "Basic realm='a, Digest realm=\"b'" },
	{ "Basic  \t realm=\"x\" , charset=\"UTF-8\"",
	  "Basic realm='x' charset='UTF-8'" },
	{ "Negotiate", "Negotiate" },
	{ "Negotiate, Basic realm=\"x\"", "Negotiate; Basic realm='x'" },
	{ "Negotiate , NTLM,Basic realm=\"x\"", "Negotiate; NTLM; Basic realm='x'" },
	{ "Negotiate abc+/~._-==", "Negotiate <abc+/~._-==>" },
	{ "Negotiate abc==, Basic realm=x", "Negotiate <abc==>; Basic realm=[x]" },
	{ "Negotiate a=", "Negotiate <a=>" },
	{ "Newauth realm=\"apps\", type=1, title=\"Login to \\\"apps\\\"\", Basic "
	  "realm=\"simple\"",
	  "Newauth realm='apps' type=[1] title='Login to \"apps\"'; Basic "
	  "realm='simple'" },
	{ "Basic realm=\"x\",Basic realm=\"y\"", "Basic realm='x'; Basic realm='y'" },
	{ "Digest realm=\"r\",,nonce=\"n\", ,qop=\"auth,auth-int\"",
	  "Digest realm='r' nonce='n' qop='auth,auth-int'" },
	{ "Digest realm=r,", "Digest realm=[r]" },
	{ ",Digest realm=r", "Digest realm=[r]" },
	{ "Digest , realm=r", "Digest realm=[r]" },
	{ "Bearer error=\"invalid_token\"", "Bearer error='invalid_token'" },
	{ "Digest realm=r, Bearer", "Digest realm=[r]; Bearer" },
	{ "A b=c, D e=f, G", "A b=[c]; D e=[f]; G" },
	{ "Digest realm=\"r\", Digest nonce=\"open", "Digest realm='r'; !" },
	{ "Digest realm=\"r\", nonce=\"open", "!" },
	{ "Basic foo bar", "!" },
	{ "Basic foo bar, Digest realm=x", "!" },
	{ "Basic realm=\"x\" y=z", "!" },
	{ "Basic realm=\"x\"y", "!" },
	{ "Basic realm=a b", "!" },
	{ "realm=\"x\"", "!" },
	{ "=", "!" },
	{ "\"", "!" },
	{ "Basic =x", "!" },
	{ "Basic realm=\"x\\\"", "!" },
	{ "Basic \xa0 realm=\"x\"", "!" },
	{ "Basic realm=\"\xa0\"", "Basic realm='\xa0'" },
	{ "Basic realm=,x=y", "Basic <realm=>; !" },
	{ "a/b realm=x", "!" },
	{ "Basic:", "!" },
};

START_TEST(values_are_understood)
{
	size_t len = strlen(values[_i].value);
	char *guarded = lrd_guard_alloc(values[_i].value, len);
	struct lrd_challenges challenges;
	struct lrd_buf found;

	lrd_buf_init(&found, 4096, NULL);
	lrd_challenges_init_value(&challenges, lrd_slice_of(guarded, len));
	describe(&challenges, &found);
	ck_assert_msg(strcmp(found.ptr, values[_i].found) == 0, "%s: got %s, not %s",
		      values[_i].value, found.ptr, values[_i].found);
	lrd_buf_release(&found);
	lrd_guard_free(guarded, len);
}
END_TEST

START_TEST(every_cut_of_a_value_is_safe)
{
	size_t len = strlen(values[_i].value);

	for (size_t cut = 0; cut < len; cut++) {
		char *guarded = lrd_guard_alloc(values[_i].value, cut);
		struct lrd_challenges challenges;
		struct lrd_buf found;

		lrd_buf_init(&found, 4096, NULL);
		lrd_challenges_init_value(&challenges, lrd_slice_of(guarded, cut));
		describe(&challenges, &found);
		lrd_buf_release(&found);
		lrd_guard_free(guarded, cut);
	}
}
END_TEST

START_TEST(lines_are_read_in_order_and_apart)
{
	const larder_field fields[] = {
		{ LRD_SLICE("WWW-Authenticate"),
		  LRD_SLICE("Negotiate, Basic realm=\"a\"") },
		{ LRD_SLICE("Proxy-Authenticate"), LRD_SLICE("Basic realm=\"proxy\"") },
		{ LRD_SLICE("www-authenticate"), LRD_SLICE("broken=") },
		{ LRD_SLICE("WWW-Authenticate"), LRD_SLICE("") },
		{ LRD_SLICE("Www-Authenticate"), LRD_SLICE("Digest nonce=n") },
		{ LRD_SLICE("WWW-Authenticate"), LRD_SLICE("realm=\"of no scheme\"") },
	};
	struct lrd_challenges challenges;
	struct lrd_buf found;

	lrd_buf_init(&found, 4096, NULL);
	lrd_challenges_init(&challenges,
			    lrd_view_of(fields, sizeof(fields) / sizeof(fields[0])),
			    LRD_SLICE("WWW-Authenticate"));
	describe(&challenges, &found);
	ck_assert_str_eq(found.ptr, "Negotiate; Basic realm='a'; !; Digest nonce=[n]; !");
	lrd_buf_release(&found);
}
END_TEST

START_TEST(failure_leaves_the_challenge_alone)
{
	struct lrd_challenge challenge = { .scheme = LRD_SLICE_INIT("before") };
	struct lrd_auth_param param = { .name = LRD_SLICE_INIT("before") };
	struct lrd_challenges challenges;
	larder_slice rest = LRD_SLICE("a=b c");

	lrd_challenges_init_value(&challenges, LRD_SLICE("Basic realm=\"open"));
	ck_assert_int_eq(lrd_challenges_next(&challenges, &challenge), LARDER_EPROTO);
	ck_assert(lrd_slice_equal(challenge.scheme, LRD_SLICE("before")));
	ck_assert_int_eq(lrd_auth_param_next(&rest, &param), LARDER_EPROTO);
	ck_assert(lrd_slice_equal(param.name, LRD_SLICE("before")));
	ck_assert_uint_eq(rest.len, 0);
}
END_TEST

/* The units that made other parsers quadratic or worse, a mebibyte of each. */
static const char *const units[] = {
	",",       " ",    "\\\"", "=",      "\"",  "\xa0", "a",
	"a,",      "a ",   "a=",   "a=b,",   "a=b", "a b,", "a \t",
	"a=\"\",", "a=\"", ", ",   "a b=c,", "a =", "\"\\", "a,b=c,",
};

START_TEST(hostile_values_take_linear_time)
{
	enum { BYTES = 1 << 20 };
	const char *prefixes[] = { "", "Basic ", "Basic realm=\"", "Basic realm=" };
	size_t unit = strlen(units[_i]);
	char *value = malloc(BYTES + 32);

	ck_assert_ptr_nonnull(value);
	for (size_t p = 0; p < sizeof(prefixes) / sizeof(prefixes[0]); p++) {
		size_t len = strlen(prefixes[p]);
		struct lrd_challenge challenge;
		struct lrd_challenges challenges;
		size_t count = 0;
		clock_t start;

		memcpy(value, prefixes[p], len);
		for (; len + unit <= BYTES; len += unit)
			memcpy(value + len, units[_i], unit);
		start = clock();
		lrd_challenges_init_value(&challenges, lrd_slice_of(value, len));
		while (lrd_challenges_next(&challenges, &challenge) != 0) {
			struct lrd_auth_param param;

			count++;
			while (lrd_auth_param_next(&challenge.params, &param) > 0)
				;
		}
		ck_assert_uint_le(count, BYTES);
		/* Milliseconds when linear, minutes when quadratic. */
		ck_assert_msg((double)(clock() - start) / CLOCKS_PER_SEC < 1.0,
			      "%s%s...: %.1f s", prefixes[p], units[_i],
			      (double)(clock() - start) / CLOCKS_PER_SEC);
	}
	free(value);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("http/challenges");
	TCase *tcase = tcase_create("challenges");
	int count = sizeof(values) / sizeof(values[0]);

	tcase_add_loop_test(tcase, values_are_understood, 0, count);
	tcase_add_loop_test(tcase, every_cut_of_a_value_is_safe, 0, count);
	tcase_add_test(tcase, lines_are_read_in_order_and_apart);
	tcase_add_test(tcase, failure_leaves_the_challenge_alone);
	tcase_add_loop_test(tcase, hostile_values_take_linear_time, 0,
			    sizeof(units) / sizeof(units[0]));
	suite_add_tcase(suite, tcase);
	return suite;
}
