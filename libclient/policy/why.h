/* SPDX-License-Identifier: MIT */
/*
 * why.h - reasons as values: each decision carries one.
 *
 * The list is why.def; cache.h offers the same to users.
 */
#ifndef LRD_POLICY_WHY_H
#define LRD_POLICY_WHY_H

#include <stdint.h>

enum lrd_why {
	LRD_WHY_NONE = 0,
#define LRD_WHY(number, name, word, fwd, section, text) LRD_WHY_##name = number,
#include "policy/why.def"
};

/* The word ("max-age"), sentence and section of a reason. Never NULL. */
const char *lrd_why_name(uint32_t why);
const char *lrd_why_text(uint32_t why);
const char *lrd_why_section(uint32_t why);

/* The fwd parameter of Cache-Status (RFC 9211 s2.2) for this reason, "" when it has none. */
const char *lrd_why_fwd(uint32_t why);

/* Is this the number of a reason? Records from the store may hold any. */
int lrd_why_known(uint32_t why);

#endif
