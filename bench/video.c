/* What video costs beside its bare encoder, and writing packets into a file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "capture/video.h"
#include "measure.h"
#include "media/mp4.h"
#include "set.h"

enum {
	FRAMES_A_ROUND = 20,
	ROUNDS = 15,
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
	uint64_t bare_id, id;
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
}

static struct frame_info info_of(const struct stage *stage, uint64_t id)
{
	const int64_t timestamp_ns = stage->begun_ns + (int64_t)id * INTERVAL_NS;
	return (struct frame_info){ .id = id, .timestamp_ns = timestamp_ns, .exposure_end_ns = timestamp_ns };
}

/* CPU time of the bare encoder, a frame; from memory, and not from a cache, which a frame of the ring is not in either:
 * another thread wrote it. */
static double run_bare(struct stage *stage)
{
	const struct set *set = stage->set;
	const double begun = cpu_ms(CLOCK_PROCESS_CPUTIME_ID);
	for (int i = 0; i < FRAMES_A_ROUND; i++) {
		struct error error = { 0 };
		struct packet packet;
		const struct video_format *format;
		const uint64_t id = ++stage->bare_id;
		const struct frame frame = {
			.pixels = set_slot(set, id), .width = set->width, .height = set->height, .info = info_of(stage, id)
		};
		need(encoder_send(stage->bare, &frame, false, &error) == 0, &error);
		need(encoder_receive(stage->bare, 1000, &packet, &format, &error) == 1, &error);
	}
	return (cpu_ms(CLOCK_PROCESS_CPUTIME_ID) - begun) / FRAMES_A_ROUND;
}

/* The same by way of the rings and the video's thread. */
static double run_video(struct stage *stage)
{
	const struct timespec pause = { .tv_nsec = CLOCK_NS_PER_MS };
	const double begun = others_ms();
	for (int i = 0; i < FRAMES_A_ROUND; i++) {
		struct frame *frame = frame_ring_lend(stage->frames);
		memcpy(frame->pixels, set_slot(stage->set, ++stage->id), stage->set->bytes);
		frame->info = info_of(stage, stage->id);
		const int64_t timestamp_ns = frame->info.timestamp_ns;
		frame_ring_commit(stage->frames, frame);
		video_frame_ready(stage->video, timestamp_ns);
		while (video_done_ns(stage->video) < timestamp_ns)
			nanosleep(&pause, NULL);
	}
	return (others_ms() - begun) / FRAMES_A_ROUND;
}

static int ascending(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static void video_row(const struct set *set, enum encoder_kind kind)
{
	struct stage stage;
	double bare[ROUNDS], video[ROUNDS];
	char name[64];
	open_stage(&stage, set, kind);
	run_bare(&stage);
	run_video(&stage);
	for (int i = 0; i < ROUNDS; i++) {
		bare[i] = run_bare(&stage);
		video[i] = run_video(&stage);
	}
	close_stage(&stage);
	qsort(bare, ROUNDS, sizeof bare[0], ascending);
	qsort(video, ROUNDS, sizeof video[0], ascending);
	snprintf(name, sizeof name, "%s, from ring to ring", encoder_kind_text(kind));
	report_row(name, "the bare encoder, from memory", set->name,
	           (struct measured){ video[ROUNDS / 2], bare[ROUNDS / 2] }, 1.05);
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
	double times[ROUNDS];
	struct file file = { .bytes = malloc(FILE_BYTES) };
	uint8_t *bytes = calloc(1, PACKET_BYTES);
	if (!file.bytes || !bytes)
		exit(1);
	run_mux(&file, bytes);
	for (int i = 0; i < ROUNDS; i++)
		times[i] = run_mux(&file, bytes);
	qsort(times, ROUNDS, sizeof times[0], ascending);
	report_row("a packet of 12.5 kB into an MP4 file", "0.05 ms", "",
	           (struct measured){ times[ROUNDS / 2], MUX_LIMIT_MS }, 1);
	free(bytes);
	free(file.bytes);
}

void bench_video(struct set *set)
{
	for (enum encoder_kind kind = ENCODER_OPENH264; kind < ENCODER_NONE; kind++)
		if (encoder_is_built(kind))
			video_row(set, kind);
}
