/* SPDX-License-Identifier: MIT */
/*
 * fixture.h - what the session's tests share: sessions that must open, URLs of an origin,
 * and a whole request in one call.
 */
#ifndef LARDER_TESTS_SESSION_FIXTURE_H
#define LARDER_TESTS_SESSION_FIXTURE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <larder/larder.h>

#include "tests/support/origin.h"

enum { FIXTURE_URL_MAX = 256 };

/* What came of one request. Text of any length is NUL-terminated. */
struct fixture_answer {
	int rc;   /* of larder_send, or else of reading the body */
	int sent; /* of larder_send */
	uint32_t status;
	uint32_t how;
	uint32_t stored;
	char *body; /* what was read, up to the error */
	size_t len;
	larder_error err; /* of session or response */
};

/* A session that must open; `store` NULL: without a cache. Idle deadlines of two seconds. */
larder_session *fixture_open(const char *store);
larder_session *fixture_open_with(larder_options *options, const char *store);

/* "http://127.0.0.1:PORT" and the path; returns `url`. */
const char *fixture_url(char url[FIXTURE_URL_MAX], const struct lrd_origin *origin,
			const char *path);

/* Sends, reads the body in pieces of `piece` bytes (0: 64 KiB), frees the response. */
void fixture_send(larder_session *session, const larder_request *request, size_t piece,
		  struct fixture_answer *answer);
void fixture_get(larder_session *session, const char *url, struct fixture_answer *answer);
void fixture_forget(struct fixture_answer *answer);

/*
 * An origin in a process of its own, for tests that fork: a sanitizer's allocator does not
 * survive the fork of a process whose other threads are busy. `requests` is counted there.
 */
struct fixture_remote {
	pid_t pid;
	uint16_t port;
	_Atomic unsigned *requests; /* that the handler has counted, see ctx */
};

/* The handler's ctx is `requests`. */
void fixture_remote_start(struct fixture_remote *remote, lrd_origin_handler *handler,
			  const struct lrd_test_cert *cert);
void fixture_remote_stop(struct fixture_remote *remote);

/* Everything the origin got as request `i`, in memory of its own. */
char *fixture_seen(struct lrd_origin *origin, unsigned i);

#endif
