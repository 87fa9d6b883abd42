/* SPDX-License-Identifier: MIT */
/*
 * futex.h - sleeping until a word that processes share changes.
 *
 * The word is the lower half of a 64-bit atomic, in memory that may be mapped by several
 * processes. A change that nobody is woken for is noticed at the timeout.
 */
#ifndef LRD_SYS_FUTEX_H
#define LRD_SYS_FUTEX_H

#include <stdatomic.h>
#include <stdint.h>

/*
 * Sleeps while the lower half is that of `expected`, at most `timeout_ns`. Returns for any
 * reason or none: the caller looks again.
 */
void lrd_futex_sleep(const _Atomic uint64_t *word, uint64_t expected, uint64_t timeout_ns);

/* Wakes all sleepers of all processes. */
void lrd_futex_wake(const _Atomic uint64_t *word);

#endif
