/* SPDX-License-Identifier: MIT */
/* shelf_public.c - the contender: larder's store through larder/store.h. */
#include "bench.h"
#include "shelf.h"

#include <larder/store.h>

#include <stdlib.h>

struct state {
	larder_store *store;
	size_t value_bytes;
};

static void must(int rc, const char *what)
{
	if (rc < 0)
		bench_die("larder/store.h: %s: %s", what, larder_strerror(rc));
}

static void *open_public(const char *folder, const struct shelf_load *load)
{
	struct state *state = bench_alloc(sizeof(*state));
	char path[BENCH_PATH_MAX];
	larder_error err;

	bench_format(path, sizeof(path), "%s/public-%zu", folder, load->value_bytes);
	if (larder_store_open(path, NULL, &state->store, &err) < 0)
		bench_die("larder/store.h: %s", err.message);
	state->value_bytes = load->value_bytes;
	return state;
}

static size_t get_public(void *opaque, size_t index, char *buf)
{
	struct state *state = opaque;
	larder_item item = LARDER_ITEM_INIT;
	larder_item found = LARDER_ITEM_INIT;
	char name[SHELF_KEY_MAX];

	item.key = (larder_slice){ name, shelf_key(index, name) };
	if (larder_store_read(state->store, &item, buf, state->value_bytes, &found) < 0)
		return 0;
	return found.value.len;
}

static void put_public(void *opaque, size_t first, size_t count, const char *value,
		       size_t len)
{
	struct state *state = opaque;
	larder_item item = LARDER_ITEM_INIT;
	char name[SHELF_KEY_MAX];
	size_t i;

	for (i = 0; i < count; i++) {
		item.key = (larder_slice){ name, shelf_key(first + i, name) };
		item.value = (larder_slice){ value, len };
		must(larder_store_set(state->store, &item, NULL), "set");
	}
}

static void remove_public(void *opaque, size_t index)
{
	struct state *state = opaque;
	larder_item item = LARDER_ITEM_INIT;
	char name[SHELF_KEY_MAX];

	item.key = (larder_slice){ name, shelf_key(index, name) };
	must(larder_store_delete(state->store, &item), "delete");
}

static void child_public(void *opaque)
{
	(void)opaque;
}

static void close_public(void *opaque)
{
	struct state *state = opaque;

	larder_store_close(state->store);
	free(state);
}

const struct shelf_contender shelf_public = {
	.name = "larder/store.h",
	.open = open_public,
	.get = get_public,
	.put = put_public,
	.remove = remove_public,
	.child = child_public,
	.close = close_public,
};
