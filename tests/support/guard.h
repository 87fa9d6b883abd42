/* SPDX-License-Identifier: MIT */
/* guard.h - copies of input that end at unmapped memory. */
#ifndef LARDER_TESTS_GUARD_H
#define LARDER_TESTS_GUARD_H

#include <stddef.h>

/*
 * Copies len bytes so that the byte after the last one is on a PROT_NONE page:
 * a parser that reads one byte too many dies at that very instruction, with any
 * compiler and without a sanitizer. The copy may be written. data may be NULL
 * when len is 0; the result is never NULL (a failure to map ends the test).
 */
char *lrd_guard_alloc(const void *data, size_t len);

/* Frees a copy; len is the one it was made with. Accepts NULL. */
void lrd_guard_free(char *copy, size_t len);

#endif
