/* SPDX-License-Identifier: MIT */
/* proxies.h - what a session was told about proxies: by its options and by the environment. */
#ifndef LRD_SESSION_PROXIES_H
#define LRD_SESSION_PROXIES_H

#include <stdbool.h>

#include <larder/larder.h>

#include "auth/credentials.h"
#include "proto/http/fields.h"
#include "transport/proxy_url.h"

enum { LRD_PROXIES_ENV = 9 };

/* What a session was told about proxies, read once when it is opened. */
struct lrd_proxies {
	bool fixed;       /* `url` is for all but `direct` */
	bool environment; /* `env` names some */
	struct lrd_proxy_url url;
	char *direct; /* hosts that `url` is not for, or NULL */
	struct lrd_proxy_env_copy {
		char *value; /* NULL: not set */
	} env[LRD_PROXIES_ENV];
	struct lrd_fields fields; /* for HTTP proxies */
	bool has_identity;
	unsigned char identity[LRD_SECRET_ID_LEN]; /* of the users that they are asked as */
	/* Of the proxy URL with a user that was used last. */
	struct lrd_credentials *url_credentials;
};

LARDER_MUST_USE int lrd_proxies_init(struct lrd_proxies *proxies,
				     const larder_options *options,
				     const larder_allocator *mem, larder_error *err);
/* Usable on a zeroed struct. */
void lrd_proxies_release(struct lrd_proxies *proxies, const larder_allocator *mem);

/* One more user that proxies know us by: answers may depend on him. `is` as it was added. */
LARDER_MUST_USE int lrd_proxies_add_user(struct lrd_proxies *proxies,
					 const struct lrd_credential *is);

/* lrd_proxy_env for the copied environment; `ctx` is the struct. */
const char *lrd_proxies_env(const char *name, void *ctx);

#endif
