/* SPDX-License-Identifier: MIT */
/* workload.c - requests by Zipf's law, with scans, or from a trace. */
#include "workload.h"

#include "bench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RUN_LENGTH = 2000, LINE_MAX_BYTES = 4096, SIZE_MAX_BYTES = 64 << 20 };

struct zipf {
	double *below; /* below[k]: probability of an object up to k */
	size_t objects;
	uint64_t random;
};

static void zipf_init(struct zipf *zipf, double exponent, size_t objects)
{
	double sum = 0;
	size_t k;

	zipf->below = bench_alloc(objects * sizeof(*zipf->below));
	zipf->objects = objects;
	zipf->random = 42;
	for (k = 0; k < objects; k++) {
		sum += pow((double)(k + 1), -exponent);
		zipf->below[k] = sum;
	}
	for (k = 0; k < objects; k++)
		zipf->below[k] /= sum;
}

static uint32_t zipf_draw(struct zipf *zipf)
{
	double at = (double)bench_draw(&zipf->random) / (double)(UINT64_C(1) << 31);
	size_t low = 0;
	size_t high = zipf->objects - 1;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (zipf->below[middle] < at)
			low = middle + 1;
		else
			high = middle;
	}
	return (uint32_t)low;
}

static void prepare(struct workload *out, size_t objects, size_t requests, uint32_t size)
{
	size_t k;

	out->object_count = objects;
	out->request_count = requests;
	out->requests = bench_alloc(requests * sizeof(*out->requests));
	out->sizes = bench_alloc(objects * sizeof(*out->sizes));
	for (k = 0; k < objects; k++)
		out->sizes[k] = size;
}

void workload_zipf(struct workload *out, double exponent, size_t objects, size_t requests,
		   uint32_t size)
{
	struct zipf zipf;
	size_t i;

	bench_format(out->name, sizeof(out->name), "zipf %.1f", exponent);
	prepare(out, objects, requests, size);
	zipf_init(&zipf, exponent, objects);
	for (i = 0; i < requests; i++)
		out->requests[i] = zipf_draw(&zipf);
	free(zipf.below);
}

void workload_scan(struct workload *out, size_t objects, size_t requests, uint32_t size)
{
	struct zipf zipf;
	size_t half = objects / 2;
	size_t scanned = 0; /* position in the other half */
	size_t run = 0;     /* requests left of the present scan */
	size_t i;

	bench_format(out->name, sizeof(out->name), "scan");
	prepare(out, objects, requests, size);
	zipf_init(&zipf, 0.9, half);
	for (i = 0; i < requests; i++) {
		/* A run begins often enough that runs and their pauses stand three to seven. */
		if (run == 0 && bench_draw(&zipf.random) % (RUN_LENGTH * 7 / 3) == 0)
			run = RUN_LENGTH;
		if (run > 0) {
			run--;
			out->requests[i] = (uint32_t)(half + scanned);
			scanned = (scanned + 1) % (objects - half);
		} else {
			out->requests[i] = zipf_draw(&zipf);
		}
	}
	free(zipf.below);
}

/* ---- traces ----------------------------------------------------------------------------- */

/* Numbers keys by a 64-bit hash of them: two in a million million collide, which is no matter. */
struct numbering {
	uint64_t *hashes;
	uint32_t *numbers;
	size_t mask;
	size_t used;
};

static uint64_t hash(const char *key, size_t len)
{
	uint64_t h = 14695981039346656037u;
	size_t i;

	for (i = 0; i < len; i++)
		h = (h ^ (unsigned char)key[i]) * 1099511628211u;
	return h ? h : 1;
}

static void numbering_init(struct numbering *numbering, size_t cells)
{
	numbering->hashes = bench_alloc(cells * sizeof(*numbering->hashes));
	numbering->numbers = bench_alloc(cells * sizeof(*numbering->numbers));
	numbering->mask = cells - 1;
	numbering->used = 0;
}

static void numbering_release(struct numbering *numbering)
{
	free(numbering->hashes);
	free(numbering->numbers);
}

static size_t cell_of(const struct numbering *numbering, uint64_t h)
{
	size_t at = (size_t)h & numbering->mask;

	while (numbering->hashes[at] && numbering->hashes[at] != h)
		at = (at + 1) & numbering->mask;
	return at;
}

static void numbering_grow(struct numbering *numbering)
{
	struct numbering larger;
	size_t i;

	numbering_init(&larger, (numbering->mask + 1) * 2);
	for (i = 0; i <= numbering->mask; i++) {
		if (numbering->hashes[i]) {
			size_t at = cell_of(&larger, numbering->hashes[i]);

			larger.hashes[at] = numbering->hashes[i];
			larger.numbers[at] = numbering->numbers[i];
		}
	}
	larger.used = numbering->used;
	numbering_release(numbering);
	*numbering = larger;
}

static uint32_t number_of(struct numbering *numbering, uint64_t h)
{
	size_t at;

	if (numbering->used * 2 > numbering->mask)
		numbering_grow(numbering);
	at = cell_of(numbering, h);
	if (!numbering->hashes[at]) {
		numbering->hashes[at] = h;
		numbering->numbers[at] = (uint32_t)numbering->used++;
	}
	return numbering->numbers[at];
}

static void *grow(void *bytes, size_t *cap, size_t unit)
{
	void *larger;

	*cap *= 2;
	larger = realloc(bytes, *cap * unit);
	if (!larger)
		bench_die("out of memory");
	return larger;
}

/* One line into the workload. */
static void take_line(struct workload *out, struct numbering *numbering, const char *line,
		      size_t *request_cap, size_t *object_cap)
{
	size_t key_len = strcspn(line, " \t");
	char *end = NULL;
	unsigned long size = strtoul(line + key_len, &end, 10);
	uint32_t number;

	if (key_len == 0 || end == line + key_len || size > SIZE_MAX_BYTES)
		bench_die("trace: request %zu is no \"key size\": %.60s",
			  out->request_count + 1, line);
	number = number_of(numbering, hash(line, key_len));
	if (number == *object_cap)
		out->sizes = grow(out->sizes, object_cap, sizeof(*out->sizes));
	if (number == out->object_count) {
		out->sizes[number] = size ? (uint32_t)size : 1;
		out->object_count++;
	}
	if (out->request_count == *request_cap)
		out->requests = grow(out->requests, request_cap, sizeof(*out->requests));
	out->requests[out->request_count++] = number;
}

void workload_read(struct workload *out, const char *path)
{
	FILE *file = fopen(path, "r");
	const char *base = strrchr(path, '/');
	size_t request_cap = 1024;
	size_t object_cap = 1024;
	struct numbering numbering;
	char line[LINE_MAX_BYTES];

	if (!file)
		bench_die("trace: cannot read %s", path);
	bench_format(out->name, sizeof(out->name), "%.40s", base ? base + 1 : path);
	out->requests = bench_alloc(request_cap * sizeof(*out->requests));
	out->sizes = bench_alloc(object_cap * sizeof(*out->sizes));
	out->request_count = out->object_count = 0;
	numbering_init(&numbering, 4096);
	while (fgets(line, sizeof(line), file))
		take_line(out, &numbering, line, &request_cap, &object_cap);
	numbering_release(&numbering);
	fclose(file);
	if (out->request_count == 0)
		bench_die("trace: %s is empty", path);
}

void workload_release(struct workload *workload)
{
	free(workload->requests);
	free(workload->sizes);
}
