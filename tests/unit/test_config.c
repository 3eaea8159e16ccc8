#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "camera/camera.h"
#include "config/config.h"
#include "config/config_options.h"
#include "detect/night.h"
#include "export/export.h"
#include "media/stack.h"

static struct config config;
static struct config_warnings warnings;
static struct error error;

static int set_up(void **state)
{
	(void)state;
	memset(&warnings, 0, sizeof warnings);
	memset(&error, 0, sizeof error);
	config_defaults(&config);
	return 0;
}

static int parse(const char *text)
{
	return config_parse(&config, text, strlen(text), &warnings, &error);
}

static void assert_refused(const char *text, const char *why)
{
	memset(&error, 0, sizeof error);
	assert_int_equal(parse(text), -EINVAL);
	assert_string_equal(error.text, why);
}

static void test_every_default_is_valid(void **state)
{
	(void)state;
	for (size_t i = 0; i < config_option_count; i++) {
		char assignment[256];
		snprintf(assignment, sizeof assignment, "%s=%s", config_options[i].path, config_options[i].default_text);
		if (config_set(&config, assignment, &error) < 0)
			fail_msg("%s: %s", assignment, error.text);
	}
	assert_int_equal(config_check(&config, &error), 0);
	assert_int_equal(config.camera.width, 1024);
	assert_true(config.camera.framerate == 10.0);
	assert_string_equal(config.export.base_dir, "./captures");
	assert_int_equal(config.network.trigger_port, 9999);
}

static void test_a_path_may_begin_at_home(void **state)
{
	(void)state;
	setenv("HOME", "/home/pi", 1);
	assert_int_equal(parse("{\"export\": {\"base_dir\": \"~/pictures\"}, \"logging\": {\"file\": \"~/log\"}}"), 0);
	assert_string_equal(config.export.base_dir, "/home/pi/pictures");
	assert_string_equal(config.logging.file, "/home/pi/log");
	assert_int_equal(config_set(&config, "export.base_dir=~", &error), 0);
	assert_string_equal(config.export.base_dir, "/home/pi");
	assert_int_equal(config_set(&config, "export.base_dir=/a/~b", &error), 0);
	assert_string_equal(config.export.base_dir, "/a/~b");
	assert_refused("{\"export\": {\"base_dir\": \"~max/pictures\"}}",
	               "export.base_dir is ~max/pictures: write the path in full, as in /home/pi/pictures");
	unsetenv("HOME");
	assert_refused("{\"network\": {\"token_file\": \"~/token\"}}",
	               "network.token_file is ~/token: write the path in full, as in /home/pi/pictures");
	char longest[5000] = "/";
	memset(longest + 1, 'x', sizeof longest - 2);
	setenv("HOME", longest, 1);
	assert_int_equal(config_set(&config, "export.base_dir=~/a", &error), -EINVAL);
	assert_non_null(strstr(error.text, "longer than"));
}

static void assert_choice(const char *assignment, const int *member, int value)
{
	assert_int_equal(config_set(&config, assignment, &error), 0);
	assert_int_equal(*member, value);
}

static void test_a_choice_of_numbers_may_be_a_number(void **state)
{
	(void)state;
	assert_int_equal(parse("{\"camera\": {\"rotation\": 180}}"), 0);
	assert_int_equal(config.camera.rotation, 2);
	assert_refused("{\"camera\": {\"rotation\": 45}}", "camera.rotation must be one of 0|90|180|270, in quotes");
}

static void test_a_zoom_is_four_shares_within_the_picture(void **state)
{
	static const char *const good[] = { "0,0,1,1", "0.25,0.5,0.75,0.5", "0.9,0.9,0.1,0.1", "1e-1,0,.5,1" };
	static const char *const bad[] = { "0,0,1",   "0,0,1,1,1", "0,0,1,1x", "0.6,0,0.5,1",
		                               "0,0,0,1", "-1,0,1,1",  "inf,0,1,1" };
	double roi[4];
	(void)state;
	assert_int_equal(config_roi(&config, roi, &error), 0);
	assert_true(roi[2] == 0);
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		strcpy(config.camera.roi, good[i]);
		assert_int_equal(config_roi(&config, roi, &error), 0);
		assert_true(roi[2] > 0 && roi[3] > 0);
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		strcpy(config.camera.roi, bad[i]);
		assert_int_equal(config_check(&config, &error), -EINVAL);
		assert_non_null(strstr(error.text, "camera.roi"));
	}
}

static void test_choices_are_in_the_order_of_their_enums(void **state)
{
	(void)state;
	assert_choice("camera.backend=libcamera", &config.camera.backend, CAMERA_LIBCAMERA);
	assert_choice("camera.backend=replay", &config.camera.backend, CAMERA_REPLAY);
	assert_choice("camera.backend=synthetic", &config.camera.backend, CAMERA_SYNTHETIC);
	assert_choice("camera.fit=pad", &config.camera.fit, FIT_PAD);
	assert_choice("camera.fit=stretch", &config.camera.fit, FIT_STRETCH);
	assert_choice("camera.rotation=270", &config.camera.rotation, 3);
	assert_choice("camera.awb=incandescent", &config.camera.awb, CAMERA_AWB_INCANDESCENT);
	assert_choice("camera.awb=cloudy", &config.camera.awb, CAMERA_AWB_CLOUDY);
	assert_choice("camera.denoise=high", &config.camera.denoise, CAMERA_DENOISE_HIGH);
	assert_choice("camera.autofocus.mode=auto", &config.camera.focus, CAMERA_FOCUS_AUTO);
	assert_choice("camera.autofocus.mode=manual", &config.camera.focus, CAMERA_FOCUS_MANUAL);
	assert_choice("camera.hdr=single", &config.camera.hdr, CAMERA_HDR_SINGLE);
	assert_choice("camera.hdr=night", &config.camera.hdr, CAMERA_HDR_NIGHT);
	assert_choice("camera.synthetic.format=bgr", &config.camera.synthetic_format, PIXEL_BGR);
	assert_choice("camera.synthetic.format=rgbx", &config.camera.synthetic_format, PIXEL_RGBX);
	assert_choice("camera.synthetic.format=bgrx", &config.camera.synthetic_format, PIXEL_BGRX);
	assert_choice("camera.synthetic.format=nv12", &config.camera.synthetic_format, PIXEL_NV12);
	assert_choice("camera.synthetic.format=yuv420", &config.camera.synthetic_format, PIXEL_YUV420);
	assert_choice("camera.synthetic.format=yuyv", &config.camera.synthetic_format, PIXEL_YUYV);
	assert_choice("night.metric=scene", &config.night.metric, NIGHT_METRIC_SCENE);
	assert_choice("night.metric=mean", &config.night.metric, NIGHT_METRIC_MEAN);
	assert_choice("export.stack_mode=mean", &config.export.stack_mode, STACK_MEAN);
	assert_choice("export.stack_mode=median", &config.export.stack_mode, STACK_MEDIAN);
	assert_choice("export.stack_mode=max", &config.export.stack_mode, STACK_MAX);
	assert_choice("export.formats=jpg", &config.export.formats, EXPORT_JPG);
	assert_choice("export.formats=png,npy", &config.export.formats, EXPORT_PNG | EXPORT_NPY);
	assert_choice("logging.level=ERROR", &config.logging.level, LOG_LEVEL_ERROR);
	assert_choice("logging.level=WARNING", &config.logging.level, LOG_LEVEL_WARNING);
	assert_choice("logging.level=info", &config.logging.level, LOG_LEVEL_INFO);
	assert_choice("logging.level=Debug", &config.logging.level, LOG_LEVEL_DEBUG);
}

static void test_sets_what_the_text_names(void **state)
{
	(void)state;
	assert_int_equal(
	    parse("{\"camera\": {\"width\": 640, \"framerate\": 12.5, \"replay\": {\"path\": \"/x y\"}},"
	          " \"ring\": {\"downscale\": {\"enable\": true}}, \"export\": {\"formats\": [\"PNG\", \"jpg\"]}}"),
	    0);
	assert_int_equal(warnings.count, 0);
	assert_int_equal(config.camera.width, 640);
	assert_int_equal(config.camera.height, 768);
	assert_true(config.camera.framerate == 12.5);
	assert_string_equal(config.camera.replay_path, "/x y");
	assert_true(config.ring.downscale);
	assert_int_equal(config.export.formats, EXPORT_JPG | EXPORT_PNG);
}

static void test_syntax_errors_name_line_and_column(void **state)
{
	(void)state;
	assert_refused("{\n  \"camera\": {\n    \"width\": ,\n  }\n}", "not valid JSON at line 3, column 14");
	assert_refused("", "not valid JSON at line 1, column 1");
	assert_refused("{} x", "not valid JSON at line 1, column 4");
	assert_refused("[]", "the configuration must be one JSON object: { … }");
}

static void test_wrong_values_name_path_value_and_range(void **state)
{
	(void)state;
	assert_refused("{\"camera\": {\"width\": 5}}", "camera.width is 5, but must be from 16 to 8192 pixels");
	assert_refused("{\"camera\": {\"width\": 640.5}}", "camera.width is 640.5, but must be a whole number");
	assert_refused("{\"camera\": {\"width\": 1e999}}", "camera.width is inf, but must be from 16 to 8192 pixels");
	assert_refused("{\"camera\": {\"width\": \"640\"}}", "camera.width must be a number");
	assert_refused("{\"camera\": 7}", "camera must be a section: { … }");
	assert_refused("{\"night\": {\"enable\": 1}}", "night.enable must be true or false");
	assert_refused("{\"export\": {\"base_dir\": 1}}", "export.base_dir must be a text in quotes");
	assert_refused("{\"export\": {\"formats\": [\"gif\"]}}", "export.formats has \"gif\", but takes only jpg|png|npy");
	assert_refused("{\"export\": {\"formats\": []}}",
	               "export.formats is empty, but must have at least one of jpg|png|npy");
	assert_refused("{\"export\": {\"formats\": [1]}}", "export.formats must be a list of words");
	assert_refused("{\"export\": {\"stack_mode\": \"best\"}}",
	               "export.stack_mode is \"best\", but must be one of mean|median|max");
	assert_refused("{\"export\": {\"stack_mode\": 3}}", "export.stack_mode must be one of mean|median|max, in quotes");
}

static void test_text_has_an_end(void **state)
{
	(void)state;
	char text[2 * CONFIG_TEXT_BYTES];
	memset(text, 'x', sizeof text);
	memcpy(text, "camera.id=", 10);
	text[10 + CONFIG_TEXT_BYTES - 1] = '\0';
	assert_int_equal(config_set(&config, text, &error), 0);
	assert_int_equal(strlen(config.camera.id), CONFIG_TEXT_BYTES - 1);
	text[10 + CONFIG_TEXT_BYTES - 1] = 'x';
	text[10 + CONFIG_TEXT_BYTES] = '\0';
	assert_int_equal(config_set(&config, text, &error), -EINVAL);
	assert_string_equal(error.text, "camera.id is longer than 511 bytes");
}

static void test_text_is_one_line(void **state)
{
	(void)state;
	assert_int_equal(config_set(&config, "export.base_dir=/srv/a\nSaved b", &error), -EINVAL);
	assert_string_equal(error.text, "export.base_dir has a control character in it");
	assert_int_equal(parse("{\"camera\": {\"id\": \"a\\u001bb\"}}"), -EINVAL);
	assert_int_equal(config_set(&config, "export.base_dir=/srv/f\xc3\xbcr mich", &error), 0);
}

static void test_unknown_keys_are_warnings_with_the_nearest_known_one(void **state)
{
	(void)state;
	assert_int_equal(parse("{\"camera\": {\"framerat\": 5}, \"nite\": {}}"), 0);
	assert_int_equal(warnings.count, 2);
	assert_string_equal(warnings.text[0],
	                    "unknown key \"camera.framerat\" has no effect; the nearest known one is \"camera.framerate\"");
	assert_non_null(strstr(warnings.text[1], "\"nite\""));
}

static void test_many_unknown_keys_and_long_ones_are_survived(void **state)
{
	(void)state;
	char text[4096] = "{";
	for (int i = 0; i < 40; i++)
		snprintf(text + strlen(text), sizeof text - strlen(text), "\"k%d\": 0, ", i);
	size_t length = strlen(text);
	text[length++] = '"';
	memset(text + length, 'y', 1000);
	strcpy(text + length + 1000, "\": {}}");
	assert_int_equal(parse(text), 0);
	assert_int_equal(warnings.count, 41);
}

static void test_command_line_errors(void **state)
{
	(void)state;
	assert_int_equal(config_set(&config, "camera.widht=5", &error), -EINVAL);
	assert_string_equal(error.text, "unknown key \"camera.widht\"; the nearest known one is \"camera.width\"");
	assert_int_equal(config_set(&config, "camera.width", &error), -EINVAL);
	assert_string_equal(error.text, "-o takes key=value, such as camera.framerate=5, not \"camera.width\"");
	assert_int_equal(config_set(&config, "camera.width=12x", &error), -EINVAL);
	assert_int_equal(config_set(&config, "night.enable=yes", &error), -EINVAL);
}

static void test_values_that_do_not_fit_together(void **state)
{
	(void)state;
	config.night.dark_threshold = 60;
	assert_int_equal(config_check(&config, &error), -EINVAL);
	assert_string_equal(error.text, "night.dark_threshold (60) must be below night.bright_threshold (55)");
	config_defaults(&config);
	config.ring.downscale = true;
	config.ring.downscale_width = 2000;
	assert_int_equal(config_check(&config, &error), -EINVAL);
	config_defaults(&config);
	config.export.base_dir[0] = '\0';
	assert_int_equal(config_check(&config, &error), -EINVAL);
}

static void test_what_is_dumped_reads_back_the_same(void **state)
{
	(void)state;
	char *text = NULL;
	size_t length = 0;
	strcpy(config.camera.id, "quote \" and \\ and ü");
	config.export.formats = EXPORT_PNG | EXPORT_NPY;
	config.night.metric = NIGHT_METRIC_MEAN;
	config.camera.framerate = 7.25;
	struct config before = config;
	FILE *out = open_memstream(&text, &length);
	assert_int_equal(config_dump(&config, out), 0);
	fclose(out);
	config_defaults(&config);
	assert_int_equal(parse(text), 0);
	assert_int_equal(warnings.count, 0);
	assert_memory_equal(&config, &before, sizeof config);
	free(text);
}

static void test_files(void **state)
{
	(void)state;
	char path[] = "/tmp/pastcam-config-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "{\"ring\": {\"size\": 9}}", 21), 21);
	close(fd);
	assert_int_equal(config_load(&config, path, &warnings, &error), 0);
	assert_int_equal(config.ring.size, 9);
	unlink(path);
	assert_int_equal(config_load(&config, path, &warnings, &error), -ENOENT);
	assert_non_null(strstr(error.text, path));
}

static void test_automatic_pictures_have_a_shortest_interval(void **state)
{
	(void)state;
	const char *const refused[] = { "1e-9", "0.05", "0.0999" }, *const taken[] = { "0", "0.1", "900" };
	for (size_t i = 0; i < 3; i++) {
		char text[64];
		snprintf(text, sizeof text, "export.auto_save_interval_s=%s", refused[i]);
		assert_int_equal(config_set(&config, text, &error), 0);
		assert_int_equal(config_check(&config, &error), -EINVAL);
		assert_non_null(strstr(error.text, "must be at least 0.1, or 0 for none"));
		snprintf(text, sizeof text, "export.auto_save_interval_s=%s", taken[i]);
		assert_int_equal(config_set(&config, text, &error), 0);
		assert_int_equal(config_check(&config, &error), 0);
	}
}

static void test_the_schema_names_a_type_for_every_option(void **state)
{
	(void)state;
	char *text = NULL;
	size_t length, types = 0;
	struct config fresh;
	config_defaults(&fresh);
	FILE *out = open_memstream(&text, &length);
	assert_int_equal(config_schema(&fresh, out), 0);
	fclose(out);
	for (const char *at = text; (at = strstr(at, "\"type\":\"")) != NULL; at++)
		types++;
	assert_int_equal(types, config_option_count);
	assert_non_null(strstr(text, "\"path\":\"motion.zones\",\"type\":\"list\""));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_schema_names_a_type_for_every_option),
		cmocka_unit_test_setup(test_every_default_is_valid, set_up),
		cmocka_unit_test_setup(test_a_path_may_begin_at_home, set_up),
		cmocka_unit_test_setup(test_a_choice_of_numbers_may_be_a_number, set_up),
		cmocka_unit_test_setup(test_a_zoom_is_four_shares_within_the_picture, set_up),
		cmocka_unit_test_setup(test_automatic_pictures_have_a_shortest_interval, set_up),
		cmocka_unit_test_setup(test_choices_are_in_the_order_of_their_enums, set_up),
		cmocka_unit_test_setup(test_sets_what_the_text_names, set_up),
		cmocka_unit_test_setup(test_syntax_errors_name_line_and_column, set_up),
		cmocka_unit_test_setup(test_wrong_values_name_path_value_and_range, set_up),
		cmocka_unit_test_setup(test_text_has_an_end, set_up),
		cmocka_unit_test_setup(test_text_is_one_line, set_up),
		cmocka_unit_test_setup(test_unknown_keys_are_warnings_with_the_nearest_known_one, set_up),
		cmocka_unit_test_setup(test_many_unknown_keys_and_long_ones_are_survived, set_up),
		cmocka_unit_test_setup(test_command_line_errors, set_up),
		cmocka_unit_test_setup(test_values_that_do_not_fit_together, set_up),
		cmocka_unit_test_setup(test_what_is_dumped_reads_back_the_same, set_up),
		cmocka_unit_test_setup(test_files, set_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
