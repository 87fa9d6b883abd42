/* SPDX-License-Identifier: MIT */
/* cmd_show.c - larder show: what is stored for a URL, variant by variant. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <larder/cache.h>

#include "proto/bytes/slice.h"
#include "sys/clock.h"
#include "sys/digest.h"
#include "tools/body.h"
#include "tools/command.h"
#include "tools/entry.h"
#include "tools/json.h"
#include "tools/open.h"
#include "tools/output.h"
#include "tools/text.h"
#include "tools/walk.h"

enum { OPT_BODY = LRD_OPTION_LONG, OPT_SECRETS };

static const struct lrd_cli_option options[] = {
	{ OPT_BODY, "body", NULL, "write the stored body, of the variant stored last" },
	{ OPT_SECRETS, "secrets", NULL, "show the values of fields that hold credentials" },
	{ 0, NULL, NULL, NULL },
};

struct show {
	struct lrd_cli_filter filter;
	struct lrd_store *store;
	bool body;
	bool secrets;
};

static int take_option(struct lrd_cli *cli, int id, const char *arg, void *ctx)
{
	struct show *show = ctx;

	(void)cli;
	(void)arg;
	if (id == OPT_BODY)
		show->body = true;
	else
		show->secrets = true;
	return 0;
}

/* ---- the head ---------------------------------------------------------------------------- */

static bool is_secret(larder_slice name)
{
	static const larder_slice secrets[] = {
		LRD_SLICE_INIT("Set-Cookie"),
		LRD_SLICE_INIT("Set-Cookie2"),
		LRD_SLICE_INIT("Cookie"),
		LRD_SLICE_INIT("Authorization"),
		LRD_SLICE_INIT("Proxy-Authorization"),
		LRD_SLICE_INIT("Authentication-Info"),
		LRD_SLICE_INIT("Proxy-Authentication-Info"),
		LRD_SLICE_INIT("X-Auth-Token"),
		LRD_SLICE_INIT("X-Api-Key"),
		LRD_SLICE_INIT("X-WSSE"),
	};

	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
		if (lrd_slice_equal_nocase(name, secrets[i]))
			return true;
	}
	return false;
}

/*
 * The stored fields, secrets covered: the caller frees *out. Slices point into the entry.
 * ECORRUPT, ENOMEM.
 */
static int decode_fields(const struct show *show, const struct lrd_cli_entry *entry,
			 larder_field **out, size_t *count)
{
	ptrdiff_t cap = lrd_fields_decode_count(entry->response.fields);
	larder_field *fields;
	int rc;

	if (cap < 0 || cap > LRD_RESPONSE_FIELDS)
		return LARDER_ECORRUPT;
	fields = calloc((size_t)cap + 1, sizeof(*fields));
	if (!fields)
		return LARDER_ENOMEM;
	rc = lrd_fields_decode(entry->response.fields, fields, (size_t)cap, count);
	if (rc < 0) {
		free(fields);
		return rc;
	}
	for (size_t i = 0; !show->secrets && i < *count; i++) {
		if (is_secret(fields[i].name))
			fields[i].value = LRD_SLICE("(hidden; --secrets shows it)");
	}
	*out = fields;
	return LARDER_OK;
}

/* ---- the body's digest ------------------------------------------------------------------- */

static int add_to_digest(const void *bytes, size_t len, void *ctx)
{
	lrd_digest_stream_add(ctx, bytes, len);
	return 0;
}

/* "xxh3:0123456789abcdef", as `xxhsum -H3` prints it. */
static int body_digest(struct lrd_store *store, const struct lrd_cli_entry *entry,
		       char out[LRD_TEXT_SIZE])
{
	struct lrd_digest_stream digest;
	int rc;

	lrd_digest_stream_init(&digest, 0);
	rc = lrd_cli_body_read(store, entry, add_to_digest, &digest);
	if (rc == 0)
		snprintf(out, LRD_TEXT_SIZE, "xxh3:%016" PRIx64,
			 lrd_digest_stream_end(&digest));
	return rc;
}

/* ---- printing ---------------------------------------------------------------------------- */

static void print_label(const char *label)
{
	printf("  %-10s ", label);
}

static void print_text(const char *label, larder_slice text)
{
	print_label(label);
	lrd_cli_text_print(stdout, text);
	putchar('\n');
}

/* "accept-encoding:gzip\naccept-language\n", a line for each. */
static void print_selecting(larder_slice text)
{
	larder_slice line;

	while (text.len > 0 && lrd_slice_split(&text, '\n', &line)) {
		if (line.len > 0)
			print_text("selected", line);
	}
}

static void print_state(const struct lrd_cli_entry *entry)
{
	char text[LRD_TEXT_SIZE];

	print_label("state");
	fputs(entry->state, stdout);
	if (entry->ttl_s != INT64_MIN)
		printf(entry->ttl_s > 0 ? ", %s left" : ", over since %s",
		       lrd_cli_text_duration(
			       entry->ttl_s > 0 ? entry->ttl_s : -entry->ttl_s, text));
	if (entry->status != 0 && (entry->response.fresh.flags & LRD_FRESH_NO_CACHE))
		fputs(", validated at each use", stdout);
	printf(", age %s\n", lrd_cli_text_duration(entry->age_s, text));
}

static void print_response(const struct lrd_cli_entry *entry, const larder_field *fields,
			   size_t count)
{
	const struct lrd_response *response = &entry->response;

	print_label("status");
	printf("%u ", (unsigned)response->status);
	lrd_cli_text_print(stdout, response->reason);
	printf(" (HTTP/%d.%d)\n", response->version / 10, response->version % 10);
	print_selecting(response->selecting);
	for (size_t i = 0; i < count; i++) {
		fputs("    ", stdout);
		lrd_cli_text_print(stdout, fields[i].name);
		fputs(": ", stdout);
		lrd_cli_text_print(stdout, fields[i].value);
		putchar('\n');
	}
}

static void print_entry(const struct lrd_cli_entry *entry, const larder_field *fields,
			size_t count, const char *digest)
{
	char text[LRD_TEXT_SIZE];

	lrd_cli_text_print(stdout, entry->name);
	putchar('\n');
	print_state(entry);
	print_text("partition", lrd_cli_entry_partition(entry));
	print_label("stored");
	printf("%s\n", lrd_cli_text_time(entry->record.stored_at, text));
	print_label("expires");
	printf("%s\n", lrd_cli_text_time(entry->record.expires_at, text));
	print_label("size");
	printf("%" PRIu64 " bytes, %s\n", entry->record.body_len, digest);
	if (entry->status != 0)
		print_response(entry, fields, count);
}

static int add_response(json_t *object, const struct lrd_cli_entry *entry,
			const larder_field *fields, size_t count)
{
	const struct lrd_response *response = &entry->response;
	char version[16];

	snprintf(version, sizeof(version), "%d.%d", response->version / 10,
		 response->version % 10);
	if (json_object_set_new(object, "status", json_integer(response->status)) < 0 ||
	    json_object_set_new(object, "reason", lrd_cli_json_text(response->reason)) < 0 ||
	    json_object_set_new(object, "version", json_string(version)) < 0 ||
	    json_object_set_new(object, "selected_by",
				lrd_cli_json_text(response->selecting)) < 0 ||
	    json_object_set_new(object, "lifetime",
				json_integer(response->fresh.lifetime_s)) < 0 ||
	    json_object_set_new(object, "why",
				json_string(larder_why_name(response->fresh.why))) < 0 ||
	    json_object_set_new(object, "headers", lrd_cli_json_fields(fields, count)) < 0)
		return LARDER_ENOMEM;
	return LARDER_OK;
}

static int print_json(const struct lrd_cli_entry *entry, const larder_field *fields,
		      size_t count, const char *digest, const larder_slice *body)
{
	json_t *object = json_pack(
		"{s:o, s:s, s:o, s:o, s:o, s:I, s:o, s:I, s:s}", "url",
		lrd_cli_json_text(entry->name), "state", entry->state, "partition",
		lrd_cli_json_text(entry->record.partition), "stored_at",
		lrd_cli_json_time(entry->record.stored_at), "expires_at",
		lrd_cli_json_time(entry->record.expires_at), "age",
		(json_int_t)entry->age_s, "ttl",
		entry->ttl_s == INT64_MIN ? json_null() : json_integer(entry->ttl_s),
		"size", (json_int_t)entry->record.body_len, "body_hash", digest);

	if (!object ||
	    (entry->status != 0 && add_response(object, entry, fields, count) < 0) ||
	    (body && lrd_cli_json_set_body(object, *body) < 0)) {
		json_decref(object);
		return LARDER_ENOMEM;
	}
	return lrd_cli_json_print(object);
}

static int show_entry(struct lrd_cli *cli, const struct show *show,
		      const struct lrd_cli_entry *entry)
{
	larder_field *fields = NULL;
	struct lrd_buf body;
	larder_slice bytes;
	size_t count = 0;
	char digest[LRD_TEXT_SIZE];
	int rc = 0;

	lrd_buf_init(&body, LRD_CLI_BODY_IN_MEMORY, NULL);
	if (entry->status != 0)
		rc = decode_fields(show, entry, &fields, &count);
	if (rc == 0)
		rc = body_digest(show->store, entry, digest);
	if (rc == 0 && show->body)
		rc = lrd_cli_body_collect(show->store, entry, &body);
	bytes = lrd_buf_slice(&body);
	if (rc == 0 && cli->json)
		rc = print_json(entry, fields, count, digest, show->body ? &bytes : NULL);
	else if (rc == 0)
		print_entry(entry, fields, count, digest);
	lrd_buf_release(&body);
	free(fields);
	return rc;
}

/* ---- the body ---------------------------------------------------------------------------- */

static int write_piece(const void *bytes, size_t len, void *ctx)
{
	return lrd_cli_output_write(ctx, bytes, len) < 0 ? LRD_EXIT_FILE : 0;
}

/* Several variants, or principals: the latest is as good a guess as any. */
static const struct lrd_cli_entry *latest(const struct lrd_cli_entries *entries)
{
	const struct lrd_cli_entry *found = &entries->at[0];

	for (size_t i = 1; i < entries->count; i++) {
		if (entries->at[i].record.cas > found->record.cas)
			found = &entries->at[i];
	}
	return found;
}

static int write_body(struct lrd_cli *cli, const struct show *show,
		      const struct lrd_cli_entry *entry)
{
	struct lrd_cli_output out;
	int rc = lrd_cli_output_open(NULL, &out);

	if (rc == 0)
		rc = lrd_cli_body_read(show->store, entry, write_piece, &out);
	if (rc > 0)
		lrd_cli_message(cli, "cannot write standard output: %s", strerror(errno));
	return rc;
}

static int show_url(struct lrd_cli *cli, struct show *show, const char *url)
{
	struct lrd_cli_entries entries = { .at = NULL };
	int rc = lrd_cli_filter_set_url(cli, &show->filter, url);

	if (rc == 0)
		rc = lrd_cli_collect(show->store, &show->filter, lrd_clock_now_s(),
				     &entries);
	if (rc == 0 && entries.count == 0) {
		lrd_cli_message_about(cli, url, "nothing is stored");
		rc = LRD_EXIT_NONE;
	} else if (rc == 0 && show->body && !cli->json) {
		rc = write_body(cli, show, latest(&entries));
	}
	for (size_t i = 0; rc == 0 && i < entries.count && (cli->json || !show->body); i++)
		rc = show_entry(cli, show, &entries.at[i]);
	if (rc < 0)
		rc = lrd_cli_message_failure(cli, url, rc, NULL);
	lrd_cli_entries_release(&entries);
	return rc;
}

static int run(struct lrd_cli *cli, int argc, char **argv)
{
	struct show show = { .store = NULL };
	int first = 0;
	int rc;

	lrd_cli_filter_init(&show.filter);
	rc = lrd_cli_options_parse(cli, argc, argv, take_option, &show, &first);
	if (rc == LRD_OPTIONS_GO && first == argc)
		rc = lrd_cli_message_usage(cli, "which URL?");
	if (rc == LRD_OPTIONS_GO)
		rc = lrd_cli_open_store(cli, &show.store);
	show.filter.partition = cli->partition;
	for (int i = first; show.store && i < argc; i++) {
		int one = show_url(cli, &show, argv[i]);

		rc = rc == 0 ? one : rc;
	}
	lrd_store_close(show.store);
	lrd_cli_filter_release(&show.filter);
	return rc;
}

const struct lrd_cli_command lrd_cli_command_show = {
	.name = "show",
	.operands = "URL...",
	.summary = "show what is stored for a URL",
	.details = "All variants in all partitions, or with -p in one. The hash is\n"
		   "that of `xxhsum -H3`. Exit 1 when nothing is stored.\n",
	.options = options,
	.run = run,
};
