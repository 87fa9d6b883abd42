/* SPDX-License-Identifier: MIT */
/*
 * prefork.c - a prefork server's way: the session is opened and used before the workers are
 * forked, and each of them goes on with it.
 *
 * usage: prefork WORKERS URL [CA.pem]
 */
#include <larder/larder.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int fetch(larder_session *session, const char *url)
{
	larder_response *response = NULL;
	larder_slice body = { NULL, 0 };
	const larder_error *err = larder_session_error(session);
	int rc = larder_get(session, url, &response);

	if (rc == 0) {
		rc = larder_response_body(response, &body);
		err = larder_response_error(response);
	}
	if (rc == 0)
		printf("%ld: %u, %zu bytes, %s\n", (long)getpid(),
		       larder_response_status(response), body.len,
		       larder_how_name(larder_response_served(response)->how));
	else
		fprintf(stderr, "%ld: %s\n", (long)getpid(), err->message);
	fflush(stdout);
	larder_response_free(response);
	return rc;
}

int main(int argc, char **argv)
{
	larder_options options = LARDER_OPTIONS_INIT;
	larder_session *session = NULL;
	larder_error err;
	int failed;
	int status;
	long left;

	if (argc < 3) {
		fprintf(stderr, "usage: prefork WORKERS URL [CA.pem]\n");
		return 2;
	}
	options.ca_file = argc > 3 ? argv[3] : NULL;
	if (larder_session_open(&options, &session, &err) < 0) {
		fprintf(stderr, "prefork: %s\n", err.message);
		return 1;
	}
	/* The parent's connection stays the parent's: no child will send a byte on it. */
	failed = fetch(session, argv[2]) < 0;
	for (left = strtol(argv[1], NULL, 10); left > 0; left--) {
		pid_t pid = fork();

		if (pid == 0) {
			int rc = fetch(session, argv[2]);

			larder_session_close(session);
			_exit(rc < 0);
		}
		if (pid < 0) {
			perror("prefork: fork");
			failed = 1;
			break;
		}
	}
	while (wait(&status) > 0)
		failed |= status != 0;
	larder_session_close(session);
	return failed;
}
