/* SPDX-License-Identifier: MIT */
/* prefix.c - what `stats detail` counts: commands by the prefix of their keys. */
#include "cached/prefix.h"

#include <stdlib.h>
#include <string.h>

#include "proto/bytes/slice.h"

enum { BUCKETS = 4096, EVENTS = LRD_PREFIX_DELETE + 1 };

struct lrd_prefix {
	struct lrd_prefix *next;
	uint64_t events[EVENTS];
	size_t len;
	char name[];
};

int lrd_prefix_init(struct lrd_prefixes *prefixes, char end, bool on)
{
	prefixes->end = end;
	prefixes->count = 0;
	prefixes->buckets = calloc(BUCKETS, sizeof(struct lrd_prefix *));
	if (!prefixes->buckets)
		return LARDER_ENOMEM;
	pthread_mutex_init(&prefixes->lock, NULL);
	atomic_init(&prefixes->on, on);
	return 0;
}

static void clear(struct lrd_prefixes *prefixes)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		struct lrd_prefix *prefix = prefixes->buckets[i];

		while (prefix) {
			struct lrd_prefix *next = prefix->next;

			free(prefix);
			prefix = next;
		}
		prefixes->buckets[i] = NULL;
	}
	prefixes->count = 0;
}

void lrd_prefix_release(struct lrd_prefixes *prefixes)
{
	if (!prefixes->buckets)
		return;
	clear(prefixes);
	free(prefixes->buckets);
	prefixes->buckets = NULL;
	pthread_mutex_destroy(&prefixes->lock);
}

void lrd_prefix_switch(struct lrd_prefixes *prefixes, bool on)
{
	atomic_store(&prefixes->on, on);
}

void lrd_prefix_clear(struct lrd_prefixes *prefixes)
{
	pthread_mutex_lock(&prefixes->lock);
	clear(prefixes);
	pthread_mutex_unlock(&prefixes->lock);
}

static size_t bucket_of(larder_slice name)
{
	uint64_t sum = 14695981039346656037u;

	for (size_t i = 0; i < name.len; i++)
		sum = (sum ^ (unsigned char)name.ptr[i]) * 1099511628211u;
	return (size_t)(sum ^ sum >> 32) % BUCKETS;
}

/* Called with the lock held. NULL: no room for another one. */
static struct lrd_prefix *ensure(struct lrd_prefixes *prefixes, larder_slice name)
{
	struct lrd_prefix **bucket = &prefixes->buckets[bucket_of(name)];
	struct lrd_prefix *prefix;

	for (prefix = *bucket; prefix; prefix = prefix->next) {
		if (lrd_slice_equal(lrd_slice_of(prefix->name, prefix->len), name))
			return prefix;
	}
	if (prefixes->count >= LRD_PREFIX_MAX)
		return NULL;
	prefix = calloc(1, sizeof(*prefix) + name.len);
	if (!prefix)
		return NULL;
	memcpy(prefix->name, name.ptr, name.len);
	prefix->len = name.len;
	prefix->next = *bucket;
	*bucket = prefix;
	prefixes->count++;
	return prefix;
}

void lrd_prefix_count(struct lrd_prefixes *prefixes, larder_slice key,
		      enum lrd_prefix_event event)
{
	size_t len = lrd_slice_find(key, prefixes->end);
	struct lrd_prefix *prefix;

	if (len == key.len || len == 0)
		return;
	pthread_mutex_lock(&prefixes->lock);
	prefix = ensure(prefixes, lrd_slice_first(key, len));
	if (prefix)
		prefix->events[event]++;
	pthread_mutex_unlock(&prefixes->lock);
}

int lrd_prefix_dump(struct lrd_prefixes *prefixes, struct lrd_buf *out)
{
	int rc = 0;

	pthread_mutex_lock(&prefixes->lock);
	for (size_t i = 0; i < BUCKETS && rc == 0; i++) {
		for (const struct lrd_prefix *at = prefixes->buckets[i]; at && rc == 0;
		     at = at->next) {
			rc = lrd_buf_append_cstr(out, "PREFIX ");
			if (rc == 0)
				rc = lrd_buf_append(out, at->name, at->len);
			if (rc == 0)
				rc = lrd_buf_appendf(
					out, " get %llu hit %llu set %llu del %llu\r\n",
					(unsigned long long)at->events[LRD_PREFIX_GET],
					(unsigned long long)at->events[LRD_PREFIX_HIT],
					(unsigned long long)at->events[LRD_PREFIX_SET],
					(unsigned long long)at->events[LRD_PREFIX_DELETE]);
		}
	}
	pthread_mutex_unlock(&prefixes->lock);
	return rc;
}
