/* SPDX-License-Identifier: MIT */
/*
 * gate.h - the write gate: one writer at a time, waited for no longer than a timeout.
 *
 * LMDB's own writer lock has no timeout, and a stopped writer would block all others for
 * ever; so it is only ever taken behind this gate. Belongs to the thread that took it. A
 * holder that dies hands it to the next.
 */
#ifndef LRD_STORE_GATE_H
#define LRD_STORE_GATE_H

#include <pthread.h>
#include <stdint.h>

#include "store/mount.h"

int lrd_gate_init(pthread_mutex_t *gate);

/* EBUSY at the timeout (counted), EINVAL when this thread holds it already. */
int lrd_gate_take(struct lrd_mount *mount, uint64_t timeout_ns);
void lrd_gate_drop(struct lrd_mount *mount);

#endif
