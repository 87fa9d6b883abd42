/* SPDX-License-Identifier: MIT */
/* shelf_lmdb.c - the floor: LMDB with the store's flags, integer keys, whole values, no checks. */
#include "bench.h"
#include "shelf.h"

#include <lmdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct state {
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;
	char path[BENCH_PATH_MAX];
};

static void must(int rc, const char *what)
{
	if (rc != 0)
		bench_die("lmdb: %s: %s", what, mdb_strerror(rc));
}

/* An environment must not be used across a fork, so each process opens its own. */
static void attach(void *opaque)
{
	struct state *state = opaque;
	MDB_txn *txn = NULL;

	must(mdb_env_create(&state->env), "create");
	must(mdb_env_set_mapsize(state->env, (size_t)4 << 30), "map size");
	must(mdb_env_open(state->env, state->path,
			  MDB_NOTLS | MDB_NOSYNC | MDB_NORDAHEAD | MDB_NOMEMINIT, 0600),
	     "open");
	must(mdb_txn_begin(state->env, NULL, 0, &txn), "begin");
	must(mdb_dbi_open(txn, NULL, MDB_INTEGERKEY, &state->dbi), "table");
	must(mdb_txn_commit(txn), "commit");
	must(mdb_txn_begin(state->env, NULL, MDB_RDONLY, &state->txn), "begin read");
	mdb_txn_reset(state->txn);
}

static void *open_lmdb(const char *folder, const struct shelf_load *load)
{
	struct state *state = bench_alloc(sizeof(*state));

	bench_format(state->path, sizeof(state->path), "%s/lmdb-%zu", folder,
		     load->value_bytes);
	mkdir(state->path, 0700);
	attach(state);
	return state;
}

static size_t get_lmdb(void *opaque, size_t index, char *buf)
{
	struct state *state = opaque;
	uint64_t number = shelf_number(index);
	MDB_val key = { sizeof(number), &number };
	MDB_val value = { 0, NULL };

	must(mdb_txn_renew(state->txn), "renew");
	if (mdb_get(state->txn, state->dbi, &key, &value) == 0)
		memcpy(buf, value.mv_data, value.mv_size);
	mdb_txn_reset(state->txn);
	return value.mv_size;
}

static void put_lmdb(void *opaque, size_t first, size_t count, const char *bytes,
		     size_t len)
{
	struct state *state = opaque;
	MDB_txn *txn = NULL;
	size_t i;

	must(mdb_txn_begin(state->env, NULL, 0, &txn), "begin");
	for (i = 0; i < count; i++) {
		uint64_t number = shelf_number(first + i);
		MDB_val key = { sizeof(number), &number };
		/* LMDB copies from it and changes nothing. */
		MDB_val value = { len, (void *)(uintptr_t)bytes };

		must(mdb_put(txn, state->dbi, &key, &value, 0), "put");
	}
	must(mdb_txn_commit(txn), "commit");
}

static void remove_lmdb(void *opaque, size_t index)
{
	struct state *state = opaque;
	uint64_t number = shelf_number(index);
	MDB_val key = { sizeof(number), &number };
	MDB_txn *txn = NULL;

	must(mdb_txn_begin(state->env, NULL, 0, &txn), "begin");
	must(mdb_del(txn, state->dbi, &key, NULL), "delete");
	must(mdb_txn_commit(txn), "commit");
}

static void close_lmdb(void *opaque)
{
	struct state *state = opaque;

	mdb_txn_abort(state->txn);
	mdb_env_close(state->env);
	free(state);
}

const struct shelf_contender shelf_lmdb = {
	.name = "raw LMDB, same flags",
	.open = open_lmdb,
	.get = get_lmdb,
	.put = put_lmdb,
	.batches = true,
	.remove = remove_lmdb,
	.child = attach,
	.close = close_lmdb,
};
