/* SPDX-License-Identifier: MIT */
/* early.c - the interim responses (1xx) that came before the final one (RFC 9110 s15.2). */
#include "session/early.h"

int lrd_early_add(struct lrd_early *early, uint32_t status, struct lrd_field_view fields,
		  size_t max_bytes, size_t max_fields, const larder_allocator *mem)
{
	int rc;

	if (early->count == LRD_EARLY_MAX)
		return LARDER_ELIMIT;
	if (early->count == 0)
		lrd_fields_init(&early->fields, max_bytes, max_fields, mem);
	early->at[early->count].status = status;
	early->at[early->count].from = early->fields.count;
	early->at[early->count].count = fields.count;
	rc = fields.count ? lrd_fields_add_all(&early->fields, fields) : 0;
	if (rc == 0)
		early->count++;
	else if (early->count == 0)
		lrd_fields_release(&early->fields);
	return rc;
}

void lrd_early_release(struct lrd_early *early)
{
	if (early->count)
		lrd_fields_release(&early->fields);
	early->count = 0;
}
