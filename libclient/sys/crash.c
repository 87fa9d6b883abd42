/* SPDX-License-Identifier: MIT */
/* crash.c - named places where a test may have the process die as by kill -9. */
#include "sys/crash.h"

#ifdef LARDER_FAULTS
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

void lrd_crash_point(const char *name)
{
	/* Test builds only: how often the named point was passed. */
	static atomic_long passes;
	const char *wanted = getenv("LARDER_CRASH_POINT");
	size_t len = strlen(name);
	long nth = 1;

	if (!wanted || strncmp(wanted, name, len) != 0)
		return;
	if (wanted[len] == ':')
		nth = strtol(wanted + len + 1, NULL, 10);
	else if (wanted[len] != '\0')
		return;
	if (atomic_fetch_add(&passes, 1) + 1 == nth)
		(void)raise(SIGKILL);
}
#else
/* ISO C wants something in every unit. */
typedef int lrd_no_crash_points;
#endif
