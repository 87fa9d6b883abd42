/* SPDX-License-Identifier: MIT */
/* response.c - one object for responses from the store, from the wire and made here. */
#include "session/response.h"

#include <string.h>

#include "proto/bytes/alloc.h"
#include "proto/bytes/slice.h"
#include "proto/http/fields.h"
#include "proto/http/uri.h"
#include "sys/error.h"

enum {
	URL_MAX = 1024 * 1024,
	REASON_MAX = 8 * 1024,
	GATHER_STEP = 1024 * 1024, /* what an announced length is trusted with */
	GATHER_MIN = 16 * 1024
};

/* What larder_response_body() holds at most unless max_body_bytes says otherwise. */
static const uint64_t gather_max = (uint64_t)2 * 1024 * 1024 * 1024;

/* ---- life -------------------------------------------------------------------------------- */

int lrd_response_new(larder_session *session, larder_slice url, larder_response **ret)
{
	larder_response *response = session->spare_response;
	int rc;

	if (response) {
		session->spare_response = NULL;
	} else {
		response = lrd_alloc_zero(session->mem, sizeof(*response));
		if (!response)
			return LARDER_ENOMEM;
		lrd_buf_init(&response->url, URL_MAX, session->mem);
		lrd_buf_init(&response->whole, 0, session->mem);
		lrd_buf_init(&response->content_location, URL_MAX, session->mem);
		lrd_buf_init(&response->reason, REASON_MAX, session->mem);
	}
	rc = lrd_buf_append_slice(&response->url, url);
	if (rc < 0) {
		lrd_response_drop(session, response);
		return rc;
	}
	response->session = session;
	response->source = LRD_SOURCE_NONE;
	response->gathered = false;
	response->fetched = false;
	response->read_at = 0;
	response->pulled = 0;
	response->previous = NULL;
	response->may_decode = false;
	response->decoding_begun = false;
	response->decoding.on = false;
	response->status = 0;
	response->local_field_count = 0;
	lrd_session_ref(session);
	*ret = response;
	return 0;
}

void lrd_response_drop(larder_session *session, larder_response *response)
{
	if (!response)
		return;
	lrd_buf_release(&response->url);
	lrd_buf_release(&response->whole);
	lrd_buf_release(&response->content_location);
	lrd_buf_release(&response->reason);
	lrd_alloc_free(session->mem, response);
}

/* Everything of one response, but not those that led to it. */
static void free_one(larder_response *response)
{
	larder_session *session = response->session;

	if (response->decoding_begun)
		lrd_decoding_release(&response->decoding, session->mem);
	lrd_exchange_put(response->exchange);
	response->exchange = NULL;
	larder_plan_free(response->plan);
	response->plan = NULL;
	lrd_early_release(&response->early);
	lrd_buf_clear(&response->url);
	lrd_buf_release(&response->whole);
	lrd_buf_clear(&response->content_location);
	lrd_buf_clear(&response->reason);
	if (response->err.code)
		lrd_error_clear(&response->err);
	if (session->spare_response)
		lrd_response_drop(session, response);
	else
		session->spare_response = response;
	lrd_session_unref(session);
}

void larder_response_free(larder_response *response)
{
	while (response) {
		larder_response *previous = response->previous;

		free_one(response);
		response = previous;
	}
}

/* ---- the head ---------------------------------------------------------------------------- */

uint32_t larder_response_status(const larder_response *response)
{
	if (response->status)
		return response->status;
	switch (response->source) {
	case LRD_SOURCE_STORE:
		return larder_plan_status(response->plan);
	case LRD_SOURCE_WIRE:
		return (uint32_t)response->exchange->head.status;
	default:
		return LRD_STATUS_REFUSED;
	}
}

uint32_t larder_response_version(const larder_response *response)
{
	switch (response->source) {
	case LRD_SOURCE_STORE:
		return larder_plan_version(response->plan);
	case LRD_SOURCE_WIRE:
		return response->exchange->head.minor ? 11 : 10;
	default:
		return 11;
	}
}

larder_slice larder_response_reason(const larder_response *response)
{
	if (response->status)
		return lrd_buf_slice(&response->reason);
	switch (response->source) {
	case LRD_SOURCE_STORE:
		return larder_plan_reason(response->plan);
	case LRD_SOURCE_WIRE:
		return response->exchange->head.reason;
	default:
		return LRD_SLICE("Gateway Timeout");
	}
}

larder_slice larder_response_url(const larder_response *response)
{
	return lrd_buf_slice(&response->url);
}

const larder_field *larder_response_fields(const larder_response *response, size_t *count)
{
	struct lrd_field_view view;

	switch (response->source) {
	case LRD_SOURCE_STORE:
		return larder_plan_fields(response->plan, count);
	case LRD_SOURCE_WIRE:
		view = lrd_fields_view(&response->exchange->head.fields);
		*count = view.count;
		return view.at;
	default:
		*count = response->local_field_count;
		return *count ? response->local_fields : NULL;
	}
}

larder_slice larder_response_field(const larder_response *response, const char *name)
{
	larder_slice value = { NULL, 0 };
	size_t count = 0;
	const larder_field *fields = larder_response_fields(response, &count);

	(void)lrd_view_get(lrd_view_of(fields, count), lrd_slice_cstr(name), &value);
	return value;
}

static struct lrd_field_view view_of(const larder_response *response)
{
	size_t count = 0;
	const larder_field *fields = larder_response_fields(response, &count);

	return lrd_view_of(fields, count);
}

/* The server's own, which may be relative, as an absolute URL. */
static int make_content_location(const larder_response *response, larder_slice value,
				 struct lrd_buf *out)
{
	struct lrd_uri base;
	int rc = lrd_uri_parse(larder_response_url(response), &base);

	return rc < 0 ? rc : lrd_uri_resolve(&base, value, out);
}

larder_slice larder_response_content_location(const larder_response *response)
{
	/* Asking changes nothing that can be seen: the text is made once and kept. */
	struct lrd_buf *text = (struct lrd_buf *)&response->content_location;
	larder_slice value;

	if (text->len)
		return lrd_buf_slice(text);
	if (!lrd_view_get(view_of(response), LRD_SLICE("Content-Location"), &value) ||
	    make_content_location(response, lrd_slice_trim(value), text) < 0)
		return larder_response_url(response);
	return lrd_buf_slice(text);
}

const larder_response *larder_response_previous(const larder_response *response,
						size_t index)
{
	const larder_response *at = response->previous;
	size_t count = 0;

	for (const larder_response *one = at; one; one = one->previous)
		count++;
	if (index >= count)
		return NULL;
	/* The list begins with the last one. */
	for (size_t i = count - 1; i > index; i--)
		at = at->previous;
	return at;
}

const larder_field *larder_response_interim(const larder_response *response, size_t index,
					    uint32_t *status, size_t *count)
{
	const struct lrd_early *early = &response->early;

	*status = 0;
	*count = 0;
	if (index >= early->count)
		return NULL;
	*status = early->at[index].status;
	*count = early->at[index].count;
	return lrd_fields_view(&early->fields).at + early->at[index].from;
}

const larder_field *larder_response_trailers(const larder_response *response,
					     size_t *count)
{
	const struct lrd_exchange *ex = response->exchange;
	struct lrd_field_view view = { NULL, 0 };

	if (response->source == LRD_SOURCE_WIRE && ex->body.ended)
		view = lrd_fields_view(&ex->body.trailers);
	*count = view.count;
	return view.count ? view.at : NULL;
}

const larder_error *larder_response_error(const larder_response *response)
{
	return &response->err;
}

/* ---- the body ---------------------------------------------------------------------------- */

/* A response to which content codings of a whole body apply. */
static bool has_whole_body(const larder_response *response)
{
	uint32_t status = larder_response_status(response);

	return response->may_decode && status >= 200 && status != 204 && status != 206 &&
	       status != 304;
}

larder_slice larder_response_coding(const larder_response *response)
{
	larder_slice value = { NULL, 0 };
	struct lrd_codings codings;

	if (!has_whole_body(response) ||
	    !lrd_view_get(view_of(response), LRD_SLICE("Content-Encoding"), &value))
		return (larder_slice){ NULL, 0 };
	if (lrd_codings_read(view_of(response), &codings) < 0 || codings.count == 0)
		value = (larder_slice){ NULL, 0 };
	return value;
}

static int64_t raw_length(const larder_response *response)
{
	switch (response->source) {
	case LRD_SOURCE_STORE:
		return (int64_t)larder_plan_body_length(response->plan);
	case LRD_SOURCE_WIRE:
		return lrd_body_length(&response->exchange->body);
	default:
		return 0;
	}
}

int64_t larder_response_length(const larder_response *response)
{
	if (response->fetched)
		return (int64_t)response->whole.len;
	if (!larder_response_coding(response).ptr)
		return raw_length(response);
	return response->decoding_begun && response->decoding.ended
		       ? (int64_t)response->pulled
		       : -1;
}

static ptrdiff_t read_stored(larder_response *response, void *buf, size_t len)
{
	char url[LRD_URL_TEXT_MAX];
	ptrdiff_t n = larder_plan_read(response->plan, buf, len);

	if (n < 0)
		lrd_error_set(&response->err, (int)n, LARDER_PHASE_STORE, 0, NULL,
			      "stored body of %s: %s after %llu of %llu bytes",
			      lrd_url_text(larder_response_url(response), url),
			      larder_strerror((int)n),
			      (unsigned long long)response->pulled,
			      (unsigned long long)larder_plan_body_length(response->plan));
	return n;
}

/* The body as it came. */
static ptrdiff_t read_raw(void *buf, size_t len, void *ctx)
{
	larder_response *response = ctx;

	if (response->source == LRD_SOURCE_STORE)
		return read_stored(response, buf, len);
	if (response->source == LRD_SOURCE_WIRE)
		return lrd_exchange_pull(response->exchange, buf, len, &response->err);
	return 0;
}

static int bad_coding(larder_response *response, int rc)
{
	const char *reason = lrd_decoding_reason(&response->decoding);
	char url[LRD_URL_TEXT_MAX];

	/* Where the bytes did not come at all the error is there already. */
	if (response->err.code)
		return rc;
	return lrd_error_set(&response->err, rc, LARDER_PHASE_BODY, 0, NULL,
			     "decode the body of %s: %s",
			     lrd_url_text(larder_response_url(response), url),
			     *reason ? reason : larder_strerror(rc));
}

/* Looks once for codings to take off. */
static int begin_decoding(larder_response *response)
{
	larder_slice whole = { NULL, 0 };
	int rc;

	if (response->decoding_begun || !has_whole_body(response))
		return 0;
	if (response->source == LRD_SOURCE_STORE)
		whole = larder_plan_body(response->plan);
	rc = lrd_decoding_begin(&response->decoding, view_of(response), whole,
				&response->session->coding, response->session->mem);
	if (rc < 0)
		return bad_coding(response, rc);
	response->decoding_begun = true;
	/* What does not decode is not stored for others to fail on. */
	if (response->source == LRD_SOURCE_WIRE)
		response->exchange->hold = response->decoding.on;
	return 0;
}

static ptrdiff_t read_decoded(larder_response *response, void *buf, size_t len)
{
	ptrdiff_t n = lrd_decoding_read(&response->decoding, buf, len, read_raw, response);

	if (n < 0)
		return bad_coding(response, (int)n);
	if (n == 0 && response->source == LRD_SOURCE_WIRE)
		lrd_exchange_commit(response->exchange);
	return n;
}

static ptrdiff_t read_fetched(larder_response *response, void *buf, size_t len)
{
	larder_slice rest =
		lrd_slice_skip(lrd_buf_slice(&response->whole), response->read_at);

	if (len > rest.len)
		len = rest.len;
	if (len)
		memcpy(buf, rest.ptr, len);
	response->read_at += len;
	return (ptrdiff_t)len;
}

ptrdiff_t larder_response_read(larder_response *response, void *buf, size_t len)
{
	ptrdiff_t n;
	int rc;

	if (len && !buf)
		return lrd_error_set(&response->err, LARDER_EINVAL, LARDER_PHASE_PREPARE,
				     0, NULL, "nowhere to read the body to");
	if (len > PTRDIFF_MAX)
		len = PTRDIFF_MAX;
	if (response->fetched)
		return read_fetched(response, buf, len);
	if (len == 0 || response->gathered)
		return 0;
	rc = begin_decoding(response);
	if (rc < 0)
		return rc;
	if (response->decoding_begun && response->decoding.on)
		n = read_decoded(response, buf, len);
	else
		n = read_raw(buf, len, response);
	if (n > 0)
		response->pulled += (uint64_t)n;
	return n;
}

/* Room for the next piece: all that is announced, but no more at once than a step. */
static int make_room(larder_response *response)
{
	struct lrd_buf *whole = &response->whole;
	int64_t length = larder_response_length(response);
	size_t more = whole->len < GATHER_MIN ? GATHER_MIN : whole->len;

	if (lrd_buf_room(whole) > 0)
		return 0;
	if (length >= 0) {
		uint64_t left = (uint64_t)length - response->pulled;

		/* One byte more: the read that meets the end has somewhere to look. */
		more = left < GATHER_STEP ? (size_t)left + 1 : GATHER_STEP;
	}
	if (more > whole->max - whole->len)
		more = whole->max - whole->len;
	return more ? lrd_buf_reserve(whole, more) : LARDER_ELIMIT;
}

static int gather(larder_response *response)
{
	struct lrd_buf *whole = &response->whole;
	char url[LRD_URL_TEXT_MAX];
	ptrdiff_t n;
	int rc;

	do {
		rc = make_room(response);
		if (rc < 0)
			return lrd_error_set(
				&response->err, rc, LARDER_PHASE_BODY, 0, NULL,
				"body of %s: %s after %llu bytes; read it in pieces "
				"with larder_response_read",
				lrd_url_text(larder_response_url(response), url),
				larder_strerror(rc), (unsigned long long)whole->len);
		n = larder_response_read(response, whole->ptr + whole->len,
					 lrd_buf_room(whole));
		if (n > 0)
			lrd_buf_commit(whole, (size_t)n);
	} while (n > 0);
	return (int)n;
}

int larder_response_body(larder_response *response, larder_slice *out)
{
	uint64_t max = response->session->options.max_body_bytes;
	larder_slice body = { NULL, 0 };
	int rc;

	if (response->fetched) {
		*out = lrd_slice_skip(lrd_buf_slice(&response->whole), response->read_at);
		return 0;
	}
	rc = begin_decoding(response);
	if (rc < 0)
		return rc;
	if (!response->gathered && response->source == LRD_SOURCE_STORE &&
	    !response->pulled && !response->decoding.on) {
		/* In memory already: no copy, and nothing to gather. */
		body = larder_plan_body(response->plan);
		if (body.ptr) {
			*out = body;
			return 0;
		}
	}
	if (!response->gathered) {
		lrd_buf_release(&response->whole);
		lrd_buf_init(&response->whole,
			     (size_t)(max && max < gather_max ? max + 1 : gather_max),
			     response->session->mem);
		rc = gather(response);
		if (rc < 0) {
			lrd_buf_release(&response->whole);
			return rc;
		}
		response->gathered = true;
	}
	*out = lrd_buf_slice(&response->whole);
	return 0;
}
