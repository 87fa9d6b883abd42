/* SPDX-License-Identifier: MIT */
/* shelf_table.c - the limit: a hash table of this process alone, strings compared. */
#include "bench.h"
#include "shelf.h"

#include <stdlib.h>
#include <string.h>

struct cell {
	uint64_t number;
	size_t key_len, value_len;
	char *bytes; /* key, then value; NULL: never used */
};

struct state {
	struct cell *cells;
	size_t mask;
};

static void *open_table(const char *folder, const struct shelf_load *load)
{
	struct state *state = bench_alloc(sizeof(*state));
	size_t size = 16;

	(void)folder;
	while (size < load->entries * 2)
		size *= 2;
	state->cells = bench_alloc(size * sizeof(*state->cells));
	state->mask = size - 1;
	return state;
}

/* FNV-1a over the key: this contender pays for its hash as the others do. */
static uint64_t hash(const char *key, size_t len)
{
	uint64_t h = 14695981039346656037u;
	size_t i;

	for (i = 0; i < len; i++)
		h = (h ^ (unsigned char)key[i]) * 1099511628211u;
	return h;
}

/* The key's cell, or the free one that it would take. */
static struct cell *find(struct state *state, const char *key, size_t len, uint64_t number)
{
	size_t at = (size_t)number & state->mask;

	while (state->cells[at].bytes &&
	       !(state->cells[at].number == number && state->cells[at].key_len == len &&
		 memcmp(state->cells[at].bytes, key, len) == 0))
		at = (at + 1) & state->mask;
	return &state->cells[at];
}

static size_t get_table(void *opaque, size_t index, char *buf)
{
	char key[SHELF_KEY_MAX];
	size_t len = shelf_key(index, key);
	struct cell *cell = find(opaque, key, len, hash(key, len));

	if (!cell->bytes || cell->value_len == 0)
		return 0;
	memcpy(buf, cell->bytes + len, cell->value_len);
	return cell->value_len;
}

static void put_one(void *opaque, size_t index, const char *value, size_t value_len)
{
	char key[SHELF_KEY_MAX];
	size_t len = shelf_key(index, key);
	uint64_t number = hash(key, len);
	struct cell *cell = find(opaque, key, len, number);

	free(cell->bytes);
	cell->bytes = bench_alloc(len + value_len);
	memcpy(cell->bytes, key, len);
	memcpy(cell->bytes + len, value, value_len);
	cell->number = number;
	cell->key_len = len;
	cell->value_len = value_len;
}

static void put_table(void *opaque, size_t first, size_t count, const char *value,
		      size_t len)
{
	size_t i;

	for (i = 0; i < count; i++)
		put_one(opaque, first + i, value, len);
}

/* An empty value marks what is gone: the chain of cells stays whole. */
static void remove_table(void *opaque, size_t index)
{
	put_one(opaque, index, "", 0);
}

static void close_table(void *opaque)
{
	struct state *state = opaque;
	size_t i;

	for (i = 0; i <= state->mask; i++)
		free(state->cells[i].bytes);
	free(state->cells);
	free(state);
}

const struct shelf_contender shelf_table = {
	.name = "hash table in one process",
	.open = open_table,
	.get = get_table,
	.put = put_table,
	.batches = true,
	.remove = remove_table,
	.close = close_table,
};
