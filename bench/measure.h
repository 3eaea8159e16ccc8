/* Timing, side by side: a piece of work and its limit take turns, so that a noisy machine disturbs both alike. */
#ifndef PASTCAM_BENCH_MEASURE_H
#define PASTCAM_BENCH_MEASURE_H

#include <stddef.h>

/* One turn of something. Turns count from 0 and choose sources and destinations. */
typedef void measure_turn(void *data, size_t turn);

struct measured {
	double work_ms, limit_ms; /* medians */
};

/* Warms both, then takes them in turns, for at least `rounds` rounds and, if those are quick, half a second. */
struct measured measure_pair(measure_turn *work, measure_turn *limit, void *data, size_t rounds);

/* The same for work of this thread alone, by its own clock, which stands still while other processes have the core. */
struct measured measure_thread(measure_turn *work, measure_turn *limit, void *data, size_t rounds);

/* Of at least one; puts them in order. */
double measure_median(double *times, size_t count);

/* Adds a row to the table, and prints it. target: the most that work / limit may be. */
void report_row(const char *work, const char *limit, const char *frame, struct measured measured, double target);

void report_header(void);

/* Writes all rows as JSON. Returns 0, or -errno. */
int report_write(const char *path);

/* How many rows are over their target. */
size_t report_over(void);

#endif
