/* SPDX-License-Identifier: MIT */
/* machine.c - which boot, which PID namespace and which process this is. */
#include "sys/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <larder/types.h>

/* Reads a small file of /proc as a string. */
static int read_text(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return errno == ENOENT ? LARDER_ENOTFOUND : LARDER_EIO;
	do {
		got = read(fd, buf, size - 1);
	} while (got < 0 && errno == EINTR);
	(void)close(fd);
	if (got <= 0)
		return errno == ESRCH ? LARDER_ENOTFOUND : LARDER_EIO;
	buf[got] = '\0';
	return 0;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

int lrd_machine_boot_id(uint8_t out[LRD_BOOT_ID_LEN])
{
	char text[64];
	uint8_t id[LRD_BOOT_ID_LEN] = { 0 };
	size_t digits = 0;

	if (read_text("/proc/sys/kernel/random/boot_id", text, sizeof(text)) < 0)
		return LARDER_EIO;
	for (const char *at = text; *at && digits < 2 * sizeof(id); at++) {
		int value = hex_value(*at);

		if (value < 0)
			continue; /* dashes */
		id[digits / 2] = (uint8_t)(id[digits / 2] << 4 | value);
		digits++;
	}
	if (digits != 2 * sizeof(id))
		return LARDER_EIO;
	memcpy(out, id, sizeof(id));
	return 0;
}

int lrd_machine_pid_namespace(uint64_t *out)
{
	struct stat st;

	if (stat("/proc/self/ns/pid", &st) < 0)
		return LARDER_EIO;
	*out = (uint64_t)st.st_ino;
	return 0;
}

int lrd_machine_start_time(uint32_t pid, uint64_t *out)
{
	enum { FIELDS_BEFORE_START = 20 }; /* proc(5): field 22, counted from the state */
	char path[32];
	char text[1024];
	const char *at;
	char *end;
	unsigned long long value;
	int rc;

	(void)snprintf(path, sizeof(path), "/proc/%u/stat", (unsigned int)pid);
	rc = read_text(path, text, sizeof(text));
	if (rc < 0)
		return rc;
	at = strrchr(text, ')'); /* the name before it may hold anything */
	for (int i = 0; at && i < FIELDS_BEFORE_START; i++)
		at = strchr(at + 1, ' ');
	if (!at)
		return LARDER_EIO;
	errno = 0;
	value = strtoull(at + 1, &end, 10);
	if (errno != 0 || end == at + 1)
		return LARDER_EIO;
	*out = value;
	return 0;
}
