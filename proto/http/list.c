/* SPDX-License-Identifier: MIT */
/* list.c - members of comma lists (RFC 9110 s5.6.1). */
#include "proto/http/list.h"

#include "proto/bytes/scan.h"
#include "proto/bytes/slice.h"

void lrd_list_init(struct lrd_list *list, struct lrd_field_view view, larder_slice name)
{
	*list = (struct lrd_list){ .view = view, .name = name };
}

void lrd_list_init_value(struct lrd_list *list, larder_slice value)
{
	*list = (struct lrd_list){ .rest = value };
}

/* Where the first member ends: at a comma outside quotes, or at the end of the line. */
static size_t member_end(larder_slice line, bool *unterminated)
{
	bool quoted = false;
	size_t i;

	for (i = 0; i < line.len; i++) {
		if (line.ptr[i] == '"')
			quoted = !quoted;
		else if (quoted && line.ptr[i] == '\\')
			i++; /* whatever it is, it neither ends the string nor the member */
		else if (!quoted && line.ptr[i] == ',')
			return i;
	}
	*unterminated = quoted;
	return line.len;
}

bool lrd_list_next(struct lrd_list *list, larder_slice *member)
{
	for (;;) {
		larder_slice found;
		bool open = false;
		size_t end;

		if (list->rest.len == 0 &&
		    !lrd_view_next(list->view, list->name, &list->pos, &list->rest))
			return false;
		end = member_end(list->rest, &open);
		found = lrd_slice_trim(lrd_slice_first(list->rest, end));
		/* The comma goes too; lrd_slice_skip stops at the end of the line. */
		list->rest = lrd_slice_skip(list->rest, end + 1);
		if (found.len > 0) {
			list->unterminated = open;
			*member = found;
			return true;
		}
	}
}

bool lrd_list_has(struct lrd_field_view view, larder_slice name, larder_slice token)
{
	struct lrd_list list;
	larder_slice member;

	lrd_list_init(&list, view, name);
	while (lrd_list_next(&list, &member)) {
		if (lrd_slice_equal_nocase(member, token))
			return true;
	}
	return false;
}

bool lrd_token_valid(larder_slice text)
{
	return lrd_scan_all(text, LRD_TCHAR);
}
