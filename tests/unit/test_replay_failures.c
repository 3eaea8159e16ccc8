/* Pictures that cannot be read, and folders that are not there. */
#include <errno.h>
#include <sys/stat.h>

#include "replay_rig.h"

static void test_broken_pictures_are_passed_over(void **state)
{
	struct camera_params params = params_of(200);

	(void)state;
	write_text("0.jpg", "");
	write_text("1.png", "\x89PNG\r\n\x1a\n and then nothing");
	write_picture("2.png", 32, 24, 50);
	write_text("3.jpg", "\xff\xd8\xff\xe0 broken");
	assert_int_equal(mkdir(path_of("4.png"), 0700), 0);
	assert_int_equal(mkfifo(path_of("5.png"), 0600), 0);
	assert_int_equal(symlink("nowhere", path_of("6.png")), 0);
	write_picture("7.png", 32, 24, 60);
	void *camera = open_and_start(&params);
	assert_int_equal(next_red(camera), 50);
	assert_int_equal(next_red(camera), 60);
	assert_int_equal(next_red(camera), 50);
	assert_int_equal(told, 6);
	replay->stop(camera);
	replay->close(camera);
}

/* The capture thread has more to do than to look for a picture that can be shown. */
static void test_each_call_tries_one_picture(void **state)
{
	enum { BAD = 300 };
	struct camera_params params = params_of(200);
	struct camera_frame frame;
	char name[16];

	(void)state;
	for (int i = 0; i < BAD; i++) {
		snprintf(name, sizeof name, "%03d.jpg", i);
		write_text(name, "broken");
	}
	write_picture("good.png", 32, 24, 50);
	void *camera = open_and_start(&params);
	wait_readable(camera);
	for (int i = 0; i < BAD; i++) {
		struct error error = { 0 };
		snprintf(name, sizeof name, "%03d.jpg", i);
		assert_int_equal(replay->acquire(camera, &frame, &error), CAMERA_ACQUIRED_UNREADABLE);
		assert_non_null(strstr(error.text, name));
	}
	/* From now on they are passed over. */
	for (int i = 0; i < 3; i++)
		assert_int_equal(next_red(camera), 50);
	assert_int_equal(told, 0);
	replay->stop(camera);
	replay->close(camera);
}

static void test_a_bad_picture_is_told_once_however_often_the_folder_is_opened(void **state)
{
	struct camera_params params = params_of(200);

	(void)state;
	write_text("0.jpg", "broken");
	write_picture("1.png", 32, 24, 50);
	for (int i = 0; i < 3; i++) {
		void *camera = open_and_start(&params);
		assert_int_equal(next_red(camera), 50);
		assert_int_equal(next_red(camera), 50);
		replay->stop(camera);
		replay->close(camera);
	}
	assert_int_equal(told, 1);
	assert_non_null(strstr(last_told.text, "0.jpg"));
	write_text("0.jpg", "still broken, in another way");
	void *camera = open_and_start(&params);
	assert_int_equal(next_red(camera), 50);
	assert_int_equal(told, 2);
	replay->stop(camera);
	replay->close(camera);
}

static void test_a_bad_picture_that_was_mended_takes_its_turn(void **state)
{
	struct camera_params params = params_of(200);

	(void)state;
	write_text("0.jpg", "broken");
	write_text("1.png", "still being copied");
	write_picture("2.png", 32, 24, 50);
	void *camera = open_and_start(&params);
	assert_int_equal(next_red(camera), 50);
	write_picture("1.png", 32, 24, 60);
	int rounds = 0;
	while (next_red(camera) != 60)
		assert_true(rounds++ < 10);
	assert_int_equal(next_red(camera), 50);
	assert_int_equal(next_red(camera), 60);
	assert_int_equal(told, 2);
	replay->stop(camera);
	replay->close(camera);
}

static void expect_acquire_fails(void *camera, const char *text)
{
	struct camera_frame frame;
	struct error error = { 0 };

	assert_true(next_answer(camera, &frame, &error) < 0);
	assert_non_null(strstr(error.text, text));
}

static void test_nothing_but_broken_pictures_is_an_error(void **state)
{
	struct camera_params params = params_of(200);

	(void)state;
	write_text("0.jpg", "broken");
	write_text("1.jpg", "broken");
	void *camera = open_and_start(&params);
	expect_acquire_fails(camera, "none of the 2 pictures to replay can be read");
	replay->stop(camera);
	replay->close(camera);
}

static void test_a_vanished_folder_is_an_error_and_can_return(void **state)
{
	struct camera_params params = params_of(200);
	struct camera_description description;
	struct error error = { 0 };
	void *other = NULL;

	(void)state;
	write_picture("0.png", 32, 24, 50);
	void *camera = open_and_start(&params);
	assert_int_equal(next_red(camera), 50);
	assert_int_equal(unlink(path_of("0.png")), 0);
	assert_int_equal(rmdir(folder), 0);
	expect_acquire_fails(camera, "No such file");
	assert_true(replay->open(&params, &other, &description, &error) < 0);
	assert_non_null(strstr(error.text, "camera.replay.path"));
	replay->stop(camera);
	replay->close(camera);
	assert_int_equal(mkdir(folder, 0700), 0);
	write_picture("0.png", 32, 24, 70);
	camera = open_and_start(&params);
	assert_int_equal(next_red(camera), 70);
	replay->stop(camera);
	replay->close(camera);
}

static void expect_refused(const char *path, int code, const char *text)
{
	struct camera_params params = params_of(10);
	struct camera_description description;
	struct error error = { 0 };
	void *camera = NULL;

	params.replay_path = path;
	assert_int_equal(replay->open(&params, &camera, &description, &error), code);
	assert_non_null(strstr(error.text, text));
}

static void test_a_path_that_cannot_work_is_refused(void **state)
{
	(void)state;
	expect_refused("", -EINVAL, "set camera.replay.path");
	expect_refused(NULL, -EINVAL, "set camera.replay.path");
	expect_refused("/nonexistent/folder", -ENODEV, "No such file");
	expect_refused(folder, -ENODEV, "holds no .jpg, .jpeg or .png file");
	write_text("file", "");
	expect_refused(path_of("file"), -ENODEV, "Not a directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_broken_pictures_are_passed_over),
		TEST(test_each_call_tries_one_picture),
		TEST(test_a_bad_picture_is_told_once_however_often_the_folder_is_opened),
		TEST(test_a_bad_picture_that_was_mended_takes_its_turn),
		TEST(test_nothing_but_broken_pictures_is_an_error),
		TEST(test_a_vanished_folder_is_an_error_and_can_return),
		TEST(test_a_path_that_cannot_work_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
