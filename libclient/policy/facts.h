/* SPDX-License-Identifier: MIT */
/*
 * facts.h - what the decisions need to know of a request and of a response, read once.
 *
 * Both structs borrow the fields they were read from.
 */
#ifndef LRD_POLICY_FACTS_H
#define LRD_POLICY_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/http/cache_control.h"
#include "proto/http/fields.h"

/* How this cache behaves; from its user's options. */
struct lrd_policy {
	bool shared; /* rules of a shared cache */
	bool no_heuristics;
	bool can_refresh; /* the caller refreshes after a stale answer (RFC 5861 s3) */
	uint32_t heuristic_percent; /* of Date minus Last-Modified */
	int64_t heuristic_max_s;
	int64_t stale_on_error_s; /* configured licence to use stale responses when the origin
				     fails; 0: none but what response and request give */
	larder_slice targets; /* fields that may stand in for Cache-Control (RFC 9213) */
};

/* How the request wants the cache used: enum larder_mode of cache.h, number for number. */
enum lrd_mode {
	LRD_MODE_DEFAULT,
	LRD_MODE_NO_STORE,
	LRD_MODE_RELOAD,
	LRD_MODE_NO_CACHE,
	LRD_MODE_FORCE_CACHE,
	LRD_MODE_ONLY_IF_CACHED,
	LRD_MODE_REFRESH,
};

/* ---- requests ---------------------------------------------------------------------------- */

enum lrd_method {
	LRD_METHOD_GET,
	LRD_METHOD_HEAD,
	LRD_METHOD_POST, /* unsafe; its response may be stored for GET (RFC 9110 s9.3.3) */
	LRD_METHOD_QUERY, /* safe; its content is part of what is asked (RFC 10008) */
	LRD_METHOD_SAFE,   /* changes nothing; not cached */
	LRD_METHOD_UNSAFE, /* or unknown */
};

/* Methods are compared with case (RFC 9110 s9.1): "get" is unknown, hence unsafe. */
enum lrd_method lrd_method_of(larder_slice method);

/* Does a response to it have content that is stored? */
static inline bool lrd_method_reads(enum lrd_method method)
{
	return method == LRD_METHOD_GET || method == LRD_METHOD_QUERY;
}

static inline bool lrd_method_unsafe(enum lrd_method method)
{
	return method == LRD_METHOD_POST || method == LRD_METHOD_UNSAFE;
}

enum {
	LRD_HAS_CACHE_CONTROL = 1 << 0,
	LRD_HAS_PRAGMA = 1 << 1,
	LRD_HAS_RANGE = 1 << 2,
	LRD_HAS_IF_NONE_MATCH = 1 << 3,
	LRD_HAS_IF_MODIFIED_SINCE = 1 << 4,
	LRD_HAS_IF_MATCH = 1 << 5,
	LRD_HAS_IF_UNMODIFIED_SINCE = 1 << 6,
	LRD_HAS_IF_RANGE = 1 << 7,
	LRD_HAS_AUTHORIZATION = 1 << 8,
	LRD_HAS_CREDENTIALS = 1 << 9, /* any field that partition.h counts as one */
};

struct lrd_request_facts {
	enum lrd_method method;
	struct lrd_field_view fields;
	uint32_t has;
	uint32_t mode;               /* enum lrd_mode */
	bool pragma_no_cache;        /* and no Cache-Control */
	struct lrd_cache_control cc; /* all zero without LRD_HAS_CACHE_CONTROL */
};

void lrd_request_facts_read(larder_slice method, struct lrd_field_view fields,
			    uint32_t mode, struct lrd_request_facts *out);

/* May the caller's wish only be met from the store (RFC 9111 s5.2.1.7, or by mode)? */
bool lrd_request_only_if_cached(const struct lrd_request_facts *request);

/* ---- responses --------------------------------------------------------------------------- */

enum lrd_expires { LRD_EXPIRES_NONE, LRD_EXPIRES_DATE, LRD_EXPIRES_INVALID };

struct lrd_response_facts {
	uint32_t status;
	struct lrd_field_view fields;
	struct lrd_cache_control cc;
	int64_t date; /* Date; the time of receipt where that is missing or malformed */
	bool date_valid;
	bool has_age;  /* Age is there and is a number */
	int64_t age_s; /* its first member */
	enum lrd_expires expires;
	int64_t expires_at;
	bool last_modified_valid;
	int64_t last_modified;
	larder_slice etag; /* as received, ptr NULL when absent */
	int64_t request_time;
	int64_t response_time;
};

void lrd_response_facts_read(uint32_t status, struct lrd_field_view fields,
			     int64_t request_time, int64_t response_time,
			     struct lrd_response_facts *out);

/* Is a response of this status reusable without explicit freshness (RFC 9110 s15.1)? */
bool lrd_status_heuristic(uint32_t status);

/* Do we know what this status asks of caches (RFC 9111 s3, must-understand)? */
bool lrd_status_understood(uint32_t status);

#endif
