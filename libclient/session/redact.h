/* SPDX-License-Identifier: MIT */
/* redact.h - fields and targets as they may be shown: without secrets. */
#ifndef LRD_SESSION_REDACT_H
#define LRD_SESSION_REDACT_H

#include <stdbool.h>

#include <larder/types.h>

#include "proto/http/fields.h"

/* Is the value of such a field a secret, or may it be one? */
bool lrd_redact_hides(larder_slice name);

/*
 * The fields with secret values as "..." and URLs in values cut behind their '?'; an array of
 * view.count from `mem`, or NULL where there is no memory or no field. Texts are the view's.
 */
larder_field *lrd_redact_fields(struct lrd_field_view view, const larder_allocator *mem);

/* A request target, or a URL in a field, up to and with its first '?' or '#'. */
larder_slice lrd_redact_target(larder_slice target);

#endif
