/* SPDX-License-Identifier: MIT */
/* request.c - the request that -X, -H and -d describe. */
#include "tools/request.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/bytes/slice.h"
#include "proto/http/fields.h"

void lrd_cli_request_init(struct lrd_cli_request *request)
{
	*request = (struct lrd_cli_request){ .data_fd = -1 };
}

void lrd_cli_request_release(struct lrd_cli_request *request)
{
	free(request->fields);
	if (request->data_fd > STDIN_FILENO)
		close(request->data_fd);
	lrd_cli_request_init(request);
}

static bool has_field(const struct lrd_cli_request *request, larder_slice name)
{
	return lrd_view_has(lrd_view_of(request->fields, request->field_count), name);
}

static int push_field(const struct lrd_cli *cli, struct lrd_cli_request *request,
		      larder_slice name, larder_slice value)
{
	larder_field *grown =
		realloc(request->fields, (request->field_count + 1) * sizeof(*grown));

	if (!grown) {
		lrd_cli_message(cli, "out of memory");
		return LRD_EXIT_MEMORY;
	}
	request->fields = grown;
	grown[request->field_count++] = (larder_field){ name, value };
	return 0;
}

int lrd_cli_request_add_field(const struct lrd_cli *cli, struct lrd_cli_request *request,
			      const char *text)
{
	larder_slice name;
	larder_slice value;

	if (!lrd_slice_cut(lrd_slice_cstr(text), ':', &name, &value))
		return lrd_cli_message_usage(cli, "-H '%s': expected 'Name: value'", text);
	value = lrd_slice_trim(value);
	if (!lrd_field_name_valid(name))
		return lrd_cli_message_usage(cli, "-H '%s': not a field name", text);
	if (!lrd_field_value_valid(value))
		return lrd_cli_message_usage(
			cli, "-H '%s': control characters in the value", text);
	return push_field(cli, request, name, value);
}

int lrd_cli_request_set_data(const struct lrd_cli *cli, struct lrd_cli_request *request,
			     const char *text)
{
	struct stat facts;

	if (request->has_data)
		return lrd_cli_message_usage(cli, "-d is given twice");
	request->has_data = true;
	if (text[0] != '@') {
		request->data = lrd_slice_cstr(text);
		return 0;
	}
	text++;
	request->data_fd =
		strcmp(text, "-") == 0 ? STDIN_FILENO : open(text, O_RDONLY | O_CLOEXEC);
	if (request->data_fd < 0 || fstat(request->data_fd, &facts) < 0) {
		lrd_cli_message(cli, "cannot read '%s': %s", text, strerror(errno));
		return LRD_EXIT_FILE;
	}
	if (S_ISDIR(facts.st_mode)) {
		lrd_cli_message(cli, "cannot read '%s': it is a directory", text);
		return LRD_EXIT_FILE;
	}
	request->data_length = S_ISREG(facts.st_mode) ? (int64_t)facts.st_size : -1;
	return 0;
}

bool lrd_cli_request_repeats(const struct lrd_cli_request *request)
{
	return request->data_fd < 0 || request->data_length >= 0;
}

static ptrdiff_t read_data(void *buf, size_t len, void *ctx)
{
	const struct lrd_cli_request *request = ctx;
	ssize_t n;

	do {
		n = read(request->data_fd, buf, len);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? LARDER_EIO : n;
}

int lrd_cli_request_apply(const struct lrd_cli *cli, struct lrd_cli_request *request,
			  larder_request *out)
{
	static const larder_slice type = LRD_SLICE_INIT("Content-Type");
	int rc = 0;

	if (request->has_data && !has_field(request, type))
		rc = push_field(cli, request, type,
				LRD_SLICE("application/x-www-form-urlencoded"));
	if (rc != 0)
		return rc;
	out->method = request->method     ? request->method
		      : request->has_data ? "POST"
					  : "GET";
	out->fields = request->fields;
	out->field_count = request->field_count;
	if (request->data_fd < 0) {
		out->body = request->data;
		return 0;
	}
	/* A file is read from its start for every URL. */
	if (request->data_length >= 0 && lseek(request->data_fd, 0, SEEK_SET) < 0) {
		lrd_cli_message(cli, "cannot read the data again: %s", strerror(errno));
		return LRD_EXIT_FILE;
	}
	out->body_read = read_data;
	out->body_ctx = request;
	out->body_length = request->data_length;
	return 0;
}
