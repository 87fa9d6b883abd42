/* SPDX-License-Identifier: MIT */
/* chunked.c - the chunked transfer coding, read while it arrives (RFC 9112 s7.1). */
#include "proto/http/chunked.h"

#include "proto/bytes/scan.h"
#include "proto/bytes/slice.h"
#include "proto/http/head.h"

/*
 *	SIZE -> [BLANK ->] [EXTENSION ->] SIZE_LF -> DATA -> DATA_CR -> DATA_LF -> SIZE ...
 *	                                     size 0 -> TRAILER ... -> DONE
 *	  any of them --fault--> FAILED
 */
enum {
	STATE_SIZE,
	STATE_BLANK,
	STATE_EXTENSION,
	STATE_SIZE_LF,
	STATE_DATA,
	STATE_DATA_CR,
	STATE_DATA_LF,
	STATE_TRAILER,
	STATE_DONE,
	STATE_FAILED,
};

void lrd_chunked_init(struct lrd_chunked *chunked, const struct lrd_chunked_limits *limits,
		      struct lrd_fields *trailers, const larder_allocator *allocator)
{
	*chunked = (struct lrd_chunked){ .limits = *limits, .trailers = trailers };
	lrd_buf_init(&chunked->line, limits->max_line, allocator);
}

void lrd_chunked_release(struct lrd_chunked *chunked)
{
	if (chunked)
		lrd_buf_release(&chunked->line);
}

bool lrd_chunked_done(const struct lrd_chunked *chunked)
{
	return chunked->state == STATE_DONE;
}

/* ---- size lines, byte by byte ------------------------------------------------------------ */

static int add_digit(struct lrd_chunked *chunked, int digit)
{
	if (chunked->left > (uint64_t)INT64_MAX >> 4)
		return LARDER_EPROTO;
	chunked->left = chunked->left << 4 | (uint64_t)digit;
	chunked->has_digit = true;
	return 0;
}

/* The byte behind a size, or behind blanks there. */
static int leave_size(struct lrd_chunked *chunked, char byte)
{
	if (!chunked->has_digit)
		return LARDER_EPROTO;
	if (byte == ';')
		chunked->state = STATE_EXTENSION;
	else if (lrd_is(byte, LRD_OWS))
		chunked->state = STATE_BLANK;
	else if (byte == '\r' && chunked->state == STATE_SIZE)
		chunked->state = STATE_SIZE_LF;
	else
		return LARDER_EPROTO;
	return 0;
}

static void end_size_line(struct lrd_chunked *chunked)
{
	chunked->state = chunked->left > 0 ? STATE_DATA : STATE_TRAILER;
	chunked->has_digit = false;
	chunked->line_bytes = 0;
}

/* Any state in which one byte decides. */
static int take_byte(struct lrd_chunked *chunked, char byte)
{
	int state = chunked->state;

	if (state != STATE_DATA_CR && state != STATE_DATA_LF) {
		if (++chunked->line_bytes > chunked->limits.max_line)
			return LARDER_ELIMIT;
	}
	if (state == STATE_BLANK || state == STATE_EXTENSION) {
		if (++chunked->extension_bytes > chunked->limits.max_extension_bytes)
			return LARDER_ELIMIT;
	}

	switch (state) {
	case STATE_SIZE: /* awaits a digit, or what ends the size */
		if (lrd_is(byte, LRD_HEX))
			return add_digit(chunked, lrd_hex_digit(byte));
		return leave_size(chunked, byte);
	case STATE_BLANK: /* awaits the ';' that alone permits blanks behind a size */
		return leave_size(chunked, byte);
	case STATE_EXTENSION: /* awaits the CR that ends the line */
		if (byte == '\r')
			chunked->state = STATE_SIZE_LF;
		else if (!lrd_is(byte, LRD_FIELD))
			return LARDER_EPROTO;
		return 0;
	case STATE_SIZE_LF: /* awaits the LF of a size line */
		if (byte != '\n')
			return LARDER_EPROTO;
		end_size_line(chunked);
		return 0;
	case STATE_DATA_CR: /* awaits the CR behind a chunk's bytes */
		chunked->state = STATE_DATA_LF;
		return byte == '\r' ? 0 : LARDER_EPROTO;
	default: /* STATE_DATA_LF: awaits its LF */
		chunked->state = STATE_SIZE;
		return byte == '\n' ? 0 : LARDER_EPROTO;
	}
}

/* ---- trailers ---------------------------------------------------------------------------- */

static int end_trailer_line(struct lrd_chunked *chunked, larder_slice line)
{
	larder_field field;
	int rc;

	if (line.len < 2 || line.ptr[line.len - 2] != '\r')
		return LARDER_EPROTO;
	line.len -= 2;
	if (line.len == 0) {
		chunked->state = STATE_DONE;
		return 0;
	}
	rc = lrd_field_line_parse(line, &field);
	if (rc < 0)
		return rc;
	if (++chunked->trailer_fields > chunked->limits.max_trailer_fields)
		return LARDER_ELIMIT;
	if (!chunked->trailers || !lrd_trailer_allowed(field.name))
		return 0;
	return lrd_fields_add(chunked->trailers, field.name, field.value);
}

/* Takes up to the end of a line. One that arrives in pieces is gathered first. */
static int take_trailer(struct lrd_chunked *chunked, larder_slice in, size_t *taken)
{
	size_t to_lf = lrd_slice_find(in, '\n');
	bool whole = to_lf < in.len;
	larder_slice line = lrd_slice_first(in, to_lf + whole);
	size_t max = chunked->limits.max_trailer_bytes;
	int rc;

	*taken = line.len;
	chunked->trailer_bytes += line.len;
	/* Two more for the empty line that ends the section, which every body has. */
	if (chunked->trailer_bytes > max && chunked->trailer_bytes - max > 2)
		return LARDER_ELIMIT;
	if (line.len > chunked->limits.max_line - chunked->line.len)
		return LARDER_ELIMIT;
	if (whole && chunked->line.len == 0)
		return end_trailer_line(chunked, line);

	rc = lrd_buf_append_slice(&chunked->line, line);
	if (rc < 0 || !whole)
		return rc;
	rc = end_trailer_line(chunked, lrd_buf_slice(&chunked->line));
	lrd_buf_clear(&chunked->line);
	return rc;
}

/*
 * RFC 9110 s6.5.1: what a recipient must have seen before the body has no meaning behind it,
 * and believing it there is how messages are smuggled.
 */
bool lrd_trailer_allowed(larder_slice name)
{
	static const larder_slice forbidden[] = {
		/* framing and the connection */
		LRD_SLICE_INIT("Transfer-Encoding"),
		LRD_SLICE_INIT("Connection"),
		LRD_SLICE_INIT("Keep-Alive"),
		LRD_SLICE_INIT("TE"),
		LRD_SLICE_INIT("Trailer"),
		LRD_SLICE_INIT("Upgrade"),
		LRD_SLICE_INIT("Via"),
		/* routing and request modifiers */
		LRD_SLICE_INIT("Host"),
		LRD_SLICE_INIT("Expect"),
		LRD_SLICE_INIT("Max-Forwards"),
		LRD_SLICE_INIT("Range"),
		LRD_SLICE_INIT("Forwarded"),
		LRD_SLICE_INIT("Origin"),
		/* who is asking, who may see it */
		LRD_SLICE_INIT("Authorization"),
		LRD_SLICE_INIT("Authentication-Info"),
		LRD_SLICE_INIT("WWW-Authenticate"),
		LRD_SLICE_INIT("Cookie"),
		LRD_SLICE_INIT("Set-Cookie"),
		/* control of the response */
		LRD_SLICE_INIT("Age"),
		LRD_SLICE_INIT("Cache-Control"),
		LRD_SLICE_INIT("CDN-Cache-Control"),
		LRD_SLICE_INIT("Cache-Status"),
		LRD_SLICE_INIT("Cache-Groups"),
		LRD_SLICE_INIT("Cache-Group-Invalidation"),
		LRD_SLICE_INIT("Clear-Site-Data"),
		LRD_SLICE_INIT("Date"),
		LRD_SLICE_INIT("ETag"),
		LRD_SLICE_INIT("Expires"),
		LRD_SLICE_INIT("Last-Modified"),
		LRD_SLICE_INIT("Location"),
		LRD_SLICE_INIT("Pragma"),
		LRD_SLICE_INIT("Refresh"),
		LRD_SLICE_INIT("Retry-After"),
		LRD_SLICE_INIT("Strict-Transport-Security"),
		LRD_SLICE_INIT("Vary"),
		LRD_SLICE_INIT("Warning"),
		LRD_SLICE_INIT("Accept-Ranges"),
	};
	static const larder_slice families[] = {
		LRD_SLICE_INIT("Content-"),        LRD_SLICE_INIT("If-"),
		LRD_SLICE_INIT("Proxy-"),          LRD_SLICE_INIT("X-Forwarded-"),
		LRD_SLICE_INIT("Access-Control-"),
	};
	size_t i;

	for (i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		if (lrd_slice_starts_nocase(name, families[i]))
			return false;
	}
	for (i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
		if (lrd_slice_equal_nocase(name, forbidden[i]))
			return false;
	}
	return true;
}

/* ---- the whole --------------------------------------------------------------------------- */

static larder_slice take_data(struct lrd_chunked *chunked, larder_slice in)
{
	if (in.len > chunked->left)
		in.len = (size_t)chunked->left;
	chunked->left -= in.len;
	if (chunked->left == 0)
		chunked->state = STATE_DATA_CR;
	return in;
}

ptrdiff_t lrd_chunked_read(struct lrd_chunked *chunked, larder_slice in,
			   larder_slice *piece)
{
	size_t at = 0;
	int rc = 0;

	*piece = lrd_slice_of("", 0);
	while (at < in.len && rc == 0) {
		larder_slice rest = lrd_slice_skip(in, at);
		size_t taken = 1;

		switch (chunked->state) {
		case STATE_DATA: /* awaits `left` bytes of the body */
			*piece = take_data(chunked, rest);
			return (ptrdiff_t)(at + piece->len);
		case STATE_TRAILER: /* awaits a trailer line, or the empty line at the end */
			rc = take_trailer(chunked, rest, &taken);
			break;
		case STATE_DONE:
			return (ptrdiff_t)at;
		case STATE_FAILED:
			return chunked->error;
		default:
			rc = take_byte(chunked, rest.ptr[0]);
			break;
		}
		at += taken;
	}
	if (rc < 0) {
		chunked->state = STATE_FAILED;
		chunked->error = rc;
		return rc;
	}
	return chunked->state == STATE_FAILED ? chunked->error : (ptrdiff_t)at;
}

/* ---- writing ----------------------------------------------------------------------------- */

int lrd_chunked_write_head(uint64_t size, struct lrd_buf *out)
{
	/* A chunk of no bytes would be the last one. */
	if (size == 0)
		return LARDER_EINVAL;
	return lrd_buf_appendf(out, "%llx\r\n", (unsigned long long)size);
}

int lrd_chunked_write_end(struct lrd_field_view trailers, struct lrd_buf *out)
{
	size_t start = out->len;
	size_t i;
	int rc;

	for (i = 0; i < trailers.count; i++) {
		if (!lrd_trailer_allowed(trailers.at[i].name))
			return LARDER_EINVAL;
	}
	rc = lrd_buf_append_cstr(out, "0\r\n");
	if (rc == 0)
		rc = lrd_head_write_fields(trailers, out);
	if (rc == 0)
		rc = lrd_buf_append_cstr(out, "\r\n");
	if (rc < 0)
		lrd_buf_truncate(out, start);
	return rc;
}
