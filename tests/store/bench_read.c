/* SPDX-License-Identifier: MIT */
/*
 * bench_read.c - what a hit costs in the store itself, beside LMDB alone.
 *
 * usage: bench_read [entries [body_bytes [seconds]]]
 * Both read the same number of entries of the same size in the same random order, from
 * directories on /dev/shm: ours with key hash, record checksum, key compare, body checksum
 * and copy; LMDB's with an integer key and a copy.
 */
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "store/store.h"
#include "tests/support/tmpdir.h"

struct run {
	size_t entries;
	size_t body_len;
	double seconds;
	unsigned char *body;
};

static void die(const char *what, int rc)
{
	fprintf(stderr, "bench_read: %s: %d\n", what, rc);
	exit(1);
}

static double cpu_s(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static size_t make_name(char *name, size_t size, size_t i)
{
	return (size_t)snprintf(
		name, size,
		"https://www.example.org/some/path/to/a/resource/%08zu/index.html", i);
}

static void fill_ours(struct lrd_store *store, const struct run *run)
{
	static const char head[] =
		"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n"
		"Cache-Control: max-age=3600\r\nETag: \"0123456789abcdef\"\r\n"
		"Last-Modified: Mon, 01 Jan 2024 00:00:00 GMT\r\n\r\n";

	for (size_t i = 0; i < run->entries;) {
		struct lrd_write *write;
		int rc = lrd_write_begin(store, &write);

		for (size_t n = 0; rc == 0 && n < 32 && i < run->entries; n++, i++) {
			char name[128];
			struct lrd_put put = { .kind = 1, .stored_at = 1 };

			rc = lrd_key_init(
				store, (larder_slice){ "", 0 },
				(larder_slice){ name, make_name(name, sizeof(name), i) },
				&put.key);
			put.head = (larder_slice){ head, sizeof(head) - 1 };
			if (rc == 0)
				rc = lrd_write_put(write, &put,
						   (larder_slice){ (char *)run->body,
								   run->body_len },
						   NULL);
		}
		if (rc == 0)
			rc = lrd_write_commit(write);
		if (rc < 0)
			die("put", rc);
	}
}

static double read_ours(struct lrd_store *store, const struct run *run, unsigned char *dst)
{
	uint64_t random = 88172645463325252u;
	double start = cpu_s();
	size_t reads = 0;

	do {
		for (int n = 0; n < 10000; n++, reads++) {
			char name[128];
			size_t i = next_random(&random) % run->entries;
			size_t len = make_name(name, sizeof(name), i);
			struct lrd_key key;
			struct lrd_read read;
			struct lrd_record record;
			int rc = lrd_key_init(store, (larder_slice){ "", 0 },
					      (larder_slice){ name, len }, &key);

			if (rc == 0)
				rc = lrd_read_begin(store, &read);
			if (rc == 0)
				rc = lrd_read_get(&read, &key, 2, &record);
			if (rc == 0)
				rc = lrd_read_body(&read, &record, 0, dst,
						   (size_t)record.body_len);
			if (rc < 0)
				die("read", rc);
			lrd_read_end(&read);
		}
	} while (cpu_s() - start < run->seconds);
	return (cpu_s() - start) * 1e9 / (double)reads;
}

/* What making the name costs both loops, to be taken off. */
static double read_nothing(const struct run *run)
{
	uint64_t random = 88172645463325252u;
	double start = cpu_s();
	volatile size_t sink = 0;
	size_t reads = 0;

	do {
		for (int n = 0; n < 10000; n++, reads++) {
			char name[128];

			sink += make_name(name, sizeof(name),
					  next_random(&random) % run->entries);
		}
	} while (cpu_s() - start < run->seconds / 4);
	return (cpu_s() - start) * 1e9 / (double)reads;
}

static double read_lmdb(const char *dir, const struct run *run, unsigned char *dst)
{
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;
	uint64_t random = 88172645463325252u;
	size_t reads = 0;
	double start;
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/raw", dir);
	if (mkdir(path, 0700) != 0 || mdb_env_create(&env) != 0 ||
	    mdb_env_set_mapsize(env, (size_t)4 << 30) != 0 ||
	    mdb_env_set_maxdbs(env, 2) != 0 ||
	    mdb_env_open(env, path, MDB_NOTLS | MDB_NOSYNC | MDB_NORDAHEAD, 0600) != 0 ||
	    mdb_txn_begin(env, NULL, 0, &txn) != 0 ||
	    mdb_dbi_open(txn, "entries", MDB_INTEGERKEY | MDB_CREATE, &dbi) != 0)
		die("lmdb", 0);
	for (size_t i = 0; i < run->entries; i++) {
		uint64_t key = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
		MDB_val k = { 8, &key };
		MDB_val v = { run->body_len, run->body };

		if (mdb_put(txn, dbi, &k, &v, 0) != 0)
			die("lmdb put", 0);
	}
	if (mdb_txn_commit(txn) != 0 || mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) != 0)
		die("lmdb commit", 0);
	mdb_txn_reset(txn);
	start = cpu_s();
	do {
		for (int n = 0; n < 10000; n++, reads++) {
			uint64_t i = next_random(&random) % run->entries;
			uint64_t key = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
			MDB_val k = { 8, &key };
			MDB_val v;

			if (mdb_txn_renew(txn) != 0 || mdb_get(txn, dbi, &k, &v) != 0)
				die("lmdb get", 0);
			memcpy(dst, v.mv_data, v.mv_size);
			mdb_txn_reset(txn);
		}
	} while (cpu_s() - start < run->seconds);
	return (cpu_s() - start) * 1e9 / (double)reads;
}

int main(int argc, char **argv)
{
	struct run run = { 100000, 1024, 1.0, NULL };
	struct lrd_store_options options = { .budget_bytes = UINT64_C(3) << 30 };
	struct lrd_store *store;
	unsigned char *dst;
	const char *dir;
	char path[256];
	double names;

	if (argc > 1)
		run.entries = strtoull(argv[1], NULL, 10);
	if (argc > 2)
		run.body_len = strtoull(argv[2], NULL, 10);
	if (argc > 3)
		run.seconds = strtod(argv[3], NULL);
	(void)setenv("TMPDIR", "/dev/shm", 0);
	dir = lrd_tmpdir_new();
	lrd_tmpdir_path(path, sizeof(path), dir, "store");
	run.body = calloc(1, run.body_len + 1);
	dst = malloc(run.body_len + 1);
	if (lrd_store_open(path, &options, &store, NULL) != 0)
		die("open", 0);
	fill_ours(store, &run);
	names = read_nothing(&run);
	printf("%zu entries, %zu bytes: ", run.entries, run.body_len);
	for (int round = 0; round < 3; round++)
		printf("larder %.0f ns  ", read_ours(store, &run, dst) - names);
	printf("lmdb get+copy %.0f ns\n", read_lmdb(dir, &run, dst));
	lrd_store_close(store);
	return 0;
}
