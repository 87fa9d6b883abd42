/* SPDX-License-Identifier: MIT */
/* workload.h - sequences of requests for objects, drawn from a law or read from a file. */
#ifndef LARDER_BENCH_WORKLOAD_H
#define LARDER_BENCH_WORKLOAD_H

#include <stddef.h>
#include <stdint.h>

struct workload {
	char name[64];
	uint32_t *requests; /* object numbers */
	size_t request_count;
	uint32_t *sizes; /* bytes of each object */
	size_t object_count;
};

/* Object k (from 0) is asked for with a probability that falls with (k + 1)^-exponent. */
void workload_zipf(struct workload *out, double exponent, size_t objects, size_t requests,
		   uint32_t size);

/*
 * zipf 0.9 over one half of the objects; now and then somebody reads a run of the other half
 * in order, as backups and crawlers do: three requests of ten.
 */
void workload_scan(struct workload *out, size_t objects, size_t requests, uint32_t size);

/* A file of lines "key size"; keys hold no blanks. An object keeps the size it came with first. */
void workload_read(struct workload *out, const char *path);

void workload_release(struct workload *workload);

#endif
