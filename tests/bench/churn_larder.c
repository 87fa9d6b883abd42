/* SPDX-License-Identifier: MIT */
/* churn_larder.c - the contender: larder's store, one put a transaction. */
#include "bench.h"
#include "churn.h"
#include "shelf.h"

#include "store/store.h"

#include <stdlib.h>
#include <time.h>

enum { ANY_KIND = 1 };

struct state {
	struct lrd_store *store;
	int64_t now;
};

static void *open_larder(const char *folder, uint64_t budget)
{
	struct lrd_store_options options = { .budget_bytes = budget };
	struct state *state = bench_alloc(sizeof(*state));
	static unsigned stores;
	char path[BENCH_PATH_MAX];
	larder_error err;

	bench_format(path, sizeof(path), "%s/churn-%u", folder, stores++);
	if (lrd_store_open(path, &options, &state->store, &err) < 0)
		bench_die("store: %s", err.message);
	state->now = (int64_t)time(NULL);
	return state;
}

static int begin(struct state *state, size_t index, char *name, struct lrd_key *key,
		 struct lrd_write **write)
{
	larder_slice slice = { name, shelf_key(index, name) };

	if (lrd_key_init(state->store, (larder_slice){ "", 0 }, slice, key) < 0)
		bench_die("store: key");
	return lrd_write_begin(state->store, write);
}

static bool put_larder(void *opaque, size_t index, const char *value, size_t len)
{
	struct state *state = opaque;
	struct lrd_put put = { .kind = ANY_KIND, .stored_at = state->now };
	struct lrd_write *write = NULL;
	char name[SHELF_KEY_MAX];
	int rc = begin(state, index, name, &put.key, &write);

	if (rc < 0)
		bench_die("store: write: %s", larder_strerror(rc));
	rc = lrd_write_put(write, &put, (larder_slice){ value, len }, NULL);
	if (rc == 0)
		rc = lrd_write_commit(write);
	else
		lrd_write_abort(write);
	if (rc < 0 && rc != LARDER_EFULL)
		bench_die("store: put: %s", larder_strerror(rc));
	return rc == 0;
}

static void remove_larder(void *opaque, size_t index)
{
	struct lrd_write *write = NULL;
	char name[SHELF_KEY_MAX];
	struct lrd_key key;

	if (begin(opaque, index, name, &key, &write) < 0)
		bench_die("store: write");
	/* The store may have evicted it meanwhile. */
	if (lrd_write_delete(write, &key) < 0)
		lrd_write_abort(write);
	else if (lrd_write_commit(write) < 0)
		bench_die("store: commit");
}

static uint64_t used_larder(void *opaque)
{
	struct state *state = opaque;
	struct lrd_store_stat stat;

	if (lrd_store_stat(state->store, &stat) < 0)
		bench_die("store: stat");
	return stat.used_bytes;
}

static void close_larder(void *opaque)
{
	struct state *state = opaque;

	lrd_store_close(state->store);
	free(state);
}

const struct churn_contender churn_larder = {
	.name = "larder store",
	.open = open_larder,
	.put = put_larder,
	.remove = remove_larder,
	.used_bytes = used_larder,
	.close = close_larder,
};
