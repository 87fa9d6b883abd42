/* SPDX-License-Identifier: MIT */
/* head.c - the head of a message, read line by line while it arrives (RFC 9112 s2 to s5). */
#include "proto/http/head.h"

#include <string.h>

#include "proto/bytes/scan.h"
#include "proto/bytes/slice.h"

/*
 *	START --start line--> FIELDS --empty line--> DONE
 *	  any of them --fault--> FAILED
 */
enum {
	STATE_START,
	STATE_FIELDS,
	STATE_DONE,
	STATE_FAILED,
};

#define VERSION "HTTP/1."
enum {
	VERSION_LEN = sizeof(VERSION) - 1,
	STATUS_AT = VERSION_LEN + 2, /* one digit and a blank behind the version */
	STATUS_LEN = 3,
};

void lrd_head_init(struct lrd_head *head, enum lrd_head_kind kind,
		   const struct lrd_head_limits *limits, const larder_allocator *allocator)
{
	*head = (struct lrd_head){ .kind = kind, .limits = *limits };
	lrd_fields_init(&head->fields, limits->max_bytes, limits->max_fields, allocator);
	/* Two bytes more than a line: method and target are each followed by a NUL. */
	lrd_buf_init(&head->start,
		     limits->max_line < SIZE_MAX - 2 ? limits->max_line + 2 : SIZE_MAX,
		     allocator);
}

void lrd_head_reset(struct lrd_head *head)
{
	lrd_fields_clear(&head->fields);
	lrd_buf_clear(&head->start);
	head->minor = 0;
	head->status = 0;
	head->reason = lrd_slice_of("", 0);
	head->method = lrd_slice_of("", 0);
	head->target = lrd_slice_of("", 0);
	head->state = STATE_START;
	head->error = 0;
	head->line = 0;
	head->scanned = 0;
	head->consumed = 0;
}

void lrd_head_release(struct lrd_head *head)
{
	if (!head)
		return;
	lrd_fields_release(&head->fields);
	lrd_buf_release(&head->start);
	lrd_head_reset(head);
}

/* ---- start lines ------------------------------------------------------------------------- */

/* A digit behind "HTTP/1."; what is newer than 1.1 speaks 1.1 to us (RFC 9110 s2.5). */
static int read_minor(char digit, int *minor)
{
	if (!lrd_is(digit, LRD_DIGIT))
		return LARDER_EPROTO;
	*minor = digit > '0';
	return 0;
}

/* Keeps two pieces of the start line, each with a NUL behind. */
static int keep(struct lrd_head *head, larder_slice a, larder_slice b)
{
	int rc;

	lrd_buf_clear(&head->start);
	rc = lrd_buf_append_slice(&head->start, a);
	if (rc == 0)
		rc = lrd_buf_append_char(&head->start, '\0');
	if (rc == 0)
		rc = lrd_buf_append_slice(&head->start, b);
	return rc;
}

/* "HTTP/1.1 200 OK"; the reason and the blank before it may be missing. */
static int read_status_line(struct lrd_head *head, larder_slice line)
{
	larder_slice status;
	larder_slice reason;
	int rc;

	if (!lrd_slice_starts(line, LRD_SLICE(VERSION)) ||
	    line.len < STATUS_AT + STATUS_LEN || line.ptr[VERSION_LEN + 1] != ' ')
		return LARDER_EPROTO;
	rc = read_minor(line.ptr[VERSION_LEN], &head->minor);
	if (rc < 0)
		return rc;

	status = lrd_slice_of(line.ptr + STATUS_AT, STATUS_LEN);
	reason = lrd_slice_skip(line, STATUS_AT + STATUS_LEN);
	if (!lrd_scan_all(status, LRD_DIGIT) || status.ptr[0] == '0')
		return LARDER_EPROTO;
	if (reason.len > 0 && reason.ptr[0] != ' ')
		return LARDER_EPROTO;
	if (!lrd_field_value_valid(reason))
		return LARDER_EPROTO;
	reason = lrd_slice_skip(reason, 1);
	rc = keep(head, reason, lrd_slice_of("", 0));
	if (rc < 0)
		return rc;
	head->reason = lrd_slice_of(head->start.ptr, reason.len);
	head->status = (status.ptr[0] - '0') * 100 + (status.ptr[1] - '0') * 10 +
		       (status.ptr[2] - '0');
	return 0;
}

/* "GET /path HTTP/1.1" */
static int read_request_line(struct lrd_head *head, larder_slice line)
{
	larder_slice version;
	larder_slice method;
	larder_slice target;
	larder_slice rest;
	int rc;

	if (!lrd_slice_cut(line, ' ', &method, &rest) ||
	    !lrd_slice_cut(rest, ' ', &target, &version))
		return LARDER_EPROTO;
	if (!lrd_scan_all(method, LRD_TCHAR) || !lrd_scan_all(target, LRD_VCHAR))
		return LARDER_EPROTO;
	if (version.len != VERSION_LEN + 1 ||
	    !lrd_slice_starts(version, LRD_SLICE(VERSION)))
		return LARDER_EPROTO;
	rc = read_minor(version.ptr[VERSION_LEN], &head->minor);
	if (rc == 0)
		rc = keep(head, method, target);
	if (rc < 0)
		return rc;
	head->method = lrd_slice_of(head->start.ptr, method.len);
	head->target = lrd_slice_of(head->start.ptr + method.len + 1, target.len);
	return 0;
}

static int read_start_line(struct lrd_head *head, larder_slice line)
{
	int rc;

	/* RFC 9112 s2.2: a client may have sent one CR LF too many behind its last body. */
	if (line.len == 0 && head->kind == LRD_HEAD_REQUEST && head->line == 0)
		return 0;
	if (head->kind == LRD_HEAD_REQUEST)
		rc = read_request_line(head, line);
	else
		rc = read_status_line(head, line);
	if (rc == 0)
		head->state = STATE_FIELDS;
	return rc;
}

/* ---- field lines ------------------------------------------------------------------------- */

int lrd_field_line_parse(larder_slice line, larder_field *out)
{
	larder_field field;

	/* A name that is a token keeps out folded lines and blanks before the colon. */
	if (!lrd_slice_cut(line, ':', &field.name, &field.value))
		return LARDER_EPROTO;
	field.value = lrd_slice_trim(field.value);
	if (!lrd_field_name_valid(field.name) || !lrd_field_value_valid(field.value))
		return LARDER_EPROTO;
	*out = field;
	return 0;
}

static int read_field_line(struct lrd_head *head, larder_slice line)
{
	larder_field field;
	int rc;

	if (line.len == 0) {
		head->state = STATE_DONE;
		return 0;
	}
	rc = lrd_field_line_parse(line, &field);
	return rc < 0 ? rc : lrd_fields_add(&head->fields, field.name, field.value);
}

/* ---- lines ------------------------------------------------------------------------------- */

/* Not HTTP at all: say so before a line's end arrives, which it may never do. */
static bool is_foreign(const struct lrd_head *head, larder_slice in)
{
	larder_slice start = lrd_slice_first(in, VERSION_LEN);

	return head->kind == LRD_HEAD_RESPONSE && head->state == STATE_START &&
	       !lrd_slice_starts(LRD_SLICE(VERSION), start);
}

/* The next whole line without its CR LF: 1, or LRD_PARTIAL, or an error. */
static int next_line(struct lrd_head *head, larder_slice in, larder_slice *line)
{
	larder_slice fresh = lrd_slice_skip(in, head->scanned);
	size_t to_lf = lrd_slice_find(fresh, '\n');
	bool whole = to_lf < fresh.len;
	size_t len;

	head->scanned += to_lf + whole;
	len = head->scanned - head->line;
	if (is_foreign(head, in))
		return LARDER_EPROTO;
	if (len > head->limits.max_line || head->scanned > head->limits.max_bytes)
		return LARDER_ELIMIT;
	if (!whole)
		return LRD_PARTIAL;
	if (len < 2 || in.ptr[head->scanned - 2] != '\r')
		return LARDER_EPROTO;
	*line = lrd_slice_of(in.ptr + head->line, len - 2);
	return 1;
}

static int fail(struct lrd_head *head, int rc)
{
	head->state = STATE_FAILED;
	head->error = rc;
	return rc;
}

ptrdiff_t lrd_head_read(struct lrd_head *head, larder_slice in)
{
	larder_slice line;
	int rc;

	for (;;) {
		if (head->state == STATE_DONE)
			return (ptrdiff_t)head->consumed;
		if (head->state == STATE_FAILED)
			return head->error;
		rc = next_line(head, in, &line);
		if (rc == LRD_PARTIAL)
			return LRD_PARTIAL;
		if (rc < 0)
			return fail(head, rc);

		switch (head->state) {
		case STATE_START: /* awaits the status line or the request line */
			rc = read_start_line(head, line);
			break;
		case STATE_FIELDS: /* awaits a field line, or the empty line that ends it */
			rc = read_field_line(head, line);
			break;
		}
		if (rc < 0)
			return fail(head, rc);
		head->line = head->scanned;
		head->consumed = head->scanned;
	}
}
