/* SPDX-License-Identifier: MIT */
/*
 * curl.c - larder's cache with libcurl as the transport: curl URL...
 *
 * Prints each body, and to stderr how it was come by. libcurl's multi interface runs all the
 * transfers at once in one thread; plans that wait for another process are polled beside its
 * sockets. Failures of the transport end with status 1.
 */
#include <larder/cache.h>

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIELDS = 200, HEAD_BYTES = 65536, PIECE = 65536 };

/* One URL on its way. */
struct fetch {
	const char *url;
	larder_plan *plan;
	CURL *easy; /* NULL unless the origin is being asked */
	struct curl_slist *lines;
	/* The response head as it comes in: names and values lie in `text`. */
	larder_head head;
	larder_field fields[FIELDS];
	char text[HEAD_BYTES];
	size_t text_len;
	int decided; /* the plan has seen the head */
	int failed;
	int done;
};

static void tell(const struct fetch *fetch)
{
	char status[256];

	larder_plan_cache_status(fetch->plan, status, sizeof(status));
	fprintf(stderr, "%s: %s\n", fetch->url, status);
}

static void fail(struct fetch *fetch, const char *why)
{
	fprintf(stderr, "curl: %s: %s\n", fetch->url, why);
	fetch->failed = 1;
}

/* The stored response answers. */
static void serve(struct fetch *fetch)
{
	char piece[PIECE];
	ptrdiff_t n;

	while ((n = larder_plan_read(fetch->plan, piece, sizeof(piece))) > 0)
		fwrite(piece, 1, (size_t)n, stdout);
	if (n < 0)
		fail(fetch, larder_strerror((int)n));
	fetch->done = 1;
	tell(fetch);
}

/* ---- what libcurl receives --------------------------------------------------------------- */

/* Copies bytes that libcurl keeps for this call only. */
static larder_slice keep(struct fetch *fetch, const char *bytes, size_t len)
{
	larder_slice copy = { fetch->text + fetch->text_len, len };

	memcpy(fetch->text + fetch->text_len, bytes, len);
	fetch->text[fetch->text_len + len] = '\0';
	fetch->text_len += len + 1;
	return copy;
}

static size_t trim(const char **from, size_t len)
{
	while (len > 0 && (**from == ' ' || **from == '\t')) {
		(*from)++;
		len--;
	}
	while (len > 0 && strchr(" \t\r\n", (*from)[len - 1]))
		len--;
	return len;
}

/* The head is complete: what does the cache say? False: the transfer is to be cut off. */
static int decide(struct fetch *fetch)
{
	curl_off_t length = -1;
	long status = 0;

	curl_easy_getinfo(fetch->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(fetch->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	fetch->head.status = (uint32_t)status;
	fetch->head.fields = fetch->fields;
	fetch->head.body_length = length;
	fetch->head.no_body = status == 204 || status == 304;
	fetch->decided = 1;
	return larder_plan_receive(fetch->plan, &fetch->head) == 0;
}

static size_t on_header(char *line, size_t size, size_t count, void *ctx)
{
	struct fetch *fetch = ctx;
	size_t len = size * count;
	const char *colon = memchr(line, ':', len);
	const char *value;
	size_t value_len;
	long status = 0;

	if (len >= 5 && memcmp(line, "HTTP/", 5) == 0) {
		/* The first line, of an interim response perhaps: begin anew. */
		fetch->head = (larder_head)LARDER_HEAD_INIT;
		fetch->head.version = line[5] == '2' ? 20 : line[7] == '0' ? 10 : 11;
		fetch->text_len = 0;
		return len;
	}
	curl_easy_getinfo(fetch->easy, CURLINFO_RESPONSE_CODE, &status);
	if (len <= 2 && status >= 200 && !fetch->decided)
		return decide(fetch) ? len : 0;
	if (!colon || fetch->decided)
		return len; /* the end of an interim head, or a trailer */
	if (fetch->head.field_count == FIELDS || fetch->text_len + len + 2 > HEAD_BYTES)
		return 0;
	value = colon + 1;
	value_len = trim(&value, len - (size_t)(value - line));
	fetch->fields[fetch->head.field_count].name =
		keep(fetch, line, (size_t)(colon - line));
	fetch->fields[fetch->head.field_count++].value = keep(fetch, value, value_len);
	return len;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *ctx)
{
	struct fetch *fetch = ctx;
	size_t len = size * count;

	if (larder_plan_verdict(fetch->plan) != LARDER_PASS)
		return len; /* the stored response answers: this one is drained */
	if (larder_plan_append(fetch->plan, bytes, len) < 0)
		return 0;
	return fwrite(bytes, 1, len, stdout);
}

/* ---- asking ------------------------------------------------------------------------------ */

/* Sends the request, with the conditions that the plan wants added. */
static int ask(struct fetch *fetch, CURLM *multi)
{
	size_t count;
	const larder_field *conditions = larder_plan_condition(fetch->plan, &count);
	char line[4096];

	fetch->easy = curl_easy_init();
	if (!fetch->easy)
		return -1;
	for (size_t i = 0; i < count; i++) {
		snprintf(line, sizeof(line), "%s: %s", conditions[i].name.ptr,
			 conditions[i].value.ptr);
		fetch->lines = curl_slist_append(fetch->lines, line);
	}
	fetch->decided = 0;
	/* The cache keeps responses as they come: no content coding is undone here. */
	curl_easy_setopt(fetch->easy, CURLOPT_URL, fetch->url);
	curl_easy_setopt(fetch->easy, CURLOPT_HTTPHEADER, fetch->lines);
	curl_easy_setopt(fetch->easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(fetch->easy, CURLOPT_HEADERDATA, fetch);
	curl_easy_setopt(fetch->easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(fetch->easy, CURLOPT_WRITEDATA, fetch);
	curl_easy_setopt(fetch->easy, CURLOPT_PRIVATE, fetch);
	curl_easy_setopt(fetch->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(fetch->easy, CURLOPT_TIMEOUT, 60L);
	return curl_multi_add_handle(multi, fetch->easy) == CURLM_OK ? 0 : -1;
}

static void let_go(struct fetch *fetch, CURLM *multi)
{
	if (fetch->easy) {
		curl_multi_remove_handle(multi, fetch->easy);
		curl_easy_cleanup(fetch->easy);
	}
	fetch->easy = NULL;
	curl_slist_free_all(fetch->lines);
	fetch->lines = NULL;
}

/* Does what the plan's verdict calls for. */
static void go_on(struct fetch *fetch, CURLM *multi)
{
	switch (larder_plan_verdict(fetch->plan)) {
	case LARDER_SERVE:
		serve(fetch);
		break;
	case LARDER_FETCH:
		if (ask(fetch, multi) < 0)
			fail(fetch, "out of memory");
		break;
	case LARDER_WAIT:
		break; /* main() polls for it */
	default:
		fail(fetch, "nothing stored may answer");
		break;
	}
}

static void finished(struct fetch *fetch, CURLM *multi, CURLcode code)
{
	let_go(fetch, multi);
	if (code != CURLE_OK && !fetch->decided) {
		if (larder_plan_fail(fetch->plan, LARDER_ECONNECT) < 0 ||
		    larder_plan_verdict(fetch->plan) != LARDER_SERVE) {
			fail(fetch, curl_easy_strerror(code));
			return;
		}
	}
	if (larder_plan_verdict(fetch->plan) != LARDER_PASS) {
		go_on(fetch, multi); /* a 304, or something stale in place of a failure */
		return;
	}
	if (code != CURLE_OK) {
		fail(fetch, curl_easy_strerror(code));
		return;
	}
	larder_plan_commit(fetch->plan);
	fetch->done = 1;
	tell(fetch);
}

/* ---- the loop ---------------------------------------------------------------------------- */

static int over(const struct fetch *fetch)
{
	return fetch->done || fetch->failed;
}

/* Waits for sockets of libcurl and for plans, then lets both go on. */
static void turn(struct fetch *fetches, size_t count, CURLM *multi)
{
	struct curl_waitfd waits[64] = { { 0, 0, 0 } };
	unsigned wait_count = 0;
	int running, left;
	CURLMsg *message;
	char *fetch;

	for (size_t i = 0; i < count && wait_count < 64; i++) {
		if (over(&fetches[i]) ||
		    larder_plan_verdict(fetches[i].plan) != LARDER_WAIT)
			continue;
		waits[wait_count].fd = larder_plan_wait_fd(fetches[i].plan);
		waits[wait_count++].events = CURL_WAIT_POLLIN;
	}
	curl_multi_poll(multi, waits, wait_count, 1000, NULL);
	curl_multi_perform(multi, &running);
	while ((message = curl_multi_info_read(multi, &left)) != NULL) {
		CURLcode code = message->data.result;

		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &fetch);
		finished((struct fetch *)(void *)fetch, multi, code);
	}
	for (size_t i = 0; i < count; i++) {
		if (over(&fetches[i]))
			continue;
		if (fetches[i].easy)
			larder_plan_keep(fetches[i].plan);
		else if (larder_plan_wait(fetches[i].plan, 0) == 0)
			go_on(&fetches[i], multi);
	}
}

int main(int argc, char **argv)
{
	size_t count = argc > 1 ? (size_t)argc - 1 : 0;
	struct fetch *fetches = calloc(count ? count : 1, sizeof(*fetches));
	CURLM *multi = NULL;
	larder_cache *cache = NULL;
	larder_error err;
	int status = 0;
	size_t left;

	if (count == 0 || !fetches) {
		fprintf(stderr, "usage: curl URL...\n");
		free(fetches);
		return 2;
	}
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0 || !(multi = curl_multi_init())) {
		free(fetches);
		return 1;
	}
	if (larder_cache_open(NULL, &cache, &err) < 0) {
		fprintf(stderr, "curl: %s\n", err.message);
		status = 1;
		goto out;
	}
	for (size_t i = 0; i < count; i++) {
		larder_lookup lookup = LARDER_LOOKUP_INIT;
		int rc;

		fetches[i].url = argv[i + 1];
		lookup.url = (larder_slice){ argv[i + 1], strlen(argv[i + 1]) };
		lookup.can_wait = 1;
		rc = larder_cache_lookup(cache, &lookup, &fetches[i].plan);
		if (rc < 0)
			fail(&fetches[i], larder_strerror(rc));
		else
			go_on(&fetches[i], multi);
	}
	do {
		left = 0;
		for (size_t i = 0; i < count; i++)
			left += !over(&fetches[i]);
		if (left)
			turn(fetches, count, multi);
	} while (left);
out:
	for (size_t i = 0; i < count; i++) {
		status = fetches[i].failed ? 1 : status;
		let_go(&fetches[i], multi);
		larder_plan_free(fetches[i].plan);
	}
	larder_cache_close(cache);
	curl_multi_cleanup(multi);
	curl_global_cleanup();
	free(fetches);
	return status;
}
