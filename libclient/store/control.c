/* SPDX-License-Identifier: MIT */
/* control.c - the `control` file: making it, mapping it, trusting its header. */
#include "store/control.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/gate.h"
#include "store/identity.h"
#include "store/ours.h"
#include "sys/clock.h"
#include "sys/digest.h"
#include "sys/error.h"
#include "sys/file.h"

/* A record in a leaf takes about 200 bytes and more: these slots will do for all of them. */
enum { BUDGET_MIN = 1 << 20, BYTES_PER_SLOT = 256, SLOTS_MAX = 1 << 27 };

static uint64_t header_sum(const struct lrd_control_header *header)
{
	const unsigned char *from = (const unsigned char *)header;
	size_t skip = offsetof(struct lrd_control_header, format);

	return lrd_digest(from + skip, sizeof(*header) - skip, LRD_FORMAT);
}

void lrd_control_seal(struct lrd_control_header *header)
{
	header->sum = header_sum(header);
}

int lrd_control_refuse(const struct lrd_mount_request *request, const char *what,
		       larder_error *err)
{
	return lrd_error_set(err, LARDER_ESTORE, LARDER_PHASE_STORE, 0, NULL,
			     "%s is not a larder store: %s; name another directory",
			     request->path, what);
}

int lrd_control_tighten(int fd, bool group_shared)
{
	const uint32_t mode = group_shared ? 0660 : 0600;
	struct lrd_file_facts facts;

	if (lrd_file_facts(fd, &facts) < 0)
		return LARDER_EIO;
	if ((facts.mode & ~mode) == 0)
		return 0;
	return fchmod(fd, facts.mode & mode) < 0 ? LARDER_ESTORE : 0;
}

/* Makes `control` where it is absent, or finds that another process just did. */
static int create(const struct lrd_mount_request *request, int *fd, larder_error *err)
{
	/* Creators make `control` before anything else: looked for again when others are there. */
	bool alien = lrd_ours_data(request->dir_fd) == LRD_OURS_ALIEN;
	int rc = LARDER_EEXIST;

	if (!alien)
		rc = lrd_file_create_at(request->dir_fd, LRD_FILE_CONTROL,
					request->group_shared ? 0660 : 0600, fd);
	if (rc == LARDER_EEXIST)
		rc = lrd_file_open_at(request->dir_fd, LRD_FILE_CONTROL, fd);
	if (rc == LARDER_ENOTFOUND && alien)
		return lrd_control_refuse(request,
					  "it has a data.mdb or lock.mdb and no control "
					  "file that goes with it "
					  "(remove them if they are left of a store)",
					  err);
	return rc;
}

int lrd_control_open(const struct lrd_mount_request *request, int *out, larder_error *err)
{
	char text[128];
	int fd = -1;
	int rc = lrd_file_open_at(request->dir_fd, LRD_FILE_CONTROL, &fd);

	if (rc == LARDER_ENOTFOUND && request->must_exist)
		return lrd_error_set(err, LARDER_ENOTFOUND, LARDER_PHASE_STORE, ENOENT,
				     NULL, "there is no store at %s", request->path);
	if (rc == LARDER_ENOTFOUND)
		rc = create(request, &fd, err);
	if (rc == LARDER_ESTORE)
		return rc;
	if (rc < 0) {
		int why = errno;

		return lrd_error_set(err,
				     why == EACCES || why == ELOOP || why == EISDIR
					     ? LARDER_ESTORE
					     : rc,
				     LARDER_PHASE_STORE, why, NULL,
				     "cannot open %s/%s: %s", request->path,
				     LRD_FILE_CONTROL,
				     lrd_error_os_text(why, text, sizeof(text)));
	}
	rc = lrd_identity_check_file(request->path, LRD_FILE_CONTROL, request->dir_fd, fd,
				     err);
	if (rc < 0) {
		(void)close(fd);
		return rc;
	}
	*out = fd;
	return 0;
}

/* Where each section lies for a budget: the one place that decides the layout. */
static void lay_out(struct lrd_control_header *header)
{
	uint64_t slots = header->budget_bytes / BYTES_PER_SLOT;
	uint64_t at = 2 * LRD_PAGE;

	if (slots > SLOTS_MAX)
		slots = SLOTS_MAX;

	const struct lrd_section wanted[LRD_SECTION_END] = {
		[LRD_SECTION_PROCESSES] = { 0, LRD_PROCESSES, sizeof(struct lrd_process) },
		[LRD_SECTION_COUNTERS] = { 0, LRD_PROCESSES + 1,
					   sizeof(struct lrd_counts) },
		[LRD_SECTION_HOLDS] = { 0, LRD_HOLDS, sizeof(struct lrd_hold_place) },
		[LRD_SECTION_LEASES] = { 0, LRD_LEASES, sizeof(struct lrd_lease_stripe) },
		[LRD_SECTION_EVENTS] = { 0, LRD_EVENTS + 1, LRD_EVENT_SIZE },
		[LRD_SECTION_RINGS] = { 0, 1, LRD_PAGE },
		/* Holes from here on, until slots.c gives them blocks. */
		[LRD_SECTION_SLOTS] = { 0, (uint32_t)slots, sizeof(struct lrd_slot) },
		[LRD_SECTION_GHOSTS] = { 0, (uint32_t)(2 * slots), 4 },
	};

	for (size_t i = 0; i < LRD_SECTION_END; i++) {
		header->sections[i] = wanted[i];
		header->sections[i].offset = at;
		at += (uint64_t)wanted[i].count * wanted[i].size;
		at = (at + LRD_PAGE - 1) / LRD_PAGE * LRD_PAGE;
	}
	header->control_bytes = at;
}

static void fill_machine(struct lrd_control_header *header)
{
	memcpy(header->magic, LRD_CONTROL_MAGIC, sizeof(header->magic));
	header->format = LRD_FORMAT;
	header->byte_order = LRD_BYTE_ORDER;
	header->mutex_size = sizeof(pthread_mutex_t);
	header->pointer_size = sizeof(void *);
	header->lmdb_version = MDB_VERSION_MAJOR << 16 | MDB_VERSION_MINOR;
	header->page_size = LRD_PAGE;
}

int lrd_control_format(int fd, const struct lrd_mount_request *request, uint64_t seed,
		       larder_error *err)
{
	struct lrd_control_header header = { 0 };
	char text[128];
	int rc;

	fill_machine(&header);
	header.budget_bytes = request->budget_bytes;
	if (header.budget_bytes < BUDGET_MIN)
		header.budget_bytes = BUDGET_MIN;
	/* Room for what readers still see and for transactions in flight, in whole MiB. */
	header.map_bytes = header.budget_bytes + header.budget_bytes / 16 + (8 << 20);
	header.map_bytes = (header.map_bytes + (1 << 20) - 1) >> 20 << 20;
	header.group_shared = request->group_shared;
	header.size_weight = request->size_weight;
	header.seed = seed;
	header.created_at = lrd_clock_now_s();
	lay_out(&header);
	lrd_control_seal(&header);

	/* The magic first and kept all along, so that whatever a crash leaves is known as ours;
	 * nothing behind it, so that all of it reads as zero; blocks for all that is in use from
	 * the beginning, so that no store into the map can meet a full disk; the header last. */
	if (pwrite(fd, header.magic, sizeof(header.magic), 0) !=
		    (ssize_t)sizeof(header.magic) ||
	    ftruncate(fd, (off_t)sizeof(header.magic)) < 0 ||
	    ftruncate(fd, (off_t)header.control_bytes) < 0)
		rc = lrd_error_from_errno(errno);
	else
		rc = lrd_file_reserve(fd, 0, header.sections[LRD_SECTION_SLOTS].offset);
	if (rc == 0 && pwrite(fd, &header, sizeof(header), 0) != (ssize_t)sizeof(header))
		rc = lrd_error_from_errno(errno);
	if (rc < 0) {
		int why = errno;

		/* Whatever this leaves, a header that is not whole is built again. */
		if (ftruncate(fd, (off_t)sizeof(header.magic)) < 0)
			why = errno;
		return lrd_error_set(
			err, rc, LARDER_PHASE_STORE, why, NULL,
			"cannot write %s/%s (%llu bytes): %s", request->path,
			LRD_FILE_CONTROL,
			(unsigned long long)header.sections[LRD_SECTION_SLOTS].offset,
			lrd_error_os_text(why, text, sizeof(text)));
	}
	return 0;
}

static bool sections_fit(const struct lrd_control_header *header, uint64_t file_bytes)
{
	static const uint32_t sizes[LRD_SECTION_END] = { sizeof(struct lrd_process),
							 sizeof(struct lrd_counts),
							 sizeof(struct lrd_hold_place),
							 sizeof(struct lrd_lease_stripe),
							 LRD_EVENT_SIZE,
							 LRD_PAGE,
							 sizeof(struct lrd_slot),
							 4 };
	static const uint32_t counts[LRD_SECTION_END] = { LRD_PROCESSES,
							  LRD_PROCESSES + 1,
							  LRD_HOLDS,
							  LRD_LEASES,
							  LRD_EVENTS + 1,
							  1,
							  1,
							  1 };

	if (header->sections[LRD_SECTION_GHOSTS].count / 2 !=
	    header->sections[LRD_SECTION_SLOTS].count)
		return false;
	if (header->control_bytes > file_bytes || header->control_bytes > SIZE_MAX)
		return false;
	for (size_t i = 0; i < LRD_SECTION_END; i++) {
		const struct lrd_section *section = &header->sections[i];
		uint64_t bytes = (uint64_t)section->count * section->size;

		if (section->size != sizes[i] || section->count < counts[i] ||
		    section->offset % LRD_PAGE != 0 || section->offset < 2 * LRD_PAGE ||
		    section->offset > header->control_bytes ||
		    bytes > header->control_bytes - section->offset)
			return false;
	}
	return true;
}

int lrd_control_inspect(int fd, struct lrd_control_header *out,
			enum lrd_control_verdict *verdict)
{
	static const struct lrd_control_header none;
	const size_t mark = sizeof(none.magic);
	struct lrd_control_header header = { 0 };
	struct lrd_control_header mine = { 0 };
	struct lrd_file_facts facts;
	ssize_t got = pread(fd, &header, sizeof(header), 0);

	if (got < 0 || lrd_file_facts(fd, &facts) < 0)
		return lrd_error_from_errno(errno);
	fill_machine(&mine);
	if (memcmp(header.magic, mine.magic, mark) != 0) {
		*verdict = lrd_ours_is_blank(fd) ? LRD_CONTROL_EMPTY : LRD_CONTROL_ALIEN;
		return 0;
	}
	*verdict = LRD_CONTROL_BEGUN;
	if (memcmp(&header.sum, &none.sum, sizeof(header) - mark) == 0)
		return 0;
	*verdict = LRD_CONTROL_DAMAGED;
	if (got != (ssize_t)sizeof(header))
		return 0;
	*verdict = LRD_CONTROL_FOREIGN;
	if (header.format != mine.format || header.byte_order != mine.byte_order ||
	    header.mutex_size != mine.mutex_size ||
	    header.pointer_size != mine.pointer_size ||
	    header.lmdb_version != mine.lmdb_version || header.page_size != mine.page_size)
		return 0;
	*verdict = LRD_CONTROL_DAMAGED;
	if (header.sum != header_sum(&header) ||
	    !sections_fit(&header, facts.size_bytes) || header.budget_bytes < BUDGET_MIN ||
	    header.map_bytes < header.budget_bytes || header.map_bytes > SIZE_MAX / 2)
		return 0;
	*verdict = LRD_CONTROL_GOOD;
	*out = header;
	return 0;
}

int lrd_control_map(struct lrd_mount *mount, int fd)
{
	struct lrd_control_header header;
	enum lrd_control_verdict verdict;
	unsigned char *map;
	int rc = lrd_control_inspect(fd, &header, &verdict);

	if (rc < 0)
		return rc;
	if (verdict != LRD_CONTROL_GOOD)
		return LARDER_ECORRUPT;
	map = mmap(NULL, (size_t)header.control_bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
		   fd, 0);
	if (map == MAP_FAILED)
		return lrd_error_from_errno(errno);

	/* Offsets come from the checked copy: the map may change at any time. */
	mount->control = map;
	mount->control_bytes = header.control_bytes;
	mount->header = (void *)map;
	mount->shared = (void *)(map + LRD_PAGE);
	mount->processes = (void *)(map + header.sections[LRD_SECTION_PROCESSES].offset);
	mount->counts = (void *)(map + header.sections[LRD_SECTION_COUNTERS].offset);
	mount->holds = (void *)(map + header.sections[LRD_SECTION_HOLDS].offset);
	mount->leases = (void *)(map + header.sections[LRD_SECTION_LEASES].offset);
	mount->event_head = (void *)(map + header.sections[LRD_SECTION_EVENTS].offset);
	mount->events = (void *)(map + header.sections[LRD_SECTION_EVENTS].offset +
				 LRD_EVENT_SIZE);
	mount->table = (void *)(map + header.sections[LRD_SECTION_RINGS].offset);
	mount->ghosts = (void *)(map + header.sections[LRD_SECTION_GHOSTS].offset);
	mount->slots = (void *)(map + header.sections[LRD_SECTION_SLOTS].offset);
	mount->slot_count = header.sections[LRD_SECTION_SLOTS].count;
	mount->size_weight = header.size_weight;
	mount->seed = header.seed;
	mount->budget_bytes = header.budget_bytes;
	mount->map_bytes = header.map_bytes;
	return 0;
}

void lrd_control_unmap(struct lrd_mount *mount)
{
	if (mount->control)
		(void)munmap(mount->control, (size_t)mount->control_bytes);
	mount->control = NULL;
}

int lrd_control_reset(struct lrd_mount *mount)
{
	struct lrd_control_shared *shared = mount->shared;
	const struct lrd_section *leases = &mount->header->sections[LRD_SECTION_LEASES];

	memset(mount->holds, 0, LRD_HOLDS * sizeof(*mount->holds));
	memset(mount->control + leases->offset, 0, (size_t)leases->count * leases->size);
	atomic_store(&shared->holds_high, 0);
	atomic_store(&shared->upkeep_ns, 0);
	atomic_store(&shared->disk_full_ns, 0);
	atomic_store(&shared->gate_place, 0);
	if (atomic_load(&shared->epoch) == 0)
		atomic_store(&shared->epoch, 1);
	if (atomic_load(&shared->next_cas) == 0)
		atomic_store(&shared->next_cas, 1);
	if (atomic_load(&shared->next_body_id) == 0)
		atomic_store(&shared->next_body_id, 1);
	return lrd_gate_init(&shared->gate);
}
