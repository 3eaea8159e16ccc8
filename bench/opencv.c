#include "opencv.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "media/frame.h"

static bool save_frame(const char *path, const uint8_t *rgb, int width, int height)
{
	FILE *file = fopen(path, "wb");
	if (file == NULL)
		return false;
	bool written = fwrite(rgb, frame_bytes(width, height), 1, file) == 1;
	return fclose(file) == 0 && written;
}

static void run_script(const char *folder, int width, int height)
{
	char frame[512], target[512], columns[16], rows[16];

	snprintf(frame, sizeof frame, "%s/frame.rgb", folder);
	snprintf(target, sizeof target, "%s/opencv", folder);
	snprintf(columns, sizeof columns, "%d", width);
	snprintf(rows, sizeof rows, "%d", height);
	execl("/usr/bin/python3", "python3", "bench/opencv_encode.py", frame, columns, rows, target, (char *)NULL);
	_exit(127);
}

/* The ends of the two pipes: 0 to read, 1 to write. */
static void start_process(struct opencv *opencv, const char *folder, int width, int height, int to[2], int from[2])
{
	opencv->process = fork();
	if (opencv->process == 0) {
		dup2(to[0], STDIN_FILENO);
		dup2(from[1], STDOUT_FILENO);
		close(to[1]);
		close(from[0]);
		run_script(folder, width, height);
	}
	close(to[0]);
	close(from[1]);
	opencv->ask = fdopen(to[1], "w");
	opencv->answer = fdopen(from[0], "r");
}

bool opencv_start(struct opencv *opencv, const char *folder, const uint8_t *rgb, int width, int height)
{
	char frame[512];
	int to[2], from[2];
	long bytes;

	snprintf(frame, sizeof frame, "%s/frame.rgb", folder);
	if (!save_frame(frame, rgb, width, height) || pipe(to) < 0 || pipe(from) < 0)
		return false;
	start_process(opencv, folder, width, height, to, from);
	bool works = opencv_write(opencv, "png", &bytes) > 0;
	if (!works) {
		printf("no rows against OpenCV: python3-opencv is not installed\n");
		opencv_stop(opencv);
	}
	unlink(frame);
	return works;
}

static double answered(struct opencv *opencv, long *bytes)
{
	double elapsed_ms;
	if (fflush(opencv->ask) != 0 || fscanf(opencv->answer, "%lf %ld", &elapsed_ms, bytes) != 2)
		return -1;
	return elapsed_ms;
}

double opencv_write(struct opencv *opencv, const char *extension, long *bytes)
{
	fprintf(opencv->ask, "%s\n", extension);
	return answered(opencv, bytes);
}

double opencv_shrink(struct opencv *opencv, int width, int height)
{
	long bytes;
	fprintf(opencv->ask, "area %d %d\n", width, height);
	return answered(opencv, &bytes);
}

void opencv_stop(struct opencv *opencv)
{
	fclose(opencv->ask);
	fclose(opencv->answer);
	waitpid(opencv->process, NULL, 0);
}
