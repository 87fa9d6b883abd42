/* SPDX-License-Identifier: MIT */
/*
 * bench.h - contenders that answer the same gets, measured in turns within one run.
 *
 * A shared machine is noisy, so a figure means something only beside another one of the same
 * minute: every contender runs a short slice in each round, the rounds interleave, and the
 * median over the rounds is what counts. CPU time, not wall time, and that of the server a
 * contender talks to as well.
 */
#ifndef LARDER_BENCH_H
#define LARDER_BENCH_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* One body size and how many distinct entries have it. */
struct bench_load {
	const char *label;
	size_t body_bytes;
	size_t entries;
	size_t slice; /* gets a contender does in one round */
};

struct bench_contender {
	const char *name;
	size_t entries_max; /* it holds no more distinct entries than this; 0: no bound */
	/* Fills whatever answers; `folder` is a fresh one. Returns its state, exits on failure. */
	void *(*open)(const char *folder, const struct bench_load *load);
	/* Gets entry `index` into `buf` (load->body_bytes large); returns the bytes got. */
	size_t (*get)(void *state, size_t index, char *buf);
	/* The server's process, whose CPU time counts too; 0: there is none. */
	pid_t (*server)(void *state);
	void (*close)(void *state);
};

extern const struct bench_contender bench_larder;
extern const struct bench_contender bench_lmdb;
extern const struct bench_contender bench_memcached;
extern const struct bench_contender bench_curl_nginx;

/* The body of an entry: the same bytes for every contender, different for every index. */
void bench_body(size_t index, char *buf, size_t len);

/* CPU nanoseconds used by this process, and by another one (from its scheduler statistics). */
uint64_t bench_cpu_ns(void);
uint64_t bench_cpu_ns_of(pid_t pid);

/* Sorts and takes the middle. */
double bench_median(double *values, size_t count);

/* Says what failed and exits with 1: a benchmark with a broken contender has no result. */
_Noreturn void bench_die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Writes a path, a URL or a line as printf does, and dies where `cap` is too small for it. */
void bench_format(char *out, size_t cap, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Starts a server whose standard streams go to `log`; bench_stop ends it and waits. */
pid_t bench_start(const char *log, const char *const argv[]);
void bench_stop(pid_t pid);

/* Waits until a unix socket accepts, at most five seconds. */
void bench_await_socket(const char *path);

#endif
