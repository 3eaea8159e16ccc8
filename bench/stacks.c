/* Stacks beside reading their frames, and medians beside each other. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure.h"
#include "media/stack.h"
#include "scene.h"
#include "set.h"

enum { STACK_MOST = 128 };

struct kernel {
	struct set *set;
	size_t stacked;
	enum stack_mode mode;
	uint8_t *out; /* of a stack: always the same, as the export worker's is */
};

/* Keeps the compiler from leaving out a sum that nobody looks at. */
static volatile uint64_t kept;

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

/* Every turn takes the frames after those of the turn before. */
static size_t first_stacked(const struct kernel *kernel, size_t turn)
{
	return turn * kernel->stacked;
}

static void stack_frames(const struct kernel *kernel, size_t turn, size_t count)
{
	const uint8_t *sources[STACK_MOST];
	for (size_t i = 0; i < count; i++)
		sources[i] = set_slot(kernel->set, first_stacked(kernel, turn) + i);
	stack_range(kernel->mode, sources, count, 0, kernel->set->bytes, kernel->out);
}

static void stack(void *data, size_t turn)
{
	const struct kernel *kernel = data;
	stack_frames(kernel, turn, kernel->stacked);
}

static void stack_less(void *data, size_t turn)
{
	const struct kernel *kernel = data;
	stack_frames(kernel, turn, kernel->stacked - 1);
}

static void read_stacked(void *data, size_t turn)
{
	const struct kernel *kernel = data;
	uint64_t sum = 0;
	for (size_t i = 0; i < kernel->stacked; i++)
		sum += read_words(set_slot(kernel->set, first_stacked(kernel, turn) + i), kernel->set->bytes);
	kept = sum;
}

static void report_stack(struct kernel *kernel, size_t stacked, const char *limit, measure_turn *run_limit,
                         double target)
{
	char work[48];
	snprintf(work, sizeof work, "stack %s of %zu", stack_mode_name(kernel->mode), stacked);
	kernel->stacked = stacked;
	report_row(work, limit, kernel->set->name, measure_thread(stack, run_limit, kernel, 11), target);
}

/* Mean and maximum by reading; medians by that of one frame less, so that none is dear beside its neighbour. */
static void bench_stack(struct kernel *kernel)
{
	static const size_t counts[] = { 4, 16, 17, 32, 50, 128 },
	                    medians[] = { 4, 16, 17, 32, 33, 50, 64, 65, 88, 89, 128 };
	for (kernel->mode = STACK_MEAN; kernel->mode <= STACK_MAX; kernel->mode++)
		for (size_t i = 0; i < sizeof counts / sizeof *counts && kernel->mode != STACK_MEDIAN; i++)
			report_stack(kernel, counts[i], "reading those frames", read_stacked, 1.35);
	kernel->mode = STACK_MEDIAN;
	for (size_t i = 0; i < sizeof medians / sizeof *medians; i++)
		report_stack(kernel, medians[i], "the same of one frame less", stack_less, 1.25);
}

void bench_stacks(struct set *set)
{
	struct kernel kernel = { .set = set, .out = scene_allocate(set->bytes) };
	memset(kernel.out, 0, set->bytes);
	bench_stack(&kernel);
	free(kernel.out);
}
