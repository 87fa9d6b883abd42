/* SPDX-License-Identifier: MIT */
/* listen.c - the sockets that larderd listens on: unix, TCP, or handed over by systemd. */
#include "cached/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "cached/process.h"
#include "sys/error.h"

enum { FIRST_INHERITED_FD = 3, LINK_TRIES = 3 };

/* Whoever replaces a socket holds its directory's lock for no longer than this, by far. */
enum { LOCK_TRIES = 250, LOCK_PAUSE_NS = 20000000 };

static struct lrd_listener *append(struct lrd_listeners *listeners, int fd, bool is_unix)
{
	struct lrd_listener *listener = &listeners->at[listeners->count++];

	listener->watch.fd = fd;
	listener->is_unix = is_unix;
	return listener;
}

static int refuse(larder_error *err, int os_errno, const char *where, const char *what)
{
	return lrd_error_set(err, LARDER_EIO, LARDER_PHASE_PREPARE, os_errno, NULL,
			     "cannot listen on %.200s: %s%s%s", where, what,
			     os_errno ? ": " : "", os_errno ? strerror(os_errno) : "");
}

/* ---- unix ----------------------------------------------------------------------------------- */

static int fill_address(const char *path, struct sockaddr_un *address, larder_error *err)
{
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(address->sun_path))
		return refuse(err, 0, path,
			      "the name is too long for a unix socket (107 bytes); give "
			      "a shorter "
			      "one with -s");
	memcpy(address->sun_path, path, strlen(path) + 1);
	return 0;
}

/* Is somebody there? 1 yes, 0 no: the file is a leftover; negative: `err` is set. */
static int probe(const char *path, larder_error *err)
{
	struct sockaddr_un address;
	struct stat facts;
	int fd, rc;

	if (lstat(path, &facts) < 0)
		return errno == ENOENT
			       ? 0
			       : refuse(err, errno, path, "cannot look at the file");
	if (!S_ISSOCK(facts.st_mode))
		return refuse(err, 0, path,
			      "a file that is no socket has that name; remove it or "
			      "choose another "
			      "name with -s");
	rc = fill_address(path, &address, err);
	if (rc < 0)
		return rc;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return refuse(err, errno, path, "no socket");
	rc = connect(fd, (const struct sockaddr *)&address, sizeof(address));
	/* EAGAIN: its queue is full, so it lives. */
	rc = rc == 0 || errno == EAGAIN || errno == EINPROGRESS ? 1 : 0;
	close(fd);
	return rc;
}

static int set_group(const char *path, const char *group, larder_error *err)
{
	const struct group *found = getgrnam(group);

	if (!found)
		return lrd_error_set(err, LARDER_EINVAL, LARDER_PHASE_PREPARE, 0, NULL,
				     "there is no group \"%.80s\" (--socket-group)",
				     group);
	if (chown(path, (uid_t)-1, found->gr_gid) < 0)
		return lrd_error_set(
			err, LARDER_EIO, LARDER_PHASE_PREPARE, errno, NULL,
			"cannot give the socket to group \"%.80s\" (--socket-group): %s; "
			"the account must belong to it",
			group, strerror(errno));
	return 0;
}

/*
 * A listening socket with its final mode and group, under a name `hidden` of its own. `path`
 * is the name that it is to have, for messages.
 */
static int open_unnoticed(const char *hidden, const char *path,
			  const struct lrd_config *config, int *out, larder_error *err)
{
	struct sockaddr_un address;
	int fd = -1;
	int rc = fill_address(hidden, &address, err);

	if (rc < 0)
		return rc;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return refuse(err, errno, path, "no socket");
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		rc = refuse(
			err, errno, path,
			"cannot create the socket; is its directory there and writable?");
		goto out;
	}
	if (chmod(hidden, config->socket_mode) < 0 || listen(fd, config->backlog) < 0)
		rc = refuse(err, errno, path, "cannot set it up");
	if (rc == 0 && config->socket_group)
		rc = set_group(hidden, config->socket_group, err);
	if (rc < 0) {
		unlink(hidden);
		goto out;
	}
	*out = fd;
	fd = -1;
out:
	if (fd >= 0)
		close(fd);
	return rc;
}

/* A descriptor that holds the lock of the directory of `path` until it is closed. */
static int lock_directory(const char *path, larder_error *err)
{
	const struct timespec pause = { 0, LOCK_PAUSE_NS };
	const char *slash = strrchr(path, '/');
	char dir[sizeof(((struct sockaddr_un *)0)->sun_path)] = ".";
	int fd;

	if (slash)
		(void)snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path) + 1, path);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return refuse(
			err, errno, path,
			"a socket without a server has that name, and its directory "
			"cannot be locked to replace it; remove it");
	for (int i = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; i++) {
		int failed = errno;

		if (failed != EINTR && (failed != EWOULDBLOCK || i >= LOCK_TRIES)) {
			close(fd);
			return refuse(
				err, failed, path,
				"a socket without a server has that name, and "
				"another process holds its directory's lock (flock)");
		}
		nanosleep(&pause, NULL);
	}
	return fd;
}

/*
 * Removes a socket that nobody serves any more; 1 if somebody does. Under a lock, or else of
 * two daemons that find the same leftover the slower one would remove the other's new socket.
 */
static int remove_stale(const char *path, larder_error *err)
{
	int lock_fd = lock_directory(path, err);
	int rc;

	if (lock_fd < 0)
		return lock_fd;
	rc = probe(path, err);
	if (rc == 0 && unlink(path) < 0 && errno != ENOENT)
		rc = refuse(err, errno, path, "cannot remove the socket left there");
	close(lock_fd);
	return rc;
}

/*
 * Gives the socket its public name. link() never replaces, so of two daemons that start at
 * once one gets the name and the other finds it answering.
 */
static int publish(const char *hidden, const char *path, larder_error *err)
{
	int rc;

	for (int i = 0; i < LINK_TRIES; i++) {
		if (link(hidden, path) == 0)
			return 0;
		if (errno != EEXIST)
			return refuse(err, errno, path, "cannot name the socket");
		rc = remove_stale(path, err);
		if (rc < 0)
			return rc;
		if (rc > 0)
			break;
	}
	return refuse(
		err, 0, path,
		"another server answers there; stop it, or choose another name with -s");
}

static int open_unix(struct lrd_listeners *listeners, const char *path,
		     const struct lrd_config *config, larder_error *err)
{
	char hidden[sizeof(((struct sockaddr_un *)0)->sun_path)];
	const char *slash = strrchr(path, '/');
	int dir_len = slash ? (int)(slash - path) + 1 : 0;
	struct lrd_listener *listener;
	struct sockaddr_un address;
	struct stat facts;
	int fd = -1;
	int rc;

	rc = fill_address(path, &address, err);
	if (rc == 0)
		rc = probe(path, err);
	if (rc > 0)
		rc = refuse(
			err, 0,
			path, "another server answers there; stop it, or choose another name with -s");
	if (rc < 0)
		return rc;
	if (snprintf(hidden, sizeof(hidden), "%.*s.%lx", dir_len, path, (long)getpid()) >=
	    (int)sizeof(hidden))
		return refuse(err, 0, path,
			      "the name is too long; give a shorter one with -s");
	unlink(hidden);
	rc = open_unnoticed(hidden, path, config, &fd, err);
	if (rc < 0)
		return rc;
	rc = publish(hidden, path, err);
	unlink(hidden);
	if (rc < 0) {
		close(fd);
		return rc;
	}
	listener = append(listeners, fd, true);
	snprintf(listener->name, sizeof(listener->name), "unix:%.107s", path);
	listeners->path = realpath(path, NULL);
	if (listeners->path && lstat(listeners->path, &facts) == 0) {
		listeners->dev = facts.st_dev;
		listeners->ino = facts.st_ino;
	}
	return 0;
}

/* ---- TCP ------------------------------------------------------------------------------------ */

static void name_tcp(int fd, bool peer, char *name, size_t size)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);
	char host[NI_MAXHOST], port[NI_MAXSERV];
	int rc = peer ? getpeername(fd, (struct sockaddr *)&address, &len)
		      : getsockname(fd, (struct sockaddr *)&address, &len);

	if (rc < 0 ||
	    getnameinfo((struct sockaddr *)&address, len, host, sizeof(host), port,
			sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
		snprintf(name, size, "tcp:unknown");
		return;
	}
	snprintf(name, size, strchr(host, ':') ? "tcp6:[%s]:%s" : "tcp:%s:%s", host, port);
}

void lrd_listen_peer_name(int fd, bool is_unix, char *name, size_t size)
{
	if (is_unix)
		snprintf(name, size, "unix");
	else
		name_tcp(fd, true, name, size);
}

static int open_address(struct lrd_listeners *listeners, const struct addrinfo *info,
			int backlog)
{
	const int one = 1;
	struct lrd_listener *listener;
	int fd = socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int failed;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (info->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (bind(fd, info->ai_addr, info->ai_addrlen) < 0 || listen(fd, backlog) < 0) {
		failed = errno;
		close(fd);
		return -failed;
	}
	listener = append(listeners, fd, false);
	name_tcp(fd, false, listener->name, sizeof(listener->name));
	return 0;
}

static int open_tcp(struct lrd_listeners *listeners, const struct lrd_config_listen *at,
		    const struct lrd_config *config, larder_error *err)
{
	const struct addrinfo hints = { .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
					.ai_socktype = SOCK_STREAM };
	int number = at->port > 0 ? at->port : config->port;
	struct addrinfo *found = NULL;
	char port[16], where[300];
	unsigned opened = 0;
	int rc;

	snprintf(port, sizeof(port), "%d", number < 0 ? 0 : number);
	snprintf(where, sizeof(where), "%s port %s (-l, -p)",
		 at->host[0] ? at->host : "*", port);
	rc = getaddrinfo(at->host[0] ? at->host : NULL, port, &hints, &found);
	if (rc != 0)
		return refuse(err, 0, where, gai_strerror(rc));
	rc = 0;
	for (const struct addrinfo *info = found; info; info = info->ai_next) {
		if (listeners->count == LRD_LISTENERS_MAX)
			break;
		rc = open_address(listeners, info, config->backlog);
		/* A machine without one address family still has the other. */
		if (rc == 0)
			opened++;
		else if (rc != -EAFNOSUPPORT && rc != -EADDRNOTAVAIL)
			break;
	}
	freeaddrinfo(found);
	if (rc < 0 && (opened == 0 || rc == -EADDRINUSE))
		return refuse(err, -rc, where,
			      rc == -EADDRINUSE
				      ? "another server has it; choose another with -p"
				      : "no");
	return 0;
}

/* For those who start larderd on any free port: which one it got, as memcached tells it. */
static void write_ports(const struct lrd_listeners *listeners)
{
	const char *path = getenv("MEMCACHED_PORT_FILENAME");
	FILE *file = path ? fopen(path, "w") : NULL;

	if (!file)
		return;
	for (unsigned i = 0; i < listeners->count; i++) {
		const char *colon = strrchr(listeners->at[i].name, ':');

		if (!listeners->at[i].is_unix && colon)
			fprintf(file, "TCP %s: %s\n",
				strncmp(listeners->at[i].name, "tcp6", 4) == 0 ? "INET6"
									       : "INET",
				colon + 1);
	}
	fclose(file);
}

/* ---- all of them ---------------------------------------------------------------------------- */

static void take_inherited(struct lrd_listeners *listeners)
{
	int count = lrd_process_inherited();

	for (int fd = FIRST_INHERITED_FD; fd < FIRST_INHERITED_FD + count; fd++) {
		struct sockaddr_storage address = { 0 };
		socklen_t len = sizeof(address);
		struct lrd_listener *listener;

		if (listeners->count == LRD_LISTENERS_MAX ||
		    getsockname(fd, (struct sockaddr *)&address, &len) < 0)
			continue;
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
		listener = append(listeners, fd, address.ss_family == AF_UNIX);
		listener->inherited = true;
		if (listener->is_unix)
			snprintf(listener->name, sizeof(listener->name), "unix:%.*s",
				 (int)sizeof(((struct sockaddr_un *)0)->sun_path),
				 ((const struct sockaddr_un *)&address)->sun_path);
		else
			name_tcp(fd, false, listener->name, sizeof(listener->name));
	}
}

int lrd_listen_open(struct lrd_listeners *listeners, const struct lrd_config *config,
		    const char *store_path, larder_error *err)
{
	const struct lrd_config_listen loopback = { .host = "127.0.0.1", .port = -1 };
	char path[512];
	int rc = 0;

	memset(listeners, 0, sizeof(*listeners));
	take_inherited(listeners);
	if (config->socket_path || listeners->count == 0) {
		snprintf(path, sizeof(path), "%s/larderd.sock", store_path);
		rc = open_unix(listeners, config->socket_path ? config->socket_path : path,
			       config, err);
	}
	if (rc == 0 && config->tcp && config->listen_count == 0)
		rc = open_tcp(listeners, &loopback, config, err);
	for (unsigned i = 0; rc == 0 && config->tcp && i < config->listen_count; i++)
		rc = open_tcp(listeners, &config->listens[i], config, err);
	if (rc < 0) {
		lrd_listen_close(listeners);
		return rc;
	}
	write_ports(listeners);
	return 0;
}

void lrd_listen_refuse(const struct lrd_listeners *listeners)
{
	struct stat facts;

	if (listeners->path && lstat(listeners->path, &facts) == 0 &&
	    facts.st_dev == listeners->dev && facts.st_ino == listeners->ino)
		unlink(listeners->path);
	for (unsigned i = 0; i < listeners->count; i++) {
		/* Those of systemd are its own as well: the next larderd listens on them. */
		if (!listeners->at[i].inherited)
			shutdown(listeners->at[i].watch.fd, SHUT_RD);
	}
}

void lrd_listen_close(struct lrd_listeners *listeners)
{
	lrd_listen_refuse(listeners);
	free(listeners->path);
	listeners->path = NULL;
	for (unsigned i = 0; i < listeners->count; i++)
		close(listeners->at[i].watch.fd);
	listeners->count = 0;
}
