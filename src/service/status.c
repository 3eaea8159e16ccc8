#include "service/status.h"

#include <assert.h>
#include <math.h>
#include <stdalign.h>
#include <string.h>

#include "base/clock.h"

static const double bytes_of_mib = 1 << 20;

void status_add(struct status *status, const struct status_group *group, const void *data)
{
	assert(status->count < STATUS_GROUPS_MAX && group->snapshot_bytes <= STATUS_SNAPSHOT_BYTES);
	status->sources[status->count].group = group;
	status->sources[status->count].data = data;
	status->count++;
}

static struct status_value integer(int64_t value)
{
	return (struct status_value){ .type = STATUS_IS_INTEGER, .integer = value, .number = (double)value };
}

/* Three decimals keep the line readable. */
static struct status_value number(double value)
{
	if (!isfinite(value))
		return (struct status_value){ .type = STATUS_IS_NULL };
	return (struct status_value){ .type = STATUS_IS_NUMBER, .number = round(value * 1000) / 1000 };
}

static struct status_value text(const char *value)
{
	return (struct status_value){ .type = value ? STATUS_IS_TEXT : STATUS_IS_NULL, .text = value };
}

static struct status_value age(int64_t then_ns)
{
	return number(then_ns == 0 ? NAN : (double)(clock_now_ns() - then_ns) / (double)CLOCK_NS_PER_S);
}

static struct status_value value_of(const struct status_row *row, const void *snapshot)
{
	const void *member = (const char *)snapshot + row->offset;
	switch (row->form) {
	case STATUS_INT:
		return integer(*(const int *)member);
	case STATUS_INT64:
		return integer(*(const int64_t *)member);
	case STATUS_UINT64:
		return integer((int64_t) * (const uint64_t *)member);
	case STATUS_SIZE:
		return integer((int64_t) * (const size_t *)member);
	case STATUS_DOUBLE:
		return number(*(const double *)member);
	case STATUS_BOOL:
		return (struct status_value){ .type = STATUS_IS_BOOL, .truth = *(const bool *)member };
	case STATUS_TEXT:
		return text(member);
	case STATUS_WORDS:
		return text(*(const char *const *)member);
	case STATUS_AGE:
		return age(*(const int64_t *)member);
	case STATUS_MIB:
		return number((double)*(const uint64_t *)member / bytes_of_mib);
	case STATUS_MIB_OR_NULL:
		return number(*(const int64_t *)member < 0 ? NAN : (double)*(const int64_t *)member / bytes_of_mib);
	case STATUS_LIST:
		return (struct status_value){ .type = STATUS_IS_LIST,
			                          .list = *(const status_lister *)member,
			                          .snapshot = snapshot };
	}
	return (struct status_value){ .type = STATUS_IS_NULL };
}

void status_visit(const struct status *status, status_visitor visit, void *data)
{
	alignas(max_align_t) unsigned char snapshot[STATUS_SNAPSHOT_BYTES];
	for (size_t i = 0; i < status->count; i++) {
		const struct status_group *group = status->sources[i].group;
		memset(snapshot, 0, group->snapshot_bytes);
		group->take(status->sources[i].data, snapshot);
		for (size_t j = 0; j < group->row_count; j++) {
			const struct status_value value = value_of(&group->rows[j], snapshot);
			visit(data, &group->rows[j], &value);
		}
	}
}
