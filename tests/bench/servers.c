/* SPDX-License-Identifier: MIT */
/* servers.c - servers that benchmarks start, wait for and end. */
#include "bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { AWAIT_TRIES = 250, AWAIT_MS = 20 };

bool bench_has_program(const char *name)
{
	const char *path = getenv("PATH");
	char file[BENCH_PATH_MAX];

	/* Daemons live in /usr/sbin, which is not in every user's path. */
	bench_format(file, sizeof(file), "/usr/sbin/%s", name);
	if (access(file, X_OK) == 0)
		return true;
	while (path && *path) {
		size_t len = strcspn(path, ":");

		bench_format(file, sizeof(file), "%.*s/%s", (int)len, path, name);
		if (access(file, X_OK) == 0)
			return true;
		path += len + (path[len] == ':');
	}
	return false;
}

pid_t bench_start(const char *log, const char *const argv[])
{
	pid_t pid = fork();

	if (pid < 0)
		bench_die("fork: %s", strerror(errno));
	if (pid == 0) {
		int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
		char path[BENCH_PATH_MAX * 2];

		/* A benchmark that is killed must not leave servers behind. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (fd >= 0) {
			dup2(fd, STDOUT_FILENO);
			dup2(fd, STDERR_FILENO);
		}
		bench_format(path, sizeof(path), "%s:/usr/sbin", getenv("PATH"));
		setenv("PATH", path, 1);
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

static struct sockaddr_in loopback(unsigned port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				       .sin_port = htons((uint16_t)port) };

	return address;
}

unsigned bench_free_port(void)
{
	struct sockaddr_in address = loopback(0);
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &len) < 0)
		bench_die("no free port: %s", strerror(errno));
	close(fd);
	return ntohs(address.sin_port);
}

static int try_port(unsigned port)
{
	struct sockaddr_in address = loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

int bench_connect_port(unsigned port)
{
	int fd = try_port(port);
	int on = 1;

	if (fd < 0)
		bench_die("connect to port %u: %s", port, strerror(errno));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

void bench_await_port(unsigned port)
{
	int tries;

	for (tries = 0; tries < AWAIT_TRIES; tries++) {
		int fd = try_port(port);

		if (fd >= 0) {
			close(fd);
			return;
		}
		bench_sleep_ms(AWAIT_MS);
	}
	bench_die("nobody listens on port %u after five seconds", port);
}

void bench_await_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int tries;

	if (strlen(path) >= sizeof(address.sun_path))
		bench_die("socket path too long: %s", path);
	memcpy(address.sun_path, path, strlen(path) + 1);
	for (tries = 0; tries < AWAIT_TRIES; tries++) {
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		int rc = connect(fd, (struct sockaddr *)&address, sizeof(address));

		close(fd);
		if (rc == 0)
			return;
		bench_sleep_ms(AWAIT_MS);
	}
	bench_die("nobody listens on %s after five seconds", path);
}
