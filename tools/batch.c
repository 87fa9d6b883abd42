/* SPDX-License-Identifier: MIT */
/* batch.c - one line of `larder batch`: a JSON request in, a JSON answer out. */
#include "tools/batch.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/bytes/base64.h"
#include "proto/bytes/buf.h"
#include "proto/bytes/slice.h"
#include "tools/latin1.h"
#include "tools/response.h"

enum { TEXT_MAX = 16 << 20, FIELDS_MAX = 10000 };
static const size_t body_max = (size_t)1 << 30;

/* A request as read from JSON; `text` and `body` hold what `request` points to. */
struct job {
	larder_request request;
	struct lrd_buf text;
	struct lrd_buf body;
	larder_field *fields;
};

/* A word of the Fetch standard and the number that larder has for it. */
struct word {
	const char *text;
	uint32_t number;
};

static const struct word modes[] = {
	{ "default", LARDER_MODE_DEFAULT },
	{ "no-store", LARDER_MODE_NO_STORE },
	{ "reload", LARDER_MODE_RELOAD },
	{ "no-cache", LARDER_MODE_NO_CACHE },
	{ "force-cache", LARDER_MODE_FORCE_CACHE },
	{ "only-if-cached", LARDER_MODE_ONLY_IF_CACHED },
	{ NULL, 0 },
};

static const struct word redirects[] = {
	{ "follow", LARDER_REDIRECT_FOLLOW },
	{ "manual", LARDER_REDIRECT_MANUAL },
	{ "error", LARDER_REDIRECT_ERROR },
	{ NULL, 0 },
};

static json_t *error_answer(const json_t *id, const char *code, const char *message)
{
	return json_pack("{s:O?, s:{s:s, s:o}}", "id", id, "error", "code", code,
			 "message", lrd_cli_latin1_text(lrd_slice_cstr(message)));
}

json_t *lrd_cli_batch_refuse(int code, const char *message)
{
	return json_pack("{s:n, s:{s:s, s:s}}", "id", "error", "code",
			 larder_error_name(code), "message", message);
}

/* ---- reading ------------------------------------------------------------------------------ */

static const char *read_word(const json_t *object, const char *name,
			     const struct word *words, uint32_t *number)
{
	const json_t *value = json_object_get(object, name);

	if (!value || json_is_null(value))
		return NULL;
	for (; json_is_string(value) && words->text; words++) {
		if (strcmp(words->text, json_string_value(value)) == 0) {
			*number = words->number;
			return NULL;
		}
	}
	return name;
}

/* A string without NUL, which the request's plain C strings could not say. */
static const char *read_string(const json_t *object, const char *name, const char **out)
{
	const json_t *value = json_object_get(object, name);

	if (!value || json_is_null(value))
		return NULL;
	if (!json_is_string(value) ||
	    strlen(json_string_value(value)) != json_string_length(value))
		return name;
	*out = json_string_value(value);
	return NULL;
}

/* Appends a pair's text; slices are set once the buffer no longer moves. */
static int read_pair(struct job *job, const json_t *pair, size_t at)
{
	const json_t *name = json_array_get(pair, 0);
	const json_t *value = json_array_get(pair, 1);
	size_t begin = job->text.len;
	int rc;

	if (json_array_size(pair) != 2 || !json_is_string(name) || !json_is_string(value))
		return LARDER_EINVAL;
	rc = lrd_cli_latin1_append(&job->text, name);
	job->fields[at].name.len = job->text.len - begin;
	if (rc == 0)
		rc = lrd_cli_latin1_append(&job->text, value);
	job->fields[at].value.len = job->text.len - begin - job->fields[at].name.len;
	return rc;
}

static int read_fields(struct job *job, const json_t *list)
{
	size_t count = json_array_size(list);
	const char *at;

	if (!list || json_is_null(list))
		return 0;
	if (!json_is_array(list) || count > FIELDS_MAX)
		return LARDER_EINVAL;
	job->fields = calloc(count ? count : 1, sizeof(*job->fields));
	if (!job->fields)
		return LARDER_ENOMEM;
	for (size_t i = 0; i < count; i++) {
		int rc = read_pair(job, json_array_get(list, i), i);

		if (rc < 0)
			return rc;
	}
	at = lrd_buf_slice(&job->text).ptr;
	for (size_t i = 0; i < count; i++) {
		job->fields[i].name.ptr = at;
		at += job->fields[i].name.len;
		job->fields[i].value.ptr = at;
		at += job->fields[i].value.len;
	}
	job->request.fields = job->fields;
	job->request.field_count = count;
	return 0;
}

static int read_body(struct job *job, const json_t *value)
{
	int rc;

	if (!value || json_is_null(value))
		return 0;
	if (!json_is_string(value))
		return LARDER_EINVAL;
	rc = lrd_base64_decode(&job->body,
			       lrd_slice_of(json_string_value(value),
					    json_string_length(value)),
			       LRD_BASE64_STANDARD);
	job->request.body = lrd_buf_slice(&job->body);
	if (job->request.body.len == 0)
		job->request.body = LRD_SLICE("");
	return rc;
}

/* Returns NULL, or the member that is no good. */
static const char *read_job(struct job *job, const json_t *object)
{
	const char *bad = read_string(object, "method", &job->request.method);

	if (!bad)
		bad = read_string(object, "url", &job->request.url);
	if (!bad && !job->request.url)
		bad = "url";
	if (!bad)
		bad = read_word(object, "cache", modes, &job->request.mode);
	if (!bad)
		bad = read_word(object, "redirect", redirects, &job->request.redirect);
	if (!bad && read_fields(job, json_object_get(object, "headers")) < 0)
		bad = "headers";
	if (!bad && read_body(job, json_object_get(object, "body")) < 0)
		bad = "body";
	return bad;
}

/* ---- answering ---------------------------------------------------------------------------- */

static json_t *base64_text(larder_slice bytes)
{
	json_t *text = NULL;
	struct lrd_buf coded;

	lrd_buf_init(&coded, SIZE_MAX / 4, NULL);
	if (lrd_base64_encode(&coded, bytes, LRD_BASE64_STANDARD) == 0)
		text = json_stringn_nocheck(coded.len ? coded.ptr : "", coded.len);
	lrd_buf_release(&coded);
	return text;
}

static json_t *interim_list(const larder_response *response)
{
	json_t *list = json_array();
	uint32_t status;
	size_t count;

	for (size_t i = 0; list; i++) {
		const larder_field *fields =
			larder_response_interim(response, i, &status, &count);

		if (!fields && status == 0)
			break;
		if (json_array_append_new(
			    list, json_pack("[i, o]", (int)status,
					    lrd_cli_latin1_fields(fields, count))) < 0) {
			json_decref(list);
			list = NULL;
		}
	}
	return list;
}

/* What every response has, the final one and those before it. */
static json_t *head_object(const larder_response *response)
{
	size_t count = 0;
	const larder_field *fields = larder_response_fields(response, &count);

	return json_pack("{s:i, s:o, s:o, s:o, s:o}", "status",
			 (int)larder_response_status(response), "reason",
			 lrd_cli_latin1_text(larder_response_reason(response)), "headers",
			 lrd_cli_latin1_fields(fields, count), "url",
			 lrd_cli_latin1_text(larder_response_url(response)), "cache",
			 lrd_cli_response_json_cache(response));
}

static json_t *previous_list(const larder_response *response)
{
	json_t *list = json_array();
	const larder_response *before;

	for (size_t i = 0; list; i++) {
		before = larder_response_previous(response, i);
		if (!before)
			break;
		if (json_array_append_new(list, head_object(before)) < 0) {
			json_decref(list);
			list = NULL;
		}
	}
	return list;
}

static json_t *response_answer(const json_t *id, larder_response *response,
			       larder_slice body)
{
	/* The body is read by now: only then is it known whether the response was stored. */
	json_t *answer = head_object(response);

	if (!answer)
		return NULL;
	if (json_object_set(answer, "id", id ? (json_t *)id : json_null()) < 0 ||
	    json_object_set_new(answer, "body", base64_text(body)) < 0 ||
	    json_object_set_new(answer, "previous", previous_list(response)) < 0 ||
	    json_object_set_new(answer, "interim", interim_list(response)) < 0 ||
	    json_object_set_new(answer, "error", json_null()) < 0) {
		json_decref(answer);
		return NULL;
	}
	return answer;
}

static json_t *run_job(larder_session *session, const json_t *id,
		       const larder_request *request)
{
	larder_response *response = NULL;
	larder_slice body = { NULL, 0 };
	json_t *answer;
	int rc = larder_send(session, request, &response);

	if (rc < 0)
		return error_answer(id, larder_error_name(rc),
				    larder_session_error(session)->message);
	rc = larder_response_body(response, &body);
	if (rc < 0)
		answer = error_answer(id, larder_error_name(rc),
				      larder_response_error(response)->message);
	else if (request->mode == LARDER_MODE_ONLY_IF_CACHED &&
		 larder_response_served(response)->how == LARDER_HOW_REFUSED)
		/* To the Fetch standard this is a network error, no response. */
		answer = error_answer(id, larder_error_name(LARDER_ENOTFOUND),
				      "only-if-cached, and nothing stored can answer");
	else
		answer = response_answer(id, response, body);
	larder_response_free(response);
	return answer;
}

json_t *lrd_cli_batch_answer(larder_session *session, larder_slice line)
{
	struct job job = { .request = LARDER_REQUEST_INIT };
	json_error_t where;
	json_t *object = json_loadb(line.ptr, line.len, JSON_ALLOW_NUL, &where);
	const json_t *id = json_object_get(object, "id");
	const char *bad;
	json_t *answer;
	char message[128];

	lrd_buf_init(&job.text, TEXT_MAX, NULL);
	lrd_buf_init(&job.body, body_max, NULL);
	if (!json_is_object(object)) {
		snprintf(message, sizeof(message), "the line is no JSON object%s%.80s",
			 object ? "" : ": ", object ? "" : where.text);
		answer = lrd_cli_batch_refuse(LARDER_EINVAL, message);
		goto out;
	}
	bad = read_job(&job, object);
	if (bad) {
		snprintf(message, sizeof(message),
			 "\"%s\" is missing or not what it should be", bad);
		answer = error_answer(id, larder_error_name(LARDER_EINVAL), message);
		goto out;
	}
	answer = run_job(session, id, &job.request);
out:
	free(job.fields);
	lrd_buf_release(&job.text);
	lrd_buf_release(&job.body);
	json_decref(object);
	return answer;
}
