/* SPDX-License-Identifier: MIT */
/* control.h - the `control` file: making it, mapping it, trusting its header. */
#ifndef LRD_STORE_CONTROL_H
#define LRD_STORE_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#include "store/mount.h"

/* Opens `control`, creating an empty one where absent and nothing beside it is another's. */
int lrd_control_open(const struct lrd_mount_request *request, int *out, larder_error *err);

/* Why a header cannot be used as it is. */
enum lrd_control_verdict {
	LRD_CONTROL_GOOD,
	LRD_CONTROL_EMPTY,   /* no byte is set */
	LRD_CONTROL_BEGUN,   /* our magic and nothing more: never completed */
	LRD_CONTROL_ALIEN,   /* without our magic: another program's, or overwritten */
	LRD_CONTROL_FOREIGN, /* another format, machine type or LMDB */
	LRD_CONTROL_DAMAGED  /* checksum, sizes */
};

/* Reads the header by read(2), before anything is mapped. */
int lrd_control_inspect(int fd, struct lrd_control_header *out,
			enum lrd_control_verdict *verdict);

/* Writes a new, empty file of the right size over whatever is there; not yet READY. */
int lrd_control_format(int fd, const struct lrd_mount_request *request, uint64_t seed,
		       larder_error *err);

/* ESTORE, for a directory whose files are not known to be a store's. */
int lrd_control_refuse(const struct lrd_mount_request *request, const char *what,
		       larder_error *err);

/* Gives the file the mode that its store has, where it has a looser one. */
int lrd_control_tighten(int fd, bool group_shared);

/* Maps an inspected file and fills in the mount's pointers and copies. */
int lrd_control_map(struct lrd_mount *mount, int fd);
void lrd_control_unmap(struct lrd_mount *mount);

/* Renews the header's checksum after a change under the open lock. */
void lrd_control_seal(struct lrd_control_header *header);

/* Zeroes what no live process uses: gate, holds, leases, times. Counters of the dead stay. */
int lrd_control_reset(struct lrd_mount *mount);

#endif
