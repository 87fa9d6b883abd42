/* SPDX-License-Identifier: MIT */
/*
 * fetcher.c - a worker that distrusts the cache: fetches URLs and compares each body with the
 * file that it must equal.
 *
 *	fetcher [options] LIST
 *
 * A line of LIST is "URL TAB FILE"; FILE "-" is not compared. Each pass goes through the list
 * in another order. Prints one line of JSON: how the requests were served, and what was
 * wrong. Exit status: 0, 1 when a request failed, 9 when a body was wrong.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <larder/larder.h>

enum {
	HOW_END = LARDER_HOW_REFUSED + 1,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_WRONG = 9,
	PIECE = 64 * 1024
};

struct item {
	char *url;
	char *file;
};

struct fetcher {
	larder_options options;
	struct item *items;
	size_t count;
	larder_field fields[8];
	size_t field_count;
	unsigned passes;
	unsigned forks; /* 0: none; else the session is used once and then by so many children */
	uint64_t order; /* of the shuffle; differs between workers */
	/* what happened */
	uint64_t requests;
	uint64_t how[HOW_END];
	uint64_t stored;
	uint64_t failed;
	uint64_t wrong;
	uint64_t bytes;
	uint64_t anonymous_kib; /* the most memory of our own that was seen, page cache aside */
};

static void complain(struct fetcher *f, const struct item *item, const char *what,
		     uint64_t offset)
{
	fprintf(stderr, "fetcher %ld: %s: %s at %" PRIu64 " (%s)\n", (long)getpid(),
		item->url, what, offset, item->file);
	f->wrong++;
}

/* Memory that is neither file nor store; mapped pages of those are not ours to count. */
static void note_memory(struct fetcher *f)
{
	FILE *status = fopen("/proc/self/status", "r");
	char line[256];

	while (status && fgets(line, sizeof(line), status)) {
		uint64_t kib;

		if (strncmp(line, "RssAnon:", 8) != 0)
			continue;
		kib = strtoull(line + 8, NULL, 10);
		if (kib > f->anonymous_kib)
			f->anonymous_kib = kib;
	}
	if (status)
		fclose(status);
}

/* Pulls the body and compares it; returns 0, or the error of the library. */
static int compare_body(struct fetcher *f, const struct item *item,
			larder_response *response)
{
	static char got[PIECE];
	static char want[PIECE];
	FILE *file = strcmp(item->file, "-") != 0 ? fopen(item->file, "rb") : NULL;
	uint64_t offset = 0;
	ptrdiff_t n;

	if (!file && strcmp(item->file, "-") != 0)
		complain(f, item, "cannot open the file", 0);
	while ((n = larder_response_read(response, got, sizeof(got))) > 0) {
		if (file && (fread(want, 1, (size_t)n, file) != (size_t)n ||
			     memcmp(got, want, (size_t)n) != 0)) {
			complain(f, item, "wrong body", offset);
			fclose(file);
			return 0;
		}
		if (offset >> 26 != (offset + (uint64_t)n) >> 26)
			note_memory(f);
		offset += (uint64_t)n;
	}
	if (n == 0 && file && fgetc(file) != EOF)
		complain(f, item, "cut body", offset);
	if (file)
		fclose(file);
	f->bytes += offset;
	return (int)n;
}

static void fetch(struct fetcher *f, larder_session *session, const struct item *item)
{
	larder_request request = LARDER_REQUEST_INIT;
	larder_response *response = NULL;
	const larder_served *served;
	int rc;

	request.url = item->url;
	request.fields = f->fields;
	request.field_count = f->field_count;
	f->requests++;
	rc = larder_send(session, &request, &response);
	if (rc < 0) {
		fprintf(stderr, "fetcher %ld: %s: %s\n", (long)getpid(), item->url,
			larder_session_error(session)->message);
		f->failed++;
		return;
	}
	if (larder_response_status(response) != 200)
		complain(f, item, "status is not 200 but",
			 larder_response_status(response));
	rc = compare_body(f, item, response);
	if (rc < 0) {
		fprintf(stderr, "fetcher %ld: %s: body: %s\n", (long)getpid(), item->url,
			larder_response_error(response)->message);
		f->failed++;
	}
	served = larder_response_served(response);
	if (served->how < HOW_END)
		f->how[served->how]++;
	f->stored += served->stored;
	larder_response_free(response);
}

/* xorshift64: every worker goes through the list in an order of its own. */
static uint64_t next_random(struct fetcher *f)
{
	f->order ^= f->order << 13;
	f->order ^= f->order >> 7;
	f->order ^= f->order << 17;
	return f->order;
}

static void run_passes(struct fetcher *f, larder_session *session)
{
	for (unsigned pass = 0; pass < f->passes; pass++) {
		for (size_t i = f->count; i > 1; i--) {
			size_t other = (size_t)(next_random(f) % i);
			struct item kept = f->items[i - 1];

			f->items[i - 1] = f->items[other];
			f->items[other] = kept;
		}
		for (size_t i = 0; i < f->count; i++)
			fetch(f, session, &f->items[i]);
	}
	note_memory(f);
}

static int report(const struct fetcher *f)
{
	printf("{\"requests\":%" PRIu64 ",\"stored\":%" PRIu64 ",\"failed\":%" PRIu64
	       ",\"wrong\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"anonymous_kib\":%" PRIu64,
	       f->requests, f->stored, f->failed, f->wrong, f->bytes, f->anonymous_kib);
	for (uint32_t how = 1; how < HOW_END; how++)
		printf(",\"%s\":%" PRIu64, larder_how_name(how), f->how[how]);
	printf("}\n");
	fflush(stdout);
	return f->wrong ? EXIT_WRONG : f->failed ? EXIT_FAILED : 0;
}

static int run_forked(struct fetcher *f, larder_session *session)
{
	int worst = 0;

	/* Used before the fork: connections, a read slot and a TLS state are open by now. */
	for (size_t i = 0; i < f->count && i < 10; i++)
		fetch(f, session, &f->items[i]);
	for (unsigned i = 0; i < f->forks; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			f->order += i + 1;
			run_passes(f, session);
			_exit(report(f));
		}
		if (pid < 0)
			worst = EXIT_FAILED;
	}
	/* The parent goes on beside its children with what it has. */
	run_passes(f, session);
	for (unsigned i = 0; i < f->forks; i++) {
		int status = 0;

		if (wait(&status) < 0 || !WIFEXITED(status))
			worst = worst ? worst : EXIT_FAILED;
		else if (WEXITSTATUS(status) > worst)
			worst = WEXITSTATUS(status);
	}
	return worst;
}

static int read_list(struct fetcher *f, const char *path)
{
	FILE *list = fopen(path, "r");
	char line[4096];

	while (list && fgets(line, sizeof(line), list)) {
		char *tab = strchr(line, '\t');

		line[strcspn(line, "\n")] = '\0';
		if (!tab)
			continue;
		*tab = '\0';
		f->items = realloc(f->items, (f->count + 1) * sizeof(*f->items));
		if (!f->items)
			return -1;
		f->items[f->count++] = (struct item){ strdup(line), strdup(tab + 1) };
	}
	if (list)
		fclose(list);
	return f->count > 0 ? 0 : -1;
}

static int usage(void)
{
	fprintf(stderr, "usage: fetcher [-s STORE] [-c CAFILE] [-n PASSES] [-f FORKS]\n"
			"               [-r SEED] [-H NAME=VALUE] LIST\n");
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	struct fetcher f = { .options = LARDER_OPTIONS_INIT, .passes = 1, .order = 1 };
	larder_session *session = NULL;
	larder_error err = { 0 };
	char *equals;
	int option;
	int rc;

	while ((option = getopt(argc, argv, "s:c:n:f:r:H:")) != -1) {
		switch (option) {
		case 's':
			f.options.store = optarg;
			break;
		case 'c':
			f.options.ca_file = optarg;
			break;
		case 'n':
			f.passes = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'f':
			f.forks = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'r':
			f.order = strtoull(optarg, NULL, 10) * 2654435761u + 1;
			break;
		case 'H':
			equals = strchr(optarg, '=');
			if (!equals || f.field_count == 8)
				return usage();
			f.fields[f.field_count++] = (larder_field){
				{ optarg, (size_t)(equals - optarg) },
				{ equals + 1, strlen(equals + 1) },
			};
			break;
		default:
			return usage();
		}
	}
	if (optind + 1 != argc || read_list(&f, argv[optind]) < 0)
		return usage();
	if (larder_session_open(&f.options, &session, &err) < 0) {
		fprintf(stderr, "fetcher: %s\n", err.message);
		return EXIT_FAILED;
	}
	if (f.forks > 0) {
		int worst = run_forked(&f, session);

		rc = report(&f);
		rc = rc > worst ? rc : worst;
	} else {
		run_passes(&f, session);
		rc = report(&f);
	}
	larder_session_close(session);
	for (size_t i = 0; i < f.count; i++) {
		free(f.items[i].url);
		free(f.items[i].file);
	}
	free(f.items);
	return rc;
}
