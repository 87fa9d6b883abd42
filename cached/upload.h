/* SPDX-License-Identifier: MIT */
/*
 * upload.h - a block too large for the read buffer, stored row by row while it arrives.
 *
 * begin (HEAD), piece (PIECE) any number of times, then lrd_upload_end (TAIL), which answers.
 * A store that fails on the way is remembered: the remaining bytes are read and dropped, and
 * the answer says so.
 */
#ifndef LRD_CACHED_UPLOAD_H
#define LRD_CACHED_UPLOAD_H

#include "cached/task.h"

void lrd_upload_begin(struct lrd_task *task);
void lrd_upload_piece(struct lrd_task *task);
/* Leaves the batch's write transaction open; on an error the caller answers. */
int lrd_upload_end(struct lrd_task *task) LARDER_MUST_USE;
/* The connection is gone. */
void lrd_upload_drop(struct lrd_task *task);

/*
 * append or prepend whose result is too large for one transaction: copies the old value and
 * the new block into a fill, then publishes it if nobody changed the entry meanwhile, else
 * tries again. No transaction may be open. Returns an enum lrd_mc_status or an error.
 */
int lrd_upload_join(struct lrd_task *task) LARDER_MUST_USE;

#endif
