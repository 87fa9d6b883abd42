/* SPDX-License-Identifier: MIT */
/* vary.c - which requests a stored response answers (RFC 9111 s4.1). */
#include "policy/vary.h"

#include "policy/partition.h"
#include "proto/bytes/hex.h"
#include "proto/bytes/scan.h"
#include "proto/bytes/slice.h"
#include "proto/http/list.h"
#include "sys/siphash.h"

enum { MEMBERS = 32, MEMBER_BYTES = 1024 };

/* ---- the list ---------------------------------------------------------------------------- */

static int compare_nocase(larder_slice a, larder_slice b)
{
	size_t len = a.len < b.len ? a.len : b.len;

	for (size_t i = 0; i < len; i++) {
		int left = (unsigned char)lrd_lower(a.ptr[i]);
		int right = (unsigned char)lrd_lower(b.ptr[i]);

		if (left != right)
			return left - right;
	}
	return a.len < b.len ? -1 : a.len > b.len;
}

/* Puts `name` in its place; false when it is there already. */
static bool insert(larder_slice *names, size_t count, larder_slice name)
{
	size_t at = count;

	while (at > 0 && compare_nocase(names[at - 1], name) > 0)
		at--;
	if (at > 0 && compare_nocase(names[at - 1], name) == 0)
		return false;
	memmove(names + at + 1, names + at, (count - at) * sizeof(*names));
	names[at] = name;
	return true;
}

static int append_lower(larder_slice text, struct lrd_buf *out)
{
	int rc = 0;

	for (size_t i = 0; i < text.len && rc == 0; i++)
		rc = lrd_buf_append_char(out, lrd_lower(text.ptr[i]));
	return rc;
}

enum lrd_vary lrd_vary_read(struct lrd_field_view response, struct lrd_buf *list)
{
	larder_slice names[LRD_VARY_NAMES], member;
	size_t count = 0, before = list->len, bytes = 0;
	enum lrd_vary kind = LRD_VARY_NONE;
	struct lrd_list members;
	int rc = 0;

	lrd_list_init(&members, response, LRD_SLICE("Vary"));
	while (lrd_list_next(&members, &member)) {
		if (lrd_slice_equal(member, LRD_SLICE("*")))
			return LRD_VARY_ANY;
		if (!lrd_token_valid(member)) {
			kind = LRD_VARY_MALFORMED;
			continue; /* a '*' may follow, which says it more plainly */
		}
		if (count == LRD_VARY_NAMES) {
			kind = kind == LRD_VARY_MALFORMED ? kind : LRD_VARY_TOO_LONG;
			continue;
		}
		count += insert(names, count, member);
		bytes += member.len + 1;
	}
	if (kind != LRD_VARY_NONE)
		return kind;
	if (count == 0)
		return LRD_VARY_NONE;
	if (bytes > LRD_VARY_LIST_BYTES)
		return LRD_VARY_TOO_LONG;
	for (size_t i = 0; i < count && rc == 0; i++) {
		if (i > 0)
			rc = lrd_buf_append_char(list, ',');
		if (rc == 0)
			rc = append_lower(names[i], list);
	}
	if (rc < 0) {
		lrd_buf_truncate(list, before);
		return LRD_VARY_TOO_LONG;
	}
	return LRD_VARY_FIELDS;
}

/* ---- the text ---------------------------------------------------------------------------- */

/* What a field's own specification lets us even out (RFC 9111 s4.1). */
enum { LIST = 1, SORTED = 2 };

static int syntax_of(larder_slice name)
{
	if (lrd_slice_equal(name, LRD_SLICE("accept-encoding")))
		return LIST | SORTED; /* only weights order codings */
	/* Where weights tie, servers go by order (RFC 9110 s12.5.4). */
	if (lrd_slice_equal(name, LRD_SLICE("accept")) ||
	    lrd_slice_equal(name, LRD_SLICE("accept-language")) ||
	    lrd_slice_equal(name, LRD_SLICE("accept-charset")))
		return LIST;
	return 0;
}

/* A weight of one is what a member has without any. */
static larder_slice without_full_weight(larder_slice member)
{
	static const larder_slice ones[] = {
		LRD_SLICE_INIT(";q=1"),     LRD_SLICE_INIT(";q=1."),
		LRD_SLICE_INIT(";q=1.0"),   LRD_SLICE_INIT(";q=1.00"),
		LRD_SLICE_INIT(";q=1.000"),
	};

	for (size_t i = 0; i < sizeof(ones) / sizeof(ones[0]); i++)
		if (lrd_slice_ends(member, ones[i]))
			return lrd_slice_first(member, member.len - ones[i].len);
	return member;
}

/* Lower case and no blanks, both outside quotes. */
static int append_member(larder_slice member, struct lrd_buf *out)
{
	bool quoted = false;
	int rc = 0;

	for (size_t i = 0; i < member.len && rc == 0; i++) {
		char byte = member.ptr[i];

		if (quoted && byte == '\\' && i + 1 < member.len) {
			rc = lrd_buf_append_char(out, byte);
			byte = member.ptr[++i];
		} else if (byte == '"') {
			quoted = !quoted;
		} else if (!quoted && lrd_is(byte, LRD_OWS)) {
			continue;
		} else if (!quoted) {
			byte = lrd_lower(byte);
		}
		if (rc == 0)
			rc = lrd_buf_append_char(out, byte);
	}
	return rc;
}

static int append_sorted(larder_slice *members, size_t count, struct lrd_buf *out)
{
	int rc = 0;

	for (size_t i = 0; i < count && rc == 0; i++) {
		if (i > 0)
			rc = lrd_buf_append_char(out, ',');
		if (rc == 0)
			rc = lrd_buf_append_slice(out, members[i]);
	}
	return rc;
}

static int append_sorted_list(larder_slice name, struct lrd_field_view request,
			      struct lrd_buf *out)
{
	char storage[MEMBER_BYTES];
	larder_slice members[MEMBERS], member;
	struct lrd_buf text;
	struct lrd_list list;
	size_t count = 0;

	lrd_buf_init_fixed(&text, storage, sizeof(storage));
	lrd_list_init(&list, request, name);
	while (lrd_list_next(&list, &member)) {
		size_t start = text.len;

		if (count == MEMBERS || append_member(member, &text) < 0)
			return LARDER_ELIMIT;
		member = without_full_weight(lrd_slice_skip(lrd_buf_slice(&text), start));
		if (lrd_slice_equal(member, LRD_SLICE("x-gzip")))
			member = LRD_SLICE("gzip"); /* RFC 9110 s8.4.1.3 */
		count += insert(members, count, member);
	}
	return append_sorted(members, count, out);
}

static int append_list(larder_slice name, struct lrd_field_view request,
		       struct lrd_buf *out)
{
	struct lrd_list list;
	larder_slice member;
	bool first = true;
	int rc = 0;

	lrd_list_init(&list, request, name);
	while (rc == 0 && lrd_list_next(&list, &member)) {
		size_t start;

		rc = first ? 0 : lrd_buf_append_char(out, ',');
		first = false;
		start = out->len;
		if (rc == 0)
			rc = append_member(member, out);
		if (rc == 0) {
			member = lrd_slice_skip(lrd_buf_slice(out), start);
			lrd_buf_truncate(out, start + without_full_weight(member).len);
		}
	}
	return rc;
}

static int append_hashed(larder_slice name, struct lrd_field_view request,
			 const uint8_t secret[16], struct lrd_buf *out)
{
	uint8_t sum[LRD_SIPHASH_SIZE];
	struct lrd_siphash hash;
	larder_slice value;

	lrd_siphash_init(&hash, secret);
	for (size_t pos = 0; lrd_view_next(request, name, &pos, &value);) {
		lrd_siphash_add(&hash, value.ptr, value.len);
		lrd_siphash_add(&hash, "", 1);
	}
	lrd_siphash_end(&hash, sum);
	return lrd_hex_append(out, lrd_slice_of((const char *)sum, sizeof(sum)));
}

/* A line break inside a value would forge another line of the text. */
static bool values_valid(larder_slice name, struct lrd_field_view request)
{
	larder_slice value;

	for (size_t pos = 0; lrd_view_next(request, name, &pos, &value);)
		if (!lrd_field_value_valid(lrd_slice_trim(value)))
			return false;
	return true;
}

static int append_value(larder_slice name, struct lrd_field_view request,
			const uint8_t secret[16], struct lrd_buf *out)
{
	int syntax = syntax_of(name);
	ptrdiff_t n;

	if (lrd_partition_credential(name))
		return append_hashed(name, request, secret, out);
	if (syntax & SORTED) {
		int rc = append_sorted_list(name, request, out);

		if (rc != LARDER_ELIMIT)
			return rc;
	}
	if (syntax & LIST)
		return append_list(name, request, out);
	n = lrd_view_combine(request, name, out);
	return n < 0 ? (int)n : 0;
}

int lrd_vary_text(larder_slice list, struct lrd_field_view request,
		  const uint8_t secret[16], struct lrd_buf *out)
{
	size_t before = out->len;
	larder_slice name;
	int rc = 0;

	while (rc == 0 && lrd_slice_split(&list, ',', &name)) {
		rc = lrd_buf_append_slice(out, name);
		if (rc == 0 && lrd_view_has(request, name)) {
			rc = values_valid(name, request) ? 0 : LARDER_EPROTO;
			if (rc == 0)
				rc = lrd_buf_append_char(out, ':');
			if (rc == 0)
				rc = append_value(name, request, secret, out);
		}
		if (rc == 0)
			rc = lrd_buf_append_char(out, '\n');
	}
	if (rc < 0)
		lrd_buf_truncate(out, before);
	return rc;
}
