/* Runs a fuzz target over its corpus, as a plain test:   fuzz_NAME [FOLDER]
 * FOLDER: tests/fuzz/corpus/NAME when not given. Each file goes in whole, and cut off in several places. */
#include <dirent.h>
#include <string.h>

#include "fuzz.h"

enum { FILE_BYTES_MAX = 1 << 20, CUTS = 64 };

static size_t read_whole(const char *path, uint8_t *data)
{
	FILE *file = fopen(path, "rb");
	FUZZ_CHECK(file);
	size_t bytes = fread(data, 1, FILE_BYTES_MAX, file);
	fclose(file);
	return bytes;
}

static void run_exactly(const uint8_t *data, size_t bytes)
{
	/* A block of the very size lets the sanitizers see a byte read past the end. */
	uint8_t *copy = malloc(bytes > 0 ? bytes : 1);
	FUZZ_CHECK(copy);
	memcpy(copy, data, bytes);
	LLVMFuzzerTestOneInput(copy, bytes);
	free(copy);
}

static void run_file(const char *path)
{
	static uint8_t data[FILE_BYTES_MAX];
	size_t bytes = read_whole(path, data);
	size_t step = bytes / CUTS + 1;
	for (size_t cut = 0; cut < bytes; cut += step)
		run_exactly(data, cut);
	run_exactly(data, bytes);
}

int main(int argc, char **argv)
{
	char folder[512];
	const char *name = strrchr(argv[0], '/');
	name = name ? name + 1 : argv[0];
	snprintf(folder, sizeof folder, "tests/fuzz/corpus/%s", strncmp(name, "fuzz_", 5) == 0 ? name + 5 : name);
	DIR *listing = opendir(argc > 1 ? argv[1] : folder);
	if (!listing) {
		perror(argc > 1 ? argv[1] : folder);
		return 1;
	}
	int count = 0;
	for (struct dirent *entry; (entry = readdir(listing));) {
		char path[1024];
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "%s/%s", argc > 1 ? argv[1] : folder, entry->d_name);
		run_file(path);
		printf("ok %d - %s\n", ++count, entry->d_name);
	}
	closedir(listing);
	printf("1..%d\n", count);
	return 0;
}
