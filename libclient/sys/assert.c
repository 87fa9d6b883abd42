/* SPDX-License-Identifier: MIT */
/* assert.c - the last words of a process that lost its invariants. */
#include "sys/assert.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void say(const char *text)
{
	ssize_t ignored = write(STDERR_FILENO, text, strlen(text));

	(void)ignored;
}

_Noreturn void lrd_assert_fail(const char *condition, const char *file, int line)
{
	char digits[12];
	char *at = digits + sizeof(digits) - 1;

	*at = '\0';
	do {
		*--at = (char)('0' + line % 10);
		line /= 10;
	} while (line > 0 && at > digits);

	say("larder: broken invariant: ");
	say(condition);
	say(" at ");
	say(file);
	say(":");
	say(at);
	say("\n");
	abort();
}
