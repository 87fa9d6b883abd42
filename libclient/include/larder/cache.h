/* SPDX-License-Identifier: MIT */
/*
 * cache.h - the HTTP cache for those who bring their own transport.
 *
 * The cache decides, stores and invalidates; it never touches a socket. Calling sequence:
 *
 *	larder_cache_open(&options, &cache, &err);
 *	larder_cache_lookup(cache, &lookup, &plan);
 *	switch (larder_plan_verdict(plan)) {
 *	case LARDER_SERVE:	the stored response answers: larder_plan_status, _fields, _read
 *	case LARDER_REFUSE:	answer 504 yourself: only-if-cached, and nothing stored fits
 *	case LARDER_FETCH:	send the request, with larder_plan_condition fields added
 *	case LARDER_WAIT:	somebody else fetches it: larder_plan_wait(plan, timeout_ms),
 *				then look at the verdict again
 *	}
 *	after LARDER_FETCH, once the final response head has arrived:
 *	larder_plan_receive(plan, &head);
 *	switch (larder_plan_verdict(plan)) {
 *	case LARDER_SERVE:	304 merged, or stale allowed: serve the stored one, drain yours
 *	case LARDER_PASS:	serve yours; for each piece of body: larder_plan_append, and at
 *				its proven end larder_plan_commit
 *	case LARDER_FETCH:	a 304 that fits nothing stored: send the request once more,
 *				larder_plan_condition being empty now
 *	case LARDER_RESUME:	only with larder_lookup.can_resume: serve larder_plan_status
 *				and _fields; first the body from larder_plan_read, then
 *				yours, which goes to larder_plan_append and _commit too
 *	}
 *	or, when no response came: larder_plan_fail(plan, code), which may turn to LARDER_SERVE
 *	or, when its body broke off: larder_plan_cut(plan), which keeps what can be completed
 *	larder_plan_free(plan);		aborts whatever was not committed
 *
 * Where larder_served says `refresh`, the stored response answers although it is stale, and
 * this plan, of all in all processes, has to see to a new one: larder_plan_refresh gives a
 * second plan whose verdict is LARDER_FETCH, to be fetched behind the user's back.
 *
 * Single flight. Of all threads and processes that miss the same response one gets
 * LARDER_FETCH; those that can wait get LARDER_WAIT and are served what it stores, as soon as
 * that is committed. If the fetch dies, is given up or stands still, the next one takes over.
 * Answers that cannot be stored are remembered for a minute, and meanwhile nobody waits. An
 * event loop waits by descriptor:
 *	fd = larder_plan_wait_fd(plan);		poll it for reading
 *	larder_plan_wait(plan, 0);		when it is readable: does not sleep
 *	switch (larder_plan_verdict(plan))	LARDER_WAIT: poll again
 *
 * A response becomes visible to other processes at larder_plan_commit, whole or not at all.
 * Storing never fails a request: where the store cannot take a response, the plan goes on
 * without it and larder_plan_served says why.
 *
 * Threads: a cache may be used by any number of threads and survives fork; a plan belongs to
 * one thread at a time.
 */
#ifndef LARDER_CACHE_H
#define LARDER_CACHE_H

#include <larder/types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct larder_cache larder_cache;
typedef struct larder_plan larder_plan;

/** Start from LARDER_CACHE_OPTIONS_INIT; a zero member takes the default named beside it. */
typedef struct larder_cache_options {
	size_t size;
	const char *store;           /**< directory; NULL: $LARDER_STORE, $XDG_CACHE_HOME/larder */
	uint64_t budget_bytes;       /**< for a store that this call creates; 4 GiB */
	uint64_t max_body_bytes;     /**< largest body stored; half the store's budget */
	uint32_t shared;             /**< 1: rules of a shared cache (RFC 9111 s1), else private */
	uint32_t heuristic_percent;  /**< of Date minus Last-Modified (RFC 9111 s4.2.2); 10 */
	uint32_t heuristic_max_s;    /**< cap of heuristic freshness, seconds; 86400 */
	uint32_t no_heuristics;      /**< 1: nothing is fresh without explicit freshness */
	uint32_t max_variants;       /**< stored variants of one URL (RFC 9111 s4.1); 32 */
	uint32_t gate_timeout_ms;    /**< longest wait to write to the store; 50 */
	uint32_t stale_on_error_s;   /**< serve this long past freshness when the origin fails; none */
	uint32_t reserved;
	const larder_allocator *allocator; /**< libc */
	/**
	 * Response fields that stand in for Cache-Control and Expires where a response has
	 * them (RFC 9213), the first to count first: "CDN-Cache-Control"; none. Copied.
	 */
	const char *targets;
} larder_cache_options;
#define LARDER_CACHE_OPTIONS_INIT LARDER_SIZED_INIT(larder_cache_options)

/**
 * Opens the cache in a store directory and creates it where absent. Several caches on one
 * directory in one process share its environment.
 * Errors: EINVAL, ENOMEM, ESTORE, EFORMAT, EFULL, EIO; `err` may be NULL.
 */
LARDER_API int larder_cache_open(const larder_cache_options *options, larder_cache **out,
				 larder_error *err) LARDER_MUST_USE;
/** Closes; plans must be freed before. Accepts NULL. */
LARDER_API void larder_cache_close(larder_cache *cache);

/** How the request wants the cache used; the words and meanings of the Fetch standard. */
enum larder_mode {
	LARDER_MODE_DEFAULT = 0,       /**< fresh from the store, else validate, else fetch */
	LARDER_MODE_NO_STORE = 1,      /**< neither look nor store */
	LARDER_MODE_RELOAD = 2,        /**< do not look, but store */
	LARDER_MODE_NO_CACHE = 3,      /**< validate even what is fresh */
	LARDER_MODE_FORCE_CACHE = 4,   /**< whatever is stored, fresh or stale, else fetch */
	LARDER_MODE_ONLY_IF_CACHED = 5, /**< whatever is stored, else refuse with 504 */
	LARDER_MODE_REFRESH = 6 /**< a reload: validate even what is fresh, unless it is immutable (RFC 8246) */
};

/** What is asked. Everything is borrowed for the call. */
typedef struct larder_lookup {
	size_t size;
	larder_slice method;
	larder_slice url; /**< absolute http or https URL; it need not be normalised */
	const larder_field *fields; /**< request fields as they will be sent */
	size_t field_count;
	/**
	 * Whose answers these are. NULL: derived from Authorization, Cookie and `identity`;
	 * "" is the anonymous partition; any other name of at most 64 bytes is taken as it is.
	 * A lookup never sees another partition's entries.
	 */
	const char *partition;
	larder_slice identity; /**< further credentials of the connection: client certificate, proxy user */
	uint32_t mode;         /**< enum larder_mode */
	/**
	 * 1: after a stale answer whose larder_served says `refresh`, the caller uses
	 * larder_plan_refresh, behind its user's back (RFC 5861 s3). Without that promise
	 * stale-while-revalidate is not used.
	 */
	uint32_t can_refresh;
	/**
	 * The content of a QUERY, or a digest of it that all workers make alike (RFC 10008);
	 * ptr NULL: not told, and a QUERY passes the cache by. Other methods ignore it.
	 */
	larder_slice content;
	uint32_t can_resume; /**< 1: the caller knows LARDER_RESUME */
	uint32_t can_wait; /**< 1: the caller understands LARDER_WAIT; else it is never told so */
	uint32_t wait_ms;  /**< longest wait for others' fetches, then LARDER_FETCH; 30 000 */
	/**
	 * How long the caller's own fetch may stand still before one of those who wait for it
	 * fetches too; 10 000. larder_plan_keep, _receive and _append begin it anew.
	 */
	uint32_t lease_ms;
} larder_lookup;
#define LARDER_LOOKUP_INIT LARDER_SIZED_INIT(larder_lookup)

enum larder_verdict {
	LARDER_SERVE = 1,  /**< answer with the stored response */
	LARDER_FETCH = 2,  /**< ask the origin */
	LARDER_PASS = 3,   /**< answer with the response just received */
	LARDER_REFUSE = 4, /**< answer 504 without asking anybody (RFC 9111 s5.2.1.7) */
	LARDER_WAIT = 5,   /**< somebody else is asking the origin: larder_plan_wait */
	/**
	 * The beginning is stored, and the response just received is the rest of it: answer
	 * with larder_plan_status and _fields, larder_plan_read to its end, then the body
	 * received, to be appended and committed as after LARDER_PASS (RFC 9111 s3.3).
	 */
	LARDER_RESUME = 6
};

/** How a response was come by; the words that tools, traces and Cache-Status print. */
enum larder_how {
	LARDER_HOW_FRESH = 1,       /**< from the store, no origin asked */
	LARDER_HOW_STALE = 2,       /**< from the store past its freshness, with a licence */
	LARDER_HOW_REVALIDATED = 3, /**< from the store, confirmed by a 304 */
	LARDER_HOW_MISS = 4,        /**< from the origin; nothing stored could answer */
	LARDER_HOW_BYPASS = 5,      /**< from the origin; the cache had no part in it */
	LARDER_HOW_REFUSED = 6      /**< a 504 made here */
};

/** How and why, as a value. Text pointers are static. */
typedef struct larder_served {
	uint32_t how;      /**< enum larder_how */
	uint32_t why;      /**< number of the reason, see larder_why_name */
	uint32_t store_why; /**< why the response was or was not stored; 0: nothing to store */
	uint32_t stored;   /**< 1: the response just received is stored now */
	int64_t age_s;     /**< current age (RFC 9111 s4.2.3), -1 when not from the store */
	int64_t ttl_s;     /**< freshness left, negative when stale, INT64_MIN when unknown */
	uint32_t collapsed; /**< 1: came with another request's fetch, which it waited for */
	uint32_t fwd_status; /**< status of the origin's answer, 0: none asked */
	uint32_t fwd_why;    /**< why the origin was asked, 0: it was not */
	uint32_t refresh;    /**< 1: served while stale, and it is up to this plan to refresh it (RFC 5861 s3) */
} larder_served;

/** "fresh", "stale", "revalidated", "miss", "bypass", "refused". */
LARDER_API const char *larder_how_name(uint32_t how);
/** A reason's short name ("max-age"), sentence and RFC section ("RFC 9111 s4.2.1"). Never NULL. */
LARDER_API const char *larder_why_name(uint32_t why);
LARDER_API const char *larder_why_text(uint32_t why);
LARDER_API const char *larder_why_section(uint32_t why);

/**
 * Decides what to do with a request. EINVAL, EURL, ENOMEM; troubles of the store are no
 * error here: the plan then says LARDER_FETCH and its reason names the trouble.
 */
LARDER_API int larder_cache_lookup(larder_cache *cache, const larder_lookup *lookup,
				   larder_plan **out) LARDER_MUST_USE;
LARDER_API enum larder_verdict larder_plan_verdict(const larder_plan *plan);
LARDER_API const larder_served *larder_plan_served(const larder_plan *plan);

/** Fields to add to the request after LARDER_FETCH, replacing none of the caller's. Borrowed. */
LARDER_API const larder_field *larder_plan_condition(const larder_plan *plan, size_t *count);

/**
 * After LARDER_WAIT: sleeps until the verdict is another one, `timeout_ms` at most (0: not at
 * all; UINT32_MAX: as long as the lookup's wait_ms allows). Returns 0 when it is, ETIMEDOUT
 * when it still is LARDER_WAIT; 0 at once after any other verdict. What the plan handed out
 * before is dead. A thread never sleeps for a fetch of its own: it is told to fetch again.
 */
LARDER_API int larder_plan_wait(larder_plan *plan, uint32_t timeout_ms) LARDER_MUST_USE;
/**
 * A descriptor to poll after LARDER_WAIT. It is readable when it is time to call
 * larder_plan_wait(plan, 0), which may find that waiting goes on. The plan's; closed with it.
 * Returns it, or EINVAL after any other verdict, EIO, ENOMEM.
 */
LARDER_API int larder_plan_wait_fd(larder_plan *plan) LARDER_MUST_USE;
/**
 * After LARDER_FETCH: says that the fetch still goes on though nothing has arrived, so that
 * those who wait for it go on waiting. To be called several times in each lease_ms.
 */
LARDER_API void larder_plan_keep(larder_plan *plan);
/**
 * After LARDER_SERVE with `refresh`: the plan of the refresh, whose verdict is LARDER_FETCH
 * (RFC 5861 s3). Its owner may be another thread, and `plan` may be freed meanwhile. Freeing
 * `plan` without this call leaves the refresh to the next one that asks. Returns 0; ENOTFOUND
 * when there is nothing left to refresh; EINVAL, ENOMEM.
 */
LARDER_API int larder_plan_refresh(larder_plan *plan, larder_plan **out) LARDER_MUST_USE;

/** A final response head as received. Borrowed for the call. Times are unix seconds. */
typedef struct larder_head {
	size_t size;
	uint32_t status;
	uint32_t version;      /**< 10 or 11; 20 for HTTP/2 */
	larder_slice reason;
	const larder_field *fields;
	size_t field_count;
	int64_t request_time;  /**< when the request was sent; 0: now */
	int64_t response_time; /**< when the head arrived; 0: now */
	int64_t body_length;   /**< as framed; -1: unknown */
	uint32_t no_body;      /**< 1: framed without a body (HEAD, 204, 304) */
	uint32_t reserved;
} larder_head;
#define LARDER_HEAD_INIT LARDER_SIZED_INIT(larder_head)

/**
 * Tells the plan what the origin answered; the verdict becomes LARDER_SERVE or LARDER_PASS, or
 * once more LARDER_FETCH when a 304 confirms nothing that is stored: drain it and ask again
 * without conditions. EINVAL before LARDER_FETCH, and for a status below 200; ENOMEM.
 */
LARDER_API int larder_plan_receive(larder_plan *plan, const larder_head *head) LARDER_MUST_USE;
/** Tells the plan that no answer came (`code` LARDER_E*); the verdict may become LARDER_SERVE. */
LARDER_API int larder_plan_fail(larder_plan *plan, int code) LARDER_MUST_USE;

/**
 * The body of a passed response, after transfer decoding and before content decoding, in
 * order. Returns 0 even where nothing is stored. EINVAL before LARDER_PASS.
 */
LARDER_API int larder_plan_append(larder_plan *plan, const void *bytes, size_t len);
/**
 * The body broke off before its end, and the request is over: what came of it is kept, marked
 * as incomplete, where a later request can complete it (RFC 9111 s3.3), else dropped.
 * Returns 0; EINVAL before LARDER_PASS or LARDER_RESUME.
 */
LARDER_API int larder_plan_cut(larder_plan *plan);
/** The framing proved the body complete: publish it. Returns 0; larder_plan_served says whether it is stored. */
LARDER_API int larder_plan_commit(larder_plan *plan);

/**
 * The response to serve after LARDER_SERVE and LARDER_RESUME: a stored one, or what the caller's
 * Range and conditions make of it (206, 304, 416). Borrowed from the plan.
 */
LARDER_API uint32_t larder_plan_status(const larder_plan *plan);
LARDER_API uint32_t larder_plan_version(const larder_plan *plan);
LARDER_API larder_slice larder_plan_reason(const larder_plan *plan);
/** All stored fields, Age replaced by the current one. */
LARDER_API const larder_field *larder_plan_fields(const larder_plan *plan, size_t *count);
LARDER_API uint64_t larder_plan_body_length(const larder_plan *plan);
/** The whole body where the plan holds it in memory (always up to 256 KiB), else ptr NULL. */
LARDER_API larder_slice larder_plan_body(const larder_plan *plan);
/** Copies the next body bytes; 0 at the end; ECORRUPT or ENOTFOUND when the entry was lost meanwhile. */
LARDER_API ptrdiff_t larder_plan_read(larder_plan *plan, void *buf, size_t len) LARDER_MUST_USE;

/**
 * Writes the RFC 9211 Cache-Status member for this plan ("larder; hit; ttl=42") and returns
 * its length, or what it would need when `cap` is too small (as snprintf).
 */
LARDER_API size_t larder_plan_cache_status(const larder_plan *plan, char *buf, size_t cap);

/** Frees a plan; a body that was not committed is never visible. Accepts NULL. */
LARDER_API void larder_plan_free(larder_plan *plan);

/**
 * Removes every variant of a URL: from one partition, or from all where `partition` is NULL.
 * Returns how many responses were removed, or an error.
 */
LARDER_API ptrdiff_t larder_cache_purge(larder_cache *cache, larder_slice url, const char *partition);

/**
 * Invalidates a group of responses (RFC 9875) of the origin of `url`, in all partitions: each
 * is validated before its next use. Group names are compared byte by byte. Costs the same for
 * any number of responses. EINVAL, EURL, or an error of the store.
 */
LARDER_API int larder_cache_purge_group(larder_cache *cache, larder_slice url,
					larder_slice group) LARDER_MUST_USE;

/* ---- explaining ---------------------------------------------------------------------------- */

enum larder_step_result {
	LARDER_STEP_OK = 1,   /**< speaks for what is stored */
	LARDER_STEP_FAIL = 2, /**< decides against it */
	LARDER_STEP_NOTE = 3  /**< decides nothing, and is good to know */
};

/** One thing that was looked at. Borrowed for the call; text is NUL-terminated, never NULL. */
typedef struct larder_step {
	size_t size;
	uint32_t result;     /**< enum larder_step_result */
	uint32_t why;        /**< number of the reason, 0: none */
	const char *name;    /**< "method", "stored", "vary": stable, for programs */
	const char *text;    /**< what was looked at, and what it said */
	const char *section; /**< "RFC 9111 s4.1", "" where no specification asks for it */
} larder_step;

typedef struct larder_explain {
	size_t size;
	int64_t at;      /**< decide as if it were this unix second; 0: now */
	uint32_t shared; /**< 1: by the rules of a shared cache, whatever the cache is */
	uint32_t reserved;
	/** Called for each step in the order of decision; NULL: only the outcome is wanted. */
	void (*step)(const larder_step *step, void *ctx);
	void *ctx;
} larder_explain;
#define LARDER_EXPLAIN_INIT LARDER_SIZED_INIT(larder_explain)

/** What would be decided. */
typedef struct larder_explained {
	size_t size;         /**< set by the caller */
	uint32_t verdict;    /**< enum larder_verdict: LARDER_SERVE, LARDER_FETCH, LARDER_REFUSE */
	uint32_t how;        /**< enum larder_how */
	uint32_t why;        /**< the deciding reason */
	uint32_t status;     /**< of the response that would be served, 0: none */
	int64_t age_s;       /**< of the stored response looked at, -1: none */
	int64_t ttl_s;       /**< freshness left, INT64_MIN: unknown */
	uint64_t body_bytes; /**< of the stored response looked at */
	char partition[72];  /**< whose answers these are, "": the anonymous */
	char hint[256];      /**< what would make it a hit, "" when it is one or nothing would */
} larder_explained;
#define LARDER_EXPLAINED_INIT LARDER_SIZED_INIT(larder_explained)

/**
 * Decides as larder_cache_lookup would, by the same code, tells each step, and leaves no trace
 * in the store. Errors as larder_cache_lookup, and ESTORE, ECORRUPT, EIO where the store cannot
 * be read.
 */
LARDER_API int larder_cache_explain(larder_cache *cache, const larder_lookup *lookup,
				    const larder_explain *how, larder_explained *out) LARDER_MUST_USE;

#ifdef __cplusplus
}
#endif

#endif
