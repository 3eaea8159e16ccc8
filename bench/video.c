/* What video costs beside its bare encoder, and writing packets into a file. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "capture/video.h"
#include "encode/i420.h"
#include "measure.h"
#include "media/mp4.h"
#include "scene.h"
#include "set.h"

enum {
	TURNS = 200,
	WARM_TURNS = 20,
	MUX_ROUNDS = 15,
	SLOTS = 8,
	PACKET_BYTES = 12500, /* 1 Mbit/s at 10 frames/s */
	PACKETS_A_ROUND = 600,
	FILE_BYTES = PACKETS_A_ROUND * (PACKET_BYTES + 64) + (1 << 20),
};
static const int64_t INTERVAL_NS = CLOCK_NS_PER_S / 10;
static const double MUX_LIMIT_MS = 0.05;

struct stage {
	const struct set *set;
	struct encoder *bare;
	struct frame_ring *frames;
	struct packet_ring *packets;
	struct video *video;
	uint8_t *copies; /* SLOTS frames for the bare encoder, as the ring has them for the other */
	uint8_t *planes; /* a converted frame */
	uint64_t id;
	int64_t begun_ns;
};

static void need(bool there, const struct error *error)
{
	if (there)
		return;
	fprintf(stderr, "bench: %s\n", error->text);
	exit(1);
}

static double cpu_ms(clockid_t clock)
{
	struct timespec time;
	clock_gettime(clock, &time);
	return (double)time.tv_sec * 1e3 + (double)time.tv_nsec * 1e-6;
}

/* Of all other threads. */
static double others_ms(void)
{
	return cpu_ms(CLOCK_PROCESS_CPUTIME_ID) - cpu_ms(CLOCK_THREAD_CPUTIME_ID);
}

static struct encoder_params encoder_params(const struct set *set)
{
	return (struct encoder_params){ .width = set->width,
		                            .height = set->height,
		                            .framerate = 10,
		                            .bitrate = encoder_usual_bitrate(set->width, set->height, 10),
		                            .jpeg_quality = 85,
		                            .gop_s = 2,
		                            .device = "",
		                            .silence_s = 10 };
}

static void open_stage(struct stage *stage, const struct set *set, enum encoder_kind kind)
{
	struct error error = { 0 };
	const struct encoder_params params = encoder_params(set);
	*stage = (struct stage){ .set = set, .begun_ns = clock_now_ns() };
	stage->bare = encoder_open(kind, &params, &error);
	need(stage->bare, &error);
	stage->copies = scene_allocate(set->bytes * SLOTS);
	stage->planes = scene_allocate(set->bytes / 2);
	stage->frames = frame_ring_create(SLOTS, set->width, set->height, &error);
	need(stage->frames, &error);
	stage->packets = packet_ring_create(16 << 20, 2000, &error);
	need(stage->packets, &error);
	const struct video_params video = {
		.frames = stage->frames, .packets = stage->packets, .encoder = params, .kind = kind, .when = VIDEO_ALWAYS
	};
	stage->video = video_create(&video, &error);
	need(stage->video, &error);
}

static void close_stage(struct stage *stage)
{
	video_destroy(stage->video);
	packet_ring_destroy(stage->packets);
	frame_ring_destroy(stage->frames);
	encoder_close(stage->bare);
	free(stage->copies);
	free(stage->planes);
}

static struct frame_info info_of(const struct stage *stage)
{
	const int64_t timestamp_ns = stage->begun_ns + (int64_t)stage->id * INTERVAL_NS;
	return (struct frame_info){ .id = stage->id, .timestamp_ns = timestamp_ns, .exposure_end_ns = timestamp_ns };
}

/* CPU time of the bare encoder, for a frame that was just copied, as capture copies it into the ring. */
static double run_bare(struct stage *stage, struct frame *frame)
{
	const struct set *set = stage->set;
	struct error error = { 0 };
	struct packet packet;
	const struct video_format *format;
	*frame = (struct frame){ .pixels = stage->copies + stage->id % SLOTS * set->bytes,
		                     .width = set->width,
		                     .height = set->height,
		                     .info = info_of(stage) };
	memcpy(frame->pixels, set_slot(set, stage->id), set->bytes);
	const double begun = cpu_ms(CLOCK_THREAD_CPUTIME_ID);
	need(encoder_send(stage->bare, frame, NULL, false, &error) == 0, &error);
	need(encoder_receive(stage->bare, 1000, &packet, &format, &error) == 1, &error);
	return cpu_ms(CLOCK_THREAD_CPUTIME_ID) - begun;
}

/* The same by way of the rings and the video's thread. */
static void run_video(struct stage *stage)
{
	const struct timespec moment = { .tv_nsec = CLOCK_NS_PER_MS / 20 };
	const uint64_t seen = packet_ring_changes(stage->packets);
	struct frame *frame = frame_ring_lend(stage->frames);
	memcpy(frame->pixels, set_slot(stage->set, stage->id), stage->set->bytes);
	frame->info = info_of(stage);
	const int64_t timestamp_ns = frame->info.timestamp_ns;
	frame_ring_commit(stage->frames, frame);
	video_frame_ready(stage->video, timestamp_ns);
	packet_ring_wait(stage->packets, seen, clock_now_ns() + CLOCK_NS_PER_S);
	while (video_done_ns(stage->video) < timestamp_ns)
		nanosleep(&moment, NULL);
}

static double run_conversion(struct stage *stage, const struct frame *frame)
{
	const int width = frame->width & ~1, height = frame->height & ~1;
	const size_t luma = (size_t)width * (size_t)height;
	struct i420 picture = { .width = width,
		                    .height = height,
		                    .y = stage->planes,
		                    .u = stage->planes + luma,
		                    .v = stage->planes + luma + luma / 4,
		                    .stride_y = width,
		                    .stride_uv = width / 2 };
	const double begun = cpu_ms(CLOCK_THREAD_CPUTIME_ID);
	i420_from_frame(frame, &picture);
	return cpu_ms(CLOCK_THREAD_CPUTIME_ID) - begun;
}

/* A turn is a frame through both. What the video's thread does behind its packet, until it sleeps, is in the next
 * turn's time. */
static struct measured run_turns(struct stage *stage, enum encoder_kind kind)
{
	static double bare[TURNS], video[TURNS], conversion[TURNS];
	double before = 0;
	for (int i = -WARM_TURNS; i < TURNS; i++) {
		struct frame frame;
		stage->id++;
		if (i % 2)
			run_video(stage);
		const double bare_ms = run_bare(stage, &frame), conversion_ms = run_conversion(stage, &frame);
		if (i % 2 == 0)
			run_video(stage);
		const double now = others_ms();
		if (i >= 0) {
			bare[i] = bare_ms;
			conversion[i] = conversion_ms;
			video[i] = now - before;
		}
		before = now;
	}
	const double converting =
	    kind == ENCODER_MJPEG ? 0 : measure_median(conversion, TURNS); /* libjpeg has one of its own */
	return (struct measured){ measure_median(video, TURNS) - converting, measure_median(bare, TURNS) - converting };
}

/* On one core, so that neither has warmer caches, and no thread of ours runs beside one that is measured. */
static void video_row(const struct set *set, enum encoder_kind kind)
{
	struct stage stage;
	cpu_set_t all, one;
	char name[64];
	CPU_ZERO(&one);
	CPU_SET((size_t)sched_getcpu(), &one);
	sched_getaffinity(0, sizeof all, &all);
	sched_setaffinity(0, sizeof one, &one);
	open_stage(&stage, set, kind);
	const struct measured measured = run_turns(&stage, kind);
	close_stage(&stage);
	sched_setaffinity(0, sizeof all, &all);
	snprintf(name, sizeof name, "%s, from ring to ring", encoder_kind_text(kind));
	report_row(name, "the bare encoder, from memory", set->name, measured, 1.05);
}

/* --- muxing --- */

struct file {
	uint8_t *bytes;
	size_t count;
};

static int append(void *data, const void *bytes, size_t count)
{
	struct file *file = data;
	if (count > FILE_BYTES - file->count)
		return -1;
	memcpy(file->bytes + file->count, bytes, count);
	file->count += count;
	return 0;
}

static int rewrite(void *data, uint64_t offset, const void *bytes, size_t count)
{
	struct file *file = data;
	memcpy(file->bytes + offset, bytes, count);
	return 0;
}

/* CPU time a packet, from the first to the index. */
static double run_mux(struct file *file, const uint8_t *bytes)
{
	struct error error = { 0 };
	const struct mp4_params params = {
		.format = { .codec = VIDEO_MJPEG, .width = 1024, .height = 768 },
		.sink = { append, rewrite, NULL, file },
		.title = "",
		.date = "",
		.comment = "",
		.tool = "bench",
	};
	file->count = 0;
	const double begun = cpu_ms(CLOCK_THREAD_CPUTIME_ID);
	struct mp4_writer *writer = mp4_create(&params, &error);
	need(writer, &error);
	for (int i = 0; i < PACKETS_A_ROUND; i++) {
		const struct packet packet = { .data = bytes,
			                           .bytes = PACKET_BYTES,
			                           .key = i % 20 == 0,
			                           .frame = { .id = (uint64_t)i + 1, .timestamp_ns = (i + 1) * INTERVAL_NS } };
		if (mp4_add(writer, &packet) < 0)
			exit(1);
	}
	if (mp4_finish(writer, 0) < 0)
		exit(1);
	mp4_destroy(writer);
	return (cpu_ms(CLOCK_THREAD_CPUTIME_ID) - begun) / PACKETS_A_ROUND;
}

void bench_mux(void)
{
	double times[MUX_ROUNDS];
	struct file file = { .bytes = malloc(FILE_BYTES) };
	uint8_t *bytes = calloc(1, PACKET_BYTES);
	if (!file.bytes || !bytes)
		exit(1);
	run_mux(&file, bytes);
	for (int i = 0; i < MUX_ROUNDS; i++)
		times[i] = run_mux(&file, bytes);
	report_row("a packet of 12.5 kB into an MP4 file", "0.05 ms", "",
	           (struct measured){ measure_median(times, MUX_ROUNDS), MUX_LIMIT_MS }, 1);
	free(bytes);
	free(file.bytes);
}

void bench_video(struct set *set)
{
	for (enum encoder_kind kind = ENCODER_OPENH264; kind < ENCODER_NONE; kind++)
		if (encoder_is_built(kind))
			video_row(set, kind);
}
