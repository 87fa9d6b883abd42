/* SPDX-License-Identifier: MIT */
/* policies.c - LRU by a linked list, Belady by a heap of next uses. */
#include "policies.h"

#include "bench.h"

#include <stdlib.h>

/* ---- LRU -------------------------------------------------------------------------------- */

struct list {
	uint32_t *next, *previous; /* by object; the last number is the list's head */
	bool *kept;
	uint32_t head;
};

static void unlink_object(struct list *list, uint32_t object)
{
	list->next[list->previous[object]] = list->next[object];
	list->previous[list->next[object]] = list->previous[object];
}

static void push_front(struct list *list, uint32_t object)
{
	list->next[object] = list->next[list->head];
	list->previous[object] = list->head;
	list->previous[list->next[list->head]] = object;
	list->next[list->head] = object;
}

double policy_lru(const struct workload *workload, uint64_t capacity)
{
	struct list list;
	uint64_t used = 0;
	size_t hits = 0;
	size_t i;

	list.head = (uint32_t)workload->object_count;
	list.next = bench_alloc((workload->object_count + 1) * sizeof(*list.next));
	list.previous = bench_alloc((workload->object_count + 1) * sizeof(*list.previous));
	list.kept = bench_alloc(workload->object_count * sizeof(*list.kept));
	list.next[list.head] = list.previous[list.head] = list.head;
	for (i = 0; i < workload->request_count; i++) {
		uint32_t object = workload->requests[i];

		if (list.kept[object]) {
			hits++;
			unlink_object(&list, object);
			push_front(&list, object);
			continue;
		}
		if (workload->sizes[object] > capacity)
			continue;
		while (used + workload->sizes[object] > capacity) {
			uint32_t last = list.previous[list.head];

			unlink_object(&list, last);
			list.kept[last] = false;
			used -= workload->sizes[last];
		}
		push_front(&list, object);
		list.kept[object] = true;
		used += workload->sizes[object];
	}
	free(list.next);
	free(list.previous);
	free(list.kept);
	return (double)hits / (double)workload->request_count;
}

/* ---- Belady ----------------------------------------------------------------------------- */

/* A use to come. Old ones of a kept object stay in the heap and are recognised as stale. */
struct use {
	uint32_t at; /* request number; UINT32_MAX: never */
	uint32_t object;
};

struct heap {
	struct use *uses;
	size_t count;
};

static void heap_push(struct heap *heap, struct use use)
{
	size_t at = heap->count++;

	while (at > 0 && heap->uses[(at - 1) / 2].at < use.at) {
		heap->uses[at] = heap->uses[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	heap->uses[at] = use;
}

static struct use heap_pop(struct heap *heap)
{
	struct use top = heap->uses[0];
	struct use last = heap->uses[--heap->count];
	size_t at = 0;

	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= heap->count)
			break;
		if (child + 1 < heap->count &&
		    heap->uses[child + 1].at > heap->uses[child].at)
			child++;
		if (heap->uses[child].at <= last.at)
			break;
		heap->uses[at] = heap->uses[child];
		at = child;
	}
	heap->uses[at] = last;
	return top;
}

/* For each request, when the same object is asked for next. */
static uint32_t *next_uses(const struct workload *workload)
{
	uint32_t *next = bench_alloc(workload->request_count * sizeof(*next));
	uint32_t *seen = bench_alloc(workload->object_count * sizeof(*seen));
	size_t i;

	for (i = 0; i < workload->object_count; i++)
		seen[i] = UINT32_MAX;
	for (i = workload->request_count; i-- > 0;) {
		next[i] = seen[workload->requests[i]];
		seen[workload->requests[i]] = (uint32_t)i;
	}
	free(seen);
	return next;
}

double policy_belady(const struct workload *workload, uint64_t capacity)
{
	uint32_t *next = next_uses(workload);
	/* When a kept object is needed next; 0: it is not kept. */
	uint32_t *due = bench_alloc(workload->object_count * sizeof(*due));
	struct heap heap = {
		bench_alloc((workload->request_count + 1) * sizeof(struct use)), 0
	};
	uint64_t used = 0;
	size_t hits = 0;
	size_t i;

	for (i = 0; i < workload->request_count; i++) {
		uint32_t object = workload->requests[i];

		if (due[object]) {
			hits++;
		} else if (workload->sizes[object] > capacity) {
			continue;
		} else {
			used += workload->sizes[object];
		}
		due[object] = next[i];
		heap_push(&heap, (struct use){ next[i], object });
		while (used > capacity) {
			struct use last = heap_pop(&heap);

			if (due[last.object] != last.at)
				continue;
			due[last.object] = 0;
			used -= workload->sizes[last.object];
		}
	}
	free(next);
	free(due);
	free(heap.uses);
	return (double)hits / (double)workload->request_count;
}
