/* SPDX-License-Identifier: MIT */
/* shelf_larder.c - the contender: larder's store through its internal calls, as larderd uses it. */
#include "bench.h"
#include "shelf.h"

#include "store/store.h"

#include <stdlib.h>
#include <time.h>

/* A batch goes on in another transaction before this one gets too long for its neighbours. */
enum { ANY_KIND = 1, PAGES_MAX = 200 };

struct state {
	struct lrd_store *store;
	int64_t now;
};

static void must(int rc, const char *what)
{
	if (rc < 0)
		bench_die("store: %s: %s", what, larder_strerror(rc));
}

static void *open_larder(const char *folder, const struct shelf_load *load)
{
	struct lrd_store_options options = { .budget_bytes = UINT64_C(4) << 30 };
	struct state *state = bench_alloc(sizeof(*state));
	char path[BENCH_PATH_MAX];
	larder_error err;

	bench_format(path, sizeof(path), "%s/larder-%zu", folder, load->value_bytes);
	if (lrd_store_open(path, &options, &state->store, &err) < 0)
		bench_die("store: %s", err.message);
	state->now = (int64_t)time(NULL);
	return state;
}

static void make_key(struct state *state, size_t index, char *name, struct lrd_key *key)
{
	larder_slice slice = { name, shelf_key(index, name) };

	must(lrd_key_init(state->store, (larder_slice){ "", 0 }, slice, key), "key");
}

static size_t get_larder(void *opaque, size_t index, char *buf)
{
	struct state *state = opaque;
	struct lrd_record record = { .body_len = 0 };
	struct lrd_read read;
	struct lrd_key key;
	char name[SHELF_KEY_MAX];
	int rc;

	make_key(state, index, name, &key);
	must(lrd_read_begin(state->store, &read), "read");
	rc = lrd_read_get(&read, &key, state->now, &record);
	if (rc == 0)
		must(lrd_read_body(&read, &record, 0, buf, (size_t)record.body_len),
		     "body");
	lrd_read_end(&read);
	return rc == 0 ? (size_t)record.body_len : 0;
}

static void put_larder(void *opaque, size_t first, size_t count, const char *value,
		       size_t len)
{
	struct state *state = opaque;
	struct lrd_write *write = NULL;
	char name[SHELF_KEY_MAX];
	size_t i;

	must(lrd_write_begin(state->store, &write), "write");
	for (i = 0; i < count; i++) {
		struct lrd_put put = { .kind = ANY_KIND, .stored_at = state->now };

		if (lrd_write_pages(write) > PAGES_MAX) {
			must(lrd_write_commit(write), "commit");
			must(lrd_write_begin(state->store, &write), "write");
		}
		make_key(state, first + i, name, &put.key);
		must(lrd_write_put(write, &put, (larder_slice){ value, len }, NULL),
		     "put");
	}
	must(lrd_write_commit(write), "commit");
}

static void remove_larder(void *opaque, size_t index)
{
	struct state *state = opaque;
	struct lrd_write *write = NULL;
	struct lrd_key key;
	char name[SHELF_KEY_MAX];

	make_key(state, index, name, &key);
	must(lrd_write_begin(state->store, &write), "write");
	must(lrd_write_delete(write, &key), "delete");
	must(lrd_write_commit(write), "commit");
}

/* The store reopens by itself after a fork. */
static void child_larder(void *opaque)
{
	(void)opaque;
}

static void close_larder(void *opaque)
{
	struct state *state = opaque;

	lrd_store_close(state->store);
	free(state);
}

const struct shelf_contender shelf_larder = {
	.name = "larder store",
	.open = open_larder,
	.get = get_larder,
	.put = put_larder,
	.batches = true,
	.remove = remove_larder,
	.child = child_larder,
	.close = close_larder,
};
