/* SPDX-License-Identifier: MIT */
/*
 * batch.h - one line of `larder batch`: a JSON request in, a JSON answer out.
 *
 * Header text in JSON is a string whose characters U+0000 to U+00FF are the bytes, so that
 * any field can be said; bodies are base64.
 */
#ifndef LRD_TOOLS_BATCH_H
#define LRD_TOOLS_BATCH_H

#include <jansson.h>

#include <larder/larder.h>

/*
 * Runs the request that `line` holds and returns the object that answers it: a response, or
 * an error for a line that is no request. Owned by the caller; NULL when memory ran out.
 */
json_t *lrd_cli_batch_answer(larder_session *session, larder_slice line);

/* The answer to a line that could not even be read. Owned by the caller. */
json_t *lrd_cli_batch_refuse(int code, const char *message);

#endif
