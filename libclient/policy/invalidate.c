/* SPDX-License-Identifier: MIT */
/* invalidate.c - which URLs a response to an unsafe method makes doubtful (RFC 9111 s4.4). */
#include "policy/invalidate.h"

#include "proto/bytes/slice.h"

enum { URL_BYTES = 8192 };

bool lrd_invalidate_applies(enum lrd_method method, uint32_t status)
{
	return lrd_method_unsafe(method) && status >= 200 && status <= 399;
}

int lrd_invalidate_target(enum lrd_invalidate_field which, struct lrd_field_view response,
			  const struct lrd_uri *request, struct lrd_buf *out)
{
	larder_slice name = which == LRD_INVALIDATE_LOCATION
				    ? LRD_SLICE("Location")
				    : LRD_SLICE("Content-Location");
	char storage[URL_BYTES];
	struct lrd_uri target;
	struct lrd_buf url;
	larder_slice value;
	int rc;

	if (!lrd_view_get(response, name, &value))
		return 0;
	lrd_buf_init_fixed(&url, storage, sizeof(storage));
	if (lrd_uri_resolve(request, value, &url) < 0 ||
	    lrd_uri_parse(lrd_buf_slice(&url), &target) < 0 || !lrd_uri_is_http(&target))
		return 0;
	/* RFC 9111 s4.4: or one site could throw out what another has stored. */
	if (!lrd_uri_same_origin(request, &target))
		return 0;
	rc = lrd_uri_normalise(&target, out);
	return rc < 0 ? rc : 1;
}
