/* SPDX-License-Identifier: MIT */
/* test_env.c - the rules of opening: who may, what is healed, what a fork or a rebuild does. */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/control.h"
#include "store/layout.h"
#include "store/store.h"
#include "tests/store/store_support.h"
#include "tests/support/check_main.h"
#include "tests/support/tmpdir.h"

static int try_open(const char *dir, struct lrd_store **out, larder_error *err)
{
	struct lrd_store_options options = { .budget_bytes = 64 << 20 };

	return lrd_store_open(dir, &options, out, err);
}

static void path_in(char *path, const char *dir, const char *name)
{
	lrd_tmpdir_path(path, 512, dir, name);
}

/* The open must fail with this code and a message that has these words. */
static void expect_refusal(const char *dir, int code, const char *words)
{
	struct lrd_store *store = NULL;
	larder_error err;
	int rc = try_open(dir, &store, &err);

	ck_assert_msg(rc == code, "%d, not %d: %s", rc, code, err.message);
	ck_assert_int_eq(err.code, code);
	ck_assert_msg(strstr(err.message, words) != NULL, "no \"%s\" in: %s", words,
		      err.message);
	ck_assert_ptr_null(store);
}

START_TEST(creates_what_is_missing_above)
{
	char path[512];
	struct stat st;
	struct lrd_store *store;

	path_in(path, lrd_tmpdir_new(), "a/b/c");
	store = test_open(path, 64);
	ck_assert_str_eq(lrd_store_path(store), path);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0700);
	lrd_store_close(store);
}
END_TEST

START_TEST(must_exist_creates_nothing)
{
	struct lrd_store_options options = { .must_exist = true };
	struct lrd_store *store = NULL;
	struct stat st;
	larder_error err;
	char path[512];
	const char *dir = lrd_tmpdir_new();

	ck_assert_int_eq(lrd_store_open(dir, &options, &store, &err), LARDER_ENOTFOUND);
	path_in(path, dir, "control");
	ck_assert_int_ne(stat(path, &st), 0);
	path_in(path, dir, "none");
	ck_assert_int_eq(lrd_store_open(path, &options, &store, &err), LARDER_ENOTFOUND);
	ck_assert_int_ne(stat(path, &st), 0);
}
END_TEST

START_TEST(refuses_a_file)
{
	char path[512];
	int fd;

	path_in(path, lrd_tmpdir_new(), "file");
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	ck_assert_int_ge(fd, 0);
	close(fd);
	expect_refusal(path, LARDER_ESTORE, "is a file");
}
END_TEST

START_TEST(refuses_a_symlink)
{
	const char *dir = lrd_tmpdir_new();
	char path[512];

	path_in(path, dir, "link");
	ck_assert_int_eq(symlink(dir, path), 0);
	expect_refusal(path, LARDER_ESTORE, "symbolic link");
}
END_TEST

START_TEST(refuses_a_symlinked_control)
{
	const char *dir = lrd_tmpdir_new();
	char path[512];

	path_in(path, dir, "control");
	ck_assert_int_eq(symlink("/etc/passwd", path), 0);
	expect_refusal(dir, LARDER_ESTORE, "control");
}
END_TEST

START_TEST(refuses_loose_modes)
{
	const char *dir = lrd_tmpdir_new();

	ck_assert_int_eq(chmod(dir, 0707), 0);
	expect_refusal(dir, LARDER_ESTORE, "writable by everyone");
	ck_assert_int_eq(chmod(dir, 0770), 0);
	expect_refusal(dir, LARDER_ESTORE, "writable by its group");
	ck_assert_int_eq(chmod(dir, 0700), 0);
}
END_TEST

START_TEST(refuses_a_foreign_owner)
{
	const char *dir = lrd_tmpdir_new();

	if (geteuid() != 0)
		return; /* only root can make what is to be refused */
	ck_assert_int_eq(chown(dir, 12345, 12345), 0);
	expect_refusal(dir, LARDER_ESTORE, "belongs to user 12345");
}
END_TEST

START_TEST(shares_one_environment)
{
	const char *dir = lrd_tmpdir_new();
	struct lrd_store *first = test_open(dir, 64);
	struct lrd_store *second;
	char path[600];

	(void)snprintf(path, sizeof(path), "%s/../%s/", dir, strrchr(dir, '/') + 1);
	second = test_open(path, 64);
	ck_assert_int_eq(test_store_body(first, "k", 1, 100000), 0);
	ck_assert_int_eq(test_verify_body(second, "k", 1), 100000);
	lrd_store_close(first);
	/* The close of one leaves the other's snapshots and locks alone. */
	ck_assert_int_eq(test_verify_body(second, "k", 1), 100000);
	ck_assert_int_eq(test_store_body(second, "k", 2, 5000), 0);
	lrd_store_close(second);
}
END_TEST

START_TEST(two_stores_are_apart)
{
	struct lrd_store *a = test_open(lrd_tmpdir_new(), 64);
	struct lrd_store *b = test_open(lrd_tmpdir_new(), 64);

	ck_assert_int_eq(test_store_body(a, "k", 1, 1000), 0);
	ck_assert_int_eq(test_store_body(b, "k", 2, 2000), 0);
	ck_assert_int_eq(test_verify_body(a, "k", 1), 1000);
	ck_assert_int_eq(test_verify_body(b, "k", 2), 2000);
	ck_assert_int_ne(test_key(a, "k").hash, test_key(b, "k").hash);
	lrd_store_close(a);
	lrd_store_close(b);
}
END_TEST

/* ---- forks ------------------------------------------------------------------------------- */

enum { CHILDREN = 16, FORK_ENTRIES = 50, FORK_ROUNDS = 40 };

static size_t fork_len(int i)
{
	return (size_t)i * 777 + (i % 5 == 0 ? 60000 : 0);
}

static void use_in_child(void *ctx)
{
	struct lrd_store *store = ctx;
	char name[32];

	for (int round = 0; round < FORK_ROUNDS; round++) {
		for (int i = 0; i < FORK_ENTRIES; i++) {
			long got;

			(void)snprintf(name, sizeof(name), "k%d", i);
			got = test_verify_body(store, name, (uint64_t)i);
			if (got != (long)fork_len(i)) {
				(void)printf("child: %s: %ld\n", name, got);
				_exit(1);
			}
		}
		/* Each child rewrites the same bytes: any state is right. */
		(void)snprintf(name, sizeof(name), "k%d", round % FORK_ENTRIES);
		if (test_store_body(store, name, (uint64_t)(round % FORK_ENTRIES),
				    fork_len(round % FORK_ENTRIES)) < 0)
			_exit(2);
	}
	lrd_store_close(store);
}

START_TEST(sixteen_children_use_the_parents_handle)
{
	struct lrd_store *store = test_open(lrd_tmpdir_new(), 64);
	pid_t pids[CHILDREN];
	struct lrd_read open_read;
	char name[32];

	for (int i = 0; i < FORK_ENTRIES; i++) {
		(void)snprintf(name, sizeof(name), "k%d", i);
		ck_assert_int_eq(test_store_body(store, name, (uint64_t)i, fork_len(i)),
				 0);
		ck_assert_int_eq(test_verify_body(store, name, (uint64_t)i),
				 (long)fork_len(i));
	}
	/* A read that is active while it forks: the parent's snapshot must survive it all. */
	ck_assert_int_eq(lrd_read_begin(store, &open_read), 0);
	for (int i = 0; i < CHILDREN; i++)
		pids[i] = test_fork(use_in_child, store);
	for (int i = 0; i < CHILDREN; i++)
		ck_assert_int_eq(test_wait(pids[i]), 0);
	for (int i = 0; i < FORK_ENTRIES; i++) {
		struct lrd_key key;
		struct lrd_record record;
		unsigned char *got, *wanted;

		(void)snprintf(name, sizeof(name), "k%d", i);
		key = test_key(store, name);
		ck_assert_int_eq(lrd_read_get(&open_read, &key, 0, &record), 0);
		got = malloc(record.body_len + 1);
		wanted = malloc(record.body_len + 1);
		ck_assert_int_eq(
			lrd_read_body(&open_read, &record, 0, got, record.body_len), 0);
		test_pattern(wanted, (uint64_t)i, 0, record.body_len);
		ck_assert_int_eq(memcmp(got, wanted, record.body_len), 0);
		free(got);
		free(wanted);
	}
	lrd_read_end(&open_read);
	ck_assert_int_eq(test_findings(store), 0);
	lrd_store_close(store);
}
END_TEST

static void outlive_parent(void *ctx)
{
	struct lrd_store *store = ctx;
	/* A grandchild after the child used the store too. */
	pid_t pid = test_fork(use_in_child, store);

	if (test_verify_body(store, "k1", 1) != (long)fork_len(1))
		_exit(3);
	if (test_wait(pid) != 0)
		_exit(4);
	lrd_store_close(store);
}

START_TEST(children_of_children)
{
	struct lrd_store *store = test_open(lrd_tmpdir_new(), 64);
	char name[32];

	for (int i = 0; i < FORK_ENTRIES; i++) {
		(void)snprintf(name, sizeof(name), "k%d", i);
		ck_assert_int_eq(test_store_body(store, name, (uint64_t)i, fork_len(i)),
				 0);
	}
	ck_assert_int_eq(test_wait(test_fork(outlive_parent, store)), 0);
	ck_assert_int_eq(test_verify_body(store, "k1", 1), (long)fork_len(1));
	lrd_store_close(store);
}
END_TEST

static void use_dead_objects(void *ctx)
{
	struct {
		struct lrd_store *store;
		struct lrd_write *write;
		struct lrd_fill *fill;
		struct lrd_hold *hold;
		struct lrd_read *read;
	} *inherited = ctx;
	unsigned char byte[10];
	struct lrd_put put = test_put(inherited->store, "late");

	lrd_read_end(inherited->read);
	if (lrd_hold_read(inherited->hold, 0, byte, 10) != LARDER_ENOTFOUND)
		_exit(1);
	lrd_hold_release(inherited->hold);
	if (lrd_write_commit(inherited->write) == 0)
		_exit(2);
	if (lrd_fill_commit(inherited->fill, &put, NULL) == 0)
		_exit(3);
	if (test_verify_body(inherited->store, "late", 9) != LARDER_ENOTFOUND)
		_exit(4);
}

START_TEST(what_began_before_a_fork_is_dead_in_the_child)
{
	struct lrd_store *store = test_open(lrd_tmpdir_new(), 64);
	struct lrd_put put = test_put(store, "late");
	struct lrd_key key = test_key(store, "held");
	unsigned char *bytes = calloc(1, 300000);
	struct lrd_write *write;
	struct lrd_fill *fill;
	struct lrd_hold hold;
	struct lrd_read read;
	struct lrd_record record;
	pid_t pid;

	ck_assert_int_eq(test_store_body(store, "held", 5, 300000), 0);
	ck_assert_int_eq(lrd_fill_begin(store, UINT64_MAX, &fill), 0);
	ck_assert_int_eq(lrd_fill_append(fill, bytes, 300000), 0);
	ck_assert_int_eq(lrd_read_begin(store, &read), 0);
	ck_assert_int_eq(lrd_read_get(&read, &key, 0, &record), 0);
	ck_assert_int_eq(lrd_hold_take(store, &key, record.body_id, &hold), 0);
	ck_assert_int_eq(lrd_write_begin(store, &write), 0);
	ck_assert_int_eq(lrd_write_put(write, &put, (larder_slice){ "abc", 3 }, NULL), 0);

	struct {
		struct lrd_store *store;
		struct lrd_write *write;
		struct lrd_fill *fill;
		struct lrd_hold *hold;
		struct lrd_read *read;
	} inherited = { store, write, fill, &hold, &read };

	/* The write below still holds the gate, so the child's own reads do, its writes not. */
	pid = test_fork(use_dead_objects, &inherited);
	ck_assert_int_eq(test_wait(pid), 0);
	/* All of it still works here. */
	ck_assert_int_eq(lrd_read_body(&read, &record, 0, bytes, 300000), 0);
	lrd_read_end(&read);
	ck_assert_int_eq(lrd_write_commit(write), 0);
	ck_assert_int_eq(lrd_fill_commit(fill, &put, NULL), 0);
	ck_assert_int_eq(lrd_hold_read(&hold, 299990, bytes, 100), 10);
	lrd_hold_release(&hold);
	free(bytes);
	ck_assert_int_eq(test_findings(store), 0);
	lrd_store_close(store);
}
END_TEST

/* ---- files that changed ------------------------------------------------------------------ */

static void overwrite(const char *dir, const char *name, off_t at, const void *bytes,
		      size_t len)
{
	char path[512];
	int fd;

	path_in(path, dir, name);
	fd = open(path, O_WRONLY);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pwrite(fd, bytes, len, at), (long)len);
	close(fd);
}

START_TEST(cut_files_are_rebuilt)
{
	static const off_t lengths[] = { 0, 1, 4096, 8192, 100000, 4 << 20 };
	const char *dir = lrd_tmpdir_new();
	struct lrd_store_stat stat;
	struct lrd_store *store = test_open(dir, 64);
	char path[512];

	ck_assert_int_eq(test_fill_body(store, "k", 1, 6 << 20, 65536), 0);
	lrd_store_close(store);
	path_in(path, dir, "data.mdb");
	ck_assert_int_eq(truncate(path, lengths[_i]), 0);
	store = test_open(dir, 64);
	ck_assert_int_eq(test_verify_body(store, "k", 1), LARDER_ENOTFOUND);
	ck_assert_int_eq(test_store_body(store, "k", 2, 1000), 0);
	ck_assert_int_eq(test_verify_body(store, "k", 2), 1000);
	ck_assert_int_eq(lrd_store_stat(store, &stat), 0);
	ck_assert_uint_eq(stat.counters[LRD_COUNT_REBUILT], 1);
	lrd_store_close(store);
}
END_TEST

START_TEST(missing_files_are_rebuilt)
{
	static const char *const names[] = { "data.mdb", "lock.mdb", "control" };
	const char *dir = lrd_tmpdir_new();
	struct lrd_store *store = test_open(dir, 64);
	char path[512];

	ck_assert_int_eq(test_store_body(store, "k", 1, 5000), 0);
	lrd_store_close(store);
	path_in(path, dir, names[_i]);
	ck_assert_int_eq(unlink(path), 0);
	store = test_open(dir, 64);
	ck_assert_int_eq(test_verify_body(store, "k", 1), LARDER_ENOTFOUND);
	ck_assert_int_eq(test_store_body(store, "k", 2, 1000), 0);
	lrd_store_close(store);
}
END_TEST

START_TEST(a_damaged_header_is_built_anew)
{
	const char *dir = lrd_tmpdir_new();
	struct lrd_store *store = test_open(dir, 64);
	/* Each word of the header in turn; most are covered by the sum, the rest by checks. */
	off_t at = _i * 8;

	ck_assert_int_eq(test_store_body(store, "k", 1, 5000), 0);
	lrd_store_close(store);
	overwrite(dir, "control", at, "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
	store = test_open(dir, 64);
	ck_assert_int_eq(test_verify_body(store, "k", 1), LARDER_ENOTFOUND);
	ck_assert_int_eq(test_store_body(store, "k", 2, 1000), 0);
	ck_assert_int_eq(test_findings(store), 0);
	lrd_store_close(store);
}
END_TEST

START_TEST(cut_control_is_built_anew)
{
	static const off_t lengths[] = { 0, 100, 272, 4096, 8192, 100000 };
	const char *dir = lrd_tmpdir_new();
	struct lrd_store *store = test_open(dir, 64);
	char path[512];

	ck_assert_int_eq(test_store_body(store, "k", 1, 5000), 0);
	lrd_store_close(store);
	path_in(path, dir, "control");
	ck_assert_int_eq(truncate(path, lengths[_i]), 0);
	store = test_open(dir, 64);
	ck_assert_int_eq(test_verify_body(store, "k", 1), LARDER_ENOTFOUND);
	ck_assert_int_eq(test_store_body(store, "k", 2, 1000), 0);
	lrd_store_close(store);
}
END_TEST

/* A child that has the store open until it is told to end. */
struct keeper {
	pid_t pid;
	int to, from;
};

static struct keeper keep_open(const char *dir)
{
	struct keeper keeper;
	int to[2], from[2];
	char byte = 0;

	ck_assert_int_eq(pipe(to), 0);
	ck_assert_int_eq(pipe(from), 0);
	keeper.pid = fork();
	ck_assert_int_ge(keeper.pid, 0);
	if (keeper.pid == 0) {
		struct lrd_store *store = test_open(dir, 64);

		(void)close(to[1]);
		if (test_verify_body(store, "k", 1) != 5000 || write(from[1], "o", 1) != 1)
			_exit(1);
		while (read(to[0], &byte, 1) == 1) {
			/* 'v': what does it see now? */
			long got = test_verify_body(store, "k", 1);

			byte = got == 5000 ? 'y' : got == LARDER_ENOTFOUND ? 'n' : 'e';
			if (byte == 'n' && test_store_body(store, "child", 3, 3000) < 0)
				byte = 'w';
			if (write(from[1], &byte, 1) != 1)
				_exit(2);
		}
		lrd_store_close(store);
		_exit(0);
	}
	(void)close(to[0]);
	(void)close(from[1]);
	keeper.to = to[1];
	keeper.from = from[0];
	ck_assert_int_eq(read(keeper.from, &byte, 1), 1);
	return keeper;
}

static char ask(const struct keeper *keeper)
{
	char byte = 'v';

	ck_assert_int_eq(write(keeper->to, &byte, 1), 1);
	ck_assert_int_eq(read(keeper->from, &byte, 1), 1);
	return byte;
}

static void let_go(struct keeper *keeper)
{
	(void)close(keeper->to);
	ck_assert_int_eq(test_wait(keeper->pid), 0);
	(void)close(keeper->from);
}

START_TEST(a_format_of_others_is_respected)
{
	const char *dir = lrd_tmpdir_new();
	struct lrd_store *store = test_open(dir, 64);
	struct keeper keeper;
	uint32_t other = LRD_FORMAT + 1;

	ck_assert_int_eq(test_store_body(store, "k", 1, 5000), 0);
	lrd_store_close(store);
	keeper = keep_open(dir);
	overwrite(dir, "control", offsetof(struct lrd_control_header, format), &other, 4);
	expect_refusal(dir, LARDER_EFORMAT, "another format");
	let_go(&keeper);
	/* Nobody lives in it any more: it is ours. */
	store = test_open(dir, 64);
	ck_assert_int_eq(test_verify_body(store, "k", 1), LARDER_ENOTFOUND);
	lrd_store_close(store);
}
END_TEST

/* Maps the two pages that processes share, to forge what a crash or another machine leaves. */
static unsigned char *map_control(const char *dir)
{
	char path[512];
	unsigned char *map;
	int fd;

	path_in(path, dir, "control");
	fd = open(path, O_RDWR);
	ck_assert_int_ge(fd, 0);
	map = mmap(NULL, 2 * LRD_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ck_assert_ptr_ne(map, MAP_FAILED);
	(void)close(fd);
	return map;
}

/* Changes one word of the header, its checksum in step. */
static void forge_header(const char *dir, size_t at, uint64_t value)
{
	unsigned char *map = map_control(dir);

	memcpy(map + at, &value, sizeof(value));
	lrd_control_seal((struct lrd_control_header *)(void *)map);
	(void)munmap(map, 2 * LRD_PAGE);
}

static void forge_clean(const char *dir, uint32_t clean)
{
	unsigned char *map = map_control(dir);
	struct lrd_control_shared *shared = (void *)(map + LRD_PAGE);

	atomic_store(&shared->clean, clean);
	(void)munmap(map, 2 * LRD_PAGE);
}

static void poison(const char *dir)
{
	unsigned char *map = map_control(dir);
	struct lrd_control_shared *shared = (void *)(map + LRD_PAGE);

	atomic_fetch_or(&shared->state, LRD_STATE_POISON);
	(void)munmap(map, 2 * LRD_PAGE);
}

START_TEST(another_pid_namespace_is_refused)
{
	const char *dir = lrd_tmpdir_new();
	struct lrd_store *store = test_open(dir, 64);
	struct keeper keeper;

	ck_assert_int_eq(test_store_body(store, "k", 1, 5000), 0);
	lrd_store_close(store);
	keeper = keep_open(dir);
	forge_header(dir, offsetof(struct lrd_control_header, pid_namespace), 42);
	expect_refusal(dir, LARDER_EFORMAT, "PID namespace");
	let_go(&keeper);
	store = test_open(dir, 64);
	ck_assert_int_eq(test_verify_body(store, "k", 1), 5000);
	lrd_store_close(store);
}
END_TEST

START_TEST(another_boot_needs_a_clean_close)
{
	const char *dir = lrd_tmpdir_new();
	struct lrd_store *store = test_open(dir, 64);
	bool clean = _i == 0;

	ck_assert_int_eq(test_store_body(store, "k", 1, 5000), 0);
	lrd_store_close(store);
	if (!clean) {
		/* One more writer, who dies before he can close. */
		pid_t pid = fork();

		if (pid == 0) {
			store = test_open(dir, 64);
			(void)test_store_body(store, "x", 1, 10);
			(void)raise(SIGKILL);
		}
		(void)test_wait(pid);
	}
	/* Forged: the close of a later opener would make it clean. */
	forge_header(dir, offsetof(struct lrd_control_header, boot_id), 42);
	store = test_open(dir, 64);
	ck_assert_int_eq(test_verify_body(store, "k", 1), clean ? 5000 : LARDER_ENOTFOUND);
	lrd_store_close(store);
}
END_TEST

START_TEST(the_same_boot_needs_none)
{
	const char *dir = lrd_tmpdir_new();
	struct lrd_store *store = test_open(dir, 64);

	ck_assert_int_eq(test_store_body(store, "k", 1, 5000), 0);
	lrd_store_close(store);
	forge_clean(dir, 0);
	store = test_open(dir, 64);
	ck_assert_int_eq(test_verify_body(store, "k", 1), 5000);
	lrd_store_close(store);
}
END_TEST

START_TEST(a_poisoned_generation_is_rebuilt_for_all)
{
	const char *dir = lrd_tmpdir_new();
	struct lrd_store *store = test_open(dir, 64);
	struct lrd_store_stat before, after;
	struct keeper keeper;

	ck_assert_int_eq(test_store_body(store, "k", 1, 5000), 0);
	keeper = keep_open(dir);
	ck_assert_int_eq(lrd_store_stat(store, &before), 0);
	poison(dir);
	/* Whoever comes first rebuilds; the other notices and goes on. */
	ck_assert_int_eq(test_verify_body(store, "k", 1), LARDER_ENOTFOUND);
	ck_assert_int_eq(ask(&keeper), 'n');
	ck_assert_int_eq(test_verify_body(store, "child", 3), 3000);
	ck_assert_int_eq(lrd_store_stat(store, &after), 0);
	ck_assert_uint_eq(after.generation, before.generation + 1);
	ck_assert_uint_eq(after.processes, 2);
	let_go(&keeper);
	lrd_store_close(store);
}
END_TEST

START_TEST(a_replaced_directory_is_noticed)
{
	const char *dir = lrd_tmpdir_new();
	char path[512], aside[512];
	struct lrd_store *store;
	struct keeper keeper;

	path_in(path, dir, "store");
	path_in(aside, dir, "aside");
	store = test_open(path, 64);
	ck_assert_int_eq(test_store_body(store, "k", 1, 5000), 0);
	lrd_store_close(store);
	keeper = keep_open(path);
	ck_assert_int_eq(rename(path, aside), 0);
	store = test_open(path, 64);
	ck_assert_int_eq(test_verify_body(store, "k", 1), LARDER_ENOTFOUND);
	/* It asks for the names at most once a second, when it writes. */
	ck_assert_int_eq(ask(&keeper), 'y');
	let_go(&keeper);
	lrd_store_close(store);
}
END_TEST

START_TEST(a_writer_moves_to_the_replacement)
{
	const char *dir = lrd_tmpdir_new();
	char path[512], aside[512];
	struct lrd_store *store;

	path_in(path, dir, "store");
	path_in(aside, dir, "aside");
	store = test_open(path, 64);
	ck_assert_int_eq(test_store_body(store, "k", 1, 5000), 0);
	ck_assert_int_eq(rename(path, aside), 0);
	(void)usleep(1100000);
	ck_assert_int_eq(test_store_body(store, "k", 2, 6000), 0);
	ck_assert_int_eq(test_verify_body(store, "k", 2), 6000);
	lrd_store_close(store);
	store = test_open(path, 64);
	ck_assert_int_eq(test_verify_body(store, "k", 2), 6000);
	lrd_store_close(store);
	store = test_open(aside, 64);
	ck_assert_int_eq(test_verify_body(store, "k", 1), 5000);
	lrd_store_close(store);
}
END_TEST

START_TEST(a_copied_store_is_adopted_when_clean)
{
	const char *dir = lrd_tmpdir_new();
	char path[512], command[1200];
	struct lrd_store *store;

	path_in(path, dir, "store");
	store = test_open(path, 64);
	ck_assert_int_eq(test_store_body(store, "k", 1, 5000), 0);
	lrd_store_close(store);
	(void)snprintf(command, sizeof(command), "cp -a '%s' '%s.copy'", path, path);
	ck_assert_int_eq(system(command), 0);
	path_in(path, dir, "store.copy");
	store = test_open(path, 64);
	ck_assert_int_eq(test_verify_body(store, "k", 1), 5000);
	lrd_store_close(store);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("env");
	TCase *tc = tcase_create("refusals");

	tcase_add_test(tc, creates_what_is_missing_above);
	tcase_add_test(tc, must_exist_creates_nothing);
	tcase_add_test(tc, refuses_a_file);
	tcase_add_test(tc, refuses_a_symlink);
	tcase_add_test(tc, refuses_a_symlinked_control);
	tcase_add_test(tc, refuses_loose_modes);
	tcase_add_test(tc, refuses_a_foreign_owner);
	suite_add_tcase(suite, tc);

	tc = tcase_create("sharing");
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, shares_one_environment);
	tcase_add_test(tc, two_stores_are_apart);
	tcase_add_test(tc, sixteen_children_use_the_parents_handle);
	tcase_add_test(tc, children_of_children);
	tcase_add_test(tc, what_began_before_a_fork_is_dead_in_the_child);
	suite_add_tcase(suite, tc);

	tc = tcase_create("healing");
	tcase_set_timeout(tc, 20);
	tcase_add_loop_test(tc, cut_files_are_rebuilt, 0, 6);
	tcase_add_loop_test(tc, missing_files_are_rebuilt, 0, 3);
	tcase_add_loop_test(tc, a_damaged_header_is_built_anew, 0,
			    (int)sizeof(struct lrd_control_header) / 8);
	tcase_add_loop_test(tc, cut_control_is_built_anew, 0, 6);
	tcase_add_test(tc, a_format_of_others_is_respected);
	tcase_add_test(tc, another_pid_namespace_is_refused);
	tcase_add_loop_test(tc, another_boot_needs_a_clean_close, 0, 2);
	tcase_add_test(tc, the_same_boot_needs_none);
	tcase_add_test(tc, a_poisoned_generation_is_rebuilt_for_all);
	tcase_add_test(tc, a_replaced_directory_is_noticed);
	tcase_add_test(tc, a_writer_moves_to_the_replacement);
	tcase_add_test(tc, a_copied_store_is_adopted_when_clean);
	suite_add_tcase(suite, tc);
	return suite;
}
