/* SPDX-License-Identifier: MIT */
/* socks.c - asking a SOCKS proxy for a connection: versions 4, 4a and 5. */
#include "transport/socks.h"

#include <netinet/in.h>
#include <string.h>

#include "proto/bytes/buf.h"
#include "proto/bytes/slice.h"
#include "sys/error.h"

/* The longest question: version 4 with a user and a name, or 5's user and password. */
enum { MESSAGE_MAX = 3 * (LRD_PROXY_TEXT_MAX + 1) + 16 };

enum {
	SOCKS4_VERSION = 4,
	SOCKS4_GRANTED = 90,
	SOCKS5_VERSION = 5,
	SOCKS5_NO_AUTH = 0,
	SOCKS5_PASSWORD = 2,
	SOCKS5_NO_METHOD = 0xff,
	SOCKS_CONNECT = 1,
	SOCKS5_IP4 = 1,
	SOCKS5_NAME = 3,
	SOCKS5_IP6 = 4
};

/* One conversation: the stream, its limits, and the message being put together. */
struct socks {
	struct lrd_stream *stream;
	const struct lrd_proxy *proxy;
	const struct lrd_socks_target *target;
	const struct lrd_wait *wait;
	struct lrd_buf message; /* over `storage`; lrd_socks_check() saw to it that all fits */
	char storage[MESSAGE_MAX];
	larder_error *err;
};

static int fail(const struct socks *socks, int code, const char *what)
{
	return lrd_error_set(socks->err, code, LARDER_PHASE_CONNECT, 0,
			     socks->stream->host, "%s proxy %s: %s",
			     lrd_proxy_kind_name(socks->proxy->kind), socks->stream->host,
			     what);
}

/* ---- bytes out and in ------------------------------------------------------------------- */

static int put(struct socks *socks, const void *bytes, size_t len)
{
	return lrd_buf_append(&socks->message, bytes, len);
}

static int put_byte(struct socks *socks, unsigned byte)
{
	return lrd_buf_append_char(&socks->message, (char)byte);
}

/* A text behind its length in one byte. */
static int put_text(struct socks *socks, larder_slice text)
{
	int rc;

	/* Once more here: this length is how a name became a heap overflow elsewhere. */
	if (text.len > LRD_PROXY_TEXT_MAX)
		return LARDER_EINVAL;
	rc = put_byte(socks, (unsigned)text.len);
	return rc < 0 ? rc : lrd_buf_append_slice(&socks->message, text);
}

static int put_port(struct socks *socks)
{
	int rc = put_byte(socks, socks->target->port >> 8);

	return rc < 0 ? rc : put_byte(socks, socks->target->port & 0xff);
}

/* Sends the message and forgets it, since it may hold a password. `rc` is of putting it together. */
static int flush(struct socks *socks, int rc)
{
	struct iovec iov = { socks->message.ptr, socks->message.len };

	if (rc == 0)
		rc = lrd_stream_write_all(socks->stream, &iov, 1, socks->wait, socks->err);
	else
		rc = fail(socks, rc, "the question does not fit");
	explicit_bzero(socks->storage, sizeof(socks->storage));
	lrd_buf_clear(&socks->message);
	return rc;
}

/* Reads exactly `len` bytes: the next one may be the origin's. */
static int take(struct socks *socks, unsigned char *bytes, size_t len)
{
	while (len) {
		ptrdiff_t got = lrd_stream_read(socks->stream, bytes, len, socks->wait,
						socks->err);

		if (got < 0)
			return (int)got;
		if (got == 0)
			return fail(socks, LARDER_ECLOSED,
				    "it closed the connection during its handshake");
		bytes += got;
		len -= (size_t)got;
	}
	return 0;
}

/* ---- version 4 (and 4a, where the name goes along) -------------------------------------- */

static const char *socks4_reason(unsigned code)
{
	switch (code) {
	case 91:
		return "it refused the connection or could not make it";
	case 92:
		return "it could not reach identd on this machine";
	case 93:
		return "identd on this machine names another user";
	default:
		return NULL;
	}
}

static int socks4(struct socks *socks)
{
	static const unsigned char by_name[4] = { 0, 0, 0, 1 };
	const struct lrd_socks_target *target = socks->target;
	larder_slice user = socks->proxy->user;
	const void *address = by_name;
	unsigned char reply[8];
	const char *reason;
	struct sockaddr_in in;
	int rc;

	if (target->addr) {
		memcpy(&in, &target->addr->storage, sizeof(in));
		address = &in.sin_addr;
	}
	rc = put_byte(socks, SOCKS4_VERSION);
	rc = rc < 0 ? rc : put_byte(socks, SOCKS_CONNECT);
	rc = rc < 0 ? rc : put_port(socks);
	rc = rc < 0 ? rc : put(socks, address, 4);
	rc = rc < 0 ? rc : lrd_buf_append_slice(&socks->message, user);
	rc = rc < 0 ? rc : put_byte(socks, 0);
	if (!target->addr)
		rc = rc < 0 ? rc : put(socks, target->host, strlen(target->host) + 1);
	rc = flush(socks, rc);
	if (rc < 0)
		return rc;
	rc = take(socks, reply, sizeof(reply));
	if (rc < 0)
		return rc;
	if (reply[0] != 0)
		return fail(socks, LARDER_EPROTO, "its answer is not SOCKS4");
	if (reply[1] == SOCKS4_GRANTED)
		return 0;
	reason = socks4_reason(reply[1]);
	return reason ? fail(socks, LARDER_ECONNECT, reason)
		      : fail(socks, LARDER_EPROTO, "its answer is not SOCKS4");
}

/* ---- version 5 -------------------------------------------------------------------------- */

/* RFC 1929 */
static int socks5_password(struct socks *socks)
{
	unsigned char reply[2];
	int rc = put_byte(socks, 1);

	rc = rc < 0 ? rc : put_text(socks, socks->proxy->user);
	rc = rc < 0 ? rc : put_text(socks, socks->proxy->password);
	rc = flush(socks, rc);
	if (rc < 0)
		return rc;
	rc = take(socks, reply, sizeof(reply));
	if (rc < 0)
		return rc;
	/* Some servers put their own version where that of the negotiation belongs. */
	if (reply[0] != 1 && reply[0] != SOCKS5_VERSION)
		return fail(socks, LARDER_EPROTO, "its answer is not SOCKS5");
	if (reply[1] != 0)
		return fail(socks, LARDER_ECONNECT,
			    "it does not accept user and password");
	return 0;
}

static int socks5_greet(struct socks *socks)
{
	bool has_user = socks->proxy->user.len > 0;
	unsigned char reply[2];
	int rc = put_byte(socks, SOCKS5_VERSION);

	rc = rc < 0 ? rc : put_byte(socks, has_user ? 2 : 1);
	rc = rc < 0 ? rc : put_byte(socks, SOCKS5_NO_AUTH);
	if (has_user)
		rc = rc < 0 ? rc : put_byte(socks, SOCKS5_PASSWORD);
	rc = flush(socks, rc);
	if (rc < 0)
		return rc;
	rc = take(socks, reply, sizeof(reply));
	if (rc < 0)
		return rc;
	if (reply[0] != SOCKS5_VERSION)
		return fail(socks, LARDER_EPROTO, "its answer is not SOCKS5");
	if (reply[1] == SOCKS5_NO_AUTH)
		return 0;
	if (reply[1] == SOCKS5_PASSWORD && has_user)
		return socks5_password(socks);
	if (reply[1] == SOCKS5_NO_METHOD && !has_user)
		return fail(socks, LARDER_ECONNECT, "it wants a user and a password");
	if (reply[1] == SOCKS5_NO_METHOD)
		return fail(socks, LARDER_ECONNECT,
			    "it wants another way of authentication than a password");
	return fail(socks, LARDER_EPROTO, "it chose a method that was not offered");
}

static int socks5_put_target(struct socks *socks)
{
	const struct lrd_socks_target *target = socks->target;
	struct sockaddr_in6 in6;
	struct sockaddr_in in;
	int rc;

	if (!target->addr) {
		rc = put_byte(socks, SOCKS5_NAME);
		return rc < 0 ? rc : put_text(socks, lrd_slice_cstr(target->host));
	}
	if (target->addr->storage.ss_family == AF_INET6) {
		memcpy(&in6, &target->addr->storage, sizeof(in6));
		rc = put_byte(socks, SOCKS5_IP6);
		return rc < 0 ? rc : put(socks, &in6.sin6_addr, 16);
	}
	memcpy(&in, &target->addr->storage, sizeof(in));
	rc = put_byte(socks, SOCKS5_IP4);
	return rc < 0 ? rc : put(socks, &in.sin_addr, 4);
}

static const char *socks5_reason(unsigned code)
{
	static const char *const reasons[] = {
		NULL,
		"general failure",
		"its rules do not allow the connection",
		"the network is unreachable from there",
		"the host is unreachable or unknown there",
		"the host refused the connection",
		"the connection took too long to make",
		"it does not know CONNECT",
		"it does not know this type of address",
	};

	return code < sizeof(reasons) / sizeof(reasons[0])
		       ? reasons[code]
		       : "refused for no known reason";
}

/* The address that the proxy connected from, of no interest, has one of three lengths. */
static int socks5_skip_address(struct socks *socks, unsigned type)
{
	unsigned char rest[LRD_PROXY_TEXT_MAX + 2];
	unsigned char len;
	int rc;

	switch (type) {
	case SOCKS5_IP4:
		return take(socks, rest, 4 + 2);
	case SOCKS5_IP6:
		return take(socks, rest, 16 + 2);
	case SOCKS5_NAME:
		rc = take(socks, &len, 1);
		return rc < 0 ? rc : take(socks, rest, (size_t)len + 2);
	default:
		return fail(socks, LARDER_EPROTO, "its answer is not SOCKS5");
	}
}

static int socks5(struct socks *socks)
{
	unsigned char reply[4];
	int rc = socks5_greet(socks);

	if (rc < 0)
		return rc;
	rc = put_byte(socks, SOCKS5_VERSION);
	rc = rc < 0 ? rc : put_byte(socks, SOCKS_CONNECT);
	rc = rc < 0 ? rc : put_byte(socks, 0);
	rc = rc < 0 ? rc : socks5_put_target(socks);
	rc = rc < 0 ? rc : put_port(socks);
	rc = flush(socks, rc);
	if (rc < 0)
		return rc;
	/* A proxy that refuses may end its answer here. */
	rc = take(socks, reply, sizeof(reply));
	if (rc < 0)
		return rc;
	if (reply[0] != SOCKS5_VERSION)
		return fail(socks, LARDER_EPROTO, "its answer is not SOCKS5");
	if (reply[1] != 0)
		return fail(socks, LARDER_ECONNECT, socks5_reason(reply[1]));
	return socks5_skip_address(socks, reply[3]);
}

/* ---- what both share -------------------------------------------------------------------- */

static bool has_nul(larder_slice text)
{
	return text.len && memchr(text.ptr, '\0', text.len) != NULL;
}

int lrd_socks_check(const struct lrd_proxy *proxy, const struct lrd_socks_target *target,
		    larder_error *err)
{
	bool four = proxy->kind == LRD_PROXY_SOCKS4;
	size_t host_len = strlen(target->host);
	const char *wrong = NULL;

	if (proxy->user.len > LRD_PROXY_TEXT_MAX ||
	    proxy->password.len > LRD_PROXY_TEXT_MAX)
		wrong = "user and password have at most 255 bytes each";
	else if (four && proxy->password.len)
		wrong = "version 4 has no passwords; use socks5";
	else if (four && has_nul(proxy->user))
		wrong = "a user cannot hold NUL in version 4";
	else if (!four && proxy->password.len && !proxy->user.len)
		wrong = "a password needs a user";
	else if (four && target->addr && target->addr->storage.ss_family != AF_INET)
		wrong = "version 4 does not know IPv6; use socks5";
	else if (!target->addr && (host_len == 0 || host_len > LRD_PROXY_TEXT_MAX))
		wrong = "a host name has 1 to 255 bytes";
	if (!wrong)
		return 0;
	return lrd_error_set(err, LARDER_EINVAL, LARDER_PHASE_CONNECT, 0, proxy->host,
			     "%s proxy %.200s: %s", lrd_proxy_kind_name(proxy->kind),
			     proxy->host, wrong);
}

int lrd_socks_connect(struct lrd_stream *stream, const struct lrd_proxy *proxy,
		      const struct lrd_socks_target *target, const struct lrd_wait *wait,
		      larder_error *err)
{
	struct socks socks = {
		.stream = stream, .proxy = proxy, .target = target, .wait = wait, .err = err
	};
	int rc = lrd_socks_check(proxy, target, err);

	if (rc < 0)
		return rc;
	lrd_buf_init_fixed(&socks.message, socks.storage, sizeof(socks.storage));
	return proxy->kind == LRD_PROXY_SOCKS4 ? socks4(&socks) : socks5(&socks);
}
