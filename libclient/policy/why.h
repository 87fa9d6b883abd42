/* SPDX-License-Identifier: MIT */
/*
 * why.h - reasons as values: each decision carries one.
 *
 * larder_why_name(), _text() and _section() of cache.h read the same list, why.def.
 */
#ifndef LRD_POLICY_WHY_H
#define LRD_POLICY_WHY_H

#include <stdint.h>

enum lrd_why {
	LRD_WHY_NONE = 0,
#define LRD_WHY(number, name, word, fwd, section, text) LRD_WHY_##name = number,
#include "policy/why.def"
};

/* The fwd parameter of Cache-Status (RFC 9211 s2.2) for this reason, "" when it has none. */
const char *lrd_why_fwd(uint32_t why);

/* Is this the number of a reason? Records from the store may hold any. */
int lrd_why_known(uint32_t why);

#endif
