/* SPDX-License-Identifier: MIT */
/*
 * error.h - filling in a larder_error, and the one translation of errno.
 *
 * larder_strerror() and its kin of types.h live in error.c.
 */
#ifndef LRD_SYS_ERROR_H
#define LRD_SYS_ERROR_H

#include <larder/types.h>

/*
 * Describes a failure: one line that names what, where and what to do. `host` may be NULL.
 * `err` may be NULL (the caller did not ask). Overwrites what was there: set it once, where
 * the fault is seen, and return the code unchanged upwards. Returns `code`.
 */
int lrd_error_set(larder_error *err, int code, uint32_t phase, int os_errno,
		  const char *host, const char *format, ...) LARDER_PRINTF(6, 7);

/* Nothing failed. */
void lrd_error_clear(larder_error *err);

/*
 * The code for a failed file or memory operation: ENOMEM, EFULL (no space, quota, file too
 * large), ENOTFOUND (no such file), else EIO. Sockets have a translation of their own.
 */
int lrd_error_from_errno(int os_errno);

/* The text of an errno in `buf`, always terminated; safe with threads. Returns `buf`. */
const char *lrd_error_os_text(int os_errno, char *buf, size_t len);

#endif
