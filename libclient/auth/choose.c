/* SPDX-License-Identifier: MIT */
/* choose.c - which answer goes next, strongest first, none twice. */
#include "auth/choose.h"

#include "auth/spaces.h"
#include "proto/bytes/slice.h"
#include "proto/http/challenges.h"

void lrd_auth_begin(struct lrd_auth_attempt *attempt, struct lrd_credentials *credentials,
		    const struct lrd_auth_origin *origin, const larder_allocator *mem)
{
	*attempt = (struct lrd_auth_attempt){ .credentials = credentials,
					      .origin = *origin,
					      .mem = mem };
}

static void set_current(struct lrd_auth_attempt *attempt, struct lrd_auth *take_auth)
{
	lrd_auth_unref(attempt->current);
	attempt->current = take_auth;
}

void lrd_auth_end(struct lrd_auth_attempt *attempt)
{
	if (!attempt)
		return;
	set_current(attempt, NULL);
	for (size_t i = 0; i < attempt->tried_count; i++)
		lrd_secret_unref(attempt->tried[i].secret);
	attempt->tried_count = 0;
}

struct lrd_auth *lrd_auth_current(const struct lrd_auth_attempt *attempt)
{
	return attempt->current;
}

/* ---- what was tried ---------------------------------------------------------------------- */

static struct lrd_auth_tried *find_tried(struct lrd_auth_attempt *attempt,
					 const struct lrd_auth *auth)
{
	for (size_t i = 0; i < attempt->tried_count; i++) {
		struct lrd_auth_tried *tried = &attempt->tried[i];

		if (tried->secret == auth->secret && tried->scheme == auth->scheme &&
		    tried->strength == auth->strength)
			return tried;
	}
	return NULL;
}

/* The rounds bound how often this is called; a full list refuses everything. */
static void note_tried(struct lrd_auth_attempt *attempt, const struct lrd_auth *auth)
{
	struct lrd_auth_tried *tried = find_tried(attempt, auth);

	if (tried) {
		tried->stale_used = true;
		return;
	}
	if (attempt->tried_count == sizeof(attempt->tried) / sizeof(attempt->tried[0]))
		return;
	lrd_secret_ref(auth->secret);
	attempt->tried[attempt->tried_count++] = (struct lrd_auth_tried){
		.secret = auth->secret,
		.scheme = auth->scheme,
		.strength = auth->strength,
	};
}

static bool may_try(struct lrd_auth_attempt *attempt, const struct lrd_auth *auth)
{
	const struct lrd_auth_tried *tried = find_tried(attempt, auth);

	return !tried || (auth->stale && !tried->stale_used);
}

/* ---- before a challenge ------------------------------------------------------------------ */

/* Errors that mean "not this one" and not "stop". */
static bool is_pass(int rc)
{
	return rc == LARDER_EREPEAT || rc == LARDER_ENOTFOUND || rc == LARDER_EINVAL;
}

/* A proxy is one space, whatever passes through it. */
static larder_slice space_target(const struct lrd_auth_request *request)
{
	return request->proxy ? LRD_SLICE("/") : request->target;
}

static int send_known(struct lrd_auth_attempt *attempt,
		      const struct lrd_auth_request *request, struct lrd_fields *out)
{
	struct lrd_spaces *spaces = lrd_credentials_spaces(attempt->credentials);
	struct lrd_auth *auth =
		lrd_spaces_find(spaces, &attempt->origin, space_target(request));
	int rc;

	if (!auth)
		return 0;
	rc = lrd_auth_answer(auth, request, out);
	if (rc < 0)
		return is_pass(rc) ? 0 : rc;
	lrd_auth_ref(auth);
	set_current(attempt, auth);
	return 1;
}

static int send_preemptive(struct lrd_auth_attempt *attempt,
			   const struct lrd_auth_request *request, struct lrd_fields *out)
{
	struct lrd_secret *secret;
	size_t pos = 0;

	while ((secret = lrd_credentials_next(attempt->credentials, &attempt->origin,
					      &pos))) {
		struct lrd_auth *auth = NULL;
		int rc;

		if (!secret->is.preemptive)
			continue;
		rc = lrd_auth_new(secret->is.preemptive, secret, NULL, attempt->mem,
				  &auth);
		if (rc < 0)
			return rc;
		if (rc == 0)
			continue;
		rc = lrd_auth_answer(auth, request, out);
		if (rc == 0) {
			set_current(attempt, auth);
			return 1;
		}
		lrd_auth_unref(auth);
		if (!is_pass(rc))
			return rc;
	}
	return 0;
}

int lrd_auth_first(struct lrd_auth_attempt *attempt,
		   const struct lrd_auth_request *request, struct lrd_fields *out)
{
	int rc;

	if (!attempt->credentials)
		return 0;
	rc = send_known(attempt, request, out);
	return rc != 0 ? rc : send_preemptive(attempt, request, out);
}

/* ---- at a challenge ---------------------------------------------------------------------- */

/* One challenge with every credential: a stronger answer than *best replaces it. */
static int consider(struct lrd_auth_attempt *attempt,
		    const struct lrd_challenge *challenge, struct lrd_auth **best)
{
	const struct lrd_auth_scheme *scheme = lrd_auth_scheme_find(challenge->scheme);
	struct lrd_secret *secret;
	size_t pos = 0;

	if (!scheme)
		return 0;
	while ((secret = lrd_credentials_next(attempt->credentials, &attempt->origin,
					      &pos))) {
		struct lrd_auth *auth = NULL;
		int rc;

		if (secret->is.schemes && !(secret->is.schemes & scheme->bit))
			continue;
		rc = lrd_auth_new(scheme, secret, challenge, attempt->mem, &auth);
		if (rc < 0)
			return rc;
		if (rc > 0 && (!*best || auth->strength > (*best)->strength) &&
		    may_try(attempt, auth)) {
			lrd_auth_unref(*best);
			*best = auth;
		} else {
			lrd_auth_unref(auth);
		}
	}
	return 0;
}

/* The strongest answer not yet given, *best NULL when there is none. */
static int find_best(struct lrd_auth_attempt *attempt, struct lrd_field_view response,
		     bool proxy, struct lrd_auth **best)
{
	struct lrd_challenges challenges;
	struct lrd_challenge challenge;
	size_t count = 0;
	int rc;

	lrd_challenges_init(&challenges, response,
			    proxy ? LRD_SLICE("Proxy-Authenticate")
				  : LRD_SLICE("WWW-Authenticate"));
	while (count++ < LRD_AUTH_CHALLENGES_MAX &&
	       (rc = lrd_challenges_next(&challenges, &challenge)) != 0) {
		if (rc < 0)
			continue;
		rc = consider(attempt, &challenge, best);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* What was sent last was refused. */
static void take_refusal(struct lrd_auth_attempt *attempt)
{
	struct lrd_auth *auth = attempt->current;

	if (!auth)
		return;
	/* An answer without a challenge of this exchange may have had an old nonce or token. */
	if (!attempt->learned) {
		lrd_spaces_forget(lrd_credentials_spaces(attempt->credentials), auth);
		if (auth->fixed)
			note_tried(attempt, auth);
	}
	set_current(attempt, NULL);
}

int lrd_auth_challenged(struct lrd_auth_attempt *attempt, struct lrd_field_view response,
			const struct lrd_auth_request *request, struct lrd_fields *out)
{
	if (!attempt->credentials)
		return 0;
	take_refusal(attempt);
	while (attempt->rounds++ < LRD_AUTH_ROUNDS_MAX) {
		struct lrd_auth *best = NULL;
		int rc = find_best(attempt, response, request->proxy, &best);

		if (rc < 0 || !best) {
			lrd_auth_unref(best);
			return rc;
		}
		note_tried(attempt, best);
		rc = lrd_auth_answer(best, request, out);
		if (rc == 0) {
			set_current(attempt, best);
			attempt->learned = true;
			return 1;
		}
		lrd_auth_unref(best);
		if (!is_pass(rc))
			return rc;
	}
	return 0;
}

int lrd_auth_accepted(struct lrd_auth_attempt *attempt, struct lrd_field_view response,
		      const struct lrd_auth_request *request)
{
	larder_slice info;
	int rc = 0;

	if (!attempt->current)
		return 0;
	if (lrd_view_get(response,
			 request->proxy ? LRD_SLICE("Proxy-Authentication-Info")
					: LRD_SLICE("Authentication-Info"),
			 &info))
		rc = lrd_auth_learn(attempt->current, info, NULL);
	if (rc < 0 || !attempt->learned)
		return rc;
	/* RFC 7616 s3.3: a proxy's domain has no meaning. */
	if (request->proxy)
		lrd_buf_clear(&attempt->current->domain);
	return lrd_spaces_learn(lrd_credentials_spaces(attempt->credentials),
				&attempt->origin, space_target(request), attempt->current);
}
