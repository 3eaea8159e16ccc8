#include "media/frame_run.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define NS_PER_S 1e9

enum { GAP_LEAST_NS = 100 * 1000 * 1000 };

/* A camera rounds to its sensor's lines, and one that controls its exposure is never quite still. */
static const double TOLERANCE = 1.03;

struct range {
	double least, most, sum;
};

int64_t frame_distance_ns(const struct frame_info *info, int64_t at_ns)
{
	if (at_ns < info->timestamp_ns)
		return info->timestamp_ns - at_ns;
	return at_ns < info->exposure_end_ns ? 0 : at_ns - info->exposure_end_ns + 1;
}

bool frame_values_agree(double one, double other)
{
	if (one <= 0 || other <= 0)
		return one <= 0 && other <= 0;
	return one <= other * TOLERANCE && other <= one * TOLERANCE;
}

static void widen(struct range *range, double value, bool first)
{
	range->least = first || value < range->least ? value : range->least;
	range->most = first || value > range->most ? value : range->most;
	range->sum += value;
}

/* Frames that each agree with one of them may lie twice the tolerance apart. */
static void conclude(const struct range *range, size_t count, double *value, double *most)
{
	*value = *most = 0;
	if (range->least <= 0)
		return;
	if (range->most <= range->least * TOLERANCE * TOLERANCE) {
		*value = range->sum / (double)count;
		return;
	}
	*value = range->least;
	*most = range->most;
}

static void describe_values(struct frame_run *run, const struct frame *const *frames, size_t count)
{
	struct range exposure = { 0 }, gain = { 0 };
	for (size_t i = 0; i < count; i++) {
		widen(&exposure, frames[i]->info.exposure_us, i == 0);
		widen(&gain, frames[i]->info.gain, i == 0);
	}
	conclude(&exposure, count, &run->exposure_us, &run->exposure_most_us);
	conclude(&gain, count, &run->gain, &run->gain_most);
	run->some_unknown = (exposure.least <= 0 && exposure.most > 0) || (gain.least <= 0 && gain.most > 0);
}

static void describe_nights(struct frame_run *run, const struct frame *const *frames, size_t count)
{
	run->night = true;
	for (size_t i = 0; i < count; i++) {
		bool night = frames[i]->info.night, before = i > 0 ? frames[i - 1]->info.night : night;
		run->night = run->night && night;
		run->some_night = run->some_night || night;
		run->to_night = run->to_night || (night && !before);
		run->to_day = run->to_day || (!night && before);
	}
}

static int64_t max_ns(int64_t one, int64_t other)
{
	return one > other ? one : other;
}

static int64_t exposure_ns(const struct frame *frame)
{
	return frame->info.exposure_end_ns - frame->info.timestamp_ns;
}

static int64_t spacing_ns(const struct frame *const *frames, size_t i)
{
	return frames[i]->info.timestamp_ns - frames[i - 1]->info.timestamp_ns;
}

/* A camera slower than it was asked to be has no gaps: its shortest spacing is its pace. */
static void describe_gap(struct frame_run *run, const struct frame *const *frames, size_t count, int64_t interval_ns)
{
	int64_t pace_ns = INT64_MAX;
	for (size_t i = 1; i < count; i++)
		if (spacing_ns(frames, i) < pace_ns)
			pace_ns = spacing_ns(frames, i);
	if (interval_ns > 0 && count == 2)
		pace_ns = interval_ns; /* one spacing is no evidence of a pace */
	for (size_t i = 1; i < count; i++) {
		int64_t exposures_ns = max_ns(exposure_ns(frames[i - 1]), exposure_ns(frames[i]));
		int64_t expected_ns = max_ns(max_ns(interval_ns, pace_ns), exposures_ns);
		int64_t dark_ns = frames[i]->info.timestamp_ns - frames[i - 1]->info.exposure_end_ns;
		if (spacing_ns(frames, i) - expected_ns > max_ns(expected_ns, GAP_LEAST_NS))
			run->gap_ns = max_ns(run->gap_ns, dark_ns);
	}
}

void frame_run_describe(struct frame_run *run, const struct frame *const *frames, size_t count, int64_t interval_ns)
{
	*run = (struct frame_run){ 0 };
	describe_values(run, frames, count);
	describe_nights(run, frames, count);
	describe_gap(run, frames, count, interval_ns);
}

__attribute__((format(printf, 2, 3))) static void append(char text[FRAME_RUN_SPANS_BYTES], const char *format, ...)
{
	size_t used = 0;
	while (text[used])
		used++;
	if (used > 0)
		used += (size_t)snprintf(text + used, FRAME_RUN_SPANS_BYTES - used, ", ");
	va_list arguments;
	va_start(arguments, format);
	if (used < FRAME_RUN_SPANS_BYTES)
		vsnprintf(text + used, FRAME_RUN_SPANS_BYTES - used, format, arguments);
	va_end(arguments);
}

void frame_run_spans(const struct frame_run *run, char text[FRAME_RUN_SPANS_BYTES])
{
	text[0] = '\0';
	if (run->gap_ns > 0)
		append(text, "a gap of %.1f s", (double)run->gap_ns / NS_PER_S);
	if (run->to_night)
		append(text, "the switch to night");
	if (run->to_day)
		append(text, "the switch to day");
	if (run->exposure_most_us > 0)
		append(text, "exposures from %.0f to %.0f us", run->exposure_us, run->exposure_most_us);
	if (run->gain_most > 0)
		append(text, "gains from %.3f to %.3f", run->gain, run->gain_most);
	if (run->some_unknown)
		append(text, "known and unknown exposures");
}

bool frame_exposed_alike(const struct frame *one, const struct frame *other)
{
	return frame_values_agree(one->info.exposure_us, other->info.exposure_us) &&
	       frame_values_agree(one->info.gain, other->info.gain);
}
