/* SPDX-License-Identifier: MIT */
/*
 * larder.h - an HTTP client whose responses are shared by all processes of the machine.
 *
 *	larder_session *session = NULL;
 *	larder_response *response = NULL;
 *	larder_slice body;
 *
 *	if (larder_session_open(NULL, &session, NULL) == 0 &&
 *	    larder_get(session, "https://example.org/", &response) == 0 &&
 *	    larder_response_body(response, &body) == 0)
 *		fwrite(body.ptr, 1, body.len, stdout);
 *	larder_response_free(response);
 *	larder_session_close(session);
 *
 * A session is used by one thread at a time; any number of sessions, in any number of threads
 * and processes, share one store. A session survives fork: the child goes on with connections
 * of its own. Everything handed out by a response lives until larder_response_free.
 */
#ifndef LARDER_H
#define LARDER_H

#include <larder/cache.h>
#include <larder/types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct larder_session larder_session;
typedef struct larder_response larder_response;

/** Start from LARDER_OPTIONS_INIT, or pass NULL; zero takes the default named beside it. */
typedef struct larder_options {
	size_t size;
	/* cache */
	const char *store;          /**< directory; NULL: $LARDER_STORE, $XDG_CACHE_HOME/larder */
	larder_cache *cache;        /**< an open cache to use in place of `store`; borrowed */
	uint32_t no_cache;          /**< 1: no store at all */
	uint32_t shared;            /**< as in larder_cache_options */
	uint64_t budget_bytes;      /**< as in larder_cache_options */
	const char *partition;      /**< whose answers; NULL: derived from each request's credentials */
	/* identity */
	const char *user_agent;     /**< "larder/VERSION"; "" sends none */
	/* TLS */
	const char *ca_file;        /**< PEM bundle; the system's */
	const char *ca_dir;         /**< hashed directory; the system's */
	uint32_t insecure;          /**< 1: neither chain nor host name is checked */
	/* deadlines, milliseconds; each has its own phase in the error */
	uint32_t resolve_timeout_ms;    /**< 10 000 */
	uint32_t connect_timeout_ms;    /**< 10 000 */
	uint32_t tls_timeout_ms;        /**< 10 000 */
	uint32_t first_byte_timeout_ms; /**< 60 000 */
	uint32_t idle_timeout_ms;       /**< 30 000, between two bytes */
	uint32_t total_timeout_ms;      /**< none */
	/* connections */
	uint32_t max_idle;          /**< idle connections kept, all origins; 16 */
	uint32_t idle_keep_ms;      /**< how long one is kept; 60 000 */
	/* limits on what a peer sends */
	uint32_t max_head_bytes;    /**< 300 KiB */
	uint32_t max_fields;        /**< 1000 */
	uint64_t max_body_bytes;    /**< none for a pulled body; larder_response_body stops at 2 GiB */
	const larder_allocator *allocator; /**< libc */
} larder_options;
#define LARDER_OPTIONS_INIT LARDER_SIZED_INIT(larder_options)

/**
 * Opens a session. The store is opened here, so that its troubles show at once; `err` (may be
 * NULL) then says what to do. Errors: EINVAL, ENOMEM and those of larder_cache_open; ECERT
 * when the CA bundle cannot be read.
 */
LARDER_API int larder_session_open(const larder_options *options, larder_session **out,
				   larder_error *err) LARDER_MUST_USE;
LARDER_API void larder_session_close(larder_session *session);
/** What the session's last failed call met. Borrowed; never NULL. */
LARDER_API const larder_error *larder_session_error(const larder_session *session);
/** The session's cache, NULL when it has none. Borrowed. */
LARDER_API larder_cache *larder_session_cache(larder_session *session);

/**
 * Supplies a request body: fills up to `len` bytes, returns how many, 0 at the end, or a
 * negative number which the request then fails with.
 */
typedef ptrdiff_t (*larder_body_read)(void *buf, size_t len, void *ctx);

/** A request. Start from LARDER_REQUEST_INIT; everything is borrowed for the call. */
typedef struct larder_request {
	size_t size;
	const char *method;         /**< any token, "GET" when NULL; case counts (RFC 9110 s9.1) */
	const char *url;
	const larder_field *fields; /**< sent in this order; Host, Content-Length and framing are ours */
	size_t field_count;
	larder_slice body;          /**< from memory */
	larder_body_read body_read; /**< or by callback */
	void *body_ctx;
	int64_t body_length;        /**< of the callback's body; -1: unknown, sent chunked */
	const char *partition;      /**< overrides the session's */
	uint32_t mode;              /**< enum larder_mode */
	uint32_t total_timeout_ms;  /**< overrides the session's */
} larder_request;
#define LARDER_REQUEST_INIT LARDER_SIZED_INIT(larder_request)

/**
 * Runs a request until its response head is known. 0 for every HTTP status. Errors: EINVAL,
 * EURL, ENOMEM, ERESOLVE, ECONNECT, ECLOSED, ETIMEDOUT, ETLS, ECERT, EPROTO, ELIMIT.
 * A response may stay open while further requests run, and after the session is closed; until
 * its body is read to the end, or it is freed, it keeps its connection to itself.
 * An idempotent request whose kept-alive connection turns out dead is sent once more on a new
 * one (RFC 9112 s9.3.1); others never are once a byte may have arrived.
 */
LARDER_API int larder_send(larder_session *session, const larder_request *request,
			   larder_response **out) LARDER_MUST_USE;
/** larder_send of a plain GET. */
LARDER_API int larder_get(larder_session *session, const char *url,
			  larder_response **out) LARDER_MUST_USE;

LARDER_API uint32_t larder_response_status(const larder_response *response);
/** 10 or 11. */
LARDER_API uint32_t larder_response_version(const larder_response *response);
LARDER_API larder_slice larder_response_reason(const larder_response *response);
/** The URL that was fetched. */
LARDER_API larder_slice larder_response_url(const larder_response *response);
/** All fields in the order received. Borrowed. */
LARDER_API const larder_field *larder_response_fields(const larder_response *response,
						      size_t *count);
/** The first field of that name, ptr NULL when there is none. */
LARDER_API larder_slice larder_response_field(const larder_response *response, const char *name);
/** How it was served and why. Complete once the body has been read to its end. */
LARDER_API const larder_served *larder_response_served(const larder_response *response);
/** As larder_plan_cache_status. */
LARDER_API size_t larder_response_cache_status(const larder_response *response, char *buf,
					       size_t cap);

/** Body length where framing or store tells it, else -1. */
LARDER_API int64_t larder_response_length(const larder_response *response);
/**
 * Pulls body bytes like read(2): how many, 0 at the proven end, or an error (ETRUNCATED,
 * ECLOSED, ETIMEDOUT, EPROTO, ELIMIT, ETLS, ECORRUPT). What was read to its end is stored.
 */
LARDER_API ptrdiff_t larder_response_read(larder_response *response, void *buf,
					  size_t len) LARDER_MUST_USE;
/** The whole body, kept by the response. The bytes already pulled are not in it. */
LARDER_API int larder_response_body(larder_response *response, larder_slice *out) LARDER_MUST_USE;
/** What the response's last failed call met. Borrowed; never NULL. */
LARDER_API const larder_error *larder_response_error(const larder_response *response);
/** Frees; a body not read to its end is not stored, and its connection is not reused. Accepts NULL. */
LARDER_API void larder_response_free(larder_response *response);

#ifdef __cplusplus
}
#endif

#endif
