/* SPDX-License-Identifier: MIT */
/*
 * fill.c - a body that arrives in pieces, with flat memory.
 *
 *	begin		nothing but a small buffer
 *	append		buffers; a full buffer becomes rows in one short transaction. The first of
 *			them also puts the body id on the garbage list and takes a hold on it: if
 *			this process dies the hold falls and the rows are freed
 *	publish		the rest becomes rows, the id leaves the garbage list, the record names it:
 *			one transaction. A body that never filled a buffer is a plain put
 *	abort		the hold falls; the garbage list does the rest
 */
#include <stdlib.h>
#include <string.h>

#include "proto/bytes/num.h"
#include "store/env.h"
#include "store/garbage.h"
#include "store/hold.h"
#include "store/room.h"
#include "store/rows.h"
#include "store/write.h"
#include "sys/crash.h"

enum {
	BUFFER_FIRST = 4096,
	BUFFER_ROWS = 32, /* rows that one transaction takes: well under a millisecond */
	BUFFER_MAX = BUFFER_ROWS * LRD_ROW_MAX,
	FULL_TRIES = 2
};

struct lrd_fill {
	struct lrd_store *store;
	struct lrd_mount *mount; /* of the first rows; NULL before */
	uint64_t body_id;        /* 0: no rows yet */
	uint64_t rows;           /* written and committed */
	bool is_known; /* how long it will be was said in advance */
	unsigned char *buffer;
	size_t buffered;
	size_t size;
	uint32_t hold_place;
	uint32_t hold_serial;
	int failed;
};

static void *reallocate(const larder_allocator *allocator, void *ptr, size_t size)
{
	if (allocator->realloc_fn)
		return allocator->realloc_fn(ptr, size, allocator->ctx);
	return realloc(ptr, size);
}

static void release(const larder_allocator *allocator, void *ptr)
{
	if (allocator->free_fn)
		allocator->free_fn(ptr, allocator->ctx);
	else
		free(ptr);
}

/* How long a body may be as things are: a disk that proves to be full makes it less. */
static uint64_t max_len_now(const struct lrd_mount *mount, bool is_known)
{
	uint64_t rows = lrd_room_max_rows(mount);
	uint64_t max_len;

	if (!is_known)
		rows /= 2;
	if (!lrd_u64_mul(rows, LRD_ROW_MAX, &max_len) || max_len > LRD_BODY_LEN_MAX)
		max_len = LRD_BODY_LEN_MAX;
	return max_len;
}

int lrd_fill_begin(struct lrd_store *store, uint64_t expected_len, struct lrd_fill **out)
{
	struct lrd_mount *mount;
	struct lrd_fill *fill;
	bool is_known = expected_len != UINT64_MAX;
	int rc = lrd_env_mount(store->env, &mount);

	if (rc < 0)
		return rc;
	if (is_known && expected_len > max_len_now(mount, true))
		return LARDER_EFULL;
	fill = reallocate(&store->allocator, NULL, sizeof(*fill));
	if (!fill)
		return LARDER_ENOMEM;
	memset(fill, 0, sizeof(*fill));
	fill->store = store;
	fill->is_known = is_known;
	*out = fill;
	return 0;
}

uint64_t lrd_fill_len(const struct lrd_fill *fill)
{
	return fill->rows * LRD_ROW_MAX + fill->buffered;
}

/* The rows belong to this process and to files that are current. */
static bool is_alive(const struct lrd_fill *fill, const struct lrd_mount *mount)
{
	return fill->mount == mount && mount->fork_generation == lrd_fork_generation() &&
	       lrd_hold_stands(fill->mount, fill->hold_place, fill->hold_serial, true);
}

static int claim(struct lrd_fill *fill, struct lrd_mount *mount)
{
	uint64_t id = lrd_rows_new_id(mount);
	int rc = lrd_hold_claim(mount, id, &fill->hold_place, &fill->hold_serial);

	if (rc < 0)
		return rc;
	fill->mount = mount;
	fill->body_id = id;
	return 0;
}

static void drop_hold(struct lrd_fill *fill)
{
	struct lrd_mount *mount = fill->mount;

	/* A mount's memory outlives it, but its files and its place in the table do not. */
	if (mount && mount->fork_generation == lrd_fork_generation() &&
	    atomic_load(&fill->store->env->mount) == mount && lrd_mount_is_ready(mount))
		lrd_hold_unclaim(mount, fill->hold_place, fill->hold_serial);
	fill->mount = NULL;
}

/* Adds the buffered bytes as rows inside a transaction. */
static int write_rows(struct lrd_fill *fill, struct lrd_write *write)
{
	struct lrd_mount *mount = write->mount;
	bool first = fill->rows == 0; /* nothing of it is committed yet */
	int mdb_rc = 0;
	int rc = 0;

	if (fill->body_id == 0)
		rc = claim(fill, mount);
	else if (!is_alive(fill, mount))
		rc = LARDER_ECONFLICT;
	if (rc < 0)
		return rc;
	if (first)
		mdb_rc = lrd_garbage_add(mount, write->place.txn, fill->body_id, 0);
	if (mdb_rc == 0)
		mdb_rc = lrd_rows_write(mount, write->place.txn, fill->body_id,
					fill->rows, fill->buffer, fill->buffered);
	write->pages += lrd_rows_count(fill->buffered) + LRD_ROOM_PUT;
	return mdb_rc == 0 ? 0 : lrd_write_fail(write, mdb_rc);
}

/* The buffered bytes become rows, in a transaction of their own. */
static int flush_once(struct lrd_fill *fill)
{
	struct lrd_write *write = NULL;
	int rc = lrd_write_begin_sized(fill->store, BUFFER_ROWS + LRD_ROOM_PUT, &write);

	if (rc < 0)
		return rc;
	rc = lrd_write_need(write, BUFFER_ROWS + LRD_ROOM_PUT);
	if (rc == 0)
		rc = write_rows(fill, write);
	LRD_CRASH_POINT("store.fill.before_commit");
	if (rc < 0) {
		lrd_write_abort(write);
		return rc;
	}
	rc = lrd_write_commit(write);
	LRD_CRASH_POINT("store.fill.after_commit");
	return rc;
}

static int flush(struct lrd_fill *fill)
{
	int rc = LARDER_EFULL;

	/* A full map has had its dead readers cleared, and may have room now. */
	for (int attempt = 0; attempt <= FULL_TRIES && rc == LARDER_EFULL; attempt++)
		rc = flush_once(fill);
	if (rc == 0) {
		fill->rows += BUFFER_ROWS;
		fill->buffered = 0;
	}
	return rc;
}

static int grow(struct lrd_fill *fill, size_t wanted)
{
	size_t size = fill->size ? fill->size : BUFFER_FIRST;
	unsigned char *buffer;

	while (size < wanted)
		size *= 2;
	if (size > BUFFER_MAX)
		size = BUFFER_MAX;
	buffer = reallocate(&fill->store->allocator, fill->buffer, size);
	if (!buffer)
		return LARDER_ENOMEM;
	fill->buffer = buffer;
	fill->size = size;
	return 0;
}

int lrd_fill_append(struct lrd_fill *fill, const void *bytes, size_t len)
{
	const unsigned char *at = bytes;
	uint64_t sum;
	struct lrd_mount *mount;
	int rc = fill->failed;

	if (rc == 0)
		rc = lrd_env_mount(fill->store->env, &mount);
	/* Before room is made for more of what will not fit after all. */
	if (rc == 0 && (!lrd_u64_add(lrd_fill_len(fill), len, &sum) ||
			sum > max_len_now(mount, fill->is_known)))
		rc = LARDER_EFULL;
	while (rc == 0 && len > 0) {
		size_t room = BUFFER_MAX - fill->buffered;
		size_t part = len < room ? len : room;

		if (fill->buffered + part > fill->size)
			rc = grow(fill, fill->buffered + part);
		if (rc < 0)
			break;
		memcpy(fill->buffer + fill->buffered, at, part);
		fill->buffered += part;
		at += part;
		len -= part;
		if (fill->buffered == BUFFER_MAX)
			rc = flush(fill);
	}
	fill->failed = rc;
	return rc;
}

static void free_fill(struct lrd_fill *fill)
{
	larder_allocator allocator = fill->store->allocator;

	drop_hold(fill);
	release(&allocator, fill->buffer);
	release(&allocator, fill);
}

/* Everything but freeing the fill. */
static int publish(struct lrd_write *write, const struct lrd_put *put,
		   struct lrd_fill *fill, uint64_t *cas_out)
{
	larder_slice body = { (const char *)fill->buffer, fill->buffered };
	int mdb_rc;
	int rc = fill->failed;

	if (rc < 0)
		return rc;
	if (fill->rows == 0)
		return lrd_write_store(write, put, 0, body, cas_out);
	if (!is_alive(fill, write->mount))
		return LARDER_ECONFLICT;
	if (fill->buffered > 0) {
		rc = lrd_write_need(write, lrd_rows_count(fill->buffered) + LRD_ROOM_PUT);
		if (rc == 0)
			rc = write_rows(fill, write);
		if (rc < 0)
			return rc;
	}
	mdb_rc = lrd_garbage_remove(write->mount, write->place.txn, fill->body_id);
	if (mdb_rc != 0)
		return lrd_write_fail(write, mdb_rc);
	body.ptr = NULL;
	body.len = (size_t)lrd_fill_len(fill);
	rc = lrd_write_store(write, put, fill->body_id, body, cas_out);
	/* Half of it must not be committed: the id would be nobody's. */
	if (rc < 0 && !write->failed)
		write->failed = rc;
	return rc;
}

int lrd_write_publish(struct lrd_write *write, const struct lrd_put *put,
		      struct lrd_fill *take, uint64_t *cas_out)
{
	int rc = publish(write, put, take, cas_out);

	/* The hold may fall before the commit: nobody frees rows while the gate is ours. */
	if (rc == 0)
		free_fill(take);
	return rc;
}

int lrd_fill_commit(struct lrd_fill *take, const struct lrd_put *put, uint64_t *cas_out)
{
	struct lrd_write *write = NULL;
	uint64_t cas = 0;
	int rc = take->failed;

	if (rc == 0)
		rc = lrd_write_begin_sized(take->store,
					   lrd_rows_count(take->buffered) + LRD_ROOM_PUT,
					   &write);
	if (rc == 0) {
		rc = publish(write, put, take, &cas);
		LRD_CRASH_POINT("store.fill.before_publish");
		if (rc == 0)
			rc = lrd_write_commit(write);
		else
			lrd_write_abort(write);
	}
	free_fill(take);
	if (rc == 0 && cas_out)
		*cas_out = cas;
	return rc;
}

void lrd_fill_abort(struct lrd_fill *fill)
{
	if (fill)
		free_fill(fill);
}
