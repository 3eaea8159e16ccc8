/* Pictures in files: their content, a folder or a disk that fails, and many at once. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "export_rig.h"
#include "media/decode.h"

#include "export/codec.h"

static uint8_t *read_file(const char *path, size_t *bytes)
{
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &status), 0);
	*bytes = (size_t)status.st_size;
	uint8_t *data = malloc(*bytes);
	assert_non_null(data);
	assert_int_equal(read(fd, data, *bytes), *bytes);
	close(fd);
	return data;
}

static void test_formats_have_names(void **state)
{
	(void)state;
	assert_int_equal(export_format_of("jpg"), EXPORT_JPG);
	assert_int_equal(export_format_of("JPEG"), EXPORT_JPG);
	assert_int_equal(export_format_of("Png"), EXPORT_PNG);
	assert_int_equal(export_format_of("npy"), EXPORT_NPY);
	assert_int_equal(export_format_of("gif"), 0);
	assert_int_equal(export_format_of(""), 0);
	assert_string_equal(export_format_name(EXPORT_JPG), "jpg");
	assert_string_equal(export_format_name(EXPORT_PNG), "png");
	assert_string_equal(export_format_name(EXPORT_NPY), "npy");
}

static void test_png_keeps_every_pixel(void **state)
{
	struct export_result result;
	struct decoded decoded;
	size_t bytes;
	(void)state;

	export_one(&picture, EXPORT_PNG, &result);
	uint8_t *data = read_file(result.paths[0], &bytes);
	assert_int_equal(decode_picture(data, bytes, &decoded, NULL), 0);
	assert_int_equal(decoded.width, WIDTH);
	assert_int_equal(decoded.height, HEIGHT);
	assert_memory_equal(decoded.rgb, rgb, sizeof rgb);
	free(decoded.rgb);
	free(data);
}

static void test_jpg_keeps_its_colours(void **state)
{
	struct export_result result;
	struct decoded decoded;
	size_t bytes;
	(void)state;

	export_one(&picture, EXPORT_JPG, &result);
	uint8_t *data = read_file(result.paths[0], &bytes);
	assert_int_equal(decode_picture(data, bytes, &decoded, NULL), 0);
	for (size_t bar = 0; bar < 3; bar++) {
		const uint8_t *pixel = decoded.rgb + 3 * ((size_t)HEIGHT / 2 * WIDTH + bar * WIDTH / 3 + WIDTH / 6);
		for (size_t i = 0; i < 3; i++)
			assert_true(abs(pixel[i] - (i == bar ? 255 : 0)) <= 8);
	}
	free(decoded.rgb);
	free(data);
}

static void test_npy_is_an_array_of_height_width_three(void **state)
{
	struct export_result result;
	size_t bytes;
	(void)state;

	export_one(&picture, EXPORT_NPY, &result);
	uint8_t *data = read_file(result.paths[0], &bytes);
	assert_memory_equal(data, "\x93NUMPY\x01\x00", 8);
	size_t begin = 10 + data[8] + 256U * data[9];
	assert_int_equal(begin % 64, 0);
	assert_int_equal(data[begin - 1], '\n');
	const char *header = "{'descr': '|u1', 'fortran_order': False, 'shape': (48, 64, 3), }";
	assert_memory_equal(data + 10, header, strlen(header));
	for (size_t i = 10 + strlen(header); i < begin - 1; i++)
		assert_int_equal(data[i], ' ');
	assert_int_equal(bytes, begin + sizeof rgb);
	assert_memory_equal(data + begin, rgb, sizeof rgb);
	free(data);
}

static void test_base_dir_is_created_whenever_it_is_gone(void **state)
{
	char deep[FSIO_PATH_BYTES];
	struct export_result result;
	(void)state;

	assert_true(snprintf(deep, sizeof deep, "%s/deep/er", folder) < (int)sizeof deep);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(export_to(deep, &picture, EXPORT_JPG, &result, NULL), 0);
		assert_int_equal(scratch_count(deep), 1);
		assert_int_equal(unlink(result.paths[0]), 0);
		assert_int_equal(rmdir(deep), 0);
	}
}

static void test_base_dir_that_is_a_file_fails(void **state)
{
	struct export_result result;
	struct error error = { 0 };
	(void)state;

	assert_int_equal(export_to("/dev/null", &picture, EXPORT_JPG, &result, &error), -ENOTDIR);
	assert_int_equal(result.count, 0);
	assert_string_equal(error.text, "cannot create folder /dev/null: Not a directory");
}

/* The largest file that fits is too small for an array, large enough for a JPG. */
static void test_no_room_leaves_no_file_and_tells_what_came_before(void **state)
{
	struct export_result result;
	struct error error = { 0 };
	struct rlimit before, small;
	(void)state;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = (struct rlimit){ sizeof rgb - 1, before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	int code = export_to(folder, &picture, EXPORT_JPG | EXPORT_NPY, &result, &error);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(code, -EFBIG);
	assert_int_equal(result.count, 1);
	assert_name(&result, 0, "20261121_061401_f00000042.jpg");
	assert_non_null(strstr(error.text, "cannot write in "));
	assert_non_null(strstr(error.text, folder));
	assert_int_equal(scratch_count(folder), 1);
}

static void test_codecs_report_a_full_disk(void **state)
{
	static const struct codec *const codecs[] = { &codec_jpg, &codec_png, &codec_npy };
	const struct export_params params = { .base_dir = folder, .jpg_quality = 95 };
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	(void)state;

	assert_true(full >= 0);
	for (size_t i = 0; i < EXPORT_FORMAT_COUNT; i++) {
		struct error error = { 0 };
		assert_int_equal(codecs[i]->write(&params, NULL, &picture, &(struct sink){ .fd = full }, &error), -ENOSPC);
		assert_int_equal(error.code, -ENOSPC);
	}
	close(full);
}

static void test_a_size_that_jpg_cannot_have_is_refused(void **state)
{
	struct picture wide = picture;
	struct export_result result;
	struct error error = { 0 };
	uint8_t *pixels = calloc(70000, 3);
	(void)state;

	assert_non_null(pixels);
	wide.rgb = pixels;
	wide.width = 70000;
	wide.height = 1;
	assert_int_equal(export_to(folder, &wide, EXPORT_JPG, &result, &error), -EINVAL);
	assert_non_null(strstr(error.text, "cannot make the jpg file: "));
	assert_int_equal(scratch_count(folder), 0);
	free(pixels);
}

enum { THREADS = 4, ROUNDS = 10 };

struct exporter {
	pthread_t thread;
	struct pool *pool;
	int failed;
};

static void *export_often(void *data)
{
	struct exporter *exporter = data;
	const struct export_params params = { .base_dir = folder, .jpg_quality = 95 };
	struct export_result result;

	for (int i = 0; i < ROUNDS; i++)
		exporter->failed += export_picture(&params, exporter->pool, &picture, ALL, &result, NULL) < 0;
	return NULL;
}

/* All of one frame in one second, so that all want the same names. */
static void test_many_at_once(void **state)
{
	struct exporter exporter[THREADS];
	struct pool *pool = pool_create(1, NULL);
	char path[FSIO_PATH_BYTES], name[FSIO_NAME_BYTES];
	struct decoded decoded;
	size_t bytes;
	(void)state;

	assert_non_null(pool);
	for (int i = 0; i < THREADS; i++) {
		exporter[i] = (struct exporter){ .pool = pool };
		assert_int_equal(pthread_create(&exporter[i].thread, NULL, export_often, &exporter[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(exporter[i].thread, NULL), 0);
		assert_int_equal(exporter[i].failed, 0);
	}
	pool_destroy(pool);
	assert_int_equal(scratch_count(folder), THREADS * ROUNDS * EXPORT_FORMAT_COUNT);
	DIR *listing = opendir(folder);
	for (struct dirent *entry = readdir(listing); entry != NULL; entry = readdir(listing)) {
		if (strstr(entry->d_name, ".png") == NULL && strstr(entry->d_name, ".jpg") == NULL)
			continue;
		assert_true(snprintf(name, sizeof name, "%s", entry->d_name) < (int)sizeof name);
		assert_true(export_is_own_name(name));
		assert_true(snprintf(path, sizeof path, "%s/%s", folder, name) < (int)sizeof path);
		uint8_t *data = read_file(path, &bytes);
		assert_int_equal(decode_picture(data, bytes, &decoded, NULL), 0);
		free(decoded.rgb);
		free(data);
	}
	closedir(listing);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_formats_have_names),
		TEST(test_png_keeps_every_pixel),
		TEST(test_jpg_keeps_its_colours),
		TEST(test_npy_is_an_array_of_height_width_three),
		TEST(test_base_dir_is_created_whenever_it_is_gone),
		TEST(test_base_dir_that_is_a_file_fails),
		TEST(test_no_room_leaves_no_file_and_tells_what_came_before),
		TEST(test_codecs_report_a_full_disk),
		TEST(test_a_size_that_jpg_cannot_have_is_refused),
		TEST(test_many_at_once),
	};
	setenv("TZ", "XYZ-5:30", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
