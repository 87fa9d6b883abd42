/* SPDX-License-Identifier: MIT */
/*
 * worker.c - one worker process of many: fetches every URL on standard input N times.
 *
 * usage: worker [-n TIMES] [-d DIR] [-s STORE] [-c CA.pem] < LIST
 *
 * With -d the body of http://HOST/PATH is compared with the file DIR/PATH. Ends with one line:
 * how many requests were hits, were confirmed by the origin, were fetched from it, and CPU
 * microseconds for one of each. The exit status is 1 when anything failed or differed.
 */
#include <larder/larder.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct {
	const char *folder;
	unsigned long count[LARDER_HOW_REFUSED + 1], failed, wrong;
	double cpu_us[LARDER_HOW_REFUSED + 1];
} tally;

static double cpu_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* Reads the body to its end, and beside it the file that it should be: 0 or an error. */
static int read_body(larder_response *response, FILE *original)
{
	static char body[256 * 1024], wanted[256 * 1024];
	int differs = 0;
	ptrdiff_t n;

	while ((n = larder_response_read(response, body, sizeof(body))) > 0) {
		if (original && (fread(wanted, 1, (size_t)n, original) != (size_t)n ||
				 memcmp(body, wanted, (size_t)n) != 0))
			differs = 1;
	}
	if (original && n == 0 && fgetc(original) != EOF)
		differs = 1;
	tally.wrong += (unsigned long)differs;
	return (int)n;
}

static void fetch(larder_session *session, const char *url, FILE *original)
{
	larder_response *response = NULL;
	double start_us = cpu_us();
	int rc = larder_get(session, url, &response);

	if (rc < 0) {
		fprintf(stderr, "worker: %s\n", larder_session_error(session)->message);
	} else {
		uint32_t status = larder_response_status(response);
		uint32_t how;

		rc = read_body(response, status == 200 ? original : NULL);
		if (rc < 0 || status != 200)
			fprintf(stderr, "worker: %s: status %u %s\n", url, status,
				larder_response_error(response)->message);
		how = larder_response_served(response)->how;
		larder_response_free(response);
		tally.count[how]++;
		tally.cpu_us[how] += cpu_us() - start_us;
		rc = status == 200 ? rc : -1;
	}
	tally.failed += rc < 0;
}

/* A line of counts for the hows from `first` to `last`. */
static void print(const char *name, int first, int last)
{
	unsigned long count = 0;
	double us = 0;

	for (int how = first; how <= last; how++) {
		count += tally.count[how];
		us += tally.cpu_us[how];
	}
	printf(" %s=%lu %s_us=%.2f", name, count, name, count ? us / (double)count : 0);
}

int main(int argc, char **argv)
{
	larder_options options = LARDER_OPTIONS_INIT;
	larder_session *session = NULL;
	larder_error err;
	char **urls = NULL, *line = NULL;
	size_t count = 0, size = 0;
	long times = 1;

	for (int option; (option = getopt(argc, argv, "n:d:s:c:")) != -1;) {
		if (option == 'n')
			times = strtol(optarg, NULL, 10);
		else if (option == 'd')
			tally.folder = optarg;
		else if (option == 's')
			options.store = optarg;
		else if (option == 'c')
			options.ca_file = optarg;
		else
			return 2;
	}
	while (getline(&line, &size, stdin) > 0) {
		line[strcspn(line, "\r\n")] = '\0';
		urls = realloc(urls, (count + 1) * sizeof(*urls));
		if (!urls || !(urls[count++] = strdup(line)))
			return 1;
	}
	if (larder_session_open(&options, &session, &err) < 0) {
		fprintf(stderr, "worker: %s\n", err.message);
		return 1;
	}
	for (size_t i = 0; i < count * (size_t)times; i++) {
		const char *url = urls[i % count];
		const char *host = strstr(url, "://");
		const char *path = host ? strchr(host + 3, '/') : NULL;
		FILE *original = NULL;
		char name[4096];

		if (tally.folder && path) {
			snprintf(name, sizeof(name), "%s%s", tally.folder, path);
			original = fopen(name, "rb");
			if (!original) {
				perror(name);
				tally.wrong++;
			}
		}
		fetch(session, url, original);
		if (original)
			fclose(original);
	}
	larder_session_close(session);
	printf("pid=%ld requests=%zu failed=%lu wrong=%lu", (long)getpid(),
	       count * (size_t)times, tally.failed, tally.wrong);
	print("hits", LARDER_HOW_FRESH, LARDER_HOW_STALE);
	print("confirmed", LARDER_HOW_REVALIDATED, LARDER_HOW_REVALIDATED);
	print("fetched", LARDER_HOW_MISS, LARDER_HOW_REFUSED);
	printf("\n");
	while (count)
		free(urls[--count]);
	free(urls);
	free(line);
	return tally.failed || tally.wrong;
}
