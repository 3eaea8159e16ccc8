#include "service/memory_guard.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/fsio.h"

#define SHRINK_STEP 0.75
enum { EXITS_MAX = 8, FORGET_S = 24 * 3600 };

/* Runs on through restarts of the process, and a reboot empties the folder. */
static int64_t uptime_s(void)
{
	struct timespec now;
	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec;
}

static bool state_path(const char *folder, char path[FSIO_PATH_BYTES])
{
	return folder && snprintf(path, FSIO_PATH_BYTES, "%s/memory-exits", folder) < FSIO_PATH_BYTES;
}

/* Exits in a row, the last of them less than a day ago. */
static int recent_exits(const char *folder)
{
	char path[FSIO_PATH_BYTES], text[64];
	int exits;
	int64_t last_s;
	if (!state_path(folder, path) || fsio_read_small(path, text, sizeof text) <= 0 ||
	    sscanf(text, "%d %" SCNd64, &exits, &last_s) != 2 || exits < 0 || last_s > uptime_s() ||
	    uptime_s() - last_s > FORGET_S)
		return 0;
	return exits < EXITS_MAX ? exits : EXITS_MAX;
}

double memory_guard_shrink(const char *folder)
{
	return pow(SHRINK_STEP, recent_exits(folder));
}

int memory_guard_note_exit(const char *folder)
{
	char path[FSIO_PATH_BYTES], text[64];
	if (!state_path(folder, path))
		return -ENOENT;
	int length = snprintf(text, sizeof text, "%d %" PRId64 "\n", recent_exits(folder) + 1, uptime_s());
	return fsio_replace(path, text, (size_t)length, 0644, NULL);
}

const char *memory_guard_folder(void)
{
	const char *folder = getenv("RUNTIME_DIRECTORY");
	return folder ? folder : getenv("XDG_RUNTIME_DIR");
}
