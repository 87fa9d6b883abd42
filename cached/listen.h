/* SPDX-License-Identifier: MIT */
/*
 * listen.h - the sockets that larderd listens on: unix, TCP, or handed over by systemd.
 */
#ifndef LRD_CACHED_LISTEN_H
#define LRD_CACHED_LISTEN_H

#include <stdbool.h>
#include <stdint.h>

#include <larder/types.h>

#include "cached/config.h"
#include "cached/loop.h"

enum { LRD_LISTENERS_MAX = 64 };

struct lrd_listener {
	struct lrd_watch watch;
	struct lrd_server *server; /* whom `ready` serves; set by the server */
	bool is_unix;
	bool inherited; /* from systemd, which goes on listening when we end */
	char name[160]; /* "unix:/path" or "tcp:127.0.0.1:11211" */
};

struct lrd_listeners {
	struct lrd_listener at[LRD_LISTENERS_MAX];
	unsigned count;
	/*
	 * The file of our own unix socket, to be removed at the end if it is still ours; its
	 * name holds whatever the current directory is then. NULL: none.
	 */
	char *path;
	uint64_t dev, ino;
};

/*
 * Opens all that the configuration asks for. `store_path` is where the unix socket goes by
 * default. On failure everything is closed and `err` names the address and what to do: a
 * socket on which another server answers, a file that is no socket, a name too long, an
 * address in use.
 */
int lrd_listen_open(struct lrd_listeners *listeners, const struct lrd_config *config,
		    const char *store_path, larder_error *err) LARDER_MUST_USE;

/* No new clients: removes the socket file. Changes nothing that other threads read. */
void lrd_listen_refuse(const struct lrd_listeners *listeners);

/* The same, and closes them. */
void lrd_listen_close(struct lrd_listeners *listeners);

/* How a peer is shown: "unix" or "tcp:host:port". */
void lrd_listen_peer_name(int fd, bool is_unix, char *name, size_t size);

#endif
