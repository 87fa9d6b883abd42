/* SPDX-License-Identifier: MIT */
/* log.c - one line of key=value words an event, to standard error. */
#include "cached/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The one mutable global of the daemon: the command `verbosity` sets it while workers read. */
static atomic_uint verbosity_now;

void lrd_log_set_verbosity(unsigned verbosity)
{
	atomic_store_explicit(&verbosity_now, verbosity, memory_order_relaxed);
}

unsigned lrd_log_verbosity(void)
{
	return atomic_load_explicit(&verbosity_now, memory_order_relaxed);
}

void lrd_log(enum lrd_log_level level, const char *format, ...)
{
	char line[1024];
	size_t len = 0;
	va_list args;
	int n;

	/* journald sets this for what it reads; a person needs no level numbers. */
	if (getenv("JOURNAL_STREAM"))
		len = (size_t)snprintf(line, sizeof(line), "<%d>", (int)level);
	va_start(args, format);
	n = vsnprintf(line + len, sizeof(line) - len - 1, format, args);
	va_end(args);
	if (n < 0)
		return;
	len += (size_t)n;
	if (len > sizeof(line) - 2)
		len = sizeof(line) - 2;
	line[len++] = '\n';
	/* One write a line, so that lines of two threads do not mix. */
	if (write(STDERR_FILENO, line, len) < 0)
		return;
}
