/* SPDX-License-Identifier: MIT */
/* tunnel.c - asking an HTTP proxy for a tunnel to an origin (CONNECT, RFC 9110 s9.3.6). */
#include "transport/tunnel.h"

#include <string.h>

#include "proto/bytes/slice.h"
#include "proto/http/chunked.h"
#include "proto/http/framing.h"
#include "proto/http/head.h"
#include "sys/error.h"

enum {
	LINE_MAX_BYTES = 16 * 1024,
	FIELDS_MAX = 200,
	INTERIM_MAX = 8,          /* 1xx answers before the one that counts */
	READ_BYTES = 4 * 1024,    /* asked of the stream at once */
	QUESTION_MAX = 64 * 1024, /* our own head */
	QUESTION_USUAL = 4 * 1024
};

static const larder_slice connect_method = LRD_SLICE_INIT("CONNECT");

/* One conversation. */
struct tunnel {
	struct lrd_stream *stream;
	const struct lrd_proxy *proxy;
	const char *authority;
	const struct lrd_wait *wait;
	larder_error *err;
	struct lrd_head head;
	struct lrd_buf in; /* read and not yet used */
};

static int fail(const struct tunnel *tunnel, int code, const char *what)
{
	return lrd_error_set(tunnel->err, code, LARDER_PHASE_CONNECT, 0,
			     tunnel->stream->host,
			     "proxy %s, asked for a tunnel to %s: %s",
			     tunnel->stream->host, tunnel->authority, what);
}

/* ---- the question ----------------------------------------------------------------------- */

/* What frames or addresses the question is ours to say. */
static bool may_add(larder_slice name)
{
	static const larder_slice refused[] = {
		LRD_SLICE_INIT("Host"),
		LRD_SLICE_INIT("Content-Length"),
		LRD_SLICE_INIT("Transfer-Encoding"),
		LRD_SLICE_INIT("Trailer"),
	};

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (lrd_slice_equal_nocase(name, refused[i]))
			return false;
	}
	return true;
}

static int write_question(const struct tunnel *tunnel, struct lrd_buf *out)
{
	const struct lrd_proxy *proxy = tunnel->proxy;
	const larder_slice authority = lrd_slice_cstr(tunnel->authority);
	const larder_field host = { LRD_SLICE_INIT("Host"), authority };
	const larder_field proof = { LRD_SLICE_INIT("Proxy-Authorization"),
				     proxy->authorization };
	int rc = lrd_head_write_request(connect_method, authority, lrd_view_of(&host, 1),
					out);

	if (rc < 0)
		return rc;
	/* The empty line comes at the end of all. */
	lrd_buf_truncate(out, out->len - 2);
	if (proof.value.len)
		rc = lrd_head_write_fields(lrd_view_of(&proof, 1), out);
	for (size_t i = 0; rc == 0 && i < proxy->fields.count; i++) {
		const larder_field *field = &proxy->fields.at[i];

		if (!may_add(field->name))
			return LARDER_EINVAL;
		if (proof.value.len && lrd_slice_equal_nocase(field->name, proof.name))
			continue;
		rc = lrd_head_write_fields(lrd_view_of(field, 1), out);
	}
	return rc < 0 ? rc : lrd_buf_append(out, "\r\n", 2);
}

static int ask(struct tunnel *tunnel)
{
	struct lrd_buf question;
	struct iovec iov;
	int rc;

	lrd_buf_init(&question, QUESTION_MAX, tunnel->stream->allocator);
	/* Enough at once for all but the strangest: no copy of a secret is left behind. */
	rc = lrd_buf_reserve(&question, QUESTION_USUAL);
	if (rc == 0)
		rc = write_question(tunnel, &question);
	if (rc == 0) {
		iov = (struct iovec){ question.ptr, question.len };
		rc = lrd_stream_write_all(tunnel->stream, &iov, 1, tunnel->wait,
					  tunnel->err);
	} else {
		rc = fail(tunnel, rc,
			  rc == LARDER_ENOMEM ? "no memory for the question"
					      : "host or proxy fields cannot be sent");
	}
	if (question.len)
		explicit_bzero(question.ptr, question.len);
	lrd_buf_release(&question);
	return rc;
}

/* ---- the answer ------------------------------------------------------------------------- */

/* Appends what comes: how many bytes, 0 at the end. */
static ptrdiff_t more(struct tunnel *tunnel, const struct lrd_wait *wait,
		      larder_error *err)
{
	int rc = lrd_buf_reserve(&tunnel->in, READ_BYTES);
	ptrdiff_t got;

	if (rc == LARDER_ELIMIT)
		return fail(tunnel, rc, "its answer is too long");
	if (rc < 0)
		return fail(tunnel, rc, "no memory for its answer");
	got = lrd_stream_read(tunnel->stream, tunnel->in.ptr + tunnel->in.len, READ_BYTES,
			      wait, err);
	if (got > 0)
		lrd_buf_commit(&tunnel->in, (size_t)got);
	return got;
}

static int read_head(struct tunnel *tunnel)
{
	for (;;) {
		ptrdiff_t got = lrd_head_read(&tunnel->head, lrd_buf_slice(&tunnel->in));

		if (got > 0) {
			lrd_buf_consume(&tunnel->in, (size_t)got);
			return 0;
		}
		if (got == LARDER_ELIMIT)
			return fail(tunnel, (int)got,
				    "the head of its answer is too long");
		if (got < 0)
			return fail(tunnel, (int)got, "its answer is not HTTP");
		got = more(tunnel, tunnel->wait, tunnel->err);
		if (got < 0)
			return (int)got;
		if (got == 0)
			return fail(tunnel, LARDER_ECLOSED,
				    "it closed the connection before a whole answer");
	}
}

/* Up to `len` bytes of a body that has no other end than that, or the connection's. */
static bool read_plain(struct tunnel *tunnel, uint64_t len, bool until_close,
		       const struct lrd_wait *wait, struct lrd_buf *body)
{
	for (;;) {
		size_t room = body->max - body->len;
		size_t part = tunnel->in.len < len ? tunnel->in.len : (size_t)len;
		bool all = part <= room;
		ptrdiff_t got;

		if (lrd_buf_append(body, tunnel->in.ptr, all ? part : room) < 0 || !all)
			return false;
		lrd_buf_consume(&tunnel->in, part);
		len -= part;
		if (len == 0)
			return true;
		got = more(tunnel, wait, NULL);
		if (got <= 0)
			return got == 0 && until_close;
	}
}

static bool read_chunks(struct tunnel *tunnel, const struct lrd_wait *wait,
			struct lrd_buf *body)
{
	static const struct lrd_chunked_limits limits = {
		.max_line = 4096,
		.max_extension_bytes = 4096,
		.max_trailer_bytes = 4096,
		.max_trailer_fields = 50,
	};
	struct lrd_chunked chunked;
	bool complete = false;

	lrd_chunked_init(&chunked, &limits, NULL, tunnel->stream->allocator);
	while (!lrd_chunked_done(&chunked)) {
		larder_slice piece;
		ptrdiff_t used;

		if (tunnel->in.len == 0 && more(tunnel, wait, NULL) <= 0)
			goto out;
		used = lrd_chunked_read(&chunked, lrd_buf_slice(&tunnel->in), &piece);
		if (used < 0 || lrd_buf_append_slice(body, piece) < 0)
			goto out;
		lrd_buf_consume(&tunnel->in, (size_t)used);
	}
	complete = true;
out:
	lrd_chunked_release(&chunked);
	return complete;
}

/* The body of a refusal, as far as it comes: a page that says why, of use to people alone. */
static bool read_body(struct tunnel *tunnel, struct lrd_buf *body)
{
	struct lrd_wait wait = *tunnel->wait;
	struct lrd_field_view fields = lrd_fields_view(&tunnel->head.fields);
	struct lrd_framing framing;

	wait.deadline_ns = lrd_wait_deadline(wait.deadline_ns, LRD_PROXY_BODY_WAIT_MS);
	if (lrd_framing_response(connect_method, tunnel->head.minor, tunnel->head.status,
				 fields, &framing) < 0)
		return false;
	switch (framing.kind) {
	case LRD_BODY_LENGTH:
		return read_plain(tunnel, framing.length, false, &wait, body);
	case LRD_BODY_CHUNKED:
		return read_chunks(tunnel, &wait, body);
	case LRD_BODY_UNTIL_CLOSE:
		return read_plain(tunnel, UINT64_MAX, true, &wait, body);
	default:
		return true;
	}
}

static int refused(struct tunnel *tunnel, struct lrd_proxy_refusal *refusal)
{
	const struct lrd_head *head = &tunnel->head;
	char reason[80];
	size_t len = 0;

	/* The proxy's words may hold anything beyond ASCII: what is not plain text becomes '?'. */
	for (; len < head->reason.len && len + 1 < sizeof(reason); len++) {
		char byte = head->reason.ptr[len];

		reason[len] = (char)(byte >= ' ' && byte < 0x7f ? byte : '?');
	}
	reason[len] = '\0';
	if (refusal) {
		int rc;

		lrd_fields_clear(&refusal->fields);
		lrd_buf_clear(&refusal->body);
		rc = lrd_fields_add_all(&refusal->fields, lrd_fields_view(&head->fields));
		if (rc < 0)
			return fail(tunnel, rc, "no room for its answer");
		refusal->status = head->status;
		refusal->body_complete = read_body(tunnel, &refusal->body);
	}
	return lrd_error_set(tunnel->err, LARDER_ECONNECT, LARDER_PHASE_CONNECT, 0,
			     tunnel->stream->host,
			     "proxy %s refused a tunnel to %s: %d %s",
			     tunnel->stream->host, tunnel->authority, head->status,
			     reason);
}

static int hear(struct tunnel *tunnel, struct lrd_proxy_refusal *refusal)
{
	int rc;

	for (int i = 0; i <= INTERIM_MAX; i++) {
		rc = read_head(tunnel);
		if (rc < 0)
			return rc;
		if (tunnel->head.status >= 300)
			return refused(tunnel, refusal);
		/*
		 * Nobody has asked the origin for anything yet, so nothing can have come from
		 * there. Content-Length and Transfer-Encoding mean nothing here.
		 */
		if (tunnel->head.status >= 200 && tunnel->in.len)
			return fail(tunnel, LARDER_EPROTO,
				    "it sent bytes of its own into the tunnel");
		if (tunnel->head.status >= 200)
			return 0;
		if (tunnel->head.status == 101)
			break;
		lrd_head_reset(&tunnel->head);
	}
	return fail(tunnel, LARDER_EPROTO, "it gave no final answer");
}

int lrd_tunnel_open(struct lrd_stream *stream, const struct lrd_proxy *proxy,
		    const char *authority, const struct lrd_wait *wait,
		    struct lrd_proxy_refusal *refusal, larder_error *err)
{
	static const struct lrd_head_limits limits = {
		.max_line = LINE_MAX_BYTES,
		.max_bytes = LRD_PROXY_HEAD_MAX,
		.max_fields = FIELDS_MAX,
	};
	struct tunnel tunnel = { .stream = stream,
				 .proxy = proxy,
				 .authority = authority,
				 .wait = wait,
				 .err = err };
	int rc;

	lrd_head_init(&tunnel.head, LRD_HEAD_RESPONSE, &limits, stream->allocator);
	lrd_buf_init(&tunnel.in, LRD_PROXY_HEAD_MAX + READ_BYTES, stream->allocator);
	rc = ask(&tunnel);
	if (rc == 0)
		rc = hear(&tunnel, refusal);
	lrd_buf_release(&tunnel.in);
	lrd_head_release(&tunnel.head);
	return rc;
}
