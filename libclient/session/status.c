/* SPDX-License-Identifier: MIT */
/* status.c - responses that stand for errors, for callers who want no errors. */
#include "session/status.h"

#include <string.h>

#include "policy/why.h"
#include "proto/bytes/slice.h"
#include "session/response.h"
#include "sys/error.h"

static int force(larder_response *response, uint32_t status, const char *reason)
{
	lrd_buf_clear(&response->reason);
	response->status = status;
	return lrd_buf_append_cstr(&response->reason, reason);
}

/* A body of our own. */
static int set_body(larder_response *response, larder_slice body)
{
	larder_session *session = response->session;
	int rc;

	lrd_buf_release(&response->whole);
	lrd_buf_init(&response->whole, body.len + 1, session->mem);
	rc = lrd_buf_append_slice(&response->whole, body);
	response->fetched = true;
	response->read_at = 0;
	return rc;
}

static int make_local(larder_response *response, const larder_error *error)
{
	bool late = error->code == LARDER_ETIMEDOUT;
	const char *text = late ? "Request Timeout" : error->message;
	int rc = force(response, late ? 408 : 400,
		       late ? "Request Timeout" : "Bad Request");

	response->source = LRD_SOURCE_LOCAL;
	if (rc == 0)
		rc = set_body(response, lrd_slice_cstr(text));
	response->local_fields[0] =
		(larder_field){ LRD_SLICE("content-type"), LRD_SLICE("text/plain") };
	response->local_fields[1] = (larder_field){
		LRD_SLICE("content-length"),
		{ response->local_length,
		  lrd_i64_format((int64_t)response->whole.len, response->local_length) }
	};
	response->local_field_count = 2;
	return rc;
}

int lrd_status_answer(larder_session *session, larder_slice url, larder_response **out)
{
	larder_response *response = session->refused;
	int rc;

	if (session->err.code == LARDER_EREDIRECT && response) {
		session->refused = NULL;
		rc = force(response, 500, session->err.message);
		if (rc == 0)
			*out = response;
		else
			larder_response_free(response);
		return rc;
	}
	response = NULL;
	rc = lrd_response_new(session, url, &response);
	if (rc == 0)
		rc = make_local(response, &session->err);
	if (rc < 0) {
		larder_response_free(response);
		return rc;
	}
	response->served = (larder_served){ .how = LARDER_HOW_BYPASS,
					    .why = LRD_WHY_CACHE_OFF,
					    .age_s = -1,
					    .ttl_s = INT64_MIN };
	*out = response;
	return 0;
}

int lrd_status_fetch(larder_session *session, larder_response **response)
{
	larder_response *is = *response;
	larder_response *other = NULL;
	larder_slice body;
	int rc = larder_response_body(is, &body);

	if (rc == 0) {
		/* What lies in the plan's memory stays there; what was gathered is read from. */
		if (!is->gathered)
			return 0;
		is->fetched = true;
		return 0;
	}
	if (rc == LARDER_ECODING) {
		rc = force(is, 500, is->err.message);
		return rc < 0 ? rc : set_body(is, LRD_SLICE(""));
	}
	session->err = is->err;
	rc = lrd_status_answer(session, larder_response_url(is), &other);
	if (rc < 0)
		return rc;
	other->previous = is->previous;
	is->previous = NULL;
	larder_response_free(is);
	*response = other;
	return 0;
}
