/* SPDX-License-Identifier: MIT */
/* cmd_explain.c - larder explain: what the cache would do with a request, and why. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <larder/cache.h>

#include "proto/bytes/buf.h"
#include "proto/bytes/slice.h"
#include "proto/http/date.h"
#include "store/store.h"
#include "sys/clock.h"
#include "tools/command.h"
#include "tools/json.h"
#include "tools/open.h"
#include "tools/request.h"
#include "tools/text.h"

enum { OPT_AT = LRD_OPTION_LONG, OPT_SHARED, CONTENT_MAX = 16 << 20 };

static const struct lrd_cli_option options[] = {
	{ 'X', "request", "METHOD", "the method, GET without it" },
	{ 'H', "header", "FIELD", "a request field, \"Name: value\"; any number of times" },
	{ 'd', "data", "DATA", "the content of a QUERY; @FILE: a file" },
	{ OPT_AT, "at", "TIME",
	  "decide as of then: unix seconds, an HTTP date, or +5m from now" },
	{ OPT_SHARED, "shared", NULL, "by the rules of a shared cache" },
	{ 0, NULL, NULL, NULL },
};

struct explain {
	struct lrd_cli *cli;
	struct lrd_cli_request request;
	larder_explain how;
	json_t *steps; /* with --json */
	unsigned number;
	bool failed; /* out of memory in a step */
};

/* ---- options ----------------------------------------------------------------------------- */

static int parse_time(const struct lrd_cli *cli, const char *text, int64_t *at)
{
	int64_t now = lrd_clock_now_s();
	uint64_t number;
	uint32_t ms;

	if (text[0] == '+' && lrd_cli_text_parse_ms(text + 1, &ms) == 0) {
		*at = now + ms / 1000;
		return 0;
	}
	if (lrd_cli_text_parse_number(text, &number) == 0 && number > 0 &&
	    number <= INT64_MAX) {
		*at = (int64_t)number;
		return 0;
	}
	if (lrd_date_parse(lrd_slice_cstr(text), now, at) == 0)
		return 0;
	return lrd_cli_message_usage(
		cli, "--at takes unix seconds, an HTTP date or +5m, not '%s'", text);
}

static int take_option(struct lrd_cli *cli, int id, const char *arg, void *ctx)
{
	struct explain *explain = ctx;

	switch (id) {
	case 'X':
		explain->request.method = arg;
		return 0;
	case 'H':
		return lrd_cli_request_add_field(cli, &explain->request, arg);
	case 'd':
		return lrd_cli_request_set_data(cli, &explain->request, arg);
	case OPT_AT:
		return parse_time(cli, arg, &explain->how.at);
	default:
		explain->how.shared = 1;
		return 0;
	}
}

/* ---- steps ------------------------------------------------------------------------------- */

static const char *result_name(uint32_t result)
{
	switch (result) {
	case LARDER_STEP_OK:
		return "ok";
	case LARDER_STEP_FAIL:
		return "FAIL";
	default:
		return "note";
	}
}

static void print_step(const larder_step *step, void *ctx)
{
	struct explain *explain = ctx;
	char number[16] = "-";

	if (step->result != LARDER_STEP_NOTE)
		snprintf(number, sizeof(number), "%u", ++explain->number);
	printf("%2s %-4s  %-11s ", number, result_name(step->result), step->name);
	lrd_cli_text_print(stdout, lrd_slice_cstr(step->text));
	if (step->section[0] != '\0')
		printf("  [%s]", step->section);
	putchar('\n');
}

static void collect_step(const larder_step *step, void *ctx)
{
	struct explain *explain = ctx;
	json_t *object = json_pack("{s:s, s:s, s:o, s:s, s:s}", "name", step->name,
				   "result",
				   step->result == LARDER_STEP_FAIL
					   ? "fail"
					   : result_name(step->result),
				   "text", lrd_cli_json_text(lrd_slice_cstr(step->text)),
				   "section", step->section, "why",
				   step->why ? larder_why_name(step->why) : "");

	if (!object || json_array_append_new(explain->steps, object) < 0)
		explain->failed = true;
}

/* ---- the outcome ------------------------------------------------------------------------- */

static const char *verdict_word(const larder_explained *out)
{
	switch (out->verdict) {
	case LARDER_SERVE:
		return out->how == LARDER_HOW_FRESH ? "HIT" : "STALE HIT";
	case LARDER_REFUSE:
		return "REFUSED";
	default:
		return out->how == LARDER_HOW_BYPASS ? "BYPASS" : "MISS";
	}
}

static const char *verdict_text(const larder_explained *out)
{
	switch (out->verdict) {
	case LARDER_SERVE:
		return "would be answered from the store";
	case LARDER_REFUSE:
		return "would be answered 504, nobody asked";
	default:
		return "would go to the origin";
	}
}

static void print_head(const char *url, const larder_explained *out)
{
	printf("%s  %s  (%s)  partition ", verdict_word(out), verdict_text(out),
	       larder_why_name(out->why));
	lrd_cli_text_print(stdout, lrd_slice_cstr(out->partition[0] ? out->partition
								    : "anonymous"));
	fputs("  ", stdout);
	lrd_cli_text_print(stdout, lrd_slice_cstr(url));
	putchar('\n');
}

static int print_json(struct explain *explain, const char *url,
		      const larder_explained *out)
{
	json_t *steps = explain->steps;

	explain->steps = NULL;
	return lrd_cli_json_print(json_pack(
		"{s:o, s:b, s:s, s:s, s:s, s:s, s:I, s:o, s:o, s:I, s:o, s:s, s:o}", "url",
		lrd_cli_json_text(lrd_slice_cstr(url)), "hit", out->verdict == LARDER_SERVE,
		"how", larder_how_name(out->how), "why", larder_why_name(out->why), "text",
		larder_why_text(out->why), "section", larder_why_section(out->why), "status",
		(json_int_t)out->status, "age",
		out->age_s < 0 ? json_null() : json_integer(out->age_s), "ttl",
		out->ttl_s == INT64_MIN ? json_null() : json_integer(out->ttl_s), "size",
		(json_int_t)out->body_bytes, "partition",
		lrd_cli_json_text(lrd_slice_cstr(out->partition)), "hint", out->hint, "steps",
		steps));
}

/* The verdict comes first, and only the steps know it: they are run twice. */
static int print_lines(struct explain *explain, larder_cache *cache,
		       const larder_lookup *lookup, const char *url, larder_explained *out)
{
	larder_explain silent = explain->how;
	int rc;

	silent.step = NULL;
	if (silent.at == 0)
		silent.at = lrd_clock_now_s();
	explain->how.at = silent.at;
	rc = larder_cache_explain(cache, lookup, &silent, out);
	if (rc < 0)
		return rc;
	if (!explain->cli->quiet)
		print_head(url, out);
	explain->how.step = explain->cli->quiet ? NULL : print_step;
	rc = larder_cache_explain(cache, lookup, &explain->how, out);
	if (rc == 0 && out->hint[0] != '\0' && !explain->cli->quiet)
		printf("hint: %s\n", out->hint);
	return rc;
}

static int explain_url(struct explain *explain, larder_cache *cache,
		       larder_lookup *lookup, const char *url)
{
	larder_explained out = LARDER_EXPLAINED_INIT;
	int rc;

	lookup->url = lrd_slice_cstr(url);
	explain->number = 0;
	explain->how.ctx = explain;
	if (!explain->cli->json) {
		rc = print_lines(explain, cache, lookup, url, &out);
	} else {
		explain->steps = json_array();
		explain->how.step = collect_step;
		rc = explain->steps ? larder_cache_explain(cache, lookup, &explain->how, &out)
				    : LARDER_ENOMEM;
		if (rc == 0 && explain->failed)
			rc = LARDER_ENOMEM;
		if (rc == 0)
			rc = print_json(explain, url, &out);
		json_decref(explain->steps);
		explain->steps = NULL;
	}
	if (rc < 0)
		return lrd_cli_message_failure(explain->cli, url, rc, NULL);
	return out.verdict == LARDER_SERVE ? LRD_EXIT_DONE : LRD_EXIT_NONE;
}

/* ---- running ----------------------------------------------------------------------------- */

/* The content of a QUERY, all in memory: it is part of the key. */
static int read_content(struct explain *explain, const larder_request *request,
			struct lrd_buf *content, larder_lookup *lookup)
{
	char bytes[16384];
	ptrdiff_t n = 0;
	int rc = 0;

	lookup->content = request->body;
	if (!request->body_read)
		return 0;
	while (rc == 0 && (n = request->body_read(bytes, sizeof(bytes),
						  request->body_ctx)) > 0)
		rc = lrd_buf_append(content, bytes, (size_t)n);
	if (rc == 0 && n < 0)
		rc = (int)n;
	lookup->content = lrd_buf_slice(content);
	return rc < 0 ? lrd_cli_message_failure(explain->cli, "the data", rc, NULL) : 0;
}

static int open_cache(struct lrd_cli *cli, larder_cache **out)
{
	larder_cache_options cache_options = LARDER_CACHE_OPTIONS_INIT;
	struct lrd_store *store = NULL;
	larder_error err = { 0 };
	int rc = lrd_cli_open_store(cli, &store); /* which creates none */

	if (rc != 0)
		return rc;
	cache_options.store = lrd_store_path(store);
	rc = larder_cache_open(&cache_options, out, &err);
	if (rc < 0)
		rc = lrd_cli_message_failure(cli, cli->store, rc, &err);
	lrd_store_close(store);
	return rc;
}

static int run_with(struct explain *explain, int argc, char **argv, int first)
{
	larder_request request = LARDER_REQUEST_INIT;
	larder_lookup lookup = LARDER_LOOKUP_INIT;
	larder_cache *cache = NULL;
	struct lrd_buf content;
	int rc = lrd_cli_request_apply(explain->cli, &explain->request, &request);

	lrd_buf_init(&content, CONTENT_MAX, NULL);
	if (rc == 0)
		rc = read_content(explain, &request, &content, &lookup);
	if (rc == 0)
		rc = open_cache(explain->cli, &cache);
	lookup.method = lrd_slice_cstr(request.method);
	lookup.fields = request.fields;
	lookup.field_count = request.field_count;
	lookup.partition = explain->cli->partition;
	for (int i = first; cache && i < argc; i++) {
		int one = explain_url(explain, cache, &lookup, argv[i]);

		rc = rc == 0 ? one : rc;
	}
	larder_cache_close(cache);
	lrd_buf_release(&content);
	return rc;
}

static int run(struct lrd_cli *cli, int argc, char **argv)
{
	struct explain explain = { .cli = cli, .how = LARDER_EXPLAIN_INIT };
	int first = 0;
	int rc;

	lrd_cli_request_init(&explain.request);
	rc = lrd_cli_options_parse(cli, argc, argv, take_option, &explain, &first);
	if (rc == LRD_OPTIONS_GO && first == argc)
		rc = lrd_cli_message_usage(cli, "which URL?");
	if (rc == LRD_OPTIONS_GO)
		rc = run_with(&explain, argc, argv, first);
	lrd_cli_request_release(&explain.request);
	return rc;
}

const struct lrd_cli_command lrd_cli_command_explain = {
	.name = "explain",
	.operands = "URL...",
	.summary = "say what the cache would do with a request, and why",
	.details = "Each step names what was looked at and where a specification asks for it;\n"
		   "the hint says what would make it a hit. Nothing is fetched or changed.\n"
		   "Exit 0 when it would be a hit, 1 when it would not.\n",
	.options = options,
	.run = run,
};
