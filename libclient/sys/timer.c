/* SPDX-License-Identifier: MIT */
/* timer.c - a descriptor that becomes readable after a time, for those who poll. */
#include "sys/timer.h"

#include <errno.h>
#include <sys/timerfd.h>

#include "sys/error.h"

int lrd_timer_open(void)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	return fd < 0 ? lrd_error_from_errno(errno) : fd;
}

int lrd_timer_set(int fd, uint64_t after_ns)
{
	struct itimerspec when = { 0 };

	when.it_value.tv_sec = (time_t)(after_ns / UINT64_C(1000000000));
	when.it_value.tv_nsec = (long)(after_ns % UINT64_C(1000000000));
	/* Setting it also makes it unreadable until then. */
	return timerfd_settime(fd, 0, &when, NULL) < 0 ? lrd_error_from_errno(errno) : 0;
}
