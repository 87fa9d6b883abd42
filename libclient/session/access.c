/* SPDX-License-Identifier: MIT */
/* access.c - what a session knows about single origins: credentials, certificates, sockets. */
#include "session/access.h"

#include <stdio.h>
#include <string.h>

#include "auth/hash.h"
#include "auth/scheme.h"
#include "proto/bytes/alloc.h"
#include "proto/bytes/slice.h"
#include "session/options.h"
#include "session/scope.h"
#include "sys/error.h"
#include "transport/addr.h"

/* ---- the list ---------------------------------------------------------------------------- */

/* A new one with a copy of `origin` and behind it of `more` (may be NULL), at *copy. */
static int access_new(larder_session *session, const char *origin, const char *more,
		      struct lrd_access **ret, const char **copy)
{
	size_t len = origin ? strlen(origin) : 0;
	size_t more_len = more ? strlen(more) : 0;
	struct lrd_access *entry =
		lrd_alloc_zero(session->mem, sizeof(*entry) + len + more_len + 2);

	if (!entry)
		return lrd_error_set(&session->err, LARDER_ENOMEM, LARDER_PHASE_PREPARE,
				     0, NULL, "add to a session: out of memory");
	if (len)
		memcpy(entry->text, origin, len);
	if (more_len)
		memcpy(entry->text + len + 1, more, more_len);
	*ret = entry;
	if (copy)
		*copy = entry->text + len + 1;
	return 0;
}

static void access_free(const larder_session *session, struct lrd_access *entry)
{
	if (!entry)
		return;
	lrd_tls_unref(entry->tls);
	lrd_alloc_free(session->mem, entry);
}

static void append(larder_session *session, struct lrd_access *entry)
{
	struct lrd_access **at = &session->access;

	while (*at)
		at = &(*at)->next;
	*at = entry;
}

void lrd_access_release(larder_session *session)
{
	while (session->access) {
		struct lrd_access *entry = session->access;

		session->access = entry->next;
		access_free(session, entry);
	}
	lrd_credentials_free(session->credentials);
	lrd_credentials_free(session->proxy_credentials);
	session->credentials = NULL;
	session->proxy_credentials = NULL;
}

/* ---- credentials ------------------------------------------------------------------------- */

static ptrdiff_t ask_token(const struct lrd_token_ask *ask, char *buf, size_t cap,
			   void *ctx)
{
	const struct lrd_access *entry = ctx;
	char realm[256];
	size_t len =
		ask->realm.len < sizeof(realm) - 1 ? ask->realm.len : sizeof(realm) - 1;

	if (len)
		memcpy(realm, ask->realm.ptr, len);
	realm[len] = '\0';
	return entry->token_fn(entry->text, realm, ask->refused, buf, cap,
			       entry->token_ctx);
}

static int refuse(larder_session *session, const char *text)
{
	return lrd_error_set(&session->err, LARDER_EINVAL, LARDER_PHASE_PREPARE, 0, NULL,
			     "%s", text);
}

static int check_credential(larder_session *session, const larder_credential *wanted)
{
	bool token = wanted->token || wanted->token_fn;

	if (wanted->proxy > 1)
		return refuse(session, "credential: proxy is 0 or 1");
	if (wanted->schemes >= 2 * LARDER_SCHEME_BEARER)
		return refuse(session, "credential: schemes has a bit that is none of "
				       "enum larder_scheme");
	if (token && (wanted->user || wanted->password))
		return refuse(session, "credential: a token takes the place of user and "
				       "password");
	if (wanted->token && wanted->token_fn)
		return refuse(session, "credential: token and token_fn are both set");
	if (!token && !wanted->user)
		return refuse(session, "credential: there is neither user nor token");
	switch (wanted->preemptive) {
	case 0:
		return 0;
	case LARDER_SCHEME_BASIC:
	case LARDER_SCHEME_WSSE:
	case LARDER_SCHEME_BEARER:
		if ((wanted->preemptive == LARDER_SCHEME_BEARER) == token)
			return 0;
		return refuse(session, "credential: the pre-emptive scheme takes the "
				       "other kind of secret");
	default:
		return refuse(session, "credential: preemptive is one of Basic, WSSE and "
				       "Bearer");
	}
}

static const struct lrd_auth_scheme *preemptive_scheme(uint32_t scheme)
{
	switch (scheme) {
	case LARDER_SCHEME_BASIC:
		return &lrd_auth_basic;
	case LARDER_SCHEME_WSSE:
		return &lrd_auth_wsse;
	case LARDER_SCHEME_BEARER:
		return &lrd_auth_bearer;
	default:
		return NULL;
	}
}

static larder_slice text_of(const char *text)
{
	return text ? lrd_slice_cstr(text) : LRD_SLICE("");
}

/* Copies the credential into the store it belongs to. */
static int keep_credential(larder_session *session, const larder_credential *wanted,
			   struct lrd_credential *is)
{
	struct lrd_credentials **store =
		wanted->proxy ? &session->proxy_credentials : &session->credentials;
	int rc = 0;

	if (!*store)
		rc = lrd_credentials_new(session->mem, store);
	if (rc == 0)
		rc = lrd_credentials_add(*store, is);
	if (rc == 0 && wanted->proxy)
		rc = lrd_proxies_add_user(&session->proxies, is);
	if (rc < 0)
		return lrd_error_set(&session->err, rc, LARDER_PHASE_PREPARE, 0, NULL,
				     "add a credential: %s",
				     rc == LARDER_EINVAL
					     ? "user or token has control characters"
					     : larder_strerror(rc));
	return 0;
}

int larder_session_add_credential(larder_session *session,
				  const larder_credential *credential)
{
	struct lrd_access *entry = NULL;
	struct lrd_credential is = { 0 };
	larder_credential wanted;
	int rc;

	lrd_error_clear(&session->err);
	rc = lrd_options_copy(&wanted, sizeof(wanted), credential, "larder_credential",
			      &session->err);
	if (rc == 0)
		rc = check_credential(session, &wanted);
	if (rc == 0)
		rc = lrd_scope_read(wanted.origin, "a credential", &is.scope,
				    &session->err);
	if (rc < 0)
		return rc;
	is.user = text_of(wanted.user);
	is.password = text_of(wanted.password);
	is.token = text_of(wanted.token);
	is.schemes = wanted.schemes;
	is.preemptive = preemptive_scheme(wanted.preemptive);
	if (wanted.token_fn) {
		rc = access_new(session, wanted.origin, NULL, &entry, NULL);
		if (rc < 0)
			return rc;
		entry->token_fn = wanted.token_fn;
		entry->token_ctx = wanted.token_ctx;
		is.token_fn = ask_token;
		is.token_ctx = entry;
	}
	rc = keep_credential(session, &wanted, &is);
	if (rc < 0) {
		access_free(session, entry);
		return rc;
	}
	if (entry)
		append(session, entry);
	return 0;
}

void larder_session_clear_credentials(larder_session *session)
{
	if (session->credentials)
		lrd_credentials_clear(session->credentials);
	if (session->proxy_credentials)
		lrd_credentials_clear(session->proxy_credentials);
	lrd_pool_close_all(session->pool);
}

/* ---- certificates ------------------------------------------------------------------------ */

static int read_file(const char *path, struct lrd_buf *out)
{
	FILE *file = fopen(path, "re");
	int rc = 0;

	if (!file)
		return LARDER_ECERT;
	while (rc == 0) {
		size_t got;

		rc = lrd_buf_reserve(out, 4096);
		if (rc < 0)
			break;
		got = fread(out->ptr + out->len, 1, 4096, file);
		if (got == 0)
			break;
		lrd_buf_commit(out, got);
	}
	if (rc == 0 && ferror(file))
		rc = LARDER_EIO;
	(void)fclose(file);
	return rc;
}

/* Who a certificate stands for: what its file says, in every process. */
static int identify(larder_session *session, const char *file, struct lrd_access *entry)
{
	unsigned char sum[LRD_HASH_MAX];
	struct lrd_buf bytes;
	larder_slice piece;
	int rc;

	lrd_buf_init(&bytes, 1024 * 1024, session->mem);
	rc = read_file(file, &bytes);
	piece = lrd_buf_slice(&bytes);
	if (rc == 0)
		rc = lrd_hash_raw(LRD_HASH_SHA256, '\0', &piece, 1, sum);
	if (rc == 0)
		memcpy(entry->id, sum, sizeof(entry->id));
	else
		lrd_error_set(&session->err, rc, LARDER_PHASE_PREPARE, 0, NULL,
			      "read the client certificate %.200s: %s", file,
			      larder_strerror(rc));
	lrd_secret_wipe(bytes.ptr, bytes.len);
	lrd_buf_release(&bytes);
	return rc;
}

int larder_session_add_certificate(larder_session *session,
				   const larder_certificate *certificate)
{
	struct lrd_access *entry = NULL;
	struct lrd_tls_options options;
	larder_certificate wanted;
	int rc;

	lrd_error_clear(&session->err);
	rc = lrd_options_copy(&wanted, sizeof(wanted), certificate, "larder_certificate",
			      &session->err);
	if (rc < 0)
		return rc;
	if (!wanted.cert_file)
		return refuse(session, "certificate: cert_file is not set");
	rc = access_new(session, wanted.origin, NULL, &entry, NULL);
	if (rc < 0)
		return rc;
	rc = lrd_scope_read(wanted.origin ? entry->text : NULL, "a certificate",
			    &entry->scope, &session->err);
	if (rc < 0)
		goto out;
	options = lrd_session_tls_options(session);
	options.cert_file = wanted.cert_file;
	options.key_file = wanted.key_file;
	options.key_password = wanted.password;
	rc = lrd_tls_new(&options, &entry->tls, &session->err);
	if (rc == 0)
		rc = identify(session, wanted.cert_file, entry);
	if (rc < 0)
		goto out;
	append(session, entry);
	entry = NULL; /* moved to the session */
out:
	access_free(session, entry);
	return rc;
}

const struct lrd_access *lrd_access_certificate(const larder_session *session,
						const struct lrd_request *request)
{
	struct lrd_auth_origin origin = lrd_scope_of(request);

	if (!request->https || request->no_auth)
		return NULL;
	for (const struct lrd_access *at = session->access; at; at = at->next) {
		if (at->tls && lrd_auth_covers(&at->scope, &origin))
			return at;
	}
	return NULL;
}

/* ---- where they are ---------------------------------------------------------------------- */

int larder_session_add_unix_socket(larder_session *session, const char *origin,
				   const char *path)
{
	struct lrd_access *entry = NULL;
	struct lrd_addr addr;
	int rc;

	lrd_error_clear(&session->err);
	if (!origin || !*origin)
		return refuse(session,
			      "unix socket: which origin it stands for is not said");
	if (!path || !lrd_addr_unix(path, &addr))
		return refuse(session,
			      "unix socket: the path is empty or longer than 107 "
			      "bytes");
	rc = access_new(session, origin, path, &entry, NULL);
	if (rc < 0)
		return rc;
	entry->unix_path = entry->text + strlen(origin) + 1;
	rc = lrd_scope_read(entry->text, "a unix socket", &entry->scope, &session->err);
	if (rc < 0) {
		access_free(session, entry);
		return rc;
	}
	append(session, entry);
	return 0;
}

const char *lrd_access_unix_path(const larder_session *session,
				 const struct lrd_request *request)
{
	struct lrd_auth_origin origin = lrd_scope_of(request);

	for (const struct lrd_access *at = session->access; at; at = at->next) {
		if (at->unix_path && lrd_auth_covers(&at->scope, &origin))
			return at->unix_path;
	}
	return NULL;
}

int larder_session_add_address(larder_session *session, const char *host, uint32_t port,
			       const char *addresses)
{
	struct lrd_addr_list list = { .count = 0 };
	larder_slice rest = text_of(addresses);
	larder_slice word;
	char text[LRD_ADDR_TEXT_MAX];
	int rc;

	lrd_error_clear(&session->err);
	if (!host || !*host || port > UINT16_MAX)
		return refuse(session,
			      "address: the host is missing, or the port is none");
	while (lrd_slice_split(&rest, ',', &word)) {
		word = lrd_slice_trim(word);
		if (word.len == 0 && rest.len == 0)
			break;
		if (word.len >= sizeof(text) || list.count == LRD_RESOLVE_MAX)
			return refuse(session, "address: too long, or more than 16");
		memcpy(text, word.ptr, word.len);
		text[word.len] = '\0';
		if (!lrd_addr_parse(text, (uint16_t)port, &list.addr[list.count++]))
			return refuse(session,
				      "address: what stands between the commas is "
				      "no IPv4 or IPv6 address");
	}
	rc = lrd_resolver_override(session->resolver, host, (uint16_t)port, &list);
	if (rc < 0)
		return lrd_error_set(&session->err, rc, LARDER_PHASE_PREPARE, 0, host,
				     "address: %s", larder_strerror(rc));
	return 0;
}

/* ---- who asks ---------------------------------------------------------------------------- */

/* Appends an id where there is room; what does not fit is folded over the first ones. */
static size_t put_id(unsigned char *buf, size_t len, size_t cap, const unsigned char *id)
{
	if (len + LRD_SECRET_ID_LEN <= cap) {
		memcpy(buf + len, id, LRD_SECRET_ID_LEN);
		return len + LRD_SECRET_ID_LEN;
	}
	for (size_t i = 0; i < LRD_SECRET_ID_LEN; i++)
		buf[i] = (unsigned char)(buf[i] * 31 + id[i]);
	return len;
}

static size_t put_secrets(const struct lrd_credentials *credentials,
			  const struct lrd_auth_origin *origin, unsigned char *buf,
			  size_t len, size_t cap)
{
	static const unsigned char border[LRD_SECRET_ID_LEN] = "credentials";
	struct lrd_secret *secret;
	size_t pos = 0;
	bool any = false;

	while ((secret = lrd_credentials_next(credentials, origin, &pos))) {
		if (!any)
			len = put_id(buf, len, cap, border);
		any = true;
		len = put_id(buf, len, cap, secret->id);
	}
	return len;
}

ptrdiff_t lrd_access_identity(const larder_session *session, struct lrd_request *request,
			      unsigned char *buf, size_t cap, larder_error *err)
{
	const struct lrd_access *certificate;
	struct lrd_auth_origin origin;
	size_t len = 0;
	int rc;

	if (session->proxies.has_identity)
		len = put_id(buf, len, cap, session->proxies.identity);
	if (request->no_auth || (!session->credentials && !session->access))
		return (ptrdiff_t)len;
	rc = lrd_request_locate(request, err);
	if (rc < 0)
		return rc;
	origin = lrd_scope_of(request);
	if (session->credentials && !request->own_auth)
		len = put_secrets(session->credentials, &origin, buf, len, cap);
	certificate = lrd_access_certificate(session, request);
	if (certificate)
		len = put_id(buf, len, cap, certificate->id);
	return (ptrdiff_t)len;
}
