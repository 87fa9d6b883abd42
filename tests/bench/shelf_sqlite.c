/* SPDX-License-Identifier: MIT */
/* shelf_sqlite.c - a rival: SQLite with a write-ahead log, mapped memory, prepared statements. */
#include "bench.h"
#include "shelf.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

struct state {
	sqlite3 *db;
	sqlite3_stmt *get, *put, *remove, *begin, *commit;
	char path[BENCH_PATH_MAX];
};

static void must(struct state *state, int rc, int wanted, const char *what)
{
	if (rc != wanted)
		bench_die("sqlite: %s: %s", what, sqlite3_errmsg(state->db));
}

static sqlite3_stmt *prepare(struct state *state, const char *text)
{
	sqlite3_stmt *statement = NULL;

	must(state, sqlite3_prepare_v2(state->db, text, -1, &statement, NULL), SQLITE_OK,
	     text);
	return statement;
}

/* A connection must not be used across a fork, so each process opens its own. */
static void attach(void *opaque)
{
	struct state *state = opaque;
	char *message = NULL;

	if (sqlite3_open(state->path, &state->db) != SQLITE_OK)
		bench_die("sqlite: cannot open %s", state->path);
	sqlite3_busy_timeout(state->db, 10000);
	/* As careful about power cuts as the others: not at all. */
	must(state,
	     sqlite3_exec(state->db,
			  "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"
			  "PRAGMA mmap_size=2147483648;"
			  "CREATE TABLE IF NOT EXISTS shelf"
			  " (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID",
			  NULL, NULL, &message),
	     SQLITE_OK, "setting up");
	state->get = prepare(state, "SELECT value FROM shelf WHERE key = ?");
	state->put = prepare(state, "INSERT OR REPLACE INTO shelf VALUES (?, ?)");
	state->remove = prepare(state, "DELETE FROM shelf WHERE key = ?");
	state->begin = prepare(state, "BEGIN IMMEDIATE");
	state->commit = prepare(state, "COMMIT");
}

static void *open_sqlite(const char *folder, const struct shelf_load *load)
{
	struct state *state = bench_alloc(sizeof(*state));

	bench_format(state->path, sizeof(state->path), "%s/shelf-%zu.db", folder,
		     load->value_bytes);
	attach(state);
	return state;
}

static void bind_key(sqlite3_stmt *statement, size_t index, char *key)
{
	sqlite3_bind_text(statement, 1, key, (int)shelf_key(index, key), SQLITE_STATIC);
}

static void step(struct state *state, sqlite3_stmt *statement, const char *what)
{
	must(state, sqlite3_step(statement), SQLITE_DONE, what);
	sqlite3_reset(statement);
}

static size_t get_sqlite(void *opaque, size_t index, char *buf)
{
	struct state *state = opaque;
	char key[SHELF_KEY_MAX];
	size_t len = 0;

	bind_key(state->get, index, key);
	if (sqlite3_step(state->get) == SQLITE_ROW) {
		len = (size_t)sqlite3_column_bytes(state->get, 0);
		memcpy(buf, sqlite3_column_blob(state->get, 0), len);
	}
	sqlite3_reset(state->get);
	return len;
}

static void put_sqlite(void *opaque, size_t first, size_t count, const char *value,
		       size_t len)
{
	struct state *state = opaque;
	char key[SHELF_KEY_MAX];
	size_t i;

	step(state, state->begin, "begin");
	for (i = 0; i < count; i++) {
		bind_key(state->put, first + i, key);
		sqlite3_bind_blob(state->put, 2, value, (int)len, SQLITE_STATIC);
		step(state, state->put, "put");
	}
	step(state, state->commit, "commit");
}

static void remove_sqlite(void *opaque, size_t index)
{
	struct state *state = opaque;
	char key[SHELF_KEY_MAX];

	bind_key(state->remove, index, key);
	step(state, state->remove, "delete");
}

static void close_sqlite(void *opaque)
{
	struct state *state = opaque;

	sqlite3_finalize(state->get);
	sqlite3_finalize(state->put);
	sqlite3_finalize(state->remove);
	sqlite3_finalize(state->begin);
	sqlite3_finalize(state->commit);
	sqlite3_close(state->db);
	free(state);
}

const struct shelf_contender shelf_sqlite = {
	.name = "SQLite, WAL, mapped",
	.open = open_sqlite,
	.get = get_sqlite,
	.put = put_sqlite,
	.batches = true,
	.remove = remove_sqlite,
	.child = attach,
	.close = close_sqlite,
};
