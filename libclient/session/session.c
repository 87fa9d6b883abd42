/* SPDX-License-Identifier: MIT */
/* session.c - opening a session: its options, its cache, its connections; and its end. */
#include "session/session.h"

#include <string.h>

#include "proto/bytes/alloc.h"
#include "proto/bytes/slice.h"
#include "proto/http/fields.h"
#include "session/access.h"
#include "session/custom.h"
#include "session/exchange.h"
#include "session/options.h"
#include "session/refresh.h"
#include "session/response.h"
#include "session/trace.h"
#include "sys/error.h"

enum { PARTITION_MAX = 64, EXPECT_MIN_BYTES = 1024 * 1024 };

static void fill_defaults(larder_options *options)
{
	static const struct {
		size_t offset;
		uint32_t value;
	} defaults[] = {
		{ offsetof(larder_options, resolve_timeout_ms), 10000 },
		{ offsetof(larder_options, connect_timeout_ms), 10000 },
		{ offsetof(larder_options, tls_timeout_ms), 10000 },
		{ offsetof(larder_options, first_byte_timeout_ms), 60000 },
		{ offsetof(larder_options, idle_timeout_ms), 30000 },
		{ offsetof(larder_options, max_idle), 16 },
		{ offsetof(larder_options, idle_keep_ms), 60000 },
		{ offsetof(larder_options, max_head_bytes), 300 * 1024 },
		{ offsetof(larder_options, max_fields), 1000 },
		{ offsetof(larder_options, max_redirects), 5 },
		{ offsetof(larder_options, retries), 2 },
		{ offsetof(larder_options, expect_wait_ms), 1000 },
	};

	for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++) {
		uint32_t *member = (uint32_t *)((char *)options + defaults[i].offset);

		if (*member == 0)
			*member = defaults[i].value;
	}
	if (options->expect_min_bytes == 0)
		options->expect_min_bytes = EXPECT_MIN_BYTES;
}

static int bad_option(larder_error *err, const char *text)
{
	return lrd_error_set(err, LARDER_EINVAL, LARDER_PHASE_PREPARE, 0, NULL, "%s",
			     text);
}

static int check_options(const larder_options *options, larder_error *err)
{
	const larder_allocator *a = options->allocator;

	if (options->no_cache > 1 || options->shared > 1 || options->insecure > 1)
		return bad_option(err, "no_cache, shared and insecure are 0 or 1");
	if (options->no_redirects > 1 || options->follow_all_methods > 1 ||
	    options->post_301_to_get > 1 || options->forward_credentials > 1)
		return bad_option(err, "no_redirects, follow_all_methods, post_301_to_get and "
				       "forward_credentials are 0 or 1");
	if (options->no_retries > 1 || options->errors_to_status > 1 ||
	    options->ignore_etag > 1 || options->compat > 1 || options->no_decode > 1)
		return bad_option(err, "no_retries, errors_to_status, ignore_etag, compat and "
				       "no_decode are 0 or 1");
	if (options->no_proxy_env > 1 || options->proxy_tunnel > 1)
		return bad_option(err, "no_proxy_env and proxy_tunnel are 0 or 1");
	if (options->redirect_code_count > 1000 ||
	    (options->redirect_code_count && !options->redirect_codes))
		return bad_option(err, "redirect_code_count is set, and redirect_codes is "
				       "not; or it is above 1000");
	if (options->tls_min_version > UINT16_MAX || options->tls_max_version > UINT16_MAX)
		return bad_option(err, "tls_min_version and tls_max_version are 0x0303 for "
				       "TLS 1.2, 0x0304 for TLS 1.3");
	if (options->no_cache && options->cache)
		return bad_option(err, "no_cache contradicts a given cache");
	if (options->cache && options->store)
		return bad_option(err,
				  "store contradicts a given cache: set one of them");
	if (options->partition && strlen(options->partition) > PARTITION_MAX)
		return bad_option(err, "partition is longer than 64 bytes");
	if (options->user_agent &&
	    !lrd_field_value_valid(lrd_slice_cstr(options->user_agent)))
		return bad_option(err, "user_agent is no field value: it has control "
				       "characters or outer blanks");
	if (options->max_head_bytes > 64 * 1024 * 1024 || options->max_fields > 100 * 1000)
		return bad_option(err,
				  "max_head_bytes is at most 64 MiB, max_fields 100000");
	if (a && (a->malloc_fn || a->realloc_fn || a->free_fn) &&
	    !(a->malloc_fn && a->realloc_fn && a->free_fn))
		return bad_option(err, "allocator lacks one of its functions");
	return 0;
}

/* What every request is sent with; the texts live as long as the session. */
static int set_identity(larder_session *session, const larder_options *options)
{
	static const char ours[] = "larder/" LARDER_VERSION;
	const char *agent = options->user_agent ? options->user_agent : ours;

	if (*agent) {
		session->user_agent = lrd_alloc_copy(session->mem, agent, strlen(agent));
		if (!session->user_agent)
			return LARDER_ENOMEM;
		session->defaults[session->default_count++] =
			(larder_field){ LRD_SLICE_INIT("User-Agent"),
					lrd_slice_cstr(session->user_agent) };
	}
	session->defaults[session->default_count++] =
		(larder_field){ LRD_SLICE_INIT("Accept"), LRD_SLICE_INIT("*/*") };
	session->default_coding = SIZE_MAX;
	if (!options->no_decode) {
		session->default_coding = session->default_count;
		session->defaults[session->default_count++] =
			(larder_field){ LRD_SLICE_INIT("Accept-Encoding"),
					lrd_slice_cstr(lrd_coding_supported()) };
	}
	if (!options->partition)
		return 0;
	session->partition = lrd_alloc_copy(session->mem, options->partition,
					    strlen(options->partition));
	return session->partition ? 0 : LARDER_ENOMEM;
}

static int open_cache(larder_session *session, const larder_options *options,
		      larder_error *err)
{
	larder_cache_options wanted = LARDER_CACHE_OPTIONS_INIT;
	int rc;

	if (options->no_cache)
		return 0;
	if (options->cache) {
		session->cache = options->cache;
		return 0;
	}
	wanted.store = options->store;
	wanted.shared = options->shared;
	wanted.budget_bytes = options->budget_bytes;
	wanted.allocator = session->mem;
	rc = larder_cache_open(&wanted, &session->cache, err);
	if (rc == 0)
		session->owns_cache = true;
	return rc;
}

/* A text of the caller's, for as long as the session lives. */
static int keep_text(larder_session *session, const char *text, char **ret)
{
	if (!text)
		return 0;
	*ret = lrd_alloc_copy(session->mem, text, strlen(text));
	return *ret ? 0 : LARDER_ENOMEM;
}

/* How redirects are followed, bodies decoded and lost updates met. */
static int set_habits(larder_session *session, const larder_options *options)
{
	struct lrd_redirect_rules *rules = &session->redirect;
	size_t bytes = options->redirect_code_count * sizeof(*options->redirect_codes);
	int rc = keep_text(session, options->safe_methods, &session->safe_methods);

	if (rc == 0)
		rc = keep_text(session,
			       options->if_match_methods ? options->if_match_methods
							 : "PUT PATCH",
			       &session->if_match_methods);
	if (rc < 0)
		return rc;
	if (options->redirect_codes) {
		session->redirect_codes =
			(uint16_t *)(void *)lrd_alloc_copy(session->mem,
							   options->redirect_codes, bytes);
		if (!session->redirect_codes)
			return LARDER_ENOMEM;
		rules->codes = session->redirect_codes;
		rules->code_count = options->redirect_code_count;
	}
	if (session->safe_methods)
		rules->safe_methods = lrd_slice_cstr(session->safe_methods);
	rules->all_methods = options->follow_all_methods != 0;
	rules->post_301_to_get = options->post_301_to_get != 0;
	rules->forward_credentials = options->forward_credentials != 0;
	rules->compat = options->compat != 0;
	if (options->compat)
		session->coding = lrd_coding_limits_httplib2;
	if (options->decode_max_bytes)
		session->coding.max_output_bytes = options->decode_max_bytes;
	if (options->decode_ratio)
		session->coding.max_ratio = options->decode_ratio;
	if (options->decode_ratio_floor)
		session->coding.ratio_floor_bytes = options->decode_ratio_floor;
	return 0;
}

struct lrd_tls_options lrd_session_tls_options(const larder_session *session)
{
	const larder_options *options = &session->options;

	return (struct lrd_tls_options){
		.allocator = session->mem,
		.ca_file = session->ca_file,
		.ca_dir = session->ca_dir,
		.insecure = options->insecure != 0,
		.min_version = (uint16_t)options->tls_min_version,
		.max_version = (uint16_t)options->tls_max_version,
		.pins = session->tls_pins,
	};
}

static int make_tls(larder_session *session, larder_error *err)
{
	struct lrd_tls_options wanted = lrd_session_tls_options(session);

	return lrd_tls_new(&wanted, &session->tls, err);
}

static int open_network(larder_session *session, const larder_options *options,
			larder_error *err)
{
	struct lrd_pool_options wanted = {
		.allocator = session->mem,
		.max_idle = session->options.max_idle,
		.max_idle_per_key = session->options.max_idle,
		.idle_keep_ms = session->options.idle_keep_ms,
	};
	int rc = lrd_pool_new(&wanted, &session->pool);

	if (rc < 0)
		return rc;
	rc = lrd_resolver_new(session->mem, &session->resolver);
	if (rc < 0)
		return rc;
	rc = lrd_proxies_init(&session->proxies, options, session->mem, err);
	if (rc == 0)
		rc = keep_text(session, options->ca_file, &session->ca_file);
	if (rc == 0)
		rc = keep_text(session, options->ca_dir, &session->ca_dir);
	if (rc == 0)
		rc = keep_text(session, options->tls_pins, &session->tls_pins);
	/* What the caller names is tried now, so that its troubles show at once. */
	if (rc == 0 && (options->ca_file || options->ca_dir || options->tls_pins ||
			options->tls_min_version || options->tls_max_version))
		rc = make_tls(session, err);
	return rc;
}

int lrd_session_tls(larder_session *session, struct lrd_tls **ret, larder_error *err)
{
	int rc = 0;

	if (!session->tls)
		rc = make_tls(session, err);
	if (rc == 0)
		*ret = session->tls;
	return rc;
}

static void session_free(larder_session *session)
{
	larder_allocator allocator = session->allocator;

	lrd_response_drop(session, session->spare_response);
	lrd_exchange_free(session->spare_exchange);
	lrd_buf_release(&session->spare_in);
	lrd_wake_release(&session->wake);
	lrd_trace_close(session);
	lrd_access_release(session);
	lrd_proxies_release(&session->proxies, session->mem);
	lrd_pool_free(session->pool);
	lrd_resolver_free(session->resolver);
	lrd_tls_unref(session->tls);
	if (session->owns_cache)
		larder_cache_close(session->cache);
	lrd_alloc_free(session->mem, session->partition);
	lrd_alloc_free(session->mem, session->user_agent);
	lrd_alloc_free(session->mem, session->safe_methods);
	lrd_alloc_free(session->mem, session->redirect_codes);
	lrd_alloc_free(session->mem, session->if_match_methods);
	lrd_alloc_free(session->mem, session->ca_file);
	lrd_alloc_free(session->mem, session->ca_dir);
	lrd_alloc_free(session->mem, session->tls_pins);
	lrd_alloc_free(&allocator, session);
}

int larder_session_open(const larder_options *options, larder_session **out,
			larder_error *err)
{
	larder_session *session = NULL;
	larder_options wanted;
	larder_error unheard;
	int rc;

	if (!err)
		err = &unheard;
	lrd_error_clear(err);
	rc = lrd_options_copy(&wanted, sizeof(wanted), options, "larder_options", err);
	if (rc < 0)
		return rc;
	rc = check_options(&wanted, err);
	if (rc < 0)
		return rc;
	session = lrd_alloc_zero(wanted.allocator, sizeof(*session));
	if (!session) {
		rc = LARDER_ENOMEM;
		goto out;
	}
	session->users = 1;
	session->options = wanted;
	fill_defaults(&session->options);
	if (wanted.allocator && wanted.allocator->malloc_fn) {
		session->allocator = *wanted.allocator;
		session->mem = &session->allocator;
	}
	/* A head is read in one piece; one byte more shows that it is too long. */
	lrd_buf_init(&session->spare_in,
		     session->options.max_head_bytes < LRD_EXCHANGE_IN
			     ? LRD_EXCHANGE_IN
			     : session->options.max_head_bytes + 1,
		     session->mem);
	if (wanted.transport) {
		rc = lrd_custom_take(&session->transport, wanted.transport, err);
		session->options.transport = &session->transport;
	}
	if (rc < 0)
		goto out;
	/* The caller's strings live no longer than this call. */
	session->options.store = NULL;
	session->options.cache = NULL;
	session->options.partition = NULL;
	session->options.user_agent = NULL;
	session->options.ca_file = NULL;
	session->options.ca_dir = NULL;
	session->options.allocator = NULL;
	session->options.redirect_codes = NULL;
	session->options.safe_methods = NULL;
	session->options.if_match_methods = NULL;
	session->options.tls_pins = NULL;
	session->options.proxy = NULL;
	session->options.no_proxy = NULL;
	session->options.proxy_fields = NULL;
	rc = lrd_trace_open(session, &wanted, err);
	if (rc == 0)
		rc = set_identity(session, &wanted);
	if (rc == 0)
		rc = set_habits(session, &wanted);
	if (rc < 0)
		goto out;
	rc = open_network(session, &wanted, err);
	if (rc < 0)
		goto out;
	rc = open_cache(session, &wanted, err);
	if (rc < 0)
		goto out;
	*out = session;
	session = NULL; /* moved to the caller */
out:
	if (rc == LARDER_ENOMEM && err->code == 0)
		lrd_error_set(err, rc, LARDER_PHASE_PREPARE, 0, NULL,
			      "open a session: out of memory");
	if (session)
		session_free(session);
	return rc;
}

void lrd_session_ref(larder_session *session)
{
	session->users++;
}

void lrd_session_unref(larder_session *session)
{
	if (--session->users == 0)
		session_free(session);
}

void larder_session_close(larder_session *session)
{
	if (!session)
		return;
	larder_response_free(session->refused);
	session->refused = NULL;
	/* Idle connections have no further use, even where a response lives on. */
	lrd_pool_close_all(session->pool);
	lrd_refresh_stop(session->refresher);
	session->refresher = NULL;
	lrd_session_unref(session);
}

const larder_error *larder_session_error(const larder_session *session)
{
	return &session->err;
}

larder_cache *larder_session_cache(larder_session *session)
{
	return session->cache;
}

larder_response *larder_session_refused(const larder_session *session)
{
	return session->refused;
}

void larder_session_close_idle(larder_session *session)
{
	lrd_pool_close_all(session->pool);
}
