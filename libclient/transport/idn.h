/* SPDX-License-Identifier: MIT */
/*
 * idn.h - international host names in the form that DNS and HTTP know (A-labels).
 *
 * By libidn2, hence not in proto; in transport because names are its trade.
 */
#ifndef LRD_TRANSPORT_IDN_H
#define LRD_TRANSPORT_IDN_H

#include <stdbool.h>

#include <larder/types.h>

#include "proto/bytes/buf.h"

/* Whether names beyond ASCII can be converted (built with LARDER_IDN). */
bool lrd_idn_available(void);

/*
 * Appends the ASCII form of `host`, UTF-8 (IDNA2008 by way of TR46, nontransitional): mixed
 * case, full-width letters and the other dots are mapped, a final dot stays. A host that is
 * ASCII already is appended as it is. EURL for what is no name, and for every name that maps
 * to a byte no host name has: a full-width '/' must not become the end of the host. ELIMIT,
 * ENOMEM; `out` is unchanged on failure.
 */
int lrd_idn_to_ascii(larder_slice host, struct lrd_buf *out) LARDER_MUST_USE;

/* The same as an lrd_iri_host (proto/http/iri.h); `ctx` is not used. */
int lrd_idn_iri_host(larder_slice host, struct lrd_buf *out, void *ctx) LARDER_MUST_USE;

#endif
