#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "export/clip_writer.h"
#include "export/export.h"
#include "export/seal.h"
#include "scratch.h"

enum { FRAMES = 40, PACKET_BYTES = 2000 };
#define MS INT64_C(1000000)

static char folder[SCRATCH_BYTES];
static struct seal_recipients recipients;
static struct clip_recovered last;
static struct error last_error;
static int told_count;

static int make_scratch(void **state)
{
	(void)state;
	scratch_make(folder);
	told_count = 0;
	recipients.count = 0;
	return 0;
}

static int remove_scratch(void **state)
{
	(void)state;
	scratch_remove(folder);
	return 0;
}

static struct clip_writer *new_writer(struct error *error)
{
	const struct clip_params params = { .base_dir = folder,
		                                .camera = "",
		                                .wall_ns = INT64_C(1800000000) * 1000 * MS,
		                                .frame_id = 77,
		                                .seal = &recipients,
		                                .video = { .format = { .codec = VIDEO_MJPEG, .width = 64, .height = 48 } } };
	return clip_writer_open(&params, error);
}

static int add(struct clip_writer *writer, int i, struct error *error)
{
	uint8_t bytes[PACKET_BYTES];
	memset(bytes, i, sizeof bytes);
	const struct packet packet = { .data = bytes,
		                           .bytes = sizeof bytes,
		                           .key = true,
		                           .frame = { .id = (uint64_t)i + 1, .timestamp_ns = (i + 1) * 100 * MS } };
	return clip_writer_add(writer, &packet, error);
}

static void add_row(struct clip_writer *writer, int count)
{
	struct error error = { 0 };
	for (int i = 0; i < count; i++)
		assert_int_equal(add(writer, i, &error), 0);
}

static void note_recovered(void *data, const struct clip_recovered *recovered, const struct error *error)
{
	(void)data;
	last = *recovered;
	last_error = *error;
	told_count++;
}

static void test_a_clip_gets_its_name_when_it_is_whole(void **state)
{
	(void)state;
	struct error error = { 0 };
	struct clip_result result;
	struct clip_writer *writer = new_writer(&error);
	assert_non_null(writer);
	add_row(writer, FRAMES);
	assert_int_equal(scratch_count(folder), 1);
	assert_int_equal(clip_writer_finish(writer, 0, &result, &error), 0);
	assert_int_equal(scratch_count(folder), 1);
	assert_int_equal(result.frames, FRAMES);
	assert_true(export_is_own_name(strrchr(result.path, '/') + 1));
	assert_non_null(strstr(result.path, "_f00000077.mp4"));
	struct stat status;
	assert_int_equal(stat(result.path, &status), 0);
	assert_int_equal(status.st_size, result.bytes);
}

static void test_a_clip_that_is_given_up_leaves_nothing(void **state)
{
	(void)state;
	struct error error = { 0 };
	struct clip_result result;
	struct clip_writer *writer = new_writer(&error);
	add_row(writer, FRAMES);
	clip_writer_abort(writer);
	clip_writer_abort(NULL);
	assert_int_equal(scratch_count(folder), 0);
	writer = new_writer(&error);
	assert_int_equal(clip_writer_finish(writer, 0, &result, &error), -ENODATA);
	assert_int_equal(scratch_count(folder), 0);
}

/* A process that dies drops the file and its lock, as a power cut does. */
static void leave_unfinished(int frames)
{
	pid_t child = fork();
	if (child == 0) {
		struct error error = { 0 };
		struct clip_writer *writer = new_writer(&error);
		for (int i = 0; writer && i < frames; i++)
			add(writer, i, &error);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(child, NULL, 0), child);
}

static void test_what_a_dead_process_left_is_finished(void **state)
{
	(void)state;
	leave_unfinished(FRAMES);
	assert_int_equal(clip_recover(folder, note_recovered, NULL), 1);
	assert_int_equal(told_count, 1);
	assert_int_equal(last_error.code, 0);
	assert_non_null(strstr(last.result.path, "_f00000077-recovered.mp4"));
	assert_true(export_is_own_name(strrchr(last.result.path, '/') + 1));
	assert_true(last.result.frames >= FRAMES - 9 && last.seconds > 3.0);
	assert_int_equal(scratch_count(folder), 1);
	assert_int_equal(clip_recover(folder, note_recovered, NULL), 0);
	assert_int_equal(told_count, 1);
}

static void seal_for_somebody(void)
{
	char recipient[SEAL_KEY_TEXT_BYTES], identity[SEAL_KEY_TEXT_BYTES];
	assert_int_equal(seal_make_pair(recipient, identity), 0);
	assert_int_equal(seal_add_key(&recipients, recipient, NULL), 0);
}

static void test_a_sealed_clip_tells_its_frames_and_bears_no_plain_byte(void **state)
{
	(void)state;
	struct error error = { 0 };
	struct clip_result result;
	static char bytes[FRAMES * PACKET_BYTES * 2];
	seal_for_somebody();
	struct clip_writer *writer = new_writer(&error);
	add_row(writer, FRAMES);
	assert_int_equal(clip_writer_finish(writer, 0, &result, &error), 0);
	assert_int_equal(result.frames, FRAMES);
	assert_non_null(strstr(result.path, "_f00000077.mp4.age"));
	assert_true(export_is_own_name(strrchr(result.path, '/') + 1));
	int fd = open(result.path, O_RDONLY);
	ssize_t count = read(fd, bytes, sizeof bytes);
	close(fd);
	assert_true(count == result.bytes && count > FRAMES * PACKET_BYTES);
	assert_null(memmem(bytes, (size_t)count, "ftypisom", 8));
	assert_null(memmem(bytes, (size_t)count, (const char[16]){ 0 }, 16));
}

static void test_what_a_dead_process_left_sealed_is_named(void **state)
{
	(void)state;
	seal_for_somebody();
	leave_unfinished(2 * FRAMES);
	recipients.count = 0; /* the key is not needed, and may be another by then */
	assert_int_equal(clip_recover(folder, note_recovered, NULL), 1);
	assert_int_equal(last_error.code, 0);
	assert_true(last.sealed && last.result.bytes > 65536);
	assert_non_null(strstr(last.result.path, "_f00000077-recovered.mp4.age"));
	assert_true(export_is_own_name(strrchr(last.result.path, '/') + 1));
	assert_int_equal(scratch_count(folder), 1);
}

static void test_a_sealed_leftover_without_a_whole_chunk_is_removed(void **state)
{
	(void)state;
	seal_for_somebody();
	leave_unfinished(FRAMES / 2);
	assert_int_equal(scratch_count(folder), 1);
	assert_int_equal(clip_recover(folder, note_recovered, NULL), 0);
	assert_int_equal(last_error.code, -EINVAL);
	assert_int_equal(scratch_count(folder), 0);
}

static void test_a_leftover_without_a_whole_second_is_removed(void **state)
{
	(void)state;
	leave_unfinished(2);
	assert_int_equal(scratch_count(folder), 1);
	assert_int_equal(clip_recover(folder, note_recovered, NULL), 0);
	assert_int_equal(told_count, 1);
	assert_int_equal(last_error.code, -EINVAL);
	assert_int_equal(scratch_count(folder), 0);
}

static void test_a_clip_under_way_is_left_alone(void **state)
{
	(void)state;
	struct error error = { 0 };
	struct clip_writer *writer = new_writer(&error);
	add_row(writer, FRAMES);
	assert_int_equal(clip_recover(folder, note_recovered, NULL), 0);
	assert_int_equal(told_count, 0);
	struct clip_result result;
	assert_int_equal(clip_writer_finish(writer, 0, &result, &error), 0);
}

static void test_a_folder_that_is_not_there_is_an_error(void **state)
{
	(void)state;
	assert_int_equal(clip_recover("/nowhere/at/all", note_recovered, NULL), -ENOENT);
	assert_int_equal(told_count, 0);
}

/* A limit on the size of files stands for the full disk. */
static void test_on_a_full_disk_what_is_whole_becomes_a_clip(void **state)
{
	(void)state;
	struct error error = { 0 };
	struct clip_result result;
	struct rlimit before, tight = { .rlim_cur = 50000, .rlim_max = RLIM_INFINITY };
	getrlimit(RLIMIT_FSIZE, &before);
	tight.rlim_max = before.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	struct clip_writer *writer = new_writer(&error);
	setrlimit(RLIMIT_FSIZE, &tight);
	int code = 0;
	for (int i = 0; i < FRAMES && code == 0; i++)
		code = add(writer, i, &error);
	int finished = clip_writer_finish(writer, 0, &result, &error);
	setrlimit(RLIMIT_FSIZE, &before);
	assert_true(code < 0);
	assert_int_equal(finished, 0);
	assert_true(result.frames >= 8 && result.frames < FRAMES && result.bytes <= 50000);
}

int main(void)
{
#define WITH_SCRATCH(test) cmocka_unit_test_setup_teardown(test, make_scratch, remove_scratch)
	const struct CMUnitTest tests[] = {
		WITH_SCRATCH(test_a_clip_gets_its_name_when_it_is_whole),
		WITH_SCRATCH(test_a_clip_that_is_given_up_leaves_nothing),
		WITH_SCRATCH(test_what_a_dead_process_left_is_finished),
		WITH_SCRATCH(test_a_sealed_clip_tells_its_frames_and_bears_no_plain_byte),
		WITH_SCRATCH(test_what_a_dead_process_left_sealed_is_named),
		WITH_SCRATCH(test_a_sealed_leftover_without_a_whole_chunk_is_removed),
		WITH_SCRATCH(test_a_leftover_without_a_whole_second_is_removed),
		WITH_SCRATCH(test_a_clip_under_way_is_left_alone),
		WITH_SCRATCH(test_a_folder_that_is_not_there_is_an_error),
		WITH_SCRATCH(test_on_a_full_disk_what_is_whole_becomes_a_clip),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
