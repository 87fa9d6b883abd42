/* SPDX-License-Identifier: MIT */
/* churn_lmdb.c - the rival: LMDB with whole values, in a map as large as the store's. */
#include "bench.h"
#include "churn.h"
#include "shelf.h"

#include <lmdb.h>
#include <stdlib.h>
#include <sys/stat.h>

struct state {
	MDB_env *env;
	MDB_dbi dbi;
};

static void must(int rc, const char *what)
{
	if (rc != 0)
		bench_die("lmdb: %s: %s", what, mdb_strerror(rc));
}

static void *open_lmdb(const char *folder, uint64_t budget)
{
	struct state *state = bench_alloc(sizeof(*state));
	MDB_txn *txn = NULL;
	char path[BENCH_PATH_MAX];

	bench_format(path, sizeof(path), "%s/churn-lmdb", folder);
	mkdir(path, 0700);
	must(mdb_env_create(&state->env), "create");
	must(mdb_env_set_mapsize(state->env, budget + budget / 16 + (8 << 20)),
	     "map size");
	must(mdb_env_open(state->env, path,
			  MDB_NOTLS | MDB_NOSYNC | MDB_NORDAHEAD | MDB_NOMEMINIT, 0600),
	     "open");
	must(mdb_txn_begin(state->env, NULL, 0, &txn), "begin");
	must(mdb_dbi_open(txn, NULL, MDB_INTEGERKEY, &state->dbi), "table");
	must(mdb_txn_commit(txn), "commit");
	return state;
}

static bool put_lmdb(void *opaque, size_t index, const char *bytes, size_t len)
{
	struct state *state = opaque;
	uint64_t number = shelf_number(index);
	MDB_val key = { sizeof(number), &number };
	/* LMDB copies from it and changes nothing. */
	MDB_val value = { len, (void *)(uintptr_t)bytes };
	MDB_txn *txn = NULL;
	int rc;

	must(mdb_txn_begin(state->env, NULL, 0, &txn), "begin");
	rc = mdb_put(txn, state->dbi, &key, &value, 0);
	if (rc == 0)
		rc = mdb_txn_commit(txn);
	else
		mdb_txn_abort(txn);
	if (rc != 0 && rc != MDB_MAP_FULL)
		must(rc, "put");
	return rc == 0;
}

static void remove_lmdb(void *opaque, size_t index)
{
	struct state *state = opaque;
	uint64_t number = shelf_number(index);
	MDB_val key = { sizeof(number), &number };
	MDB_txn *txn = NULL;
	int rc;

	must(mdb_txn_begin(state->env, NULL, 0, &txn), "begin");
	rc = mdb_del(txn, state->dbi, &key, NULL);
	if (rc == 0)
		rc = mdb_txn_commit(txn);
	else
		mdb_txn_abort(txn);
	/* A full map refuses even this: what is full stays full until another try. */
	if (rc != 0 && rc != MDB_MAP_FULL && rc != MDB_NOTFOUND)
		must(rc, "delete");
}

static uint64_t used_lmdb(void *opaque)
{
	struct state *state = opaque;
	MDB_stat stat;
	MDB_txn *txn = NULL;

	must(mdb_txn_begin(state->env, NULL, MDB_RDONLY, &txn), "begin");
	must(mdb_stat(txn, state->dbi, &stat), "stat");
	mdb_txn_abort(txn);
	return (stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages) *
	       (uint64_t)stat.ms_psize;
}

static void close_lmdb(void *opaque)
{
	struct state *state = opaque;

	mdb_env_close(state->env);
	free(state);
}

const struct churn_contender churn_lmdb = {
	.name = "raw LMDB, whole values",
	.open = open_lmdb,
	.put = put_lmdb,
	.remove = remove_lmdb,
	.used_bytes = used_lmdb,
	.close = close_lmdb,
};
