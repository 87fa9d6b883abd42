/* SPDX-License-Identifier: MIT */
/* hit_lmdb.c - the floor: one LMDB get by integer key and a memcpy, no HTTP, no checks. */
#include "bench.h"
#include "hit.h"

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

static size_t entry_key(size_t index)
{
	return index * 0x9e3779b97f4a7c15u;
}

/* An environment must not be used across a fork, so each process opens its own. */
static void attach(struct state *state)
{
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

static void *open_lmdb(const char *folder, const struct hit_load *load)
{
	struct state *state = bench_alloc(sizeof(*state));
	char *body = bench_alloc(load->body_bytes);
	MDB_txn *txn = NULL;
	size_t i;

	bench_format(state->path, sizeof(state->path), "%s/lmdb-%zu", folder,
		     load->body_bytes);
	mkdir(state->path, 0700);
	attach(state);
	for (i = 0; i < load->entries; i++) {
		size_t key = entry_key(i);
		MDB_val name = { sizeof(key), &key };
		MDB_val value = { load->body_bytes, body };

		if (!txn)
			must(mdb_txn_begin(state->env, NULL, 0, &txn), "begin");
		bench_body(i, body, load->body_bytes);
		must(mdb_put(txn, state->dbi, &name, &value, 0), "put");
		if (i % 100 == 99 || i + 1 == load->entries) {
			must(mdb_txn_commit(txn), "commit");
			txn = NULL;
		}
	}
	free(body);
	return state;
}

static void child_lmdb(void *opaque)
{
	attach(opaque);
}

static size_t get_lmdb(void *opaque, size_t index, char *buf)
{
	struct state *state = opaque;
	size_t key = entry_key(index);
	MDB_val name = { sizeof(key), &key };
	MDB_val value = { 0, NULL };

	must(mdb_txn_renew(state->txn), "renew");
	if (mdb_get(state->txn, state->dbi, &name, &value) == 0)
		memcpy(buf, value.mv_data, value.mv_size);
	mdb_txn_reset(state->txn);
	return value.mv_size;
}

static void close_lmdb(void *opaque)
{
	struct state *state = opaque;

	mdb_txn_abort(state->txn);
	mdb_env_close(state->env);
	free(state);
}

const struct hit_contender hit_lmdb = {
	.name = "raw LMDB get + memcpy",
	.open = open_lmdb,
	.get = get_lmdb,
	.child = child_lmdb,
	.close = close_lmdb,
};
