/* SPDX-License-Identifier: MIT */
/* read.h - what of a read transaction other parts of the store use. */
#ifndef LRD_STORE_READ_H
#define LRD_STORE_READ_H

#include "store/lookup.h"
#include "store/store.h"

/* The lookup of a read that has begun. */
struct lrd_lookup lrd_read_lookup(const struct lrd_read *read);

#endif
