/* SPDX-License-Identifier: MIT */
/*
 * log.h - one line of key=value words an event, to standard error.
 */
#ifndef LRD_CACHED_LOG_H
#define LRD_CACHED_LOG_H

#include <larder/types.h>

/* Numbers are syslog's, so that journald takes them as they are. */
enum lrd_log_level {
	LRD_LOG_ERROR = 3,
	LRD_LOG_WARNING = 4,
	LRD_LOG_INFO = 6,
	LRD_LOG_DEBUG = 7
};

/* How many -v were given: 0 shows INFO and worse, 1 connections, 2 commands, 3 upkeep. */
void lrd_log_set_verbosity(unsigned verbosity);
unsigned lrd_log_verbosity(void);

/* Writes one line whatever the verbosity; callers ask first. */
void lrd_log(enum lrd_log_level level, const char *format, ...) LARDER_PRINTF(2, 3);

#endif
