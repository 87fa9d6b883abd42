/* SPDX-License-Identifier: MIT */
/*
 * send.c - a request's way: ask the cache, then the origin where the cache says so.
 *
 * A hit ends after the first question: no URL is taken apart, nothing is formatted and no
 * system call is made here before the plan says LARDER_FETCH.
 */
#include <larder/larder.h>

#include "proto/bytes/slice.h"
#include "session/exchange.h"
#include "session/options.h"
#include "session/refresh.h"
#include "session/request.h"
#include "session/response.h"
#include "session/session.h"
#include "sys/clock.h"
#include "sys/error.h"

/* Longer than a waiting exchange is silent towards its plan, see LRD_EXCHANGE_KEEP_MS. */
enum { LEASE_MS = 5000, WAIT_MS = 30000 };

static uint32_t wait_ms(const struct lrd_request *request)
{
	uint32_t total_ms = request->total_timeout_ms;

	return total_ms && total_ms < WAIT_MS ? total_ms : WAIT_MS;
}

/* Another fetches the same response: what it stores is ours too. Waiting is on our time. */
static int wait_for_other(struct lrd_request *request, larder_plan *plan)
{
	uint64_t begin_ns = lrd_clock_mono_ns();
	int rc = larder_plan_wait(plan, UINT32_MAX);
	uint64_t waited_ms = (lrd_clock_mono_ns() - begin_ns) / 1000000;

	if (request->total_timeout_ms)
		request->total_timeout_ms =
			waited_ms < request->total_timeout_ms
				? request->total_timeout_ms - (uint32_t)waited_ms
				: 1;
	return rc;
}

/* The cache's verdict on the request; its plan goes to the response. */
static int ask_cache(larder_session *session, struct lrd_request *request,
		     larder_response *response, enum larder_verdict *verdict)
{
	larder_lookup lookup = LARDER_LOOKUP_INIT;
	char url[LRD_URL_TEXT_MAX];
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
	lookup.can_refresh = lrd_refresh_possible(session, request->url);
	lookup.can_wait = 1;
	lookup.wait_ms = wait_ms(request);
	lookup.lease_ms = LEASE_MS;
	rc = larder_cache_lookup(session->cache, &lookup, &response->plan);
	if (rc == 0 && larder_plan_verdict(response->plan) == LARDER_WAIT)
		rc = wait_for_other(request, response->plan);
	if (rc == LARDER_EURL)
		return lrd_error_set(
			&session->err, rc, LARDER_PHASE_PREPARE, 0, NULL,
			"URL \"%s\" is no absolute http or https URL (RFC 3986)",
			lrd_url_text(request->url, url));
	if (rc < 0)
		return lrd_error_set(&session->err, rc, LARDER_PHASE_PREPARE, 0, NULL,
				     "look up %s: %s", lrd_url_text(request->url, url),
				     larder_strerror(rc));
	*verdict = larder_plan_verdict(response->plan);
	if (*verdict == LARDER_SERVE && larder_plan_served(response->plan)->refresh)
		lrd_refresh_start(session, response->plan);
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

static int ask_origin(larder_session *session, struct lrd_request *request,
		      larder_response *response)
{
	int rc = lrd_exchange_take(session, &response->exchange);

	if (rc < 0)
		return lrd_error_set(&session->err, rc, LARDER_PHASE_PREPARE, 0, NULL,
				     "make a connection: out of memory");
	lrd_exchange_begin(response->exchange, request, response->plan,
			   larder_response_url(response), &session->err);
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

static int answer(larder_session *session, struct lrd_request *request,
		  larder_response *response)
{
	enum larder_verdict verdict = LARDER_FETCH;
	int rc = ask_cache(session, request, response, &verdict);

	if (rc < 0)
		return rc;
	if (verdict == LARDER_SERVE)
		response->source = LRD_SOURCE_STORE;
	else if (verdict == LARDER_REFUSE)
		response->source = LRD_SOURCE_LOCAL;
	else
		rc = ask_origin(session, request, response);
	if (rc == 0 && !response->plan)
		lrd_served_without_plan(response);
	return rc;
}

int larder_send(larder_session *session, const larder_request *request,
		larder_response **out)
{
	larder_response *response = NULL;
	larder_request wanted;
	struct lrd_request ready;
	int rc;

	if (session->err.code)
		lrd_error_clear(&session->err);
	rc = lrd_options_copy(&wanted, sizeof(wanted), request, "larder_request",
			      &session->err);
	if (rc < 0)
		return rc;
	rc = lrd_request_prepare(&ready, session, &wanted, &session->err);
	if (rc < 0)
		return rc;
	rc = lrd_response_new(session, ready.url, &response);
	if (rc < 0) {
		lrd_error_set(&session->err, rc, LARDER_PHASE_PREPARE, 0, NULL,
			      "make a response: %s", larder_strerror(rc));
		goto out;
	}
	rc = answer(session, &ready, response);
	if (rc < 0)
		goto out;
	/* What a step met and got over is no failure of this call. */
	if (session->err.code)
		lrd_error_clear(&session->err);
	*out = response;
	response = NULL; /* moved to the caller */
out:
	larder_response_free(response);
	lrd_request_release(&ready);
	return rc;
}

int larder_get(larder_session *session, const char *url, larder_response **out)
{
	larder_request request = LARDER_REQUEST_INIT;

	request.url = url;
	return larder_send(session, &request, out);
}
