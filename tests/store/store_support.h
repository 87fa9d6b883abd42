/* SPDX-License-Identifier: MIT */
/* store_support.h - what tests of the store share: opening, putting, getting, children. */
#ifndef LARDER_TESTS_STORE_SUPPORT_H
#define LARDER_TESTS_STORE_SUPPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "store/store.h"

enum { TEST_KIND = 1 };

/* Opens (creating) with a budget in MiB; a failure ends the test. */
struct lrd_store *test_open(const char *dir, uint64_t budget_mib);

/* The key of a printed name in the anonymous partition. */
struct lrd_key test_key(struct lrd_store *store, const char *name);

/* Bytes that depend on seed and place, so that anything misplaced is noticed. */
void test_pattern(unsigned char *dst, uint64_t seed, uint64_t offset, size_t len);

/* A put of that name with nothing special about it. */
struct lrd_put test_put(struct lrd_store *store, const char *name);

/* Stores `len` pattern bytes under a name by one put or by a fill of pieces. */
int test_store_body(struct lrd_store *store, const char *name, uint64_t seed, size_t len);
int test_fill_body(struct lrd_store *store, const char *name, uint64_t seed, size_t len,
		   size_t piece);

/* Reads the body under a name into memory of its own. Returns its length or an error. */
long test_read_body(struct lrd_store *store, const char *name, unsigned char **body);

/* Whether bytes are the pattern of that seed. */
bool test_matches(const unsigned char *body, uint64_t seed, size_t len);

/* Both: the length, an error, or TEST_WRONG when the bytes are not the pattern. */
#define TEST_WRONG (-1000000)
long test_verify_body(struct lrd_store *store, const char *name, uint64_t seed);

/* Checks the whole store: the number of findings, printed. Negative: an error. */
int test_findings(struct lrd_store *store);

/* Runs fn in a child; returns its wait status. */
pid_t test_fork(void (*fn)(void *ctx), void *ctx);
int test_wait(pid_t pid);

#endif
