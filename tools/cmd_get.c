/* SPDX-License-Identifier: MIT */
/* cmd_get.c - larder get: fetches URLs through the cache. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <larder/larder.h>

#include "proto/bytes/slice.h"
#include "tools/command.h"
#include "tools/output.h"
#include "tools/request.h"
#include "tools/response.h"
#include "tools/text.h"

enum {
	OPT_CACERT = LRD_OPTION_LONG,
	OPT_INSECURE,
	OPT_ONLY_IF_CACHED,
	OPT_REFRESH,
	OPT_RELOAD,
	OPT_NO_STORE,
	OPT_NO_CACHE,
	OPT_MAX_TIME,
	OPT_CACHE_STATUS
};

static const struct lrd_cli_option options[] = {
	{ 'X', "request", "METHOD", "the method; GET, or POST with -d" },
	{ 'H', "header", "FIELD", "send this field, as 'Name: value'; may be repeated" },
	{ 'd', "data", "DATA", "send this body; @FILE sends a file, @- standard input" },
	{ 'o', "output", "FILE", "write to FILE, which appears whole or not at all" },
	{ 'i', "include", NULL, "print the response head before the body" },
	{ 'I', "head", NULL, "send HEAD and print the response head" },
	{ 'f', "fail", NULL, "exit 22 without the body for a status of 400 or above" },
	{ OPT_CACERT, "cacert", "FILE", "trust the certificates in this PEM file" },
	{ OPT_INSECURE, "insecure", NULL, "check neither certificate nor host name" },
	{ OPT_ONLY_IF_CACHED, "only-if-cached", NULL,
	  "whatever is stored, or exit 1; never ask the origin" },
	{ OPT_REFRESH, "refresh", NULL,
	  "ask the origin whether what is stored still holds" },
	{ OPT_RELOAD, "reload", NULL, "fetch anew and store the answer" },
	{ OPT_NO_STORE, "no-store", NULL,
	  "neither use what is stored nor store the answer" },
	{ OPT_NO_CACHE, "no-cache", NULL, "open no store at all" },
	{ OPT_MAX_TIME, "max-time", "TIME", "give up after this time: 2.5, 30s, 5m" },
	{ OPT_CACHE_STATUS, "cache-status", NULL,
	  "print the Cache-Status value to stderr" },
	{ 0, NULL, NULL, NULL },
};

struct get {
	struct lrd_cli_request request;
	larder_options session;
	const char *output;
	uint32_t mode;
	bool include;
	bool head;
	bool fail;
	bool cache_status;
};

static int set_mode(struct lrd_cli *cli, struct get *get, uint32_t mode)
{
	if (get->mode != LARDER_MODE_DEFAULT && get->mode != mode)
		return lrd_cli_message_usage(cli,
					     "--only-if-cached, --refresh, --reload and "
					     "--no-store exclude each other");
	get->mode = mode;
	return 0;
}

static int take_option(struct lrd_cli *cli, int id, const char *arg, void *ctx)
{
	struct get *get = ctx;

	switch (id) {
	case 'X':
		get->request.method = arg;
		return 0;
	case 'H':
		return lrd_cli_request_add_field(cli, &get->request, arg);
	case 'd':
		return lrd_cli_request_set_data(cli, &get->request, arg);
	case 'o':
		get->output = arg;
		return 0;
	case 'i':
		get->include = true;
		return 0;
	case 'I':
		get->head = true;
		return 0;
	case 'f':
		get->fail = true;
		return 0;
	case OPT_CACERT:
		get->session.ca_file = arg;
		return 0;
	case OPT_INSECURE:
		get->session.insecure = 1;
		return 0;
	case OPT_ONLY_IF_CACHED:
		return set_mode(cli, get, LARDER_MODE_ONLY_IF_CACHED);
	case OPT_REFRESH:
		return set_mode(cli, get, LARDER_MODE_NO_CACHE);
	case OPT_RELOAD:
		return set_mode(cli, get, LARDER_MODE_RELOAD);
	case OPT_NO_STORE:
		return set_mode(cli, get, LARDER_MODE_NO_STORE);
	case OPT_NO_CACHE:
		get->session.no_cache = 1;
		return 0;
	case OPT_MAX_TIME:
		if (lrd_cli_text_parse_ms(arg, &get->session.total_timeout_ms) < 0 ||
		    get->session.total_timeout_ms == 0)
			return lrd_cli_message_usage(cli, "--max-time '%s': no time", arg);
		return 0;
	default:
		get->cache_status = true;
		return 0;
	}
}

/* Contradictions that only the whole command line shows. */
static int check_options(struct lrd_cli *cli, struct get *get, int urls)
{
	if (urls < 1)
		return lrd_cli_message_usage(cli, "which URL?");
	if (urls > 1 && get->output)
		return lrd_cli_message_usage(cli, "-o takes one URL, not %d", urls);
	if (urls > 1 && !lrd_cli_request_repeats(&get->request))
		return lrd_cli_message_usage(
			cli, "data from a pipe can be sent to one URL only");
	if (get->head && get->request.method)
		return lrd_cli_message_usage(cli, "-I and -X exclude each other");
	if (get->head)
		get->request.method = "HEAD";
	if (get->session.no_cache && get->mode == LARDER_MODE_ONLY_IF_CACHED)
		return lrd_cli_message_usage(cli,
					     "--no-cache and --only-if-cached exclude "
					     "each other");
	return 0;
}

static int output_failure(struct lrd_cli *cli, const char *path, int code)
{
	lrd_cli_message(cli, "cannot write %s: %s", path ? path : "standard output",
			strerror(errno));
	return code == LARDER_EFULL ? LRD_EXIT_FULL : LRD_EXIT_FILE;
}

/* Head and body as the options want them. The output is the caller's to commit or abort. */
static int write_response(struct lrd_cli *cli, struct get *get, const char *url,
			  larder_response *response, struct lrd_cli_output *out)
{
	enum { PIECE = 64 * 1024 };
	char *piece = malloc(PIECE);
	ptrdiff_t n;
	int rc = LARDER_ENOMEM;

	if (!piece)
		return lrd_cli_message_failure(cli, url, rc, NULL);
	rc = get->include || get->head ? lrd_cli_response_write_head(response, out) : 0;
	while (rc == 0) {
		n = larder_response_read(response, piece, PIECE);
		if (n <= 0) {
			free(piece);
			return n == 0 ? 0
				      : lrd_cli_message_failure(
						cli, url, (int)n,
						larder_response_error(response));
		}
		rc = lrd_cli_output_write(out, piece, (size_t)n);
	}
	free(piece);
	return output_failure(cli, get->output, rc);
}

static int print_plain(struct lrd_cli *cli, struct get *get, const char *url,
		       larder_response *response)
{
	struct lrd_cli_output out;
	int rc = lrd_cli_output_open(get->output, &out);

	if (rc < 0)
		return output_failure(cli, get->output, rc);
	rc = write_response(cli, get, url, response, &out);
	if (rc != 0) {
		lrd_cli_output_abort(&out);
		return rc;
	}
	rc = lrd_cli_output_commit(&out);
	return rc < 0 ? output_failure(cli, get->output, rc) : 0;
}

/* With --json a body goes into the object, or with -o into the file. */
static int print_json(struct lrd_cli *cli, struct get *get, const char *url,
		      larder_response *response)
{
	larder_slice body = { NULL, 0 };
	int rc = get->output ? print_plain(cli, get, url, response) : 0;

	if (rc != 0)
		return rc;
	rc = get->output ? 0 : larder_response_body(response, &body);
	if (rc < 0)
		return lrd_cli_message_failure(cli, url, rc,
					       larder_response_error(response));
	rc = lrd_cli_response_print_json(response, get->output ? NULL : &body,
					 get->output);
	return rc < 0 ? lrd_cli_message_failure(cli, url, rc, NULL) : 0;
}

static int finish(struct lrd_cli *cli, struct get *get, const char *url,
		  larder_response *response)
{
	uint32_t status = larder_response_status(response);
	const larder_served *served = larder_response_served(response);
	int rc;

	if (served->how == LARDER_HOW_REFUSED) {
		lrd_cli_message_about(cli, url, "nothing stored can answer");
		rc = LRD_EXIT_NONE;
	} else if (get->fail && status >= 400) {
		lrd_cli_message_about(cli, url, "status %" PRIu32, status);
		rc = LRD_EXIT_HTTP;
	} else {
		rc = cli->json ? print_json(cli, get, url, response)
			       : print_plain(cli, get, url, response);
	}
	lrd_cli_response_explain(cli, url, response, get->cache_status);
	return rc;
}

static int fetch(struct lrd_cli *cli, struct get *get, larder_session *session,
		 const char *url)
{
	larder_request request = LARDER_REQUEST_INIT;
	larder_response *response = NULL;
	int rc = lrd_cli_request_apply(cli, &get->request, &request);

	if (rc != 0)
		return rc;
	request.url = url;
	request.mode = get->mode;
	rc = larder_send(session, &request, &response);
	if (rc < 0)
		rc = lrd_cli_message_failure(cli, url, rc, larder_session_error(session));
	else
		rc = finish(cli, get, url, response);
	larder_response_free(response);
	return rc;
}

static int run(struct lrd_cli *cli, int argc, char **argv)
{
	struct get get = { .session = LARDER_OPTIONS_INIT };
	larder_session *session = NULL;
	larder_error err = { 0 };
	int first = 0;
	int rc;

	lrd_cli_request_init(&get.request);
	rc = lrd_cli_options_parse(cli, argc, argv, take_option, &get, &first);
	if (rc != LRD_OPTIONS_GO)
		goto out;
	rc = check_options(cli, &get, argc - first);
	if (rc != 0)
		goto out;
	get.session.store = cli->store;
	get.session.partition = cli->partition;
	rc = larder_session_open(&get.session, &session, &err);
	if (rc < 0) {
		rc = lrd_cli_message_failure(cli, NULL, rc, &err);
		if (rc == LRD_EXIT_STORE || rc == LRD_EXIT_FULL)
			lrd_cli_message(cli, "--no-cache fetches without a store");
		goto out;
	}
	/* Every URL is tried; the first failure is the one that the exit code tells. */
	for (int i = first; i < argc; i++) {
		int one = fetch(cli, &get, session, argv[i]);

		rc = rc == 0 ? one : rc;
	}
out:
	larder_session_close(session);
	lrd_cli_request_release(&get.request);
	return rc;
}

const struct lrd_cli_command lrd_cli_command_get = {
	.name = "get",
	.operands = "URL...",
	.summary = "fetch through the cache",
	.details = "The body goes to standard output. Where the store\n"
		   "cannot take a response it is delivered all the same,\n"
		   "and a warning says why it is not stored.\n",
	.options = options,
	.run = run,
};
