#include <libyuv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure.h"
#include "media/ingest.h"
#include "media/stack.h"
#include "set.h"

enum { STACK_MOST = 50 };

struct kernel {
	struct set *set;
	struct ingest *same, *quarter;
	size_t stacked;
	enum stack_mode mode;
	uint8_t *out; /* of a stack: always the same, as the export worker's is */
};

/* Keeps the compiler from leaving out a sum that nobody looks at. */
static volatile uint64_t kept;

static struct frame frame_at(const struct set *set, size_t turn, int divisor)
{
	return (
	    struct frame){ .pixels = set_slot(set, turn), .width = set->width / divisor, .height = set->height / divisor };
}

static void ingest_into(struct ingest *ingest_of, const struct image *image, struct frame frame)
{
	ingest(ingest_of, image, &frame);
	kept = (uint64_t)frame.info.mean;
}

static void ingest_rgb(void *data, size_t turn)
{
	const struct kernel *kernel = data;
	const struct image image = set_image_rgb(kernel->set, turn);
	ingest_into(kernel->same, &image, frame_at(kernel->set, turn, 1));
}

static void ingest_nv12(void *data, size_t turn)
{
	const struct kernel *kernel = data;
	const struct image image = set_image_nv12(kernel->set, turn);
	ingest_into(kernel->same, &image, frame_at(kernel->set, turn, 1));
}

static void quarter_rgb(void *data, size_t turn)
{
	const struct kernel *kernel = data;
	const struct image image = set_image_rgb(kernel->set, turn);
	ingest_into(kernel->quarter, &image, frame_at(kernel->set, turn, 4));
}

static void quarter_nv12(void *data, size_t turn)
{
	const struct kernel *kernel = data;
	const struct image image = set_image_nv12(kernel->set, turn);
	ingest_into(kernel->quarter, &image, frame_at(kernel->set, turn, 4));
}

static void copy(void *data, size_t turn)
{
	const struct set *set = ((struct kernel *)data)->set;
	memcpy(set_slot(set, turn), set->rgb[turn % BUFFERS], set->bytes);
}

static void libyuv(void *data, size_t turn)
{
	const struct set *set = ((struct kernel *)data)->set;
	const uint8_t *luma = set->nv12[turn % BUFFERS];
	NV12ToRAW(luma, set->width, luma + set->width * set->height, set->width, set_slot(set, turn), 3 * set->width,
	          set->width, set->height);
}

static uint64_t read_words(const uint8_t *bytes, size_t count)
{
	uint64_t sum = 0;
	for (size_t i = 0; i + sizeof sum <= count; i += sizeof sum) {
		uint64_t word;
		memcpy(&word, bytes + i, sizeof word);
		sum += word;
	}
	return sum;
}

static void read_rgb(void *data, size_t turn)
{
	const struct set *set = ((struct kernel *)data)->set;
	kept = read_words(set->rgb[turn % BUFFERS], set->bytes);
}

static void read_nv12(void *data, size_t turn)
{
	const struct set *set = ((struct kernel *)data)->set;
	kept = read_words(set->nv12[turn % BUFFERS], set->bytes / 2);
}

/* Every turn takes the frames after those of the turn before. */
static size_t first_stacked(const struct kernel *kernel, size_t turn)
{
	return turn * kernel->stacked;
}

static void stack(void *data, size_t turn)
{
	const struct kernel *kernel = data;
	const uint8_t *sources[STACK_MOST];
	for (size_t i = 0; i < kernel->stacked; i++)
		sources[i] = set_slot(kernel->set, first_stacked(kernel, turn) + i);
	stack_range(kernel->mode, sources, kernel->stacked, 0, kernel->set->bytes, kernel->out);
}

static void read_stacked(void *data, size_t turn)
{
	const struct kernel *kernel = data;
	uint64_t sum = 0;
	for (size_t i = 0; i < kernel->stacked; i++)
		sum += read_words(set_slot(kernel->set, first_stacked(kernel, turn) + i), kernel->set->bytes);
	kept = sum;
}

static void bench_ingest(struct kernel *kernel)
{
	const struct {
		const char *work, *limit;
		measure_turn *run, *run_limit;
		double target;
	} rows[] = {
		{ "ingest RGB", "memcpy", ingest_rgb, copy, 1.25 },
		{ "ingest NV12", "libyuv NV12ToRAW", ingest_nv12, libyuv, 1.25 },
		{ "ingest RGB, downscale 4", "reading the frame", quarter_rgb, read_rgb, 2.5 },
		{ "ingest NV12, downscale 4", "reading the frame", quarter_nv12, read_nv12, 2.5 },
		{ "ingest RGB, downscale 4", "ingest RGB", quarter_rgb, ingest_rgb, 1 },
		{ "ingest NV12, downscale 4", "ingest NV12", quarter_nv12, ingest_nv12, 1 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct measured measured = measure_thread(rows[i].run, rows[i].run_limit, kernel, 100);
		report_row(rows[i].work, rows[i].limit, kernel->set->name, measured, rows[i].target);
	}
}

static void bench_stack(struct kernel *kernel)
{
	static const struct {
		enum stack_mode mode;
		const char *name;
		size_t stacked;
		double target;
	} rows[] = {
		{ STACK_MEAN, "stack mean of", 4, 1.5 },   { STACK_MEAN, "stack mean of", 16, 1.5 },
		{ STACK_MEAN, "stack mean of", 50, 1.5 },  { STACK_MAX, "stack max of", 4, 1.3 },
		{ STACK_MAX, "stack max of", 16, 1.3 },    { STACK_MAX, "stack max of", 50, 1.3 },
		{ STACK_MEDIAN, "stack median of", 4, 3 }, { STACK_MEDIAN, "stack median of", 16, 12 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char work[32];
		snprintf(work, sizeof work, "%s %zu", rows[i].name, rows[i].stacked);
		kernel->mode = rows[i].mode;
		kernel->stacked = rows[i].stacked;
		const struct measured measured = measure_thread(stack, read_stacked, kernel, 11);
		report_row(work, "reading those frames", kernel->set->name, measured, rows[i].target);
	}
}

void bench_kernels(struct set *set)
{
	struct kernel kernel = { .set = set,
		                     .same = ingest_create(set->width, set->height, set->width, set->height),
		                     .quarter = ingest_create(set->width, set->height, set->width / 4, set->height / 4),
		                     .out = malloc(set->bytes) };
	if (!kernel.same || !kernel.quarter || !kernel.out) {
		fprintf(stderr, "bench: no memory\n");
		exit(1);
	}
	memset(kernel.out, 0, set->bytes);
	bench_stack(&kernel); /* first, while every slot holds its own noise */
	bench_ingest(&kernel);
	ingest_destroy(kernel.same);
	ingest_destroy(kernel.quarter);
	free(kernel.out);
}
