#include "measure.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS_MAX = 2000, ROWS_MAX = 256, TEXT_BYTES = 64 };

static const double enough_ms = 500;

struct row {
	char work[TEXT_BYTES], limit[TEXT_BYTES], frame[TEXT_BYTES];
	struct measured measured;
	double target;
};

static struct row rows[ROWS_MAX];
static size_t row_count;

static double now_ms(clockid_t clock)
{
	struct timespec time;
	clock_gettime(clock, &time);
	return (double)time.tv_sec * 1e3 + (double)time.tv_nsec * 1e-6;
}

static double time_turn(clockid_t clock, measure_turn *turn_function, void *data, size_t turn)
{
	const double start = now_ms(clock);
	turn_function(data, turn);
	return now_ms(clock) - start;
}

static int ascending(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

double measure_median(double *times, size_t count)
{
	qsort(times, count, sizeof *times, ascending);
	return (times[(count - 1) / 2] + times[count / 2]) / 2;
}

static struct measured measure(clockid_t clock, measure_turn *work, measure_turn *limit, void *data, size_t rounds)
{
	static double work_times[ROUNDS_MAX], limit_times[ROUNDS_MAX];
	size_t turn = 0;
	for (int i = 0; i < 3; i++) {
		time_turn(clock, limit, data, turn++);
		time_turn(clock, work, data, turn++);
	}
	size_t count = 0;
	const double start = now_ms(CLOCK_MONOTONIC);
	for (; count < ROUNDS_MAX && (count < rounds || now_ms(CLOCK_MONOTONIC) - start < enough_ms); count++) {
		limit_times[count] = time_turn(clock, limit, data, turn++);
		work_times[count] = time_turn(clock, work, data, turn++);
	}
	return (struct measured){ measure_median(work_times, count), measure_median(limit_times, count) };
}

struct measured measure_pair(measure_turn *work, measure_turn *limit, void *data, size_t rounds)
{
	return measure(CLOCK_MONOTONIC, work, limit, data, rounds);
}

struct measured measure_thread(measure_turn *work, measure_turn *limit, void *data, size_t rounds)
{
	return measure(CLOCK_THREAD_CPUTIME_ID, work, limit, data, rounds);
}

static double ratio_of(const struct row *row)
{
	return row->measured.work_ms / row->measured.limit_ms;
}

void report_header(void)
{
	printf("\n%-34s %-10s %9s   %-26s %9s %6s %6s\n", "work", "frame", "ms", "limit", "ms", "ratio", "most");
}

void report_row(const char *work, const char *limit, const char *frame, struct measured measured, double target)
{
	if (row_count == ROWS_MAX)
		return;
	struct row *row = &rows[row_count++];
	*row = (struct row){ .measured = measured, .target = target };
	snprintf(row->work, sizeof row->work, "%s", work);
	snprintf(row->limit, sizeof row->limit, "%s", limit);
	snprintf(row->frame, sizeof row->frame, "%s", frame);
	printf("%-34s %-10s %9.3f   %-26s %9.3f %6.2f %6.2f  %s\n", work, frame, measured.work_ms, limit, measured.limit_ms,
	       ratio_of(row), target, ratio_of(row) <= target ? "ok" : "OVER");
	fflush(stdout);
}

int report_write(const char *path)
{
	FILE *file = fopen(path, "w");
	if (!file)
		return -errno;
	fprintf(file, "[");
	for (size_t i = 0; i < row_count; i++) {
		const struct row *row = &rows[i];
		fprintf(file,
		        "%s\n{\"work\": \"%s\", \"frame\": \"%s\", \"ms\": %.4f, \"limit\": \"%s\", \"limit_ms\": %.4f, "
		        "\"ratio\": %.3f, \"target\": %.2f, \"ok\": %s}",
		        i ? "," : "", row->work, row->frame, row->measured.work_ms, row->limit, row->measured.limit_ms,
		        ratio_of(row), row->target, ratio_of(row) <= row->target ? "true" : "false");
	}
	fprintf(file, "\n]\n");
	return fclose(file) ? -errno : 0;
}

size_t report_over(void)
{
	size_t over = 0;
	for (size_t i = 0; i < row_count; i++)
		over += ratio_of(&rows[i]) > rows[i].target;
	return over;
}
