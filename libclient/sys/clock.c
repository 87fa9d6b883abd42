/* SPDX-License-Identifier: MIT */
/* clock.c - the two clocks: unix seconds for HTTP and expiry, monotonic time for deadlines. */
#include "sys/clock.h"

#include <time.h>

static uint64_t read_ns(clockid_t id)
{
	struct timespec ts = { 0, 0 };

	/* Cannot fail: both ids exist on every Linux that has the vDSO. */
	(void)clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * UINT64_C(1000000000) + (uint64_t)ts.tv_nsec;
}

int64_t lrd_clock_now_s(void)
{
	struct timespec ts = { 0, 0 };

	(void)clock_gettime(CLOCK_REALTIME_COARSE, &ts);
	return (int64_t)ts.tv_sec;
}

uint64_t lrd_clock_mono_ns(void)
{
	return read_ns(CLOCK_MONOTONIC);
}

uint64_t lrd_clock_mono_coarse_ns(void)
{
	return read_ns(CLOCK_MONOTONIC_COARSE);
}
