/* SPDX-License-Identifier: MIT */
/* route.c - by which way a request reaches its origin: a unix socket, a proxy, or directly. */
#include "session/route.h"

#include <string.h>

#include "auth/hash.h"
#include "auth/scheme.h"
#include "proto/bytes/slice.h"
#include "session/access.h"
#include "session/session.h"
#include "sys/error.h"
#include "transport/no_proxy.h"
#include "transport/proxy_select.h"

enum { URL_MAX = 4096 };

/* 1 with route->url set, 0: directly. */
static int ask_caller(larder_session *session, const struct lrd_request *request,
		      struct lrd_route *route, larder_error *err)
{
	const larder_options *options = &session->options;
	char text[URL_MAX];
	ptrdiff_t len =
		options->choose_proxy(request->https ? "https" : "http", request->host,
				      request->uri.port_number, text, sizeof(text),
				      options->choose_proxy_ctx);
	int rc;

	if (len == 0)
		return 0;
	if (len < 0)
		return lrd_error_set(err, len < -1000000 ? LARDER_ECANCELED : (int)len,
				     LARDER_PHASE_PREPARE, 0, request->host,
				     "choose_proxy gave up");
	if ((size_t)len > sizeof(text))
		return lrd_error_set(err, LARDER_EINVAL, LARDER_PHASE_PREPARE, 0,
				     request->host,
				     "choose_proxy claims more than it was asked");
	rc = lrd_proxy_url_parse(lrd_slice_of(text, (size_t)len), &route->url, err);
	lrd_secret_wipe(text, (size_t)len);
	return rc < 0 ? rc : 1;
}

static int find_proxy(larder_session *session, const struct lrd_request *request,
		      struct lrd_route *route, larder_error *err)
{
	struct lrd_proxies *proxies = &session->proxies;
	larder_slice host = lrd_slice_cstr(request->host);
	uint16_t port = request->uri.port_number;

	if (session->options.choose_proxy)
		return ask_caller(session, request, route, err);
	if (proxies->fixed) {
		if (proxies->direct &&
		    lrd_no_proxy_matches(lrd_slice_cstr(proxies->direct), host, port))
			return 0;
		route->url = proxies->url;
		return 1;
	}
	if (!proxies->environment)
		return 0;
	return lrd_proxy_from_env(request->https ? LRD_SLICE("https") : LRD_SLICE("http"),
				  host, port, lrd_proxies_env, proxies, &route->url, err);
}

/* A user in the proxy's URL: the one credential of a store that is for this proxy alone. */
static int use_url_user(struct lrd_proxies *proxies, struct lrd_route *route,
			const larder_allocator *mem)
{
	const struct lrd_credential wanted = {
		.scope = route->at,
		.user = route->proxy.user,
		.password = route->proxy.password,
		.preemptive = &lrd_auth_basic,
	};
	struct lrd_secret *secret = NULL;
	size_t pos = 0;
	int rc = 0;

	if (!proxies->url_credentials)
		rc = lrd_credentials_new(mem, &proxies->url_credentials);
	if (rc < 0)
		return rc;
	route->credentials = proxies->url_credentials;
	secret = lrd_credentials_next(route->credentials, &route->at, &pos);
	if (secret && lrd_secret_equal(secret->is.user, wanted.user) &&
	    lrd_secret_equal(secret->is.password, wanted.password))
		return 0;
	lrd_credentials_clear(route->credentials);
	return lrd_credentials_add(route->credentials, &wanted);
}

/* Who we are to the proxy. */
static int use_user(larder_session *session, struct lrd_route *route)
{
	struct lrd_secret *secret;
	size_t pos = 0;

	if (route->url.has_user && route->speaks_http)
		return use_url_user(&session->proxies, route, session->mem);
	if (route->url.has_user || !session->proxy_credentials)
		return 0;
	route->credentials = session->proxy_credentials;
	secret = lrd_credentials_next(route->credentials, &route->at, &pos);
	/* SOCKS sends them, and the pool keeps users apart by them. */
	if (secret) {
		route->proxy.user = secret->is.user;
		route->proxy.password = secret->is.password;
	}
	return 0;
}

static int use_proxy(larder_session *session, const struct lrd_request *request,
		     struct lrd_route *route, larder_error *err)
{
	int rc = 0;

	route->proxied = true;
	route->proxy = lrd_proxy_url_view(&route->url);
	route->proxy.tunnel = session->options.proxy_tunnel != 0;
	route->proxy.fields = lrd_fields_view(&session->proxies.fields);
	route->speaks_http =
		route->url.kind == LRD_PROXY_HTTP || route->url.kind == LRD_PROXY_HTTPS;
	route->forwards = route->speaks_http && !request->https && !route->proxy.tunnel;
	route->at = (struct lrd_auth_origin){
		.scheme = route->url.kind == LRD_PROXY_HTTPS ? LRD_SLICE("https")
							     : LRD_SLICE("http"),
		.host = lrd_slice_cstr(route->url.host),
		.port = route->url.port,
	};
	if (route->url.kind == LRD_PROXY_HTTPS)
		rc = lrd_session_tls(session, &route->proxy.tls, err);
	if (rc < 0)
		return rc;
	rc = use_user(session, route);
	if (rc < 0)
		return lrd_error_set(err, rc, LARDER_PHASE_PREPARE, 0, route->url.host,
				     "user of the proxy: %s", larder_strerror(rc));
	return 0;
}

int lrd_route_choose(larder_session *session, const struct lrd_request *request,
		     struct lrd_route *route, larder_error *err)
{
	const struct lrd_access *certificate = NULL;
	int rc = 0;

	route->unix_path = NULL;
	route->tls = NULL;
	route->proxied = route->speaks_http = route->forwards = false;
	route->credentials = NULL;
	if (session->access) {
		route->unix_path = lrd_access_unix_path(session, request);
		certificate = lrd_access_certificate(session, request);
	}
	if (certificate)
		route->tls = certificate->tls;
	else if (request->https)
		rc = lrd_session_tls(session, &route->tls, err);
	/* A transport of the caller's leads to the origin by itself. */
	if (request->transport)
		route->unix_path = NULL;
	if (rc < 0 || route->unix_path || request->transport)
		return rc;
	rc = find_proxy(session, request, route, err);
	return rc > 0 ? use_proxy(session, request, route, err) : rc;
}

void lrd_route_release(struct lrd_route *route)
{
	if (route->proxied)
		lrd_proxy_url_wipe(&route->url);
	route->proxied = false;
}
