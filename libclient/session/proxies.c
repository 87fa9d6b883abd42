/* SPDX-License-Identifier: MIT */
/* proxies.c - what a session was told about proxies: by its options and by the environment. */
#include "session/proxies.h"

#include <stdlib.h>
#include <string.h>

#include "auth/hash.h"
#include "proto/bytes/alloc.h"
#include "proto/bytes/slice.h"
#include "sys/error.h"
#include "sys/random.h"

static const char *const env_names[] = { "http_proxy",  "HTTP_PROXY", "https_proxy",
					 "HTTPS_PROXY", "all_proxy",  "ALL_PROXY",
					 "no_proxy",    "NO_PROXY",   "REQUEST_METHOD" };

enum {
	ENV_COUNT = sizeof(env_names) / sizeof(env_names[0]),
	ENV_PROXIES = 6 /* the first ones name proxies */
};

/* A copy: another thread's setenv() must not move a text under us later. */
static int copy_environment(struct lrd_proxies *proxies, const larder_allocator *mem)
{
	for (size_t i = 0; i < ENV_COUNT; i++) {
		const char *value = getenv(env_names[i]);

		if (!value)
			continue;
		proxies->env[i].value = lrd_alloc_copy(mem, value, strlen(value));
		if (!proxies->env[i].value)
			return LARDER_ENOMEM;
		if (i < ENV_PROXIES && *value)
			proxies->environment = true;
	}
	return 0;
}

const char *lrd_proxies_env(const char *name, void *ctx)
{
	const struct lrd_proxies *proxies = ctx;

	for (size_t i = 0; i < ENV_COUNT; i++) {
		if (strcmp(env_names[i], name) == 0)
			return proxies->env[i].value;
	}
	return NULL;
}

/* Answers may depend on the user that a proxy knows: whoever is one has a partition of his own. */
static int set_identity(struct lrd_proxies *proxies)
{
	unsigned char sum[LRD_HASH_MAX];
	larder_slice pieces[ENV_PROXIES];
	size_t count = 0;
	int rc;

	if (proxies->fixed && proxies->url.has_user) {
		pieces[count++] = lrd_slice_of(proxies->url.user, proxies->url.user_len);
		pieces[count++] =
			lrd_slice_of(proxies->url.password, proxies->url.password_len);
	}
	for (size_t i = 0; proxies->environment && i < ENV_PROXIES; i++) {
		const char *value = proxies->env[i].value;

		if (value && strchr(value, '@'))
			pieces[count++] = lrd_slice_cstr(value);
	}
	if (count == 0)
		return 0;
	rc = lrd_hash_raw(LRD_HASH_SHA256, '\n', pieces, count, sum);
	if (rc < 0)
		return rc;
	memcpy(proxies->identity, sum, sizeof(proxies->identity));
	proxies->has_identity = true;
	return 0;
}

int lrd_proxies_add_user(struct lrd_proxies *proxies, const struct lrd_credential *is)
{
	unsigned char unknown[LRD_SECRET_ID_LEN] = { 0 };
	unsigned char sum[LRD_HASH_MAX];
	const larder_slice pieces[] = {
		lrd_slice_of((const char *)proxies->identity, sizeof(proxies->identity)),
		is->user,
		is->password,
		is->token,
		lrd_slice_of((const char *)unknown, sizeof(unknown)),
	};
	int rc;

	/* Nobody knows for whom a callback speaks. */
	if (is->token_fn)
		lrd_random_bytes(unknown, sizeof(unknown));
	rc = lrd_hash_raw(LRD_HASH_SHA256, '\n', pieces,
			  sizeof(pieces) / sizeof(pieces[0]), sum);
	if (rc < 0)
		return rc;
	memcpy(proxies->identity, sum, sizeof(proxies->identity));
	proxies->has_identity = true;
	return 0;
}

static int copy_fields(struct lrd_proxies *proxies, const larder_options *options,
		       larder_error *err)
{
	int rc = 0;

	if (options->proxy_field_count && !options->proxy_fields)
		return lrd_error_set(err, LARDER_EINVAL, LARDER_PHASE_PREPARE, 0, NULL,
				     "proxy_field_count is set, and proxy_fields is not");
	for (size_t i = 0; rc == 0 && i < options->proxy_field_count; i++)
		rc = lrd_fields_add(&proxies->fields, options->proxy_fields[i].name,
				    options->proxy_fields[i].value);
	if (rc == LARDER_EINVAL || rc == LARDER_ELIMIT)
		return lrd_error_set(err, LARDER_EINVAL, LARDER_PHASE_PREPARE, 0, NULL,
				     "proxy_fields: a name or value that no message may "
				     "carry, or too many");
	return rc;
}

int lrd_proxies_init(struct lrd_proxies *proxies, const larder_options *options,
		     const larder_allocator *mem, larder_error *err)
{
	int rc;

	lrd_fields_init(&proxies->fields, 64 * 1024, 100, mem);
	rc = copy_fields(proxies, options, err);
	if (rc < 0)
		return rc;
	if (options->proxy && *options->proxy) {
		rc = lrd_proxy_url_parse(lrd_slice_cstr(options->proxy), &proxies->url,
					 err);
		if (rc < 0)
			return rc;
		proxies->fixed = true;
		if (options->no_proxy) {
			proxies->direct = lrd_alloc_copy(mem, options->no_proxy,
							 strlen(options->no_proxy));
			if (!proxies->direct)
				return LARDER_ENOMEM;
		}
	} else if (!options->proxy && !options->no_proxy_env && !options->choose_proxy) {
		rc = copy_environment(proxies, mem);
		if (rc < 0)
			return rc;
	}
	return set_identity(proxies);
}

static void free_text(const larder_allocator *mem, char *text)
{
	if (text)
		lrd_secret_wipe(text, strlen(text));
	lrd_alloc_free(mem, text);
}

void lrd_proxies_release(struct lrd_proxies *proxies, const larder_allocator *mem)
{
	for (size_t i = 0; i < ENV_COUNT; i++)
		free_text(mem, proxies->env[i].value);
	free_text(mem, proxies->direct);
	lrd_proxy_url_wipe(&proxies->url);
	lrd_fields_release(&proxies->fields);
	lrd_credentials_free(proxies->url_credentials);
}
