/* SPDX-License-Identifier: MIT */
/*
 * fuzz_list.c - any bytes as a list, as parameters, as a quoted string, as entity tags, as a
 * range: members lie inside and in order, quoting is undone by unquoting, and what is parsed is
 * formatted back.
 */
#include "proto/bytes/slice.h"
#include "proto/http/etag.h"
#include "proto/http/list.h"
#include "proto/http/range.h"
#include "tests/fuzz/require.h"

static void check_members(larder_slice text)
{
	const char *from = text.ptr;
	struct lrd_list list;
	larder_slice member;

	lrd_list_init_value(&list, text);
	while (lrd_list_next(&list, &member)) {
		struct lrd_param param;
		larder_slice rest = member;

		fuzz_require(member.len > 0 && member.ptr >= from &&
				     member.ptr + member.len <= text.ptr + text.len,
			     "a member lies outside");
		fuzz_require(lrd_slice_trim(member).len == member.len,
			     "a member is not trimmed");
		from = member.ptr + member.len;
		(void)lrd_params_head(&rest);
		while (lrd_params_next(&rest, &param) > 0)
			fuzz_require(lrd_token_valid(param.name),
				     "a parameter has no name");
		fuzz_require(lrd_member_qvalue(member) <= 1000, "a weight above 1");
	}
}

static void check_quoting(larder_slice text)
{
	larder_slice inside;
	struct lrd_buf quoted;
	struct lrd_buf plain;

	lrd_buf_init(&quoted, 1 << 20, NULL);
	lrd_buf_init(&plain, 1 << 20, NULL);
	if (lrd_quoted_append(text, &quoted) == 0)
		fuzz_require(lrd_quoted_parse(lrd_buf_slice(&quoted), &inside) == 0 &&
				     lrd_quoted_unescape(inside, &plain) == 0 &&
				     lrd_slice_equal(lrd_buf_slice(&plain), text),
			     "quoting is not undone by unquoting");
	lrd_buf_clear(&plain);
	if (lrd_quoted_parse(text, &inside) == 0)
		fuzz_require(lrd_quoted_unescape(inside, &plain) == 0 &&
				     plain.len <= inside.len,
			     "a good quoted string cannot be unescaped");
	lrd_buf_release(&quoted);
	lrd_buf_release(&plain);
}

static void check_tags(larder_slice text)
{
	larder_field field = { LRD_SLICE_INIT("If-None-Match"), text };
	larder_slice rest = text;
	struct lrd_etag tag;
	struct lrd_etag again;
	int rc;

	while ((rc = lrd_etag_next(&rest, &tag)) > 0) {
		fuzz_require(lrd_etag_parse(tag.raw, &again) == 0 &&
				     lrd_etag_equal_weak(&tag, &again) &&
				     tag.weak == again.weak,
			     "a tag of a list is no tag");
		fuzz_require(lrd_etag_find(lrd_view_of(&field, 1), field.name, &tag,
					   false) != LRD_ETAG_NO_MATCH,
			     "a tag is not found in its own list");
	}
	fuzz_require(rc == 0 || rest.len == 0, "a malformed list goes on");
}

static void check_ranges(larder_slice text)
{
	struct lrd_content_range content;
	struct lrd_content_range again;
	struct lrd_range ranges[4];
	struct lrd_buf out;
	size_t count;

	if (lrd_range_parse(text, 1000, ranges, 4, &count) == LRD_RANGE_SATISFIABLE)
		fuzz_require(count > 0, "satisfiable by nothing");
	for (size_t i = 0; i < count; i++)
		fuzz_require(ranges[i].first <= ranges[i].last && ranges[i].last < 1000,
			     "a range passes the size");
	if (lrd_content_range_parse(text, &content) < 0)
		return;
	lrd_buf_init(&out, 200, NULL);
	fuzz_require(lrd_content_range_format(&content, &out) == 0 &&
			     lrd_content_range_parse(lrd_buf_slice(&out), &again) == 0 &&
			     content.size == again.size &&
			     content.range.last == again.range.last,
		     "a content range differs after writing and reading");
	lrd_buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	larder_slice text = lrd_slice_of((const char *)data, size);

	check_members(text);
	check_quoting(text);
	check_tags(text);
	check_ranges(text);
	return 0;
}
