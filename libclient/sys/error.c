/* SPDX-License-Identifier: MIT */
/* error.c - the names and texts of errors, and how a larder_error is filled in. */
#include "sys/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#ifndef LARDER_VERSION
#error "the build defines LARDER_VERSION"
#endif

static const struct {
	int code;
	const char *name;
	const char *text;
} errors[] = {
	{ LARDER_OK, "OK", "success" },
#define LARDER_ERROR(symbol, number, text, help) { LARDER_##symbol, #symbol, text },
#include "larder/errors.def"
};

static const char *const phases[] = {
	[LARDER_PHASE_NONE] = "none",
	[LARDER_PHASE_PREPARE] = "prepare",
	[LARDER_PHASE_STORE] = "store",
	[LARDER_PHASE_WAIT] = "wait",
	[LARDER_PHASE_RESOLVE] = "resolve",
	[LARDER_PHASE_CONNECT] = "connect",
	[LARDER_PHASE_TLS] = "tls",
	[LARDER_PHASE_SEND] = "send",
	[LARDER_PHASE_FIRST_BYTE] = "first byte",
	[LARDER_PHASE_BODY] = "body",
};

const char *larder_strerror(int code)
{
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		if (errors[i].code == code)
			return errors[i].text;
	}
	return "unknown error";
}

const char *larder_error_name(int code)
{
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		if (errors[i].code == code)
			return errors[i].name;
	}
	return "UNKNOWN";
}

const char *larder_phase_name(uint32_t phase)
{
	if (phase >= sizeof(phases) / sizeof(phases[0]))
		return "unknown";
	return phases[phase];
}

const char *larder_version(void)
{
	return LARDER_VERSION;
}

int lrd_error_set(larder_error *err, int code, uint32_t phase, int os_errno,
		  const char *host, const char *format, ...)
{
	va_list args;

	if (!err)
		return code;
	err->code = code;
	err->os_errno = os_errno;
	err->phase = phase;
	err->reserved = 0;
	(void)snprintf(err->host, sizeof(err->host), "%s", host ? host : "");
	va_start(args, format);
	(void)vsnprintf(err->message, sizeof(err->message), format, args);
	va_end(args);
	return code;
}

void lrd_error_clear(larder_error *err)
{
	if (err)
		memset(err, 0, sizeof(*err));
}

int lrd_error_from_errno(int os_errno)
{
	switch (os_errno) {
	case ENOMEM:
		return LARDER_ENOMEM;
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return LARDER_EFULL;
	case ENOENT:
		return LARDER_ENOTFOUND;
	default:
		return LARDER_EIO;
	}
}

const char *lrd_error_os_text(int os_errno, char *buf, size_t len)
{
	/* GNU's strerror_r may return a static text and leave the buffer alone. */
	const char *text = strerror_r(os_errno, buf, len);

	if (len > 0 && text != buf)
		(void)snprintf(buf, len, "%s", text);
	return buf;
}
