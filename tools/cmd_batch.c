/* SPDX-License-Identifier: MIT */
/*
 * cmd_batch.c - larder batch: requests as JSON lines on standard input, answers as they finish.
 *
 * One thread reads lines into a queue, up to --jobs threads, each with a session of its own
 * on the one cache, run them. Threads start as lines come in.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <larder/larder.h>

#include "proto/bytes/buf.h"
#include "proto/bytes/num.h"
#include "proto/bytes/slice.h"
#include "tools/batch.h"
#include "tools/command.h"

enum { JOBS_DEFAULT = 32, JOBS_MAX = 1024, READ_SIZE = 64 * 1024, FETCH_REDIRECTS = 20 };
static const size_t line_max = (size_t)1 << 30;

enum { OPT_JOBS = LRD_OPTION_LONG, OPT_SHARED, OPT_CACERT, OPT_INSECURE, OPT_NO_CACHE };

static const struct lrd_cli_option options[] = {
	{ OPT_JOBS, "jobs", "N", "run so many requests at a time; 32" },
	{ OPT_SHARED, "shared", NULL, "keep the rules of a shared cache" },
	{ OPT_CACERT, "cacert", "FILE", "trust the certificates in this PEM file" },
	{ OPT_INSECURE, "insecure", NULL, "check neither certificate nor host name" },
	{ OPT_NO_CACHE, "no-cache", NULL, "open no store at all" },
	{ 0, NULL, NULL, NULL },
};

/* A line waiting to be run. */
struct line {
	struct line *next;
	size_t len;
	char text[];
};

struct batch {
	const struct lrd_cli *cli;
	larder_options session;
	uint32_t jobs;

	pthread_mutex_t lock; /* guards what follows, and standard output */
	pthread_cond_t changed;
	struct line *first;
	struct line **last;
	uint32_t waiting; /* lines in the queue */
	uint32_t idle;    /* threads without a line */
	uint32_t threads;
	bool ended; /* no more lines come */
	int rc;     /* exit code so far */
	pthread_t thread[JOBS_MAX];
};

/* Prints an answer at once: whoever asked may be waiting for it before asking on. */
static void print_answer(struct batch *batch, json_t *take)
{
	char *text = take ? json_dumps(take, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;

	json_decref(take);
	pthread_mutex_lock(&batch->lock);
	if (!text) {
		/* An answer that cannot be said must not look like one still to come. */
		lrd_cli_message(batch->cli, "out of memory");
		batch->rc = LRD_EXIT_LIMIT;
	} else if (batch->rc != LRD_EXIT_FILE &&
		   (puts(text) == EOF || fflush(stdout) != 0)) {
		lrd_cli_message(batch->cli, "cannot write to standard output: %s",
				strerror(errno));
		batch->rc = LRD_EXIT_FILE;
	}
	pthread_mutex_unlock(&batch->lock);
	free(text);
}

/* The next line, or NULL when no more will come. Owned by the caller. */
static struct line *take_line(struct batch *batch)
{
	struct line *line;

	pthread_mutex_lock(&batch->lock);
	batch->idle++;
	while (!batch->first && !batch->ended)
		pthread_cond_wait(&batch->changed, &batch->lock);
	batch->idle--;
	line = batch->first;
	if (line) {
		batch->first = line->next;
		if (!batch->first)
			batch->last = &batch->first;
		batch->waiting--;
		pthread_cond_broadcast(&batch->changed);
	}
	pthread_mutex_unlock(&batch->lock);
	return line;
}

static void *run_lines(void *ctx)
{
	struct batch *batch = ctx;
	larder_session *session = NULL;
	larder_error err = { 0 };
	int rc = larder_session_open(&batch->session, &session, &err);
	struct line *line;

	while ((line = take_line(batch)) != NULL) {
		larder_slice text = { line->text, line->len };

		print_answer(batch, rc < 0 ? lrd_cli_batch_refuse(rc, err.message)
					   : lrd_cli_batch_answer(session, text));
		free(line);
	}
	larder_session_close(session);
	return NULL;
}

/* Starts one more thread if nobody is free for what is queued. Call with the lock held. */
static void start_thread(struct batch *batch)
{
	if (batch->idle >= batch->waiting || batch->threads == batch->jobs)
		return;
	if (pthread_create(&batch->thread[batch->threads], NULL, run_lines, batch) == 0) {
		batch->threads++;
	} else if (batch->threads == 0) {
		lrd_cli_message(batch->cli, "cannot start a thread");
		batch->rc = LRD_EXIT_LIMIT;
	}
}

/* Queues a line; waits while as many wait already as can run. False: nobody will run it. */
static bool put_line(struct batch *batch, larder_slice text)
{
	struct line *line = malloc(sizeof(*line) + text.len);
	bool ok;

	if (!line) {
		print_answer(batch, lrd_cli_batch_refuse(LARDER_ENOMEM, "out of memory"));
		return true;
	}
	line->next = NULL;
	line->len = text.len;
	memcpy(line->text, text.ptr, text.len);
	pthread_mutex_lock(&batch->lock);
	while (batch->waiting >= batch->jobs && batch->threads > 0)
		pthread_cond_wait(&batch->changed, &batch->lock);
	*batch->last = line;
	batch->last = &line->next;
	batch->waiting++;
	start_thread(batch);
	ok = batch->threads > 0 && batch->rc != LRD_EXIT_FILE;
	pthread_cond_broadcast(&batch->changed);
	pthread_mutex_unlock(&batch->lock);
	return ok;
}

static bool is_blank(larder_slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!strchr(" \t\r", text.ptr[i]) || text.ptr[i] == '\0')
			return false;
	return true;
}

/* Cuts whole lines off what has been read. False: stop. */
static bool put_lines(struct batch *batch, struct lrd_buf *in, size_t *scanned)
{
	const char *newline;

	while (in->len > *scanned &&
	       (newline = memchr(in->ptr + *scanned, '\n', in->len - *scanned)) != NULL) {
		larder_slice text = { in->ptr, (size_t)(newline - in->ptr) };

		if (!is_blank(text) && !put_line(batch, text))
			return false;
		lrd_buf_consume(in, text.len + 1);
		*scanned = 0;
	}
	*scanned = in->len;
	return true;
}

/* Reads standard input to its end. */
static void read_lines(struct batch *batch)
{
	struct lrd_buf in;
	size_t scanned = 0;
	ssize_t n = -1;

	lrd_buf_init(&in, line_max, NULL);
	for (;;) {
		if (lrd_buf_reserve(&in, READ_SIZE) < 0) {
			print_answer(batch,
				     lrd_cli_batch_refuse(
					     LARDER_ELIMIT,
					     "a line longer than 1 GiB ends the input"));
			n = -1;
			break;
		}
		n = read(STDIN_FILENO, in.ptr + in.len, READ_SIZE);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		lrd_buf_commit(&in, (size_t)n);
		if (!put_lines(batch, &in, &scanned))
			break;
	}
	/* A last line without its newline counts too. */
	if (n == 0 && in.len > 0 && !is_blank(lrd_buf_slice(&in)))
		put_line(batch, lrd_buf_slice(&in));
	lrd_buf_release(&in);
}

static int take_option(struct lrd_cli *cli, int id, const char *arg, void *ctx)
{
	struct batch *batch = ctx;
	uint64_t number;

	switch (id) {
	case OPT_JOBS:
		if (lrd_u64_parse(lrd_slice_cstr(arg), &number) < 0 || number == 0 ||
		    number > JOBS_MAX)
			return lrd_cli_message_usage(cli, "--jobs '%s': 1 to %d", arg,
						     JOBS_MAX);
		batch->jobs = (uint32_t)number;
		return 0;
	case OPT_SHARED:
		batch->session.shared = 1;
		return 0;
	case OPT_CACERT:
		batch->session.ca_file = arg;
		return 0;
	case OPT_INSECURE:
		batch->session.insecure = 1;
		return 0;
	default:
		batch->session.no_cache = 1;
		return 0;
	}
}

/* The first session shows whether the threads' ones will open, and lends them its cache. */
static int run_all(struct lrd_cli *cli, struct batch *batch)
{
	larder_session *session = NULL;
	larder_error err = { 0 };
	int rc = larder_session_open(&batch->session, &session, &err);

	if (rc < 0)
		return lrd_cli_message_failure(cli, NULL, rc, &err);
	json_object_seed(0); /* before there are threads, as jansson wants it */
	/* One cache for all threads; each has connections of its own. */
	batch->session.cache = larder_session_cache(session);
	if (batch->session.cache) {
		batch->session.store = NULL;
		batch->session.shared = 0;
	}
	pthread_mutex_init(&batch->lock, NULL);
	pthread_cond_init(&batch->changed, NULL);
	read_lines(batch);
	pthread_mutex_lock(&batch->lock);
	batch->ended = true;
	pthread_cond_broadcast(&batch->changed);
	pthread_mutex_unlock(&batch->lock);
	for (uint32_t i = 0; i < batch->threads; i++)
		pthread_join(batch->thread[i], NULL);
	pthread_cond_destroy(&batch->changed);
	pthread_mutex_destroy(&batch->lock);
	larder_session_close(session);
	return batch->rc;
}

static int run(struct lrd_cli *cli, int argc, char **argv)
{
	struct batch *batch = calloc(1, sizeof(*batch));
	int first = 0;
	int rc;

	if (!batch)
		return lrd_cli_message_failure(cli, NULL, LARDER_ENOMEM, NULL);
	batch->cli = cli;
	batch->session = (larder_options)LARDER_OPTIONS_INIT;
	batch->jobs = JOBS_DEFAULT;
	/* Redirects as the Fetch standard has them (s4.4). */
	batch->session.follow_all_methods = 1;
	batch->session.post_301_to_get = 1;
	batch->session.max_redirects = FETCH_REDIRECTS;
	batch->last = &batch->first;
	rc = lrd_cli_options_parse(cli, argc, argv, take_option, batch, &first);
	if (rc == LRD_OPTIONS_GO && first < argc)
		rc = lrd_cli_message_usage(
			cli, "requests come on standard input, not as '%s'", argv[first]);
	if (rc == LRD_OPTIONS_GO) {
		batch->session.store = cli->store;
		batch->session.partition = cli->partition;
		rc = run_all(cli, batch);
	}
	free(batch);
	return rc;
}

const struct lrd_cli_command lrd_cli_command_batch = {
	.name = "batch",
	.operands = "",
	.summary = "run requests that come as JSON lines, many at a time",
	.details = "Each line of standard input is a request:\n"
		   "  {\"id\", \"method\", \"url\", \"headers\": [[name, value], ...],\n"
		   "   \"body\": base64, \"cache\": mode, \"redirect\": mode}\n"
		   "and each gets one line on standard output when it is done.\n",
	.options = options,
	.run = run,
};
