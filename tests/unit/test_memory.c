#include "base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory_files.h"
#include "scratch.h"

enum { MIB = 1 << 20 };

static void test_parts_add_up(void **state)
{
	(void)state;
	struct memory_parts parts = memory_parts();
	uint64_t sum = parts.files + parts.shared + parts.anonymous, rss = memory_rss();
	assert_true(parts.files > 0 && parts.anonymous > 0);
	assert_true(sum < rss + MIB && rss < sum + MIB);
}

static void test_written_memory_counts(void **state)
{
	(void)state;
	enum { BYTES = 16 * MIB };
	uint64_t before = memory_rss();
	void *block = malloc(BYTES);
	assert_non_null(block);
	memset(block, 1, BYTES);
	assert_true(memory_rss() >= before + BYTES - MIB);
	free(block);
}

static void test_populated_memory_is_resident_and_keeps_its_content(void **state)
{
	(void)state;
	enum { BYTES = 16 * MIB };
	uint8_t *block = malloc(BYTES);
	assert_non_null(block);
	block[1] = 7;
	block[BYTES - 1] = 8;
	uint64_t before = memory_rss();
	memory_populate(block + 1, BYTES - 1);
	assert_true(memory_rss() >= before + BYTES - MIB);
	memory_rewrite(block + 1, BYTES - 1);
	assert_int_equal(block[1], 7);
	assert_int_equal(block[BYTES - 1], 8);
	free(block);
}

static void test_released_code_comes_back_when_used(void **state)
{
	(void)state;
	uint64_t before = memory_parts().files;
	memory_release_code();
	assert_true(memory_parts().files < before);
	assert_true(memory_available() > 0);
	memory_release_code();
	assert_true(memory_rss() > 0);
}

/* Files of a made-up /proc and /sys/fs/cgroup. */
static char folder[SCRATCH_BYTES];

static int make_folder(void **state)
{
	(void)state;
	scratch_make(folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	scratch_remove(folder);
	return 0;
}

static const char *in_folder(const char *name)
{
	static char path[SCRATCH_BYTES + 128];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

static void put(const char *name, const char *text)
{
	char path[SCRATCH_BYTES + 128];
	snprintf(path, sizeof path, "%s", in_folder(name));
	for (char *slash = strchr(path + strlen(folder) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void expect_cgroup(uint64_t limit_mib, uint64_t used_mib)
{
	char membership[SCRATCH_BYTES + 128];
	snprintf(membership, sizeof membership, "%s", in_folder("self"));
	struct memory_cgroup cgroup = memory_cgroup_in(membership, folder);
	assert_int_equal(cgroup.limit / MIB, limit_mib);
	assert_int_equal(cgroup.used / MIB, used_mib);
}

static void test_page_cache_of_a_cgroup_is_not_used_up(void **state)
{
	(void)state;
	put("self", "0::/system.slice/pastcam.service\n");
	put("system.slice/pastcam.service/memory.max", "536870912\n");
	put("system.slice/pastcam.service/memory.current", "530579456\n"); /* 506 MiB */
	put("system.slice/pastcam.service/memory.stat",
	    "anon 20971520\nfile 503316480\nactive_file 20971520\ninactive_file 471859200\nslab_reclaimable 5242880\n");
	expect_cgroup(512, 506 - 450 - 10 - 5);
}

static void test_version_1_counts_what_is_below_too(void **state)
{
	(void)state;
	put("self", "12:cpu,memory:/docker/abc\n1:name=systemd:/x\n0::/\n");
	put("memory/docker/abc/memory.limit_in_bytes", "536870912\n");
	put("memory/docker/abc/memory.usage_in_bytes", "530579456\n");
	put("memory/docker/abc/memory.stat", "inactive_file 1048576\ntotal_inactive_file 471859200\ntotal_active_file 0\n");
	put("memory/memory.limit_in_bytes", "9223372036854771712\n");
	expect_cgroup(512, 506 - 450);
}

static void test_the_parent_that_leaves_least_counts_without_its_page_cache(void **state)
{
	(void)state;
	put("self", "0::/a/b\n");
	put("a/b/memory.max", "1073741824\n");
	put("a/b/memory.current", "104857600\n");
	put("a/memory.max", "max\n");
	put("a/memory.high", "419430400\n"); /* 400 MiB, from which on it is slowed down */
	put("a/memory.current", "408944640\n");
	put("a/memory.stat", "inactive_file 104857600\n");
	put("a/memory.pressure",
	    "some avg10=9.00 avg60=1.00 avg300=0.00 total=1\nfull avg10=7.50 avg60=0 avg300=0 total=1\n");
	expect_cgroup(400, 290);
	char membership[SCRATCH_BYTES + 128];
	snprintf(membership, sizeof membership, "%s", in_folder("self"));
	assert_true(memory_cgroup_in(membership, folder).full_avg10 == 7.5);
}

static void test_a_cgroup_whose_path_is_not_here_is_looked_for_above(void **state)
{
	(void)state;
	put("self", "4:memory:/docker/abc\n"); /* in a container that sees its own group as the root */
	put("memory/memory.limit_in_bytes", "209715200\n");
	put("memory/memory.usage_in_bytes", "10485760\n");
	expect_cgroup(200, 10);
	put("self", "0::/\n");
	assert_true(memory_cgroup_in(in_folder("self"), folder).limit == UINT64_MAX);
	assert_true(memory_cgroup_in("/nowhere", folder).limit == UINT64_MAX);
}

static void test_pressure_is_read_from_three_files(void **state)
{
	(void)state;
	put("meminfo", "MemTotal:         524288 kB\nMemFree:  100 kB\nMemAvailable:     262144 kB\nSwapTotal: 8 kB\n");
	put("vmstat", "nr_free_pages 1\npswpin 3\npswpout 5\npgmajfault 1\n");
	put("pressure/memory",
	    "some avg10=12.00 avg60=1.00 avg300=0.00 total=1\nfull avg10=3.25 avg60=0 avg300=0 total=1\n");
	struct memory_pressure pressure = memory_pressure_in(folder);
	assert_int_equal(pressure.available / MIB, 256);
	assert_int_equal(pressure.total / MIB, 512);
	assert_int_equal(pressure.swapped, 8 * sysconf(_SC_PAGESIZE));
	assert_true(pressure.full_avg10 == 3.25);
}

static void test_unknown_is_not_zero(void **state)
{
	(void)state;
	struct memory_pressure pressure = memory_pressure_in(in_folder("hidden"));
	assert_true(pressure.available == MEMORY_UNKNOWN && pressure.total == MEMORY_UNKNOWN);
	assert_true(pressure.swapped == MEMORY_UNKNOWN && pressure.full_avg10 == -1);
	put("meminfo", "MemTotal: 524288 kB\n"); /* before Linux 3.14 */
	pressure = memory_pressure_in(folder);
	assert_true(pressure.available == MEMORY_UNKNOWN && pressure.total != MEMORY_UNKNOWN);
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts_add_up),
		cmocka_unit_test(test_written_memory_counts),
		cmocka_unit_test(test_populated_memory_is_resident_and_keeps_its_content),
		cmocka_unit_test(test_released_code_comes_back_when_used),
		IN_FOLDER(test_page_cache_of_a_cgroup_is_not_used_up),
		IN_FOLDER(test_version_1_counts_what_is_below_too),
		IN_FOLDER(test_the_parent_that_leaves_least_counts_without_its_page_cache),
		IN_FOLDER(test_a_cgroup_whose_path_is_not_here_is_looked_for_above),
		IN_FOLDER(test_pressure_is_read_from_three_files),
		IN_FOLDER(test_unknown_is_not_zero),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
