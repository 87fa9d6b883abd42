/* SPDX-License-Identifier: MIT */
/*
 * daemon.c - CPU time of larderd a request beside memcached's, over unix sockets, in one run.
 *
 * Both have one worker on CPU 0, the generator runs on CPU 1. Each cell is a median over rounds
 * that interleave the two.
 * usage: daemon LARDERD [rounds [value size, as printed]]
 */
#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "tests/support/tmpdir.h"

enum { CONNECTIONS = 16, ROUNDS_MAX = 64, SLICE_MS = 250, KEY_BYTES = 14 };

struct load {
	const char *name;
	size_t value_bytes;
	size_t entries;
};

static const struct load loads[] = {
	{ "100 B", 100, 20000 },
	{ "4 KiB", 4096, 5000 },
	{ "100 KiB", 102400, 500 },
};

struct server {
	const char *name;
	pid_t pid;
	char path[256];
	int fds[CONNECTIONS];
};

static unsigned random_state = 1;

static size_t pick(size_t count)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (size_t)(random_state >> 4) % count;
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) < 0)
		fprintf(stderr, "cannot pin to CPU %d: figures will be noisy\n", cpu);
}

static int dial(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path, path, strlen(path) + 1);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		bench_die("connect %s: %s", path, strerror(errno));
	return fd;
}

/* `depth` requests in one piece of memory, and how many bytes will answer them. */
static size_t compose(char *out, size_t size, const struct load *load, bool set,
		      int depth, const char *value, size_t *reply_bytes)
{
	size_t len = 0;
	char head[96];

	*reply_bytes = 0;
	for (int i = 0; i < depth; i++) {
		size_t index = pick(load->entries);
		int n;

		if (set) {
			n = snprintf(head, sizeof(head), "set key-%010zu 0 0 %zu\r\n",
				     index, load->value_bytes);
			if (len + (size_t)n + load->value_bytes + 2 > size)
				bench_die("request too large");
			memcpy(out + len, head, (size_t)n);
			memcpy(out + len + n, value, load->value_bytes);
			memcpy(out + len + (size_t)n + load->value_bytes, "\r\n", 2);
			len += (size_t)n + load->value_bytes + 2;
			*reply_bytes += strlen("STORED\r\n");
		} else {
			len += (size_t)snprintf(out + len, size - len,
						"get key-%010zu\r\n", index);
			*reply_bytes += strlen("VALUE ") + KEY_BYTES + load->value_bytes +
					strlen("\r\nEND\r\n") +
					(size_t)snprintf(head, sizeof(head), " 0 %zu\r\n",
							 load->value_bytes);
		}
	}
	return len;
}

static void send_all(int fd, const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

		if (n < 0)
			bench_die("send: %s", strerror(errno));
		bytes += n;
		len -= (size_t)n;
	}
}

static uint64_t now_ns(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return (uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec;
}

/* Keeps every connection busy for one slice; returns server CPU microseconds a request. */
static double run_slice(struct server *server, const struct load *load, bool set,
			int depth, const char *value, uint64_t *requests_out)
{
	static char request[4 << 20], reply[1 << 20];
	size_t left[CONNECTIONS], len;
	struct epoll_event events[CONNECTIONS];
	uint64_t requests = 0, stop_ns = now_ns() + SLICE_MS * 1000000u;
	uint64_t cpu_ns = bench_cpu_ns_of(server->pid);
	int busy = CONNECTIONS, loop = epoll_create1(EPOLL_CLOEXEC);

	for (int i = 0; i < CONNECTIONS; i++) {
		struct epoll_event event = { .events = EPOLLIN, .data.u32 = (uint32_t)i };

		epoll_ctl(loop, EPOLL_CTL_ADD, server->fds[i], &event);
		len = compose(request, sizeof(request), load, set, depth, value, &left[i]);
		send_all(server->fds[i], request, len);
	}
	while (busy) {
		int count = epoll_wait(loop, events, CONNECTIONS, 5000);

		if (count <= 0)
			bench_die("%s does not answer", server->name);
		for (int e = 0; e < count; e++) {
			uint32_t i = events[e].data.u32;
			ssize_t n = recv(server->fds[i], reply, sizeof(reply), 0);

			if (n <= 0 || (size_t)n > left[i] ||
			    (reply[0] != 'V' && reply[0] != 'S' && left[i] == 0))
				bench_die("%s: wrong reply %.40s", server->name, reply);
			left[i] -= (size_t)n;
			if (left[i])
				continue;
			requests += (uint64_t)depth;
			if (now_ns() > stop_ns) {
				busy--;
				continue;
			}
			len = compose(request, sizeof(request), load, set, depth, value,
				      &left[i]);
			send_all(server->fds[i], request, len);
		}
	}
	close(loop);
	*requests_out += requests;
	return (double)(bench_cpu_ns_of(server->pid) - cpu_ns) / 1000.0 / (double)requests;
}

static void fill(struct server *server, const struct load *load, const char *value)
{
	char head[96], reply[64];

	for (size_t i = 0; i < load->entries; i++) {
		int n = snprintf(head, sizeof(head), "set key-%010zu 0 0 %zu\r\n", i,
				 load->value_bytes);

		send_all(server->fds[0], head, (size_t)n);
		send_all(server->fds[0], value, load->value_bytes);
		send_all(server->fds[0], "\r\n", 2);
		if (recv(server->fds[0], reply, sizeof(reply), 0) != 8)
			bench_die("%s: cannot fill", server->name);
	}
}

static void run_cell(struct server servers[2], const struct load *load, bool set,
		     int depth, int rounds, const char *value)
{
	double figures[2][ROUNDS_MAX];
	uint64_t requests[2] = { 0, 0 };

	for (int round = 0; round < rounds; round++) {
		for (int s = 0; s < 2; s++)
			figures[s][round] = run_slice(&servers[s], load, set, depth,
						      value, &requests[s]);
	}
	double larderd = bench_median(figures[0], (size_t)rounds);
	double memcached = bench_median(figures[1], (size_t)rounds);

	printf("%-8s %-4s depth %-3d %8.2f us %8.2f us   %5.2f\n", load->name,
	       set ? "set" : "get", depth, larderd, memcached, larderd / memcached);
	fflush(stdout);
}

static void start(struct server *server, const char *name, const char *log,
		  const char *const argv[])
{
	server->name = name;
	pin(0);
	server->pid = bench_start(log, argv);
	pin(1);
	bench_await_socket(server->path);
	for (int i = 0; i < CONNECTIONS; i++)
		server->fds[i] = dial(server->path);
}

int main(int argc, char **argv)
{
	const char *folder = lrd_tmpdir_new();
	int rounds = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 5;
	struct server servers[2];
	char store[256], log[256], *value = malloc(1 << 20);
	const char *user = geteuid() == 0 ? "root" : "nobody";

	if (argc < 2 || rounds < 1 || rounds > ROUNDS_MAX || !value)
		bench_die("usage: daemon LARDERD [rounds, 1 to %d]", ROUNDS_MAX);
	memset(value, 'v', 1 << 20);
	lrd_tmpdir_path(store, sizeof(store), folder, "store");
	lrd_tmpdir_path(log, sizeof(log), folder, "log");
	lrd_tmpdir_path(servers[0].path, sizeof(servers[0].path), folder, "larderd.sock");
	lrd_tmpdir_path(servers[1].path, sizeof(servers[1].path), folder,
			"memcached.sock");
	start(&servers[0], "larderd", log,
	      (const char *[]){ argv[1], "-u", user, "--store", store, "-s",
				servers[0].path, "-t", "1", NULL });
	start(&servers[1], "memcached", log,
	      (const char *[]){ "memcached", "-u", user, "-s", servers[1].path, "-t", "1",
				"-m", "1024", NULL });
	printf("server CPU a request, %d connections, unix socket\n"
	       "%-8s %-4s %-9s %11s %11s   ratio\n",
	       CONNECTIONS, "value", "", "", "larderd", "memcached");
	for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
		if (argc > 3 && strcmp(argv[3], loads[i].name) != 0)
			continue;
		for (int s = 0; s < 2; s++)
			fill(&servers[s], &loads[i], value);
		for (int set = 0; set < 2; set++) {
			run_cell(servers, &loads[i], set, 1, rounds, value);
			run_cell(servers, &loads[i], set, 16, rounds, value);
		}
	}
	for (int s = 0; s < 2; s++)
		bench_stop(servers[s].pid);
	free(value);
	return 0;
}
