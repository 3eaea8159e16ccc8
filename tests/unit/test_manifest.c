#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/lock.h"
#include "export/export.h"
#include "export/manifest.h"
#include "scratch.h"

enum { FILES = 30 };

static char folder[SCRATCH_BYTES], told[64 * 1024];
static struct manifest manifest;

static int set_up(void **state)
{
	char secret[SIGN_TEXT_BYTES], public[SIGN_TEXT_BYTES], path[SCRATCH_BYTES + 8];
	(void)state;
	scratch_make(folder);
	snprintf(path, sizeof path, "%s/key", folder);
	assert_int_equal(sign_key_make(secret, public), 0);
	int fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, secret, strlen(secret)), strlen(secret));
	close(fd);
	manifest = (struct manifest){ .folder = folder, .camera = "front", .rotate_bytes = 4096 };
	lock_init(&manifest.lock);
	uint8_t read_back[SIGN_PUBLIC_BYTES];
	assert_int_equal(sign_key_load("the key", path, &manifest.key, NULL), 0);
	assert_int_equal(sign_key_read_public(public, read_back), 0);
	assert_memory_equal(read_back, manifest.key.public, sizeof read_back);
	unlink(path);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	scratch_remove(folder);
	pthread_mutex_destroy(&manifest.lock);
	return 0;
}

static void save(int number)
{
	char path[SCRATCH_BYTES + 64];
	struct error error = { 0 };
	snprintf(path, sizeof path, "%s/front_20261121_0614%02d_f%08d.jpg", folder, number % 60, number);
	int fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, &number, sizeof number), sizeof number);
	close(fd);
	assert_int_equal(manifest_saved(&manifest, path, &error), 0);
}

static struct manifest_found verify(void)
{
	struct manifest_found found;
	struct error error = { 0 };
	FILE *out = fmemopen(told, sizeof told, "w");
	assert_int_equal(manifest_verify(folder, manifest.key.public, out, &found, &error), 0);
	fclose(out);
	return found;
}

/* The names of full manifests, in order. */
static int full_ones(char names[FILES][256])
{
	struct dirent **entries;
	int count = 0, all = scandir(folder, &entries, NULL, alphasort);
	for (int i = 0; i < all; i++) {
		const char *name = entries[i]->d_name, *dot = strrchr(name, '.');
		if (dot && strcmp(dot, ".jsonl") == 0 && export_is_own_name(name))
			snprintf(names[count++], 256, "%s", name);
		free(entries[i]);
	}
	free(entries);
	return count;
}

static void test_a_full_manifest_gets_a_name_and_the_next_goes_on(void **state)
{
	char names[FILES][256], path[SCRATCH_BYTES + 256];
	(void)state;
	for (int i = 0; i < FILES; i++)
		save(i);
	int count = full_ones(names);
	assert_true(count >= 2);
	struct manifest_found found = verify();
	assert_int_equal(found.files, FILES);
	assert_int_equal(found.lines + found.missing + found.altered + found.unsigned_files, 0);
	/* Retention deletes the oldest one when what it names is gone; in the midst one is missed. */
	snprintf(path, sizeof path, "%s/%s", folder, names[1]);
	assert_int_equal(unlink(path), 0);
	assert_true(verify().lines > 0);
	assert_non_null(strstr(told, "line 1 is out of order"));
}

static void test_the_oldest_manifest_may_be_gone(void **state)
{
	char names[FILES][256], path[SCRATCH_BYTES + 256];
	(void)state;
	for (int i = 0; i < FILES; i++)
		save(i);
	full_ones(names);
	snprintf(path, sizeof path, "%s/%s", folder, names[0]);
	assert_int_equal(unlink(path), 0);
	struct manifest_found found = verify();
	assert_int_equal(found.lines, 0);
	assert_true(found.unsigned_files > 0 && found.files + found.unsigned_files == FILES);
}

static void test_what_is_deleted_by_retention_is_not_missed(void **state)
{
	char path[SCRATCH_BYTES + 64];
	(void)state;
	save(1);
	save(2);
	assert_int_equal(manifest_deleted(&manifest, "front_20261121_061401_f00000001.jpg", NULL), 0);
	snprintf(path, sizeof path, "%s/front_20261121_061401_f00000001.jpg", folder);
	unlink(path);
	struct manifest_found found = verify();
	assert_int_equal(found.files, 1);
	assert_int_equal(found.lines + found.missing + found.altered + found.unsigned_files, 0);
	snprintf(path, sizeof path, "%s/front_20261121_061402_f00000002.jpg", folder);
	unlink(path);
	assert_int_equal(verify().missing, 1);
}

static void test_a_strange_manifest_is_left_alone_and_told(void **state)
{
	static char junk[8192];
	char path[SCRATCH_BYTES + 64], file[SCRATCH_BYTES + 64];
	struct error error = { 0 };
	(void)state;
	save(1);
	snprintf(file, sizeof file, "%s/front_20261121_061401_f00000001.jpg", folder);
	snprintf(path, sizeof path, "%s/front_manifest.jsonl", folder);
	int fd = open(path, O_WRONLY | O_TRUNC);
	assert_int_equal(write(fd, junk, sizeof junk), sizeof junk);
	close(fd);
	assert_int_equal(manifest_saved(&manifest, file, &error), -EINVAL);
	assert_non_null(strstr(error.text, "move that file away"));
	struct stat status;
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_size, sizeof junk);
}

static void test_a_folder_without_a_manifest_is_told(void **state)
{
	struct manifest_found found;
	struct error error = { 0 };
	(void)state;
	assert_int_equal(manifest_verify(folder, NULL, stdout, &found, &error), -ENOENT);
	assert_non_null(strstr(error.text, "there is no manifest.jsonl"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_a_full_manifest_gets_a_name_and_the_next_goes_on),
		TEST(test_the_oldest_manifest_may_be_gone),
		TEST(test_what_is_deleted_by_retention_is_not_missed),
		TEST(test_a_strange_manifest_is_left_alone_and_told),
		TEST(test_a_folder_without_a_manifest_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
