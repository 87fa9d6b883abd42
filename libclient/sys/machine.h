/* SPDX-License-Identifier: MIT */
/* machine.h - which boot, which PID namespace and which process this is. */
#ifndef LRD_SYS_MACHINE_H
#define LRD_SYS_MACHINE_H

#include <stdint.h>

enum { LRD_BOOT_ID_LEN = 16 };

/* The kernel's id of this boot. EIO where /proc is not mounted. */
int lrd_machine_boot_id(uint8_t out[LRD_BOOT_ID_LEN]);

/* A number for the PID namespace this process lives in; equal numbers share pids. EIO as above. */
int lrd_machine_pid_namespace(uint64_t *out);

/*
 * When process `pid` of this namespace started, in clock ticks since boot: with the pid it
 * names a process for good. ENOTFOUND when there is none. Makes system calls.
 */
int lrd_machine_start_time(uint32_t pid, uint64_t *out);

#endif
