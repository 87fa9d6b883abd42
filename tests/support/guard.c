/* SPDX-License-Identifier: MIT */
/* guard.c - copies of input that end at unmapped memory. */
#include "tests/support/guard.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* [ padding | copy ][ PROT_NONE page ]: whole pages, the copy flush right. */
static size_t room(size_t len, size_t page)
{
	return (len / page + 1) * page;
}

char *lrd_guard_alloc(const void *data, size_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t size = room(len, page);
	char *base = mmap(NULL, size + page, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *copy;

	if (base == MAP_FAILED || mprotect(base + size, page, PROT_NONE) != 0) {
		perror("lrd_guard_alloc");
		abort();
	}
	copy = base + size - len;
	if (len > 0)
		memcpy(copy, data, len);
	return copy;
}

void lrd_guard_free(char *copy, size_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t size = room(len, page);

	if (copy)
		munmap(copy + len - size, size + page);
}
