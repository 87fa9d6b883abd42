/* SPDX-License-Identifier: MIT */
/*
 * send.c - a request's way: ask the cache, then the origin where the cache says so.
 *
 * A hit ends after the first question: no URL is taken apart, nothing is formatted and no
 * system call is made here before the plan says LARDER_FETCH.
 */
#include <larder/larder.h>

#include "proto/bytes/hex.h"
#include "proto/bytes/slice.h"
#include "session/access.h"
#include "session/compat.h"
#include "session/control.h"
#include "session/exchange.h"
#include "session/follow.h"
#include "session/lost_update.h"
#include "session/options.h"
#include "session/refresh.h"
#include "session/request.h"
#include "session/response.h"
#include "session/session.h"
#include "session/status.h"
#include "session/trace.h"
#include "sys/clock.h"
#include "sys/error.h"

/* One larder_send under way. */
struct send {
	larder_session *session;
	struct lrd_request request;
	struct lrd_follow follow;
	larder_response *response; /* of the request under way; those before hang on it */
	struct lrd_buf url;        /* where a redirect leads */
	struct lrd_buf if_match;
};

/* What stands for session credentials where the caller says whose answers these are. */
static larder_field stand_in(const unsigned char *identity, size_t len,
			     char text[2 * LRD_IDENTITY_MAX + 1])
{
	lrd_hex_format(identity, len, text);
	return (larder_field){ LRD_SLICE("Authorization"), { text, 2 * len } };
}

static int look_up(struct send *send, const larder_lookup *lookup)
{
	larder_session *session = send->session;
	larder_plan **plan = &send->response->plan;
	char url[LRD_URL_TEXT_MAX];
	int rc;

	lrd_buf_clear(&send->if_match);
	if (lrd_lost_update_tag(session, &send->request, lookup, &send->if_match) < 0)
		lrd_buf_clear(&send->if_match);
	if (session->options.compat && lrd_compat_lookup(session, lookup, plan) > 0)
		return 0;
	rc = larder_cache_lookup(session->cache, lookup, plan);
	if (rc == LARDER_EURL)
		return lrd_error_set(
			&session->err, rc, LARDER_PHASE_PREPARE, 0, NULL,
			"URL \"%s\" is no absolute http or https URL (RFC 3986)",
			lrd_url_text(lookup->url, url));
	if (rc < 0)
		return lrd_error_set(&session->err, rc, LARDER_PHASE_PREPARE, 0, NULL,
				     "look up %s: %s", lrd_url_text(lookup->url, url),
				     larder_strerror(rc));
	return 0;
}

/* With credentials in the session: they are part of who asks. */
static int look_up_as(struct send *send, larder_lookup *lookup)
{
	struct lrd_request *request = &send->request;
	unsigned char identity[LRD_IDENTITY_MAX];
	char text[2 * LRD_IDENTITY_MAX + 1];
	size_t count = request->field_count;
	ptrdiff_t len = lrd_access_identity(send->session, request, identity,
					    sizeof(identity), &send->session->err);

	if (len < 0)
		return (int)len;
	lookup->identity = lrd_slice_of((const char *)identity, (size_t)len);
	/* A shared cache must know that it is not anybody who asks (RFC 9111 s3.5). */
	if (len > 0 && request->partition && !request->own_auth &&
	    count + 2 <= request->line_room) {
		request->lines[1 + count] = stand_in(identity, (size_t)len, text);
		lookup->field_count = count + 1;
	}
	return look_up(send, lookup);
}

/* Longer than a waiting exchange is silent towards its plan, see LRD_EXCHANGE_KEEP_MS. */
enum { LEASE_MS = 5000, WAIT_MS = 30000 };

static uint32_t wait_ms(const struct lrd_request *request)
{
	uint32_t total_ms = request->total_timeout_ms;

	return total_ms && total_ms < WAIT_MS ? total_ms : WAIT_MS;
}

/* Another fetches the same response: what it stores is ours too. Waiting is on our time. */
static int wait_for_other(const larder_session *session, struct lrd_request *request,
			  larder_plan *plan, larder_error *err)
{
	int rc;

	if (!request->deadline_ns)
		request->deadline_ns = lrd_wait_deadline(0, request->total_timeout_ms);
	rc = lrd_control_plan_wait(session, plan);
	return rc < 0 ? lrd_error_set(err, rc, LARDER_PHASE_WAIT, 0, NULL,
				      "wait for another's response: %s",
				      larder_strerror(rc))
		      : 0;
}

/* The cache's verdict on the request; its plan goes to the response. */
static int ask_cache(struct send *send, enum larder_verdict *verdict)
{
	const larder_session *session = send->session;
	const struct lrd_request *request = &send->request;
	larder_lookup lookup = LARDER_LOOKUP_INIT;
	int rc;

	if (!session->cache) {
		*verdict = request->mode == LARDER_MODE_ONLY_IF_CACHED ? LARDER_REFUSE
								       : LARDER_FETCH;
		return 0;
	}
	lookup.method = request->method;
	lookup.url = request->url;
	lookup.fields = request->fields;
	lookup.field_count = request->field_count;
	lookup.partition = request->partition;
	lookup.mode = request->mode;
	/* A QUERY asks by its content; one that streams is not known in time (RFC 10008). */
	if (request->body_kind == LRD_REQUEST_MEMORY)
		lookup.content = request->body.ptr ? request->body : LRD_SLICE("");
	lookup.can_wait = 1;
	lookup.wait_ms = wait_ms(request);
	lookup.lease_ms = LEASE_MS;
	if (session->credentials || session->access || session->proxies.has_identity) {
		rc = look_up_as(send, &lookup);
	} else {
		/* Who we are is not known in the background. */
		lookup.can_refresh = !request->transport &&
				     lrd_refresh_possible(session, request->url);
		rc = look_up(send, &lookup);
	}
	if (rc == 0 && larder_plan_verdict(send->response->plan) == LARDER_WAIT)
		rc = wait_for_other(session, &send->request, send->response->plan,
				    &send->session->err);
	if (rc < 0)
		return rc;
	*verdict = larder_plan_verdict(send->response->plan);
	if (*verdict == LARDER_SERVE && larder_plan_served(send->response->plan)->refresh)
		lrd_refresh_start(send->session, send->response->plan);
	return 0;
}

/*
 * Did the way to the origin fail, so that something stored may stand in (RFC 9111 s4.2.4)? A
 * certificate that is not trusted is no outage: whoever shows it wants to be noticed.
 */
static bool origin_failed(int rc)
{
	switch (rc) {
	case LARDER_ERESOLVE:
	case LARDER_ECONNECT:
	case LARDER_ECLOSED:
	case LARDER_ETIMEDOUT:
	case LARDER_ETLS:
	case LARDER_EPROTO:
		return true;
	default:
		return false;
	}
}

static int ask_origin(struct send *send)
{
	larder_session *session = send->session;
	larder_response *response = send->response;
	int rc = lrd_exchange_take(session, &response->exchange);

	if (rc < 0)
		return lrd_error_set(&session->err, rc, LARDER_PHASE_PREPARE, 0, NULL,
				     "make a connection: out of memory");
	rc = lrd_wake_arm(&session->wake);
	if (rc < 0)
		return lrd_error_set(&session->err, rc, LARDER_PHASE_PREPARE, 0, NULL,
				     "make a descriptor that a cancellation can wake");
	lrd_exchange_begin(response->exchange, &send->request, response->plan,
			   larder_response_url(response), &session->err);
	response->exchange->early = &response->early;
	response->exchange->wake_fd = rc;
	response->exchange->if_match = lrd_buf_slice(&send->if_match);
	rc = lrd_exchange_run(response->exchange);
	if (rc == 0 && response->exchange->outcome == LRD_OUTCOME_PASS) {
		response->source = LRD_SOURCE_WIRE;
		return 0;
	}
	lrd_exchange_put(response->exchange);
	response->exchange = NULL;
	if (rc < 0) {
		if (!response->plan || !origin_failed(rc) ||
		    larder_plan_fail(response->plan, rc) < 0 ||
		    larder_plan_verdict(response->plan) != LARDER_SERVE)
			return rc;
	}
	response->source = LRD_SOURCE_STORE;
	return 0;
}

static int answer(struct send *send)
{
	larder_response *response = send->response;
	enum larder_verdict verdict = LARDER_FETCH;
	int rc;

	response->may_decode = !send->request.no_decode &&
			       !lrd_slice_equal(send->request.method, LRD_SLICE("HEAD"));
	if (send->session->watch)
		lrd_trace_begin(send->session, &send->request);
	rc = ask_cache(send, &verdict);
	if (rc < 0)
		return rc;
	if (send->session->watch && response->plan)
		lrd_trace_plan(send->session, response->plan);
	if (verdict == LARDER_SERVE)
		response->source = LRD_SOURCE_STORE;
	else if (verdict == LARDER_REFUSE)
		response->source = LRD_SOURCE_LOCAL;
	else
		rc = ask_origin(send);
	if (rc == 0 && !response->plan)
		lrd_served_without_plan(response);
	return rc;
}

/* A response for the request under way, in front of those before it. */
static int new_response(struct send *send)
{
	larder_session *session = send->session;
	larder_response *response = NULL;
	int rc = lrd_response_new(session, send->request.url, &response);

	if (rc < 0)
		return lrd_error_set(&session->err, rc, LARDER_PHASE_PREPARE, 0, NULL,
				     "make a response: %s", larder_strerror(rc));
	response->previous = send->response;
	send->response = response;
	return 0;
}

/* The response leads elsewhere: makes the next one, whose URL is the request's from now on. */
static int turn(struct send *send)
{
	larder_response *from = send->response;
	uint32_t status = larder_response_status(from);
	larder_slice before = send->request.url;
	int rc = lrd_follow_leave(send->session, &send->request, from);

	if (rc < 0)
		return rc;
	send->request.url = lrd_buf_slice(&send->url);
	rc = new_response(send);
	send->request.url = before;
	if (rc < 0)
		return rc;
	rc = lrd_follow_turn(&send->follow, send->session, &send->request, status,
			     larder_response_url(send->response));
	if (rc < 0) {
		/* What failed is the redirect: the next one never began. */
		send->response->previous = NULL;
		larder_response_free(send->response);
		send->response = from;
	}
	return rc;
}

/* Request after request, until a response is the user's. */
static int run(struct send *send)
{
	int rc = new_response(send);

	while (rc == 0) {
		uint32_t status;

		rc = answer(send);
		if (rc < 0)
			break;
		status = larder_response_status(send->response);
		if (status < 300 || status > 399)
			return 0;
		rc = lrd_follow_where(&send->follow, send->session, &send->request,
				      send->response, &send->url);
		if (rc == 0)
			return 0;
		if (rc > 0 && send->session->watch)
			lrd_trace_redirect(send->session, status,
					   lrd_buf_slice(&send->url));
		if (rc > 0)
			rc = turn(send);
	}
	return rc;
}

/* A response in place of the one that failed, with what led there. */
static int stand_for_error(struct send *send)
{
	larder_response *failed = send->response;
	larder_response *response = NULL;
	int rc = lrd_status_answer(send->session, send->request.url, &response);

	if (rc < 0)
		return rc;
	if (failed) {
		response->previous = failed->previous;
		failed->previous = NULL;
		larder_response_free(failed);
	}
	send->response = response;
	return 0;
}

/* What the caller gets: the response, or with errors_to_status what stands for the error. */
static int finish(struct send *send, int rc, larder_response **out)
{
	larder_session *session = send->session;

	if (session->watch && rc < 0)
		lrd_trace_fail(session, &session->err);
	else if (session->watch)
		lrd_trace_done(session, send->response);
	if (rc == LARDER_EREDIRECT) {
		session->refused = send->response;
		send->response = NULL;
	}
	if (session->options.errors_to_status) {
		if (rc == 0)
			rc = lrd_status_fetch(session, &send->response);
		else
			rc = stand_for_error(send);
	}
	if (rc < 0)
		return rc;
	/* What a step met and got over is no failure of this call. */
	if (session->err.code)
		lrd_error_clear(&session->err);
	*out = send->response;
	send->response = NULL; /* moved to the caller */
	return 0;
}

static void forget_last(larder_session *session)
{
	if (session->err.code)
		lrd_error_clear(&session->err);
	if (session->refused) {
		larder_response *refused = session->refused;

		session->refused = NULL;
		larder_response_free(refused);
	}
}

int larder_send(larder_session *session, const larder_request *request,
		larder_response **out)
{
	struct send send = { .session = session };
	larder_request wanted;
	int rc;

	forget_last(session);
	lrd_wake_clear(&session->wake);
	if (session->watch)
		lrd_trace_start(session);
	rc = lrd_options_copy(&wanted, sizeof(wanted), request, "larder_request",
			      &session->err);
	if (rc < 0)
		return rc;
	rc = lrd_request_prepare(&send.request, session, &wanted, &session->err);
	if (rc == 0) {
		lrd_buf_init(&send.url, LRD_REQUEST_HEAD_MAX, session->mem);
		lrd_buf_init(&send.if_match, LRD_REQUEST_HEAD_MAX, session->mem);
		lrd_follow_begin(&send.follow, session, &wanted);
		if (session->options.compat)
			lrd_compat_request(&send.request);
		rc = run(&send);
	} else {
		send.request.url = LRD_SLICE("");
	}
	rc = finish(&send, rc, out);
	larder_response_free(send.response);
	lrd_buf_release(&send.url);
	lrd_buf_release(&send.if_match);
	lrd_request_release(&send.request);
	return rc;
}

int larder_get(larder_session *session, const char *url, larder_response **out)
{
	larder_request request = LARDER_REQUEST_INIT;

	request.url = url;
	return larder_send(session, &request, out);
}
