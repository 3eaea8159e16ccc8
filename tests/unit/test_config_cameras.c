/* "cameras" in config.json. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config/config.h"

static struct config config;
static struct config_warnings warnings;
static struct error error;

static int load(const char *text, const char *camera)
{
	memset(&warnings, 0, sizeof warnings);
	memset(&error, 0, sizeof error);
	config_defaults(&config);
	snprintf(config.name, sizeof config.name, "%s", camera);
	int result = config_parse(&config, text, strlen(text), &warnings, &error);
	return result < 0 ? result : config_check(&config, &error);
}

static void assert_loads(const char *text, const char *camera)
{
	if (load(text, camera) < 0)
		fail_msg("%s", error.text);
}

static void assert_refused(const char *text, const char *camera, const char *why)
{
	assert_int_equal(load(text, camera), -EINVAL);
	assert_string_equal(error.text, why);
}

static void test_own_sections_override_the_common_ones(void **state)
{
	(void)state;
	static const char text[] = "{\"camera\": {\"backend\": \"synthetic\", \"width\": 640, \"height\": 480},"
	                           "\"cameras\": {\"front\": {\"camera\": {\"width\": 320}}, \"yard\": {}}}";
	assert_loads(text, "front");
	assert_int_equal(config.camera.width, 320);
	assert_int_equal(config.camera.height, 480);
	assert_int_equal(config.cameras.count, 2);
	assert_string_equal(config.cameras.names[0], "front");
	assert_string_equal(config.cameras.names[1], "yard");
	assert_loads(text, "yard");
	assert_int_equal(config.camera.width, 640);
	assert_int_equal(config_cameras_index(&config.cameras, "yard"), 1);
	assert_int_equal(config_cameras_index(&config.cameras, "attic"), -1);
}

static void test_which_camera_must_be_said(void **state)
{
	(void)state;
	static const char two[] = "{\"cameras\": {\"front\": {}, \"yard\": {}}}";
	assert_refused(two, "", "there are several cameras: say which, as in --camera front (front, yard)");
	assert_refused(two, "attic", "there is no camera \"attic\" in the configuration: it has front, yard");
	assert_refused("{}", "front",
	               "the configuration has no \"cameras\": leave --camera front away, or add "
	               "\"cameras\": {\"front\": {}}");
	assert_loads("{}", "");
}

static void test_names_that_are_none(void **state)
{
	(void)state;
	static const char *const bad[] = { "", "a/b", "a b", "..", ".", "-a", "\xc3\xa4", "a.sock" };
	char text[512], long_name[201];
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		snprintf(text, sizeof text, "{\"cameras\": {\"%s\": {}}}", bad[i]);
		assert_int_equal(load(text, ""), -EINVAL);
		assert_non_null(strstr(error.text, "but a name must be 1 to 32 letters"));
	}
	memset(long_name, 'a', 200);
	long_name[200] = '\0';
	snprintf(text, sizeof text, "{\"cameras\": {\"%s\": {}}}", long_name);
	assert_int_equal(load(text, ""), -EINVAL);
	assert_non_null(strstr(error.text, "1 to 32"));
}

static void test_cameras_that_are_none(void **state)
{
	(void)state;
	char text[1024] = "{\"cameras\": {";
	assert_refused("{\"cameras\": 5}", "", "cameras must be a section: { \"front\": { … }, … }");
	assert_refused("{\"cameras\": {}}", "", "cameras is empty: name at least one, or leave it out for a single camera");
	assert_refused("{\"cameras\": {\"a\": 5}}", "", "cameras.a must be a section: { … }");
	assert_refused("{\"cameras\": {\"a\": {}, \"a\": {}}}", "", "cameras has the name \"a\" twice");
	assert_refused("{\"cameras\": {\"a\": {}}, \"cameras\": {\"b\": {}}}", "", "cameras is there twice");
	for (int i = 0; i <= CONFIG_CAMERAS_MAX; i++)
		snprintf(text + strlen(text), sizeof text - strlen(text), "%s\"c%d\": {}", i ? "," : "", i);
	strcat(text, "}}");
	assert_refused(text, "", "cameras has more than 16 of them");
}

static void test_mistakes_name_the_camera(void **state)
{
	(void)state;
	static const char text[] = "{\"camera\": {\"backend\": \"synthetic\", \"heigth\": 1}, \"cameras\":"
	                           "{\"front\": {\"camera\": {\"width\": 1}}, \"yard\": {\"camera\": {\"widht\": 320}}}}";
	assert_refused(text, "front", "cameras.front: camera.width is 1, but must be from 16 to 8192 pixels");
	assert_loads(text, "yard"); /* which does not suffer by the other's */
	assert_int_equal(warnings.count, 2);
	assert_non_null(strstr(warnings.text[0], "unknown key \"camera.heigth\""));
	assert_non_null(strstr(warnings.text[1], "unknown key \"cameras.yard.camera.widht\""));
}

#define SYNTHETIC "\"camera\": {\"backend\": \"synthetic\"}, "

static void test_ports_are_given_or_counted_up(void **state)
{
	(void)state;
	static const char counted[] =
	    "{" SYNTHETIC "\"cameras\": {\"a\": {}, \"b\": {}, \"c\": {\"network\": {\"trigger_port\": 80}}, \"d\": {}}}";
	static const char *const names[] = { "a", "b", "c", "d" };
	static const int ports[] = { 9999, 10000, 80, 10002 };
	for (int i = 0; i < 4; i++) {
		assert_loads(counted, names[i]);
		assert_int_equal(config.network.trigger_port, ports[i]);
	}
	assert_loads("{" SYNTHETIC "\"network\": {\"trigger_port\": 0}, \"cameras\": {\"a\": {}, \"b\": {}}}", "b");
	assert_int_equal(config.network.trigger_port, 0);
}

static void test_a_port_for_two_is_refused(void **state)
{
	(void)state;
	static const char why[] = "the cameras %s and %s both have port 10000: give each a network.trigger_port of its own";
	static const char text[] = "{" SYNTHETIC "\"cameras\": {\"a\": {\"network\": {\"trigger_port\": 10000}}, "
	                           "\"b\": {}, \"c\": {}}}";
	char expected[128];
	snprintf(expected, sizeof expected, why, "a", "b");
	assert_refused(text, "a", expected);
	snprintf(expected, sizeof expected, why, "b", "a");
	assert_refused(text, "b", expected);
	assert_loads(text, "c");
	assert_refused(
	    "{" SYNTHETIC "\"network\": {\"trigger_port\": 65535}, \"cameras\": {\"a\": {}, \"b\": {}}}", "b",
	    "the port of the camera b, counted up from network.trigger_port, is 65536, but must be at most 65535: "
	    "give it one of its own");
}

static void test_a_camera_for_two_is_refused(void **state)
{
	(void)state;
	assert_refused("{\"cameras\": {\"a\": {}, \"b\": {}}}", "a",
	               "the cameras a and b both take the first camera: give each a camera.id of its own");
	assert_refused("{\"camera\": {\"id\": \"imx219\"}, \"cameras\": {\"a\": {}, \"b\": {}}}", "b",
	               "the cameras b and a both take the camera \"imx219\": give each a camera.id of its own");
	assert_loads("{\"cameras\": {\"a\": {\"camera\": {\"id\": \"x\"}}, \"b\": {\"camera\": {\"id\": \"y\"}}}}", "a");
}

static int rss_of(const char *text, const char *camera)
{
	assert_loads(text, camera);
	return config.memory.max_rss_mb;
}

static void test_memory_is_for_all_together(void **state)
{
	(void)state;
	static const char equal[] = "{" SYNTHETIC "\"memory\": {\"max_rss_mb\": 400}, \"cameras\": "
	                            "{\"a\": {}, \"b\": {}, \"c\": {}}}";
	static const char shared[] = "{" SYNTHETIC "\"memory\": {\"max_rss_mb\": 400}, \"cameras\": "
	                             "{\"a\": {\"memory\": {\"share\": 0.5}}, \"b\": {}, \"c\": {}}}";
	static const char own[] = "{" SYNTHETIC "\"memory\": {\"max_rss_mb\": 400}, \"cameras\": "
	                          "{\"a\": {\"memory\": {\"max_rss_mb\": 300}}, \"b\": {}, \"c\": {}}}";
	assert_int_equal(rss_of(equal, "b"), 133);
	assert_true(config.memory.share > 0.333 && config.memory.share < 0.334);
	assert_int_equal(rss_of(shared, "a"), 200);
	assert_int_equal(rss_of(shared, "c"), 100);
	assert_true(config.memory.share == 0.25);
	assert_int_equal(rss_of(own, "a"), 300);
	assert_int_equal(rss_of(own, "b"), 50);
}

static void test_memory_that_does_not_reach(void **state)
{
	(void)state;
	assert_refused("{" SYNTHETIC "\"memory\": {\"max_rss_mb\": 60}, \"cameras\": {\"a\": {}, \"b\": {}}}", "a",
	               "memory.max_rss_mb is 60 MiB for all cameras together, which leaves 30 MiB for a, but it needs at "
	               "least 32: raise it, or change memory.share");
	assert_refused("{" SYNTHETIC "\"memory\": {\"share\": 0.6}, \"cameras\": {\"a\": {}, \"b\": {}}}", "a",
	               "memory.share of all cameras together is 1.2, but must not be more than 1");
	static const char all[] = "{" SYNTHETIC "\"cameras\": {\"a\": {\"memory\": {\"share\": 1}}, \"b\": {}}}";
	assert_loads(all, "a");
	assert_int_equal(config.memory.max_rss_mb, 350);
	assert_int_equal(load(all, "b"), -EINVAL);
	assert_non_null(strstr(error.text, "leaves 0 MiB for b"));
}

static void test_log_files_carry_the_name(void **state)
{
	(void)state;
	static const char text[] = "{" SYNTHETIC "\"logging\": {\"file\": \"/var/lo.g/past\"}, \"cameras\": "
	                           "{\"a\": {\"logging\": {\"file\": \"/x/a.log\"}}, \"b\": {}, \"c\": "
	                           "{\"logging\": {\"file\": \"/x/a.log\"}}, \"d\": {\"logging\": {\"file\": \"\"}}}}";
	assert_loads("{" SYNTHETIC "\"logging\": {\"file\": \"/var/p.log\"}, \"cameras\": {\"a\": {}}}", "a");
	assert_string_equal(config.logging.file, "/var/p-a.log");
	assert_loads(text, "b");
	assert_string_equal(config.logging.file, "/var/lo.g/past-b");
	assert_refused(text, "a", "the cameras a and c both log to /x/a.log: give each a logging.file of its own");
	assert_loads(text, "d");
	assert_string_equal(config.logging.file, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own_sections_override_the_common_ones),
		cmocka_unit_test(test_which_camera_must_be_said),
		cmocka_unit_test(test_names_that_are_none),
		cmocka_unit_test(test_cameras_that_are_none),
		cmocka_unit_test(test_mistakes_name_the_camera),
		cmocka_unit_test(test_ports_are_given_or_counted_up),
		cmocka_unit_test(test_a_port_for_two_is_refused),
		cmocka_unit_test(test_a_camera_for_two_is_refused),
		cmocka_unit_test(test_memory_is_for_all_together),
		cmocka_unit_test(test_memory_that_does_not_reach),
		cmocka_unit_test(test_log_files_carry_the_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
