#include "replies.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/chunk.h"
#include "base/clock.h"
#include "media/frame_run.h"
#include "store/event_log.h"

static double seconds(int64_t ns)
{
	return (double)ns / (double)CLOCK_NS_PER_S;
}

static double wall_s(const struct frame_info *info)
{
	return seconds(clock_wall_of(info->timestamp_ns));
}

/* Age at the trigger: what `at=` asked for. */
static double age_s(const struct job *job, const struct frame_info *info)
{
	return seconds(job->asked_ns - info->timestamp_ns);
}

static enum event_tier tier_of(const struct job *job)
{
	return job->kind == JOB_VIDEO ? EVENT_TIER_VIDEO : EVENT_TIER_FRAMES;
}

static void print_paths(FILE *out, const struct job *job)
{
	bool first = true;
	for (size_t i = 0; i < job->frame_count; i++) {
		if (!job->paths[i])
			continue;
		fprintf(out, "%s%s", first ? "" : ", ", job->paths[i]);
		first = false;
	}
}

static void print_not_saved(FILE *out, const struct job *job)
{
	fprintf(out, "%s %s", job->error.code == -EBUSY ? "BUSY" : "NOT_SAVED", job->error.text);
	if (job->file_count == 0)
		return;
	fprintf(out, " (%zu saved before that: ", job->file_count);
	print_paths(out, job);
	fputc(')', out);
}

static void print_save(FILE *out, const struct job *job)
{
	fputs("Saved single full-resolution image: ", out);
	print_paths(out, job);
	fprintf(out, " (timestamp: %.3f, age: %.2fs)", wall_s(&job->first),
	        seconds(clock_now_ns() - job->first.timestamp_ns));
}

static void print_series(FILE *out, const struct job *job)
{
	fprintf(out, "Saved %zu separate images from ring buffer, starting at timestamp: %.3f (age: %.2fs)",
	        job->file_count, wall_s(&job->first), age_s(job, &job->first));
}

static void print_stack(FILE *out, const struct job *job)
{
	fputs("Saved stacked image: ", out);
	print_paths(out, job);
	fprintf(
	    out,
	    " | stack of %zu frames | first frame timestamp: %.3f (age: %.2fs) | last frame timestamp: %.3f (age: %.2fs)",
	    job->frame_count, wall_s(&job->first), age_s(job, &job->first), wall_s(&job->last), age_s(job, &job->last));
}

static void print_before(FILE *out, double save_before_s)
{
	fprintf(out, "(export.save_before_s: %.3f s)", save_before_s);
}

static void print_spans(FILE *out, const struct job *job)
{
	char spans[FRAME_RUN_SPANS_BYTES];
	frame_run_spans(&job->run, spans);
	if (spans[0])
		fprintf(out, " | spans %s", spans);
}

enum reply_kind { REPLY_SAVE, REPLY_SERIES, REPLY_WINDOW, REPLY_STACK };

static void print_saved(FILE *out, enum reply_kind kind, const struct job *job, double save_before_s)
{
	switch (kind) {
	case REPLY_SAVE:
		print_save(out, job);
		return;
	case REPLY_SERIES:
		print_series(out, job);
		break;
	case REPLY_WINDOW:
		print_series(out, job);
		print_before(out, save_before_s);
		break;
	case REPLY_STACK:
		print_stack(out, job);
		print_before(out, save_before_s);
		print_spans(out, job);
		return;
	}
	if (tier_of(job) == EVENT_TIER_VIDEO)
		fputs(" | from video", out);
	fputs(" | ", out); /* the Python service's text of a series names no path, so the paths come after it */
	print_paths(out, job);
}

static char *reply(enum reply_kind kind, const struct job *job, double save_before_s)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	if (!out)
		return NULL;
	if (job->error.code != 0)
		print_not_saved(out, job);
	else
		print_saved(out, kind, job, save_before_s);
	return fclose(out) == 0 ? text : NULL;
}

/* One value, or null and the range where the frames of a stack differ. */
static void print_value(FILE *out, const char *name, const char *unit, int digits, double value, double most)
{
	if (most > 0)
		fprintf(out, ",\"%s%s\":null,\"%s_range%s\":[%.*f,%.*f]", name, unit, name, unit, digits, value, digits, most);
	else
		fprintf(out, ",\"%s%s\":%.*f", name, unit, digits, value);
}

static void print_run(FILE *out, const struct job *job)
{
	const struct frame_run *run = &job->run;
	print_value(out, "exposure", "_us", 0, run->exposure_us, run->exposure_most_us);
	print_value(out, "gain", "", 3, run->gain, run->gain_most);
	fprintf(out, ",\"mean\":%.2f,\"night\":%s", job->bytes_mean,
	        run->night        ? "true"
	        : run->some_night ? "null"
	                          : "false");
	char spans[FRAME_RUN_SPANS_BYTES];
	frame_run_spans(run, spans);
	if (spans[0])
		fprintf(out, ",\"spans\":\"%s\"", spans);
}

static void print_meta(FILE *out, const struct job *job, const char *camera)
{
	const struct frame_info *info = &job->last;
	char time[CLOCK_ISO_BYTES];
	clock_format_iso(clock_wall_of(info->timestamp_ns), time);
	fprintf(out, "{\"bytes\":%zu,\"format\":\"%s\",\"id\":%" PRIu64 ",\"time\":\"%s\"", chunk_bytes(job->bytes),
	        export_format_name((enum export_format)job->formats), info->id, time);
	fprintf(out, ",\"epoch\":%.3f,\"age_s\":%.3f,\"width\":%d,\"height\":%d", wall_s(info), age_s(job, info),
	        job->bytes_width, job->bytes_height);
	print_run(out, job);
	fprintf(out, ",\"count\":%zu", job->frame_count);
	if (job->kind == JOB_STACK)
		fprintf(out, ",\"mode\":\"%s\"", stack_mode_name(job->stack_mode));
	fprintf(out, ",\"tier\":\"%s\",\"camera\":\"%s\"}\n", event_tier_text(tier_of(job)), camera);
}

struct chunk *reply_meta(const struct job *job, const char *camera)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	if (!out)
		return NULL;
	print_meta(out, job, camera);
	struct chunk *meta = fclose(out) == 0 ? chunk_of(text, length) : NULL;
	free(text);
	return meta;
}

char *reply_save(const struct job *job)
{
	return reply(REPLY_SAVE, job, 0);
}

char *reply_series(const struct job *job)
{
	return reply(REPLY_SERIES, job, 0);
}

char *reply_window(const struct job *job, double save_before_s)
{
	return reply(REPLY_WINDOW, job, save_before_s);
}

char *reply_stack(const struct job *job, double save_before_s)
{
	return reply(REPLY_STACK, job, save_before_s);
}
