/* SPDX-License-Identifier: MIT */
/* text_request.c - requests of the text protocol, from bytes to commands. */
#include "proto/memcache/text.h"

#include <string.h>

#include "proto/bytes/num.h"
#include "proto/bytes/slice.h"

enum state {
	AWAIT_LINE,  /* a command line */
	AWAIT_PIECE, /* bytes of a block that is handed on in pieces */
	AWAIT_END,   /* the CR LF behind such a block */
	SKIP_BLOCK,  /* bytes of a block that was refused */
	DEAD         /* nothing more: the stream has no meaning */
};

void lrd_mc_text_init(struct lrd_mc_text *parser, const struct lrd_mc_limits *limits)
{
	memset(parser, 0, sizeof(*parser));
	parser->limits = limits;
	parser->state = AWAIT_LINE;
}

static ptrdiff_t bad(struct lrd_mc_text *parser)
{
	parser->state = DEAD;
	return LRD_MC_BAD;
}

static ptrdiff_t partial(struct lrd_mc_text *parser, uint64_t wants)
{
	parser->wants = wants;
	return LRD_MC_PARTIAL;
}

static bool has_long_name(larder_slice line)
{
	larder_slice word;

	if (!lrd_mc_next_word(&line, &word) || line.len == 0)
		return false;
	return (lrd_mc_verb_traits(lrd_mc_verb_find(word)) & LRD_MC_TRAIT_LONG) != 0;
}

/*
 * The line at the start of `input` without its end; a bare LF ends one too. Returns its bytes
 * with the end, PARTIAL or BAD. Bytes once scanned are not scanned again, or a peer that
 * sends a long line byte by byte would cost its square.
 */
static ptrdiff_t take_line(struct lrd_mc_text *parser, larder_slice input,
			   larder_slice *line)
{
	size_t from = parser->scanned < input.len ? parser->scanned : 0;
	const char *lf = memchr(input.ptr + from, '\n', input.len - from);
	size_t len;

	if (!lf) {
		size_t max = LRD_MC_LINE_MAX;

		parser->scanned = input.len;
		if (input.len > max && has_long_name(input))
			max = parser->limits->line_long_max;
		if (input.len > max)
			return bad(parser);
		return partial(parser, input.len + 1);
	}
	parser->scanned = 0;
	len = (size_t)(lf - input.ptr);
	if (len > LRD_MC_LINE_MAX && (!has_long_name(lrd_slice_first(input, len)) ||
				      len > parser->limits->line_long_max))
		return bad(parser);
	*line = lrd_slice_first(input, len > 0 && lf[-1] == '\r' ? len - 1 : len);
	return (ptrdiff_t)len + 1;
}

static bool parse_u32(larder_slice word, uint32_t *out)
{
	uint64_t number;

	if (lrd_u64_parse(word, &number) < 0 || number > UINT32_MAX)
		return false;
	*out = (uint32_t)number;
	return true;
}

/* Every key of a list, and the list not empty. */
static enum lrd_mc_refusal check_keys(larder_slice keys)
{
	larder_slice key;
	bool any = false;

	while (lrd_mc_next_word(&keys, &key)) {
		if (key.len > LRD_MC_KEY_MAX)
			return LRD_MC_REFUSED_FORMAT;
		any = true;
	}
	return any ? LRD_MC_ACCEPTED : LRD_MC_REFUSED_FORMAT;
}

static bool parse_exptime(larder_slice word, int64_t *out)
{
	int64_t exptime;

	/* Sums of a time and this one cannot wrap. */
	if (lrd_i64_parse(word, &exptime) < 0 || exptime > INT64_MAX / 4 ||
	    exptime < INT32_MIN)
		return false;
	*out = exptime;
	return true;
}

/* One word for one letter of the table. */
static enum lrd_mc_refusal parse_word(char letter, larder_slice word,
				      struct lrd_mc_command *out)
{
	bool block = (lrd_mc_verb_traits(out->verb) & LRD_MC_TRAIT_BLOCK) != 0;

	switch (letter) {
	case 'k':
		out->key = word;
		return word.len <= LRD_MC_KEY_MAX ? LRD_MC_ACCEPTED
						  : LRD_MC_REFUSED_FORMAT;
	case 'f':
		return parse_u32(word, &out->client_flags) ? LRD_MC_ACCEPTED
							   : LRD_MC_REFUSED_FORMAT;
	case 'x':
	case 'X':
		out->has_exptime = true;
		if (parse_exptime(word, &out->exptime))
			return LRD_MC_ACCEPTED;
		return block ? LRD_MC_REFUSED_FORMAT : LRD_MC_REFUSED_EXPTIME;
	case 'c':
		return lrd_u64_parse(word, &out->cas) == 0 ? LRD_MC_ACCEPTED
							   : LRD_MC_REFUSED_FORMAT;
	case 'd':
		return lrd_u64_parse(word, &out->number) == 0 ? LRD_MC_ACCEPTED
							      : LRD_MC_REFUSED_DELTA;
	case 'u':
		return lrd_u64_parse(word, &out->number) == 0 ? LRD_MC_ACCEPTED
							      : LRD_MC_REFUSED_FORMAT;
	case 'n':
		if (lrd_u64_parse(word, &out->value_len) == 0 &&
		    out->value_len <= LRD_MC_VALUE_MAX)
			return LRD_MC_ACCEPTED;
		return LRD_MC_REFUSED_FORMAT;
	default: /* 'z' */
		return lrd_slice_equal(word, LRD_SLICE("0")) ? LRD_MC_ACCEPTED
							     : LRD_MC_REFUSED_USAGE_DELETE;
	}
}

/* What answers a line that has too few words. */
static enum lrd_mc_refusal missing_word(char letter)
{
	return letter == 'z' || letter == 'X' ? LRD_MC_ACCEPTED : LRD_MC_REFUSED_FORMAT;
}

/*
 * Behind the last argument: "noreply", or one word without meaning, which old clients send
 * and memcached takes; never more.
 */
static enum lrd_mc_refusal parse_rest(larder_slice rest, struct lrd_mc_command *out)
{
	unsigned traits = lrd_mc_verb_traits(out->verb);
	larder_slice word, more;

	if (!lrd_mc_next_word(&rest, &word))
		return LRD_MC_ACCEPTED;
	if ((traits & LRD_MC_TRAIT_NOREPLY) &&
	    lrd_slice_equal(word, LRD_SLICE("noreply")))
		out->noreply = true;
	else if (out->verb == LRD_MC_DELETE)
		return LRD_MC_REFUSED_USAGE_DELETE;
	return lrd_mc_next_word(&rest, &more) ? LRD_MC_REFUSED_FORMAT : LRD_MC_ACCEPTED;
}

static larder_slice last_word(larder_slice line)
{
	larder_slice word, last = { "", 0 };

	while (lrd_mc_next_word(&line, &word))
		last = word;
	return last;
}

/*
 * The words behind the verb. All are looked at even when one is refused: the size of a block
 * and noreply are needed to keep the stream in step.
 */
static enum lrd_mc_refusal parse_letters(larder_slice rest, struct lrd_mc_command *out,
					 bool *has_len)
{
	enum lrd_mc_refusal first = LRD_MC_ACCEPTED, refusal;

	for (const char *letter = lrd_mc_verb_arguments(out->verb); *letter; letter++) {
		larder_slice before = rest, word;

		if (*letter == 'w') {
			out->words = lrd_slice_trim(rest);
			return first;
		}
		if (*letter == 'K') {
			out->keys = rest;
			refusal = check_keys(rest);
			if (refusal == LRD_MC_ACCEPTED)
				lrd_mc_next_word(&rest, &out->key);
			return first ? first : refusal;
		}
		if (!lrd_mc_next_word(&rest, &word)) {
			refusal = missing_word(*letter);
		} else if ((*letter == 'z' || *letter == 'X') &&
			   lrd_slice_equal(word, LRD_SLICE("noreply"))) {
			rest = before; /* the optional word is absent */
			refusal = LRD_MC_ACCEPTED;
		} else {
			refusal = parse_word(*letter, word, out);
			if (*letter == 'n')
				*has_len = refusal == LRD_MC_ACCEPTED;
		}
		if (first == LRD_MC_ACCEPTED)
			first = refusal;
	}
	refusal = parse_rest(rest, out);
	return first ? first : refusal;
}

static void parse_arguments(larder_slice rest, struct lrd_mc_command *out, bool *has_len)
{
	unsigned traits = lrd_mc_verb_traits(out->verb);

	out->refusal = parse_letters(rest, out, has_len);
	/* A client that asked for silence gets it, whatever else is wrong with its line. */
	if (out->refusal && (traits & LRD_MC_TRAIT_NOREPLY) &&
	    lrd_slice_equal(last_word(rest), LRD_SLICE("noreply")))
		out->noreply = true;
}

static bool too_large(const struct lrd_mc_limits *limits,
		      const struct lrd_mc_command *command)
{
	bool joined = command->verb == LRD_MC_APPEND || command->verb == LRD_MC_PREPEND;

	if (joined && command->value_len > limits->joined_max)
		return true;
	return command->value_len + command->key.len + LRD_MC_ITEM_OVERHEAD >
	       limits->item_max;
}

/* The block behind a line of `line_len` bytes: whole, or left for pieces, or refused. */
static ptrdiff_t take_block(struct lrd_mc_text *parser, larder_slice input,
			    size_t line_len, struct lrd_mc_command *command)
{
	bool joined = command->verb == LRD_MC_APPEND || command->verb == LRD_MC_PREPEND;
	uint64_t block_len = command->value_len + 2;
	uint64_t total = line_len + block_len;
	size_t len = (size_t)command->value_len;

	if (command->refusal == LRD_MC_ACCEPTED && too_large(parser->limits, command))
		command->refusal = LRD_MC_REFUSED_TOO_LARGE;
	if (command->refusal) {
		parser->block_left = block_len;
		parser->state = SKIP_BLOCK;
		return (ptrdiff_t)line_len;
	}
	if (command->value_len > parser->limits->inline_max && !joined) {
		command->part = LRD_MC_HEAD;
		parser->streamed = *command;
		parser->block_left = command->value_len;
		parser->state = AWAIT_PIECE;
		return (ptrdiff_t)line_len;
	}
	if (input.len < total)
		return partial(parser, total);
	if (memcmp(input.ptr + line_len + len, "\r\n", 2) != 0)
		command->refusal = LRD_MC_REFUSED_CHUNK;
	else
		command->value = lrd_slice_of(input.ptr + line_len, len);
	return (ptrdiff_t)total;
}

static ptrdiff_t parse_line(struct lrd_mc_text *parser, larder_slice input,
			    struct lrd_mc_command *out)
{
	struct lrd_mc_command command = { .part = LRD_MC_WHOLE };
	larder_slice line, rest, name = { "", 0 };
	bool has_len = false;
	ptrdiff_t taken = take_line(parser, input, &line);

	if (taken < 0)
		return taken;
	rest = line;
	/* A blank before the command is no command, as in memcached 1.6.45. */
	if (line.len > 0 && line.ptr[0] != ' ')
		lrd_mc_next_word(&rest, &name);
	command.verb = lrd_mc_verb_find(name);
	if (command.verb == LRD_MC_NONE) {
		/* A web page may make a browser send this: say nothing, close. */
		if (lrd_slice_starts(last_word(line), LRD_SLICE("HTTP/")))
			return bad(parser);
		command.refusal = LRD_MC_REFUSED_UNKNOWN;
	} else {
		parse_arguments(rest, &command, &has_len);
	}
	if (has_len)
		taken = take_block(parser, input, (size_t)taken, &command);
	if (taken > 0)
		*out = command;
	return taken;
}

/* A part of the block on its way: what it belongs to without the slices of its line. */
static void fill_streamed(const struct lrd_mc_text *parser, enum lrd_mc_part part,
			  struct lrd_mc_command *out)
{
	*out = parser->streamed;
	out->part = part;
	out->key = out->keys = out->words = out->value = LRD_SLICE("");
}

static ptrdiff_t take_piece(struct lrd_mc_text *parser, larder_slice input,
			    struct lrd_mc_command *out)
{
	size_t take = input.len;

	if (take > parser->block_left)
		take = (size_t)parser->block_left;
	fill_streamed(parser, LRD_MC_PIECE, out);
	out->value = lrd_slice_first(input, take);
	parser->block_left -= take;
	if (parser->block_left == 0)
		parser->state = AWAIT_END;
	return (ptrdiff_t)take;
}

static ptrdiff_t take_end(struct lrd_mc_text *parser, larder_slice input,
			  struct lrd_mc_command *out)
{
	if (input.len < 2)
		return partial(parser, 2);
	fill_streamed(parser, LRD_MC_TAIL, out);
	if (memcmp(input.ptr, "\r\n", 2) != 0)
		out->refusal = LRD_MC_REFUSED_CHUNK;
	parser->state = AWAIT_LINE;
	return 2;
}

static ptrdiff_t skip_block(struct lrd_mc_text *parser, larder_slice input,
			    struct lrd_mc_command *out)
{
	size_t take = input.len;

	if (take > parser->block_left)
		take = (size_t)parser->block_left;
	parser->block_left -= take;
	if (parser->block_left == 0)
		parser->state = AWAIT_LINE;
	*out = (struct lrd_mc_command){ .verb = LRD_MC_NONE };
	return (ptrdiff_t)take;
}

ptrdiff_t lrd_mc_text_request(struct lrd_mc_text *parser, larder_slice input,
			      struct lrd_mc_command *command)
{
	if (parser->state == DEAD)
		return LRD_MC_BAD;
	if (input.len == 0)
		return partial(parser, 1);
	switch (parser->state) {
	case AWAIT_PIECE:
		return take_piece(parser, input, command);
	case AWAIT_END:
		return take_end(parser, input, command);
	case SKIP_BLOCK:
		return skip_block(parser, input, command);
	default:
		return parse_line(parser, input, command);
	}
}
