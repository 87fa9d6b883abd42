/* SPDX-License-Identifier: MIT */
/*
 * process.h - larderd as a process of the system: user, background, pid file, systemd.
 */
#ifndef LRD_CACHED_PROCESS_H
#define LRD_CACHED_PROCESS_H

#include <stdbool.h>

#include <larder/types.h>

#include "cached/config.h"

/* Room for so many connections, and core files if asked for. Call before the user changes. */
int lrd_process_raise_limits(const struct lrd_config *config,
			     larder_error *err) LARDER_MUST_USE;

/* As root: becomes config->user, without whom root is refused. Others: no change. */
int lrd_process_drop_root(const struct lrd_config *config,
			  larder_error *err) LARDER_MUST_USE;

/*
 * Goes into the background: returns in the child, with *ready_fd to be given to
 * lrd_process_detached() when it serves. The parent waits for that and exits: 0 if the child
 * served, 1 if it died first. Call before threads start and before the store is opened.
 */
int lrd_process_daemonize(int *ready_fd, larder_error *err) LARDER_MUST_USE;
/* Also goes to "/", unless it is to `stay` where core files are to be. */
void lrd_process_detached(int ready_fd, bool stay);

/* *resolved: the file's name whatever the current directory will be; for free(). */
int lrd_process_write_pid(const char *path, char **resolved,
			  larder_error *err) LARDER_MUST_USE;
void lrd_process_remove_pid(const char *path);

/* Tells systemd, where it started us; "READY=1" and the like. */
void lrd_process_notify(const char *state);
/* How many sockets systemd handed over; they begin at descriptor 3. Asks once, then 0. */
int lrd_process_inherited(void);

#endif
