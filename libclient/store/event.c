/* SPDX-License-Identifier: MIT */
/*
 * event.c - the ring of events: written by all processes without a lock, read by whoever likes.
 *
 * A writer draws a number, stamps the number's place as being written, fills it, stamps it as
 * whole. Nobody waits for anybody: a place whose writer is dead or stopped is taken from it
 * when the ring comes round, and what such a writer may still scribble fails the checksum.
 */
#include "store/event.h"

#include <string.h>
#include <time.h>

#include "store/env.h"
#include "sys/clock.h"
#include "sys/crash.h"
#include "sys/digest.h"

enum {
	/* Of the words. */
	AT_MS,
	HASH,
	DETAIL,
	TYPE, /* type | key_len << 16 | pid << 32 */
	TEXT,
	/* Later events exist: how long the writer of this one may take. */
	STUCK_MS = 20
};

static_assert(LRD_EVENT_TEXT == (LRD_EVENT_WORDS - TEXT) * 8, "the text fills the words");
static_assert((LRD_EVENTS & (LRD_EVENTS - 1)) == 0, "numbers wrap evenly");

/* An event as it lies in the ring. */
struct words {
	uint64_t number;
	uint64_t word[LRD_EVENT_WORDS];
};

static uint64_t writing(uint64_t number)
{
	return 2 * number + 1;
}

static uint64_t whole(uint64_t number)
{
	return 2 * number + 2;
}

const char *lrd_event_name(uint32_t type)
{
	static const char *const names[] = {
#define LRD_EVENT(name, text) text,
#include "store/event.def"
	};

	return type < LRD_EVENT_END ? names[type] : "unknown";
}

static struct lrd_event_place *place_of(const struct lrd_mount *mount, uint64_t number)
{
	return &mount->events[number % LRD_EVENTS];
}

/* ---- writing ----------------------------------------------------------------------------- */

/* Whether hits are worth telling. A watcher that died is forgotten here. */
static bool hits_are_watched(struct lrd_event_head *head)
{
	uint64_t until_ms =
		atomic_load_explicit(&head->hits_until_ms, memory_order_relaxed);
	uint64_t now_ms;

	if (until_ms == 0)
		return false;
	now_ms = lrd_clock_mono_coarse_ns() / 1000000;
	/* Too far ahead: from before a reboot. */
	if (now_ms < until_ms && until_ms - now_ms <= LRD_WATCH_HITS_MS)
		return true;
	(void)atomic_compare_exchange_strong(&head->hits_until_ms, &until_ms, 0);
	return false;
}

/* Takes the place for our number. False: a later one is there already, we were too slow. */
static bool open_place(struct lrd_event_place *place, uint64_t number)
{
	uint64_t seen = atomic_load_explicit(&place->stamp, memory_order_relaxed);

	do {
		if (seen >= writing(number))
			return false;
	} while (!atomic_compare_exchange_weak_explicit(
		&place->stamp, &seen, writing(number), memory_order_acq_rel,
		memory_order_relaxed));
	return true;
}

static int64_t unix_ms(void)
{
	struct timespec ts = { 0, 0 };

	(void)clock_gettime(CLOCK_REALTIME_COARSE, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void pack(const struct lrd_mount *mount, enum lrd_event_type type, uint64_t hash,
		 larder_slice key, uint64_t detail, struct words *out)
{
	uint32_t pid = atomic_load_explicit(&mount->processes[mount->place].pid,
					    memory_order_relaxed);
	size_t text_len = key.len < LRD_EVENT_TEXT ? key.len : LRD_EVENT_TEXT;
	uint64_t key_len = key.len < UINT16_MAX ? key.len : UINT16_MAX;

	memset(out->word + TEXT, 0, LRD_EVENT_TEXT);
	out->word[AT_MS] = (uint64_t)unix_ms();
	out->word[HASH] = hash;
	out->word[DETAIL] = detail;
	out->word[TYPE] = (uint64_t)type | key_len << 16 | (uint64_t)pid << 32;
	if (text_len > 0)
		memcpy(out->word + TEXT, key.ptr, text_len);
}

void lrd_event_put(struct lrd_mount *mount, enum lrd_event_type type, uint64_t hash,
		   larder_slice key, uint64_t detail)
{
	struct lrd_event_place *place;
	struct words event;
	uint64_t stamp;

	if ((type == LRD_EVENT_HIT || type == LRD_EVENT_STALE) &&
	    !hits_are_watched(mount->event_head))
		return;
	pack(mount, type, hash, key, detail, &event);
	event.number = atomic_fetch_add_explicit(&mount->event_head->next, 1,
						 memory_order_relaxed);
	place = place_of(mount, event.number);
	if (!open_place(place, event.number))
		return;
	LRD_CRASH_POINT("store.event.opened");
	for (size_t i = 0; i < LRD_EVENT_WORDS; i++)
		atomic_store_explicit(&place->word[i], event.word[i],
				      memory_order_relaxed);
	atomic_store_explicit(&place->sum, lrd_digest(&event, sizeof(event), mount->seed),
			      memory_order_relaxed);
	LRD_CRASH_POINT("store.event.filled");
	/* Unless the ring has come round meanwhile and the place is another's. */
	stamp = writing(event.number);
	(void)atomic_compare_exchange_strong_explicit(&place->stamp, &stamp,
						      whole(event.number),
						      memory_order_release,
						      memory_order_relaxed);
}

void lrd_event_add(struct lrd_store *store, enum lrd_event_type type, uint64_t hash,
		   larder_slice key, uint64_t detail)
{
	struct lrd_mount *mount;

	if ((unsigned int)type >= LRD_EVENT_END || lrd_env_mount(store->env, &mount) < 0)
		return;
	lrd_event_put(mount, type, hash, key, detail);
}

/* ---- watching ---------------------------------------------------------------------------- */

static void unpack(const struct words *words, struct lrd_event *out)
{
	uint64_t type = words->word[TYPE];
	size_t text_len;

	*out = (struct lrd_event){
		.number = words->number,
		.at_ms = (int64_t)words->word[AT_MS],
		.hash = words->word[HASH],
		.detail = words->word[DETAIL],
		.type = (uint32_t)(type & UINT16_MAX),
		.pid = (uint32_t)(type >> 32),
		.key_len = (uint32_t)(type >> 16 & UINT16_MAX),
	};
	text_len = out->key_len < LRD_EVENT_TEXT ? out->key_len : LRD_EVENT_TEXT;
	memcpy(out->key, words->word + TEXT, text_len);
	/* Keys are any bytes; an event is made to be printed. */
	for (size_t i = 0; i < text_len; i++) {
		if (out->key[i] < 0x21 || out->key[i] > 0x7e)
			out->key[i] = '?';
	}
}

/* Copies the event out. False: not this one, not yet, or not whole; *stamp tells. */
static bool copy_out(const struct lrd_mount *mount, uint64_t number, uint64_t *stamp,
		     struct lrd_event *out)
{
	struct lrd_event_place *place = place_of(mount, number);
	struct words words = { .number = number };
	uint64_t sum;

	*stamp = atomic_load_explicit(&place->stamp, memory_order_acquire);
	if (*stamp != whole(number))
		return false;
	for (size_t i = 0; i < LRD_EVENT_WORDS; i++)
		words.word[i] =
			atomic_load_explicit(&place->word[i], memory_order_relaxed);
	sum = atomic_load_explicit(&place->sum, memory_order_relaxed);
	/* Whatever was mixed, by whomever, does not add up. */
	if (sum != lrd_digest(&words, sizeof(words), mount->seed))
		return false;
	unpack(&words, out);
	return true;
}

/* Asks writers for hits, when that is due: half the time that it holds. */
static void ask_for_hits(struct lrd_event_head *head)
{
	uint64_t now_ms = lrd_clock_mono_coarse_ns() / 1000000;
	uint64_t seen = atomic_load_explicit(&head->hits_until_ms, memory_order_relaxed);

	while (seen < now_ms + LRD_WATCH_HITS_MS / 2 || seen > now_ms + LRD_WATCH_HITS_MS) {
		if (atomic_compare_exchange_weak(&head->hits_until_ms, &seen,
						 now_ms + LRD_WATCH_HITS_MS))
			break;
	}
}

/* The oldest event that the ring may still have. */
static uint64_t oldest(uint64_t next)
{
	return next > LRD_EVENTS ? next - LRD_EVENTS : 0;
}

static void start(struct lrd_event_watch *watch, const struct lrd_mount *mount)
{
	uint64_t next =
		atomic_load_explicit(&mount->event_head->next, memory_order_acquire);

	watch->control_id = mount->seed;
	watch->next = watch->flags & LRD_WATCH_OLDEST ? oldest(next) : next;
	watch->stuck_ns = 0;
	if (watch->flags & LRD_WATCH_HITS)
		ask_for_hits(mount->event_head);
}

int lrd_event_watch_begin(struct lrd_store *store, uint32_t flags,
			  struct lrd_event_watch *out)
{
	struct lrd_mount *mount;
	int rc = lrd_env_mount(store->env, &mount);

	if (rc < 0)
		return rc;
	*out = (struct lrd_event_watch){ .store = store, .flags = flags };
	start(out, mount);
	return 0;
}

/* Whether event `next`, which is not to be had, may still come. */
static bool may_come(struct lrd_event_watch *watch, uint64_t stamp)
{
	uint64_t now_ns;

	if (stamp >= whole(watch->next))
		return false; /* overwritten, or scribbled over */
	now_ns = lrd_clock_mono_coarse_ns();
	if (watch->stuck_ns == 0)
		watch->stuck_ns = now_ns;
	return now_ns - watch->stuck_ns < UINT64_C(1000000) * STUCK_MS;
}

int lrd_event_next(struct lrd_event_watch *watch, struct lrd_event *out)
{
	struct lrd_mount *mount;
	uint64_t next;
	int rc = lrd_env_mount(watch->store->env, &mount);

	if (rc < 0)
		return rc;
	if (watch->flags & LRD_WATCH_HITS)
		ask_for_hits(mount->event_head);
	next = atomic_load_explicit(&mount->event_head->next, memory_order_acquire);
	/* A store made anew in the same place counts from the beginning. */
	if (watch->control_id != mount->seed || watch->next > next)
		start(watch, mount);
	while (watch->next < next) {
		uint64_t stamp;

		if (watch->next < oldest(next)) {
			watch->lost += oldest(next) - watch->next;
			watch->next = oldest(next);
		}
		if (copy_out(mount, watch->next, &stamp, out)) {
			watch->next++;
			watch->stuck_ns = 0;
			return 1;
		}
		if (may_come(watch, stamp))
			return 0;
		watch->lost++;
		watch->next++;
		watch->stuck_ns = 0;
	}
	return 0;
}

void lrd_event_watch_end(struct lrd_event_watch *watch)
{
	/* Others may watch hits too: the request for them runs out by itself. */
	watch->store = NULL;
}
