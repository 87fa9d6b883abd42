/* SPDX-License-Identifier: MIT */
/* select.h - which stored response belongs to a request, by URL and by Vary (RFC 9111 s4, s4.1). */
#ifndef LRD_CACHE_SELECT_H
#define LRD_CACHE_SELECT_H

#include "cache/ask.h"
#include "cache/plan.h"
#include "policy/validate.h"

/* Slices point into the map and die with the read transaction, but for `key`. */
struct lrd_selected {
	enum lrd_why miss; /* why there is none; LRD_WHY_NONE: there is */
	bool has_entry;
	struct lrd_record entry; /* at the URL's own key */
	larder_slice directory;  /* its head when it is a directory, else empty */
	bool is_variant;
	uint8_t digest[LRD_SIPHASH_SIZE];
	struct lrd_key key; /* of `record`; lives until release */
	struct lrd_record record;
	struct lrd_response response;
	struct lrd_buf name; /* of a variant's key */
	char name_storage[LRD_ASK_URL_BYTES];
};

void lrd_selected_init(struct lrd_selected *selected);
void lrd_selected_release(struct lrd_selected *selected);

/* Troubles of the store are a miss with their reason; ENOMEM alone is an error. */
LARDER_MUST_USE int lrd_select(struct lrd_ask *ask, struct lrd_read *read,
			       struct lrd_selected *out);

/* What the request was made conditional on: the plan's answer first, then other variants. */
enum { LRD_CANDIDATES = 1 + LRD_VARIANTS_MAX };
size_t lrd_candidates(const struct larder_plan *plan,
		      struct lrd_validators at[LRD_CANDIDATES]);

/* The digest of the candidate of that index, which is not the plan's answer. */
const uint8_t *lrd_candidate_digest(const struct larder_plan *plan, size_t index,
				    uint8_t digest[LRD_SIPHASH_SIZE]);

#endif
