/* SPDX-License-Identifier: MIT */
/* response.c - one object for responses from the store, from the wire and made here. */
#include "session/response.h"

#include <string.h>

#include "proto/bytes/alloc.h"
#include "proto/bytes/slice.h"
#include "proto/http/fields.h"
#include "sys/error.h"

enum {
	URL_MAX = 1024 * 1024,
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
	}
	rc = lrd_buf_append_slice(&response->url, url);
	if (rc < 0) {
		lrd_response_drop(session, response);
		return rc;
	}
	response->session = session;
	response->source = LRD_SOURCE_NONE;
	response->gathered = false;
	response->pulled = 0;
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
	lrd_alloc_free(session->mem, response);
}

void larder_response_free(larder_response *response)
{
	larder_session *session;

	if (!response)
		return;
	session = response->session;
	lrd_exchange_put(response->exchange);
	response->exchange = NULL;
	larder_plan_free(response->plan);
	response->plan = NULL;
	lrd_buf_clear(&response->url);
	lrd_buf_release(&response->whole);
	if (response->err.code)
		lrd_error_clear(&response->err);
	if (session->spare_response)
		lrd_response_drop(session, response);
	else
		session->spare_response = response;
	lrd_session_unref(session);
}

/* ---- the head ---------------------------------------------------------------------------- */

uint32_t larder_response_status(const larder_response *response)
{
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
		*count = 0;
		return NULL;
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

const larder_error *larder_response_error(const larder_response *response)
{
	return &response->err;
}

/* ---- the body ---------------------------------------------------------------------------- */

int64_t larder_response_length(const larder_response *response)
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

ptrdiff_t larder_response_read(larder_response *response, void *buf, size_t len)
{
	ptrdiff_t n = 0;

	if (len && !buf)
		return lrd_error_set(&response->err, LARDER_EINVAL, LARDER_PHASE_PREPARE,
				     0, NULL, "nowhere to read the body to");
	if (len > PTRDIFF_MAX)
		len = PTRDIFF_MAX;
	if (len == 0 || response->gathered)
		return 0;
	if (response->source == LRD_SOURCE_STORE)
		n = read_stored(response, buf, len);
	else if (response->source == LRD_SOURCE_WIRE)
		n = lrd_exchange_pull(response->exchange, buf, len, &response->err);
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

	if (!response->gathered && response->source == LRD_SOURCE_STORE &&
	    !response->pulled) {
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
