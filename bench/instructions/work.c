/* Does a kernel's work ROUNDS times over pictures of 1024x768, for counting its instructions.
 *     work ingest FORMAT OUT_WIDTH OUT_HEIGHT ROUNDS
 *     work stack MODE COUNT ROUNDS
 *     work png ROUNDS                 of a generated texture under noise; nothing is written */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "export/png_strips.h"
#include "media/ingest.h"
#include "media/stack.h"

enum {
	WIDTH = 1024,
	HEIGHT = 768,
	PIXELS = WIDTH * HEIGHT,
	BYTES_A_PIXEL_MOST = 4,
	STACKED_BYTES = 64 * 1024 * 3,
	COUNT_MOST = 128
};

/* Aligned as the arena's slots are. Values from all of the range, in no order that a branch could learn. */
static uint8_t *noise(size_t bytes, uint32_t seed)
{
	uint8_t *data = aligned_alloc(64, (bytes + 63) / 64 * 64);
	if (!data)
		exit(1);
	for (size_t i = 0; i < bytes; i++) {
		seed = seed * 1664525 + 1013904223;
		data[i] = (uint8_t)(seed >> 24);
	}
	return data;
}

static struct image image_of(const char *format, const uint8_t *data)
{
	static const struct {
		const char *name;
		enum pixel_format format;
		size_t stride, chroma_stride;
	} formats[] = {
		{ "RGB", PIXEL_RGB, WIDTH * 3, 0 },   { "BGR", PIXEL_BGR, WIDTH * 3, 0 },
		{ "RGBX", PIXEL_RGBX, WIDTH * 4, 0 }, { "BGRX", PIXEL_BGRX, WIDTH * 4, 0 },
		{ "NV12", PIXEL_NV12, WIDTH, WIDTH }, { "YUV420", PIXEL_YUV420, WIDTH, WIDTH / 2 },
		{ "YUYV", PIXEL_YUYV, WIDTH * 2, 0 },
	};
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
		if (strcmp(formats[i].name, format) != 0)
			continue;
		size_t chroma = formats[i].chroma_stride;
		return (struct image){
			.format = formats[i].format,
			.width = WIDTH,
			.height = HEIGHT,
			.plane = { data, data + PIXELS, data + PIXELS + chroma * HEIGHT / 2 },
			.stride = { formats[i].stride, chroma, chroma },
			.matrix = COLOUR_BT601,
		};
	}
	fprintf(stderr, "no format %s\n", format);
	exit(1);
}

static void ingest_often(const char *format, int width, int height, int rounds)
{
	struct ingest *work = ingest_create(WIDTH, HEIGHT, width, height);
	struct frame frame = { .pixels = noise(frame_bytes(width, height), 1), .width = width, .height = height };
	const struct image image = image_of(format, noise((size_t)PIXELS * BYTES_A_PIXEL_MOST, 2));
	if (!work)
		exit(1);
	for (int i = 0; i < rounds; i++)
		ingest(work, &image, &frame);
	printf("mean %g\n", frame.info.mean);
}

static void stack_often(const char *name, size_t count, int rounds)
{
	const uint8_t *sources[COUNT_MOST];
	uint8_t *out = noise(STACKED_BYTES, 1);
	enum stack_mode mode;
	if (count < 1 || count > COUNT_MOST || stack_mode_of(name, &mode) < 0)
		exit(1);
	for (size_t i = 0; i < count; i++)
		sources[i] = noise(STACKED_BYTES, (uint32_t)i + 2);
	for (int i = 0; i < rounds; i++)
		stack_range(mode, sources, count, 0, STACKED_BYTES, out);
	printf("first %u\n", out[0]);
}

#ifdef WITH_PNG

/* What bench/scene.c makes where it has no photograph. */
static uint8_t *texture(void)
{
	uint8_t *rgb = noise(frame_bytes(WIDTH, HEIGHT), 1), *byte = rgb;
	for (int y = 0; y < HEIGHT; y++)
		for (int x = 0; x < WIDTH; x++)
			for (int channel = 0; channel < FRAME_CHANNELS; channel++, byte++) {
				const double wide = sin(x * 0.011 + channel) + cos(y * 0.017 - channel);
				const double fine = sin(x * 0.31 + y * 0.07) * cos(y * 0.23 - x * 0.05);
				const int noise = *byte % 5 + *byte / 5 % 5 - 4;
				*byte = (uint8_t)(128 + 40 * wide + 20 * fine + noise);
			}
	return rgb;
}

static size_t png_bytes;

int sink_write(struct sink *sink, const void *data, size_t bytes)
{
	(void)sink;
	(void)data;
	png_bytes += bytes;
	return 0;
}

static void png_often(int rounds)
{
	const struct picture picture = { .rgb = texture(), .width = WIDTH, .height = HEIGHT };
	uint32_t adler = 0;
	for (int i = 0; i < rounds; i++)
		if (png_strips_write(&picture, NULL, NULL, &adler) < 0)
			exit(1);
	printf("%zu bytes, checksum %08x\n", png_bytes, (unsigned)adler);
}

#else

static void png_often(int rounds)
{
	(void)rounds;
	fprintf(stderr, "built without PNG\n");
	exit(1);
}

#endif

int main(int argc, char **argv)
{
	if (argc == 6 && strcmp(argv[1], "ingest") == 0)
		ingest_often(argv[2], atoi(argv[3]), atoi(argv[4]), atoi(argv[5]));
	else if (argc == 5 && strcmp(argv[1], "stack") == 0)
		stack_often(argv[2], (size_t)atoi(argv[3]), atoi(argv[4]));
	else if (argc == 3 && strcmp(argv[1], "png") == 0)
		png_often(atoi(argv[2]));
	else
		return 1;
	return 0;
}
