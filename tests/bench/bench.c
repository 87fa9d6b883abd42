/* SPDX-License-Identifier: MIT */
/* bench.c - clocks, medians and servers for the benchmarks. */
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

void bench_body(size_t index, char *buf, size_t len)
{
	uint64_t state = index * 0x9e3779b97f4a7c15u + len;
	size_t i;

	for (i = 0; i < len; i++) {
		state = state * 6364136223846793005u + 1442695040888963407u;
		buf[i] = (char)('a' + (state >> 59));
	}
}

uint64_t bench_cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t bench_cpu_ns_of(pid_t pid)
{
	clockid_t clock;
	struct timespec now;

	if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &now) != 0)
		bench_die("no CPU time of process %ld: it has ended", (long)pid);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int by_value(const void *left, const void *right)
{
	double a = *(const double *)left;
	double b = *(const double *)right;

	return (a > b) - (a < b);
}

double bench_median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), by_value);
	return values[count / 2];
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

pid_t bench_start(const char *log, const char *const argv[])
{
	pid_t pid = fork();

	if (pid < 0)
		bench_die("fork: %s", strerror(errno));
	if (pid == 0) {
		int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);

		/* A benchmark that is killed must not leave servers behind. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (fd >= 0) {
			dup2(fd, STDOUT_FILENO);
			dup2(fd, STDERR_FILENO);
		}
		/* execvp() takes words that it does not change. */
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	return pid;
}

void bench_stop(pid_t pid)
{
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
}

void bench_await_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct timespec pause = { .tv_nsec = 20 * 1000 * 1000 };
	int tries;

	if (strlen(path) >= sizeof(address.sun_path))
		bench_die("socket path too long: %s", path);
	memcpy(address.sun_path, path, strlen(path) + 1);
	for (tries = 0; tries < 250; tries++) {
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);
		int rc = connect(fd, (struct sockaddr *)&address, sizeof(address));

		close(fd);
		if (rc == 0)
			return;
		nanosleep(&pause, NULL);
	}
	bench_die("nobody listens on %s after five seconds", path);
}
