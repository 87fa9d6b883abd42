/* SPDX-License-Identifier: MIT */
/*
 * store.h - the shared store as plain keys and values, without HTTP: what larderd serves.
 *
 *	larder_store *store = NULL;
 *	larder_item item = LARDER_ITEM_INIT;
 *
 *	larder_store_open(NULL, NULL, &store, NULL);
 *	item.key = (larder_slice){ "colour", 6 };
 *	item.value = (larder_slice){ "blue", 4 };
 *	larder_store_set(store, &item, NULL);
 *
 *	larder_item found = LARDER_ITEM_INIT;
 *	if (larder_store_get(store, &item, &found) == 0)
 *		printf("%.*s\n", (int)found.value.len, found.value.ptr);
 *	larder_item_release(&found);
 *	larder_store_close(store);
 *
 * Every process of the machine that opens the directory sees the same entries; larderd may
 * run or not. What one process has set is there for the next get of any other. An entry
 * disappears when its time is over, when the budget needs its room, when it is deleted or
 * flushed, and never changes otherwise. No call waits longer than the gate's timeout.
 *
 * A stored HTTP response is an entry of another kind: it counts as absent here.
 *
 * Threads: a store may be used by any number of threads, and by the children of a fork.
 * Errors: ENOTFOUND for what is absent; EBUSY when another process kept the store's write
 * gate past the timeout (nothing changed; a cache may skip it); EFULL, EIO, ECORRUPT, ENOMEM,
 * EINVAL. Outputs are untouched on failure.
 */
#ifndef LARDER_STORE_H
#define LARDER_STORE_H

#include <larder/types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct larder_store larder_store;

/** Start from LARDER_STORE_OPTIONS_INIT; a zero member takes the default named beside it. */
typedef struct larder_store_options {
	size_t size;
	uint64_t budget_bytes;    /**< for a store that this call creates; 4 GiB */
	uint32_t gate_timeout_ms; /**< longest wait to write; 50 */
	uint32_t must_exist;      /**< 1: ENOTFOUND in place of creating */
	uint32_t group_shared; /**< 1: a store created is open to the directory's group */
	uint32_t reserved;
} larder_store_options;
#define LARDER_STORE_OPTIONS_INIT LARDER_SIZED_INIT(larder_store_options)

/** An entry. Keys have at most 16384 bytes, partitions 64; both may hold any byte. */
typedef struct larder_item {
	size_t size;
	larder_slice partition; /**< whose entry; empty: everybody's, the one larderd serves */
	larder_slice key;
	larder_slice value;
	uint64_t cas; /**< changes with each store of the entry; never 0 when stored */
	int64_t stored_at;  /**< unix seconds; set by the store */
	int64_t expires_at; /**< unix seconds; 0: none */
	uint32_t flags;     /**< the user's 32 bits */
	uint32_t reserved;
	void *owned; /**< the library's: what larder_item_release frees */
} larder_item;
#define LARDER_ITEM_INIT LARDER_SIZED_INIT(larder_item)

/**
 * Opens the store in a directory, creating it where absent; NULL: $LARDER_STORE, else
 * $XDG_CACHE_HOME/larder, else ~/.cache/larder. ESTORE, EFORMAT: `err` (may be NULL) says why
 * this process may not open it. `*out` is the caller's, for larder_store_close().
 */
LARDER_API int larder_store_open(const char *dir, const larder_store_options *options,
				 larder_store **out, larder_error *err) LARDER_MUST_USE;
/** NULL is welcome. */
LARDER_API void larder_store_close(larder_store *store);
/** The directory's absolute path; lives as long as the store. */
LARDER_API const char *larder_store_path(const larder_store *store);

/**
 * Looks up `key->partition` and `key->key` (the rest of it is not read). `out` is filled with
 * a copy that is the caller's, for larder_item_release(); its slices are NUL-terminated.
 */
LARDER_API int larder_store_get(larder_store *store, const larder_item *key,
				larder_item *out) LARDER_MUST_USE;
/**
 * The same without an allocation: the value goes to `buffer`, `out` gets everything else, its
 * partition and key being those of `key`. ELIMIT: the value is longer than `size`; then
 * `out->value.len` tells how long, and nothing else of it is set.
 */
LARDER_API int larder_store_read(larder_store *store, const larder_item *key, void *buffer,
				 size_t size, larder_item *out) LARDER_MUST_USE;
/** Frees what larder_store_get() allocated; the item may be used again. NULL is welcome. */
LARDER_API void larder_item_release(larder_item *item);

/** Stores the entry, replacing another. `cas_out` may be NULL. */
LARDER_API int larder_store_set(larder_store *store, const larder_item *item,
				uint64_t *cas_out) LARDER_MUST_USE;
/** Stores it only where there is none: EEXIST. */
LARDER_API int larder_store_add(larder_store *store, const larder_item *item,
				uint64_t *cas_out) LARDER_MUST_USE;
/** Stores it only where there is one: ENOTFOUND. */
LARDER_API int larder_store_replace(larder_store *store, const larder_item *item,
				    uint64_t *cas_out) LARDER_MUST_USE;
/** Stores it only where the present one has `item->cas`: ENOTFOUND, ECONFLICT. */
LARDER_API int larder_store_cas(larder_store *store, const larder_item *item,
				uint64_t *cas_out) LARDER_MUST_USE;

/** Removes the entry: ENOTFOUND. */
LARDER_API int larder_store_delete(larder_store *store,
				   const larder_item *key) LARDER_MUST_USE;
/** Gives the entry the expiry `key->expires_at`: ENOTFOUND. */
LARDER_API int larder_store_touch(larder_store *store,
				  const larder_item *key) LARDER_MUST_USE;
/**
 * Adds `by` to a value that is a decimal number, in one step for all processes. As memcached
 * does: sums wrap at 2^64, differences stop at 0. ENOTFOUND; EINVAL: no number. `result` may
 * be NULL.
 */
LARDER_API int larder_store_incr(larder_store *store, const larder_item *key, int64_t by,
				 uint64_t *result) LARDER_MUST_USE;
/** All entries of this kind, in all partitions, are gone at once, for all processes. */
LARDER_API int larder_store_flush(larder_store *store) LARDER_MUST_USE;

/**
 * Calls `visit` for each entry, in no order that means anything. Entries that stay throughout
 * are seen once; those that come or go meanwhile perhaps. The item has no value (its len is
 * the true one) and dies with the call; `visit` may use the store. Its answer 0 goes on; any
 * other ends the walk and is returned.
 */
LARDER_API int larder_store_iterate(larder_store *store,
				    int (*visit)(const larder_item *item, void *ctx),
				    void *ctx) LARDER_MUST_USE;

/** What the store holds. Start from LARDER_STORE_STATS_INIT. */
typedef struct larder_store_stats {
	size_t size;
	uint64_t budget_bytes;
	uint64_t used_bytes; /**< pages of live data; never more than the budget */
	uint64_t file_bytes; /**< on disk */
	uint64_t entries;    /**< of every kind */
	uint64_t hits;
	uint64_t misses;
	uint64_t evicted;
	uint64_t expired;
	uint64_t damaged;
	uint64_t generation; /**< raised when the store is rebuilt empty */
	uint64_t processes;  /**< alive now */
	int64_t created_at;
} larder_store_stats;
#define LARDER_STORE_STATS_INIT LARDER_SIZED_INIT(larder_store_stats)
LARDER_API int larder_store_stat(larder_store *store,
				 larder_store_stats *out) LARDER_MUST_USE;

#ifdef __cplusplus
}
#endif

#endif
