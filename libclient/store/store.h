/* SPDX-License-Identifier: MIT */
/*
 * store.h - the shared store: entries of bytes, times and sizes in one directory, opened by
 * every process of the machine.
 *
 * The store knows no protocol. An entry is found by (partition, key); it carries a kind, a
 * few times, an opaque head and a body. Guarantees, whatever dies at whatever moment:
 *   - a reader sees a whole entry or none; a body is visible only when all of it is there;
 *   - bytes that fail their checksum are never returned: the entry counts as absent;
 *   - live data never passes the budget; callers never see a full map;
 *   - no call waits for another process longer than the gate's timeout.
 *
 * Calling sequence of a reader (no system call, no lock, no shared line written):
 *	lrd_key_init(store, partition, name, &key);
 *	lrd_read_begin(store, &read);
 *	lrd_read_get(&read, &key, now, &record);	slices into the map
 *	lrd_read_body(&read, &record, 0, dst, len);	copied out, checksum verified
 *	lrd_read_end(&read);				all slices are dead now
 * A reader never holds its transaction across I/O or user code. A body that is pulled piece
 * by piece is protected by lrd_hold instead.
 *
 * Calling sequence of a writer (bounded: 256 pages or 2 ms a transaction):
 *	lrd_write_begin(store, &write);		takes the write gate
 *	lrd_write_get / put / update / delete ...
 *	lrd_write_commit(write);		or lrd_write_abort(write)
 * A body of unknown or large size arrives through lrd_fill: rows go in by small transactions,
 * the record is published last.
 *
 * Threads: a store may be used by any number of threads. A read, write, fill or hold belongs
 * to one thread at a time. After fork the child may use the same handle: it reopens by
 * itself; reads, writes and fills begun before the fork are dead in the child.
 */
#ifndef LRD_STORE_STORE_H
#define LRD_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <larder/types.h>

struct lrd_store;
struct lrd_write;
struct lrd_fill;
struct lrd_mount;
struct lrd_place;

/* ---- opening ---------------------------------------------------------------------------- */

struct lrd_store_options {
	const larder_allocator *allocator; /* NULL: libc */
	uint64_t budget_bytes; /* what a creator sets; 0: 4 GiB; ignored by later openers */
	uint32_t gate_timeout_ms; /* 0: 50 */
	bool must_exist;          /* ENOTFOUND in place of creating */
	bool as_it_is; /* neither creates nor heals: ECORRUPT, where another would rebuild */
	bool group_shared;        /* creator makes the directory 0770 in place of 0700 */
	uint32_t size_weight;     /* enum lrd_size_weight; what a creator sets */
};

/*
 * How much more an entry has to be used to stay the larger it is, against the store's mean.
 * Weighing by size brings hits and loses bytes: about +2 and -0.3 points at the root that is
 * the default, +4 and -1 at the square root.
 */
enum lrd_size_weight {
	LRD_SIZE_WEIGHT_MILD, /* the fourth root */
	LRD_SIZE_WEIGHT_NONE,
	LRD_SIZE_WEIGHT_STRONG, /* the square root */
	LRD_SIZE_WEIGHT_END
};

/*
 * Opens the store in `dir`, creating it where absent. NULL `dir`: the default place
 * ($LARDER_STORE, else $XDG_CACHE_HOME/larder, else ~/.cache/larder). One environment per
 * process and directory: a second open of the same directory shares it. Errors: ESTORE (no
 * store this process may open: a file, a symlink, a foreign owner, a network file system,
 * loose permissions, a directory whose `control`, data.mdb or lock.mdb is another program's;
 * `err` says which and what to do), EFORMAT (another PID namespace, or a
 * library that writes another format lives in it), EFULL, EIO, ENOMEM, ENOTFOUND.
 */
int lrd_store_open(const char *dir, const struct lrd_store_options *options,
		   struct lrd_store **out, larder_error *err) LARDER_MUST_USE;
void lrd_store_close(struct lrd_store *store);

/* The absolute path of the store's directory. */
const char *lrd_store_path(const struct lrd_store *store);

/* ---- keys ------------------------------------------------------------------------------- */

enum {
	LRD_KEY_MAX = 16384,    /* bytes of a name */
	LRD_PARTITION_MAX = 64, /* bytes of a partition; empty is the anonymous one */
	LRD_HEAD_MAX = 1 << 20  /* bytes of a head */
};

struct lrd_key {
	uint64_t hash; /* seeded with the store's secret */
	larder_slice partition;
	larder_slice name; /* any bytes */
};

/* Hashes; borrows both slices for the key's life. EINVAL when either is too long. */
int lrd_key_init(struct lrd_store *store, larder_slice partition, larder_slice name,
		 struct lrd_key *out) LARDER_MUST_USE;

/* ---- records ---------------------------------------------------------------------------- */

/*
 * An entry as a read or write transaction sees it. Slices point into the map and die with the
 * transaction. `kind` belongs to the store's user (cache/record.h names those in use).
 */
struct lrd_record {
	uint8_t kind;
	uint32_t marks;        /* LRD_MARK_*, cleared by every put */
	uint32_t client_flags; /* the memcache client's 32 bits */
	uint64_t cas;          /* unique in the store, grows with each put, never 0 */
	int64_t stored_at;     /* unix seconds */
	int64_t expires_at;    /* fresh until then; 0: no expiry known */
	int64_t stale_until;   /* gone from then on; 0: until evicted */
	larder_slice partition;
	larder_slice name;
	larder_slice head;
	uint64_t body_len;
	uint8_t uses; /* hits that eviction remembers, 0 to 3; 0 inside write transactions */
	/* private to the store */
	larder_slice inline_body;
	uint64_t body_id; /* 0: the body is inline */
	uint64_t body_sum;
	uint64_t hash;
	uint32_t slot;
};

enum {
	LRD_MARK_STALE = 1 << 0, /* must be validated before use, whatever its times say */
	LRD_MARK_TAKEN = 1 << 1  /* somebody has the recache token */
};

/* ---- reading ---------------------------------------------------------------------------- */

struct lrd_read {
	struct lrd_store *store;
	/* private to the store */
	struct lrd_mount *mount;
	struct lrd_place *at;
	uint32_t place;
};

int lrd_read_begin(struct lrd_store *store, struct lrd_read *read) LARDER_MUST_USE;

/*
 * Finds the live entry of a key; the head is verified. ENOTFOUND: none, expired at `now`,
 * flushed, or damaged (then counted and queued for deletion). Raises the entry's use count
 * when that count is below 3. Outputs are untouched on failure.
 */
int lrd_read_get(struct lrd_read *read, const struct lrd_key *key, int64_t now,
		 struct lrd_record *out) LARDER_MUST_USE;

/* Like lrd_read_get, for looking on: leaves no trace in use counts. */
int lrd_read_peek(struct lrd_read *read, const struct lrd_key *key, int64_t now,
		  struct lrd_record *out) LARDER_MUST_USE;

/*
 * Copies body bytes [offset, offset+len) to `dst`, verified before the call returns. EINVAL
 * outside the body, ECORRUPT when a checksum fails (dst is then undefined).
 */
int lrd_read_body(struct lrd_read *read, const struct lrd_record *record, uint64_t offset,
		  void *dst, size_t len) LARDER_MUST_USE;

void lrd_read_end(struct lrd_read *read);

/* ---- holding a body while it is pulled -------------------------------------------------- */

/* Keeps the rows of one body from being freed, for at most `LRD_HOLD_MAX_S` seconds. */
struct lrd_hold {
	struct lrd_store *store;
	uint64_t body_id;
	uint64_t body_len;
	/* private to the store */
	struct lrd_mount *mount;
	uint64_t hash;
	uint32_t place;
	uint32_t serial;
};

enum { LRD_HOLD_MAX_S = 3600 };

/*
 * Takes a hold on the body of `key`'s entry if that is still the body `body_id` (call after
 * lrd_read_end). ENOTFOUND: replaced meanwhile, look up again. EBUSY: every place is taken.
 */
int lrd_hold_take(struct lrd_store *store, const struct lrd_key *key, uint64_t body_id,
		  struct lrd_hold *out) LARDER_MUST_USE;
/* Copies up to `len` verified bytes from `offset`; returns how many (0 at the end) or an error. */
ptrdiff_t lrd_hold_read(struct lrd_hold *hold, uint64_t offset, void *dst,
			size_t len) LARDER_MUST_USE;
void lrd_hold_release(struct lrd_hold *hold);

/* ---- writing ---------------------------------------------------------------------------- */

/* What a put stores. Times and marks as in struct lrd_record; cas 0: the store gives the next. */
struct lrd_put {
	struct lrd_key key;
	uint8_t kind;
	uint32_t marks;
	uint32_t client_flags;
	uint64_t cas;
	int64_t stored_at;
	int64_t expires_at;
	int64_t stale_until;
	larder_slice head;
};

/*
 * Takes the write gate and begins one transaction. EBUSY: another process kept the gate past
 * the timeout (nothing is wrong with the store; skip storing). Keep it short: no I/O, no user
 * code until commit or abort.
 */
int lrd_write_begin(struct lrd_store *store, struct lrd_write **out) LARDER_MUST_USE;
int lrd_write_get(struct lrd_write *write, const struct lrd_key *key, int64_t now,
		  struct lrd_record *out) LARDER_MUST_USE;
int lrd_write_body(struct lrd_write *write, const struct lrd_record *record,
		   uint64_t offset, void *dst, size_t len) LARDER_MUST_USE;
/* Stores an entry whose body is in memory, replacing any other of that key. `cas_out` may be NULL. */
int lrd_write_put(struct lrd_write *write, const struct lrd_put *put, larder_slice body,
		  uint64_t *cas_out) LARDER_MUST_USE;
/* New head, times, marks for an existing entry, its body kept. ENOTFOUND, ECONFLICT unless its cas is `if_cas` (0: any). */
int lrd_write_update(struct lrd_write *write, const struct lrd_put *put, uint64_t if_cas,
		     uint64_t *cas_out) LARDER_MUST_USE;
int lrd_write_delete(struct lrd_write *write, const struct lrd_key *key) LARDER_MUST_USE;
/* Publishes a finished fill as the entry's body within this transaction. The fill is consumed on success only. */
int lrd_write_publish(struct lrd_write *write, const struct lrd_put *put,
		      struct lrd_fill *take, uint64_t *cas_out) LARDER_MUST_USE;
/* Pages this transaction has touched so far: a batcher commits and begins anew near 256. */
size_t lrd_write_pages(const struct lrd_write *write);
/* On any error nothing of the transaction is stored. Both end it. */
int lrd_write_commit(struct lrd_write *write) LARDER_MUST_USE;
void lrd_write_abort(struct lrd_write *write);

/* ---- a body that arrives in pieces ------------------------------------------------------ */

/*
 * `expected_len` UINT64_MAX: unknown. A body may have half of the budget (of what a full disk
 * leaves of it), one of unknown length a quarter, so that no fill, least of all one that comes
 * to nothing, costs all other entries their place. EFULL at once for more.
 */
int lrd_fill_begin(struct lrd_store *store, uint64_t expected_len,
		   struct lrd_fill **out) LARDER_MUST_USE;
/* Any error ends the fill's use: abort it and go on without storing. */
int lrd_fill_append(struct lrd_fill *fill, const void *bytes, size_t len) LARDER_MUST_USE;
uint64_t lrd_fill_len(const struct lrd_fill *fill);
/* begin + publish + commit in one; frees the fill whatever happens. */
int lrd_fill_commit(struct lrd_fill *take, const struct lrd_put *put,
		    uint64_t *cas_out) LARDER_MUST_USE;
void lrd_fill_abort(struct lrd_fill *fill);

/* ---- emptying, walking, measuring -------------------------------------------------------- */

/* Every entry of `kind` (0: of every kind) stored before this call is gone for all processes at once, in O(1). */
int lrd_store_flush(struct lrd_store *store, uint8_t kind) LARDER_MUST_USE;

/*
 * Visits up to `max` live entries from `*cursor` (start with 0), in hash order, in one short
 * read transaction; `visit` must not block and its record dies when it returns; a non-zero
 * answer of it stops the walk and is returned. Returns 1 when more entries follow, 0 at the
 * end. Leaves no trace in use counts.
 */
int lrd_store_walk(struct lrd_store *store, uint64_t *cursor, size_t max, int64_t now,
		   int (*visit)(const struct lrd_record *record, struct lrd_read *read,
				void *ctx),
		   void *ctx) LARDER_MUST_USE;

/* One slice of upkeep: at most 256 pages or 2 ms of write transaction. */
struct lrd_upkeep {
	uint64_t expired;   /* entries removed because their time was over */
	uint64_t evicted;   /* live entries removed for the budget */
	uint64_t rows;      /* body rows freed */
	uint32_t readers;   /* dead reader slots cleared */
	uint32_t processes; /* dead processes folded in */
	bool more;          /* call again soon */
};
/*
 * EBUSY: something was to be removed or freed, and another process kept the gate past the
 * timeout (call again later; nothing is wrong). The dead were cleared all the same. A store
 * that needs no change is not written to, and then the gate is not asked for.
 */
int lrd_store_upkeep(struct lrd_store *store, int64_t now,
		     struct lrd_upkeep *done) LARDER_MUST_USE;

/* Counters, one list: LRD_COUNT_HIT and so on. Each process adds to lines of its own. */
enum lrd_counter {
#define LRD_COUNTER(name, text, help) LRD_COUNT_##name,
#include "store/counters.def"
	LRD_COUNT_END
};
void lrd_store_count(struct lrd_store *store, enum lrd_counter counter, uint64_t by);
const char *lrd_counter_name(enum lrd_counter counter);
const char *lrd_counter_help(enum lrd_counter counter);

struct lrd_store_stat {
	uint64_t budget_bytes;
	uint64_t used_bytes; /* pages of live data, times the page size */
	uint64_t map_bytes;
	uint64_t file_bytes; /* what data.mdb occupies on disk */
	uint64_t entries;
	uint64_t garbage_bodies; /* bodies waiting to be freed */
	uint64_t generation;
	int64_t created_at;
	uint32_t format;
	uint32_t readers_used, readers_max;
	uint32_t processes; /* alive, this one included */
	uint32_t tree_depth;
	uint64_t counters[LRD_COUNT_END]; /* of all processes, dead ones too */
	int64_t damaged_at; /* when a damaged entry was found last; 0: never */
	int64_t rebuilt_at; /* when the store was emptied for damage or distrust; 0: never */
};
int lrd_store_stat(struct lrd_store *store, struct lrd_store_stat *out) LARDER_MUST_USE;

/* What a full check found. `report` (may be NULL) gets one line for each finding. */
struct lrd_check {
	uint64_t entries, rows, bytes;
	uint64_t bad_records, bad_rows, missing_rows, orphan_rows, bad_links;
	uint64_t pages, free_pages; /* of data.mdb's structure */
	uint64_t bad_pages;
	uint64_t lost_pages; /* neither in use nor free: space only, no finding */
	uint64_t bad_slots;  /* slots and records that do not name each other */
};
/* Walks everything: page structure, free pages, records, checksums, rows both ways, garbage list. Returns 0 when clean, 1 with findings, or an error. */
int lrd_store_check(struct lrd_store *store, struct lrd_check *found,
		    void (*report)(const char *line, void *ctx),
		    void *ctx) LARDER_MUST_USE;

/*
 * Checks, and removes what is found: entries that are not whole go, rows that nobody names are
 * freed. Where pages themselves are damaged (`*rebuild`) nothing can be saved: the next
 * operation of anybody builds the store anew. Returns as lrd_store_check().
 */
int lrd_store_repair(struct lrd_store *store, int64_t now, struct lrd_check *found,
		     bool *rebuild, void (*report)(const char *line, void *ctx),
		     void *ctx) LARDER_MUST_USE;

#endif
