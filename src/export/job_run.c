#include "job_run.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/chunk.h"
#include "base/clock.h"
#include "job_video.h"
#include "media/frame_run.h"
#include "media/ingest.h"
#include "media/luma.h"

enum {
	BAND_BYTES =
	    192 * 1024, /* of a stack, what one task works on: small enough to share evenly, large enough not to matter */
};

static struct picture picture_of(const struct jobs_params *params, const struct frame *frame)
{
	return (struct picture){
		.rgb = frame->pixels,
		.width = frame->width,
		.height = frame->height,
		.frame_id = frame->info.id,
		.wall_ns = clock_wall_of(frame->info.timestamp_ns),
		.clock_synchronised = clock_is_synchronised(),
		.exposure_us = frame->info.exposure_us,
		.gain = frame->info.gain,
		.mean = frame->info.mean,
		.night = frame->info.night,
		.stacked = 1,
		.camera_model = params->camera_model,
	};
}

/* "PATH, PATH" of all files of one picture; NULL without memory, which loses the words but not the files. */
static char *join_paths(const struct export_result *result)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	for (size_t i = 0; out && i < result->count; i++)
		fprintf(out, "%s%s", i ? ", " : "", result->paths[i]);
	if (out)
		fclose(out);
	return text;
}

static void publish_saved(const struct jobs_params *params, const struct job *job, const struct picture *picture,
                          const struct export_result *result)
{
	struct event event = {
		.type = EVENT_PICTURE_SAVED, .frame_id = picture->frame_id, .taken_ns = picture->wall_ns, .count = result->count
	};
	event_set_path(&event, result->paths[0]);
	export_format_list(job->formats, result->count, event.formats, sizeof event.formats);
	event_log_publish(params->events, &event);
}

/* Shrinks picture to job->width by area average, into memory of its own that the caller frees. */
static int shrink(const struct job *job, struct picture *picture, uint8_t **pixels, struct error *error)
{
	int height = (int)(((int64_t)picture->height * job->width + picture->width / 2) / picture->width);
	struct frame small = { .width = job->width, .height = height > 0 ? height : 1 };
	struct ingest *average = ingest_create(picture->width, picture->height, small.width, small.height);
	small.pixels = *pixels = malloc(frame_bytes(small.width, small.height));
	if (average && small.pixels) {
		const struct image whole = { .format = PIXEL_RGB,
			                         .width = picture->width,
			                         .height = picture->height,
			                         .plane = { picture->rgb },
			                         .stride = { (size_t)picture->width * FRAME_CHANNELS } };
		ingest(average, &whole, &small);
		picture->rgb = small.pixels;
		picture->width = small.width;
		picture->height = small.height;
		picture->mean = small.info.mean;
	}
	bool done = average && small.pixels;
	ingest_destroy(average);
	return done ? 0 : error_set(error, -ENOMEM, "no memory for the smaller picture");
}

static void encode_picture(const struct jobs_params *params, struct job *job, const struct picture *whole)
{
	struct picture picture = *whole;
	uint8_t *pixels = NULL;
	int result = 0;
	if (job->width > 0 && job->width < picture.width)
		result = shrink(job, &picture, &pixels, &job->error);
	/* Many may have been admitted before the first was made. */
	if (result == 0 && job->memory_limit > 0 && chunk_total_bytes() >= job->memory_limit)
		result = error_set(&job->error, -EBUSY, "clients hold too many pictures that they do not read: ask again");
	if (result == 0)
		result = export_encode(&params->export, params->pool, &picture, (enum export_format)job->formats, &job->bytes,
		                       &job->error);
	if (result < 0 && job->error.code == 0)
		error_set_errno(&job->error, result, "cannot make the picture");
	job->bytes_width = picture.width;
	job->bytes_height = picture.height;
	job->bytes_mean = picture.mean;
	free(pixels);
}

/* Returns how many files it wrote. */
static size_t write_picture(const struct jobs_params *params, struct job *job, size_t index,
                            const struct picture *picture, struct error *error)
{
	if (job->to == JOB_TO_MEMORY) {
		encode_picture(params, job, picture);
		return 0;
	}
	struct export_result result = { 0 };
	struct export_params export = params->export;
	export.wrote = jobs_note_file;
	export.wrote_data = job;
	int code = params->gate ? params->gate(params->gate_data, &export.device, error) : 0;
	if (code == 0)
		code = export_picture(&export, params->pool, picture, job->formats, &result, error);
	if (code < 0 && error->code == 0)
		error_set_errno(error, code, "cannot write the picture");
	job->paths[index] = result.count ? join_paths(&result) : NULL;
	if (result.count > 0)
		publish_saved(params, job, picture, &result);
	return result.count;
}

struct series {
	const struct jobs_params *params;
	struct job *job;
	atomic_size_t files;
	atomic_int failed; /* the first failure ends the series: what fails once would fail for each */
	struct error error;
};

static void run_series_picture(void *data, size_t index)
{
	struct series *series = data;
	struct job *job = series->job;
	if (!atomic_load(&series->failed)) {
		struct picture picture = picture_of(series->params, job->frames[index]);
		struct error error = { 0 };
		if (jobs_check_closed(job->owner, &error) == 0)
			atomic_fetch_add(&series->files, write_picture(series->params, job, index, &picture, &error));
		if (error.code != 0 && atomic_exchange(&series->failed, 1) == 0)
			series->error = error;
	}
	frame_ring_release(job->ring, &job->frames[index], 1);
}

static void run_series(const struct jobs_params *params, struct job *job)
{
	struct series series = { .params = params, .job = job };
	pool_run(params->pool, job->frame_count, run_series_picture, &series);
	job->file_count = atomic_load(&series.files);
	job->error = series.error;
}

struct stack_task {
	enum stack_mode mode;
	const uint8_t **sources;
	size_t count, bytes;
	uint8_t *out;
	atomic_uint_fast64_t sum; /* of the bytes of out */
};

static void run_stack_band(void *data, size_t index)
{
	struct stack_task *task = data;
	size_t begin = index * BAND_BYTES;
	size_t end = begin + BAND_BYTES < task->bytes ? begin + BAND_BYTES : task->bytes;
	stack_range(task->mode, task->sources, task->count, begin, end, task->out);
	atomic_fetch_add(&task->sum, luma_sum(task->out + begin, end - begin));
}

/* Stacks the job's frames into out, which has room for one frame. mean: of its bytes. */
static int stack_frames(const struct jobs_params *params, const struct job *job, uint8_t *out, double *mean)
{
	const uint8_t **sources = calloc(job->frame_count, sizeof *sources);
	if (!sources)
		return -ENOMEM;
	for (size_t i = 0; i < job->frame_count; i++)
		sources[i] = job->frames[i]->pixels;
	const struct frame *frame = job->frames[0];
	struct stack_task task = { .mode = job->stack_mode,
		                       .sources = sources,
		                       .count = job->frame_count,
		                       .bytes = frame_bytes(frame->width, frame->height),
		                       .out = out };
	pool_run(params->pool, (task.bytes + BAND_BYTES - 1) / BAND_BYTES, run_stack_band, &task);
	free(sources);
	*mean = (double)atomic_load(&task.sum) / (double)task.bytes;
	return 0;
}

/* What the frames have in common, instead of what the last one is. */
static void describe_stack(const struct job *job, struct picture *picture)
{
	const struct frame_run *run = &job->run;
	picture->exposure_us = run->exposure_us;
	picture->exposure_most_us = run->exposure_most_us;
	picture->gain = run->gain;
	picture->gain_most = run->gain_most;
	picture->night = run->night;
	picture->night_and_day = run->some_night && !run->night;
	picture->stacked = (int)job->frame_count;
	picture->stack_mode = stack_mode_name(job->stack_mode);
}

static void run_stack(const struct jobs_params *params, struct job *job, uint8_t *out)
{
	struct picture picture = picture_of(params, job->frames[job->frame_count - 1]);
	int result = stack_frames(params, job, out, &picture.mean);
	/* The frames go back to capture before the slow part begins. */
	frame_ring_release(job->ring, job->frames, job->frame_count);
	if (result < 0) {
		error_set(&job->error, result, "no memory for the stack");
		return;
	}
	picture.rgb = out;
	describe_stack(job, &picture);
	job->file_count = write_picture(params, job, 0, &picture, &job->error);
}

static void run_single(const struct jobs_params *params, struct job *job)
{
	struct picture picture = picture_of(params, job->frames[0]);
	job->file_count = write_picture(params, job, 0, &picture, &job->error);
	frame_ring_release(job->ring, job->frames, job->frame_count);
}

/* result: room for the decoded frame. */
static void run_video(const struct jobs_params *params, struct job *job, uint8_t *result)
{
	struct frame frame = { .pixels = result, .info = job->video_frame };
	job->first = job->last = job->video_frame;
	job->frames[0] = &frame;
	job->frame_count = 1;
	frame_run_describe(&job->run, job->frames, 1, job->interval_ns);
	if (job_decode(job, params->frame_bytes, &frame, &job->error) < 0)
		return;
	struct picture picture = picture_of(params, &frame);
	picture.from_video = true;
	job->file_count = write_picture(params, job, 0, &picture, &job->error);
}

void job_run(const struct jobs_params *params, struct job *job, uint8_t *result)
{
	if (job->kind == JOB_VIDEO && job->error.code == 0)
		run_video(params, job, result);
	if (job->kind == JOB_VIDEO || job->frame_count == 0)
		return; /* or refused before it had any */
	job->first = job->frames[0]->info;
	job->last = job->frames[job->frame_count - 1]->info;
	frame_run_describe(&job->run, job->frames, job->frame_count, job->interval_ns);
	if (job->error.code != 0) {
		frame_ring_release(job->ring, job->frames, job->frame_count);
		return;
	}
	switch (job->kind) {
	case JOB_SINGLE:
		run_single(params, job);
		return;
	case JOB_SERIES:
		run_series(params, job);
		return;
	case JOB_STACK:
		run_stack(params, job, result);
		return;
	case JOB_VIDEO:
		return;
	}
}
