/* SPDX-License-Identifier: MIT */
/*
 * mount.c - one generation of the store's files: opened, healed where needed, closed.
 *
 * Everything here happens under the open lock, so that of all processes one looks, builds or
 * leaves at a time:
 *
 *	control or data.mdb another program's         refused
 *	control absent, half made, damaged            nobody lives: format anew   else: error
 *	another format                                nobody lives: format anew   else: error
 *	another PID namespace                         nobody lives: adopt         else: error
 *	another boot                                  clean: adopt                else: rebuild
 *	data or lock replaced, cut, missing           clean copy: adopt           else: rebuild
 *	poisoned, half rebuilt                        rebuild
 */
#include "store/mount.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "store/control.h"
#include "store/counters.h"
#include "store/data.h"
#include "store/event.h"
#include "store/gate.h"
#include "store/identity.h"
#include "store/ours.h"
#include "store/process.h"
#include "store/slots.h"
#include "sys/clock.h"
#include "sys/crash.h"
#include "sys/error.h"
#include "sys/file.h"
#include "sys/fork.h"
#include "sys/random.h"

#define SECOND_NS       UINT64_C(1000000000)
#define OPEN_WAIT_NS    (10 * SECOND_NS)
#define REBUILD_WAIT_NS (2 * SECOND_NS)
#define QUIESCE_WAIT_NS (SECOND_NS / 4)

static int fail(const struct lrd_mount_request *request, int code, const char *what,
		larder_error *err)
{
	return lrd_error_set(err, code, LARDER_PHASE_STORE, 0, NULL, "store %s %s",
			     request->path, what);
}

/* Opens `control` and takes the open lock on the file that the name leads to now. */
static int lock_control(const struct lrd_mount_request *request, int *out,
			larder_error *err)
{
	uint64_t deadline = lrd_clock_mono_ns() + OPEN_WAIT_NS;

	do {
		struct lrd_file_facts named;
		struct lrd_file_facts opened;
		int fd = -1;
		int rc = lrd_control_open(request, &fd, err);

		if (rc < 0)
			return rc;
		rc = lrd_lock_wait(fd, LRD_LOCK_OPEN, 1, deadline);
		if (rc == 0 &&
		    lrd_file_facts_at(request->dir_fd, LRD_FILE_CONTROL, &named) == 0 &&
		    lrd_file_facts(fd, &opened) == 0 && named.dev == opened.dev &&
		    named.ino == opened.ino) {
			*out = fd;
			return 0;
		}
		(void)close(fd);
		if (rc == LARDER_EBUSY)
			return fail(request, rc,
				    "is being opened by another process that does not "
				    "get on; look for a stopped process",
				    err);
		if (rc < 0)
			return fail(request, rc, "cannot be locked", err);
		/* The name leads to another file by now: a store replaced while we waited. */
	} while (lrd_clock_mono_ns() < deadline);
	return fail(request, LARDER_EBUSY, "is being replaced all the time", err);
}

/* Whether the directory is a store's, judging by `control` or else by the data; if not, why. */
static int judge_maker(const struct lrd_mount_request *request,
		       enum lrd_control_verdict verdict, bool *fresh, larder_error *err)
{
	bool marked = verdict != LRD_CONTROL_EMPTY && verdict != LRD_CONTROL_ALIEN;
	enum lrd_ours data = lrd_ours_data(request->dir_fd);

	if (verdict == LRD_CONTROL_ALIEN && data != LRD_OURS_STORE)
		return lrd_control_refuse(request, "its control file is another program's",
					  err);
	if (!marked && data == LRD_OURS_ALIEN)
		return lrd_control_refuse(
			request,
			"it has an empty control file, and a data.mdb or lock.mdb that may be "
			"another program's (remove all three if they are left of a store)",
			err);
	*fresh = data == LRD_OURS_NOTHING &&
		 (verdict == LRD_CONTROL_EMPTY || verdict == LRD_CONTROL_BEGUN);
	return 0;
}

/* Makes sure that `control` has a header that can be trusted. `fresh`: there was no store. */
static int ready_control(const struct lrd_mount_request *request, int fd, bool others,
			 bool *fresh, larder_error *err)
{
	struct lrd_control_header header;
	enum lrd_control_verdict verdict;
	int rc = lrd_control_inspect(fd, &header, &verdict);

	if (rc < 0)
		return fail(request, rc, "cannot be read", err);
	if (verdict == LRD_CONTROL_GOOD) {
		rc = lrd_control_tighten(fd, header.group_shared != 0);
		return rc < 0 ? fail(request, rc,
				     "has a control file that others may use; chmod it as "
				     "its owner",
				     err)
			      : 0;
	}
	rc = judge_maker(request, verdict, fresh, err);
	if (rc < 0)
		return rc;
	if (*fresh && request->must_exist)
		return lrd_error_set(err, LARDER_ENOTFOUND, LARDER_PHASE_STORE, 0, NULL,
				     "there is no store at %s", request->path);
	if (request->as_it_is)
		return fail(request, LARDER_ECORRUPT,
			    verdict == LRD_CONTROL_EMPTY
				    ? "has an empty control file"
				    : "has a damaged control file, or one of another format",
			    err);
	if (verdict == LRD_CONTROL_FOREIGN && others)
		return fail(request, LARDER_EFORMAT,
			    "is in use by a library that writes another format; use one "
			    "version, "
			    "or another directory",
			    err);
	if (others)
		return fail(
			request,
			LARDER_EFORMAT, "has a damaged control file while other processes use it; stop them",
			err);
	rc = lrd_control_tighten(fd, request->group_shared);
	if (rc < 0)
		return fail(request, rc,
			    "has a control file that others may use; remove it", err);
	rc = lrd_control_format(fd, request, lrd_random_u64(), err);
	LRD_CRASH_POINT("store.open.after_format");
	return rc;
}

/* Removes what a creation made that came to nothing; `control`, which vouches for it, last. */
static void remove_made(const struct lrd_mount_request *request)
{
	static const char *const names[] = { LRD_FILE_NEW_DATA, LRD_FILE_NEW_LOCK,
					     LRD_FILE_DATA, LRD_FILE_LOCK,
					     LRD_FILE_CONTROL };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (lrd_file_unlink_at(request->dir_fd, names[i]) < 0)
			return;
	}
}

/* Decides whether this boot and PID namespace may go on with the files. */
static int judge_machine(struct lrd_mount *mount, const struct lrd_mount_request *request,
			 bool others, bool *rebuild, larder_error *err)
{
	struct lrd_control_header *header = mount->header;
	uint8_t boot_id[LRD_BOOT_ID_LEN];
	uint64_t pid_namespace = 0;
	bool same_boot;

	if (lrd_machine_boot_id(boot_id) < 0 ||
	    lrd_machine_pid_namespace(&pid_namespace) < 0)
		return fail(request, LARDER_ESTORE, "needs /proc to be mounted", err);
	same_boot = memcmp(boot_id, header->boot_id, sizeof(boot_id)) == 0;
	if (same_boot && pid_namespace == header->pid_namespace)
		return 0;
	if (others)
		return fail(request, LARDER_EFORMAT,
			    "is in use from another PID namespace, where LMDB's locks do "
			    "not hold; "
			    "share the PID namespace, or talk to larderd's socket",
			    err);
	/* Written without syncs: after a reboot only a clean close vouches for the data. */
	if (!same_boot && atomic_load(&mount->shared->clean) != 1) {
		if (request->as_it_is)
			return fail(request, LARDER_ECORRUPT,
				    "was in use when the machine went down: pages may be torn",
				    err);
		/* First of all, so that a crash below leaves no trust behind. */
		atomic_fetch_and(&mount->shared->state, ~(uint64_t)LRD_STATE_READY);
		*rebuild = true;
	}
	memcpy(header->boot_id, boot_id, sizeof(boot_id));
	header->pid_namespace = pid_namespace;
	lrd_control_seal(header);
	return 0;
}

/* Builds empty files under a new generation; everybody else notices at his next operation. */
static int rebuild(struct lrd_mount *mount, const struct lrd_mount_request *request,
		   bool others, larder_error *err)
{
	struct lrd_control_shared *shared = mount->shared;
	uint64_t generation = (atomic_load(&shared->state) >> LRD_STATE_BITS) + 1;
	bool first = atomic_load(&shared->state) == 0;
	int rc;

	/* A writer of the old files must be through before the numbers below change hands. */
	if (others) {
		rc = lrd_gate_take(mount, REBUILD_WAIT_NS);
		if (rc < 0)
			return fail(request, rc,
				    "must be rebuilt, but a writer does not end", err);
	}
	atomic_store(&shared->state, generation << LRD_STATE_BITS);
	LRD_CRASH_POINT("store.rebuild.begun");
	rc = lrd_data_build(mount, request, err);
	if (rc == 0) {
		atomic_store(&shared->corruptions, 0);
		atomic_store(&shared->damaged_count, 0);
		atomic_store(&shared->orphans, 0);
		lrd_slots_reset(mount);
		for (size_t i = 0; i < LRD_DAMAGED; i++)
			atomic_store(&shared->damaged[i].hash, 0);
		if (!first) {
			lrd_counters_add(mount, LRD_COUNT_REBUILT, 1);
			atomic_store(&shared->rebuilt_at, lrd_clock_now_s());
			lrd_event_put(mount, LRD_EVENT_REBUILT, 0,
				      (larder_slice){ NULL, 0 }, generation);
		}
		atomic_store(&shared->state,
			     generation << LRD_STATE_BITS | LRD_STATE_READY);
	}
	if (others)
		lrd_gate_drop(mount);
	return rc;
}

/* Opens the data files, after rebuilding them where they cannot go on. */
static int open_data(struct lrd_mount *mount, const struct lrd_mount_request *request,
		     bool others, bool must_rebuild, larder_error *err)
{
	struct lrd_control_shared *shared = mount->shared;
	uint64_t state = atomic_load(&shared->state);
	const char *why = "was in use when the machine went down: pages may be torn";
	int rc;

	if (!(state & LRD_STATE_READY)) {
		why = "was left half made by a crash";
		must_rebuild = true;
	}
	if (state & LRD_STATE_POISON) {
		why = "had damage in its structure before, and waits to be rebuilt";
		must_rebuild = true;
	}
	if (!must_rebuild) {
		enum lrd_data_verdict verdict = lrd_data_inspect(mount, request->dir_fd);

		if (verdict == LRD_DATA_MOVED && !others &&
		    atomic_load(&shared->clean) == 1) {
			rc = lrd_data_adopt(mount, request->dir_fd);
			if (rc < 0)
				return fail(request, rc, "cannot be examined", err);
		} else if (verdict != LRD_DATA_GOOD) {
			why = verdict == LRD_DATA_MOVED
				      ? "has another data.mdb or lock.mdb than it was made with"
				      : "has a data.mdb or lock.mdb that is missing, empty or "
					"cut short";
			must_rebuild = true;
		}
	}
	if (!must_rebuild && !others && !lrd_data_looks_sound(mount, request->dir_fd)) {
		why = "has damaged pages in data.mdb";
		must_rebuild = true;
	}
	/* The second time round the files are new: then an error is an error. */
	for (int attempt = 0; attempt < 2; attempt++) {
		if (must_rebuild && request->as_it_is)
			return fail(request, LARDER_ECORRUPT, why, err);
		if (must_rebuild) {
			rc = rebuild(mount, request, others, err);
			if (rc < 0)
				return rc;
		}
		rc = lrd_data_open(mount, request->path, request->dir_fd);
		if (rc == 0)
			return 0;
		if (rc != LARDER_ECORRUPT && rc != LARDER_EFORMAT)
			break;
		why = "has a data.mdb that LMDB cannot open, or whose tables are damaged";
		must_rebuild = true;
	}
	return fail(request, rc,
		    rc == LARDER_EBUSY ? "has no free reader place" : "cannot be opened",
		    err);
}

/* Opens what ready_control() found or made. */
static int open_files(struct lrd_mount *mount, const struct lrd_mount_request *request,
		      bool others, larder_error *err)
{
	bool must_rebuild = false;
	int rc = lrd_control_map(mount, mount->control_fd);

	if (rc < 0)
		return fail(request, rc, "cannot be mapped", err);
	rc = lrd_identity_check_group(request->path, request->dir_fd,
				      mount->header->group_shared != 0, err);
	if (rc < 0)
		return rc;
	rc = judge_machine(mount, request, others, &must_rebuild, err);
	if (rc < 0)
		return rc;
	/* A header whose state is 0 has never been through here. */
	if (!others) {
		rc = lrd_control_reset(mount);
		if (rc < 0)
			return fail(request, rc, "cannot make its write gate", err);
		lrd_slots_open(mount);
	}
	rc = lrd_process_register(mount);
	if (rc < 0)
		return fail(request, rc,
			    "is in use by as many processes as it can serve (1024)", err);
	rc = open_data(mount, request, others, must_rebuild, err);
	if (rc == 0 && !others)
		rc = lrd_data_check_ids(mount);
	if (rc < 0 && err && err->code == 0)
		return fail(request, rc, "cannot be read", err);
	return rc;
}

/* Everything between taking and dropping the open lock. */
static int open_locked(struct lrd_mount *mount, const struct lrd_mount_request *request,
		       larder_error *err)
{
	bool others = false;
	bool fresh = false;
	int rc = lrd_process_any_other(mount->control_fd, &others);

	if (rc < 0)
		return fail(request, rc, "cannot be locked", err);
	rc = ready_control(request, mount->control_fd, others, &fresh, err);
	if (rc == 0)
		rc = open_files(mount, request, others, err);
	/* Nobody else got past the lock: what is there was made by this call, or by a creation
	 * that died. */
	if (rc < 0 && fresh && !others && !request->must_exist)
		remove_made(request);
	return rc;
}

int lrd_mount_open(const struct lrd_mount_request *request, struct lrd_mount **out,
		   larder_error *err)
{
	struct lrd_mount *mount =
		aligned_alloc(_Alignof(struct lrd_mount), sizeof(*mount));
	uint64_t state;
	int rc;

	if (!mount)
		return lrd_error_set(err, LARDER_ENOMEM, LARDER_PHASE_STORE, ENOMEM, NULL,
				     "no memory to open store %s", request->path);
	memset(mount, 0, sizeof(*mount));
	mount->control_fd = -1;
	mount->fork_generation = lrd_fork_generation();

	rc = lock_control(request, &mount->control_fd, err);
	if (rc < 0)
		goto out;
	rc = lrd_fork_close_in_child(mount->control_fd);
	if (rc < 0) {
		rc = fail(request, rc, "is one of too many that this process has open",
			  err);
		goto out;
	}
	rc = open_locked(mount, request, err);
	(void)lrd_lock_drop(mount->control_fd, LRD_LOCK_OPEN, 1);
	if (rc < 0)
		goto out;
	state = atomic_load(&mount->shared->state) & ~(uint64_t)LRD_STATE_POISON;
	atomic_store(&mount->state, state);
	mount->generation = (uint32_t)(state >> LRD_STATE_BITS);
	*out = mount;
	mount = NULL;
out:
	if (mount) {
		(void)lrd_mount_try_close(mount);
		lrd_mount_free(mount);
	}
	return rc;
}

bool lrd_mount_quiesce(struct lrd_mount *mount)
{
	uint64_t deadline = lrd_clock_mono_ns() + QUIESCE_WAIT_NS;
	const struct timespec pause = { 0, 100000 };
	size_t kept = 0;

	atomic_store(&mount->closing, true);
	for (;;) {
		while (kept < LRD_PLACES &&
		       atomic_exchange(&mount->places[kept].busy, 1) == 0)
			kept++;
		if (kept == LRD_PLACES && atomic_load(&mount->extra) == 0)
			return true;
		if (lrd_clock_mono_ns() >= deadline)
			break;
		(void)nanosleep(&pause, NULL);
	}
	while (kept > 0)
		atomic_store(&mount->places[--kept].busy, 0);
	atomic_store(&mount->closing, false);
	return false;
}

void lrd_mount_resume(struct lrd_mount *mount)
{
	for (size_t i = 0; i < LRD_PLACES; i++)
		atomic_store(&mount->places[i].busy, 0);
	atomic_store(&mount->closing, false);
}

/* The last one out vouches for the data, if he can. */
static void leave_clean(struct lrd_mount *mount)
{
	struct lrd_control_shared *shared = mount->shared;
	bool others = true;

	if (atomic_load(&shared->clean) == 1 || !lrd_mount_is_ready(mount))
		return;
	if (lrd_lock_wait(mount->control_fd, LRD_LOCK_OPEN, 1,
			  lrd_clock_mono_ns() + SECOND_NS) < 0)
		return;
	if (atomic_load(&mount->guard.broken))
		return;
	if (lrd_process_any_other(mount->control_fd, &others) == 0 && !others &&
	    mdb_env_sync(mount->env, 1) == 0) {
		LRD_CRASH_POINT("store.close.before_stamp");
		if (msync(mount->control, (size_t)mount->control_bytes, MS_SYNC) == 0) {
			atomic_store(&shared->clean, 1);
			(void)msync(mount->control, 2 * LRD_PAGE, MS_SYNC);
		}
	}
	/* The lock falls with the file. */
}

bool lrd_mount_try_close(struct lrd_mount *mount)
{
	if (mount->closed)
		return true;
	if (!lrd_mount_quiesce(mount))
		return false;
	if (mount->env) {
		leave_clean(mount);
		for (size_t i = 0; i < LRD_PLACES; i++) {
			if (mount->places[i].txn)
				mdb_txn_abort(mount->places[i].txn);
			mount->places[i].txn = NULL;
		}
		lrd_tree_unmap(mount);
		lrd_guard_close(mount, mount->env);
		mount->env = NULL;
	}
	if (mount->processes && mount->registered)
		lrd_process_unregister(mount);
	if (mount->control_fd >= 0) {
		lrd_fork_forget(mount->control_fd);
		(void)close(mount->control_fd);
		mount->control_fd = -1;
	}
	/* Places stay kept and `extra` closed: whoever still comes by goes on to a new mount. */
	atomic_store(&mount->state, UINT64_MAX);
	mount->closed = true;
	return true;
}

void lrd_mount_abandon(struct lrd_mount *mount)
{
	/*
	 * Transactions and cursors are left alone: ending them would clear the parent's reader
	 * slots in the shared table. Closing the environment clears only slots of this pid. It
	 * must come before the files are opened again: closing any descriptor of lock.mdb drops
	 * every lock that this process has on it.
	 */
	lrd_tree_unmap(mount);
	if (mount->env)
		lrd_guard_close(mount, mount->env);
	mount->env = NULL;
	mount->control_fd = -1; /* closed by the fork handler */
	atomic_store(&mount->state, UINT64_MAX);
	mount->closed = true;
}

void lrd_mount_free(struct lrd_mount *mount)
{
	lrd_control_unmap(mount);
	free(mount);
}
