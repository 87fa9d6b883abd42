/* SPDX-License-Identifier: MIT */
/*
 * session.h - what all requests of one session have in common.
 *
 * A session lives until it is closed and its last response is freed: `users` counts both.
 * Nothing in it is shared with another thread but the cache, which allows that.
 */
#ifndef LRD_SESSION_SESSION_H
#define LRD_SESSION_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <larder/larder.h>

#include "auth/credentials.h"
#include "coding/decoder.h"
#include "policy/redirect.h"
#include "session/proxies.h"
#include "sys/wake.h"
#include "transport/pool.h"
#include "transport/resolve.h"
#include "transport/tls.h"

struct lrd_access;
struct lrd_exchange;
struct lrd_watch;
struct lrd_refresher;

struct larder_session {
	struct larder_options options; /* every default filled in; its pointers are not used */
	larder_allocator allocator;
	const larder_allocator *mem; /* &allocator, or NULL: libc */
	size_t users;

	larder_cache *cache; /* NULL: none */
	bool owns_cache;
	char *partition; /* NULL: derived from each request */

	/* The fields that every request gets unless the caller sets them: User-Agent, Accept. */
	char *user_agent;
	larder_field defaults[3];
	size_t default_count;
	size_t default_coding; /* which of them is Accept-Encoding; SIZE_MAX: none */

	/* Redirects, codings, lost update: the options with their texts, which are ours. */
	struct lrd_redirect_rules redirect;
	struct lrd_coding_limits coding;
	char *safe_methods;
	uint16_t *redirect_codes;
	char *if_match_methods;

	/* Who we are, and where others are: access.h. NULL until something is added. */
	struct lrd_credentials *credentials;
	struct lrd_credentials *proxy_credentials;
	struct lrd_access *access;
	struct lrd_proxies proxies;

	/* The TLS options with a text of their own. */
	char *ca_file;
	char *ca_dir;
	char *tls_pins;

	larder_response *refused; /* a redirect that was not followed */

	struct lrd_tls *tls; /* NULL until the first https request, see lrd_session_tls() */
	struct lrd_resolver *resolver;
	struct lrd_pool *pool;

	/* One of each is kept for the next request, so that none is made on the hit path. */
	larder_response *spare_response;
	struct lrd_exchange *spare_exchange;
	struct lrd_buf spare_in; /* a receive buffer that no exchange needs now */

	struct lrd_wake wake; /* larder_session_cancel() */
	struct lrd_watch *watch; /* trace.h; NULL: nobody looks */
	larder_transport transport; /* what options.transport points to, when set */

	struct lrd_refresher *refresher; /* refresh.h; NULL until it has work */

	larder_error err; /* of the last failed call */
};

/* A response comes, or goes: the last to go frees the session. */
void lrd_session_ref(larder_session *session);
void lrd_session_unref(larder_session *session);

/*
 * The session's TLS configuration. The system's authorities are read by the first https
 * request: most processes of a machine whose cache is warm never need them. Errors of
 * lrd_tls_new(), in `err`.
 */
LARDER_MUST_USE int lrd_session_tls(larder_session *session, struct lrd_tls **ret,
				    larder_error *err);

/* The same as options, for a configuration that differs in one thing. */
struct lrd_tls_options lrd_session_tls_options(const larder_session *session);

#endif
