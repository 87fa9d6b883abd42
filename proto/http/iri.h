/* SPDX-License-Identifier: MIT */
/*
 * iri.h - from what people type and servers send to a URI: beyond-ASCII bytes and blanks
 * escaped (RFC 3987 s3.1).
 */
#ifndef LRD_HTTP_IRI_H
#define LRD_HTTP_IRI_H

#include <stdbool.h>

#include "proto/bytes/buf.h"

/*
 * Appends the ASCII form of a host that is not ASCII. 0, or EURL, ELIMIT, ENOMEM with `out`
 * unchanged.
 */
typedef int lrd_iri_host(larder_slice host, struct lrd_buf *out, void *ctx);

/* Nothing to convert: every byte is a visible ASCII byte. */
bool lrd_iri_is_uri(larder_slice text);

/*
 * Appends the URI of an IRI or a relative reference. In path, query and fragment every byte
 * above 0x7f, and the bytes SP " < >, become %XX; escapes that are there stay as they are, so
 * that converting twice is converting once. In the authority a host beyond ASCII goes through
 * `to_ascii`, user information is escaped, and nothing else is touched: a blank there is for
 * lrd_uri_parse() to refuse. EURL for controls anywhere, for bytes that are not UTF-8, and
 * for a host beyond ASCII where `to_ascii` is NULL; ELIMIT, ENOMEM, and what `to_ascii`
 * returns; `out` is unchanged on failure.
 */
LARDER_MUST_USE int lrd_iri_to_uri(larder_slice text, lrd_iri_host *to_ascii, void *ctx,
				   struct lrd_buf *out);

#endif
