/* Ingest of every format, of whole pictures and of smaller ones, beside libyuv and beside itself. */
#include <libyuv.h>
#include <libyuv/scale_rgb.h> /* not in libyuv.h of Debian 12 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure.h"
#include "media/ingest.h"
#include "scene.h"
#include "set.h"

enum { ROUNDS = 100, WHOLE = 12 /* pixels that 2, 3 and 4 divide */ };

struct work {
	const struct set *set;
	enum pixel_format format;
	int width, height, ratio; /* of the images, and of these to what they are averaged to */
	struct ingest *plain, *smaller;
	uint8_t *four[BUFFERS], *between; /* four bytes a pixel */
};

/* Keeps the compiler from leaving out a mean that nobody looks at. */
static volatile double kept;

static struct image image_of(const struct work *work, size_t turn)
{
	const struct set *set = work->set;
	const size_t width = (size_t)set->width, pixels = width * (size_t)set->height;
	struct image image = { .format = work->format };
	if (work->format == PIXEL_NV12)
		image = set_image_nv12(set, turn);
	else if (work->format == PIXEL_YUV420) {
		const uint8_t *luma = set->nv12[turn % BUFFERS];
		image.plane[0] = luma, image.plane[1] = luma + pixels, image.plane[2] = luma + pixels + pixels / 4;
		image.stride[0] = width, image.stride[1] = image.stride[2] = width / 2;
	} else if (work->format == PIXEL_RGB || work->format == PIXEL_BGR) {
		image.plane[0] = set->rgb[turn % BUFFERS], image.stride[0] = 3 * width;
	} else {
		image.plane[0] = work->four[turn % BUFFERS], image.stride[0] = (work->format == PIXEL_YUYV ? 2 : 4) * width;
	}
	image.width = work->width, image.height = work->height;
	return image;
}

static void into_slot(const struct work *work, struct ingest *with, size_t turn, int ratio)
{
	const struct image image = image_of(work, turn);
	struct frame frame = { .pixels = set_slot(work->set, turn),
		                   .width = work->width / ratio,
		                   .height = work->height / ratio };
	ingest(with, &image, &frame);
	kept = frame.info.mean;
}

static void plain(void *data, size_t turn)
{
	const struct work *work = data;
	into_slot(work, work->plain, turn, 1);
}

static void smaller(void *data, size_t turn)
{
	const struct work *work = data;
	into_slot(work, work->smaller, turn, work->ratio);
}

static void copy(void *data, size_t turn)
{
	const struct set *set = ((struct work *)data)->set;
	memcpy(set_slot(set, turn), set->rgb[turn % BUFFERS], set->bytes);
}

static void libyuv(void *data, size_t turn)
{
	const struct work *work = data;
	const struct image image = image_of(work, turn);
	const uint8_t *const *plane = image.plane;
	const int stride = (int)image.stride[0], chroma = (int)image.stride[1], width = image.width, height = image.height;
	const int bytes = FRAME_CHANNELS * width, between = 4 * width;
	uint8_t *rgb = set_slot(work->set, turn);
	if (work->format == PIXEL_NV12) {
		NV12ToRAW(plane[0], stride, plane[1], chroma, rgb, bytes, width, height);
	} else if (work->format == PIXEL_YUV420) {
		I420ToRAW(plane[0], stride, plane[1], chroma, plane[2], chroma, rgb, bytes, width, height);
	} else if (work->format == PIXEL_YUYV) {
		YUY2ToARGB(plane[0], stride, work->between, between, width, height);
		ARGBToRAW(work->between, between, rgb, bytes, width, height);
	} else if (work->format == PIXEL_BGR) {
		RAWToRGB24(plane[0], stride, rgb, bytes, width, height);
	} else if (work->format == PIXEL_BGRX) {
		ARGBToRAW(plane[0], stride, rgb, bytes, width, height);
	} else {
		ABGRToRAW(plane[0], stride, rgb, bytes, width, height);
	}
}

static void libyuv_box(void *data, size_t turn)
{
	const struct work *work = data;
	const struct image image = image_of(work, turn);
	const int width = work->width / work->ratio, height = work->height / work->ratio;
	uint8_t *out = set_slot(work->set, turn);
	if (work->format == PIXEL_NV12)
		NV12Scale(image.plane[0], (int)image.stride[0], image.plane[1], (int)image.stride[1], image.width, image.height,
		          out, width, out + width * height, (width + 1) / 2 * 2, width, height, kFilterBox);
	else
		RGBScale(image.plane[0], (int)image.stride[0], image.width, image.height, out, FRAME_CHANNELS * width, width,
		         height, kFilterBox);
}

static void report(struct work *work, const char *what, const char *limit, measure_turn *run, measure_turn *run_limit,
                   double target)
{
	report_row(what, limit, work->set->name, measure_thread(run, run_limit, work, ROUNDS), target);
}

static void bench_formats(struct work *work)
{
	static const struct {
		enum pixel_format format;
		const char *name, *limit;
		measure_turn *run_limit;
		double target;
	} rows[] = {
		{ PIXEL_RGB, "ingest RGB", "memcpy", copy, 0.9 },
		{ PIXEL_BGR, "ingest BGR", "libyuv RGB24ToRAW", libyuv, 1 },
		{ PIXEL_RGBX, "ingest RGBX", "libyuv ABGRToRAW", libyuv, 1 },
		{ PIXEL_BGRX, "ingest BGRX", "libyuv ARGBToRAW", libyuv, 1 },
		{ PIXEL_NV12, "ingest NV12", "libyuv NV12ToRAW", libyuv, 1 },
		{ PIXEL_YUV420, "ingest YUV420", "libyuv I420ToRAW", libyuv, 1 },
		{ PIXEL_YUYV, "ingest YUYV", "libyuv YUY2ToARGB, ToRAW", libyuv, 1 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		work->format = rows[i].format;
		report(work, rows[i].name, rows[i].limit, plain, rows[i].run_limit, rows[i].target);
	}
}

static struct ingest *ingest_by(const struct work *work, int ratio)
{
	struct ingest *made = ingest_create(work->width, work->height, work->width / ratio, work->height / ratio);
	if (!made) {
		fprintf(stderr, "bench: no memory\n");
		exit(1);
	}
	return made;
}

static void bench_ratios(struct work *work)
{
	for (work->ratio = 2; work->ratio <= 4; work->ratio++) {
		work->smaller = ingest_by(work, work->ratio);
		for (int i = 0; i < 2; i++) {
			char what[32];
			work->format = i ? PIXEL_NV12 : PIXEL_RGB;
			snprintf(what, sizeof what, "ingest %s, downscale %d", i ? "NV12" : "RGB", work->ratio);
			report(work, what, i ? "libyuv NV12Scale, box" : "libyuv RGBScale, box", smaller, libyuv_box, 1.5);
			report(work, what, i ? "ingest NV12" : "ingest RGB", smaller, plain, 1);
		}
		ingest_destroy(work->smaller);
	}
}

void bench_ingest(struct set *set)
{
	const size_t pixels = (size_t)set->width * (size_t)set->height;
	struct work work = {
		.set = set, .width = set->width, .height = set->height, .between = scene_allocate(4 * pixels)
	};
	for (int i = 0; i < BUFFERS; i++) {
		work.four[i] = scene_allocate(4 * pixels);
		memset(work.four[i], i, 4 * pixels);
		memcpy(work.four[i], set->rgb[i], set->bytes);
	}
	work.plain = ingest_by(&work, 1);
	bench_formats(&work);
	ingest_destroy(work.plain);
	work.width -= work.width % WHOLE, work.height -= work.height % WHOLE;
	work.plain = ingest_by(&work, 1);
	bench_ratios(&work);
	ingest_destroy(work.plain);
	for (int i = 0; i < BUFFERS; i++)
		free(work.four[i]);
	free(work.between);
}
