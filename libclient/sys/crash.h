/* SPDX-License-Identifier: MIT */
/*
 * crash.h - named places where a test may have the process die as by kill -9.
 *
 * LARDER_CRASH_POINT=store.fill.after_row      dies at the first pass
 * LARDER_CRASH_POINT=store.fill.after_row:7    dies at the seventh
 * Compiled only with LARDER_FAULTS; elsewhere a crash point is no code at all.
 */
#ifndef LRD_SYS_CRASH_H
#define LRD_SYS_CRASH_H

#ifdef LARDER_FAULTS
#define LRD_CRASH_POINT(name) lrd_crash_point(name)
void lrd_crash_point(const char *name);
#else
#define LRD_CRASH_POINT(name) ((void)0)
#endif

#endif
