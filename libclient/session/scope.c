/* SPDX-License-Identifier: MIT */
/* scope.c - origins as users write them: "https://example.org:8443", "example.org", or none. */
#include "session/scope.h"

#include <string.h>

#include "proto/bytes/num.h"
#include "proto/bytes/slice.h"
#include "proto/http/uri.h"
#include "sys/error.h"

enum { SCOPE_MAX = 512 };

int lrd_scope_read(const char *text, const char *what, struct lrd_auth_origin *out,
		   larder_error *err)
{
	static const char prefix[] = "https://";
	struct lrd_auth_origin origin = { { NULL, 0 }, { NULL, 0 }, 0 };
	size_t skip = sizeof(prefix) - 1; /* of `whole`, what the user did not write */
	char whole[SCOPE_MAX];
	struct lrd_uri uri;
	size_t len = text ? strlen(text) : 0;
	bool has_scheme = text && strstr(text, "://");

	if (len == 0) {
		*out = origin;
		return 0;
	}
	if (has_scheme)
		skip = 0;
	if (len + skip >= sizeof(whole))
		goto bad;
	memcpy(whole, prefix, skip);
	memcpy(whole + skip, text, len);
	if (lrd_uri_parse(lrd_slice_of(whole, len + skip), &uri) < 0 ||
	    !lrd_uri_is_http(&uri) || (uri.flags & LRD_URI_HAS_USERINFO) ||
	    uri.zone.len || (uri.path.len && !lrd_slice_equal(uri.path, LRD_SLICE("/"))) ||
	    (uri.flags & (LRD_URI_HAS_QUERY | LRD_URI_HAS_FRAGMENT)))
		goto bad;
	/* The same places in the caller's text, which outlives ours. */
	origin.host = lrd_slice_of(text + (uri.host.ptr - whole) - skip, uri.host.len);
	if (has_scheme)
		origin.scheme = lrd_slice_of(text, uri.scheme.len);
	if (uri.port.len)
		origin.port = uri.port_number;
	*out = origin;
	return 0;
bad:
	return lrd_error_set(err, LARDER_EINVAL, LARDER_PHASE_PREPARE, 0, NULL,
			     "origin of %s is none: write \"https://example.org:8443\", "
			     "\"example.org\" or nothing",
			     what);
}

struct lrd_auth_origin lrd_scope_of(const struct lrd_request *request)
{
	return (struct lrd_auth_origin){
		.scheme = request->https ? LRD_SLICE("https") : LRD_SLICE("http"),
		.host = request->uri.host,
		.port = request->uri.port_number,
	};
}
