#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "web/auth.h"
#include "web/captures.h"
#include "web/motion.h"
#include "web/origin.h"
#include "web/routes.h"
#include "web/settings.h"

static void test_a_strangers_name_is_not_ours(void **state)
{
	(void)state;
	static const char *const ours[] = {
		"localhost", "localhost:8080", "127.0.0.1:8080", "192.168.1.5",     "[::1]:8080",    "[fe80::1]",
		"pi",        "pastcam.local",  "PI.LAN:80",      "cam.example.org", "my.pi.example", "a.home.arpa"
	};
	static const char *const others[] = {
		"", "evil.example", "localhost.evil.example", "192.168.1.5.evil.example", "[::1", "[::1]x", ":8080"
	};
	for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
		assert_true(origin_host_is_ours(ours[i], "my.pi.example", "other.example, cam.example.org"));
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		assert_false(origin_host_is_ours(others[i], "pi", ""));
	assert_false(origin_host_is_ours(NULL, "pi", ""));
}

static bool may_write(const char *host, const char *origin, const char *site)
{
	const struct origin_headers headers = { .host = host, .origin = origin, .fetch_site = site };
	return origin_may_write(&headers, "http://ha.example:8123");
}

static void test_only_our_own_page_may_write(void **state)
{
	(void)state;
	assert_true(may_write("pi:8080", NULL, NULL));
	assert_true(may_write("pi:8080", "http://pi:8080", NULL));
	assert_true(may_write("pi:8080", "http://pi:8080", "same-origin"));
	assert_true(may_write("pi:8080", NULL, "none"));
	assert_true(may_write("pi:8080", "http://ha.example:8123", "cross-site"));
	assert_false(may_write("pi:8080", "http://evil.example", NULL));
	assert_false(may_write("pi:8080", "http://pi:8081", NULL));
	assert_false(may_write("pi:8080", "null", NULL));
	assert_false(may_write("pi:8080", NULL, "cross-site"));
	assert_false(may_write("pi:8080", NULL, "same-site"));
	assert_false(may_write(NULL, "http://pi", NULL));
}

static void test_cookies(void **state)
{
	(void)state;
	char value[8];
	assert_true(auth_cookie("a=1; b=2", "b", value, sizeof value));
	assert_string_equal(value, "2");
	assert_true(auth_cookie("b=", "b", value, sizeof value));
	assert_string_equal(value, "");
	assert_true(auth_cookie("bb=1;b=x=y;", "b", value, sizeof value));
	assert_string_equal(value, "x=y");
	assert_false(auth_cookie("b=12345678", "b", value, sizeof value));
	assert_false(auth_cookie("ab=1", "b", value, sizeof value));
	assert_false(auth_cookie("b", "b", value, sizeof value));
	assert_false(auth_cookie("", "b", value, sizeof value));
	assert_false(auth_cookie(NULL, "b", value, sizeof value));
}

static void test_sessions_end_and_make_way(void **state)
{
	(void)state;
	static struct auth auth;
	const struct auth_params params = {
		.token_file = "", .token_option = "x", .view_token_file = "", .session_hours = 1
	};
	char first[AUTH_SESSION_BYTES], text[AUTH_SESSION_BYTES];
	assert_int_equal(auth_init(&auth, &params, NULL), 0);
	assert_int_equal(auth_open_session(&auth, ROLE_VIEW, 1000, first), 0);
	assert_int_equal(auth_by_session(&auth, first, 1001), ROLE_VIEW);
	assert_int_equal(auth_by_session(&auth, "", 1001), ROLE_NONE);
	assert_int_equal(auth_by_session(&auth, "0000", 1001), ROLE_NONE);
	for (int i = 0; i < AUTH_SESSIONS - 1; i++)
		assert_int_equal(auth_open_session(&auth, ROLE_FULL, 2000 + i, text), 0);
	assert_int_equal(auth_by_session(&auth, first, 3000), ROLE_VIEW);
	assert_int_equal(auth_open_session(&auth, ROLE_FULL, 4000, text), 0);
	assert_int_equal(auth_by_session(&auth, first, 4000), ROLE_NONE);
	assert_int_equal(auth_by_session(&auth, text, 4000), ROLE_FULL);
	assert_int_equal(auth_by_session(&auth, text, 4000 + INT64_C(3600000000000)), ROLE_NONE);
	assert_int_equal(auth_open_session(&auth, ROLE_FULL, 5000, text), 0);
	auth_close_session(&auth, text);
	assert_int_equal(auth_by_session(&auth, text, 5001), ROLE_NONE);
}

static void test_a_view_token_alone_is_no_lock(void **state)
{
	(void)state;
	static struct auth auth;
	struct error error = { 0 };
	const struct auth_params params = {
		.token_file = "", .token_option = "web.token_file", .view_token_file = "/x", .session_hours = 1
	};
	assert_int_equal(auth_init(&auth, &params, &error), -EINVAL);
	assert_non_null(strstr(error.text, "web.token_file"));
}

static void test_routes(void **state)
{
	(void)state;
	const char *tail;
	unsigned allowed;
	const struct route *route = routes_find("/at/-5.jpg", METHOD_GET, &tail, &allowed);
	assert_non_null(route);
	assert_string_equal(tail, "-5.jpg");
	assert_null(routes_find("/at/", METHOD_GET, &tail, &allowed));
	assert_int_equal(allowed, 0);
	assert_null(routes_find("/at", METHOD_GET, &tail, &allowed));
	assert_null(routes_find("/api/save", METHOD_GET, &tail, &allowed));
	assert_int_equal(allowed, METHOD_POST);
	assert_null(routes_find("/captures/a.jpg", METHOD_PUT, &tail, &allowed));
	assert_int_equal(allowed, METHOD_GET | METHOD_DELETE);
	assert_non_null(routes_find("/", METHOD_GET, &tail, &allowed));
	assert_non_null(routes_find("/app.js", METHOD_GET, &tail, &allowed));
	assert_null(routes_find("/app.js", METHOD_POST, &tail, &allowed));
	assert_null(routes_find("//", METHOD_GET, &tail, &allowed));
}

static void test_only_looking_needs_no_full_rights(void **state)
{
	(void)state;
	static const char *const writes[] = { "/api/save",    "/api/stack",    "/api/trigger",   "/api/pins",
		                                  "/api/pins/p1", "/api/settings", "/captures/a.jpg" };
	const char *tail;
	unsigned allowed;
	for (size_t i = 0; i < sizeof writes / sizeof writes[0]; i++) {
		for (unsigned method = METHOD_POST; method <= METHOD_DELETE; method *= 2) {
			const struct route *route = routes_find(writes[i], (enum method)method, &tail, &allowed);
			assert_true(!route || route->role == ROLE_FULL);
		}
	}
}

/* --- files --- */

static char folder[64];
static int folder_fd;

static int make_folder(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/pastcam-web-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	folder_fd = open(folder, O_RDONLY | O_DIRECTORY);
	return folder_fd >= 0 ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	static const char *const names[] = { "a.jpg", "link.jpg", "out.jpg", "fifo.jpg", ".a.jpg", "config.json" };
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		unlinkat(folder_fd, names[i], 0);
	unlinkat(folder_fd, "folder.jpg", AT_REMOVEDIR);
	close(folder_fd);
	return rmdir(folder);
}

static void make_file(const char *name)
{
	int fd = openat(folder_fd, name, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	close(fd);
}

static void test_only_regular_files_of_the_folder_are_read(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"",         ".",          "..",     "../a.jpg",    "/etc/passwd", "link.jpg", "out.jpg",
		"fifo.jpg", "folder.jpg", ".a.jpg", "config.json", "none.jpg",    "a.jpg/",   "folder.jpg/../a.jpg"
	};
	make_file("a.jpg");
	make_file(".a.jpg");
	make_file("config.json");
	assert_int_equal(symlinkat("a.jpg", folder_fd, "link.jpg"), 0);
	assert_int_equal(symlinkat("/etc/passwd", folder_fd, "out.jpg"), 0);
	assert_int_equal(mkfifoat(folder_fd, "fifo.jpg", 0600), 0);
	assert_int_equal(mkdirat(folder_fd, "folder.jpg", 0700), 0);
	int fd = captures_open(folder_fd, "a.jpg");
	assert_true(fd >= 0);
	close(fd);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(captures_open(folder_fd, bad[i]), -ENOENT);
}

/* --- settings --- */

static char *change(const char *text, const char *camera, const char *changes, struct error *error)
{
	cJSON *json = cJSON_Parse(changes);
	char *changed = settings_change(text, camera, json, error);
	cJSON_Delete(json);
	return changed;
}

static void test_settings_change_what_they_name_alone(void **state)
{
	(void)state;
	struct error error = { 0 };
	char *changed = change("{\"own\":1,\"night\":{\"gain\":3,\"enable\":true}}", "",
	                       "{\"night.gain\":null,\"ring.downscale.width\":64}", &error);
	cJSON *json = cJSON_Parse(changed);
	assert_non_null(cJSON_GetObjectItem(json, "own"));
	assert_null(cJSON_GetObjectItem(cJSON_GetObjectItem(json, "night"), "gain"));
	assert_non_null(cJSON_GetObjectItem(cJSON_GetObjectItem(json, "night"), "enable"));
	assert_int_equal(
	    cJSON_GetObjectItem(cJSON_GetObjectItem(cJSON_GetObjectItem(json, "ring"), "downscale"), "width")->valueint,
	    64);
	cJSON_Delete(json);
	free(changed);
	assert_null(change("not json", "", "{}", &error));
	assert_non_null(strstr(error.text, "mend it by hand"));
	assert_null(change("{\"night\":5}", "", "{\"night.gain\":2}", &error));
	changed = change("{\"cameras\":{\"front\":{}}}", "front", "{\"night.gain\":2}", &error);
	assert_non_null(strstr(changed, "\"front\""));
	json = cJSON_Parse(changed);
	assert_null(cJSON_GetObjectItem(json, "night"));
	cJSON_Delete(json);
	free(changed);
}

static void test_settings_are_checked_as_pastcam_does(void **state)
{
	(void)state;
	struct error error = { 0 };
	assert_int_equal(settings_check("{}", &error), 0);
	assert_int_equal(settings_check("{\"ring\":{\"size\":5}}", &error), 0);
	assert_int_equal(settings_check("{\"ring\":{\"size\":1}}", &error), -EINVAL);
	assert_non_null(strstr(error.text, "ring.size"));
	assert_int_equal(settings_check("{\"ring\":{\"sise\":5}}", &error), 0); /* a warning when it starts, no more */
	cJSON *json = cJSON_Parse("{\"ring.size\":5,\"night.gain\":null}");
	assert_int_equal(settings_check_names(json, &error), 0);
	cJSON_AddNumberToObject(json, "ring.sise", 5);
	assert_int_equal(settings_check_names(json, &error), -EINVAL);
	assert_non_null(strstr(error.text, "ring.size"));
	cJSON_Delete(json);
	assert_int_equal(settings_check("{\"night\":{\"dark_threshold\":60}}", &error), -EINVAL);
	assert_int_equal(settings_check("{\"cameras\":{\"a\":{},\"b\":{\"ring\":{\"size\":0}}}}", &error), -EINVAL);
}

static void test_zones_that_would_stop_pastcam_are_not_saved(void **state)
{
	(void)state;
	struct error error = { 0 };
	assert_int_equal(
	    settings_check("{\"motion\":{\"zones\":[{\"name\":\"a\",\"polygon\":[[0,0],[1,0],[1,1]]}]}}", &error), 0);
	assert_int_equal(settings_check("{\"motion\":{\"zones\":[{\"name\":\"a\",\"polygon\":[[0,0],[1,0]]}]}}", &error),
	                 -EINVAL);
	assert_int_equal(
	    settings_check("{\"motion\":{\"zones\":[{\"name\":\"a\",\"polygon\":[[0,0],[0.004,0],[0,0.004]]}]}}", &error),
	    -EINVAL);
	assert_non_null(strstr(error.text, "make it larger"));
	assert_int_equal(settings_check("{\"motion\":{\"ignore\":[[[0,0],[1,0],[1,1],[0,1]]]}}", &error), -EINVAL);
	assert_int_equal(settings_check("{\"motion\":{\"scale\":3}}", &error), -EINVAL);
}

static int line_of(const char *body, struct line *line)
{
	struct error error = { 0 };
	cJSON *json = cJSON_Parse(body);
	int result = motion_line(line, json, &error);
	cJSON_Delete(json);
	return result;
}

static void test_motion_is_tried_in_one_line(void **state)
{
	(void)state;
	struct line line;
	assert_int_equal(
	    line_of("{\"zones\":[{\"name\":\"a\", \"polygon\":[[0,0.5]]}],\"min_area\":0.5,\"enable\":true}", &line), 0);
	assert_string_equal(line.text,
	                    "motion try zones=[{\"name\":\"a\",\"polygon\":[[0,0.5]]}] min_area=0.5 enable=true");
	assert_int_equal(line_of("{\"zones\":[{\"name\":\"a b\"}]}", &line), -EINVAL);
	assert_int_equal(line_of("{\"a b\":1}", &line), -EINVAL);
	assert_int_equal(line_of("{\"\":1}", &line), -EINVAL);
	assert_int_equal(line_of("{\"zones\":\"a\\nsave\"}", &line), -EINVAL);
}

static void test_what_was_tried_becomes_json(void **state)
{
	(void)state;
	cJSON *json =
	    motion_parse_reply("TRIED frames=139 seconds=13.8 events=2\n{\"event\":\"motion.start\"}\n{\"at\":-3.5}");
	cJSON *events = cJSON_GetObjectItem(json, "events");
	assert_int_equal(cJSON_GetObjectItem(json, "frames")->valueint, 139);
	assert_int_equal(cJSON_GetArraySize(events), 2);
	assert_non_null(cJSON_GetObjectItem(cJSON_GetArrayItem(events, 1), "at"));
	cJSON_Delete(json);
	json = motion_parse_reply("TRIED frames=0 seconds=0.0 events=0");
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(json, "events")), 0);
	cJSON_Delete(json);
	assert_null(motion_parse_reply("LEVEL=3"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_strangers_name_is_not_ours),
		cmocka_unit_test(test_only_our_own_page_may_write),
		cmocka_unit_test(test_cookies),
		cmocka_unit_test(test_sessions_end_and_make_way),
		cmocka_unit_test(test_a_view_token_alone_is_no_lock),
		cmocka_unit_test(test_routes),
		cmocka_unit_test(test_only_looking_needs_no_full_rights),
		cmocka_unit_test_setup_teardown(test_only_regular_files_of_the_folder_are_read, make_folder, remove_folder),
		cmocka_unit_test(test_settings_change_what_they_name_alone),
		cmocka_unit_test(test_settings_are_checked_as_pastcam_does),
		cmocka_unit_test(test_zones_that_would_stop_pastcam_are_not_saved),
		cmocka_unit_test(test_motion_is_tried_in_one_line),
		cmocka_unit_test(test_what_was_tried_becomes_json),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
