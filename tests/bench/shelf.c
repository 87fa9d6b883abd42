/* SPDX-License-Identifier: MIT */
/* shelf.c - the keys that all contenders store under. */
#include "shelf.h"

#include "bench.h"

#include <string.h>

size_t shelf_key(size_t index, char *key)
{
	bench_format(key, SHELF_KEY_MAX,
		     "https://www.example.org/catalogue/section-%02zu/item-%010zu.json",
		     index % 97, index);
	return strlen(key);
}

uint64_t shelf_number(size_t index)
{
	return (index + 1) * UINT64_C(0x9e3779b97f4a7c15);
}
