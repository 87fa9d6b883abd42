/* SPDX-License-Identifier: MIT */
/* text_put.c - requests and replies of the text protocol, from values to bytes. */
#include "proto/memcache/text.h"

#include <string.h>

#include "proto/bytes/num.h"
#include "proto/bytes/slice.h"

/* A key that stays one word of the line. */
static bool key_fits(larder_slice key)
{
	if (key.len == 0 || key.len > LRD_MC_KEY_MAX)
		return false;
	for (size_t i = 0; i < key.len; i++) {
		unsigned char byte = (unsigned char)key.ptr[i];

		if (byte <= ' ' || byte == 0x7f)
			return false;
	}
	return true;
}

/* A text that stays on the line. */
static bool text_fits(larder_slice text)
{
	return !(text.len &&
		 (memchr(text.ptr, '\n', text.len) || memchr(text.ptr, '\r', text.len)));
}

static int put_u64(struct lrd_buf *out, uint64_t number)
{
	int rc = lrd_buf_append_char(out, ' ');

	return rc < 0 ? rc : lrd_buf_append_u64(out, number);
}

static int put_i64(struct lrd_buf *out, int64_t number)
{
	int rc = lrd_buf_append_char(out, ' ');

	return rc < 0 ? rc : lrd_buf_append_i64(out, number);
}

static int put_word(struct lrd_buf *out, larder_slice word)
{
	int rc = lrd_buf_append_char(out, ' ');

	return rc < 0 ? rc : lrd_buf_append_slice(out, word);
}

static int put_keys(struct lrd_buf *out, larder_slice keys)
{
	larder_slice key;
	int rc = LARDER_EINVAL;

	while (lrd_mc_next_word(&keys, &key)) {
		if (!key_fits(key))
			return LARDER_EINVAL;
		rc = put_word(out, key);
		if (rc < 0)
			return rc;
	}
	return rc;
}

/* One argument, as its letter in the table says. */
static int put_argument(char letter, const struct lrd_mc_command *command,
			struct lrd_buf *out)
{
	switch (letter) {
	case 'k':
		return key_fits(command->key) ? put_word(out, command->key)
					      : LARDER_EINVAL;
	case 'K':
		return put_keys(out, command->keys.len ? command->keys : command->key);
	case 'f':
		return put_u64(out, command->client_flags);
	case 'x':
		return put_i64(out, command->exptime);
	case 'X':
		return command->has_exptime ? put_i64(out, command->exptime) : 0;
	case 'n':
		if (command->value_len > LRD_MC_VALUE_MAX)
			return LARDER_EINVAL;
		return put_u64(out, command->value_len);
	case 'c':
		return put_u64(out, command->cas);
	case 'd':
	case 'u':
		return put_u64(out, command->number);
	case 'w':
		if (!text_fits(command->words))
			return LARDER_EINVAL;
		return command->words.len ? put_word(out, command->words) : 0;
	default: /* 'z' is only understood */
		return 0;
	}
}

static int put_line(const struct lrd_mc_command *command, struct lrd_buf *out)
{
	int rc = lrd_buf_append_cstr(out, lrd_mc_verb_name(command->verb));

	for (const char *letter = lrd_mc_verb_arguments(command->verb);
	     *letter && rc == 0; letter++)
		rc = put_argument(*letter, command, out);
	if (rc == 0 && command->noreply)
		rc = (lrd_mc_verb_traits(command->verb) & LRD_MC_TRAIT_NOREPLY)
			     ? lrd_buf_append_cstr(out, " noreply")
			     : LARDER_EINVAL;
	return rc < 0 ? rc : lrd_buf_append(out, "\r\n", 2);
}

int lrd_mc_text_put_request(const struct lrd_mc_command *command, struct lrd_buf *out)
{
	unsigned traits = lrd_mc_verb_traits(command->verb);
	size_t before = out->len;
	int rc = 0;

	if (command->verb == LRD_MC_NONE)
		return LARDER_EINVAL;
	if (command->part == LRD_MC_WHOLE && (traits & LRD_MC_TRAIT_BLOCK) &&
	    command->value.len != command->value_len)
		return LARDER_EINVAL;
	if (command->part == LRD_MC_WHOLE || command->part == LRD_MC_HEAD)
		rc = put_line(command, out);
	if (rc == 0 && (traits & LRD_MC_TRAIT_BLOCK)) {
		if (command->part == LRD_MC_WHOLE || command->part == LRD_MC_PIECE)
			rc = lrd_buf_append_slice(out, command->value);
		if (rc == 0 &&
		    (command->part == LRD_MC_WHOLE || command->part == LRD_MC_TAIL))
			rc = lrd_buf_append(out, "\r\n", 2);
	}
	if (rc < 0)
		lrd_buf_truncate(out, before);
	return rc;
}

static char *copy(char *at, const char *bytes, size_t len)
{
	memcpy(at, bytes, len);
	return at + len;
}

static char *number(char *at, uint64_t value)
{
	char digits[LRD_NUM_SIZE];
	size_t len = lrd_u64_format(value, digits);

	*at++ = ' ';
	return copy(at, digits, len);
}

size_t lrd_mc_text_value_head(char *dst, larder_slice key, uint32_t client_flags,
			      uint64_t value_len, const uint64_t *cas)
{
	char *at = copy(dst, "VALUE ", 6);

	at = copy(at, key.ptr, key.len);
	at = number(at, client_flags);
	at = number(at, value_len);
	if (cas)
		at = number(at, *cas);
	at = copy(at, "\r\n", 2);
	return (size_t)(at - dst);
}

static int put_value(const struct lrd_mc_reply *reply, struct lrd_buf *out)
{
	char head[LRD_MC_VALUE_HEAD_MAX];
	size_t len;
	int rc;

	if (!key_fits(reply->key))
		return LARDER_EINVAL;
	len = lrd_mc_text_value_head(head, reply->key, reply->client_flags,
				     reply->value.len,
				     reply->has_cas ? &reply->cas : NULL);
	rc = lrd_buf_append(out, head, len);
	return rc < 0 ? rc : lrd_buf_append_slice(out, reply->value);
}

/* A word and the text that explains it. */
static int put_text(const char *word, larder_slice text, struct lrd_buf *out)
{
	int rc = text.len && text_fits(text) ? lrd_buf_append_cstr(out, word)
					     : LARDER_EINVAL;

	return rc < 0 ? rc : put_word(out, text);
}

static int put_stat(const struct lrd_mc_reply *reply, struct lrd_buf *out)
{
	int rc = key_fits(reply->key) ? put_text("STAT", reply->key, out) : LARDER_EINVAL;

	if (rc == 0 && !text_fits(reply->text))
		rc = LARDER_EINVAL;
	return rc < 0 || !reply->text.len ? rc : put_word(out, reply->text);
}

int lrd_mc_text_put_reply(const struct lrd_mc_reply *reply, struct lrd_buf *out)
{
	size_t before = out->len;
	int rc;

	switch (reply->status) {
	case LRD_MC_VALUE:
		rc = put_value(reply, out);
		break;
	case LRD_MC_STAT:
		rc = put_stat(reply, out);
		break;
	case LRD_MC_NUMBER:
		rc = lrd_buf_append_u64(out, reply->number);
		break;
	case LRD_MC_VERSION_IS:
		rc = put_text("VERSION", reply->text, out);
		break;
	case LRD_MC_CLIENT_ERROR:
		rc = put_text("CLIENT_ERROR", reply->text, out);
		break;
	case LRD_MC_SERVER_ERROR:
		rc = put_text("SERVER_ERROR", reply->text, out);
		break;
	default:
		rc = lrd_buf_append_slice(out, lrd_mc_status_text(reply->status));
		break;
	}
	if (rc == 0)
		rc = lrd_buf_append(out, "\r\n", 2);
	if (rc < 0)
		lrd_buf_truncate(out, before);
	return rc;
}
