/* OpenCV's imwrite and INTER_AREA as limits, in a Python process of its own that times itself. */
#ifndef PASTCAM_BENCH_OPENCV_H
#define PASTCAM_BENCH_OPENCV_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

struct opencv {
	pid_t process;
	FILE *ask, *answer;
};

/* False, and a line that says so, where python3-opencv is not installed. folder: where it writes its files. */
bool opencv_start(struct opencv *opencv, const char *folder, const uint8_t *rgb, int width, int height);

/* One picture with the defaults, "jpg" or "png". bytes: the size of the file. Returns milliseconds; below 0 when it
 * failed. */
double opencv_write(struct opencv *opencv, const char *extension, long *bytes);

/* The picture averaged to a smaller one. Returns milliseconds of processor time; below 0 when it failed. */
double opencv_shrink(struct opencv *opencv, int width, int height);

void opencv_stop(struct opencv *opencv);

#endif
