/* SPDX-License-Identifier: MIT */
/*
 * clock.h - the two clocks: unix seconds for HTTP and expiry, monotonic time for deadlines.
 *
 * Neither makes a system call (vDSO). Pure code takes `now` as an argument; only the edges of
 * the library call these.
 */
#ifndef LRD_SYS_CLOCK_H
#define LRD_SYS_CLOCK_H

#include <stdint.h>

/* Unix seconds, as coarse as the kernel's tick. */
int64_t lrd_clock_now_s(void);

/* Nanoseconds of a clock that never jumps; comparable between processes until a reboot. */
uint64_t lrd_clock_mono_ns(void);

/* The same clock at the kernel's tick (1 to 10 ms), a third of the cost. */
uint64_t lrd_clock_mono_coarse_ns(void);

#endif
