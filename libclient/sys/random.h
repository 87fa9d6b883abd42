/* SPDX-License-Identifier: MIT */
/* random.h - unpredictable bytes from the kernel. */
#ifndef LRD_SYS_RANDOM_H
#define LRD_SYS_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Fills `dst`; never returns with fewer bytes, aborts where the kernel has none to give. */
void lrd_random_bytes(void *dst, size_t len);

uint64_t lrd_random_u64(void);

#endif
