/* SPDX-License-Identifier: MIT */
/* fixture.c - what the session's tests share. */
#include "tests/session/fixture.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

larder_session *fixture_open_with(larder_options *options, const char *store)
{
	larder_session *session = NULL;
	larder_error err;

	options->store = store;
	options->no_cache = !store && !options->cache;
	if (!options->budget_bytes)
		options->budget_bytes = 64 * 1024 * 1024;
	if (!options->first_byte_timeout_ms)
		options->first_byte_timeout_ms = 10000;
	ck_assert_msg(larder_session_open(options, &session, &err) == 0, "%s",
		      err.message);
	ck_assert_ptr_nonnull(session);
	return session;
}

larder_session *fixture_open(const char *store)
{
	larder_options options = LARDER_OPTIONS_INIT;

	return fixture_open_with(&options, store);
}

const char *fixture_url(char url[FIXTURE_URL_MAX], const struct lrd_origin *origin,
			const char *path)
{
	int len = snprintf(url, FIXTURE_URL_MAX, "http://127.0.0.1:%u%s",
			   lrd_origin_port(origin), path);

	ck_assert(len > 0 && len < FIXTURE_URL_MAX);
	return url;
}

static void read_body(larder_response *response, size_t piece,
		      struct fixture_answer *answer)
{
	size_t room = 0;
	ptrdiff_t n;

	do {
		if (room - answer->len < piece + 1) {
			room = answer->len * 2 + piece + 1;
			answer->body = realloc(answer->body, room);
			ck_assert_ptr_nonnull(answer->body);
		}
		n = larder_response_read(response, answer->body + answer->len, piece);
		if (n > 0)
			answer->len += (size_t)n;
	} while (n > 0);
	answer->body[answer->len] = '\0';
	answer->rc = (int)n;
	if (n < 0)
		answer->err = *larder_response_error(response);
}

void fixture_send(larder_session *session, const larder_request *request, size_t piece,
		  struct fixture_answer *answer)
{
	larder_response *response = NULL;

	memset(answer, 0, sizeof(*answer));
	answer->sent = larder_send(session, request, &response);
	answer->rc = answer->sent;
	if (answer->sent < 0) {
		ck_assert_ptr_null(response);
		answer->err = *larder_session_error(session);
		ck_assert_int_eq(answer->err.code, answer->sent);
		ck_assert_str_ne(answer->err.message, "");
		return;
	}
	answer->status = larder_response_status(response);
	read_body(response, piece ? piece : 64 * 1024, answer);
	answer->how = larder_response_served(response)->how;
	answer->stored = larder_response_served(response)->stored;
	larder_response_free(response);
}

void fixture_get(larder_session *session, const char *url, struct fixture_answer *answer)
{
	larder_request request = LARDER_REQUEST_INIT;

	request.url = url;
	fixture_send(session, &request, 0, answer);
}

void fixture_forget(struct fixture_answer *answer)
{
	free(answer->body);
	memset(answer, 0, sizeof(*answer));
}

char *fixture_seen(struct lrd_origin *origin, unsigned i)
{
	size_t len;
	char *bytes = lrd_origin_request_bytes(origin, i, &len, NULL);

	ck_assert_msg(bytes != NULL, "the origin saw no request %u", i);
	return bytes;
}

void fixture_remote_start(struct fixture_remote *remote, lrd_origin_handler *handler,
			  const struct lrd_test_cert *cert)
{
	int ends[2];

	remote->requests = mmap(NULL, sizeof(*remote->requests), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(remote->requests, MAP_FAILED);
	ck_assert_int_eq(pipe(ends), 0);
	remote->pid = fork();
	ck_assert_int_ge(remote->pid, 0);
	if (remote->pid == 0) {
		struct lrd_origin *origin = lrd_origin_new(
			&(struct lrd_origin_options){ .handler = handler,
						      .ctx = (void *)remote->requests,
						      .cert = cert });
		uint16_t port = lrd_origin_port(origin);

		if (write(ends[1], &port, sizeof(port)) != sizeof(port))
			_exit(1);
		for (;;)
			pause(); /* until it is killed */
	}
	close(ends[1]);
	ck_assert_int_eq(read(ends[0], &remote->port, sizeof(remote->port)),
			 sizeof(remote->port));
	close(ends[0]);
}

void fixture_remote_stop(struct fixture_remote *remote)
{
	ck_assert_int_eq(kill(remote->pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(remote->pid, NULL, 0), remote->pid);
	munmap((void *)remote->requests, sizeof(*remote->requests));
}
