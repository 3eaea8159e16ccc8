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

static void describe_exposure(const struct picture *picture, struct metadata *metadata)
{
	const bool exposures = picture->exposure_most_us > 0, gains = picture->gain_most > 0;

	if (exposures)
		snprintf(metadata->exposure, sizeof metadata->exposure, "%.0f to %.0f us", picture->exposure_us,
		         picture->exposure_most_us);
	else if (picture->exposure_us > 0)
		snprintf(metadata->exposure, sizeof metadata->exposure, "%.0f us", picture->exposure_us);
	if (gains)
		snprintf(metadata->gain, sizeof metadata->gain, "%.3f to %.3f", picture->gain, picture->gain_most);
	else if (picture->gain > 0)
		snprintf(metadata->gain, sizeof metadata->gain, "%.3f", picture->gain);
}

/* One value has a tag of its own; a range has none in EXIF. */
static void describe_ranges(const struct picture *picture, const struct metadata *metadata, char *text, size_t bytes)
{
	const bool exposures = picture->exposure_most_us > 0, gains = picture->gain_most > 0;

	snprintf(text, bytes, "%s%s%s%s", exposures ? "; exposure " : "", exposures ? metadata->exposure : "",
	         gains ? "; gain " : "", gains ? metadata->gain : "");
}

void metadata_describe(const struct picture *picture, struct metadata *metadata)
{
	char date[24], stack[40] = "", ranges[128];

	snprintf(metadata->millisecond, sizeof metadata->millisecond, "%03u",
	         (unsigned)clock_millisecond(picture->wall_ns) % 1000);
	clock_format_local(picture->wall_ns, "%Y:%m:%d %H:%M:%S", metadata->second, sizeof metadata->second);
	metadata_offset(picture->wall_ns, metadata->offset);
	clock_format_local(picture->wall_ns, "%Y-%m-%dT%H:%M:%S", date, sizeof date);
	snprintf(metadata->time, sizeof metadata->time, "%s.%s%s", date, metadata->millisecond, metadata->offset);
	if (picture->stacked > 1)
		metadata_stack(picture, stack, sizeof stack);
	describe_exposure(picture, metadata);
	describe_ranges(picture, metadata, ranges, sizeof ranges);
	snprintf(metadata->description, sizeof metadata->description,
	         "frame %" PRIu64 "; %s%s%smean brightness %.1f%s%s%s%s", picture->frame_id,
	         picture->stacked > 1 ? "stack of " : "", stack, picture->stacked > 1 ? "; " : "", picture->mean, ranges,
	         picture->from_video ? "; from video" : "",
	         picture->night_and_day ? "; night and day exposures"
	         : picture->night       ? "; night exposure"
	                                : "",
	         picture->clock_synchronised ? "" : "; clock not synchronised");
}
