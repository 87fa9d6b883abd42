/* SPDX-License-Identifier: MIT */
/* timer.h - a descriptor that becomes readable after a time, for those who poll. */
#ifndef LRD_SYS_TIMER_H
#define LRD_SYS_TIMER_H

#include <stdint.h>

#include <larder/types.h>

/* A descriptor, closed on exec; or an error of the system. Close it with close(). */
LARDER_MUST_USE int lrd_timer_open(void);

/* Readable once `after_ns` (at least 1) is over, and not before. EIO. */
LARDER_MUST_USE int lrd_timer_set(int fd, uint64_t after_ns);

#endif
