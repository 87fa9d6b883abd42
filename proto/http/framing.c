/* SPDX-License-Identifier: MIT */
/* framing.c - where a message body ends (RFC 9112 s6.3). */
#include "proto/http/framing.h"

#include "proto/bytes/num.h"
#include "proto/bytes/slice.h"
#include "proto/http/list.h"

/* What the Transfer-Encoding fields say. */
struct codings {
	bool present;
	bool chunked_last;
	bool others;    /* a coding besides that one: gzip, identity, ... */
	bool malformed; /* no coding at all, or chunked more than once */
};

static struct codings read_codings(struct lrd_field_view fields)
{
	static const larder_slice name = LRD_SLICE_INIT("Transfer-Encoding");
	struct codings out = { .present = lrd_view_has(fields, name) };
	struct lrd_list list;
	larder_slice member;
	unsigned chunked = 0;

	lrd_list_init(&list, fields, name);
	while (lrd_list_next(&list, &member)) {
		out.chunked_last = lrd_slice_equal_nocase(member, LRD_SLICE("chunked"));
		if (out.chunked_last)
			chunked++;
		else
			out.others = true;
	}
	out.malformed = out.present && (chunked > 1 || (chunked == 0 && !out.others));
	return out;
}

int lrd_content_length(struct lrd_field_view fields, uint64_t *length)
{
	larder_slice value;
	uint64_t number;
	int rc;

	rc = lrd_view_single(fields, LRD_SLICE("Content-Length"), &value);
	if (rc <= 0)
		return rc;
	/* "5, 5" is no number either: two readers may pick different ones, even when equal. */
	if (lrd_u64_parse(value, &number) < 0 || number > INT64_MAX)
		return LARDER_EPROTO;
	*length = number;
	return 1;
}

bool lrd_framing_persistent(int minor, struct lrd_field_view fields)
{
	if (lrd_list_has(fields, LRD_SLICE("Connection"), LRD_SLICE("close")))
		return false;
	return minor >= 1 ||
	       lrd_list_has(fields, LRD_SLICE("Connection"), LRD_SLICE("keep-alive"));
}

/*
 * The body that Transfer-Encoding describes. HTTP/1.0 knows no such field: its sender, or an
 * intermediary, has the framing wrong (RFC 9112 s6.1).
 */
static struct lrd_framing of_codings(const struct codings *codings, int minor,
				     bool persistent)
{
	struct lrd_framing out = {
		.kind = LRD_BODY_UNTIL_CLOSE,
		.opaque = codings->others || minor < 1,
	};

	if (codings->chunked_last) {
		out.kind = LRD_BODY_CHUNKED;
		out.reusable = persistent && minor >= 1;
	}
	return out;
}

/* A response without a body. Is there nothing about it over which readers may disagree? */
static bool empty_is_plain(int status, const struct codings *codings, int length_rc,
			   uint64_t length, int minor)
{
	bool forbidden = status < 200 || status == 204;

	if (length_rc < 0 || codings->malformed || (codings->present && length_rc > 0))
		return false;
	if (codings->present && (minor < 1 || forbidden))
		return false;
	return !(forbidden && length_rc > 0 && length > 0);
}

int lrd_framing_response(larder_slice method, int minor, int status,
			 struct lrd_field_view fields, struct lrd_framing *out)
{
	struct codings codings = read_codings(fields);
	bool persistent = lrd_framing_persistent(minor, fields);
	uint64_t length = 0;
	int length_rc = lrd_content_length(fields, &length);

	if (status == 101 ||
	    (status / 100 == 2 && lrd_slice_equal(method, LRD_SLICE("CONNECT")))) {
		*out = (struct lrd_framing){ .kind = LRD_BODY_TUNNEL };
		return 0;
	}
	if (status < 200 || status == 204 || status == 304 ||
	    lrd_slice_equal(method, LRD_SLICE("HEAD"))) {
		*out = (struct lrd_framing){
			.kind = LRD_BODY_NONE,
			.reusable = persistent && empty_is_plain(status, &codings,
								 length_rc, length, minor),
		};
		return 0;
	}

	if (length_rc < 0)
		return length_rc;
	if (codings.present) {
		if (length_rc > 0 || codings.malformed)
			return LARDER_EPROTO;
		*out = of_codings(&codings, minor, persistent);
		return 0;
	}
	*out = (struct lrd_framing){
		.kind = length_rc > 0 ? LRD_BODY_LENGTH : LRD_BODY_UNTIL_CLOSE,
		.length = length,
		.reusable = length_rc > 0 && persistent,
	};
	return 0;
}

int lrd_framing_request(int minor, struct lrd_field_view fields, struct lrd_framing *out)
{
	struct codings codings = read_codings(fields);
	bool persistent = lrd_framing_persistent(minor, fields);
	uint64_t length = 0;
	int length_rc = lrd_content_length(fields, &length);

	if (length_rc < 0)
		return length_rc;
	if (codings.present) {
		/* No client can close to end a request: the end must be told by chunked. */
		if (length_rc > 0 || codings.malformed || !codings.chunked_last ||
		    minor < 1)
			return LARDER_EPROTO;
		*out = of_codings(&codings, minor, persistent);
		return 0;
	}
	*out = (struct lrd_framing){
		.kind = length_rc > 0 ? LRD_BODY_LENGTH : LRD_BODY_NONE,
		.length = length,
		.reusable = persistent,
	};
	return 0;
}
