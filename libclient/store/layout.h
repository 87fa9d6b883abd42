/* SPDX-License-Identifier: MIT */
/*
 * layout.h - every byte of the `control` file (FORMAT.md has the same in words).
 *
 *	0		struct lrd_control_header	written once, checksummed
 *	4096		struct lrd_control_shared	what processes change together
 *	8192		sections, each at a page:	offset, count and size are in the header
 *
 * The file is mapped by every process. Fields that more than one process may touch at a time
 * are atomics, or are changed only under the write gate; each says which.
 */
#ifndef LRD_STORE_LAYOUT_H
#define LRD_STORE_LAYOUT_H

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "sys/machine.h"

/* Raised by any change that an older or newer library would misread. */
enum { LRD_FORMAT = 1 };

enum {
	LRD_PAGE = 4096,
	LRD_VALUE_MAX = 4080, /* an LMDB value of one page */
	LRD_ROW_SUM = 8,
	LRD_ROW_MAX = LRD_VALUE_MAX - LRD_ROW_SUM, /* body bytes of a full row */
	LRD_ROW_BITS = 24 /* of a row's key; the rest is the body id */
};

#define LRD_BODY_ID_MAX  ((UINT64_C(1) << (64 - LRD_ROW_BITS)) - 1)
#define LRD_BODY_LEN_MAX ((UINT64_C(1) << LRD_ROW_BITS) * LRD_ROW_MAX)

enum {
	LRD_PROCESSES = 1024,
	LRD_COUNTERS = 32, /* room for counters.def to grow */
	LRD_HOLDS = 4096,
	LRD_LEASES = 1024,    /* stripes; a power of two */
	LRD_LEASE_PLACES = 8, /* of one stripe */
	LRD_LEASE_GENERATION_BITS = 26,
	LRD_EVENTS = 4096,
	LRD_EVENT_SIZE = 128,
	LRD_EVENT_WORDS = 14,
	LRD_DAMAGED = 64,
	LRD_KINDS = 256,
	LRD_READERS =
		1280 /* LMDB's reader table: every process may read in several threads */
};

/* Bytes of `control` that carry OFD locks and no data: far behind its end. */
#define LRD_LOCK_OPEN (UINT64_C(1) << 40) /* held while opening, creating, rebuilding */
#define LRD_LOCK_PROCESS \
	(LRD_LOCK_OPEN + 4096) /* + place in the process table: it lives */

enum lrd_section_id {
	LRD_SECTION_PROCESSES,
	LRD_SECTION_COUNTERS,
	LRD_SECTION_HOLDS,
	LRD_SECTION_LEASES,
	LRD_SECTION_EVENTS,
	LRD_SECTION_RINGS,
	LRD_SECTION_SLOTS,
	LRD_SECTION_GHOSTS,
	LRD_SECTION_END
};

struct lrd_section {
	uint64_t offset;
	uint32_t count;
	uint32_t size; /* bytes of one element */
};

#define LRD_CONTROL_MAGIC "LARDERc\x01"

/* Page 0. Written while building, under the open lock; then only `boot_id`, `pid_namespace`
 * and the four identities change, under the same lock and with `sum` renewed. */
struct lrd_control_header {
	char magic[8];
	uint64_t sum; /* of everything below, seeded with LRD_FORMAT */
	uint32_t format;
	uint32_t byte_order;   /* LRD_BYTE_ORDER */
	uint32_t mutex_size;   /* of the C library's pthread_mutex_t */
	uint32_t pointer_size; /* 4 or 8 */
	uint32_t lmdb_version; /* major << 16 | minor: data files of 0.9 and 1.0 differ */
	uint32_t page_size;
	uint32_t group_shared;
	uint32_t size_weight; /* enum lrd_size_weight */
	uint64_t control_bytes;
	uint64_t map_bytes;
	uint64_t budget_bytes;
	uint64_t seed; /* of key hashes and record checksums; survives rebuilds */
	int64_t created_at;
	uint64_t data_dev, data_ino;
	uint64_t lock_dev, lock_ino;
	uint64_t pid_namespace;
	uint8_t boot_id[LRD_BOOT_ID_LEN];
	struct lrd_section sections[LRD_SECTION_END];
};

#define LRD_BYTE_ORDER UINT32_C(0x01020304)

static_assert(offsetof(struct lrd_control_header, sum) == 8, "format");
static_assert(offsetof(struct lrd_control_header, format) == 16, "format");
static_assert(offsetof(struct lrd_control_header, control_bytes) == 48, "format");
static_assert(offsetof(struct lrd_control_header, boot_id) == 128, "format");
static_assert(offsetof(struct lrd_control_header, sections) == 144, "format");
static_assert(sizeof(struct lrd_control_header) == 272, "format");

/* A damaged entry that the next writer removes if its value still begins with `token`. */
struct lrd_damaged {
	_Atomic uint64_t hash; /* 0: free; 1: being written */
	_Atomic uint64_t token;
};

/* Bits of lrd_control_shared.state below the generation. */
enum {
	LRD_STATE_READY = 1,  /* the files are whole */
	LRD_STATE_POISON = 2, /* damage was seen twice: rebuild */
	LRD_STATE_BITS = 8    /* the generation begins here */
};

/* Page 1. */
struct lrd_control_shared {
	/* One line that is read at every hit and changes only when the files do. */
	_Alignas(64) _Atomic uint64_t state; /* generation << LRD_STATE_BITS | LRD_STATE_* */

	/* The write gate. */
	_Alignas(64) pthread_mutex_t gate;
	_Alignas(64) _Atomic uint32_t gate_place; /* process place + 1 of the holder, 0: free */
	_Atomic uint32_t clean;                   /* 1: synced since the last write */
	_Atomic uint64_t gate_since_ns;           /* when it was taken, monotonic */

	/* Changed under the gate; read by anybody. */
	_Alignas(64) _Atomic uint64_t next_cas;
	_Atomic uint64_t next_body_id;
	_Atomic uint64_t reserved_bytes; /* of data.mdb: blocks below are allocated */
	_Atomic uint64_t disk_full_ns;   /* when reserving failed last, 0: never */
	_Atomic uint64_t commit_txnid; /* LMDB's number of the last commit that was begun */
	_Atomic uint32_t corruptions; /* damage to the structure seen in this generation */
	_Atomic uint32_t reserved;

	/* Changed by anybody. */
	_Alignas(64) _Atomic uint64_t upkeep_ns; /* last check of readers and processes */
	_Atomic uint32_t holds_high;             /* every hold in use has a lower place */
	_Atomic uint32_t damaged_count;          /* places of `damaged` in use */
	_Atomic int64_t damaged_at; /* when damage was found last, unix seconds; 0: never */
	_Atomic int64_t rebuilt_at; /* when the data was built anew for damage or distrust */
	_Atomic uint32_t orphans;   /* 1: rows may be left that nobody names */

	/* Read at every hit: an entry is live while its epoch is not below its kind's. */
	_Alignas(64) _Atomic uint32_t epoch;    /* given to entries as they are stored */
	_Atomic uint32_t live_epoch[LRD_KINDS]; /* [0] is for all kinds */

	_Alignas(64) struct lrd_damaged damaged[LRD_DAMAGED];
};

static_assert(offsetof(struct lrd_control_shared, gate) == 64, "format");
static_assert(offsetof(struct lrd_control_shared, gate_place) == 128, "format");
static_assert(offsetof(struct lrd_control_shared, next_cas) == 192, "format");
static_assert(offsetof(struct lrd_control_shared, upkeep_ns) == 256, "format");
static_assert(offsetof(struct lrd_control_shared, damaged_at) == 272, "format");
static_assert(offsetof(struct lrd_control_shared, epoch) == 320, "format");
static_assert(offsetof(struct lrd_control_shared, damaged) == 1408, "format");
static_assert(sizeof(struct lrd_control_shared) <= LRD_PAGE, "format");
static_assert(sizeof(pthread_mutex_t) <= 64, "the gate fits its line");

/* A process that has the store open: its place is its number in counters, holds, leases. */
struct lrd_process {
	_Atomic uint32_t pid; /* 0: free */
	uint32_t reserved;
	uint64_t start_time; /* with the pid it names a process for good */
	uint8_t unused[48];
};
static_assert(sizeof(struct lrd_process) == 64, "format");

/* One line set of counters for each process; the last one adds up the dead. */
struct lrd_counts {
	_Alignas(64) _Atomic uint64_t value[LRD_COUNTERS];
};
static_assert(sizeof(struct lrd_counts) == 256, "format");

/* Protects the rows of one body from being freed. Claimed by setting `owner`. */
struct lrd_hold_place {
	_Atomic uint32_t owner;  /* process place + 1, 0: free */
	_Atomic uint32_t serial; /* raised by each claim, so that an old holder notices */
	_Atomic uint64_t body_id;
	_Atomic uint64_t until_ns; /* monotonic; over: the place may be taken away */
	uint64_t reserved;
};
static_assert(sizeof(struct lrd_hold_place) == 32, "format");

/*
 * Single flight. A key's hash names a stripe, where its lease may have any of the places. All
 * words of a stripe are one cache line, so that taking a lease can look at every other place;
 * lease_word.h says what is in a word, FORMAT.md by which rules it changes. `until` and
 * `waiting` count only while the generation they name is that of the word.
 */
struct lrd_lease_beside {
	_Atomic uint64_t until; /* monotonic ms << LRD_LEASE_GENERATION_BITS | generation */
	_Atomic uint64_t waiting;  /* generation << 32 | how many sleep */
	_Atomic uint64_t since_ms; /* for looking on only, as the next one */
	_Atomic uint64_t hash;
};

struct lrd_lease_stripe {
	_Alignas(64) _Atomic uint64_t word[LRD_LEASE_PLACES];
	struct lrd_lease_beside beside[LRD_LEASE_PLACES];
};
static_assert(offsetof(struct lrd_lease_stripe, beside) == 64, "format");
static_assert(sizeof(struct lrd_lease_stripe) == 320, "format");

/* Before the ring of events; fills the section's first element. */
struct lrd_event_head {
	_Alignas(64) _Atomic uint64_t next; /* number of the event to come; none is ever reused */
	/* A line that is read at every hit and written twice a second while someone watches. */
	_Alignas(64) _Atomic uint64_t hits_until_ms; /* monotonic; 0: nobody watches hits */
};
static_assert(offsetof(struct lrd_event_head, hits_until_ms) == 64, "format");
static_assert(sizeof(struct lrd_event_head) == LRD_EVENT_SIZE, "format");

/* Event n lies at n % LRD_EVENTS. `stamp` is 2n + 1 while it is written, 2n + 2 when it is
 * whole; `sum` is over n and the words: a writer that was stopped may scribble later. */
struct lrd_event_place {
	_Alignas(64) _Atomic uint64_t stamp;
	_Atomic uint64_t sum;
	_Atomic uint64_t word[LRD_EVENT_WORDS]; /* event.c packs and unpacks them */
};
static_assert(offsetof(struct lrd_event_place, word) == 16, "format");
static_assert(sizeof(struct lrd_event_place) == LRD_EVENT_SIZE, "format");

/*
 * Eviction's view of an entry: a slot, named by the record as number + 1, as all slots are
 * named here; 0 is none. Everything but `uses` changes under the gate only, and all of it is
 * a hint: who acts upon a slot reads the record first.
 */
struct lrd_slot {
	uint64_t hash;
	uint32_t size;       /* what removing the entry frees, in units of 64 bytes */
	uint32_t expires;    /* gone from then on, unix seconds; 0: none */
	uint32_t prev, next; /* in its list */
	uint32_t epoch;
	_Atomic uint8_t uses; /* 0 to 3; raised by hits without an atomic addition */
	uint8_t list;         /* enum lrd_slot_list_id; from bit 4 on: where it goes at commit */
	uint8_t kind;
	uint8_t round; /* the table's when this became valid */
};
static_assert(offsetof(struct lrd_slot, uses) == 28, "format");
static_assert(sizeof(struct lrd_slot) == 32, "format");

enum lrd_slot_list_id {
	LRD_LIST_NONE,
	LRD_LIST_FREE,
	LRD_LIST_FRESH,  /* given out in the present transaction */
	LRD_LIST_DOOMED, /* of entries that the present transaction removes */
	LRD_LIST_PROBATION,
	LRD_LIST_MAIN,
	LRD_LIST_END
};

struct lrd_slot_list {
	uint32_t head, tail;
	uint64_t count;
	uint64_t size; /* sum of the slots' sizes */
};

/* What the repair of the table is at; see slots_mend.c. */
enum lrd_mend_phase {
	LRD_MEND_NONE,
	LRD_MEND_FIND,    /* entries without a slot are looked for */
	LRD_MEND_CLAIM,   /* all entries claim their slots anew */
	LRD_MEND_COLLECT, /* slots that nobody claimed become free */
};

/* Fills the section `rings`. Under the gate, but for what is atomic. */
struct lrd_slot_table {
	/* A line read at every hit: slots and ghosts below have blocks on disk. */
	_Alignas(64) _Atomic uint32_t ready;

	_Alignas(64) _Atomic uint32_t busy; /* 1: the lists are being changed, or make no sense */
	_Atomic uint32_t phase;             /* enum lrd_mend_phase */
	uint32_t high;                      /* slots above have never been used */
	uint32_t round;
	uint64_t position;       /* of the repair: a key hash, or a slot */
	uint64_t grow_failed_ns; /* when the disk had no blocks for more, 0: never */
	struct lrd_slot_list lists[LRD_LIST_END];

	/* The share of probation, in 2^-32, and how many each queue has evicted. */
	uint32_t share;
	uint32_t reserved;
	uint64_t evictions[2];

	/* The sweep for what is over. */
	_Atomic uint32_t soonest;     /* nothing is over before, UINT32_MAX: nothing ever */
	_Atomic uint32_t swept_epoch; /* flushes up to this one have been swept */
	uint32_t sweep_at;            /* the next slot to look at, less 1 */
	uint32_t round_soonest;       /* of the slots that the present round has passed */
	uint32_t round_epoch;         /* as the present round began */
	uint32_t reserved2;

	uint64_t looked;  /* slots that the choice of victims has looked at */
	uint64_t removed; /* and those it gave */
};
static_assert(offsetof(struct lrd_slot_table, busy) == 64, "format");
static_assert(offsetof(struct lrd_slot_table, lists) == 96, "format");
static_assert(offsetof(struct lrd_slot_table, share) == 240, "format");
static_assert(offsetof(struct lrd_slot_table, soonest) == 264, "format");
static_assert(sizeof(struct lrd_slot_table) <= LRD_PAGE, "format");

#endif
