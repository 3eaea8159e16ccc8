#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <turbojpeg.h>
#include <unistd.h>

#include "base/pool.h"
#include "export/codec.h"
#include "measure.h"
#include "opencv.h"
#include "set.h"

enum { QUALITY = 95, SERIES = 50, OPENCV_ROUNDS = 41 };

struct encoders {
	struct set *set;
	struct pool *pool;
	size_t cores;
	int files[2], series[SERIES]; /* in memory, written over and over */
	tjhandle turbo;
	unsigned char *jpeg;
	unsigned long jpeg_bytes;
	char folder[64];
};

static const struct export_params params = { .jpg_quality = QUALITY };

static struct picture picture_of(const struct set *set, size_t turn)
{
	return (struct picture){
		.rgb = set->rgb[turn % BUFFERS],
		.width = set->width,
		.height = set->height,
		.frame_id = turn + 1,
		.wall_ns = INT64_C(1800000000) * 1000000000,
		.exposure_us = 10000,
		.gain = 1,
		.stacked = 1,
		.camera_model = "bench",
	};
}

static void encode(const struct codec *codec, struct pool *pool, const struct picture *picture, int fd)
{
	struct error error = { 0 };
	if (codec->write(&params, pool, picture, &(struct sink){ .fd = fd }, &error) < 0) {
		fprintf(stderr, "bench: %s\n", error.text);
		exit(1);
	}
}

static void encode_to_memory(const struct encoders *encoders, const struct codec *codec, size_t turn)
{
	const struct picture picture = picture_of(encoders->set, turn);
	lseek(encoders->files[0], 0, SEEK_SET);
	encode(codec, NULL, &picture, encoders->files[0]);
}

static void jpg_to_memory(void *data, size_t turn)
{
	encode_to_memory(data, &codec_jpg, turn);
}

static void png_to_memory(void *data, size_t turn)
{
	encode_to_memory(data, &codec_png, turn);
}

static void npy_to_memory(void *data, size_t turn)
{
	encode_to_memory(data, &codec_npy, turn);
}

static void turbo_to_memory(void *data, size_t turn)
{
	struct encoders *encoders = data;
	const struct set *set = encoders->set;
	unsigned long bytes = encoders->jpeg_bytes;
	if (tjCompress2(encoders->turbo, set->rgb[turn % BUFFERS], set->width, 0, set->height, TJPF_RGB, &encoders->jpeg,
	                &bytes, TJSAMP_420, QUALITY, TJFLAG_NOREALLOC) < 0)
		exit(1);
}

static void write_to_memory(void *data, size_t turn)
{
	const struct encoders *encoders = data;
	lseek(encoders->files[1], 0, SEEK_SET);
	if (write(encoders->files[1], encoders->set->rgb[turn % BUFFERS], encoders->set->bytes) < 0)
		exit(1);
}

static void series_picture(void *data, size_t index)
{
	const struct encoders *encoders = data;
	const struct picture picture = picture_of(encoders->set, index);
	lseek(encoders->series[index], 0, SEEK_SET);
	encode(&codec_png, encoders->pool, &picture, encoders->series[index]);
}

static void png_series(void *data, size_t turn)
{
	const struct encoders *encoders = data;
	(void)turn;
	pool_run(encoders->pool, SERIES, series_picture, data);
}

static double now_ms(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e3 + (double)time.tv_nsec * 1e-6;
}

/* The file as imwrite makes it: new, and not synced. */
static double file_ms(const struct encoders *encoders, const struct codec *codec, off_t *bytes)
{
	const struct picture picture = picture_of(encoders->set, 0);
	char path[128];
	snprintf(path, sizeof path, "%s/pastcam.%s", encoders->folder, export_format_name(codec->format));
	const double start = now_ms();
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	encode(codec, encoders->pool, &picture, fd);
	*bytes = lseek(fd, 0, SEEK_CUR);
	close(fd);
	const double elapsed = now_ms() - start;
	unlink(path);
	return elapsed;
}

static void opencv_rows(const struct encoders *encoders, struct opencv *opencv, const struct codec *codec,
                        double target, double size_target)
{
	double work[OPENCV_ROUNDS], limit[OPENCV_ROUNDS];
	char name[48];
	off_t bytes = 0;
	long limit_bytes = 1;

	for (size_t i = 0; i < OPENCV_ROUNDS; i++) {
		limit[i] = opencv_write(opencv, export_format_name(codec->format), &limit_bytes);
		work[i] = file_ms(encoders, codec, &bytes);
	}
	snprintf(name, sizeof name, "%s file, %zu cores", export_format_name(codec->format), encoders->cores);
	report_row(name, "OpenCV imwrite, one thread", encoders->set->name,
	           (struct measured){ measure_median(work, OPENCV_ROUNDS), measure_median(limit, OPENCV_ROUNDS) }, target);
	snprintf(name, sizeof name, "%s file, kB instead of ms", export_format_name(codec->format));
	report_row(name, "OpenCV imwrite", encoders->set->name,
	           (struct measured){ (double)bytes / 1e3, (double)limit_bytes / 1e3 }, size_target);
}

static void rows_against_opencv(struct encoders *encoders)
{
	struct opencv opencv;

	snprintf(encoders->folder, sizeof encoders->folder, "/dev/shm/pastcam-bench-XXXXXX");
	if (mkdtemp(encoders->folder) == NULL)
		return;
	if (opencv_start(&opencv, encoders->folder, encoders->set->rgb[0], encoders->set->width, encoders->set->height)) {
		opencv_rows(encoders, &opencv, &codec_jpg, 1.0, 1.05);
		opencv_rows(encoders, &opencv, &codec_png, 0.6, 1.05);
		opencv_stop(&opencv);
	}
	rmdir(encoders->folder);
}

static void rows_against_libraries(struct encoders *encoders)
{
	const char *frame = encoders->set->name;

	report_row("jpg, written to memory", "tjCompress2 into memory", frame,
	           measure_pair(jpg_to_memory, turbo_to_memory, encoders, 100), 1.03);
	report_row("npy, written to memory", "write() of the frame", frame,
	           measure_pair(npy_to_memory, write_to_memory, encoders, 100), 1.1);
	for (size_t i = 0; i < SERIES; i++)
		encoders->series[i] = memfd_create("series", MFD_CLOEXEC);
	struct measured series = measure_pair(png_series, png_to_memory, encoders, 5);
	series.limit_ms *= (double)SERIES / (double)encoders->cores;
	report_row("50 png, written to memory", "50 x one png / cores", frame, series, 1.15);
	for (size_t i = 0; i < SERIES; i++)
		close(encoders->series[i]);
}

void bench_encoders(struct set *set)
{
	struct encoders encoders = { .set = set, .cores = (size_t)sysconf(_SC_NPROCESSORS_ONLN) };

	encoders.pool = pool_create(encoders.cores - 1, NULL);
	encoders.files[0] = memfd_create("work", MFD_CLOEXEC);
	encoders.files[1] = memfd_create("limit", MFD_CLOEXEC);
	encoders.turbo = tjInitCompress();
	encoders.jpeg_bytes = tjBufSize(set->width, set->height, TJSAMP_420);
	encoders.jpeg = malloc(encoders.jpeg_bytes);
	if (encoders.pool == NULL || encoders.turbo == NULL || encoders.jpeg == NULL)
		exit(1);
	rows_against_libraries(&encoders);
	rows_against_opencv(&encoders);
	free(encoders.jpeg);
	tjDestroy(encoders.turbo);
	close(encoders.files[1]);
	close(encoders.files[0]);
	pool_destroy(encoders.pool);
}
