/* SPDX-License-Identifier: MIT */
/*
 * assert.h - checks of our own invariants, always on.
 *
 * For bugs of ours only: a process that lost its invariants must not keep write access to a
 * store that others trust. A caller's misuse is LARDER_EINVAL; bytes from disk, wire or
 * another process are never asserted about.
 */
#ifndef LRD_SYS_ASSERT_H
#define LRD_SYS_ASSERT_H

#define lrd_assert(condition) \
	((condition) ? (void)0 : lrd_assert_fail(#condition, __FILE__, __LINE__))

/* Writes one line to standard error and aborts. Safe in a signal handler. */
_Noreturn void lrd_assert_fail(const char *condition, const char *file, int line);

#endif
