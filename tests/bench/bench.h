/* SPDX-License-Identifier: MIT */
/*
 * bench.h - what every benchmark needs: clocks, medians, servers, checked strings, options.
 *
 * A shared machine is noisy, so a figure means something only beside another one of the same
 * minute: every contender runs a short slice in each round, the rounds interleave, and the
 * median over the rounds is what counts. CPU time, not wall time, wherever a server answers
 * too, and then that of the server as well. Whatever fails ends the benchmark: with a broken
 * contender it has no result.
 */
#ifndef LARDER_BENCH_H
#define LARDER_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { BENCH_ROUNDS_MAX = 99, BENCH_PATH_MAX = 512 };

/* The body of an entry: the same bytes for every contender, different for every index. */
void bench_body(size_t index, char *buf, size_t len);

/* The next number of a fixed sequence: every contender draws the same. */
uint64_t bench_draw(uint64_t *state);

/* CPU nanoseconds used by this process, and by another one (from its scheduler statistics). */
uint64_t bench_cpu_ns(void);
uint64_t bench_cpu_ns_of(pid_t pid);

/* Monotonic nanoseconds, and a pause. */
uint64_t bench_now_ns(void);
void bench_sleep_ms(unsigned ms);

/* Keeps this process, and those it starts from now on, on one CPU. Warns where it cannot. */
void bench_pin(int cpu);

/* Sorts; the middle, or the value below which `share` (0 to 1) of the others lie. */
double bench_median(double *values, size_t count);
double bench_quantile(double *values, size_t count, double share);

/* Says what failed and exits with 1. */
_Noreturn void bench_die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* malloc() of zeroed bytes that does not fail. */
void *bench_alloc(size_t len);

/* Writes a path, a URL or a line as printf does, and dies where `cap` is too small for it. */
void bench_format(char *out, size_t cap, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Whether a program of that name is installed. */
bool bench_has_program(const char *name);

/* Starts a server whose standard streams go to `log`; bench_stop ends it and waits. */
pid_t bench_start(const char *log, const char *const argv[]);
void bench_stop(pid_t pid);

/* A port of 127.0.0.1 that nobody has now. */
unsigned bench_free_port(void);

/* Connects to a port of 127.0.0.1, Nagle's delay off. */
int bench_connect_port(unsigned port);

/* Waits until a unix socket, or a port of 127.0.0.1, accepts; at most five seconds. */
void bench_await_socket(const char *path);
void bench_await_port(unsigned port);

/*
 * Options: each call takes one out of the arguments. The value of "--name VALUE" or NULL;
 * whether "--name" was given; its number, or `otherwise`. What is left at the end is refused.
 */
const char *bench_option(int *argc, char **argv, const char *name);
bool bench_flag(int *argc, char **argv, const char *name);
size_t bench_number(int *argc, char **argv, const char *name, size_t otherwise,
		    size_t most);
void bench_no_more_options(int argc, char **argv, const char *usage);

#endif
