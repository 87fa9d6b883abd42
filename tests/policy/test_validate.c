/* SPDX-License-Identifier: MIT */
/* test_validate.c - conditional requests, both ways (RFC 9111 s4.3, RFC 9110 s8.8 and s13). */
#include "policy/validate.h"

#include "check_main.h"
#include "text.h"

enum { NOW = 784111777 };

#define LM "Last-Modified: Sun, 06 Nov 1994 08:00:00 GMT\n"

/* Stored responses a, b, c, each some text; an empty one ends the list. */
static const struct select_row {
	const char *name;
	const char *stored[3];
	int64_t dates[3];
	const char *update;
	ptrdiff_t index;
} selections[] = {
	{ "s4.3.4: strong tag", { "ETag: \"a\"", "ETag: \"b\"" }, { 1, 2 }, "ETag: \"a\"", 0 },
	{ "s4.3.4: strong before newer weak",
	  { "ETag: \"a\"", "ETag: W/\"a\"" },
	  { 1, 2 },
	  "ETag: \"a\"",
	  0 },
	{ "s4.3.4: the most recent weak match",
	  { "ETag: W/\"a\"", "ETag: W/\"a\"" },
	  { 1, 2 },
	  "ETag: W/\"a\"",
	  1 },
	{ "s4.3.4: none", { "ETag: \"a\"", "ETag: \"b\"" }, { 1, 2 }, "ETag: \"c\"", -1 },
	{ "s4.3.4: date",
	  { LM, "Last-Modified: Sun, 06 Nov 1994 09:00:00 GMT" },
	  { 1, 2 },
	  LM,
	  0 },
	{ "s4.3.4: date and other tag",
	  { "ETag: \"a\"\n" LM },
	  { 1 },
	  "ETag: \"b\"\n" LM,
	  -1 },
	{ "s4.3.4: date alone, tag stored", { "ETag: \"a\"\n" LM }, { 1 }, LM, 0 },
	{ "s4.3.4: tag where only a date is stored", { LM }, { 1 }, "ETag: \"a\"\n" LM, -1 },
	{ "s4.3.4: no validator, one response", { "X: 1" }, { 1 }, "Y: 1", 0 },
	{ "s4.3.4: no validator, one with a tag", { "ETag: \"a\"" }, { 1 }, "Y: 1", 0 },
	{ "s4.3.4: no validator, two responses", { "X: 1", "X: 2" }, { 1, 2 }, "Y: 1", -1 },
	{ "8.8.3: unquoted tags compare whole", { "ETag: a" }, { 1 }, "ETag: a", 0 },
	{ "8.8.3: and only whole", { "ETag: a" }, { 1 }, "ETag: \"a\"", -1 },
	{ "8.8.3: case counts", { "ETag: \"a\"" }, { 1 }, "ETag: \"A\"", -1 },
};

static size_t stored_of(const struct select_row *row, struct text_fields texts[3],
			struct lrd_validators at[3])
{
	size_t count = 0;

	while (count < 3 && row->stored[count]) {
		lrd_validators_read(text_view(row->stored[count], &texts[count]),
				    row->dates[count], &at[count]);
		count++;
	}
	return count;
}

START_TEST(selection)
{
	const struct select_row *row = &selections[_i];
	struct text_fields texts[3], update;
	struct lrd_validators at[3];
	size_t count = stored_of(row, texts, at);

	ck_assert_msg(lrd_validate_select(text_view(row->update, &update), at, count) ==
			      row->index,
		      "%s", row->name);
}
END_TEST

/* s4.3.1: each once, as received, bounded. */
START_TEST(tags)
{
	static char long_tag[LRD_VALIDATE_TAG_BYTES + 2];
	struct lrd_validators at[LRD_VALIDATE_TAGS + 4] = {
		{ .etag = LRD_SLICE("\"a,b\"") },
		{ .etag = LRD_SLICE("W/\"x\"") },
		{ .etag = LRD_SLICE("\"a,b\"") },
		{ .etag = { NULL, 0 } },
	};
	struct lrd_buf out;

	lrd_buf_init(&out, 65536, NULL);
	ck_assert_int_eq(lrd_validate_tags(at, 4, &out), 1);
	ck_assert_str_eq(out.ptr, "\"a,b\", W/\"x\"");
	lrd_buf_clear(&out);
	ck_assert_int_eq(lrd_validate_tags(at + 3, 1, &out), 0);
	ck_assert_uint_eq(out.len, 0);
	/* A long one goes alone, and joins no list. */
	memset(long_tag, 't', sizeof(long_tag) - 1);
	at[0].etag = lrd_slice_cstr(long_tag);
	ck_assert_int_eq(lrd_validate_tags(at, 1, &out), 1);
	ck_assert_uint_eq(out.len, sizeof(long_tag) - 1);
	lrd_buf_clear(&out);
	at[0].etag = LRD_SLICE("\"a\"");
	at[1].etag = lrd_slice_cstr(long_tag);
	ck_assert_int_eq(lrd_validate_tags(at, 2, &out), 1);
	ck_assert_str_eq(out.ptr, "\"a\"");
	lrd_buf_clear(&out);
	for (size_t i = 0; i < LRD_VALIDATE_TAGS + 4; i++) {
		static char names[LRD_VALIDATE_TAGS + 4][8];

		snprintf(names[i], sizeof(names[i]), "\"%zu\"", i);
		at[i].etag = lrd_slice_cstr(names[i]);
	}
	ck_assert_int_eq(lrd_validate_tags(at, LRD_VALIDATE_TAGS + 4, &out), 1);
	ck_assert_ptr_nonnull(strstr(out.ptr, "\"15\""));
	ck_assert_ptr_null(strstr(out.ptr, "\"16\""));
	lrd_buf_release(&out);
	lrd_buf_init(&out, 3, NULL);
	ck_assert_int_eq(lrd_validate_tags(at, 2, &out), LARDER_ELIMIT);
	ck_assert_uint_eq(out.len, 0);
	lrd_buf_release(&out);
}
END_TEST

static const struct {
	const char *name;
	const char *update, *stored;
	int64_t stored_date;
	bool same;
} strong[] = {
	{ "8.8.3.2: strong tags", "ETag: \"a\"", "ETag: \"a\"", NOW, true },
	{ "8.8.3.2: weak tags", "ETag: W/\"a\"", "ETag: W/\"a\"", NOW, false },
	{ "8.8.3.2: one weak", "ETag: \"a\"", "ETag: W/\"a\"", NOW, false },
	{ "8.8.2.2: a date, a minute older than Date", LM, LM, 784108800 + 60, true },
	{ "8.8.2.2: a date, less than a minute older", LM, LM, 784108800 + 59, false },
	{ "8.8.2.2: Date before it", LM, LM, 0, false },
	{ "8.8.2.2: Date absurd", LM, LM, INT64_MIN, false },
	{ "nothing", "X: 1", "X: 1", NOW, false },
};

START_TEST(same_strong)
{
	struct text_fields update, text;
	struct lrd_validators stored;

	lrd_validators_read(text_view(strong[_i].stored, &text), strong[_i].stored_date,
			    &stored);
	ck_assert_msg(lrd_validate_same_strong(text_view(strong[_i].update, &update),
					       &stored) == strong[_i].same,
		      "%s", strong[_i].name);
}
END_TEST

static const struct {
	const char *name;
	const char *head, *stored;
	bool fits;
} heads[] = {
	{ "s4.3.5: same tag and length", "ETag: \"a\"\nContent-Length: 4", "ETag: \"a\"",
	  true },
	{ "s4.3.5: other tag", "ETag: \"b\"", "ETag: \"a\"", false },
	{ "s4.3.5: tag where there was none", "ETag: \"b\"", "X: 1", false },
	{ "s4.3.5: other length", "ETag: \"a\"\nContent-Length: 5", "ETag: \"a\"", false },
	{ "s4.3.5: malformed length", "Content-Length: 4x", "X: 1", false },
	{ "s4.3.5: other date", LM, "Last-Modified: Sun, 06 Nov 1994 09:00:00 GMT", false },
	{ "s4.3.5: same date", LM, LM, true },
	{ "s4.3.5: says nothing", "X: 1", "ETag: \"a\"\n" LM, true },
};

START_TEST(head)
{
	struct text_fields update, text;
	struct lrd_validators stored;

	lrd_validators_read(text_view(heads[_i].stored, &text), NOW, &stored);
	ck_assert_msg(lrd_validate_head_fits(text_view(heads[_i].head, &update), &stored,
					     4) == heads[_i].fits,
		      "%s", heads[_i].name);
}
END_TEST

static const struct {
	const char *name;
	const char *request, *stored;
	bool not_modified;
} conditions[] = {
	{ "13.1.2: match", "If-None-Match: \"a\"", "ETag: \"a\"", true },
	{ "13.1.2: weak comparison", "If-None-Match: W/\"a\"", "ETag: \"a\"", true },
	{ "13.1.2: in a list", "If-None-Match: \"x\", \"a,b\" , \"y\"", "ETag: \"a,b\"",
	  true },
	{ "13.1.2: over two lines", "If-None-Match: \"x\"\nIf-None-Match: \"a\"",
	  "ETag: \"a\"", true },
	{ "13.1.2: no match", "If-None-Match: \"x\"", "ETag: \"a\"", false },
	{ "13.1.2: star", "If-None-Match: *", "ETag: \"a\"", true },
	{ "13.1.2: star without a tag", "If-None-Match: *", "X: 1", true },
	{ "13.1.2: nothing to match", "If-None-Match: \"a\"", "X: 1", false },
	{ "13.1.2: malformed", "If-None-Match: a", "ETag: \"a\"", false },
	{ "13.2.2: tags win over dates",
	  "If-None-Match: \"x\"\nIf-Modified-Since: Fri, 31 Dec 2038 00:00:00 GMT",
	  "ETag: \"a\"\n" LM, false },
	{ "13.1.3: not changed since", "If-Modified-Since: Sun, 06 Nov 1994 08:00:00 GMT",
	  LM, true },
	{ "13.1.3: changed since", "If-Modified-Since: Sun, 06 Nov 1994 07:59:59 GMT", LM,
	  false },
	{ "13.1.3: another form of date", "If-Modified-Since: Sun Nov  6 08:00:00 1994",
	  LM, true },
	{ "13.1.3: malformed", "If-Modified-Since: x", LM, false },
	{ "13.1.3: twice",
	  "If-Modified-Since: Sun, 06 Nov 1994 08:00:00 GMT\n"
	  "If-Modified-Since: Sun, 06 Nov 1994 08:00:00 GMT",
	  LM, false },
	{ "4.3.2: Date in place of Last-Modified",
	  "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT", "X: 1", true },
	{ "4.3.2: Date, later", "If-Modified-Since: Sun, 06 Nov 1994 08:49:36 GMT",
	  "X: 1", false },
	{ "4.3.2: If-Match is not ours", "If-Match: \"x\"", "ETag: \"a\"", false },
	{ "nothing asked", "X: 1", "ETag: \"a\"\n" LM, false },
};

START_TEST(not_modified)
{
	struct text_fields request_text, text;
	struct lrd_request_facts request;
	struct lrd_validators stored;

	lrd_validators_read(text_view(conditions[_i].stored, &text), NOW, &stored);
	text_request("GET", conditions[_i].request, 0, &request_text, &request);
	ck_assert_msg(lrd_validate_not_modified(&request, &stored, NOW) ==
			      conditions[_i].not_modified,
		      "%s", conditions[_i].name);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("policy/validate");
	TCase *tcase = tcase_create("validate");

	tcase_add_loop_test(tcase, selection, 0,
			    sizeof(selections) / sizeof(selections[0]));
	tcase_add_test(tcase, tags);
	tcase_add_loop_test(tcase, same_strong, 0, sizeof(strong) / sizeof(strong[0]));
	tcase_add_loop_test(tcase, head, 0, sizeof(heads) / sizeof(heads[0]));
	tcase_add_loop_test(tcase, not_modified, 0,
			    sizeof(conditions) / sizeof(conditions[0]));
	suite_add_tcase(suite, tcase);
	return suite;
}
