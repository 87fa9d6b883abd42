/* SPDX-License-Identifier: MIT */
/*
 * post.c - an upload by callback: sends standard input, whose length nobody knows, in chunks.
 *
 * usage: post URL [CONTENT-TYPE] < FILE
 */
#include <larder/larder.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Called for the next piece of body; whatever negative it returns, larder_send returns too. */
static ptrdiff_t next_piece(void *buf, size_t len, void *ctx)
{
	const int *fd = ctx;
	ssize_t n = read(*fd, buf, len);

	return n < 0 ? LARDER_ECANCELED : n;
}

int main(int argc, char **argv)
{
	larder_request request = LARDER_REQUEST_INIT;
	larder_session *session = NULL;
	larder_response *response = NULL;
	larder_field type = { { "Content-Type", 12 }, { "application/octet-stream", 24 } };
	larder_slice body = { NULL, 0 };
	larder_error err;
	int input = STDIN_FILENO;
	int rc;

	if (argc < 2) {
		fprintf(stderr, "usage: post URL [CONTENT-TYPE] < FILE\n");
		return 2;
	}
	if (argc > 2)
		type.value = (larder_slice){ argv[2], strlen(argv[2]) };
	request.method = "POST";
	request.url = argv[1];
	request.fields = &type;
	request.field_count = 1;
	request.body_read = next_piece;
	request.body_ctx = &input;
	request.body_length = -1;
	if (larder_session_open(NULL, &session, &err) < 0) {
		fprintf(stderr, "post: %s\n", err.message);
		return 1;
	}
	rc = larder_send(session, &request, &response);
	if (rc < 0) {
		fprintf(stderr, "post: %s\n", larder_session_error(session)->message);
	} else {
		rc = larder_response_body(response, &body);
		if (rc < 0)
			fprintf(stderr, "post: %s\n",
				larder_response_error(response)->message);
	}
	if (rc == 0) {
		fprintf(stderr, "%u %s\n", larder_response_status(response),
			larder_response_reason(response).ptr);
		fwrite(body.ptr, 1, body.len, stdout);
	}
	larder_response_free(response);
	larder_session_close(session);
	return rc < 0;
}
