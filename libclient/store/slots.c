/* SPDX-License-Identifier: MIT */
/* slots.c - the table of slots: which entry has which, and in which list it stands. */
#include "store/slots.h"

#include <string.h>

#include "store/ghosts.h"
#include "store/rows.h"
#include "sys/clock.h"
#include "sys/crash.h"
#include "sys/file.h"

#define GROW_AGAIN_NS UINT64_C(1000000000)

enum {
	GROW_MIN = 4096, /* slots: a step takes 160 KiB */
	GROW_MAX = 16384,
	HOME_SHIFT = 4,
	LIST_MASK = 15,
	IN_LEAF_MAX = 2030, /* a longer value has a page of its own */
	NODE = 24           /* what LMDB and its leaf add to a value, about */
};

/* The share of probation, in 2^-32. */
#define SHARE(percent) ((uint32_t)((UINT64_C(1) << 32) * (percent) / 100))

static struct lrd_slot *at(const struct lrd_mount *mount, uint32_t slot)
{
	return &mount->slots[slot - 1];
}

static enum lrd_slot_list_id list_of(const struct lrd_slot *slot)
{
	unsigned int list = slot->list & LIST_MASK;

	return list < LRD_LIST_END ? (enum lrd_slot_list_id)list : LRD_LIST_NONE;
}

enum lrd_slot_list_id lrd_slots_home(const struct lrd_slot *slot)
{
	return slot->list >> HOME_SHIFT == LRD_LIST_MAIN ? LRD_LIST_MAIN
							 : LRD_LIST_PROBATION;
}

/* ---- changing lists ---------------------------------------------------------------------- */

/*
 * A process that is killed between these two leaves the stamp, and whoever comes next builds
 * the lists anew. Only the order of this thread's own stores matters: what a killed process
 * stored is seen, what it did not is not.
 */
static void begin_change(struct lrd_mount *mount)
{
	atomic_store_explicit(&mount->table->busy, 1, memory_order_relaxed);
	atomic_signal_fence(memory_order_seq_cst);
}

static void end_change(struct lrd_mount *mount)
{
	atomic_signal_fence(memory_order_seq_cst);
	atomic_store_explicit(&mount->table->busy, 0, memory_order_relaxed);
}

void lrd_slots_break(struct lrd_mount *mount)
{
	atomic_store_explicit(&mount->table->busy, 1, memory_order_relaxed);
}

/* Whether a link may be followed. */
static bool is_usable(const struct lrd_mount *mount, uint32_t slot)
{
	uint32_t ready = atomic_load_explicit(&mount->table->ready, memory_order_relaxed);

	return slot > 0 && slot <= mount->table->high && slot <= ready &&
	       slot <= mount->slot_count;
}

/* Whether what the slot's neighbours say fits; bytes of a shared file can be anything. */
static bool is_linked(const struct lrd_mount *mount, uint32_t slot)
{
	const struct lrd_slot *s = at(mount, slot);
	const struct lrd_slot_list *list = &mount->table->lists[list_of(s)];

	if (list_of(s) == LRD_LIST_NONE || list->count == 0)
		return false;
	if (s->prev == 0 ? list->head != slot
			 : !is_usable(mount, s->prev) || at(mount, s->prev)->next != slot)
		return false;
	return s->next == 0 ? list->tail == slot
			    : is_usable(mount, s->next) && at(mount, s->next)->prev == slot;
}

static void take_out(struct lrd_mount *mount, uint32_t slot)
{
	struct lrd_slot *s = at(mount, slot);
	struct lrd_slot_list *list = &mount->table->lists[list_of(s)];

	if (s->prev)
		at(mount, s->prev)->next = s->next;
	else
		list->head = s->next;
	LRD_CRASH_POINT("store.slots.between_links");
	if (s->next)
		at(mount, s->next)->prev = s->prev;
	else
		list->tail = s->prev;
	list->count--;
	list->size -= s->size < list->size ? s->size : list->size;
	s->list = LRD_LIST_NONE;
}

static void append(struct lrd_mount *mount, uint32_t slot, enum lrd_slot_list_id id,
		   enum lrd_slot_list_id home)
{
	struct lrd_slot *s = at(mount, slot);
	struct lrd_slot_list *list = &mount->table->lists[id];

	s->prev = list->tail;
	s->next = 0;
	if (list->tail)
		at(mount, list->tail)->next = slot;
	else
		list->head = slot;
	list->tail = slot;
	list->count++;
	list->size += s->size;
	s->list = (uint8_t)((unsigned int)id | (unsigned int)home << HOME_SHIFT);
}

/* Whether a slot can be put behind what is last in a list. */
static bool can_append(const struct lrd_mount *mount, enum lrd_slot_list_id id)
{
	uint32_t tail = mount->table->lists[id].tail;

	return tail == 0 || (is_usable(mount, tail) && at(mount, tail)->next == 0);
}

static bool move(struct lrd_mount *mount, uint32_t slot, enum lrd_slot_list_id to,
		 enum lrd_slot_list_id home)
{
	if (lrd_slots_are_broken(mount))
		return false;
	if (!is_usable(mount, slot) || !is_linked(mount, slot) || !can_append(mount, to)) {
		lrd_slots_break(mount);
		return false;
	}
	begin_change(mount);
	take_out(mount, slot);
	LRD_CRASH_POINT("store.slots.between_lists");
	append(mount, slot, to, home);
	end_change(mount);
	return true;
}

void lrd_slots_move(struct lrd_mount *mount, uint32_t slot, enum lrd_slot_list_id list)
{
	(void)move(mount, slot, list, list);
}

uint32_t lrd_slots_first(struct lrd_mount *mount, enum lrd_slot_list_id list)
{
	uint32_t slot = mount->table->lists[list].head;

	if (slot == 0 || lrd_slots_are_broken(mount))
		return 0;
	if (is_usable(mount, slot) && list_of(at(mount, slot)) == list)
		return slot;
	lrd_slots_break(mount);
	return 0;
}

/* ---- room for slots ---------------------------------------------------------------------- */

/* Gives slots and their ghosts blocks up to `want`. */
static bool reserve(struct lrd_mount *mount, uint32_t have, uint32_t want)
{
	uint64_t slots = (uint64_t)((unsigned char *)mount->slots - mount->control);
	uint64_t ghosts = (uint64_t)((unsigned char *)mount->ghosts - mount->control);

	return lrd_file_reserve(mount->control_fd, slots + (uint64_t)have * 32,
				slots + (uint64_t)want * 32) == 0 &&
	       lrd_file_reserve(mount->control_fd, ghosts + (uint64_t)have * 8,
				ghosts + (uint64_t)want * 8) == 0;
}

static bool grow(struct lrd_mount *mount)
{
	struct lrd_slot_table *table = mount->table;
	uint32_t ready = atomic_load_explicit(&table->ready, memory_order_relaxed);
	uint32_t step = ready / 8;
	uint64_t now = lrd_clock_mono_ns();

	if (ready >= mount->slot_count)
		return false;
	if (table->grow_failed_ns != 0 && now - table->grow_failed_ns < GROW_AGAIN_NS)
		return false;
	if (step < GROW_MIN)
		step = GROW_MIN;
	if (step > GROW_MAX)
		step = GROW_MAX;
	if (step > mount->slot_count - ready)
		step = mount->slot_count - ready;
	if (!reserve(mount, ready, ready + step)) {
		table->grow_failed_ns = now;
		return false;
	}
	table->grow_failed_ns = 0;
	/* The sum of blocks and use is in this order: who sees it may touch them. */
	atomic_store_explicit(&table->ready, ready + step, memory_order_release);
	return true;
}

uint64_t lrd_slots_spare(struct lrd_mount *mount, uint64_t wanted)
{
	const struct lrd_slot_table *table = mount->table;

	for (;;) {
		uint32_t ready = atomic_load_explicit(&table->ready, memory_order_relaxed);
		uint64_t spare = table->lists[LRD_LIST_FREE].count;

		if (ready > table->high)
			spare += ready - table->high;
		if (spare >= wanted || !grow(mount))
			return spare;
	}
}

void lrd_slots_open(struct lrd_mount *mount)
{
	struct lrd_slot_table *table = mount->table;
	uint64_t fixed = (uint64_t)((unsigned char *)mount->slots - mount->control);
	uint32_t ready = atomic_load(&table->ready);
	struct lrd_file_facts facts;

	if (ready <= mount->slot_count && lrd_file_facts(mount->control_fd, &facts) == 0 &&
	    facts.disk_bytes >= fixed + (uint64_t)ready * 40)
		return;
	/* A copy may have holes where zeroes were. */
	if (ready <= mount->slot_count &&
	    lrd_file_reserve(mount->control_fd, 0, fixed) == 0 && reserve(mount, 0, ready))
		return;
	atomic_store(&table->ready, 0);
	lrd_slots_break(mount);
}

void lrd_slots_reset(struct lrd_mount *mount)
{
	struct lrd_slot_table *table = mount->table;

	begin_change(mount);
	memset(table->lists, 0, sizeof(table->lists));
	table->high = 0;
	table->round = 1;
	table->position = 0;
	table->share = SHARE(10);
	table->sweep_at = 0;
	table->grow_failed_ns = 0;
	table->round_soonest = UINT32_MAX;
	table->round_epoch = atomic_load(&mount->shared->epoch);
	atomic_store(&table->soonest, UINT32_MAX);
	atomic_store(&table->swept_epoch, table->round_epoch);
	atomic_store(&table->phase, LRD_MEND_NONE);
	end_change(mount);
}

/* ---- entries and their slots ------------------------------------------------------------- */

struct lrd_slot_facts lrd_slots_facts(const struct lrd_record *record,
				      const struct lrd_record_links *links,
				      size_t value_len)
{
	struct lrd_slot_facts facts = { .hash = record->hash,
					.stale_until = record->stale_until,
					.epoch = links->epoch,
					.kind = record->kind };

	facts.bytes = value_len > IN_LEAF_MAX ? LRD_PAGE + 2 * NODE : value_len + NODE;
	if (record->body_id)
		facts.bytes += lrd_rows_count(record->body_len) * LRD_PAGE;
	if (links->text_id)
		facts.bytes += lrd_rows_count(links->text_len) * LRD_PAGE;
	return facts;
}

/* Seconds as a slot has them: what does not fit is told by the record alone. */
static uint32_t expires_of(int64_t stale_until)
{
	if (stale_until == 0 || stale_until >= UINT32_MAX)
		return 0;
	return stale_until < 1 ? 1 : (uint32_t)stale_until;
}

/* Writes the facts into a slot that is in no list, or in one whose size is kept in step. */
static void fill_in(struct lrd_mount *mount, uint32_t slot,
		    const struct lrd_slot_facts *facts)
{
	struct lrd_slot_table *table = mount->table;
	struct lrd_slot *s = at(mount, slot);
	uint64_t size = (facts->bytes + LRD_SLOT_UNIT - 1) / LRD_SLOT_UNIT;

	s->hash = facts->hash;
	s->size = size < UINT32_MAX ? (uint32_t)size : UINT32_MAX;
	s->expires = expires_of(facts->stale_until);
	s->epoch = facts->epoch;
	s->kind = facts->kind;
	s->round = (uint8_t)table->round;
	if (s->expires == 0)
		return;
	if (s->expires < table->round_soonest)
		table->round_soonest = s->expires;
	if (s->expires < atomic_load_explicit(&table->soonest, memory_order_relaxed))
		atomic_store_explicit(&table->soonest, s->expires, memory_order_relaxed);
}

bool lrd_slots_is_of(const struct lrd_mount *mount, uint32_t slot, uint64_t hash)
{
	const struct lrd_slot *s;

	if (!is_usable(mount, slot))
		return false;
	s = at(mount, slot);
	return s->hash == hash && s->round == (uint8_t)mount->table->round &&
	       list_of(s) >= LRD_LIST_FRESH;
}

/* Widens or narrows the share of probation: what it evicted last would still be here, had it
 * been a little wider; the same of main. The step is an entry's part of all. */
static void adapt(struct lrd_mount *mount, unsigned int queue, uint64_t age, uint64_t used)
{
	struct lrd_slot_table *table = mount->table;
	uint32_t step = (uint32_t)((UINT64_C(1) << 32) / (used < 64 ? 64 : used));

	if (age > used / 10)
		return;
	if (queue == LRD_GHOST_PROBATION)
		table->share = table->share > SHARE(70) - step ? SHARE(70)
							       : table->share + step;
	else
		table->share = table->share < SHARE(5) + step ? SHARE(5)
							      : table->share - step;
}

/* A free slot that is in no list. 0: none. */
static uint32_t take_free(struct lrd_mount *mount)
{
	struct lrd_slot_table *table = mount->table;
	uint32_t slot = lrd_slots_first(mount, LRD_LIST_FREE);

	if (lrd_slots_are_broken(mount))
		return 0;
	if (slot == 0) {
		if (lrd_slots_spare(mount, 1) == 0 || table->high >= mount->slot_count)
			return 0;
		slot = table->high + 1;
		if (slot > atomic_load_explicit(&table->ready, memory_order_relaxed)) {
			lrd_slots_break(mount);
			return 0;
		}
		begin_change(mount);
		table->high = slot;
		return slot;
	}
	if (!is_linked(mount, slot)) {
		lrd_slots_break(mount);
		return 0;
	}
	begin_change(mount);
	take_out(mount, slot);
	return slot;
}

static uint32_t give_new(struct lrd_mount *mount, const struct lrd_slot_facts *facts)
{
	enum lrd_slot_list_id home = LRD_LIST_PROBATION;
	uint64_t used = lrd_slots_used(mount);
	unsigned int queue = 0;
	uint64_t age = 0;
	uint32_t slot;

	if (!can_append(mount, LRD_LIST_FRESH)) {
		lrd_slots_break(mount);
		return 0;
	}
	slot = take_free(mount); /* leaves the change open */
	if (slot == 0)
		return 0;
	if (lrd_ghosts_take(mount, facts->hash, used, &queue, &age)) {
		home = LRD_LIST_MAIN;
		adapt(mount, queue, age, used);
	}
	fill_in(mount, slot, facts);
	atomic_store_explicit(&at(mount, slot)->uses, 0, memory_order_relaxed);
	append(mount, slot, LRD_LIST_FRESH, home);
	end_change(mount);
	return slot;
}

uint32_t lrd_slots_place(struct lrd_mount *mount, const struct lrd_slot_facts *facts,
			 uint32_t old)
{
	struct lrd_slot_list *list;

	if (lrd_slots_are_broken(mount))
		return 0;
	if (!lrd_slots_is_of(mount, old, facts->hash)) {
		if (lrd_slots_claim(mount, facts, old))
			return old;
		return give_new(mount, facts);
	}
	/* Stored again is a use like any other. */
	(void)lrd_slots_touch(mount, old);
	list = &mount->table->lists[list_of(at(mount, old))];
	begin_change(mount);
	list->size -= at(mount, old)->size < list->size ? at(mount, old)->size : list->size;
	fill_in(mount, old, facts);
	list->size += at(mount, old)->size;
	end_change(mount);
	if (list_of(at(mount, old)) == LRD_LIST_DOOMED)
		(void)move(mount, old, LRD_LIST_FRESH, lrd_slots_home(at(mount, old)));
	return old;
}

void lrd_slots_doom(struct lrd_mount *mount, uint64_t hash, uint32_t slot)
{
	struct lrd_slot *s;

	if (lrd_slots_are_broken(mount) || !lrd_slots_is_of(mount, slot, hash))
		return;
	s = at(mount, slot);
	if (list_of(s) == LRD_LIST_FRESH)
		(void)move(mount, slot, LRD_LIST_FREE, LRD_LIST_FREE);
	else if (list_of(s) != LRD_LIST_DOOMED)
		(void)move(mount, slot, LRD_LIST_DOOMED, list_of(s));
}

/* Empties one of the two lists of the transaction. */
static void settle_list(struct lrd_mount *mount, enum lrd_slot_list_id from, bool free)
{
	uint32_t slot;

	while ((slot = lrd_slots_first(mount, from)) != 0) {
		enum lrd_slot_list_id to =
			free ? LRD_LIST_FREE : lrd_slots_home(at(mount, slot));

		if (!move(mount, slot, to, to))
			return;
	}
}

void lrd_slots_settle(struct lrd_mount *mount, bool committed)
{
	settle_list(mount, LRD_LIST_FRESH, !committed);
	LRD_CRASH_POINT("store.slots.half_settled");
	settle_list(mount, LRD_LIST_DOOMED, committed);
}

uint64_t lrd_slots_used(const struct lrd_mount *mount)
{
	const struct lrd_slot_list *lists = mount->table->lists;

	return lists[LRD_LIST_PROBATION].count + lists[LRD_LIST_MAIN].count +
	       lists[LRD_LIST_FRESH].count + lists[LRD_LIST_DOOMED].count;
}

/* ---- building the lists anew ------------------------------------------------------------- */

bool lrd_slots_claim(struct lrd_mount *mount, const struct lrd_slot_facts *facts,
		     uint32_t slot)
{
	const struct lrd_slot_table *table = mount->table;
	enum lrd_slot_list_id home;

	if (atomic_load_explicit(&table->phase, memory_order_relaxed) != LRD_MEND_CLAIM ||
	    !is_usable(mount, slot) || at(mount, slot)->round == (uint8_t)table->round)
		return false;
	home = list_of(at(mount, slot)) == LRD_LIST_MAIN ? LRD_LIST_MAIN
							 : lrd_slots_home(at(mount, slot));
	if (!can_append(mount, home)) {
		lrd_slots_break(mount);
		return false;
	}
	begin_change(mount);
	fill_in(mount, slot, facts);
	append(mount, slot, home, home);
	end_change(mount);
	return true;
}

void lrd_slots_collect(struct lrd_mount *mount, uint32_t slot)
{
	struct lrd_slot *s;

	if (!is_usable(mount, slot))
		return;
	s = at(mount, slot);
	if (s->round == (uint8_t)mount->table->round)
		return;
	if (!can_append(mount, LRD_LIST_FREE)) {
		lrd_slots_break(mount);
		return;
	}
	begin_change(mount);
	s->round = (uint8_t)mount->table->round;
	s->hash = 0;
	s->size = 0;
	append(mount, slot, LRD_LIST_FREE, LRD_LIST_FREE);
	end_change(mount);
}
