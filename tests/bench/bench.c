/* SPDX-License-Identifier: MIT */
/* bench.c - clocks, medians, checked strings and options of the benchmarks. */
#include "bench.h"

#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void bench_body(size_t index, char *buf, size_t len)
{
	uint64_t state = index * 0x9e3779b97f4a7c15u + len;
	size_t i;

	for (i = 0; i < len; i++)
		buf[i] = (char)('a' + bench_draw(&state) % 26);
}

uint64_t bench_draw(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return *state >> 33;
}

static uint64_t read_clock(clockid_t clock)
{
	struct timespec now = { 0, 0 };

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t bench_cpu_ns(void)
{
	return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

uint64_t bench_cpu_ns_of(pid_t pid)
{
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) != 0)
		bench_die("no CPU time of process %ld: it has ended", (long)pid);
	return read_clock(clock);
}

uint64_t bench_now_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

void bench_sleep_ms(unsigned ms)
{
	struct timespec pause = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000l };

	nanosleep(&pause, NULL);
}

void bench_pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) < 0)
		fprintf(stderr, "bench: cannot pin to CPU %d: figures will be noisy\n",
			cpu);
}

static int by_value(const void *left, const void *right)
{
	double a = *(const double *)left;
	double b = *(const double *)right;

	return (a > b) - (a < b);
}

double bench_quantile(double *values, size_t count, double share)
{
	size_t at = (size_t)(share * (double)count);

	if (count == 0)
		bench_die("a quantile of nothing");
	qsort(values, count, sizeof(*values), by_value);
	return values[at < count ? at : count - 1];
}

double bench_median(double *values, size_t count)
{
	return bench_quantile(values, count, 0.5);
}

void bench_die(const char *format, ...)
{
	va_list args;

	fputs("bench: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

void *bench_alloc(size_t len)
{
	void *bytes = calloc(1, len ? len : 1);

	if (!bytes)
		bench_die("out of memory");
	return bytes;
}

void bench_format(char *out, size_t cap, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(out, cap, format, args);
	va_end(args);
	if (len < 0 || (size_t)len >= cap)
		bench_die("%.60s...: longer than %zu bytes", out, cap - 1);
}

/* Takes `words` arguments out of the list. */
static void drop(int *argc, char **argv, int at, int words)
{
	memmove(argv + at, argv + at + words,
		(size_t)(*argc - at - words + 1) * sizeof(*argv));
	*argc -= words;
}

const char *bench_option(int *argc, char **argv, const char *name)
{
	int i;

	for (i = 1; i + 1 < *argc; i++) {
		if (strcmp(argv[i], name) == 0) {
			const char *value = argv[i + 1];

			drop(argc, argv, i, 2);
			return value;
		}
	}
	return NULL;
}

bool bench_flag(int *argc, char **argv, const char *name)
{
	int i;

	for (i = 1; i < *argc; i++) {
		if (strcmp(argv[i], name) == 0) {
			drop(argc, argv, i, 1);
			return true;
		}
	}
	return false;
}

size_t bench_number(int *argc, char **argv, const char *name, size_t otherwise,
		    size_t most)
{
	const char *text = bench_option(argc, argv, name);
	char *end = NULL;
	unsigned long long number;

	if (!text)
		return otherwise;
	number = strtoull(text, &end, 10);
	if (*text == '-' || end == text || *end != '\0' || number == 0 || number > most)
		bench_die("%s: a number from 1 to %zu, please, not %s", name, most, text);
	return (size_t)number;
}

void bench_no_more_options(int argc, char **argv, const char *usage)
{
	if (argc == 1)
		return;
	fprintf(stderr, "usage: %s %s\n", argv[0], usage);
	exit(2);
}
