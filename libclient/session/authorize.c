/* SPDX-License-Identifier: MIT */
/* authorize.c - an exchange's answers to challenges of its origin and of proxies. */
#include "session/authorize.h"

#include <stdio.h>
#include <string.h>

#include "auth/hash.h"
#include "proto/bytes/slice.h"
#include "session/exchange.h"
#include "session/scope.h"
#include "sys/clock.h"
#include "sys/error.h"

enum { FIELDS_MAX = 512 * 1024, FIELD_COUNT_MAX = 8 };

/* The request as a scheme signs it. */
static struct lrd_auth_request describe(const struct lrd_exchange *ex, bool proxy,
					larder_slice target)
{
	const struct lrd_request *request = ex->request;

	return (struct lrd_auth_request){
		.method = request->method,
		.target = target,
		.fields = lrd_view_of(request->fields, request->field_count),
		.body = request->body_kind == LRD_REQUEST_CALLBACK ? NULL : &request->body,
		.now = lrd_clock_now_s(),
		.proxy = proxy,
	};
}

static int tell(struct lrd_exchange *ex, int rc, const char *who)
{
	char url[LRD_URL_TEXT_MAX];

	return lrd_error_set(ex->err, rc, LARDER_PHASE_SEND, 0,
			     ex->stream ? ex->stream->host : NULL,
			     rc == LARDER_EPROTO
				     ? "%s of %s could not prove to know the "
				       "password"
				     : "answer to the challenge of %s for %s failed",
			     who, lrd_url_text(ex->url, url));
}

/* The whole target, which is what a request line for a proxy has. */
static int whole_target(const struct lrd_exchange *ex, struct lrd_buf *out)
{
	int rc = lrd_uri_origin(&ex->request->uri, out);

	return rc < 0 ? rc : lrd_buf_append_slice(out, lrd_buf_slice(&ex->target));
}

static int first_of_proxy(struct lrd_exchange *ex)
{
	struct lrd_authorize *auth = &ex->auth;
	struct lrd_auth_request request;
	struct lrd_buf target;
	int rc;

	lrd_buf_init(&target, LRD_REQUEST_HEAD_MAX, ex->session->mem);
	rc = whole_target(ex, &target);
	if (rc == 0) {
		request = describe(ex, true, lrd_buf_slice(&target));
		rc = lrd_auth_first(&auth->proxy, &request, &auth->proxy_fields);
	}
	lrd_buf_release(&target);
	return rc;
}

int lrd_authorize_begin(struct lrd_exchange *ex)
{
	struct lrd_authorize *auth = &ex->auth;
	larder_session *session = ex->session;
	struct lrd_auth_request request;
	struct lrd_auth_origin origin;
	int rc = 0;

	auth->has_origin = session->credentials &&
			   lrd_credentials_count(session->credentials) &&
			   !ex->request->own_auth && !ex->request->no_auth;
	auth->has_proxy =
		ex->route.proxied && ex->route.speaks_http && ex->route.credentials;
	if (!auth->has_origin && !auth->has_proxy)
		return 0;
	auth->begun = true;
	lrd_fields_init(&auth->origin_fields, FIELDS_MAX, FIELD_COUNT_MAX, session->mem);
	lrd_fields_init(&auth->proxy_fields, FIELDS_MAX, FIELD_COUNT_MAX, session->mem);
	origin = lrd_scope_of(ex->request);
	lrd_auth_begin(&auth->origin, auth->has_origin ? session->credentials : NULL,
		       &origin, session->mem);
	lrd_auth_begin(&auth->proxy, auth->has_proxy ? ex->route.credentials : NULL,
		       &ex->route.at, session->mem);
	if (auth->has_origin) {
		request = describe(ex, false, lrd_buf_slice(&ex->target));
		rc = lrd_auth_first(&auth->origin, &request, &auth->origin_fields);
	}
	if (rc >= 0 && auth->has_proxy && ex->route.forwards)
		rc = first_of_proxy(ex);
	return rc < 0 ? tell(ex, rc, "credentials") : 0;
}

static void forget(struct lrd_fields *fields)
{
	/* They held secrets. */
	if (fields->text.ptr)
		lrd_secret_wipe(fields->text.ptr, fields->text.len);
	lrd_fields_release(fields);
}

void lrd_authorize_end(struct lrd_exchange *ex)
{
	struct lrd_authorize *auth = &ex->auth;

	if (!auth->begun)
		return;
	lrd_auth_end(&auth->origin);
	lrd_auth_end(&auth->proxy);
	forget(&auth->origin_fields);
	forget(&auth->proxy_fields);
	auth->begun = false;
	if (ex->out.ptr)
		lrd_secret_wipe(ex->out.ptr, ex->out.len);
}

bool lrd_authorize_concerns(const struct lrd_exchange *ex)
{
	return ex->auth.begun;
}

static int answer_proxy(struct lrd_exchange *ex, struct lrd_field_view response)
{
	struct lrd_authorize *auth = &ex->auth;
	struct lrd_auth_request request;
	struct lrd_buf target;
	int rc;

	if (!auth->has_proxy || !ex->route.forwards)
		return 0;
	lrd_buf_init(&target, LRD_REQUEST_HEAD_MAX, ex->session->mem);
	rc = whole_target(ex, &target);
	if (rc == 0) {
		request = describe(ex, true, lrd_buf_slice(&target));
		lrd_fields_clear(&auth->proxy_fields);
		rc = lrd_auth_challenged(&auth->proxy, response, &request,
					 &auth->proxy_fields);
	}
	lrd_buf_release(&target);
	return rc;
}

int lrd_authorize_answer(struct lrd_exchange *ex)
{
	struct lrd_authorize *auth = &ex->auth;
	struct lrd_field_view response = lrd_fields_view(&ex->head.fields);
	struct lrd_auth_request request;
	int rc = 0;

	if (!auth->begun)
		return 0;
	if (ex->head.status == 407) {
		rc = answer_proxy(ex, response);
	} else if (auth->has_origin) {
		request = describe(ex, false, lrd_buf_slice(&ex->target));
		lrd_fields_clear(&auth->origin_fields);
		rc = lrd_auth_challenged(&auth->origin, response, &request,
					 &auth->origin_fields);
	}
	return rc < 0 ? tell(ex, rc, "the server") : rc;
}

int lrd_authorize_accept(struct lrd_exchange *ex)
{
	struct lrd_authorize *auth = &ex->auth;
	struct lrd_field_view response = lrd_fields_view(&ex->head.fields);
	struct lrd_auth_request request;
	int rc = 0;

	if (!auth->begun)
		return 0;
	/* A 401 was not accepted by the origin; the proxy that passed it on is content. */
	if (auth->has_origin && ex->head.status != 401 && ex->head.status != 407) {
		request = describe(ex, false, lrd_buf_slice(&ex->target));
		rc = lrd_auth_accepted(&auth->origin, response, &request);
	}
	if (rc == 0 && auth->has_proxy && ex->route.forwards && ex->head.status != 407) {
		request = describe(ex, true, LRD_SLICE("/"));
		rc = lrd_auth_accepted(&auth->proxy, response, &request);
	}
	return rc < 0 ? tell(ex, rc, "the server") : 0;
}

/* ---- tunnels ----------------------------------------------------------------------------- */

/* What CONNECT is sent with; the value lives in auth->proxy_fields. */
static void set_authorization(struct lrd_exchange *ex)
{
	larder_slice value = LRD_SLICE("");

	(void)lrd_view_get(lrd_fields_view(&ex->auth.proxy_fields),
			   LRD_SLICE("Proxy-Authorization"), &value);
	ex->route.proxy.authorization = value;
}

static bool tunnel_authority(const struct lrd_exchange *ex, char *buf, size_t cap)
{
	bool literal = strchr(ex->request->host, ':');
	int len = snprintf(buf, cap, "%s%s%s:%u", literal ? "[" : "", ex->request->host,
			   literal ? "]" : "", (unsigned)ex->request->uri.port_number);

	return len > 0 && (size_t)len < cap;
}

int lrd_authorize_dial(struct lrd_exchange *ex, struct lrd_stream **out)
{
	struct lrd_authorize *auth = &ex->auth;
	bool asks = auth->begun && auth->has_proxy && !ex->route.forwards;
	char authority[LRD_REQUEST_HOST_MAX + 16];
	const larder_slice nothing = LRD_SLICE("");
	struct lrd_auth_request request = {
		.method = LRD_SLICE("CONNECT"),
		.body = &nothing,
		.proxy = true,
	};
	struct lrd_proxy_refusal refusal;
	int rc;

	if (!asks || !tunnel_authority(ex, authority, sizeof(authority)))
		return lrd_dial(&ex->dial, out, ex->err);
	request.target = lrd_slice_cstr(authority);
	request.now = lrd_clock_now_s();
	lrd_proxy_refusal_init(&refusal, ex->session->mem);
	ex->dial.refusal = &refusal;
	lrd_fields_clear(&auth->proxy_fields);
	rc = lrd_auth_first(&auth->proxy, &request, &auth->proxy_fields);
	while (rc >= 0) {
		struct lrd_field_view view;

		set_authorization(ex);
		rc = lrd_dial(&ex->dial, out, ex->err);
		if (rc != LARDER_ECONNECT || refusal.status != 407)
			break;
		view = lrd_fields_view(&refusal.fields);
		lrd_fields_clear(&auth->proxy_fields);
		rc = lrd_auth_challenged(&auth->proxy, view, &request,
					 &auth->proxy_fields);
		if (rc == 0) {
			rc = LARDER_ECONNECT; /* as the dial said it in ex->err */
			break;
		}
		lrd_proxy_refusal_release(&refusal);
		lrd_proxy_refusal_init(&refusal, ex->session->mem);
	}
	if (rc < 0 && ex->err->code == 0)
		(void)tell(ex, rc, "the proxy");
	if (rc == 0 && lrd_auth_accepted(&auth->proxy, lrd_view_of(NULL, 0), &request) < 0)
		rc = 0; /* nothing learned is nothing lost */
	lrd_proxy_refusal_release(&refusal);
	ex->dial.refusal = NULL;
	ex->route.proxy.authorization = LRD_SLICE("");
	return rc;
}
