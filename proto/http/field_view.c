/* SPDX-License-Identifier: MIT */
/* field_view.c - looking fields up by name in a borrowed list. */
#include "proto/bytes/slice.h"
#include "proto/http/fields.h"

bool lrd_view_next(struct lrd_field_view view, larder_slice name, size_t *pos,
		   larder_slice *value)
{
	size_t i;

	for (i = *pos; i < view.count; i++) {
		if (lrd_slice_equal_nocase(view.at[i].name, name)) {
			*value = view.at[i].value;
			*pos = i + 1;
			return true;
		}
	}
	*pos = view.count;
	return false;
}

bool lrd_view_get(struct lrd_field_view view, larder_slice name, larder_slice *value)
{
	size_t pos = 0;

	return lrd_view_next(view, name, &pos, value);
}

bool lrd_view_has(struct lrd_field_view view, larder_slice name)
{
	larder_slice ignored;

	return lrd_view_get(view, name, &ignored);
}

size_t lrd_view_count(struct lrd_field_view view, larder_slice name)
{
	larder_slice ignored;
	size_t count = 0;
	size_t pos = 0;

	while (lrd_view_next(view, name, &pos, &ignored))
		count++;
	return count;
}

int lrd_view_single(struct lrd_field_view view, larder_slice name, larder_slice *value)
{
	larder_slice second;
	larder_slice first;
	size_t pos = 0;

	if (!lrd_view_next(view, name, &pos, &first))
		return 0;
	if (lrd_view_next(view, name, &pos, &second))
		return LARDER_EPROTO;
	*value = first;
	return 1;
}

ptrdiff_t lrd_view_combine(struct lrd_field_view view, larder_slice name,
			   struct lrd_buf *out)
{
	size_t start = out->len;
	larder_slice value;
	ptrdiff_t count = 0;
	size_t pos = 0;
	int rc;

	while (lrd_view_next(view, name, &pos, &value)) {
		rc = count > 0 ? lrd_buf_append_cstr(out, ", ") : 0;
		if (rc == 0)
			rc = lrd_buf_append_slice(out, value);
		if (rc < 0) {
			lrd_buf_truncate(out, start);
			return rc;
		}
		count++;
	}
	return count;
}
