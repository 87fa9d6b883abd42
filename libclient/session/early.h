/* SPDX-License-Identifier: MIT */
/* early.h - the interim responses (1xx) that came before the final one (RFC 9110 s15.2). */
#ifndef LRD_SESSION_EARLY_H
#define LRD_SESSION_EARLY_H

#include <stddef.h>
#include <stdint.h>

#include <larder/types.h>

#include "proto/http/fields.h"

enum { LRD_EARLY_MAX = 32 }; /* more of them are an attack */

struct lrd_early {
	size_t count;
	struct lrd_fields fields; /* of all of them, when `count` */
	struct {
		uint32_t status;
		size_t from;
		size_t count;
	} at[LRD_EARLY_MAX];
};

/* Keeps one. ELIMIT (the fields of all together pass `max_bytes` or `max_fields`), ENOMEM. */
LARDER_MUST_USE int lrd_early_add(struct lrd_early *early, uint32_t status,
				  struct lrd_field_view fields, size_t max_bytes,
				  size_t max_fields, const larder_allocator *mem);
void lrd_early_release(struct lrd_early *early);

#endif
