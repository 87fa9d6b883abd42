/* SPDX-License-Identifier: MIT */
/* response.c - a response as `larder get` prints it: head, JSON, and how it was served. */
#include "tools/response.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "proto/bytes/buf.h"
#include "proto/bytes/slice.h"
#include "tools/json.h"
#include "tools/text.h"

enum { HEAD_MAX = 8 << 20, CACHE_STATUS_MAX = 1024 };

static int append_text(struct lrd_buf *head, larder_slice text, bool escape)
{
	int rc;

	if (!escape)
		return lrd_buf_append_slice(head, text);
	/* No byte grows to more than four, and its NUL. */
	rc = lrd_buf_reserve(head, 4 * text.len + 1);
	if (rc == 0)
		lrd_buf_commit(head, lrd_cli_text_escape_into(text, head->ptr + head->len,
							      4 * text.len + 1));
	return rc;
}

static int format_head(const larder_response *response, bool escape, struct lrd_buf *head)
{
	uint32_t version = larder_response_version(response);
	size_t count = 0;
	const larder_field *fields = larder_response_fields(response, &count);
	int rc = lrd_buf_appendf(head, "HTTP/%" PRIu32 ".%" PRIu32 " %" PRIu32 " ",
				 version / 10, version % 10,
				 larder_response_status(response));

	if (rc == 0)
		rc = append_text(head, larder_response_reason(response), escape);
	if (rc == 0)
		rc = lrd_buf_append_cstr(head, "\r\n");
	for (size_t i = 0; rc == 0 && i < count; i++) {
		rc = append_text(head, fields[i].name, escape);
		if (rc == 0)
			rc = lrd_buf_append_cstr(head, ": ");
		if (rc == 0)
			rc = append_text(head, fields[i].value, escape);
		if (rc == 0)
			rc = lrd_buf_append_cstr(head, "\r\n");
	}
	return rc < 0 ? rc : lrd_buf_append_cstr(head, "\r\n");
}

int lrd_cli_response_write_head(const larder_response *response,
				struct lrd_cli_output *out)
{
	struct lrd_buf head;
	int rc;

	lrd_buf_init(&head, HEAD_MAX, NULL);
	rc = format_head(response, isatty(out->fd), &head);
	if (rc == 0)
		rc = lrd_cli_output_write(out, head.ptr, head.len);
	lrd_buf_release(&head);
	return rc;
}

json_t *lrd_cli_response_json_cache(const larder_response *response)
{
	const larder_served *served = larder_response_served(response);
	char status[CACHE_STATUS_MAX] = "";
	json_t *cache;

	larder_response_cache_status(response, status, sizeof(status));
	cache = json_pack("{s:s, s:s, s:s, s:b, s:s, s:b}", "how",
			  larder_how_name(served->how), "why",
			  larder_why_name(served->why), "section",
			  larder_why_section(served->why), "stored", (int)served->stored,
			  "cache_status", status, "collapsed", (int)served->collapsed);
	if (!cache)
		return NULL;
	json_object_set_new(cache, "age",
			    served->age_s < 0 ? json_null() : json_integer(served->age_s));
	json_object_set_new(cache, "ttl",
			    served->ttl_s == INT64_MIN ? json_null()
						       : json_integer(served->ttl_s));
	json_object_set_new(cache, "store_why",
			    served->store_why == 0
				    ? json_null()
				    : json_string(larder_why_name(served->store_why)));
	return cache;
}

int lrd_cli_response_print_json(const larder_response *response, const larder_slice *body,
				const char *body_file)
{
	char version[16];
	size_t count = 0;
	const larder_field *fields = larder_response_fields(response, &count);
	uint32_t number = larder_response_version(response);
	json_t *object = json_object();

	snprintf(version, sizeof(version), "%" PRIu32 ".%" PRIu32, number / 10,
		 number % 10);
	if (json_object_set_new(object, "url",
				lrd_cli_json_text(larder_response_url(response))) < 0 ||
	    json_object_set_new(object, "status",
				json_integer(larder_response_status(response))) < 0 ||
	    json_object_set_new(object, "reason",
				lrd_cli_json_text(larder_response_reason(response))) < 0 ||
	    json_object_set_new(object, "version", json_string(version)) < 0 ||
	    json_object_set_new(object, "headers", lrd_cli_json_fields(fields, count)) < 0 ||
	    json_object_set_new(object, "cache", lrd_cli_response_json_cache(response)) < 0 ||
	    (body && lrd_cli_json_set_body(object, *body) < 0) ||
	    (body_file &&
	     json_object_set_new(object, "body_file",
				 lrd_cli_json_text(lrd_slice_cstr(body_file))) < 0)) {
		json_decref(object);
		return LARDER_ENOMEM;
	}
	return lrd_cli_json_print(object);
}

/* "max-age, RFC 9111 s4.2.1". */
static void print_why(uint32_t why)
{
	const char *section = larder_why_section(why);

	fprintf(stderr, "%s%s%s", larder_why_name(why), section[0] ? ", " : "", section);
}

static void print_served(const char *url, const larder_response *response)
{
	const larder_served *served = larder_response_served(response);
	char text[LRD_TEXT_SIZE];

	lrd_cli_text_print(stderr, lrd_slice_cstr(url));
	fprintf(stderr, ": %" PRIu32 " %s (", larder_response_status(response),
		larder_how_name(served->how));
	print_why(served->why);
	fprintf(stderr, ")");
	if (served->age_s >= 0)
		fprintf(stderr, ", age %s", lrd_cli_text_duration(served->age_s, text));
	if (served->ttl_s != INT64_MIN)
		fprintf(stderr, ", ttl %s", lrd_cli_text_duration(served->ttl_s, text));
	if (served->stored) {
		fprintf(stderr, ", stored");
	} else if (served->store_why != 0) {
		fprintf(stderr, ", not stored (");
		print_why(served->store_why);
		fprintf(stderr, ")");
	}
	fprintf(stderr, "\n");
}

/* Reasons that lie with this machine, not with the response: somebody should know. */
static bool store_in_trouble(uint32_t why)
{
	static const char *const troubles[] = { "store-full", "store-busy", "store-error",
						"store-trouble", "no-memory" };

	for (size_t i = 0; i < sizeof(troubles) / sizeof(troubles[0]); i++) {
		if (strcmp(larder_why_name(why), troubles[i]) == 0)
			return true;
	}
	return false;
}

void lrd_cli_response_explain(const struct lrd_cli *cli, const char *url,
			      const larder_response *response, bool cache_status)
{
	const larder_served *served = larder_response_served(response);
	char value[CACHE_STATUS_MAX] = "";

	if (!cli->quiet && store_in_trouble(served->why))
		lrd_cli_message_about(cli, url, "warning: fetched without the store: %s",
				      larder_why_text(served->why));
	if (!cli->quiet && !served->stored && store_in_trouble(served->store_why))
		lrd_cli_message_about(cli, url, "warning: not stored: %s",
				      larder_why_text(served->store_why));
	if (cli->verbose > 0)
		print_served(url, response);
	if (cache_status) {
		larder_response_cache_status(response, value, sizeof(value));
		fprintf(stderr, "Cache-Status: %s\n", value);
	}
}
