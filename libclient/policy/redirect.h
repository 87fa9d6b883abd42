/* SPDX-License-Identifier: MIT */
/*
 * redirect.h - whether a redirect is followed, by which method, and with which fields (RFC
 * 9110 s15.4). Pure.
 */
#ifndef LRD_POLICY_REDIRECT_H
#define LRD_POLICY_REDIRECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <larder/types.h>

/* How redirects are followed; zero takes the default named beside it. */
struct lrd_redirect_rules {
	const uint16_t *codes; /* 300 301 302 303 307 308 */
	size_t code_count;
	larder_slice safe_methods; /* between blanks or commas; "GET HEAD OPTIONS TRACE" */
	bool all_methods;          /* else the safe ones, and for 303 and 308 all */
	bool post_301_to_get;      /* as browsers do; else a POST stays a POST */
	bool forward_credentials;  /* to other origins too */
	bool compat;               /* httplib2's habits where they differ */
};

/* Is a response of this status one that may lead elsewhere? */
bool lrd_redirect_status(const struct lrd_redirect_rules *rules, uint32_t status);

/* Is it followed for this method? */
bool lrd_redirect_followed(const struct lrd_redirect_rules *rules, uint32_t status,
			   larder_slice method);

/* Does the request go on as a GET without content? Else method and content stay. */
bool lrd_redirect_to_get(const struct lrd_redirect_rules *rules, uint32_t status,
			 larder_slice method);

/* What is different about the next request. */
struct lrd_redirect_step {
	bool other_origin; /* scheme, host or port differ */
	bool to_get;       /* lrd_redirect_to_get() */
	bool safe;         /* the next method is GET or HEAD */
};

/*
 * Does this field of the caller's stay behind?
 *   - credentials, at the border of an origin (with compat: Authorization everywhere),
 *     unless they are to be forwarded; Proxy-Authorization always;
 *   - what describes content, when the content goes (RFC 9110 s15.4);
 *   - If-None-Match and If-Modified-Since of a GET or HEAD: they name another URL's response.
 *     If-Match and its kin stay: without them a write would do what nobody asked for.
 */
bool lrd_redirect_drops(const struct lrd_redirect_rules *rules,
			const struct lrd_redirect_step *step, larder_slice name);

/* Is the redirect one that is remembered (RFC 9110 s15.4.2, s15.4.9)? */
bool lrd_redirect_permanent(uint32_t status);

#endif
