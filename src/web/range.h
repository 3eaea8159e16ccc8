/* The Range header of one request (RFC 9110, 14.2), for one range. Pure. */
#ifndef PASTCAM_WEB_RANGE_H
#define PASTCAM_WEB_RANGE_H

#include <stdint.h>

enum range_kind {
	RANGE_WHOLE, /* no header, one that is not understood, or several ranges: all of it is sent */
	RANGE_PART,  /* first to last, inclusive */
	RANGE_NONE,  /* nothing of the file is in it: 416 */
};

struct range {
	uint64_t first, last;
};

/* header: NULL is none. size: of the file. */
enum range_kind range_parse(const char *header, uint64_t size, struct range *range);

#endif
