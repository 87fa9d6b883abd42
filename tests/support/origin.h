/* SPDX-License-Identifier: MIT */
/*
 * origin.h - an HTTP origin that sends exactly the bytes a test tells it to, and remembers
 * every byte it got.
 *
 * It listens on an ephemeral port of 127.0.0.1 (or on a unix socket), plain or with TLS, and
 * serves each connection in a thread of its own: by a script, or by a handler that is called
 * for each request. Whatever it cannot do ends the test.
 *
 * By script:
 *	static const struct lrd_origin_step steps[] = {
 *		ORIGIN_EXPECT("GET /a HTTP/1.1\r\n"),
 *		ORIGIN_SEND("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"),
 *		ORIGIN_PAUSE(50),
 *		ORIGIN_RESET,
 *		ORIGIN_END,
 *	};
 *	static const struct lrd_origin_step *const scripts[] = { steps, NULL };
 *	origin = lrd_origin_new(&(struct lrd_origin_options){ .scripts = scripts });
 *	... "http://127.0.0.1:%u/a", lrd_origin_port(origin) ...
 *	lrd_origin_free(origin);
 *
 * By handler:
 *	static void hello(struct lrd_origin_conn *conn, const struct lrd_origin_request *request,
 *			  void *ctx)
 *	{
 *		lrd_origin_reply(conn, "200 OK", "Cache-Control: max-age=60\r\n", "hello");
 *	}
 *	origin = lrd_origin_new(&(struct lrd_origin_options){ .handler = hello });
 *
 * All functions may be called from any thread. In a forked child the origin is not there:
 * children may connect to it, and must not call it. Fork while no request is on its way: a
 * thread of the origin that is at work may hold a lock of malloc or OpenSSL, and the child
 * would wait for it for ever.
 */
#ifndef LARDER_TESTS_ORIGIN_H
#define LARDER_TESTS_ORIGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <larder/types.h>

struct lrd_origin;
struct lrd_origin_conn;
struct lrd_test_cert;

/* ---- scripts ---------------------------------------------------------------------------- */

enum lrd_origin_action {
	ORIGIN_ACT_END = 0, /* as ORIGIN_ACT_CLOSE */
	ORIGIN_ACT_EXPECT,
	ORIGIN_ACT_SEND,
	ORIGIN_ACT_FILL,
	ORIGIN_ACT_PAUSE,
	ORIGIN_ACT_RESET,
	ORIGIN_ACT_CUT,
	ORIGIN_ACT_CLOSE,
	ORIGIN_ACT_HOLD,
	ORIGIN_ACT_LOOP
};

struct lrd_origin_step {
	enum lrd_origin_action action;
	const char *bytes;
	size_t len;
	unsigned ms;
};

/* clang-format off */
/*
 * Reads one whole request, head and framed body; it must contain the text, else it is counted
 * by lrd_origin_unexpected() and the connection is reset. "" takes any request. When the
 * client closes first, the script of this connection ends.
 */
#define ORIGIN_EXPECT(text) { ORIGIN_ACT_EXPECT, text, sizeof(text) - 1, 0 }
/* Sends the literal, or bytes that may hold NULs. */
#define ORIGIN_SEND(text) { ORIGIN_ACT_SEND, text, sizeof(text) - 1, 0 }
#define ORIGIN_SEND_BYTES(ptr, len) { ORIGIN_ACT_SEND, ptr, len, 0 }
/* Sends `count` bytes of lrd_origin_pattern(). */
#define ORIGIN_FILL(count) { ORIGIN_ACT_FILL, NULL, count, 0 }
#define ORIGIN_PAUSE(milliseconds) { ORIGIN_ACT_PAUSE, NULL, 0, milliseconds }
/* Ends the connection: by RST; or in order (with TLS: close_notify first). */
#define ORIGIN_RESET { ORIGIN_ACT_RESET, NULL, 0, 0 }
#define ORIGIN_CLOSE { ORIGIN_ACT_CLOSE, NULL, 0, 0 }
/* By FIN, and with TLS without close_notify. */
#define ORIGIN_CUT { ORIGIN_ACT_CUT, NULL, 0, 0 }
/* Keeps it open, silent, until the client closes or the origin is freed. */
#define ORIGIN_HOLD { ORIGIN_ACT_HOLD, NULL, 0, 0 }
/* Starts the script over, on the same connection. */
#define ORIGIN_LOOP { ORIGIN_ACT_LOOP, NULL, 0, 0 }
#define ORIGIN_END { ORIGIN_ACT_END, NULL, 0, 0 }
/* clang-format on */

/* Byte `i` of what ORIGIN_FILL and lrd_origin_send_fill() send. */
static inline char lrd_origin_pattern(uint64_t i)
{
	return (char)('a' + (i * 7 + i / 251) % 26);
}

/* ---- handlers --------------------------------------------------------------------------- */

/* One request as it came in. Borrowed for the handler's call. */
struct lrd_origin_request {
	unsigned connection; /* 1 for the first accepted, and so on */
	unsigned number;     /* 1 for the first request of this connection */
	larder_slice head;   /* all bytes up to and with the empty line */
	larder_slice method;
	larder_slice target;
	larder_slice body; /* decoded from chunks where it came so */
};

/*
 * Answers a request. Afterwards the connection goes on, unless the handler ended it or the
 * request said "Connection: close". Called from the connection's thread.
 */
typedef void lrd_origin_handler(struct lrd_origin_conn *conn,
				const struct lrd_origin_request *request, void *ctx);

/* The value of the first field of that name without outer blanks; ptr NULL when there is none. */
larder_slice lrd_origin_field(const struct lrd_origin_request *request, const char *name);

/*
 * "HTTP/1.1 " status, Content-Length, Date, then `fields` (complete lines, may be NULL), and
 * the body (not for HEAD, 204, 304).
 */
void lrd_origin_reply(struct lrd_origin_conn *conn, const char *status,
		      const char *fields, const char *body);
void lrd_origin_send(struct lrd_origin_conn *conn, const void *bytes, size_t len);
void lrd_origin_sendf(struct lrd_origin_conn *conn, const char *format, ...)
	LARDER_PRINTF(2, 3);
void lrd_origin_send_fill(struct lrd_origin_conn *conn, uint64_t count);
void lrd_origin_pause(struct lrd_origin_conn *conn, unsigned ms);
/* As the steps of the same name; nothing can be sent afterwards. */
void lrd_origin_reset(struct lrd_origin_conn *conn);
void lrd_origin_close(struct lrd_origin_conn *conn);
void lrd_origin_cut(struct lrd_origin_conn *conn);

/* ---- the origin ------------------------------------------------------------------------- */

/* Exactly one of `scripts` and `handler` is set. Borrowed until lrd_origin_free(). */
struct lrd_origin_options {
	/*
	 * One script per connection in the order they are accepted, NULL-terminated; the last
	 * one serves all later connections too.
	 */
	const struct lrd_origin_step *const *scripts;
	lrd_origin_handler *handler;
	void *ctx;
	/* TLS with this certificate; NULL: plain. */
	const struct lrd_test_cert *cert;
	int tls_max_version;   /* TLS1_1_VERSION and the like; 0: the newest */
	int tls_min_version;   /* the same; 0: the oldest */
	bool tls_no_tickets;   /* no session is resumed */
	/* Clients must show a certificate of this authority; NULL: they are not asked. */
	const struct lrd_test_cert *client_ca;
	const char *unix_path; /* listen here in place of a port */
};

/* Listening when it returns. Never NULL. */
struct lrd_origin *lrd_origin_new(const struct lrd_origin_options *options);
/* Stops listening, cuts every connection, waits for its threads. Accepts NULL. */
void lrd_origin_free(struct lrd_origin *origin);

uint16_t lrd_origin_port(const struct lrd_origin *origin);

/* ---- what it saw ------------------------------------------------------------------------ */

/* Connections accepted, those open now, requests read whole, requests a script did not expect. */
unsigned lrd_origin_connections(struct lrd_origin *origin);
unsigned lrd_origin_open(struct lrd_origin *origin);
unsigned lrd_origin_requests(struct lrd_origin *origin);
unsigned lrd_origin_unexpected(struct lrd_origin *origin);
/* TLS handshakes that failed, and those that resumed a session. */
unsigned lrd_origin_tls_failed(struct lrd_origin *origin);
unsigned lrd_origin_tls_resumed(struct lrd_origin *origin);

/*
 * Request `i` (from 0, in the order they were complete): all of its bytes as they came, in a
 * NUL-terminated copy that the caller frees; NULL when there is none. `connection` (may be
 * NULL) gets the number of its connection.
 */
char *lrd_origin_request_bytes(struct lrd_origin *origin, unsigned i, size_t *len,
			       unsigned *connection);

/* Whether the text occurs anywhere in what connections sent, requests in part included. */
bool lrd_origin_saw(struct lrd_origin *origin, const char *text);

/*
 * Waits until that many requests were read whole, at most `ms`; whether there are. For
 * tests that must look while an exchange is still on its way.
 */
bool lrd_origin_await_requests(struct lrd_origin *origin, unsigned count, unsigned ms);

/* Forgets requests and bytes seen so far; counts go back to 0, connections stay. */
void lrd_origin_clear(struct lrd_origin *origin);

/*
 * A port of 127.0.0.1 that refuses: bound, so that no other process is given it, and never
 * listened on. Returns the descriptor that keeps it so until it is closed.
 */
int lrd_origin_refusing(uint16_t *port);

#endif
