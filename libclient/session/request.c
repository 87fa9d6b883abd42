/* SPDX-License-Identifier: MIT */
/* request.c - a caller's request, checked and made ready for cache and wire. */
#include "session/request.h"

#include <string.h>

#include "proto/bytes/alloc.h"
#include "proto/bytes/num.h"
#include "proto/bytes/scan.h"
#include "proto/bytes/slice.h"
#include "proto/http/head.h"
#include "proto/http/iri.h"
#include "proto/http/list.h"
#include "session/custom.h"
#include "session/options.h"
#include "sys/error.h"
#include "transport/idn.h"

/*
 * Methods whose effect is the same sent once or twice (RFC 9110 s9.2.2 and the registry of
 * s16.1.1, those that clients use).
 */
static const larder_slice idempotent_methods[] = {
	LRD_SLICE_INIT("GET"),    LRD_SLICE_INIT("HEAD"),     LRD_SLICE_INIT("PUT"),
	LRD_SLICE_INIT("DELETE"), LRD_SLICE_INIT("OPTIONS"),  LRD_SLICE_INIT("TRACE"),
	LRD_SLICE_INIT("QUERY"),  LRD_SLICE_INIT("PROPFIND"), LRD_SLICE_INIT("PROPPATCH"),
	LRD_SLICE_INIT("MKCOL"),  LRD_SLICE_INIT("COPY"),     LRD_SLICE_INIT("MOVE"),
	LRD_SLICE_INIT("SEARCH"), LRD_SLICE_INIT("REPORT"),   LRD_SLICE_INIT("UNLINK"),
	LRD_SLICE_INIT("LINK"),   LRD_SLICE_INIT("BIND"),     LRD_SLICE_INIT("UNBIND"),
	LRD_SLICE_INIT("REBIND"),
};

/*
 * Fields that frame, route or manage the connection: a caller who sets them contradicts what
 * we do, and two readers of the message could disagree about where it ends.
 */
static const larder_slice own_fields[] = {
	LRD_SLICE_INIT("Host"),
	LRD_SLICE_INIT("Content-Length"),
	LRD_SLICE_INIT("Transfer-Encoding"),
	LRD_SLICE_INIT("Connection"),
	LRD_SLICE_INIT("Keep-Alive"),
	LRD_SLICE_INIT("Proxy-Connection"),
	LRD_SLICE_INIT("TE"),
	LRD_SLICE_INIT("Trailer"),
	LRD_SLICE_INIT("Upgrade"),
	LRD_SLICE_INIT("HTTP2-Settings"),
	LRD_SLICE_INIT("Expect"),
};

static bool among(const larder_slice *list, size_t count, larder_slice text, bool nocase)
{
	for (size_t i = 0; i < count; i++) {
		if (nocase ? lrd_slice_equal_nocase(list[i], text)
			   : lrd_slice_equal(list[i], text))
			return true;
	}
	return false;
}

#define AMONG(list, text, nocase) \
	among(list, sizeof(list) / sizeof((list)[0]), text, nocase)

/* Makes bytes printable in place of what they may hold. */
static void show(larder_slice text, char *buf, size_t size)
{
	size_t len = text.len < size - 1 ? text.len : size - 1;

	for (size_t i = 0; i < len; i++)
		buf[i] = lrd_is(text.ptr[i], LRD_VCHAR) ? text.ptr[i] : '?';
	if (len < text.len && len >= 3)
		memcpy(buf + len - 3, "...", 3);
	buf[len] = '\0';
}

/* Where the authority starts: behind "://", or at the beginning where there is none. */
static size_t authority_start(larder_slice url)
{
	static const larder_slice mark = LRD_SLICE_INIT("://");

	for (size_t i = 0; i + mark.len <= url.len; i++) {
		if (memcmp(url.ptr + i, mark.ptr, mark.len) == 0)
			return i + mark.len;
	}
	return 0;
}

const char *lrd_url_text(larder_slice url, char buf[LRD_URL_TEXT_MAX])
{
	struct lrd_uri uri;
	bool sound = lrd_uri_parse(url, &uri) == 0;
	size_t start = authority_start(url);
	size_t after = start; /* what follows user name and password */
	size_t head = start < LRD_URL_TEXT_MAX / 2 ? start : 0;
	size_t len = 0;

	while (len < url.len && url.ptr[len] != '?' && url.ptr[len] != '#')
		len++;
	/* Where a malformed URL's authority ends is anybody's guess: hide up to its last '@'. */
	for (size_t i = start; i < len && !(sound && url.ptr[i] == '/'); i++) {
		if (url.ptr[i] == '@')
			after = i + 1;
	}
	if (start > len)
		after = head = 0;
	show(lrd_slice_first(url, head), buf, LRD_URL_TEXT_MAX);
	show(lrd_slice_skip(lrd_slice_first(url, len), after), buf + head,
	     LRD_URL_TEXT_MAX - head);
	return buf;
}

static int refuse(larder_error *err, const char *text)
{
	return lrd_error_set(err, LARDER_EINVAL, LARDER_PHASE_PREPARE, 0, NULL, "%s",
			     text);
}

static int no_memory(larder_error *err)
{
	return lrd_error_set(err, LARDER_ENOMEM, LARDER_PHASE_PREPARE, 0, NULL,
			     "prepare a request: out of memory");
}

static int take_method(struct lrd_request *request, const char *method, larder_error *err)
{
	if (!method) {
		request->method = LRD_SLICE("GET");
		request->idempotent = true;
		return 0;
	}
	request->method = lrd_slice_cstr(method);
	if (!lrd_token_valid(request->method))
		return refuse(err,
			      "method is no token: letters, digits and !#$%&'*+-.^_`|~");
	if (lrd_slice_equal(request->method, LRD_SLICE("CONNECT")))
		return refuse(err,
			      "CONNECT makes a tunnel through a proxy, not a request");
	request->idempotent = AMONG(idempotent_methods, request->method, false);
	return 0;
}

/* Is the method one whose requests say how long their content is even when there is none? */
static bool means_content(larder_slice method)
{
	return lrd_slice_equal(method, LRD_SLICE("POST")) ||
	       lrd_slice_equal(method, LRD_SLICE("PUT")) ||
	       lrd_slice_equal(method, LRD_SLICE("PATCH"));
}

static int take_body(struct lrd_request *request, const larder_request *theirs,
		     larder_error *err)
{
	if (theirs->body_read && theirs->body.len)
		return refuse(err, "body and body_read are both set");
	if (theirs->body.len && !theirs->body.ptr)
		return refuse(err, "body has a length and no bytes");
	if (theirs->body_length < -1)
		return refuse(err,
			      "body_length is a length, or -1 where it is not known");
	if (!theirs->body_read && theirs->body_length > 0)
		return refuse(err, "body_length is of body_read, which is not set");
	if (theirs->body_read) {
		request->body_kind = LRD_REQUEST_CALLBACK;
		request->body_read = theirs->body_read;
		request->body_ctx = theirs->body_ctx;
		request->body_length = theirs->body_length;
		request->body_rewind = theirs->body_rewind;
	} else if (theirs->body.ptr || means_content(request->method)) {
		request->body_kind = LRD_REQUEST_MEMORY;
		request->body = theirs->body;
		request->body_length = (int64_t)theirs->body.len;
	} else {
		request->body_kind = LRD_REQUEST_NO_BODY;
		request->body_length = 0;
		return 0;
	}
	/* RFC 9110 s9.3.8: TRACE sends back what it gets, and gets no content. */
	if (lrd_slice_equal(request->method, LRD_SLICE("TRACE")))
		return refuse(err, "TRACE has no body (RFC 9110 s9.3.8)");
	return 0;
}

static int check_field(struct lrd_request *request, const larder_field *field,
		       larder_error *err)
{
	char name[64];

	if (!lrd_field_name_valid(field->name)) {
		show(field->name, name, sizeof(name));
		return lrd_error_set(err, LARDER_EINVAL, LARDER_PHASE_PREPARE, 0, NULL,
				     "field name \"%s\" is no token", name);
	}
	/* The value may be a secret: only its name is told. */
	if (!lrd_field_value_valid(lrd_slice_trim(field->value))) {
		show(field->name, name, sizeof(name));
		return lrd_error_set(
			err, LARDER_EINVAL, LARDER_PHASE_PREPARE, 0, NULL,
			"value of field %s holds CR, LF, NUL or another control "
			"character",
			name);
	}
	if (!AMONG(own_fields, field->name, true))
		return 0;
	if (lrd_slice_equal_nocase(field->name, LRD_SLICE("Connection")) &&
	    lrd_slice_equal_nocase(lrd_slice_trim(field->value), LRD_SLICE("close"))) {
		request->close = true;
		return 0;
	}
	show(field->name, name, sizeof(name));
	return lrd_error_set(
		err, LARDER_EINVAL, LARDER_PHASE_PREPARE, 0, NULL,
		"field %s is set by the library: it follows from URL and body", name);
}

static int take_fields(struct lrd_request *request, const larder_session *session,
		       const larder_request *theirs, larder_error *err)
{
	struct lrd_field_view given = lrd_view_of(theirs->fields, theirs->field_count);
	size_t count = 1; /* lines[0] is Host's */
	size_t room;

	request->lines = request->inline_lines;
	request->line_room = LRD_REQUEST_INLINE;
	if (given.count && !given.at)
		return refuse(err, "field_count is set, and fields is not");
	if (given.count > LRD_REQUEST_INLINE - LRD_REQUEST_SPARE) {
		if (given.count > session->options.max_fields)
			return refuse(err, "more fields than max_fields allows");
		room = given.count + session->default_count + LRD_REQUEST_SPARE;
		request->lines = lrd_alloc(request->mem, room * sizeof(*request->lines));
		if (!request->lines)
			return no_memory(err);
		request->line_room = room;
	}
	for (size_t i = 0; i < session->default_count; i++) {
		if (given.count && lrd_view_has(given, session->defaults[i].name))
			continue;
		request->lines[count] = session->defaults[i];
		/* A part of a coded body could not be decoded. */
		if (i == session->default_coding && request->no_decode)
			continue;
		if (i == session->default_coding && given.count &&
		    lrd_view_has(given, LRD_SLICE("Range")))
			request->lines[count].value = LRD_SLICE("identity");
		count++;
	}
	request->own_auth =
		given.count && lrd_view_has(given, LRD_SLICE("Authorization"));
	for (size_t i = 0; i < given.count; i++) {
		int rc = check_field(request, &given.at[i], err);

		if (rc < 0)
			return rc;
		if (lrd_slice_equal_nocase(given.at[i].name, LRD_SLICE("Connection")))
			continue; /* one "close" of our own is sent with the framing */
		request->lines[count].name = given.at[i].name;
		request->lines[count++].value = lrd_slice_trim(given.at[i].value);
	}
	request->fields = request->lines + 1;
	request->field_count = count - 1;
	return 0;
}

static int bad_url(const struct lrd_request *request, const char *why, larder_error *err)
{
	char text[LRD_URL_TEXT_MAX];

	return lrd_error_set(err, LARDER_EURL, LARDER_PHASE_PREPARE, 0, NULL,
			     "URL \"%s\" %s", lrd_url_text(request->url, text), why);
}

/* Takes what people type for what they mean: blanks and letters beyond ASCII are escaped. */
static int escape_url(struct lrd_request *request, larder_error *err)
{
	int rc = lrd_iri_to_uri(request->url, lrd_idn_iri_host, NULL, &request->escaped);

	if (rc == LARDER_ENOMEM)
		return no_memory(err);
	if (rc < 0)
		return bad_url(request,
			       "holds control characters, bytes that are not UTF-8, or a "
			       "host that is no name",
			       err);
	request->url = lrd_buf_slice(&request->escaped);
	return 0;
}

static int take_url(struct lrd_request *request, const char *url, larder_error *err)
{
	if (!url)
		return refuse(err, "request has no url");
	request->url = lrd_slice_cstr(url);
	if (!lrd_iri_is_uri(request->url)) {
		int rc = escape_url(request, err);

		if (rc < 0)
			return rc;
		url = request->url.ptr;
	}
	/*
	 * RFC 9110 s4.2.4: a name and password before the host are an error, most often made
	 * to hide which host it is. They would be lost silently besides, since no field carries
	 * them. Everything else about the URL shows when somebody takes it apart.
	 */
	if (!memchr(url, '@', request->url.len))
		return 0;
	return lrd_request_locate(request, err);
}

int lrd_request_prepare(struct lrd_request *request, const larder_session *session,
			const larder_request *theirs, larder_error *err)
{
	int rc;

	request->mem = session->mem;
	request->close = false;
	request->uri.text.ptr = NULL;
	request->lines = NULL;
	request->body_rewind = NULL;
	request->body_begun = false;
	request->no_auth = (theirs->flags & LARDER_NO_AUTH) != 0;
	request->no_decode =
		session->options.no_decode || (theirs->flags & LARDER_NO_DECODE) != 0;
	request->ignore_etag =
		session->options.ignore_etag || (theirs->flags & LARDER_IGNORE_ETAG) != 0;
	request->deadline_ns = 0;
	request->progress =
		(struct lrd_progress){ theirs->progress, theirs->progress_ctx };
	lrd_buf_init(&request->held, LRD_REQUEST_HEAD_MAX, request->mem);
	lrd_buf_init(&request->escaped, LRD_REQUEST_HEAD_MAX, request->mem);
	request->partition = theirs->partition ? theirs->partition : session->partition;
	request->mode = theirs->mode;
	request->total_timeout_ms = theirs->total_timeout_ms
					    ? theirs->total_timeout_ms
					    : session->options.total_timeout_ms;
	if (theirs->mode > LARDER_MODE_ONLY_IF_CACHED)
		return refuse(err, "mode is none of enum larder_mode");
	if (theirs->redirect > LARDER_REDIRECT_ERROR)
		return refuse(err, "redirect is none of enum larder_redirect");
	if (theirs->flags >= 2 * LARDER_NO_AUTH)
		return refuse(err, "flags has a bit that is none of enum "
				   "larder_request_flag");
	request->transport = session->options.transport;
	if (theirs->transport) {
		rc = lrd_custom_take(&request->own_transport, theirs->transport, err);
		if (rc < 0)
			return rc;
		request->transport = &request->own_transport;
	}
	rc = take_method(request, theirs->method, err);
	if (rc == 0)
		rc = take_url(request, theirs->url, err);
	if (rc == 0)
		rc = take_body(request, theirs, err);
	if (rc == 0)
		rc = lrd_trailers_take(&request->trailers, theirs, err);
	if (rc == 0)
		rc = take_fields(request, session, theirs, err);
	if (rc < 0)
		lrd_request_release(request);
	return rc;
}

void lrd_request_release(struct lrd_request *request)
{
	if (request->lines && request->lines != request->inline_lines)
		lrd_alloc_free(request->mem, request->lines);
	request->lines = NULL;
	lrd_buf_release(&request->held);
	lrd_buf_release(&request->escaped);
}

/* host and zone as the resolver and TLS want them: "fe80::1%eth0", "example.org". */
static bool copy_host(struct lrd_request *request)
{
	const struct lrd_uri *uri = &request->uri;
	size_t len = uri->host.len + (uri->zone.len ? uri->zone.len + 1 : 0);

	if (uri->host.len == 0 || len >= sizeof(request->host))
		return false;
	for (size_t i = 0; i < uri->host.len; i++)
		request->host[i] = lrd_lower(uri->host.ptr[i]);
	if (uri->zone.len) {
		request->host[uri->host.len] = '%';
		memcpy(request->host + uri->host.len + 1, uri->zone.ptr, uri->zone.len);
	}
	request->host[len] = '\0';
	return true;
}

int lrd_request_locate(struct lrd_request *request, larder_error *err)
{
	if (request->uri.text.ptr)
		return 0;
	if (lrd_uri_parse(request->url, &request->uri) < 0 ||
	    !lrd_uri_is_http(&request->uri)) {
		request->uri.text.ptr = NULL;
		return bad_url(request, "is no absolute http or https URL (RFC 3986)",
			       err);
	}
	if (request->uri.flags & LRD_URI_HAS_USERINFO) {
		request->uri.text.ptr = NULL;
		return bad_url(request,
			       "has a user name before its host: send an Authorization "
			       "field in its place",
			       err);
	}
	if (!copy_host(request)) {
		request->uri.text.ptr = NULL;
		return bad_url(request, "has a host name that is too long", err);
	}
	request->https = lrd_uri_is_https(&request->uri);
	return 0;
}

/* One more line after `count`; the places for ours are bounded, those of conditions are not. */
static int grow_lines(struct lrd_request *request, size_t count, size_t more)
{
	larder_field *wider;
	size_t room = count + more;

	if (room <= request->line_room)
		return 0;
	wider = lrd_alloc(request->mem, room * sizeof(*wider));
	if (!wider)
		return LARDER_ENOMEM;
	memcpy(wider, request->lines, count * sizeof(*wider));
	if (request->lines != request->inline_lines)
		lrd_alloc_free(request->mem, request->lines);
	request->lines = wider;
	request->line_room = room;
	request->fields = wider + 1;
	return 0;
}

/* The whole URL as target, for a proxy that forwards (RFC 9112 s3.2.2). */
static int write_absolute(const struct lrd_request *request, larder_slice target,
			  struct lrd_buf *out)
{
	int rc = lrd_uri_origin(&request->uri, out);

	return rc < 0 ? rc : lrd_buf_append_slice(out, target);
}

static size_t add_lines(struct lrd_request *request, size_t count,
			struct lrd_field_view more)
{
	for (size_t i = 0; i < more.count; i++)
		request->lines[count++] = more.at[i];
	return count;
}

static int write_head(struct lrd_request *request, larder_slice target,
		      const struct lrd_request_extra *extra, struct lrd_buf *out)
{
	char host_text[LRD_REQUEST_HOST_MAX + 16];
	char length[LRD_NUM_SIZE];
	struct lrd_buf host;
	size_t count = request->field_count + 1;
	int rc;

	lrd_buf_init_fixed(&host, host_text, sizeof(host_text));
	rc = lrd_uri_host_field(&request->uri, &host);
	if (rc == 0)
		rc = grow_lines(request, count,
				request->trailers.fields.count + 1 +
				extra->conditions.count + extra->auth.count +
					extra->proxy.count + extra->proxy_auth.count + 3);
	if (rc < 0)
		return rc;
	request->lines[0] = (larder_field){ LRD_SLICE("Host"), lrd_buf_slice(&host) };
	count = add_lines(request, count, extra->conditions);
	if (extra->if_match.len)
		request->lines[count++] =
			(larder_field){ LRD_SLICE("If-Match"), extra->if_match };
	count = add_lines(request, count, extra->auth);
	count = add_lines(request, count, extra->proxy);
	count = add_lines(request, count, extra->proxy_auth);
	if (request->close)
		request->lines[count++] =
			(larder_field){ LRD_SLICE("Connection"), LRD_SLICE("close") };
	for (size_t i = 0; i < request->trailers.fields.count; i++)
		request->lines[count++] = (larder_field){
			LRD_SLICE("Trailer"), request->trailers.fields.at[i].name
		};
	if (extra->expect)
		request->lines[count++] = (larder_field){ LRD_SLICE("Expect"),
							  LRD_SLICE("100-continue") };
	if (request->body_kind != LRD_REQUEST_NO_BODY && request->body_length < 0)
		request->lines[count++] = (larder_field){ LRD_SLICE("Transfer-Encoding"),
							  LRD_SLICE("chunked") };
	else if (request->body_kind != LRD_REQUEST_NO_BODY)
		request->lines[count++] = (larder_field){
			LRD_SLICE("Content-Length"),
			{ length, lrd_i64_format(request->body_length, length) }
		};
	return lrd_head_write_request(request->method, target,
				      lrd_view_of(request->lines, count), out);
}

int lrd_request_target(const struct lrd_request *request, struct lrd_buf *out)
{
	return lrd_uri_request_target(&request->uri, out);
}

int lrd_request_write(struct lrd_request *request, larder_slice target,
		      const struct lrd_request_extra *extra, struct lrd_buf *out,
		      larder_error *err)
{
	struct lrd_buf absolute;
	int rc = 0;

	lrd_buf_init(&absolute, LRD_REQUEST_HEAD_MAX, request->mem);
	if (extra->absolute) {
		rc = write_absolute(request, target, &absolute);
		target = lrd_buf_slice(&absolute);
	}
	if (rc == 0)
		rc = write_head(request, target, extra, out);
	lrd_buf_release(&absolute);
	if (rc == LARDER_ENOMEM)
		return no_memory(err);
	if (rc == LARDER_ELIMIT)
		return lrd_error_set(err, rc, LARDER_PHASE_PREPARE, 0, NULL,
				     "request head is larger than %d bytes",
				     (int)LRD_REQUEST_HEAD_MAX);
	if (rc < 0)
		return bad_url(request, "or a field of the request cannot be sent", err);
	return 0;
}

/* ---- sending it again -------------------------------------------------------------------- */

int lrd_request_rewind(struct lrd_request *request, larder_error *err)
{
	int rc;

	if (request->body_kind != LRD_REQUEST_CALLBACK || !request->body_begun)
		return 0;
	if (!request->body_rewind)
		return lrd_error_set(err, LARDER_EREPEAT, LARDER_PHASE_SEND, 0, NULL,
				     "request body would have to be sent again: set "
				     "body_rewind");
	rc = request->body_rewind(request->body_ctx);
	if (rc < 0)
		return lrd_error_set(err, rc, LARDER_PHASE_SEND, 0, NULL,
				     "request body: the rewind callback gave up");
	request->body_begun = false;
	return 0;
}

int lrd_request_hold(struct lrd_request *request, larder_slice body)
{
	int rc = lrd_buf_append_slice(&request->held, body);

	if (rc < 0)
		return rc;
	request->body_kind = LRD_REQUEST_MEMORY;
	request->body = lrd_buf_slice(&request->held);
	/* Trailers need chunks still. */
	if (!lrd_trailers_any(&request->trailers))
		request->body_length = (int64_t)body.len;
	return 0;
}

int lrd_request_retarget(struct lrd_request *request, larder_slice url, larder_error *err)
{
	larder_slice before = request->url;
	int rc;

	request->url = url;
	request->uri.text.ptr = NULL;
	rc = lrd_request_locate(request, err);
	if (rc < 0)
		request->url = before;
	return rc;
}

void lrd_request_to_get(struct lrd_request *request)
{
	request->method = LRD_SLICE("GET");
	request->idempotent = true;
	request->body_kind = LRD_REQUEST_NO_BODY;
	request->body = LRD_SLICE("");
	request->body_length = 0;
	request->trailers = (struct lrd_trailers){ .fn = NULL };
}

void lrd_request_drop_fields(struct lrd_request *request,
			     bool (*drops)(larder_slice name, const void *ctx),
			     const void *ctx)
{
	size_t kept = 1; /* behind Host's place */

	for (size_t i = 0; i < request->field_count; i++) {
		if (!drops(request->fields[i].name, ctx))
			request->lines[kept++] = request->fields[i];
	}
	request->field_count = kept - 1;
	request->own_auth =
		lrd_view_has(lrd_view_of(request->fields, request->field_count),
			     LRD_SLICE("Authorization"));
}
