/* SPDX-License-Identifier: MIT */
/* sf.c - structured fields (RFC 9651): dictionaries and lists. */
#include "proto/http/sf.h"

#include "proto/bytes/scan.h"
#include "proto/bytes/slice.h"

enum { INTEGER_DIGITS = 15, DECIMAL_WHOLE = 12, DECIMAL_PART = 3 };

/* Every reader below moves *rest behind what it has read, or returns false. */

static char peek(larder_slice rest)
{
	return rest.len > 0 ? rest.ptr[0] : '\0';
}

static void skip(larder_slice *rest, size_t count)
{
	*rest = lrd_slice_skip(*rest, count);
}

static void skip_blanks(larder_slice *rest, bool tabs)
{
	while (rest->len > 0 &&
	       (rest->ptr[0] == ' ' || (tabs && rest->ptr[0] == '\t')))
		skip(rest, 1);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_alpha(char c)
{
	return is_lower(c) || (c >= 'A' && c <= 'Z');
}

static larder_slice between(larder_slice from, larder_slice to)
{
	return lrd_slice_first(from, from.len - to.len);
}

/* s4.2.3.3 */
static bool read_key(larder_slice *rest, larder_slice *key)
{
	larder_slice start = *rest;

	if (!is_lower(peek(*rest)) && peek(*rest) != '*')
		return false;
	while (rest->len > 0 &&
	       (is_lower(peek(*rest)) || is_digit(peek(*rest)) || peek(*rest) == '_' ||
		peek(*rest) == '-' || peek(*rest) == '.' || peek(*rest) == '*'))
		skip(rest, 1);
	*key = between(start, *rest);
	return true;
}

/* ---- bare items -------------------------------------------------------------------------- */

static size_t digits(larder_slice *rest)
{
	size_t count = 0;

	while (is_digit(peek(*rest))) {
		skip(rest, 1);
		count++;
	}
	return count;
}

/* s4.2.4 */
static bool read_number(larder_slice *rest, enum lrd_sf_kind *kind)
{
	size_t whole, part;

	if (peek(*rest) == '-')
		skip(rest, 1);
	whole = digits(rest);
	*kind = LRD_SF_INTEGER;
	if (whole == 0 || peek(*rest) != '.')
		return whole > 0 && whole <= INTEGER_DIGITS;
	skip(rest, 1);
	part = digits(rest);
	*kind = LRD_SF_DECIMAL;
	return whole <= DECIMAL_WHOLE && part > 0 && part <= DECIMAL_PART;
}

/* s4.2.5 */
static bool read_string(larder_slice *rest)
{
	skip(rest, 1);
	while (rest->len > 0) {
		char c = peek(*rest);

		if (c < 0x20 || c > 0x7e)
			return false;
		skip(rest, 1);
		if (c == '"')
			return true;
		if (c != '\\')
			continue;
		if (peek(*rest) != '"' && peek(*rest) != '\\')
			return false;
		skip(rest, 1);
	}
	return false;
}

/* s4.2.6 */
static bool read_token(larder_slice *rest)
{
	while (rest->len > 0 && (lrd_is(peek(*rest), LRD_TCHAR) || peek(*rest) == ':' ||
				 peek(*rest) == '/'))
		skip(rest, 1);
	return true;
}

/* s4.2.7: whether it is base64 is for whoever wants the bytes. */
static bool read_bytes(larder_slice *rest)
{
	size_t end;

	skip(rest, 1);
	end = lrd_slice_find(*rest, ':');
	if (end == rest->len)
		return false;
	for (size_t i = 0; i < end; i++) {
		char c = rest->ptr[i];

		if (!is_alpha(c) && !is_digit(c) && c != '+' && c != '/' && c != '=')
			return false;
	}
	skip(rest, end + 1);
	return true;
}

static bool read_boolean(larder_slice *rest, bool *truth)
{
	skip(rest, 1);
	if (peek(*rest) != '0' && peek(*rest) != '1')
		return false;
	*truth = peek(*rest) == '1';
	skip(rest, 1);
	return true;
}

static bool read_date(larder_slice *rest)
{
	enum lrd_sf_kind kind;

	skip(rest, 1);
	return read_number(rest, &kind) && kind == LRD_SF_INTEGER;
}

/* s4.2.3.1 */
static bool read_bare(larder_slice *rest, struct lrd_sf_item *out)
{
	larder_slice start = *rest;
	char c = peek(*rest);
	bool good;

	out->truth = false;
	if (c == '-' || is_digit(c)) {
		good = read_number(rest, &out->kind);
	} else if (c == '"') {
		out->kind = LRD_SF_STRING;
		good = read_string(rest);
	} else if (is_alpha(c) || c == '*') {
		out->kind = LRD_SF_TOKEN;
		good = read_token(rest);
	} else if (c == ':') {
		out->kind = LRD_SF_BYTES;
		good = read_bytes(rest);
	} else if (c == '?') {
		out->kind = LRD_SF_BOOLEAN;
		good = read_boolean(rest, &out->truth);
	} else if (c == '@') {
		out->kind = LRD_SF_DATE;
		good = read_date(rest);
	} else {
		return false;
	}
	out->text = between(start, *rest);
	return good;
}

/* s4.2.3.2: read, and forgotten: no field of ours defines any. */
static bool read_parameters(larder_slice *rest)
{
	struct lrd_sf_item value;
	larder_slice key;

	while (peek(*rest) == ';') {
		skip(rest, 1);
		skip_blanks(rest, false);
		if (!read_key(rest, &key))
			return false;
		if (peek(*rest) != '=')
			continue;
		skip(rest, 1);
		if (!read_bare(rest, &value))
			return false;
	}
	return true;
}

/* ---- members ----------------------------------------------------------------------------- */

/* s4.2.1.2, behind the opening parenthesis. */
static bool read_inner_list(larder_slice *rest, struct lrd_sf_item *out)
{
	struct lrd_sf_item item;
	larder_slice start = *rest;

	out->kind = LRD_SF_INNER_LIST;
	out->truth = false;
	for (;;) {
		skip_blanks(rest, false);
		if (peek(*rest) == ')') {
			out->text = between(start, *rest);
			skip(rest, 1);
			return true;
		}
		if (!read_bare(rest, &item) || !read_parameters(rest))
			return false;
		if (peek(*rest) != ' ' && peek(*rest) != ')')
			return false;
	}
}

static bool read_value(larder_slice *rest, struct lrd_sf_item *out)
{
	if (peek(*rest) != '(')
		return read_bare(rest, out);
	skip(rest, 1);
	return read_inner_list(rest, out);
}

/* s4.2.2 */
static bool read_member(larder_slice *rest, bool keyed, struct lrd_sf_item *out)
{
	larder_slice start = *rest;

	*out = (struct lrd_sf_item){ .kind = LRD_SF_BOOLEAN, .truth = true };
	if (keyed && !read_key(rest, &out->key))
		return false;
	if (keyed && peek(*rest) == '=') {
		skip(rest, 1);
		if (!read_value(rest, out))
			return false;
	} else if (!keyed && !read_value(rest, out)) {
		return false;
	}
	out->whole = between(start, *rest);
	return read_parameters(rest);
}

static int add(const struct lrd_sf_item *item, bool keyed, struct lrd_sf_item *out,
	       size_t cap, size_t *count)
{
	size_t at = *count;

	for (size_t i = 0; keyed && i < *count; i++)
		if (lrd_slice_equal(out[i].key, item->key))
			at = i;
	if (at == cap)
		return LARDER_ELIMIT;
	out[at] = *item;
	if (at == *count)
		(*count)++;
	return 0;
}

/* One line; an empty one has no members. */
static int read_line(larder_slice rest, bool keyed, struct lrd_sf_item *out, size_t cap,
		     size_t *count)
{
	struct lrd_sf_item item;
	int rc = 0;

	skip_blanks(&rest, true);
	while (rest.len > 0 && rc == 0) {
		if (!read_member(&rest, keyed, &item))
			return LARDER_EPROTO;
		rc = add(&item, keyed, out, cap, count);
		skip_blanks(&rest, true);
		if (rest.len == 0)
			break;
		if (peek(rest) != ',')
			return LARDER_EPROTO;
		skip(&rest, 1);
		skip_blanks(&rest, true);
		if (rest.len == 0)
			return LARDER_EPROTO; /* a comma ends nothing */
	}
	return rc;
}

static int read_field(struct lrd_field_view view, larder_slice name, bool keyed,
		      struct lrd_sf_item *out, size_t cap, size_t *count)
{
	larder_slice value;
	size_t found = 0;
	int lines = 0, rc = 0;

	for (size_t pos = 0; rc == 0 && lrd_view_next(view, name, &pos, &value);) {
		lines = 1;
		rc = read_line(value, keyed, out, cap, &found);
	}
	if (rc < 0)
		return rc;
	*count = found;
	return lines;
}

int lrd_sf_dictionary(struct lrd_field_view view, larder_slice name,
		      struct lrd_sf_item *out, size_t cap, size_t *count)
{
	return read_field(view, name, true, out, cap, count);
}

int lrd_sf_list(struct lrd_field_view view, larder_slice name, struct lrd_sf_item *out,
		size_t cap, size_t *count)
{
	return read_field(view, name, false, out, cap, count);
}

bool lrd_sf_inner_next(larder_slice *rest, struct lrd_sf_item *out)
{
	larder_slice start;

	skip_blanks(rest, false);
	start = *rest;
	*out = (struct lrd_sf_item){ .kind = LRD_SF_BOOLEAN };
	if (rest->len == 0 || !read_bare(rest, out))
		return false;
	out->whole = between(start, *rest);
	return read_parameters(rest);
}

int lrd_sf_string(const struct lrd_sf_item *item, struct lrd_buf *out)
{
	size_t before = out->len;
	int rc = 0;

	if (item->kind != LRD_SF_STRING || item->text.len < 2)
		return LARDER_EINVAL;
	for (size_t i = 1; i + 1 < item->text.len && rc == 0; i++) {
		if (item->text.ptr[i] == '\\')
			i++;
		rc = lrd_buf_append_char(out, item->text.ptr[i]);
	}
	if (rc < 0)
		lrd_buf_truncate(out, before);
	return rc;
}
