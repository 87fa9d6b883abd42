/* SPDX-License-Identifier: MIT */
/* env.c - opening and closing handles, and swapping mounts after forks and rebuilds. */
#include "store/env.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "store/identity.h"
#include "sys/clock.h"
#include "sys/error.h"
#include "sys/file.h"

#define DEFAULT_BUDGET_BYTES    (UINT64_C(4) << 30)
#define DEFAULT_GATE_TIMEOUT_MS 50
#define IDENTITY_EVERY_NS       UINT64_C(1000000000)
#define CLOSING_WAIT_NS         UINT64_C(500000000)

/* Every environment of this process: the one mutable global that LMDB's rules demand. Guarded
 * by the fork guard. */
static struct lrd_env *registry;

/* ---- where the store is ------------------------------------------------------------------ */

static int default_path(char *path, size_t size, larder_error *err)
{
	const char *store = getenv("LARDER_STORE");
	const char *cache = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");
	int len;

	if (store && store[0] != '\0')
		len = snprintf(path, size, "%s", store);
	else if (cache && cache[0] == '/')
		len = snprintf(path, size, "%s/larder", cache);
	else if (home && home[0] == '/')
		len = snprintf(path, size, "%s/.cache/larder", home);
	else
		return lrd_error_set(err, LARDER_ESTORE, LARDER_PHASE_STORE, 0, NULL,
				     "no place for a store: set LARDER_STORE, or HOME");
	if (len < 0 || (size_t)len >= size)
		return lrd_error_set(err, LARDER_EINVAL, LARDER_PHASE_STORE, ENAMETOOLONG,
				     NULL, "the path of the store is too long");
	return 0;
}

/* The path made absolute and without a slash at its end, so that a later chdir does no harm. */
static char *absolute_path(const char *path)
{
	char cwd[PATH_MAX] = "";
	size_t len = strlen(path);
	size_t size;
	char *out;

	while (len > 1 && path[len - 1] == '/')
		len--;
	if (path[0] != '/' && !getcwd(cwd, sizeof(cwd)))
		return NULL;
	size = strlen(cwd) + 1 + len + 1;
	out = malloc(size);
	if (!out)
		return NULL;
	if (path[0] == '/')
		(void)snprintf(out, size, "%.*s", (int)len, path);
	else
		(void)snprintf(out, size, "%s/%.*s", cwd, (int)len, path);
	return out;
}

/* ---- mounts of an environment ------------------------------------------------------------ */

static void retire(struct lrd_env *env, struct lrd_mount *mount)
{
	mount->retired_next = env->retired;
	env->retired = mount;
}

/* Opens the files by the env's path; checks that it is still the directory it was. */
static int mount_path(struct lrd_env *env, bool must_exist, struct lrd_mount **out,
		      larder_error *err)
{
	struct lrd_mount_request request = {
		.path = env->path,
		.dir_fd = -1,
		.budget_bytes = env->budget_bytes,
		.must_exist = must_exist || env->as_it_is,
		.as_it_is = env->as_it_is,
		.group_shared = env->group_shared,
		.size_weight = env->size_weight,
	};
	struct lrd_file_facts facts;
	int rc = lrd_identity_open_dir(env->path, !request.must_exist, env->group_shared,
				       &request.dir_fd, err);

	if (rc < 0)
		return rc;
	rc = lrd_mount_open(&request, out, err);
	if (rc == 0 && lrd_file_facts(request.dir_fd, &facts) == 0) {
		env->dir_dev = facts.dev;
		env->dir_ino = facts.ino;
	}
	(void)close(request.dir_fd);
	return rc;
}

/* Swaps the mount. With the fork guard held. */
static int swap_mount(struct lrd_env *env, struct lrd_mount *old, struct lrd_mount **out)
{
	struct lrd_mount *fresh = NULL;
	int rc;

	if (old->fork_generation != lrd_fork_generation()) {
		if (!old->closed)
			lrd_mount_abandon(old);
	} else if (!lrd_mount_try_close(old)) {
		/* A read goes on too long: its snapshot must not lose its files. */
		return LARDER_EBUSY;
	}
	rc = mount_path(env, false, &fresh, NULL);
	if (rc < 0)
		return rc; /* `old` stays in place, closed: the next operation tries again */
	retire(env, old);
	atomic_store(&env->mount, fresh);
	*out = fresh;
	return 0;
}

int lrd_env_renew(struct lrd_env *env, const struct lrd_mount *old, struct lrd_mount **out)
{
	struct lrd_mount *mount;
	int rc = 0;

	lrd_fork_guard_lock();
	mount = atomic_load(&env->mount);
	/* Another thread may have been faster. */
	if (mount != old && !mount->closed && lrd_mount_is_current(mount))
		*out = mount;
	else
		rc = swap_mount(env, mount, out);
	lrd_fork_guard_unlock();
	return rc;
}

int lrd_env_enter(struct lrd_env *env, struct lrd_mount **out)
{
	uint64_t deadline = lrd_clock_mono_ns() + CLOSING_WAIT_NS;
	const struct timespec pause = { 0, 100000 };

	for (;;) {
		struct lrd_mount *mount;
		int rc = lrd_env_mount(env, &mount);

		if (rc < 0)
			return rc;
		if (lrd_mount_join(mount)) {
			*out = mount;
			return 0;
		}
		/* Another thread is about to swap it, or waits for us all to be done. */
		if (lrd_clock_mono_ns() >= deadline)
			return LARDER_EBUSY;
		(void)nanosleep(&pause, NULL);
	}
}

/* Whether the directory's control file is the one that the mount has open. */
static bool is_same_control(const struct lrd_env *env, const struct lrd_mount *mount)
{
	struct lrd_file_facts named;
	struct lrd_file_facts opened;
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s", env->path, LRD_FILE_CONTROL) >=
	    (int)sizeof(path))
		return false;
	return lrd_file_facts(mount->control_fd, &opened) == 0 &&
	       lrd_file_facts_at(AT_FDCWD, path, &named) == 0 &&
	       named.dev == opened.dev && named.ino == opened.ino;
}

int lrd_env_check_identity(struct lrd_env *env)
{
	uint64_t now = lrd_clock_mono_coarse_ns();
	uint64_t last = atomic_load_explicit(&env->identity_ns, memory_order_relaxed);
	struct lrd_mount *mount;
	int rc;

	if (now - last < IDENTITY_EVERY_NS ||
	    !atomic_compare_exchange_strong(&env->identity_ns, &last, now))
		return 0;
	lrd_fork_guard_lock();
	mount = atomic_load(&env->mount);
	rc = 0;
	if (mount->closed || !lrd_mount_is_current(mount) || !is_same_control(env, mount))
		rc = swap_mount(env, mount, &mount);
	lrd_fork_guard_unlock();
	return rc;
}

/* ---- handles ----------------------------------------------------------------------------- */

static void free_env(struct lrd_env *env)
{
	while (env->retired) {
		struct lrd_mount *mount = env->retired;

		env->retired = mount->retired_next;
		lrd_mount_free(mount);
	}
	free(env->path);
	free(env);
}

static struct lrd_store *new_store(const larder_allocator *allocator)
{
	larder_allocator chosen = { 0 };
	struct lrd_store *store;

	if (allocator && allocator->malloc_fn)
		chosen = *allocator;
	store = chosen.malloc_fn ? chosen.malloc_fn(sizeof(*store), chosen.ctx)
				 : malloc(sizeof(*store));
	if (!store)
		return NULL;
	memset(store, 0, sizeof(*store));
	store->allocator = chosen;
	return store;
}

static void free_store(struct lrd_store *store)
{
	if (store->allocator.free_fn)
		store->allocator.free_fn(store, store->allocator.ctx);
	else
		free(store);
}

/* Finds the environment of an open directory. With the fork guard held. */
static struct lrd_env *find_env(const char *path)
{
	struct lrd_file_facts facts;
	int fd = -1;
	int rc = lrd_dir_open(path, &fd);

	if (rc < 0)
		return NULL;
	rc = lrd_file_facts(fd, &facts);
	(void)close(fd);
	for (struct lrd_env *env = registry; env && rc == 0; env = env->next) {
		if (env->dir_dev == facts.dev && env->dir_ino == facts.ino)
			return env;
	}
	return NULL;
}

/* Opens a new environment and enters it into the registry. With the fork guard held. */
static int open_env(const char *path, const struct lrd_store_options *options,
		    struct lrd_env **out, larder_error *err)
{
	struct lrd_env *env = calloc(1, sizeof(*env));
	struct lrd_mount *mount = NULL;
	int rc = LARDER_ENOMEM;

	if (!env)
		goto out;
	env->path = absolute_path(path);
	if (!env->path)
		goto out;
	env->budget_bytes =
		options->budget_bytes ? options->budget_bytes : DEFAULT_BUDGET_BYTES;
	env->group_shared = options->group_shared;
	env->size_weight = options->size_weight;
	env->as_it_is = options->as_it_is;
	rc = mount_path(env, options->must_exist, &mount, err);
	if (rc < 0)
		goto out;
	atomic_store(&env->mount, mount);
	env->next = registry;
	registry = env;
	*out = env;
	env = NULL;
out:
	if (rc == LARDER_ENOMEM && err && err->code == 0)
		(void)lrd_error_set(err, rc, LARDER_PHASE_STORE, ENOMEM, NULL,
				    "no memory to open store %s", path);
	if (env)
		free_env(env);
	return rc;
}

int lrd_store_open(const char *dir, const struct lrd_store_options *options,
		   struct lrd_store **out, larder_error *err)
{
	static const struct lrd_store_options defaults = { 0 };
	char path[PATH_MAX];
	struct lrd_store *store;
	int rc = 0;

	lrd_error_clear(err);
	if (!options)
		options = &defaults;
	if (!dir) {
		rc = default_path(path, sizeof(path), err);
		if (rc < 0)
			return rc;
		dir = path;
	}
	if (options->size_weight >= LRD_SIZE_WEIGHT_END)
		return lrd_error_set(err, LARDER_EINVAL, LARDER_PHASE_STORE, 0, NULL,
				     "there is no such weight of sizes: %u",
				     options->size_weight);
	if (dir[0] == '\0')
		return lrd_error_set(err, LARDER_EINVAL, LARDER_PHASE_STORE, 0, NULL,
				     "the path of the store is empty");
	store = new_store(options->allocator);
	if (!store)
		return lrd_error_set(err, LARDER_ENOMEM, LARDER_PHASE_STORE, ENOMEM, NULL,
				     "no memory to open store %s", dir);
	store->gate_timeout_ns =
		UINT64_C(1000000) * (options->gate_timeout_ms ? options->gate_timeout_ms
							      : DEFAULT_GATE_TIMEOUT_MS);
	lrd_fork_guard_lock();
	store->env = find_env(dir);
	if (!store->env)
		rc = open_env(dir, options, &store->env, err);
	if (rc == 0)
		store->env->refs++;
	lrd_fork_guard_unlock();
	if (rc < 0) {
		free_store(store);
		return rc;
	}
	*out = store;
	return 0;
}

/* Takes the environment out of the registry and closes it. With the fork guard held. */
static void close_env(struct lrd_env *env)
{
	struct lrd_mount *mount = atomic_load(&env->mount);
	struct lrd_env **link = &registry;

	while (*link != env)
		link = &(*link)->next;
	*link = env->next;
	if (mount->fork_generation != lrd_fork_generation()) {
		if (!mount->closed)
			lrd_mount_abandon(mount);
	} else if (!lrd_mount_try_close(mount)) {
		/* A read that its thread never ended: the caller's bug. Rather keep the files
		 * open than take them away under it. */
		return;
	}
	retire(env, mount);
	free_env(env);
}

void lrd_store_close(struct lrd_store *store)
{
	if (!store)
		return;
	lrd_fork_guard_lock();
	if (--store->env->refs == 0)
		close_env(store->env);
	lrd_fork_guard_unlock();
	free_store(store);
}

const char *lrd_store_path(const struct lrd_store *store)
{
	return store->env->path;
}
