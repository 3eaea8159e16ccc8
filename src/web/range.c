#include "range.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Digits only; what is larger than can be is as large as can be. */
static bool take_number(const char **text, uint64_t *number)
{
	if (!isdigit((unsigned char)**text))
		return false;
	char *end;
	errno = 0;
	*number = strtoull(*text, &end, 10); /* ULLONG_MAX with ERANGE is fine */
	*text = end;
	return true;
}

enum range_kind range_parse(const char *header, uint64_t size, struct range *range)
{
	*range = (struct range){ .first = 0, .last = size > 0 ? size - 1 : 0 };
	if (!header || strncasecmp(header, "bytes=", 6) != 0)
		return RANGE_WHOLE;
	const char *at = header + 6;
	uint64_t first = 0, last = UINT64_MAX;
	bool has_first = take_number(&at, &first);
	if (*at++ != '-')
		return RANGE_WHOLE;
	bool has_last = take_number(&at, &last);
	if (*at != '\0' || (!has_first && !has_last) || (has_first && last < first))
		return RANGE_WHOLE;
	if (!has_first) { /* the last so many bytes */
		if (last == 0 || size == 0)
			return RANGE_NONE;
		range->first = last < size ? size - last : 0;
		return RANGE_PART;
	}
	if (first >= size)
		return RANGE_NONE;
	range->first = first;
	range->last = last < size ? last : size - 1;
	return RANGE_PART;
}
