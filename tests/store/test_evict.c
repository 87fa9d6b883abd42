/* SPDX-License-Identifier: MIT */
/* test_evict.c - who has to go: hit ratios beside LRU, scans, drift, times, slots, kills. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/env.h"
#include "store/hold.h"
#include "store/slots.h"
#include "store/slots_mend.h"
#include "store/store.h"
#include "tests/store/store_support.h"
#include "tests/support/check_main.h"
#include "tests/support/tmpdir.h"

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static struct lrd_store_stat stat_of(struct lrd_store *store)
{
	struct lrd_store_stat stat;

	ck_assert_int_eq(lrd_store_stat(store, &stat), 0);
	return stat;
}

static const char *name_of(uint64_t number)
{
	static char name[32];

	(void)snprintf(name, sizeof(name), "e%llu", (unsigned long long)number);
	return name;
}

static void put_sized(struct lrd_store *store, uint64_t number, size_t len,
		      int64_t stale_until)
{
	static const char body[200000];
	struct lrd_put put = test_put(store, name_of(number));
	struct lrd_write *write = NULL;

	put.stale_until = stale_until;
	ck_assert_int_eq(lrd_write_begin(store, &write), 0);
	ck_assert_int_eq(lrd_write_put(write, &put, (larder_slice){ body, len }, NULL), 0);
	ck_assert_int_eq(lrd_write_commit(write), 0);
}

static bool get(struct lrd_store *store, uint64_t number)
{
	struct lrd_key key = test_key(store, name_of(number));
	struct lrd_record record;
	struct lrd_read read;
	int rc;

	ck_assert_int_eq(lrd_read_begin(store, &read), 0);
	rc = lrd_read_get(&read, &key, 0, &record);
	lrd_read_end(&read);
	ck_assert(rc == 0 || rc == LARDER_ENOTFOUND);
	return rc == 0;
}

static int uses_of(struct lrd_store *store, uint64_t number)
{
	struct lrd_key key = test_key(store, name_of(number));
	struct lrd_record record;
	struct lrd_read read;
	int rc;

	ck_assert_int_eq(lrd_read_begin(store, &read), 0);
	rc = lrd_read_peek(&read, &key, 0, &record);
	lrd_read_end(&read);
	return rc == 0 ? record.uses : rc;
}

static struct lrd_mount *mount_of(struct lrd_store *store)
{
	struct lrd_mount *mount;

	ck_assert_int_eq(lrd_env_mount(store->env, &mount), 0);
	return mount;
}

/* ---- the table agrees with the records --------------------------------------------------- */

struct audit {
	struct lrd_store *store;
	uint64_t entries;
	uint64_t without; /* a slot of their own */
};

static int audit_one(const struct lrd_record *record, struct lrd_read *read, void *ctx)
{
	struct audit *audit = ctx;

	audit->entries++;
	audit->without += !lrd_slots_is_of(read->mount, record->slot, record->hash);
	return 0;
}

/* Lets upkeep come to an end, then compares. */
static void audit(struct lrd_store *store)
{
	struct audit result = { .store = store };
	struct lrd_mount *mount = mount_of(store);
	struct lrd_upkeep done = { .more = true };
	const struct lrd_slot_list *lists = mount->table->lists;
	uint64_t cursor = 0;
	uint64_t counted = 0;
	int rc = 1;

	for (int i = 0; i < 1000 && done.more; i++)
		ck_assert_int_eq(lrd_store_upkeep(store, 2000, &done), 0);
	ck_assert(!done.more);
	ck_assert(!lrd_slots_are_mending(mount));
	while (rc == 1)
		rc = lrd_store_walk(store, &cursor, 100, 0, audit_one, &result);
	ck_assert_int_eq(rc, 0);
	ck_assert_uint_eq(result.without, 0);
	ck_assert_uint_ge(lrd_slots_used(mount), result.entries);
	/* Every slot that was ever used stands in one list. */
	for (int list = LRD_LIST_FREE; list < LRD_LIST_END; list++) {
		uint32_t last = 0;
		uint64_t length = 0;

		for (uint32_t slot = lists[list].head; slot != 0;
		     slot = mount->slots[slot - 1].next) {
			ck_assert_uint_le(slot, mount->table->high);
			ck_assert_uint_eq(mount->slots[slot - 1].prev, last);
			ck_assert_uint_le(++length, lists[list].count);
			last = slot;
		}
		ck_assert_uint_eq(length, lists[list].count);
		ck_assert_uint_eq(last, lists[list].tail);
		counted += length;
	}
	ck_assert_uint_eq(counted, mount->table->high);
	ck_assert_int_eq(test_findings(store), 0);
}

/* ---- hit ratios -------------------------------------------------------------------------- */

enum { OBJECTS = 160000, LEN = 3000 };

static double share_of[OBJECTS];

/* Popularity falls with the rank: zipf 1.0. */
static void make_zipf(void)
{
	double sum = 0;

	for (int i = 0; i < OBJECTS; i++) {
		sum += 1.0 / (i + 1);
		share_of[i] = sum;
	}
	for (int i = 0; i < OBJECTS; i++)
		share_of[i] /= sum;
}

static uint32_t zipf(uint64_t *random)
{
	double at = (double)(next_random(random) >> 11) / 9007199254740992.0;
	uint32_t low = 0;
	uint32_t high = OBJECTS - 1;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (share_of[middle] < at)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* LRU over object numbers, as a list in two arrays. */
struct lru {
	uint32_t *next, *prev; /* [numbers] is the head */
	bool *in;
	size_t numbers, count;
};

static struct lru new_lru(size_t numbers)
{
	struct lru lru = { calloc(numbers + 1, 4), calloc(numbers + 1, 4),
			   calloc(numbers + 1, 1), numbers, 0 };

	lru.next[numbers] = lru.prev[numbers] = (uint32_t)numbers;
	return lru;
}

static void lru_remove(struct lru *lru, uint32_t i)
{
	lru->next[lru->prev[i]] = lru->next[i];
	lru->prev[lru->next[i]] = lru->prev[i];
	lru->in[i] = false;
	lru->count--;
}

static bool lru_use(struct lru *lru, uint32_t i, size_t capacity)
{
	uint32_t head = (uint32_t)lru->numbers;
	bool hit = lru->in[i];

	if (hit)
		lru_remove(lru, i);
	while (lru->count >= capacity)
		lru_remove(lru, lru->next[head]);
	lru->prev[i] = lru->prev[head];
	lru->next[i] = head;
	lru->next[lru->prev[head]] = i;
	lru->prev[head] = i;
	lru->in[i] = true;
	lru->count++;
	return hit;
}

static void free_lru(struct lru *lru)
{
	free(lru->next);
	free(lru->prev);
	free(lru->in);
}

struct ratios {
	double ours, lru;
	size_t capacity;
	double passed; /* slots looked at in vain for each that went */
};

/* Replays a trace of object numbers through a store of 8 MiB and through an LRU of as many
 * entries. The first half warms both up. */
static struct ratios replay(const uint32_t *trace, size_t count, size_t numbers)
{
	struct lrd_store *store = test_open(lrd_tmpdir_new(), 8);
	struct lru lru = new_lru(numbers);
	struct ratios result = { 0 };
	const struct lrd_slot_table *table = mount_of(store)->table;
	size_t ours = 0;
	size_t theirs = 0;

	for (size_t i = 0; i < count; i++) {
		bool hit = get(store, trace[i]);

		if (!hit)
			put_sized(store, trace[i], LEN, 0);
		ours += hit && i >= count / 2;
	}
	result.capacity = stat_of(store).entries;
	for (size_t i = 0; i < count; i++)
		theirs += lru_use(&lru, trace[i], result.capacity) && i >= count / 2;
	result.ours = 100.0 * (double)ours / (double)(count - count / 2);
	result.lru = 100.0 * (double)theirs / (double)(count - count / 2);
	result.passed = (double)(table->looked - table->removed) / (double)table->removed;
	printf("capacity %zu, ours %.1f %%, LRU %.1f %%, passed %.2f, probation %.0f %%\n",
	       result.capacity, result.ours, result.lru, result.passed,
	       100.0 * table->share / 4294967296.0);
	free_lru(&lru);
	lrd_store_close(store);
	return result;
}

enum { REQUESTS = 300000 };

START_TEST(zipf_beats_lru)
{
	uint32_t *trace = calloc(REQUESTS, sizeof(*trace));
	uint64_t random = 88172645463325252u;
	struct ratios got;

	make_zipf();
	for (size_t i = 0; i < REQUESTS; i++)
		trace[i] = zipf(&random);
	got = replay(trace, REQUESTS, OBJECTS);
	/* One object in a hundred fits. */
	ck_assert_uint_gt(got.capacity, OBJECTS / 125);
	ck_assert_uint_lt(got.capacity, OBJECTS / 75);
	ck_assert(got.ours >= got.lru + 3);
	ck_assert(got.passed < 0.7);
	free(trace);
}
END_TEST

START_TEST(a_scan_costs_little)
{
	uint32_t *trace = calloc(REQUESTS, sizeof(*trace));
	uint64_t random = 88172645463325252u;
	uint32_t scanned = OBJECTS;
	struct ratios got;

	make_zipf();
	/* A fifth of the time everything comes by once, in stretches longer than the store. */
	for (size_t i = 0; i < REQUESTS; i++)
		trace[i] = i / 3000 % 5 == 4 ? scanned++ : zipf(&random);
	got = replay(trace, REQUESTS, scanned);
	ck_assert(got.ours >= got.lru + 3);
	free(trace);
}
END_TEST

START_TEST(drift_is_followed)
{
	uint32_t *trace = calloc(REQUESTS, sizeof(*trace));
	uint64_t random = 88172645463325252u;
	struct ratios got;

	make_zipf();
	/* What is popular changes with every tenth request: a main queue that keeps what was
	 * popular once would be at half of this. */
	for (size_t i = 0; i < REQUESTS; i++)
		trace[i] = (uint32_t)((zipf(&random) + i / 10) % OBJECTS);
	got = replay(trace, REQUESTS, OBJECTS);
	ck_assert(got.ours >= got.lru - 3);
	free(trace);
}
END_TEST

/* ---- who goes ---------------------------------------------------------------------------- */

START_TEST(a_hit_is_remembered_and_seen)
{
	struct lrd_store *store = test_open(lrd_tmpdir_new(), 8);

	put_sized(store, 1, LEN, 0);
	ck_assert_int_eq(uses_of(store, 1), 0);
	for (int i = 0; i < 5; i++) {
		ck_assert(get(store, 1));
		ck_assert_int_eq(uses_of(store, 1), i < 3 ? i + 1 : 3);
	}
	lrd_store_close(store);
}
END_TEST

START_TEST(what_is_over_goes_first)
{
	struct lrd_store *store = test_open(lrd_tmpdir_new(), 8);
	struct lrd_store_stat stat;

	for (uint64_t i = 0; i < 600; i++)
		put_sized(store, i, LEN, 0);
	for (uint64_t i = 600; i < 1500; i++)
		put_sized(store, i, LEN, 631152000);
	for (uint64_t i = 2000; i < 2700; i++)
		put_sized(store, i, LEN, 0);
	stat = stat_of(store);
	ck_assert_uint_eq(stat.counters[LRD_COUNT_EVICTED], 0);
	ck_assert_uint_gt(stat.counters[LRD_COUNT_EXPIRED], 400);
	for (uint64_t i = 0; i < 600; i++)
		ck_assert(get(store, i));
	for (uint64_t i = 2000; i < 2700; i++)
		ck_assert(get(store, i));
	audit(store);
	lrd_store_close(store);
}
END_TEST

START_TEST(many_over_at_once_are_swept)
{
	enum { MANY = 20000 };
	struct lrd_store *store = test_open(lrd_tmpdir_new(), 64);
	struct lrd_upkeep done = { .more = true };
	uint64_t expired = 0;

	for (uint64_t i = 0; i < MANY; i++)
		put_sized(store, i, 100, i % 10 ? 1500 : 0);
	/* Nothing is due yet, and nothing is written. */
	ck_assert_int_eq(lrd_store_upkeep(store, 1499, &done), 0);
	ck_assert(!done.more && done.expired == 0);
	done.more = true;
	for (int i = 0; i < 1000 && done.more; i++) {
		ck_assert_int_eq(lrd_store_upkeep(store, 1500, &done), 0);
		expired += done.expired;
	}
	ck_assert_uint_eq(expired, MANY / 10 * 9);
	ck_assert_uint_eq(stat_of(store).entries, MANY / 10);
	ck_assert_uint_eq(stat_of(store).counters[LRD_COUNT_EXPIRED], MANY / 10 * 9);
	ck_assert_uint_eq(stat_of(store).counters[LRD_COUNT_EVICTED], 0);
	audit(store);
	lrd_store_close(store);
}
END_TEST

START_TEST(a_flush_is_swept)
{
	struct lrd_store *store = test_open(lrd_tmpdir_new(), 16);

	for (uint64_t i = 0; i < 500; i++)
		put_sized(store, i, LEN, 0);
	ck_assert_int_eq(lrd_store_flush(store, TEST_KIND), 0);
	for (uint64_t i = 500; i < 510; i++)
		put_sized(store, i, LEN, 0);
	audit(store);
	ck_assert_uint_eq(stat_of(store).entries, 10);
	lrd_store_close(store);
}
END_TEST

START_TEST(what_is_held_stays)
{
	struct lrd_store *store = test_open(lrd_tmpdir_new(), 8);
	struct lrd_key key;
	struct lrd_record record;
	struct lrd_read read;
	struct lrd_hold hold;

	put_sized(store, 1, 100000, 0);
	key = test_key(store, "e1");
	ck_assert_int_eq(lrd_read_begin(store, &read), 0);
	ck_assert_int_eq(lrd_read_peek(&read, &key, 0, &record), 0);
	lrd_read_end(&read);
	ck_assert_int_eq(lrd_hold_take(store, &key, record.body_id, &hold), 0);
	for (uint64_t i = 2; i < 6000; i++)
		put_sized(store, i, LEN, 0);
	ck_assert_int_eq(uses_of(store, 1), 0);
	lrd_hold_release(&hold);
	for (uint64_t i = 6000; i < 12000; i++)
		put_sized(store, i, LEN, 0);
	ck_assert_int_eq(uses_of(store, 1), LARDER_ENOTFOUND);
	audit(store);
	lrd_store_close(store);
}
END_TEST

/* How many large ones outlive a churn of new entries, all used once. */
static int large_that_stay(uint32_t weight)
{
	struct lrd_store_options options = { .budget_bytes = 16 << 20,
					     .size_weight = weight };
	struct lrd_store *store = NULL;
	int stay = 0;

	ck_assert_int_eq(lrd_store_open(lrd_tmpdir_new(), &options, &store, NULL), 0);
	for (uint64_t i = 0; i < 1500; i++)
		put_sized(store, i, i < 30 ? 150000 : LEN, 0);
	for (uint64_t i = 0; i < 1500; i++)
		(void)get(store, i);
	for (uint64_t i = 1500; i < 3200; i++)
		put_sized(store, i, LEN, 0);
	for (uint64_t i = 0; i < 30; i++)
		stay += get(store, i);
	lrd_store_close(store);
	return stay;
}

START_TEST(size_weighs_as_asked)
{
	int none = large_that_stay(LRD_SIZE_WEIGHT_NONE);
	int mild = large_that_stay(LRD_SIZE_WEIGHT_MILD);
	int strong = large_that_stay(LRD_SIZE_WEIGHT_STRONG);
	struct lrd_store_options options = { .size_weight = LRD_SIZE_WEIGHT_END };
	struct lrd_store *store = NULL;

	printf("large ones that stay: %d without weight, %d mild, %d strong\n", none, mild,
	       strong);
	ck_assert_int_ge(none, 25);
	ck_assert_int_le(mild, none - 10);
	ck_assert_int_le(strong, none - 10);
	ck_assert_int_eq(lrd_store_open(lrd_tmpdir_new(), &options, &store, NULL),
			 LARDER_EINVAL);
}
END_TEST

/* ---- slots ------------------------------------------------------------------------------- */

/* A MiB has 4096 slots, and could have more entries of this size. */
START_TEST(entries_never_outnumber_slots)
{
	struct lrd_store *store = test_open(lrd_tmpdir_new(), 1);
	struct lrd_mount *mount = mount_of(store);

	ck_assert_uint_eq(mount->slot_count, 4096);
	for (uint64_t i = 0; i < 20000; i++) {
		put_sized(store, i, 0, 0);
		ck_assert(get(store, i));
		if (i % 500 == 0)
			ck_assert_uint_le(stat_of(store).entries, mount->slot_count);
	}
	ck_assert_uint_gt(stat_of(store).entries, 2000);
	ck_assert_uint_le(stat_of(store).used_bytes, 1 << 20);
	audit(store);
	lrd_store_close(store);
}
END_TEST

/* A batch that is larger than what was kept free: its entries get their slots later. */
START_TEST(a_batch_may_outnumber_them_for_a_while)
{
	struct lrd_store *store = test_open(lrd_tmpdir_new(), 1);
	struct lrd_mount *mount = mount_of(store);

	for (uint64_t i = 0; i < 6000;) {
		struct lrd_write *write = NULL;

		ck_assert_int_eq(lrd_write_begin(store, &write), 0);
		for (int n = 0; n < 400; n++, i++) {
			struct lrd_put put = test_put(store, name_of(i));
			int rc = lrd_write_put(write, &put, (larder_slice){ "", 0 }, NULL);

			ck_assert(rc == 0 || rc == LARDER_EFULL);
		}
		ck_assert_int_eq(lrd_write_commit(write), 0);
	}
	audit(store);
	ck_assert_uint_le(stat_of(store).entries, mount->slot_count);
	lrd_store_close(store);
}
END_TEST

START_TEST(an_abort_costs_no_slot)
{
	struct lrd_store *store = test_open(lrd_tmpdir_new(), 8);
	struct lrd_mount *mount = mount_of(store);
	struct lrd_key key;

	for (uint64_t i = 0; i < 100; i++)
		put_sized(store, i, LEN, 0);
	for (int round = 0; round < 50; round++) {
		struct lrd_write *write = NULL;

		ck_assert_int_eq(lrd_write_begin(store, &write), 0);
		for (uint64_t i = 0; i < 20; i++) {
			struct lrd_put put = test_put(store, name_of(1000 + i));

			ck_assert_int_eq(lrd_write_put(write, &put,
						       (larder_slice){ "x", 1 }, NULL),
					 0);
			key = test_key(store, name_of(i));
			ck_assert_int_eq(lrd_write_delete(write, &key), 0);
		}
		lrd_write_abort(write);
	}
	ck_assert_uint_eq(lrd_slots_used(mount), 100);
	for (uint64_t i = 0; i < 100; i++)
		ck_assert(get(store, i));
	audit(store);
	lrd_store_close(store);
}
END_TEST

/* Anything may stand in a table that is only a hint. */
START_TEST(a_scrambled_table_is_only_a_hint)
{
	struct lrd_store *store = test_open(lrd_tmpdir_new(), 8);
	struct lrd_mount *mount = mount_of(store);
	uint64_t random = 123456789u + (uint64_t)_i;
	uint64_t put = 0;

	for (; put < 3000; put++)
		put_sized(store, put, LEN, put % 3 ? 0 : 4000000000);
	for (int round = 0; round < 10; round++) {
		unsigned char *bytes = _i % 2 ? (unsigned char *)mount->slots
					      : (unsigned char *)&mount->table->busy;
		size_t len = _i % 2 ? 4096 * sizeof(struct lrd_slot)
				    : sizeof(*mount->table) - 64;
		size_t changes = _i < 2 ? len : 1 + next_random(&random) % 64;

		for (size_t i = 0; i < changes; i++)
			bytes[_i < 2 ? i : next_random(&random) % len] =
				(unsigned char)next_random(&random);
		for (int i = 0; i < 300; i++, put++) {
			put_sized(store, put, LEN, 0);
			ck_assert(get(store, put));
		}
		ck_assert_uint_le(stat_of(store).used_bytes, 8 << 20);
	}
	/* Links that are wrong are noticed as they are met, at the latest when all is built
	 * anew. */
	lrd_slots_break(mount);
	audit(store);
	ck_assert_uint_gt(stat_of(store).entries, 500);
	lrd_store_close(store);
}
END_TEST

/* ---- processes --------------------------------------------------------------------------- */

static const char *const points[] = {
	"store.slots.between_links:3000", "store.slots.between_links:9000",
	"store.slots.between_lists:2",	  "store.slots.between_lists:5000",
	"store.slots.half_settled:1",	  "store.slots.half_settled:2500",
	"store.evict.after_one:1",	  "store.evict.after_one:700",
	"store.evict.after_expired:1",	  "store.evict.after_expired:300",
	"store.room.before_commit:2",	  "store.room.after_commit:2",
	"store.write.before_commit:2500", "store.write.after_commit:2500",
	"store.mend.started",		  "store.mend.after_record:1",
	"store.mend.after_record:900",
};
enum { POINTS = sizeof(points) / sizeof(points[0]) };

struct job {
	const char *dir;
	const char *point;
	uint64_t from;
};

static void put_until_point(void *ctx)
{
	const struct job *job = ctx;
	struct lrd_store *store;

	if (job->point)
		(void)setenv("LARDER_CRASH_POINT", job->point, 1);
	store = test_open(job->dir, 8);
	for (uint64_t i = 0; i < 4000; i++) {
		put_sized(store, job->from + i, LEN, i % 5 ? 0 : 631152000);
		if (i % 3 == 0)
			(void)get(store, job->from + i);
	}
	lrd_store_close(store);
}

START_TEST(killed_at_a_point)
{
	struct job job = { lrd_tmpdir_new(), points[_i], 5000 };
	struct lrd_store *store = test_open(job.dir, 8);
	struct lrd_store_stat stat;
	uint64_t before;
	int status;

	for (uint64_t i = 0; i < 1000; i++)
		put_sized(store, i, LEN, 0);
	if (strstr(points[_i], ".mend."))
		lrd_slots_break(mount_of(store));
	status = test_wait(test_fork(put_until_point, &job));
	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
		      "%s was never passed (status %x)", points[_i], status);
	before = stat_of(store).entries;
	ck_assert_int_eq(test_findings(store), 0);
	/* The next writer goes on at once, with all that was there. */
	put_sized(store, 20000, LEN, 0);
	ck_assert(get(store, 20000));
	audit(store);
	for (uint64_t i = 30000; i < 34000; i++) {
		put_sized(store, i, LEN, 0);
		ck_assert(get(store, i));
	}
	stat = stat_of(store);
	ck_assert_uint_gt(stat.entries, before / 2);
	ck_assert_uint_le(stat.used_bytes, stat.budget_bytes);
	audit(store);
	lrd_store_close(store);
}
END_TEST

START_TEST(two_processes_evict)
{
	struct job jobs[2] = { { lrd_tmpdir_new(), NULL, 0 } };
	struct lrd_store *store = test_open(jobs[0].dir, 8);
	struct lrd_store_stat stat;
	pid_t pids[2];

	jobs[1] = jobs[0];
	jobs[1].from = 100000;
	/* The parent's handle is used by both children too: each opens by itself. */
	for (int i = 0; i < 2; i++)
		pids[i] = test_fork(put_until_point, &jobs[i]);
	for (uint64_t i = 200000; i < 202000; i++) {
		put_sized(store, i, LEN, 0);
		ck_assert_uint_le(stat_of(store).used_bytes, 8 << 20);
	}
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(test_wait(pids[i]), 0);
	stat = stat_of(store);
	ck_assert_uint_gt(stat.counters[LRD_COUNT_EVICTED], 2000);
	ck_assert_uint_gt(stat.counters[LRD_COUNT_EXPIRED], 500);
	audit(store);
	lrd_store_close(store);
}
END_TEST

static void go_on_in_child(void *ctx)
{
	struct lrd_store *store = ctx;

	for (uint64_t i = 50000; i < 53000; i++)
		put_sized(store, i, LEN, 0);
	if (!get(store, 52999))
		_exit(1);
	lrd_store_close(store);
}

START_TEST(a_fork_goes_on)
{
	struct lrd_store *store = test_open(lrd_tmpdir_new(), 8);

	for (uint64_t i = 0; i < 3000; i++)
		put_sized(store, i, LEN, 0);
	ck_assert_int_eq(test_wait(test_fork(go_on_in_child, store)), 0);
	for (uint64_t i = 3000; i < 6000; i++)
		put_sized(store, i, LEN, 0);
	ck_assert(get(store, 5999));
	audit(store);
	lrd_store_close(store);
}
END_TEST

/* Slots last beyond the last process. */
START_TEST(closed_and_opened_again)
{
	const char *dir = lrd_tmpdir_new();
	struct lrd_store *store = test_open(dir, 8);

	for (uint64_t i = 0; i < 500; i++)
		put_sized(store, i, LEN, 0);
	ck_assert(get(store, 7));
	lrd_store_close(store);
	store = test_open(dir, 8);
	ck_assert_int_eq(uses_of(store, 7), 1);
	audit(store);
	lrd_store_close(store);
}
END_TEST

Suite *larder_suite(void)
{
	Suite *suite = suite_create("evict");
	TCase *tc = tcase_create("ratios");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, zipf_beats_lru);
	tcase_add_test(tc, a_scan_costs_little);
	tcase_add_test(tc, drift_is_followed);
	suite_add_tcase(suite, tc);
	tc = tcase_create("choice");
	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, a_hit_is_remembered_and_seen);
	tcase_add_test(tc, what_is_over_goes_first);
	tcase_add_test(tc, many_over_at_once_are_swept);
	tcase_add_test(tc, a_flush_is_swept);
	tcase_add_test(tc, what_is_held_stays);
	tcase_add_test(tc, size_weighs_as_asked);
	suite_add_tcase(suite, tc);
	tc = tcase_create("slots");
	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, entries_never_outnumber_slots);
	tcase_add_test(tc, a_batch_may_outnumber_them_for_a_while);
	tcase_add_test(tc, an_abort_costs_no_slot);
	tcase_add_loop_test(tc, a_scrambled_table_is_only_a_hint, 0, 8);
	suite_add_tcase(suite, tc);
	tc = tcase_create("processes");
	tcase_set_timeout(tc, 30);
	tcase_add_loop_test(tc, killed_at_a_point, 0, POINTS);
	tcase_add_test(tc, two_processes_evict);
	tcase_add_test(tc, a_fork_goes_on);
	tcase_add_test(tc, closed_and_opened_again);
	suite_add_tcase(suite, tc);
	return suite;
}
