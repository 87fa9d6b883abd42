/* SPDX-License-Identifier: MIT */
/* require.h - what a fuzz target asserts: a broken invariant ends the run with its name. */
#ifndef LARDER_TESTS_FUZZ_REQUIRE_H
#define LARDER_TESTS_FUZZ_REQUIRE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void fuzz_require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "broken: %s\n", what);
	abort();
}

#endif
