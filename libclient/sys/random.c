/* SPDX-License-Identifier: MIT */
/* random.c - unpredictable bytes from the kernel. */
#include "sys/random.h"

#include <errno.h>
#include <sys/random.h>

#include "sys/assert.h"

void lrd_random_bytes(void *dst, size_t len)
{
	unsigned char *at = dst;

	while (len > 0) {
		ssize_t got = getrandom(at, len, 0);

		if (got < 0 && errno == EINTR)
			continue;
		/* Only a kernel without the call, or a bad pointer, fails here: a predictable
		 * seed would be worse than no process. */
		lrd_assert(got > 0);
		at += got;
		len -= (size_t)got;
	}
}

uint64_t lrd_random_u64(void)
{
	uint64_t value;

	lrd_random_bytes(&value, sizeof(value));
	return value;
}
