/* SPDX-License-Identifier: MIT */
/* futex.c - sleeping until a word that processes share changes. */
#include "sys/futex.h"

#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* The kernel compares 32 bits: those that hold the lower half. */
static const void *lower_half(const _Atomic uint64_t *word)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return word;
#else
	return (const char *)word + 4;
#endif
}

void lrd_futex_sleep(const _Atomic uint64_t *word, uint64_t expected, uint64_t timeout_ns)
{
	struct timespec timeout;

	timeout.tv_sec = (time_t)(timeout_ns / UINT64_C(1000000000));
	timeout.tv_nsec = (long)(timeout_ns % UINT64_C(1000000000));
	/* Measured by the monotonic clock. Without FUTEX_PRIVATE: the sleepers of one word are
	 * found by file and offset. */
	(void)syscall(SYS_futex, lower_half(word), FUTEX_WAIT, (uint32_t)expected,
		      &timeout, NULL, 0);
}

void lrd_futex_wake(const _Atomic uint64_t *word)
{
	(void)syscall(SYS_futex, lower_half(word), FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}
