/* SPDX-License-Identifier: MIT */
/*
 * stream.h - a byte stream that others can be stacked upon, and waiting on it under a deadline.
 *
 * A socket is a stream; TLS is a stream that owns the stream below it; a proxy tunnel is the
 * stream below once its handshake is over. Whoever holds the top one neither knows nor asks
 * what stands under it.
 *
 * Calling sequence of the holder:
 *	lrd_dial(&dial, &stream, err);			see dial.h
 *	lrd_stream_write_all(stream, iov, n, &wait, err);
 *	lrd_stream_read(stream, buf, len, &wait, err);	repeated
 *	lrd_pool_put(pool, &key, stream);		or lrd_stream_close(stream)
 *
 * No call raises SIGPIPE. A stream belongs to one thread at a time. In the child of a fork the
 * parent's streams are dead: reading or writing fails with ECLOSED, and closing is a plain
 * close() that the parent's peer does not notice.
 */
#ifndef LRD_TRANSPORT_STREAM_H
#define LRD_TRANSPORT_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include <larder/types.h>

struct lrd_stream;

/* ---- waiting ---------------------------------------------------------------------------- */

/* How long, and for whom, a call may wait. All zero: for ever, not to be cancelled. */
struct lrd_wait {
	uint64_t deadline_ns; /* of lrd_clock_mono_ns(); 0: none */
	int wake_fd;    /* readable means: give up with ECANCELED; 0 or less: none */
	uint32_t phase; /* enum larder_phase, put into every error */
};

/*
 * The earlier of `base_ns` (0: none) and `timeout_ms` from now (0: none); 0 when there is
 * neither. One clock reading, none where timeout_ms is 0.
 */
uint64_t lrd_wait_deadline(uint64_t base_ns, uint32_t timeout_ms);

/* ---- for the holder --------------------------------------------------------------------- */

/*
 * Reads at least one byte, waiting for it: the number read, 0 at the clean end, or
 *   ETIMEDOUT   the deadline passed (the bytes so far stay good, the stream does too)
 *   ECANCELED   wake_fd became readable
 *   ECLOSED     reset by the peer
 *   ETRUNCATED  TLS ended without close_notify: somebody may have cut the stream short
 *   ETLS        a record failed; EIO, ENOMEM
 * `err` gets code, phase, host and message. A large buffer (64 to 256 KiB) means few system
 * calls. `len` must not be 0.
 */
LARDER_MUST_USE ptrdiff_t lrd_stream_read(struct lrd_stream *stream, void *buf, size_t len,
					  const struct lrd_wait *wait, larder_error *err);

/* The same without waiting: LRD_WANT_READ or LRD_WANT_WRITE where it would have to. */
LARDER_MUST_USE ptrdiff_t lrd_stream_read_now(struct lrd_stream *stream, void *buf,
					      size_t len, uint32_t phase,
					      larder_error *err);

/*
 * The same, but it may sleep in the system call for up to LRD_STREAM_SLICE_MS, where a socket
 * is at the bottom, before it returns LRD_WANT_READ: a reply that comes soon costs one system
 * call in place of two. Neither deadline nor wake_fd is heard meanwhile.
 */
enum { LRD_STREAM_SLICE_MS = 100 };
LARDER_MUST_USE ptrdiff_t lrd_stream_read_soon(struct lrd_stream *stream, void *buf,
					       size_t len, uint32_t phase,
					       larder_error *err);

/*
 * Writes all of it, waiting where the peer is slow: 0 or an error as above (ECLOSED for a
 * reset or a closed pipe). How much went out before a failure is in stream->bytes_out. What
 * the peer sent before it closed (an early refusal of an upload) can still be read then; such
 * reading ends with ECLOSED, never with a clean end.
 */
LARDER_MUST_USE int lrd_stream_write_all(struct lrd_stream *stream,
					 const struct iovec *iov, int count,
					 const struct lrd_wait *wait, larder_error *err);

/*
 * Writes what fits, waiting only until something does: the number of bytes (> 0) or an error.
 * With lrd_stream_wait() and lrd_stream_read_now() an upload can look out for an early answer
 * between two pieces.
 */
LARDER_MUST_USE ptrdiff_t lrd_stream_write(struct lrd_stream *stream,
					   const struct iovec *iov, int count,
					   const struct lrd_wait *wait, larder_error *err);

/* The same without waiting: LRD_WANT_READ or LRD_WANT_WRITE where it would have to. */
LARDER_MUST_USE ptrdiff_t lrd_stream_write_now(struct lrd_stream *stream,
					       const struct iovec *iov, int count,
					       uint32_t phase, larder_error *err);

enum lrd_stream_events {
	LRD_READABLE = 1, /* bytes, the end or an error are there to be read */
	LRD_WRITABLE = 2
};

/*
 * Waits until one of `events` is true; which ones, or ETIMEDOUT, ECANCELED, EIO. What lies in
 * a buffer of the stream counts as readable. Readable is a hint: TLS may find no data in what
 * arrived, so that only lrd_stream_read_now() is sure not to wait.
 */
LARDER_MUST_USE int lrd_stream_wait(struct lrd_stream *stream, unsigned events,
				    const struct lrd_wait *wait, larder_error *err);

/*
 * Whether an idle stream may carry another request: open, ours (not a parent's), and with not
 * one byte to read, since nobody asked for any. Costs one system call; never waits.
 */
bool lrd_stream_alive(struct lrd_stream *stream);

/* Whether the stream came from a process that forked this one. No system call. */
bool lrd_stream_inherited(const struct lrd_stream *stream);

/*
 * Closes and frees the whole stack. Where all is well TLS says close_notify, without waiting;
 * after an error, or in a forked child, nothing is sent. Accepts NULL.
 */
void lrd_stream_close(struct lrd_stream *stream);

/* The same, and never a byte sent: for streams in doubt. Accepts NULL. */
void lrd_stream_abort(struct lrd_stream *stream);

/* ---- for the stack ---------------------------------------------------------------------- */

/* Results of the non-blocking operations below that are neither bytes nor errors. */
enum lrd_stream_want {
	LRD_WANT_READ = -1001, /* call again when the descriptor is readable */
	LRD_WANT_WRITE = -1002 /* ... writable */
};

/*
 * One kind of stream. The operations never wait and never return EINTR. A negative result
 * other than LRD_WANT_* is a LARDER_E* code; the operation has then filled `err` (never NULL)
 * except for the phase, and the stream is of no further use.
 */
struct lrd_stream_ops {
	const char *name; /* "socket", "tls" */

	/* Up to `len` > 0 bytes: how many, 0 at the clean end, LRD_WANT_*, or an error. */
	ptrdiff_t (*read)(struct lrd_stream *stream, void *buf, size_t len,
			  larder_error *err);

	/*
	 * How many bytes of the vector were taken (> 0), LRD_WANT_*, or an error. After
	 * LRD_WANT_* the caller comes back with the same bytes, at whatever address.
	 */
	ptrdiff_t (*write)(struct lrd_stream *stream, const struct iovec *iov, int count,
			   larder_error *err);

	/* Data is buffered above the descriptor, so that polling it could wait in vain. */
	bool (*pending)(const struct lrd_stream *stream);

	/* As lrd_stream_alive(), of this layer and those below. */
	bool (*alive)(struct lrd_stream *stream);

	/*
	 * Frees this layer alone; lrd_stream_close() goes on with `below`. `graceful`: may say
	 * goodbye to the peer if that needs no wait.
	 */
	void (*close)(struct lrd_stream *stream, bool graceful);

	/*
	 * Waits in place of poll() on `fd`, for streams without a descriptor: the events that
	 * are true, or an error (ETIMEDOUT, ECANCELED, EIO). NULL where `fd` serves. A stream
	 * above that has no wait of its own waits by this one too.
	 */
	int (*wait)(struct lrd_stream *stream, unsigned events,
		    const struct lrd_wait *wait, larder_error *err);
};

/*
 * The part that all streams share; the first member of each kind's own struct. Holders read
 * the fields marked so and write none.
 */
struct lrd_stream {
	const struct lrd_stream_ops *ops;
	struct lrd_stream *below;          /* owned; NULL at the bottom */
	const larder_allocator *allocator; /* NULL: libc */
	int fd;                            /* to poll; -1 for none */
	uint32_t fork_generation;
	bool broken;      /* an operation failed: nothing more is sent */
	bool read_broken; /* ... and nothing more is read */
	bool may_block;   /* the read under way may sleep */
	bool likely_empty; /* a request just went out, or the last read drained it: wait first */
	bool reused;       /* read: came out of the pool at least once */
	uint64_t bytes_in; /* read: handed to the holder so far */
	uint64_t bytes_out; /* read: taken from the holder so far; 0 means the peer saw nothing */
	uint64_t created_ns; /* read */
	uint64_t route;      /* digest of the proxy it leads through; 0: none */
	char host[256];      /* read: "example.org:443", for messages */
};

/*
 * Fills the shared part; `below` may be NULL and lends fd and host, else they are -1 and "".
 * The caller allocated `stream` with `allocator`; the kind's close() frees it.
 */
void lrd_stream_init(struct lrd_stream *stream, const struct lrd_stream_ops *ops,
		     struct lrd_stream *below, const larder_allocator *allocator);

/*
 * Waits on a bare descriptor, for those who have no stream yet: the events that are true,
 * ETIMEDOUT, ECANCELED or EIO. `host` may be NULL.
 */
LARDER_MUST_USE int lrd_wait_fd(int fd, unsigned events, const struct lrd_wait *wait,
				const char *host, larder_error *err);

#endif
