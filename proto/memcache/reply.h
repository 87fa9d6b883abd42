/* SPDX-License-Identifier: MIT */
/*
 * reply.h - one memcache reply as a value, whichever of the protocols carries it.
 */
#ifndef LRD_MEMCACHE_REPLY_H
#define LRD_MEMCACHE_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <larder/types.h>

enum lrd_mc_status {
#define LRD_MC_STATUS(name, text) LRD_MC_##name,
#include "proto/memcache/statuses.def"
	LRD_MC_STATUS_COUNT,
	LRD_MC_VALUE = LRD_MC_STATUS_COUNT, /* an entry: key, client_flags, value, cas */
	LRD_MC_STAT,                        /* name `key`, `text` */
	LRD_MC_NUMBER,                      /* of incr and decr */
	LRD_MC_VERSION_IS,                  /* `text` */
	LRD_MC_CLIENT_ERROR,                /* `text` */
	LRD_MC_SERVER_ERROR                 /* `text` */
};

struct lrd_mc_reply {
	enum lrd_mc_status status;
	bool has_cas;
	larder_slice key;
	larder_slice text;
	larder_slice value;
	uint32_t client_flags;
	uint64_t cas;
	uint64_t number;
};

/* The line of a fixed status, without CR LF. */
larder_slice lrd_mc_status_text(enum lrd_mc_status status);

#endif
