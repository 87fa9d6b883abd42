/* SPDX-License-Identifier: MIT */
/*
 * codings.h - which content codings a response wears (RFC 9110 s8.4), and which we can take
 * off.
 */
#ifndef LRD_CODING_CODINGS_H
#define LRD_CODING_CODINGS_H

#include <stdbool.h>
#include <stddef.h>

#include <larder/types.h>

#include "proto/http/fields.h"

/* Codings stacked on one body; more is an attack. */
enum { LRD_CODINGS_DEPTH = 5 };

struct lrd_codec; /* stage.h */

/* What Content-Encoding says, in the order in which the codings were applied. */
struct lrd_codings {
	size_t count; /* 0: nothing to decode */
	const struct lrd_codec *codec[LRD_CODINGS_DEPTH];
	/*
	 * The first coding that we cannot take off, as the field spells it; ptr NULL: none. Then
	 * `count` is 0 and the body passes through as it came, Content-Encoding with it.
	 */
	larder_slice foreign;
	bool not_built; /* `foreign` is br or zstd, which this build was made without */
};

/*
 * Reads every Content-Encoding line of `view`: gzip, x-gzip, deflate (also called zlib), br,
 * zstd, identity, in any case. ELIMIT for more than LRD_CODINGS_DEPTH codings, *out untouched.
 * `foreign` borrows from the view.
 */
LARDER_MUST_USE int lrd_codings_read(struct lrd_field_view view, struct lrd_codings *out);

/* The same for one value. */
LARDER_MUST_USE int lrd_codings_read_value(larder_slice value, struct lrd_codings *out);

/* The value for Accept-Encoding: what this build decodes. "gzip, deflate, br, zstd" */
const char *lrd_coding_supported(void);

#endif
