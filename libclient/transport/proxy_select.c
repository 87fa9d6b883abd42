/* SPDX-License-Identifier: MIT */
/* proxy_select.c - which proxy the environment names for an origin. */
#include "transport/proxy_select.h"

#include <stdio.h>
#include <string.h>

#include "proto/bytes/slice.h"
#include "sys/error.h"
#include "transport/no_proxy.h"

/* A variable in its two spellings. */
struct variable {
	const char *lower;
	const char *upper;
};

static const struct variable http_variable = { "http_proxy", "HTTP_PROXY" };
static const struct variable https_variable = { "https_proxy", "HTTPS_PROXY" };
static const struct variable all_variable = { "all_proxy", "ALL_PROXY" };
static const struct variable no_variable = { "no_proxy", "NO_PROXY" };

static bool is_empty(const char *value)
{
	return lrd_slice_trim(lrd_slice_cstr(value)).len == 0;
}

/* The value and the name it stands under; NULL where it is not there, or empty. */
static const char *look_up(const struct variable *variable, bool lower_only,
			   lrd_proxy_env *env, void *ctx, const char **name)
{
	const char *value = env(variable->lower, ctx);

	*name = variable->lower;
	if (!value && !lower_only) {
		value = env(variable->upper, ctx);
		*name = variable->upper;
	}
	return value && !is_empty(value) ? value : NULL;
}

int lrd_proxy_from_env(larder_slice scheme, larder_slice host, uint16_t port,
		       lrd_proxy_env *env, void *ctx, struct lrd_proxy_url *out,
		       larder_error *err)
{
	bool https = lrd_slice_equal_nocase(scheme, LRD_SLICE("https"));
	/* A CGI program's HTTP_PROXY is the field "Proxy:" of whoever sent the request. */
	bool cgi = env("REQUEST_METHOD", ctx) != NULL;
	larder_error detail;
	const char *unused;
	const char *direct;
	const char *value;
	const char *name;
	int rc;

	direct = look_up(&no_variable, false, env, ctx, &unused);
	if (direct && lrd_no_proxy_matches(lrd_slice_cstr(direct), host, port))
		return 0;
	value = look_up(https ? &https_variable : &http_variable, !https && cgi, env, ctx,
			&name);
	if (!value)
		value = look_up(&all_variable, false, env, ctx, &name);
	if (!value)
		return 0;
	rc = lrd_proxy_url_parse(lrd_slice_cstr(value), out, &detail);
	if (rc == 0)
		return 1;
	return lrd_error_set(err, rc, LARDER_PHASE_PREPARE, 0, NULL,
			     "%s in the environment: %s", name, detail.message);
}
