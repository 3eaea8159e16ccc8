/* Topics and ids of pastcam-hub: safe whatever names there are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hub/mqtt_topics.h"
#include "hub/rauc.h"

static const struct mqtt_names names = { .node = "pi", .identity = "0123456789ab", .discovery = "homeassistant" };

static void test_plain_names_stay_and_others_stay_apart(void **state)
{
	(void)state;
	char one[64], other[64];
	mqtt_part("front_door-2", one, sizeof one);
	assert_string_equal(one, "front_door-2");
	static const char *const odd[] = { "a b", "a_b", "a/b", "a+b", "a#b", "a.b", "", "\xc3\xa4", "_", "$SYS" };
	for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
		mqtt_part(odd[i], one, sizeof one);
		assert_true(one[0] &&
		            strspn(one, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == strlen(one));
		for (size_t j = 0; j < i; j++) {
			mqtt_part(odd[j], other, sizeof other);
			assert_string_not_equal(one, other);
		}
	}
}

static void test_a_name_that_is_too_long_is_cut_and_stays_apart(void **state)
{
	(void)state;
	char name[200], one[32], other[32];
	memset(name, 'a', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	mqtt_part(name, one, sizeof one);
	assert_true(strlen(one) < sizeof one);
	name[150] = 'b';
	mqtt_part(name, other, sizeof other);
	assert_string_not_equal(one, other);
}

static void test_a_topic_tells_its_camera(void **state)
{
	(void)state;
	char topic[MQTT_TOPIC_BYTES], camera[CAMERA_NAME_BYTES];
	mqtt_topic(&names, "yard", "command", topic);
	assert_string_equal(topic, "pastcam/pi/yard/command");
	assert_true(mqtt_topic_camera(&names, topic, "command", camera));
	assert_string_equal(camera, "yard");
	static const char *const bad[] = {
		"pastcam/pi/command",         "pastcam/pi//command",
		"pastcam/other/yard/command", "",
		"pastcam/pi/yard/command/x",  "pastcam/pi/-x/command",
		"pastcam/pi/a b/command",     "pastcam/pi/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/command"
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(mqtt_topic_camera(&names, bad[i], "command", camera));
	mqtt_topic(&names, "", "status", topic);
	assert_string_equal(topic, "pastcam/pi/status");
}

static void test_a_state_has_all_its_members_whatever_the_status(void **state)
{
	(void)state;
	cJSON *status = cJSON_Parse("{\"night\":{\"level\":3},\"ring\":[1]}");
	char *text = mqtt_state(status);
	assert_string_equal(text,
	                    "{\"camera\":null,\"light\":3,\"night\":null,\"ring_s\":null,\"free_mib\":null,\"rss_mib\":"
	                    "null,\"frame_age_s\":null,\"motion\":\"OFF\"}");
	free(text);
	cJSON_Delete(status);
}

static void test_rauc_tells_what_runs_and_what_starts_next(void **state)
{
	(void)state;
	static const char slots[] =
	    "\"slots\":[{\"rootfs.1\":{\"state\":\"inactive\",\"slot_status\":{\"bundle\":{\"version\":\"1.2\"}}}},"
	    "{\"rootfs.0\":{\"state\":\"booted\",\"slot_status\":{\"bundle\":{\"version\":\"1.1\"}}}}]}";
	char text[512];
	struct rauc_versions versions;
	snprintf(text, sizeof text, "{\"booted\":\"A\",\"boot_primary\":\"rootfs.1\",%s", slots);
	assert_true(rauc_parse(text, &versions));
	assert_string_equal(versions.installed, "1.1");
	assert_string_equal(versions.next, "1.2");
	snprintf(text, sizeof text, "{\"boot_primary\":null,%s", slots);
	assert_true(rauc_parse(text, &versions));
	assert_string_equal(versions.next, "1.1");
	assert_true(rauc_parse("{\"boot_primary\":\"a\",\"slots\":[{\"a\":{\"state\":\"booted\"}}]}", &versions));
	assert_string_equal(versions.next, PASTCAM_VERSION);
	static const char *const nothing[] = { "", "{}", "[]", "{\"slots\":[1,{}]}",
		                                   "{\"slots\":{\"a\":{\"state\":\"booted\"}}}" };
	for (size_t i = 0; i < sizeof nothing / sizeof nothing[0]; i++)
		assert_false(rauc_parse(nothing[i], &versions));
}

/* What rauc 1.8 (Debian 12) and 1.13 (Debian 13) said after a bundle was installed, before the restart. */
static void test_what_real_releases_of_rauc_answer_is_read(void **state)
{
	(void)state;
	static const char bookworm[] =
	    "{\"compatible\":\"pastcam-test\",\"variant\":\"\",\"booted\":\"A\",\"boot_primary\":\"rootfs.1\",\"s"
	    "lots\":[{\"rootfs.1\":{\"class\":\"rootfs\",\"device\":\"/dev/root1\",\"type\":\"raw\",\"bootname\":"
	    "\"B\",\"state\":\"inactive\",\"parent\":null,\"mountpoint\":null,\"boot_status\":\"bad\",\"slot_stat"
	    "us\":{\"bundle\":{\"compatible\":\"pastcam-test\",\"version\":\"2026.11.26\"},\"checksum\":{\"sha256"
	    "\":\"925a1a0ec8cc0d4e7a5f04288a99278008b11e033f6b212cff6987cb7381a722\",\"size\":1000000},\"installe"
	    "d\":{\"timestamp\":\"2026-11-26T21:22:06Z\",\"count\":1},\"activated\":{\"timestamp\":\"2026-11-26T2"
	    "1:22:06Z\",\"count\":1},\"status\":\"ok\"}}},{\"rootfs.0\":{\"class\":\"rootfs\",\"device\":\"/dev/r"
	    "oot0\",\"type\":\"raw\",\"bootname\":\"A\",\"state\":\"booted\",\"parent\":null,\"mountpoint\":null,"
	    "\"boot_status\":\"good\",\"slot_status\":{\"bundle\":{\"compatible\":null}}}}]}";
	static const char trixie[] =
	    "{\"compatible\":\"pastcam-test\",\"variant\":\"\",\"booted\":\"A\",\"boot_primary\":\"rootfs.1\",\"s"
	    "lots\":[{\"rootfs.1\":{\"class\":\"rootfs\",\"device\":\"/dev/root1\",\"type\":\"raw\",\"bootname\":"
	    "\"B\",\"state\":\"inactive\",\"parent\":null,\"mountpoint\":null,\"boot_status\":\"bad\",\"slot_stat"
	    "us\":{\"bundle\":{\"compatible\":\"pastcam-test\",\"version\":\"2026.11.26\",\"hash\":\"d5dfdc08a166"
	    "24bf9f6991d2f95fd2c524f13b868493e862149e5c72ff2abe47\"},\"checksum\":{\"sha256\":\"efeda269f73b9a498"
	    "020a57cf886ecbfc9e64906dbf7706c5d9a990af099afe7\",\"size\":1000000},\"installed\":{\"timestamp\":\"2"
	    "026-11-26T21:31:49Z\",\"count\":1},\"activated\":{\"timestamp\":\"2026-11-26T21:31:49Z\",\"count\":1"
	    "},\"status\":\"ok\"}}},{\"rootfs.0\":{\"class\":\"rootfs\",\"device\":\"/dev/root0\",\"type\":\"raw"
	    "\",\"bootname\":\"A\",\"state\":\"booted\",\"parent\":null,\"mountpoint\":null,\"boot_status\":\"goo"
	    "d\",\"slot_status\":{\"bundle\":{\"compatible\":null}}}}],\"artifact-repositories\":[]}";
	const char *const answers[] = { bookworm, trixie };
	for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
		struct rauc_versions versions;
		assert_true(rauc_parse(answers[i], &versions));
		assert_string_equal(versions.installed, PASTCAM_VERSION);
		assert_string_equal(versions.next, "2026.11.26");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain_names_stay_and_others_stay_apart),
		cmocka_unit_test(test_a_name_that_is_too_long_is_cut_and_stays_apart),
		cmocka_unit_test(test_a_topic_tells_its_camera),
		cmocka_unit_test(test_a_state_has_all_its_members_whatever_the_status),
		cmocka_unit_test(test_rauc_tells_what_runs_and_what_starts_next),
		cmocka_unit_test(test_what_real_releases_of_rauc_answer_is_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
