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
#include <larder/trace.h>
#include <larder/transport.h>
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
	/* redirects; in brackets the name that httplib2 has for it */
	uint32_t no_redirects;       /**< 1: the 3xx is the answer [follow_redirects = False] */
	uint32_t follow_all_methods; /**< 1: follow for every method [follow_all_redirects]; else those
				          of safe_methods, and for 303 and 308 all */
	uint32_t max_redirects;      /**< in a row, stored ones counted; 5 [redirections] */
	uint32_t post_301_to_get;    /**< 1: a POST that is answered 301 goes on as a GET, as in browsers;
				          else it stays a POST. RFC 9110 s15.4.2 allows both */
	const uint16_t *redirect_codes; /**< which statuses are followed; NULL: 300 301 302 303 307 308
				             [redirect_codes] */
	size_t redirect_code_count;
	const char *safe_methods;    /**< between blanks; "GET HEAD OPTIONS TRACE" [safe_methods] */
	uint32_t forward_credentials; /**< 1: Authorization, Cookie and the like that the caller set go
				           along to other origins too [forward_authorization_headers] */
	/* failures */
	uint32_t retries;            /**< how often a request is sent again where that is safe; 2 [RETRIES] */
	uint32_t no_retries;         /**< 1: never */
	uint32_t errors_to_status;   /**< 1: larder_send fails no more: 408, 400 or 500 answers in place of
				          the error [force_exception_to_status_code] */
	/* lost update */
	const char *if_match_methods; /**< get If-Match of the stored strong ETag; "PUT PATCH", "": none
				           [optimistic_concurrency_methods] */
	uint32_t ignore_etag;        /**< 1: no If-Match, no If-None-Match from what is stored [ignore_etag] */
	uint32_t compat;             /**< 1: httplib2's habits where an RFC has it otherwise; see below */
	/* content codings */
	uint32_t no_decode;          /**< 1: bodies stay coded, and no Accept-Encoding is sent */
	uint32_t decode_ratio;       /**< decoded bytes for each coded one, beyond the floor; 100
				          [decode_limit_ratio] */
	uint64_t decode_ratio_floor; /**< decoded bytes that no ratio limits; 1 MiB [decode_limit_safe] */
	uint64_t decode_max_bytes;   /**< decoded bytes of one body; none [decode_limit_hard] */
	/* TLS, continued */
	uint32_t tls_min_version;    /**< 0x0303 (TLS 1.2, the default), 0x0304 [tls_minimum_version] */
	uint32_t tls_max_version;    /**< the newest [tls_maximum_version] */
	const char *tls_pins;        /**< "sha256//BASE64" of public keys, any of them, between ';'; none */
	/* proxies */
	const char *proxy;           /**< URL: http, https, socks4, socks4a, socks5, socks5h [proxy_info];
				          NULL: by the environment, "": none */
	const char *no_proxy;        /**< hosts that `proxy` is not for, as in the environment's no_proxy */
	uint32_t no_proxy_env;       /**< 1: http_proxy and its kin are not read [proxy_info = None] */
	uint32_t proxy_tunnel;       /**< 1: CONNECT for http:// too [PROXY_TYPE_HTTP]; else such requests
				          are forwarded [PROXY_TYPE_HTTP_NO_TUNNEL] */
	const larder_field *proxy_fields; /**< for HTTP proxies alone [proxy_headers] */
	size_t proxy_field_count;
	/**
	 * Chooses the proxy of each new connection, in place of `proxy` and the environment
	 * [proxy_info = callable]: writes a URL and returns its length, 0 for none, or a
	 * negative number that the request fails with.
	 */
	ptrdiff_t (*choose_proxy)(const char *scheme, const char *host, uint32_t port, char *buf,
				  size_t cap, void *ctx);
	void *choose_proxy_ctx;
	/* watching; see larder/trace.h */
	larder_trace_fn trace;       /**< typed events; none */
	void *trace_ctx;
	uint32_t debug;              /**< 1: prints heads and what happens, 2: bodies too; secrets
				          of fields are hidden, those of bodies are not [debuglevel] */
	uint32_t expect_wait_ms;     /**< how long a large body waits for 100 (Continue); 1000 */
	larder_debug_fn debug_write; /**< where it prints to; NULL: stderr */
	void *debug_ctx;
	uint64_t expect_min_bytes;   /**< bodies longer than this are announced by Expect:
				          100-continue; 1 MiB, UINT64_MAX: none. Bodies of unknown
				          length are not */
	const larder_transport *transport; /**< makes connections [connection_type]; copied */
} larder_options;
#define LARDER_OPTIONS_INIT LARDER_SIZED_INIT(larder_options)
/*
 * `compat` makes these differ:
 *                                            else                      compat
 *   302, 303 to other methods than POST      303: GET but HEAD stays;  GET, without body
 *                                            302: method stays
 *   stored 301 and 308                       while they are fresh      for ever
 *   Cache-Control: only-if-cached            what is fresh             whatever is stored
 *   Range                                    as the cache has it       always asks the origin
 *   unsafe request                           invalidates afterwards,   before it is sent,
 *                                            unless it failed          whatever comes of it
 *   Pragma: no-cache                         as it is                  with Cache-Control: no-cache
 *   after HEAD                               connection is kept        connection is closed
 *   decode_ratio_floor, decode_max_bytes     1 MiB, none               10 MiB, 10 GiB
 */

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
 * What a larder_send that failed with EREDIRECT had come to: the redirect that was not
 * followed, its body unread. Borrowed until the session's next call; NULL otherwise.
 */
LARDER_API larder_response *larder_session_refused(const larder_session *session);
/**
 * Stops what the session is doing: the call under way in another thread, and reads of its
 * responses from the network, fail with ECANCELED as soon as they would wait, and within 100
 * ms otherwise; their connections are closed. From any thread, and from signal handlers.
 *
 * It holds until the next larder_send begins, which clears it. So a call that has not begun
 * is not canceled: whoever stops a thread for good sets a flag of his own first, which that
 * thread reads before each larder_send, or cancels until the thread has ended. The session
 * must not be closed meanwhile.
 */
LARDER_API void larder_session_cancel(larder_session *session);
/** Closes all idle connections; the session stays usable. */
LARDER_API void larder_session_close_idle(larder_session *session);

/* ---- who we are --------------------------------------------------------------------------
 *
 * What a session answers challenges with. An origin is "https://example.org:8443"; where the
 * scheme is left out both fit, where the port is left out the default one of the scheme. NULL
 * or "" is every origin. Nothing is sent to an origin that does not ask, unless `preemptive`,
 * or it asked before for the same part of its URLs.
 *
 * A request that the caller gave an Authorization field is not interfered with. Whoever has
 * credentials for an origin has a partition of his own there, and so has each token callback
 * of each session.
 */

enum larder_scheme {
	LARDER_SCHEME_ANY = 0,
	LARDER_SCHEME_BASIC = 1,  /**< RFC 7617 */
	LARDER_SCHEME_DIGEST = 2, /**< RFC 7616, 2617, 2069; MD5, SHA-256, SHA-512-256, -sess */
	LARDER_SCHEME_HMACDIGEST = 4,
	LARDER_SCHEME_WSSE = 8,
	LARDER_SCHEME_BEARER = 16 /**< RFC 6750 */
};

/** Writes a token of at most `cap` bytes; its length, 0: there is none, or a negative error. */
typedef ptrdiff_t (*larder_token)(const char *origin, const char *realm, uint32_t refused,
				  char *buf, size_t cap, void *ctx);

/** Start from LARDER_CREDENTIAL_INIT. Everything is copied but the callback's context. */
typedef struct larder_credential {
	size_t size;
	const char *origin;   /**< where it may be sent; NULL: everywhere */
	const char *user;     /**< UTF-8 */
	const char *password;
	const char *token;    /**< for Bearer, in place of user and password */
	larder_token token_fn; /**< or asked for one at each request; `refused` is 1 when the last one was */
	void *token_ctx;
	uint32_t schemes;     /**< enum larder_scheme, joined by |; 0: all, the strongest offered first */
	uint32_t preemptive;  /**< one of Basic, WSSE, Bearer: sent before being asked; 0: none */
	uint32_t proxy;       /**< 1: for the proxy of that name, never for an origin */
	uint32_t reserved;
} larder_credential;
#define LARDER_CREDENTIAL_INIT LARDER_SIZED_INIT(larder_credential)

/** Adds one behind those that are there. EINVAL, ELIMIT, ENOMEM. */
LARDER_API int larder_session_add_credential(larder_session *session,
					     const larder_credential *credential) LARDER_MUST_USE;
/** Forgets and overwrites all of them, those of proxies too, and closes idle connections. */
LARDER_API void larder_session_clear_credentials(larder_session *session);

/** A client certificate. Start from LARDER_CERTIFICATE_INIT. */
typedef struct larder_certificate {
	size_t size;
	const char *origin;    /**< to whom it is shown; NULL: to all who ask. The first that fits counts */
	const char *cert_file; /**< PEM, with its chain */
	const char *key_file;  /**< PEM; NULL: in cert_file */
	const char *password;  /**< of an encrypted key */
} larder_certificate;
#define LARDER_CERTIFICATE_INIT LARDER_SIZED_INIT(larder_certificate)

/** Reads it at once. ECERT, EINVAL, ENOMEM. */
LARDER_API int larder_session_add_certificate(larder_session *session,
					      const larder_certificate *certificate) LARDER_MUST_USE;

/* ---- where the others are ---------------------------------------------------------------- */

/**
 * Has `host` answered with these addresses ("192.0.2.1, 2001:db8::1") whatever DNS says; port
 * 0: for every port. EINVAL, ENOMEM.
 */
LARDER_API int larder_session_add_address(larder_session *session, const char *host,
					  uint32_t port, const char *addresses) LARDER_MUST_USE;
/** Reaches an origin ("http://app.local") by a unix socket, never by a proxy. EINVAL, ENOMEM. */
LARDER_API int larder_session_add_unix_socket(larder_session *session, const char *origin,
					      const char *path) LARDER_MUST_USE;

/**
 * Supplies a request body: fills up to `len` bytes, returns how many, 0 at the end, or a
 * negative number which the request then fails with.
 */
typedef ptrdiff_t (*larder_body_read)(void *buf, size_t len, void *ctx);

/**
 * Goes back to the body's first byte, for a redirect, a challenge or another connection: 0, or
 * a negative number which the request then fails with.
 */
typedef int (*larder_body_rewind)(void *ctx);

/**
 * Supplies the fields behind a chunked request body, once body_read has returned 0: sets
 * *fields, which the callee keeps until larder_send returns, and returns their count, or a
 * negative number which the request then fails with.
 */
typedef ptrdiff_t (*larder_trailers_fn)(const larder_field **fields, void *ctx);

/** How far a request is; -1 for a length that is not known. */
typedef struct larder_progress {
	size_t size;
	uint64_t uploaded; /**< content bytes that the system took to send */
	int64_t to_upload;
	uint64_t downloaded; /**< content bytes that came over the network, not yet decoded */
	int64_t to_download;
} larder_progress;

/**
 * Called in the thread of the call under way after each piece sent or received, and each
 * second while the other side is waited for. Anything but 0 cancels: ECANCELED.
 */
typedef int (*larder_progress_fn)(const larder_progress *progress, void *ctx);

/** What is done with a redirect; the words of the Fetch standard. */
enum larder_redirect {
	LARDER_REDIRECT_DEFAULT = 0, /**< as the session has it */
	LARDER_REDIRECT_FOLLOW = 1,
	LARDER_REDIRECT_MANUAL = 2,  /**< it is the answer */
	LARDER_REDIRECT_ERROR = 3    /**< EREDIRECT */
};

enum larder_request_flag {
	LARDER_FOLLOW_ALL_METHODS = 1,  /**< as the session's option of that name */
	LARDER_FORWARD_CREDENTIALS = 2, /**< the same */
	LARDER_NO_DECODE = 4,           /**< the same */
	LARDER_IGNORE_ETAG = 8,         /**< the same */
	LARDER_NO_AUTH = 16             /**< neither credentials nor certificates of the session */
};

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
	uint32_t total_timeout_ms;  /**< overrides the session's; redirects and answers to challenges
				         are within it */
	larder_body_rewind body_rewind; /**< NULL: what body_read gave cannot be had again */
	uint32_t redirect;          /**< enum larder_redirect */
	uint32_t max_redirects;     /**< overrides the session's */
	uint32_t flags;             /**< enum larder_request_flag, joined by | */
	uint32_t reserved;
	const larder_field *trailers; /**< behind a chunked body (body_length -1), read when body_read
				           has ended; announced in Trailer. Fields that frame, route,
				           authenticate or describe the content are refused (RFC 9110
				           s6.5.1) */
	size_t trailer_count;
	larder_trailers_fn trailers_fn; /**< or by callback, unannounced; its ctx is body_ctx */
	larder_progress_fn progress;    /**< it and its ctx live until the response is freed */
	void *progress_ctx;
	const larder_transport *transport; /**< overrides the session's [connection_type] */
} larder_request;
#define LARDER_REQUEST_INIT LARDER_SIZED_INIT(larder_request)

/**
 * Runs a request until its response head is known. 0 for every HTTP status. Errors: EINVAL,
 * EURL, ENOMEM, ERESOLVE, ECONNECT, ECLOSED, ETIMEDOUT, ECANCELED, ETLS, ECERT, EPROTO, ELIMIT,
 * EREDIRECT, EREPEAT.
 * A response may stay open while further requests run, and after the session is closed; until
 * its body is read to the end, or it is freed, it keeps its connection to itself.
 * A request is sent again on a new connection, `retries` times, where no byte of a response
 * came and it is idempotent or nothing of it left (RFC 9110 s9.2.2, RFC 9112 s9.3.1).
 *
 * Redirects are followed and challenges answered within the call. What was set for the first
 * origin does not go to another one: Authorization, Cookie, Cookie2, Proxy-Authorization,
 * X-WSSE, X-Api-Key, X-Auth-Token; nor do they come back later. If-None-Match and
 * If-Modified-Since are of the first URL and end with it, If-Match stays with a write;
 * Content-* fields go when the body goes. EREDIRECT: more of them than
 * max_redirects, one without a Location (300 excepted), one that is no http or https URL or
 * names a user, or LARDER_REDIRECT_ERROR; larder_session_refused then has it. EREPEAT: the
 * body would have to be sent again, and cannot.
 *
 * A stored redirect is followed without asking anybody for as long as it is fresh.
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
/**
 * Its Content-Location, made absolute; the URL that was fetched where it has none. Borrowed.
 * [response['content-location'], of every response]
 */
LARDER_API larder_slice larder_response_content_location(const larder_response *response);
/**
 * The redirects that led here: 0 is the first, NULL is behind the last. Status, fields, URL
 * and larder_response_served of each can be asked; bodies are gone. Borrowed. [previous]
 */
LARDER_API const larder_response *larder_response_previous(const larder_response *response,
							   size_t index);
/**
 * Interim responses (1xx but 100) that came before this one, in order: the fields and their
 * count, and the status; NULL with status 0 behind the last. Borrowed.
 */
LARDER_API const larder_field *larder_response_interim(const larder_response *response,
						       size_t index, uint32_t *status,
						       size_t *count);
/** Fields behind a chunked body, once it has been read to its end. Borrowed. */
LARDER_API const larder_field *larder_response_trailers(const larder_response *response,
							size_t *count);
/**
 * The Content-Encoding that larder_response_read takes off, as received; ptr NULL: none. The
 * fields stay as they came, Content-Length among them. [-content-encoding]
 */
LARDER_API larder_slice larder_response_coding(const larder_response *response);
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

/**
 * Body length where framing or store tells it, else -1. Of a body that is decoded: -1 until
 * it has been read to its end. [content-length]
 */
LARDER_API int64_t larder_response_length(const larder_response *response);
/**
 * Pulls body bytes like read(2): how many, 0 at the proven end, or an error (ETRUNCATED,
 * ECLOSED, ETIMEDOUT, EPROTO, ECODING, ELIMIT, ETLS, ECORRUPT). Content codings that this
 * build knows are taken off, but for HEAD, 204, 206 and 304. What was read to its end is
 * stored, as it came.
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
