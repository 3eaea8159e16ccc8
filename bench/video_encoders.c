/* Video encoders against the bare libraries. The bare OpenH264 is set up by the encoder's own parameters. */
#include <stdio.h>
#include <stdlib.h>
#include <turbojpeg.h>

#include "measure.h"
#include "set.h"

#include "encode/openh264.c"

/* The scene moves: each frame is all but SHIFTS rows of a picture, from another row on. */
enum { FRAMERATE = 10, JPEG_QUALITY = 85, ROUNDS = 120, SHIFTS = 64, SHIFT = 6 };

struct video_bench {
	const struct set *set;
	struct encoder *encoder;
	struct openh264 *bare;
	tjhandle turbo;
	unsigned char *jpeg;
	unsigned long jpeg_bytes;
};

static struct frame frame_of(const struct set *set, size_t turn)
{
	turn /= 2; /* the work and its limit have the same frames */
	size_t moved = turn * SHIFT % SHIFTS * FRAME_CHANNELS * (size_t)set->width;
	return (struct frame){ .pixels = set->rgb[turn % BUFFERS] + moved,
		                   .width = set->width,
		                   .height = set->height - SHIFTS,
		                   .info = { .id = turn + 1, .timestamp_ns = (int64_t)turn * 1000000000 / FRAMERATE } };
}

static void whole(void *data, size_t turn)
{
	const struct video_bench *bench = data;
	const struct frame frame = frame_of(bench->set, turn);
	struct packet packet;
	const struct video_format *format;
	if (encoder_send(bench->encoder, &frame, NULL, false, NULL) != 0 ||
	    encoder_receive(bench->encoder, 0, &packet, &format, NULL) != 1)
		exit(1);
}

static void convert_alone(void *data, size_t turn)
{
	const struct video_bench *bench = data;
	const struct frame frame = frame_of(bench->set, turn);
	i420_from_frame(&frame, &bench->bare->pictures[0]);
}

static void convert_and_encode(void *data, size_t turn)
{
	const struct video_bench *bench = data;
	const struct i420 *picture = &bench->bare->pictures[0];
	SFrameBSInfo info = { 0 };
	SSourcePicture source = { .iColorFormat = videoFormatI420,
		                      .iStride = { picture->stride_y, picture->stride_uv, picture->stride_uv },
		                      .pData = { picture->y, picture->u, picture->v },
		                      .iPicWidth = picture->width,
		                      .iPicHeight = picture->height,
		                      .uiTimeStamp = (long long)turn / 2 * 1000 / FRAMERATE };
	convert_alone(data, turn);
	if ((*bench->bare->encoder)->EncodeFrame(bench->bare->encoder, &source, &info) != cmResultSuccess)
		exit(1);
}

static void turbo(void *data, size_t turn)
{
	struct video_bench *bench = data;
	const struct frame frame = frame_of(bench->set, turn);
	unsigned long bytes = bench->jpeg_bytes;
	if (tjCompress2(bench->turbo, frame.pixels, frame.width, 0, frame.height, TJPF_RGB, &bench->jpeg, &bytes,
	                TJSAMP_420, JPEG_QUALITY, TJFLAG_NOREALLOC) < 0)
		exit(1);
}

static void row_h264(struct video_bench *bench, const struct encoder_params *params)
{
	char name[64];
	bench->encoder = encoder_open(ENCODER_OPENH264, params, NULL);
	bench->bare = open_openh264(params, name, NULL);
	if (!bench->encoder || !bench->bare)
		exit(1);
	struct measured both = measure_thread(whole, convert_and_encode, bench, ROUNDS);
	struct measured conversion = measure_thread(convert_alone, convert_alone, bench, ROUNDS);
	both.work_ms -= conversion.work_ms;
	both.limit_ms -= conversion.limit_ms;
	report_row("H.264 packet, without conversion", "OpenH264 alone", bench->set->name, both, 1.05);
	encoder_close(bench->encoder);
	close_openh264(bench->bare);
}

static void row_mjpeg(struct video_bench *bench, const struct encoder_params *params)
{
	bench->encoder = encoder_open(ENCODER_MJPEG, params, NULL);
	bench->turbo = tjInitCompress();
	bench->jpeg_bytes = tjBufSize(bench->set->width, bench->set->height, TJSAMP_420);
	bench->jpeg = malloc(bench->jpeg_bytes);
	if (!bench->encoder || !bench->turbo || !bench->jpeg)
		exit(1);
	report_row("MJPEG packet", "tjCompress2 into memory", bench->set->name, measure_thread(whole, turbo, bench, ROUNDS),
	           1.05);
	encoder_close(bench->encoder);
	tjDestroy(bench->turbo);
	free(bench->jpeg);
}

void bench_video_encoders(struct set *set)
{
	struct video_bench bench = { .set = set };
	const struct encoder_params params = { .width = set->width,
		                                   .height = set->height - SHIFTS,
		                                   .framerate = FRAMERATE,
		                                   .bitrate = encoder_usual_bitrate(set->width, set->height, FRAMERATE),
		                                   .jpeg_quality = JPEG_QUALITY,
		                                   .gop_s = 1e9,
		                                   .device = "",
		                                   .silence_s = 10 };
	row_h264(&bench, &params);
	row_mjpeg(&bench, &params);
}
