/* SPDX-License-Identifier: MIT */
/*
 * challenges.h - what a server asks for in WWW-Authenticate or Proxy-Authenticate (RFC 9110
 * s11.6.1, s11.7.1): the challenges of all lines, each with its parameters.
 *
 * Iterators live on the stack, allocate nothing and hand out slices of the values given. Time
 * is linear in the input, whatever it holds.
 *
 *	lrd_challenges_init(&challenges, view, LRD_SLICE("WWW-Authenticate"));
 *	while ((rc = lrd_challenges_next(&challenges, &challenge)) != 0) {
 *		if (rc < 0)
 *			continue;			that line ends here, the next may do
 *		rest = challenge.params;
 *		while ((rc = lrd_auth_param_next(&rest, &param)) > 0)
 *			...				"realm" = "wonder \"land\""
 *	}
 */
#ifndef LRD_HTTP_CHALLENGES_H
#define LRD_HTTP_CHALLENGES_H

#include <stdbool.h>

#include "proto/bytes/buf.h"
#include "proto/http/fields.h"

struct lrd_challenge {
	larder_slice scheme;  /* a token, case as given */
	larder_slice token68; /* what stands in place of parameters; empty: nothing does */
	larder_slice params; /* for lrd_auth_param_next(), known to be well-formed; may be empty */
};

struct lrd_challenges {
	struct lrd_field_view view; /* private */
	larder_slice name;          /* private */
	size_t pos;                 /* private */
	larder_slice rest;          /* private: what is left of the present line */
};

/* The challenges of all fields called `name`; one never goes on in the next line. */
void lrd_challenges_init(struct lrd_challenges *challenges, struct lrd_field_view view,
			 larder_slice name);

/* The challenges of one value. */
void lrd_challenges_init_value(struct lrd_challenges *challenges, larder_slice value);

/*
 * 1 with *challenge set, 0 at the end. EPROTO, *challenge untouched, where something stands
 * that is no challenge: what was given before counts, the rest of that line is skipped, and
 * the next call goes on with the next line. A bare scheme ("Negotiate") is a challenge.
 */
LARDER_MUST_USE int lrd_challenges_next(struct lrd_challenges *challenges,
					struct lrd_challenge *challenge);

struct lrd_auth_param {
	larder_slice name;  /* a token */
	larder_slice value; /* inside the quotes, when quoted; escapes still in it */
	bool quoted;
};

/*
 * The next of a list of parameters: those of a challenge, of credentials, of an
 * Authentication-Info field. 1 with *param set, 0 at the end, EPROTO for anything else (then
 * *rest is exhausted). Empty members are skipped. Nothing is said about names given twice.
 */
LARDER_MUST_USE int lrd_auth_param_next(larder_slice *rest, struct lrd_auth_param *param);

/* Appends the value, escapes resolved. ELIMIT, ENOMEM, `out` unchanged. */
LARDER_MUST_USE int lrd_auth_param_text(const struct lrd_auth_param *param,
					struct lrd_buf *out);

#endif
