/* SPDX-License-Identifier: MIT */
/*
 * uri.h - URIs and references (RFC 3986): parse into slices, normalise, resolve, compare.
 *
 * Parsing allocates nothing: every member points into the text given, which must outlive the
 * struct. Strict where parsers are known to disagree, since a disagreement between the cache
 * key and the host dialled is an attack. Refused, beyond what the grammar refuses:
 *   - bytes above 0x7f (converting an IRI is another module's job), control characters,
 *     blanks, and the bytes  " < > \  anywhere;
 *   - percent-escapes in a host: no DNS name needs one, and nobody agrees on when to decode;
 *   - a port above 65535;
 *   - http and https without a host.
 * The bytes  [ ] ^ ` { | }  in a path, query or fragment are outside RFC 3986 too, but sites
 * receive them raw every day: they are kept as they are and LRD_URI_LOOSE is set.
 */
#ifndef LRD_HTTP_URI_H
#define LRD_HTTP_URI_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/bytes/buf.h"

enum {
	LRD_URI_HAS_AUTHORITY = 1 << 0,
	LRD_URI_HAS_USERINFO = 1 << 1,
	LRD_URI_HAS_PORT = 1 << 2,     /* a ':' stood there; `port` may be empty */
	LRD_URI_HAS_QUERY = 1 << 3,    /* a '?' stood there; `query` may be empty */
	LRD_URI_HAS_FRAGMENT = 1 << 4, /* a '#' stood there */
	LRD_URI_HAS_SCHEME = 1 << 5,   /* absent only in a relative reference */
	LRD_URI_IP4 = 1 << 6,          /* `host` is a dotted-decimal address */
	LRD_URI_IP6 = 1 << 7,       /* `host` is an IPv6 address, without its brackets */
	LRD_URI_IP_FUTURE = 1 << 8, /* `host` is "vN...", without its brackets */
	LRD_URI_HAS_ZONE = 1 << 9,  /* "%25zone" after an IPv6 address (RFC 6874) */
	LRD_URI_LOOSE = 1 << 10,  /* holds bytes that RFC 3986 wants escaped, see above */
	LRD_URI_NORMAL = 1 << 11, /* normalising this text would not change it */
};

struct lrd_uri {
	larder_slice text;      /* all of it */
	larder_slice scheme;    /* without ':' */
	larder_slice authority; /* userinfo, host and port as given, without "//" */
	larder_slice userinfo;  /* without '@'; never print it */
	larder_slice host;      /* without brackets and zone; case as given */
	larder_slice zone;      /* of an IPv6 address, without "%25" */
	larder_slice port;      /* digits as given */
	larder_slice path;
	larder_slice query;    /* without '?' */
	larder_slice fragment; /* without '#' */
	uint32_t flags;
	uint16_t port_number; /* as given, else the scheme's default, else 0 */
};

/* An absolute URI, fragment allowed. EURL when it is none; *out is untouched then. */
LARDER_MUST_USE int lrd_uri_parse(larder_slice text, struct lrd_uri *out);

/* A URI or a relative reference (Location and the like). EURL, *out untouched. */
LARDER_MUST_USE int lrd_uri_parse_reference(larder_slice text, struct lrd_uri *out);

/* Is the scheme http or https, in any case? */
bool lrd_uri_is_http(const struct lrd_uri *uri);
bool lrd_uri_is_https(const struct lrd_uri *uri);

/*
 * Appends the form under which a cache knows this URI (RFC 9110 s4.2.3): scheme and host in
 * lower case, default and empty port dropped, dot segments removed, escapes in upper case,
 * escaped unreserved bytes decoded, an empty path behind a host as "/", userinfo and
 * fragment dropped. An empty query keeps its '?': "/a?" and "/a" are two resources. The
 * order and the spelling of query members stay as they are. A trailing dot of a host stays.
 * Idempotent. Costs one copy when LRD_URI_NORMAL is set. EURL without scheme; ELIMIT (also
 * when there is no room for four bytes more than the text has), ENOMEM; `out` is unchanged on
 * failure.
 */
LARDER_MUST_USE int lrd_uri_normalise(const struct lrd_uri *uri, struct lrd_buf *out);

/*
 * Appends the target of `reference` as seen from `base` (RFC 3986 s5.2, strict), fragment
 * included when the reference has one. The result is not normalised, and for http it is not
 * checked for a host: parse it with lrd_uri_parse(). EURL when `reference` is malformed or
 * `base` has no scheme; ELIMIT, ENOMEM; `out` is unchanged on failure.
 */
LARDER_MUST_USE int lrd_uri_resolve(const struct lrd_uri *base, larder_slice reference,
				    struct lrd_buf *out);

/*
 * Removes the dot segments of a path in place (RFC 3986 s5.2.4); returns its new length.
 */
size_t lrd_uri_remove_dots(char *path, size_t len);

/*
 * Appends the origin (RFC 6454 s6.2): "https://example.com", "http://[::1]:8080"; lower case,
 * default port left out. EURL without scheme or host; ELIMIT, ENOMEM.
 */
LARDER_MUST_USE int lrd_uri_origin(const struct lrd_uri *uri, struct lrd_buf *out);

/* Scheme, host, zone and effective port are the same (RFC 9110 s4.3.1). */
bool lrd_uri_same_origin(const struct lrd_uri *a, const struct lrd_uri *b);

/*
 * Appends the value of the Host field: host in lower case, IPv6 in brackets and without zone
 * (RFC 6874 s3), port unless it is the default. EURL without host; ELIMIT, ENOMEM.
 */
LARDER_MUST_USE int lrd_uri_host_field(const struct lrd_uri *uri, struct lrd_buf *out);

/*
 * Appends the origin-form of a request target (RFC 9112 s3.2.1): path, or "/" for an empty
 * one, and the query; as spelled, nothing escaped or decoded. EURL when the path does not
 * start with '/'; ELIMIT, ENOMEM.
 */
LARDER_MUST_USE int lrd_uri_request_target(const struct lrd_uri *uri, struct lrd_buf *out);

#endif
