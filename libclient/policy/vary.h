/* SPDX-License-Identifier: MIT */
/*
 * vary.h - which requests a stored response answers (RFC 9111 s4.1).
 *
 * A Vary field is kept as a canonical list: names in lower case, sorted, each once, joined by
 * commas. What a request has to show for it is a canonical text, one line for each name:
 *
 *	accept-encoding:br,gzip\n	the value, normalised as the field's syntax allows
 *	accept-language\n		the request has no such field
 *
 * Two requests select the same response when their texts are equal. Values of credentials
 * stand there as keyed hashes, never as they are: the text is stored.
 */
#ifndef LRD_POLICY_VARY_H
#define LRD_POLICY_VARY_H

#include <stdint.h>

#include "proto/bytes/buf.h"
#include "proto/http/fields.h"

enum {
	LRD_VARY_NAMES = 16,        /* fields that one response may vary on */
	LRD_VARY_LIST_BYTES = 512,  /* of the canonical list */
	LRD_VARY_TEXT_BYTES = 8192, /* of the canonical text */
};

enum lrd_vary {
	LRD_VARY_NONE,      /* no Vary: answers every request */
	LRD_VARY_FIELDS,    /* `list` is set */
	LRD_VARY_ANY,       /* "*": answers no other request */
	LRD_VARY_MALFORMED, /* a member is no field name: counts as "*" */
	LRD_VARY_TOO_LONG,
};

/* Reads all Vary fields; appends the canonical list to `list`, which is left alone otherwise. */
enum lrd_vary lrd_vary_read(struct lrd_field_view response, struct lrd_buf *list);

/*
 * Appends the canonical text of a request for a canonical list. `secret` keys the hashes of
 * credentials. EPROTO when a value holds what no field may, ELIMIT, ENOMEM; `out` is
 * unchanged on failure.
 */
LARDER_MUST_USE int lrd_vary_text(larder_slice list, struct lrd_field_view request,
				  const uint8_t secret[16], struct lrd_buf *out);

#endif
