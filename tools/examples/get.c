/* SPDX-License-Identifier: MIT */
/* get.c - a GET in six lines: prints the body of a URL. */
#include <larder/larder.h>

#include <stdio.h>

int main(int argc, char **argv)
{
	larder_session *session = NULL;
	larder_response *response = NULL;
	larder_slice body = { NULL, 0 };
	larder_error err;
	int rc;

	if (argc != 2) {
		fprintf(stderr, "usage: get URL\n");
		return 2;
	}
	rc = larder_session_open(NULL, &session, &err);
	if (rc < 0) {
		fprintf(stderr, "get: %s\n", err.message);
		return 1;
	}
	rc = larder_get(session, argv[1], &response);
	if (rc < 0)
		fprintf(stderr, "get: %s\n", larder_session_error(session)->message);
	else
		rc = larder_response_body(response, &body);
	if (rc < 0 && response)
		fprintf(stderr, "get: %s\n", larder_response_error(response)->message);
	if (rc == 0)
		fwrite(body.ptr, 1, body.len, stdout);
	larder_response_free(response);
	larder_session_close(session);
	return rc < 0;
}
