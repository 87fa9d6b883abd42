/* SPDX-License-Identifier: MIT */
/*
 * types.h - the values that every larder header speaks in: slices, fields, errors, allocators.
 *
 * Plain structs of fixed-width members, so that ctypes and FFI need no C glue. Ownership has
 * three forms only: `const T *` is borrowed and dies with its parent or at the next call on
 * it; `T **out` is owned by the caller and takes exactly one free or close; `take` in a name
 * means that ownership moves into the callee. Every free accepts NULL.
 */
#ifndef LARDER_TYPES_H
#define LARDER_TYPES_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define LARDER_API __attribute__((visibility("default")))
#define LARDER_MUST_USE __attribute__((warn_unused_result))
#define LARDER_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define LARDER_API
#define LARDER_MUST_USE
#define LARDER_PRINTF(text, first)
#endif

/*
 * Sized structs start from their _INIT macro: `size` is set, all else is zero, which means
 * default. Members are only ever appended, so that old callers and new libraries understand
 * each other.
 */
#ifdef __cplusplus
#define LARDER_SIZED_INIT(type) { sizeof(type) }
#else
#define LARDER_SIZED_INIT(type) { .size = sizeof(type) }
#endif

/**
 * Read-only bytes. Slices that the library hands out are also NUL-terminated at ptr[len], so
 * that printf works; slices that callers hand in need not be.
 */
typedef struct larder_slice {
	const char *ptr;
	size_t len;
} larder_slice;

/** One HTTP field line (RFC 9110 s5): name and value, neither folded nor combined. */
typedef struct larder_field {
	larder_slice name;
	larder_slice value;
} larder_field;

/** Results: 0 is success, everything below is one of these; see errors.def for each text. */
enum larder_code {
	LARDER_OK = 0,
#define LARDER_ERROR(name, number, text, help) LARDER_##name = number,
#include "errors.def"
};

/** What the library was doing when it failed. */
enum larder_phase {
	LARDER_PHASE_NONE = 0,
	LARDER_PHASE_PREPARE = 1,    /**< reading the caller's request */
	LARDER_PHASE_STORE = 2,      /**< reading or writing the store */
	LARDER_PHASE_WAIT = 3,       /**< waiting for another process's fetch */
	LARDER_PHASE_RESOLVE = 4,    /**< looking up the host name */
	LARDER_PHASE_CONNECT = 5,    /**< connecting to an address */
	LARDER_PHASE_TLS = 6,        /**< TLS handshake */
	LARDER_PHASE_SEND = 7,       /**< writing the request */
	LARDER_PHASE_FIRST_BYTE = 8, /**< waiting for the response head */
	LARDER_PHASE_BODY = 9        /**< between bytes of the response body */
};

/**
 * What went wrong, kept by the object that failed until its next call. Fixed size, so that it
 * works when memory does not. `message` is one line that names what, where and what to do.
 */
typedef struct larder_error {
	int32_t code;     /**< enum larder_code, 0 when nothing failed */
	int32_t os_errno; /**< errno behind it, or 0 */
	uint32_t phase;   /**< enum larder_phase */
	uint32_t reserved;
	char host[256]; /**< host and port concerned, or "" */
	char message[512];
} larder_error;

/**
 * Where memory comes from. `ctx` is handed to each call. All three are set, or the whole
 * struct is NULL or zero: then libc serves. OpenSSL and LMDB keep using malloc.
 */
typedef struct larder_allocator {
	void *(*malloc_fn)(size_t size, void *ctx);
	void *(*realloc_fn)(void *ptr, size_t size, void *ctx);
	void (*free_fn)(void *ptr, void *ctx);
	void *ctx;
} larder_allocator;

/** The fixed text of an error code, "unknown error" for numbers that are none. Never NULL. */
LARDER_API const char *larder_strerror(int code);

/** The name of an error code without its prefix ("ETIMEDOUT"). Never NULL. */
LARDER_API const char *larder_error_name(int code);

/** The name of a phase ("connect"). Never NULL. */
LARDER_API const char *larder_phase_name(uint32_t phase);

/** The library's version, "MAJOR.MINOR.PATCH". */
LARDER_API const char *larder_version(void);

#ifdef __cplusplus
}
#endif

#endif
