/* SPDX-License-Identifier: MIT */
/* trailers.c - the fields that a caller sends behind a chunked body (RFC 9110 s6.5). */
#include "session/trailers.h"

#include <limits.h>

#include "proto/http/chunked.h"
#include "proto/http/head.h"
#include "sys/error.h"

enum { TRAILERS_MAX = 1000, NAME_SHOWN = 64 };

static int refuse(larder_error *err, uint32_t phase, const char *text)
{
	return lrd_error_set(err, LARDER_EINVAL, phase, 0, NULL, "trailers: %s", text);
}

static int check_name(const larder_field *field, uint32_t phase, larder_error *err)
{
	int shown = field->name.len < NAME_SHOWN ? (int)field->name.len : NAME_SHOWN;

	if (!lrd_field_name_valid(field->name))
		return refuse(err, phase, "a name is no token");
	if (!lrd_trailer_allowed(field->name))
		return lrd_error_set(err, LARDER_EINVAL, phase, 0, NULL,
				     "trailers: field %.*s cannot stand behind a body "
				     "(RFC 9110 s6.5.1)",
				     shown, field->name.ptr);
	return 0;
}

int lrd_trailers_take(struct lrd_trailers *trailers, const larder_request *theirs,
		      larder_error *err)
{
	trailers->fields = lrd_view_of(theirs->trailers, theirs->trailer_count);
	trailers->fn = theirs->trailers_fn;
	trailers->ctx = theirs->body_ctx;
	if (!lrd_trailers_any(trailers))
		return 0;
	if (trailers->fields.count && trailers->fn)
		return refuse(err, LARDER_PHASE_PREPARE,
			      "an array and trailers_fn are both set");
	if (trailers->fields.count && !trailers->fields.at)
		return refuse(err, LARDER_PHASE_PREPARE,
			      "trailer_count is set, and trailers is not");
	if (trailers->fields.count > TRAILERS_MAX)
		return refuse(err, LARDER_PHASE_PREPARE, "more than 1000");
	if (!theirs->body_read || theirs->body_length != -1)
		return refuse(err, LARDER_PHASE_PREPARE,
			      "only a body of unknown length (body_read, and body_length "
			      "-1) has an end for them to stand behind");
	for (size_t i = 0; i < trailers->fields.count; i++) {
		int rc = check_name(&trailers->fields.at[i], LARDER_PHASE_PREPARE, err);

		if (rc < 0)
			return rc;
	}
	return 0;
}

/* What the callback supplies. */
static int ask(const struct lrd_trailers *trailers, struct lrd_field_view *view,
	       larder_error *err)
{
	const larder_field *fields = NULL;
	ptrdiff_t count = trailers->fn(&fields, trailers->ctx);

	if (count < 0)
		return lrd_error_set(err, count < INT_MIN ? LARDER_ECANCELED : (int)count,
				     LARDER_PHASE_SEND, 0, NULL,
				     "trailers: the callback gave up");
	if (count > TRAILERS_MAX || (count > 0 && !fields))
		return refuse(err, LARDER_PHASE_SEND,
			      "the callback claims more than 1000, or none that exist");
	*view = lrd_view_of(fields, (size_t)count);
	return 0;
}

int lrd_trailers_write(const struct lrd_trailers *trailers, struct lrd_buf *out,
		       larder_error *err)
{
	struct lrd_field_view view = trailers->fields;
	int rc = trailers->fn ? ask(trailers, &view, err) : 0;

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < view.count; i++) {
		rc = check_name(&view.at[i], LARDER_PHASE_SEND, err);
		if (rc < 0)
			return rc;
		/* The value may be a secret: it is not told. */
		if (!lrd_field_value_valid(view.at[i].value))
			return refuse(err, LARDER_PHASE_SEND,
				      "a value has control characters or outer blanks");
	}
	rc = lrd_chunked_write_end(view, out);
	if (rc < 0)
		return lrd_error_set(err, rc, LARDER_PHASE_SEND, 0, NULL, "trailers: %s",
				     larder_strerror(rc));
	return 0;
}
