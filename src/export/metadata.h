/* What a picture's file says about it, as text: the same in JPG and PNG. Pure but for the time zone. */
#ifndef PASTCAM_EXPORT_METADATA_H
#define PASTCAM_EXPORT_METADATA_H

#include "export/export.h"

#define METADATA_SOFTWARE "pastcam " PASTCAM_VERSION
#define METADATA_MAKE "pastcam"

enum { METADATA_DESCRIPTION_BYTES = 256 };

struct metadata {
	char second[24];     /* local time, 2026:11:21 00:44:01 */
	char millisecond[4]; /* 042 */
	char offset[8];      /* of local time from UTC, +01:00 */
	char time[40];       /* all of it as in ISO 8601, 2026-11-21T00:44:01.042+01:00 */
	char exposure[48];   /* "12500 us", of a stack of unlike frames "12500 to 2000000 us"; "" where it is unknown */
	char gain[48];       /* "2.500", "2.500 to 6.000"; likewise */
	char description[METADATA_DESCRIPTION_BYTES]; /* frame 7; stack of 4 frames (mean); clock not synchronised … */
};

void metadata_describe(const struct picture *picture, struct metadata *metadata);

const char *metadata_clock(const struct picture *picture); /* "synchronised", "not synchronised" */
const char *metadata_model(const struct picture *picture);

/* "1", or "4 (mean)". */
void metadata_stack(const struct picture *picture, char *text, size_t bytes);

#endif
