#include "metadata.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"

const char *metadata_clock(const struct picture *picture)
{
	return picture->clock_synchronised ? "synchronised" : "not synchronised";
}

const char *metadata_model(const struct picture *picture)
{
	return picture->camera_model != NULL ? picture->camera_model : "unknown";
}

void metadata_stack(const struct picture *picture, char *text, size_t bytes)
{
	if (picture->stacked > 1 && picture->stack_mode != NULL)
		snprintf(text, bytes, "%d (%.20s)", picture->stacked, picture->stack_mode);
	else
		snprintf(text, bytes, "%d", picture->stacked);
}

/* strftime's +0100 becomes +01:00. */
static void metadata_offset(int64_t wall_ns, char text[8])
{
	char plain[8];

	clock_format_local(wall_ns, "%z", plain, sizeof plain);
	snprintf(text, 8, "%.3s:%.2s", plain, plain[0] != '\0' && plain[1] != '\0' && plain[2] != '\0' ? plain + 3 : "");
}

void metadata_describe(const struct picture *picture, struct metadata *metadata)
{
	char date[24], stack[40] = "";

	snprintf(metadata->millisecond, sizeof metadata->millisecond, "%03u",
	         (unsigned)clock_millisecond(picture->wall_ns) % 1000);
	clock_format_local(picture->wall_ns, "%Y:%m:%d %H:%M:%S", metadata->second, sizeof metadata->second);
	metadata_offset(picture->wall_ns, metadata->offset);
	clock_format_local(picture->wall_ns, "%Y-%m-%dT%H:%M:%S", date, sizeof date);
	snprintf(metadata->time, sizeof metadata->time, "%s.%s%s", date, metadata->millisecond, metadata->offset);
	if (picture->stacked > 1)
		metadata_stack(picture, stack, sizeof stack);
	snprintf(metadata->description, sizeof metadata->description, "frame %" PRIu64 "; %s%s%smean brightness %.1f%s%s",
	         picture->frame_id, picture->stacked > 1 ? "stack of " : "", stack, picture->stacked > 1 ? "; " : "",
	         picture->mean, picture->night ? "; night exposure" : "",
	         picture->clock_synchronised ? "" : "; clock not synchronised");
}
