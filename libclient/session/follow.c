/* SPDX-License-Identifier: MIT */
/* follow.c - from a redirect to the next request, under one larder_send. */
#include "session/follow.h"

#include "proto/bytes/slice.h"
#include "proto/http/iri.h"
#include "session/response.h"
#include "sys/error.h"
#include "transport/idn.h"

enum {
	LEAVE_MAX_BYTES = 64 * 1024, /* of a body that nobody wants */
	LEAVE_MAX_MS = 1000
};

void lrd_follow_begin(struct lrd_follow *follow, const larder_session *session,
		      const larder_request *theirs)
{
	const larder_options *options = &session->options;

	follow->rules = session->redirect;
	if (theirs->flags & LARDER_FOLLOW_ALL_METHODS)
		follow->rules.all_methods = true;
	if (theirs->flags & LARDER_FORWARD_CREDENTIALS)
		follow->rules.forward_credentials = true;
	follow->mode = theirs->redirect;
	if (follow->mode == LARDER_REDIRECT_DEFAULT)
		follow->mode = options->no_redirects ? LARDER_REDIRECT_MANUAL
						     : LARDER_REDIRECT_FOLLOW;
	follow->max =
		theirs->max_redirects ? theirs->max_redirects : options->max_redirects;
	follow->left = follow->max;
}

static int refuse(larder_session *session, const larder_response *response,
		  const char *text)
{
	char url[LRD_URL_TEXT_MAX];

	return lrd_error_set(&session->err, LARDER_EREDIRECT, LARDER_PHASE_FIRST_BYTE, 0,
			     NULL, "%s answered %u: %s",
			     lrd_url_text(larder_response_url(response), url),
			     (unsigned)larder_response_status(response), text);
}

/* RFC 9110 s10.2.2: a target without a fragment takes over the one of where it came from. */
static int keep_fragment(const struct lrd_uri *base, larder_slice reference,
			 struct lrd_buf *url)
{
	int rc;

	if (!(base->flags & LRD_URI_HAS_FRAGMENT) ||
	    lrd_slice_find(reference, '#') < reference.len)
		return 0;
	rc = lrd_buf_append_char(url, '#');
	return rc < 0 ? rc : lrd_buf_append_slice(url, base->fragment);
}

/* Servers send blanks and letters beyond ASCII: they are escaped, as in what users type. */
static int resolve(const struct lrd_uri *base, larder_slice location, struct lrd_buf *url,
		   const larder_allocator *mem)
{
	struct lrd_buf escaped;
	int rc = 0;

	lrd_buf_init(&escaped, LRD_REQUEST_HEAD_MAX, mem);
	if (!lrd_iri_is_uri(location)) {
		rc = lrd_iri_to_uri(location, lrd_idn_iri_host, NULL, &escaped);
		location = lrd_buf_slice(&escaped);
	}
	if (rc == 0)
		rc = lrd_uri_resolve(base, location, url);
	if (rc == 0)
		rc = keep_fragment(base, location, url);
	lrd_buf_release(&escaped);
	return rc;
}

int lrd_follow_where(struct lrd_follow *follow, larder_session *session,
		     const struct lrd_request *request, const larder_response *response,
		     struct lrd_buf *url)
{
	uint32_t status = larder_response_status(response);
	larder_slice location;
	struct lrd_uri base;
	int rc;

	if (follow->mode == LARDER_REDIRECT_MANUAL ||
	    !lrd_redirect_status(&follow->rules, status))
		return 0;
	if (follow->mode == LARDER_REDIRECT_ERROR)
		return refuse(session, response, "the request forbids redirects");
	if (!lrd_redirect_followed(&follow->rules, status, request->method))
		return 0;
	location = lrd_slice_trim(larder_response_field(response, "Location"));
	if (location.len == 0) {
		/* RFC 9110 s15.4.1: choices for the user to pick from. */
		if (status == 300)
			return 0;
		return refuse(session, response, "there is no Location to go to");
	}
	if (follow->left == 0)
		return refuse(session, response, "more redirects than max_redirects");
	lrd_buf_clear(url);
	rc = lrd_uri_parse(request->url, &base);
	if (rc == 0)
		rc = resolve(&base, location, url, session->mem);
	if (rc == LARDER_ENOMEM)
		return lrd_error_set(&session->err, rc, LARDER_PHASE_PREPARE, 0, NULL,
				     "follow a redirect: out of memory");
	if (rc < 0)
		return refuse(session, response, "its Location is malformed");
	return 1;
}

int lrd_follow_leave(larder_session *session, struct lrd_request *request,
		     larder_response *response)
{
	int rc = 0;

	if (response->source != LRD_SOURCE_WIRE)
		return 0;
	if (request->body_kind == LRD_REQUEST_CALLBACK && request->body_begun) {
		larder_slice body;

		if (lrd_exchange_held(response->exchange, &body))
			rc = lrd_request_hold(request, body);
	}
	if (rc < 0)
		return lrd_error_set(&session->err, rc, LARDER_PHASE_PREPARE, 0, NULL,
				     "follow a redirect: out of memory");
	lrd_exchange_leave(response->exchange, LEAVE_MAX_BYTES, LEAVE_MAX_MS);
	return 0;
}

struct drop {
	const struct lrd_redirect_rules *rules;
	struct lrd_redirect_step step;
};

static bool drops(larder_slice name, const void *ctx)
{
	const struct drop *drop = ctx;

	return lrd_redirect_drops(drop->rules, &drop->step, name);
}

int lrd_follow_turn(struct lrd_follow *follow, larder_session *session,
		    struct lrd_request *request, uint32_t status, larder_slice url)
{
	struct drop drop = { .rules = &follow->rules };
	struct lrd_uri before;
	bool known = lrd_uri_parse(request->url, &before) == 0;
	char text[LRD_URL_TEXT_MAX];
	int rc = lrd_request_retarget(request, url, &session->err);

	if (rc < 0)
		return lrd_error_set(&session->err, LARDER_EREDIRECT,
				     LARDER_PHASE_FIRST_BYTE, 0, NULL,
				     "redirect to \"%s\", which is no http or https URL "
				     "without a user",
				     lrd_url_text(url, text));
	drop.step.other_origin = !known || !lrd_uri_same_origin(&before, &request->uri);
	drop.step.to_get = lrd_redirect_to_get(&follow->rules, status, request->method);
	if (drop.step.to_get)
		lrd_request_to_get(request);
	drop.step.safe = lrd_slice_equal(request->method, LRD_SLICE("GET")) ||
			 lrd_slice_equal(request->method, LRD_SLICE("HEAD"));
	lrd_request_drop_fields(request, drops, &drop);
	follow->left--;
	return lrd_request_rewind(request, &session->err);
}
