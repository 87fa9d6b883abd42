/* SPDX-License-Identifier: MIT */
/* herd_origin.c - a slow origin: one process, one loop, a counter others can read. */
#include "bench.h"
#include "herd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CLIENTS_MAX = 512, HEAD_MAX = 8192, BODY_BYTES = 1024 };

struct client {
	int fd;
	size_t have;     /* bytes of a request head so far */
	uint64_t due_ns; /* when its answer leaves; 0: nothing asked */
	char head[HEAD_MAX];
};

struct loop {
	int listener;
	uint64_t delay_ns;
	uint64_t *requests;
	struct client *clients;
	size_t count;
};

static const char *cache_control(const char *head)
{
	if (strncmp(head, "GET /cold/", 10) == 0)
		return "max-age=60";
	if (strncmp(head, "GET /stale/", 11) == 0)
		return "max-age=1, stale-while-revalidate=60";
	return "no-store";
}

static void answer(struct client *client)
{
	char out[HEAD_MAX + BODY_BYTES];
	char date[64];
	time_t now = time(NULL);
	struct tm parts;
	size_t len;

	gmtime_r(&now, &parts);
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &parts);
	bench_format(out, sizeof(out),
		     "HTTP/1.1 200 OK\r\nDate: %s\r\nContent-Type: text/plain\r\n"
		     "Cache-Control: %s\r\nContent-Length: %d\r\n\r\n",
		     date, cache_control(client->head), BODY_BYTES);
	len = strlen(out);
	bench_body(1, out + len, BODY_BYTES);
	client->due_ns = 0;
	client->have = 0;
	/* A kilobyte always fits the socket's buffer; who has left will be seen by read(). */
	if (send(client->fd, out, len + BODY_BYTES, MSG_NOSIGNAL) < 0)
		shutdown(client->fd, SHUT_RDWR);
}

/* False when the client is gone. */
static bool hear(struct loop *loop, struct client *client)
{
	ssize_t got = recv(client->fd, client->head + client->have,
			   HEAD_MAX - 1 - client->have, 0);

	if (got <= 0)
		return false;
	client->have += (size_t)got;
	client->head[client->have] = '\0';
	if (client->due_ns == 0 && strstr(client->head, "\r\n\r\n")) {
		__atomic_add_fetch(loop->requests, 1, __ATOMIC_RELAXED);
		client->due_ns = bench_now_ns() + loop->delay_ns;
	}
	return client->have < HEAD_MAX - 1;
}

static void greet(struct loop *loop)
{
	int fd = accept(loop->listener, NULL, NULL);

	if (fd < 0)
		return;
	if (loop->count == CLIENTS_MAX) {
		close(fd);
		return;
	}
	memset(&loop->clients[loop->count], 0, sizeof(*loop->clients));
	loop->clients[loop->count++].fd = fd;
}

static int next_timeout_ms(const struct loop *loop)
{
	uint64_t now_ns = bench_now_ns();
	uint64_t first_ns = UINT64_MAX;
	size_t i;

	for (i = 0; i < loop->count; i++) {
		if (loop->clients[i].due_ns && loop->clients[i].due_ns < first_ns)
			first_ns = loop->clients[i].due_ns;
	}
	if (first_ns == UINT64_MAX)
		return 1000;
	return first_ns <= now_ns ? 0 : (int)((first_ns - now_ns) / 1000000) + 1;
}

static void turn(struct loop *loop)
{
	struct pollfd polled[CLIENTS_MAX + 1];
	size_t count = loop->count;
	uint64_t now_ns;
	size_t i;

	polled[0] = (struct pollfd){ .fd = loop->listener, .events = POLLIN };
	for (i = 0; i < count; i++)
		polled[i + 1] =
			(struct pollfd){ .fd = loop->clients[i].fd, .events = POLLIN };
	if (poll(polled, count + 1, next_timeout_ms(loop)) < 0)
		return;
	now_ns = bench_now_ns();
	/* Backwards, so that the last may take the place of one that leaves. */
	for (i = count; i-- > 0;) {
		struct client *client = &loop->clients[i];

		if (polled[i + 1].revents && !hear(loop, client)) {
			close(client->fd);
			*client = loop->clients[--loop->count];
		} else if (client->due_ns && client->due_ns <= now_ns) {
			answer(client);
		}
	}
	if (polled[0].revents)
		greet(loop);
}

static _Noreturn void serve(struct loop *loop)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	loop->clients = bench_alloc(CLIENTS_MAX * sizeof(*loop->clients));
	for (;;)
		turn(loop);
}

void herd_origin_start(struct herd_origin *origin, unsigned delay_ms)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	struct loop loop = { .delay_ns = delay_ms * UINT64_C(1000000) };

	origin->requests = mmap(NULL, sizeof(*origin->requests), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	loop.requests = origin->requests;
	loop.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (origin->requests == MAP_FAILED || loop.listener < 0 ||
	    bind(loop.listener, (struct sockaddr *)&address, len) < 0 ||
	    listen(loop.listener, CLIENTS_MAX) < 0 ||
	    getsockname(loop.listener, (struct sockaddr *)&address, &len) < 0)
		bench_die("origin: %s", strerror(errno));
	origin->port = ntohs(address.sin_port);
	fflush(stdout);
	origin->pid = fork();
	if (origin->pid < 0)
		bench_die("fork: %s", strerror(errno));
	if (origin->pid == 0)
		serve(&loop);
	close(loop.listener);
}

void herd_origin_stop(struct herd_origin *origin)
{
	bench_stop(origin->pid);
	munmap(origin->requests, sizeof(*origin->requests));
}
