/* SPDX-License-Identifier: MIT */
/* file.c - opening, checking and reserving files safely. */
#include "sys/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "sys/error.h"

static void facts_from_stat(const struct stat *st, struct lrd_file_facts *out)
{
	out->dev = (uint64_t)st->st_dev;
	out->ino = (uint64_t)st->st_ino;
	out->size_bytes = (uint64_t)st->st_size;
	out->disk_bytes = (uint64_t)st->st_blocks * 512;
	out->uid = st->st_uid;
	out->gid = st->st_gid;
	out->mode = st->st_mode & 07777;
	out->is_dir = S_ISDIR(st->st_mode);
	out->is_regular = S_ISREG(st->st_mode);
	out->is_symlink = S_ISLNK(st->st_mode);
}

int lrd_file_facts(int fd, struct lrd_file_facts *out)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return lrd_error_from_errno(errno);
	facts_from_stat(&st, out);
	return 0;
}

int lrd_file_facts_at(int dir_fd, const char *name, struct lrd_file_facts *out)
{
	struct stat st;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return lrd_error_from_errno(errno);
	facts_from_stat(&st, out);
	return 0;
}

int lrd_dir_open(const char *path, int *out)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return lrd_error_from_errno(errno);
	*out = fd;
	return 0;
}

int lrd_dir_ensure(const char *path, uint32_t mode)
{
	char part[PATH_MAX];
	size_t len = strlen(path);

	if (len == 0 || len >= sizeof(part)) {
		errno = ENAMETOOLONG;
		return LARDER_EINVAL;
	}
	memcpy(part, path, len + 1);
	for (size_t i = 1; i <= len; i++) {
		bool last = part[i] == '\0';

		if (part[i] != '/' && !last)
			continue;
		part[i] = '\0';
		if (mkdir(part, last ? mode & 0777 : 0700) == 0) {
			/* mkdir honours the umask and ignores the setgid bit. */
			if (last && chmod(part, mode) < 0)
				return lrd_error_from_errno(errno);
		} else if (errno != EEXIST) {
			struct stat st;
			int why = errno;

			/* A read-only parent reports EROFS or EACCES for what exists. */
			if (stat(part, &st) < 0) {
				errno = why;
				return lrd_error_from_errno(why);
			}
		}
		if (!last)
			part[i] = '/';
	}
	return 0;
}

int lrd_file_open_at(int dir_fd, const char *name, int *out)
{
	struct stat st;
	int fd = openat(dir_fd, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return lrd_error_from_errno(errno);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		(void)close(fd);
		errno = EINVAL;
		return LARDER_EIO;
	}
	*out = fd;
	return 0;
}

int lrd_file_create_at(int dir_fd, const char *name, uint32_t mode, int *out)
{
	int fd = openat(dir_fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			mode);

	if (fd < 0)
		return errno == EEXIST ? LARDER_EEXIST : lrd_error_from_errno(errno);
	if (fchmod(fd, mode) < 0) {
		int why = errno;

		(void)close(fd);
		(void)unlinkat(dir_fd, name, 0);
		errno = why;
		return lrd_error_from_errno(why);
	}
	*out = fd;
	return 0;
}

int lrd_file_rename_at(int dir_fd, const char *from, const char *to)
{
	if (renameat(dir_fd, from, dir_fd, to) < 0)
		return lrd_error_from_errno(errno);
	return 0;
}

int lrd_file_unlink_at(int dir_fd, const char *name)
{
	if (unlinkat(dir_fd, name, 0) < 0 && errno != ENOENT)
		return lrd_error_from_errno(errno);
	return 0;
}

int lrd_file_reserve(int fd, uint64_t from_bytes, uint64_t to_bytes)
{
	int why;

	if (to_bytes > INT64_MAX) {
		errno = EFBIG;
		return LARDER_EFULL;
	}
	if (from_bytes >= to_bytes)
		return 0;
	do {
		why = posix_fallocate(fd, (off_t)from_bytes,
				      (off_t)(to_bytes - from_bytes));
	} while (why == EINTR);
	if (why == 0)
		return 0;
	errno = why;
	return lrd_error_from_errno(why);
}

int lrd_file_network_name(int fd, const char **out)
{
	/* Their locks or shared maps do not hold across machines, or cannot be known to. */
	static const struct {
		uint32_t magic;
		const char *name;
	} networks[] = {
		{ NFS_SUPER_MAGIC, "NFS" },   { SMB_SUPER_MAGIC, "SMB" },
		{ 0xff534d42, "CIFS" },       { 0xfe534d42, "SMB2" },
		{ CODA_SUPER_MAGIC, "Coda" }, { AFS_SUPER_MAGIC, "AFS" },
		{ AFS_FS_MAGIC, "AFS" },      { V9FS_MAGIC, "9P" },
		{ 0x00c36400, "Ceph" },       { NCP_SUPER_MAGIC, "NCP" },
		{ 0x65735546, "FUSE" },       { 0x7461636f, "OCFS2" },
		{ 0x01161970, "GFS2" },       { 0x0bd00bd0, "Lustre" },
		{ 0x47504653, "GPFS" },
	};
	struct statfs fs;
	const char *name = NULL;

	if (fstatfs(fd, &fs) < 0)
		return lrd_error_from_errno(errno);
	for (size_t i = 0; i < sizeof(networks) / sizeof(networks[0]); i++) {
		if ((uint32_t)fs.f_type == networks[i].magic)
			name = networks[i].name;
	}
	*out = name;
	return 0;
}

bool lrd_file_in_group(uint32_t gid)
{
	gid_t *groups = NULL;
	bool found = getegid() == gid;
	int count = getgroups(0, NULL);

	if (found || count <= 0)
		return found;
	groups = calloc((size_t)count, sizeof(*groups));
	if (!groups)
		return false;
	count = getgroups(count, groups);
	for (int i = 0; i < count && !found; i++)
		found = groups[i] == gid;
	free(groups);
	return found;
}
