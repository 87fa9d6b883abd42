/* SPDX-License-Identifier: MIT */
/* proxy_url.c - a proxy as users write it, read strictly. */
#include "transport/proxy_url.h"

#include <string.h>

#include "proto/bytes/num.h"
#include "proto/bytes/scan.h"
#include "proto/bytes/slice.h"
#include "sys/error.h"
#include "transport/addr.h"

struct scheme {
	larder_slice name;
	enum lrd_proxy_kind kind;
	bool local_dns;
	uint16_t port;
};

static const struct scheme schemes[] = {
	{ LRD_SLICE_INIT("http"), LRD_PROXY_HTTP, false, 80 },
	{ LRD_SLICE_INIT("https"), LRD_PROXY_HTTPS, false, 443 },
	{ LRD_SLICE_INIT("socks5h"), LRD_PROXY_SOCKS5, false, 1080 },
	{ LRD_SLICE_INIT("socks"), LRD_PROXY_SOCKS5, false, 1080 },
	{ LRD_SLICE_INIT("socks5"), LRD_PROXY_SOCKS5, true, 1080 },
	{ LRD_SLICE_INIT("socks4a"), LRD_PROXY_SOCKS4, false, 1080 },
	{ LRD_SLICE_INIT("socks4"), LRD_PROXY_SOCKS4, true, 1080 },
};

/* Each reader returns NULL, or what is wrong, in words that hold nothing of the text. */

static const char *read_scheme(larder_slice *text, struct lrd_proxy_url *url)
{
	size_t count = sizeof(schemes) / sizeof(schemes[0]);
	const struct scheme *scheme = &schemes[0];
	size_t at = 0;

	while (at + 3 <= text->len && memcmp(text->ptr + at, "://", 3) != 0)
		at++;
	if (at + 3 <= text->len) {
		const larder_slice name = { text->ptr, at };
		size_t i = 0;

		while (i < count && !lrd_slice_equal_nocase(name, schemes[i].name))
			i++;
		if (i == count)
			return "its scheme is none of http, https, socks4, socks4a, "
			       "socks5, "
			       "socks5h, socks";
		scheme = &schemes[i];
		*text = lrd_slice_skip(*text, at + 3);
	}
	url->kind = scheme->kind;
	url->local_dns = scheme->local_dns;
	url->port = scheme->port;
	return NULL;
}

/* False for a broken escape, a control, or what does not fit. */
static bool decode(larder_slice text, char *out, size_t max, uint16_t *len)
{
	size_t count = 0;

	for (size_t i = 0; i < text.len; i++) {
		unsigned char byte = (unsigned char)text.ptr[i];

		if (byte == '%') {
			int high = i + 2 < text.len ? lrd_hex_digit(text.ptr[i + 1]) : -1;
			int low = i + 2 < text.len ? lrd_hex_digit(text.ptr[i + 2]) : -1;

			if (high < 0 || low < 0)
				return false;
			byte = (unsigned char)(high << 4 | low);
			i += 2;
		}
		if (byte < ' ' || byte == 0x7f || count == max)
			return false;
		out[count++] = (char)byte;
	}
	out[count] = '\0';
	*len = (uint16_t)count;
	return true;
}

static const char *read_user(larder_slice *text, struct lrd_proxy_url *url)
{
	larder_slice user;
	larder_slice rest;
	larder_slice password = { "", 0 };

	if (!lrd_slice_cut(*text, '@', &user, &rest))
		return NULL;
	if (lrd_slice_find(rest, '@') < rest.len)
		return "it has more than one '@'; write one of a password as %40";
	*text = rest;
	url->has_user = true;
	(void)lrd_slice_cut(user, ':', &user, &password);
	if (!decode(user, url->user, LRD_PROXY_USER_MAX, &url->user_len))
		return "its user is too long or holds what it may not";
	if (!decode(password, url->password, LRD_PROXY_PASSWORD_MAX, &url->password_len))
		return "its password is too long or holds what it may not";
	return NULL;
}

static bool is_host(larder_slice host)
{
	for (size_t i = 0; i < host.len; i++) {
		if (!lrd_is(host.ptr[i], LRD_ALPHA | LRD_DIGIT) &&
		    !strchr("-._", host.ptr[i]))
			return false;
	}
	return host.len > 0;
}

static const char *read_host(larder_slice *text, struct lrd_proxy_url *url)
{
	bool brackets = text->len && text->ptr[0] == '[';
	larder_slice host = *text;
	struct lrd_addr addr;

	if (brackets) {
		if (!lrd_slice_cut(lrd_slice_skip(*text, 1), ']', &host, text))
			return "its host has a '[' without ']'";
	} else {
		host.len = lrd_slice_find(*text, ':');
		*text = lrd_slice_skip(*text, host.len);
	}
	if (host.len >= sizeof(url->host) || memchr(host.ptr, '\0', host.len))
		return "its host is none";
	memcpy(url->host, host.ptr, host.len);
	url->host[host.len] = '\0';
	if (brackets ? !(strchr(url->host, ':') && lrd_addr_parse(url->host, 0, &addr))
		     : !is_host(host))
		return "its host is none";
	return NULL;
}

static const char *read_port(larder_slice text, struct lrd_proxy_url *url)
{
	uint64_t port;

	if (text.len == 0 || (text.len == 1 && text.ptr[0] == ':'))
		return NULL;
	if (text.ptr[0] != ':' || lrd_u64_parse(lrd_slice_skip(text, 1), &port) < 0 ||
	    port == 0 || port > UINT16_MAX)
		return "its port is no number from 1 to 65535";
	url->port = (uint16_t)port;
	return NULL;
}

static const char *read_all(larder_slice text, struct lrd_proxy_url *url)
{
	const char *wrong;
	larder_slice tail;

	text = lrd_slice_trim(text);
	for (size_t i = 0; i < text.len; i++) {
		if ((unsigned char)text.ptr[i] <= ' ' || text.ptr[i] == 0x7f)
			return "it holds blanks or controls";
	}
	wrong = read_scheme(&text, url);
	if (wrong)
		return wrong;
	tail = text;
	while (tail.len && !strchr("/?#\\", tail.ptr[0]))
		tail = lrd_slice_skip(tail, 1);
	if (tail.len > 1 || (tail.len && tail.ptr[0] != '/'))
		return "something stands behind its port; write a '/' of a password as "
		       "%2F";
	text.len -= tail.len;
	wrong = read_user(&text, url);
	if (!wrong)
		wrong = read_host(&text, url);
	return wrong ? wrong : read_port(text, url);
}

int lrd_proxy_url_parse(larder_slice text, struct lrd_proxy_url *out, larder_error *err)
{
	struct lrd_proxy_url url = { .port = 0 };
	const char *wrong = read_all(text, &url);

	if (!wrong)
		*out = url;
	lrd_proxy_url_wipe(&url);
	if (!wrong)
		return 0;
	return lrd_error_set(err, LARDER_EINVAL, LARDER_PHASE_PREPARE, 0, NULL,
			     "proxy URL not understood: %s", wrong);
}

struct lrd_proxy lrd_proxy_url_view(const struct lrd_proxy_url *url)
{
	struct lrd_proxy proxy = {
		.kind = url->kind,
		.host = url->host,
		.port = url->port,
		.local_dns = url->local_dns,
	};

	if (url->has_user) {
		proxy.user = (larder_slice){ url->user, url->user_len };
		proxy.password = (larder_slice){ url->password, url->password_len };
	}
	return proxy;
}

void lrd_proxy_url_wipe(struct lrd_proxy_url *url)
{
	if (url)
		explicit_bzero(url, sizeof(*url));
}
