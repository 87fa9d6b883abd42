/* SPDX-License-Identifier: MIT */
/*
 * config.h - what the command line asks larderd to be.
 *
 * Strings point into argv.
 */
#ifndef LRD_CACHED_CONFIG_H
#define LRD_CACHED_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <larder/types.h>

enum { LRD_CONFIG_LISTENS_MAX = 32, LRD_CONFIG_PORT_DEFAULT = 11211 };

struct lrd_config_listen {
	char host[256]; /* name or address, without brackets; "" for every interface */
	int port;       /* -1: the port of -p */
};

struct lrd_config {
	enum { LRD_RUN, LRD_HELP, LRD_VERSION } action;
	const char *store_dir;   /* NULL: the default place */
	bool share_store;        /* with the group of a store that is created */
	const char *socket_path; /* NULL: larderd.sock in the store */
	const char *socket_group;
	unsigned socket_mode;
	bool tcp; /* -p or -l asked for it */
	int port; /* -1: any free one; 0: no TCP */
	struct lrd_config_listen listens[LRD_CONFIG_LISTENS_MAX];
	unsigned listen_count;
	uint64_t budget_bytes; /* 0: the store's default */
	unsigned conns_max;
	unsigned threads;
	unsigned verbosity;
	const char *user;
	bool daemon;
	const char *pidfile;
	uint64_t item_max;
	bool no_evictions;
	int backlog;
	unsigned reqs_per_event;
	char prefix_char;
	bool detail;
	bool no_cas;
	bool shutdown;
	bool no_flush;
	bool no_dump;
	bool coredumps;
	unsigned idle_timeout_s; /* 0: none */
	char warnings[512];      /* one line each: what was accepted and ignored */
};

/*
 * Reads the command line. EINVAL: a bad one; `err` names the option and what to do.
 * Not thread-safe (getopt).
 */
int lrd_config_parse(int argc, char **argv, struct lrd_config *out,
		     larder_error *err) LARDER_MUST_USE;

void lrd_config_help(FILE *out);

#endif
