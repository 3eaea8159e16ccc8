/* How short of memory the machine is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fsio.h"
#include "base/memory.h"
#include "memory_files.h"

/* Reads proc/name; "" where it is hidden (ProcSubset=pid) or not there. */
static void read_file(const char *proc, const char *name, char text[MEMORY_TEXT_BYTES])
{
	char path[FSIO_PATH_BYTES];
	text[0] = '\0';
	if (snprintf(path, sizeof path, "%s/%s", proc, name) < (int)sizeof path)
		fsio_read_small(path, text, MEMORY_TEXT_BYTES);
}

/* The number that follows name at the start of a line; MEMORY_UNKNOWN without it. */
static uint64_t number_after(const char *text, const char *name)
{
	size_t length = strlen(name);
	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, name, length) == 0)
			return strtoull(line + length, NULL, 10);
	}
	return MEMORY_UNKNOWN;
}

static uint64_t times(uint64_t number, uint64_t factor)
{
	return number == MEMORY_UNKNOWN ? MEMORY_UNKNOWN : number * factor;
}

double memory_read_full_avg10(const char *path)
{
	char text[256];
	double percent;
	if (fsio_read_small(path, text, sizeof text) <= 0)
		return -1;
	const char *full = strstr(text, "full ");
	return full && sscanf(full, "full avg10=%lf", &percent) == 1 ? percent : -1;
}

struct memory_pressure memory_pressure_in(const char *proc)
{
	char text[MEMORY_TEXT_BYTES], path[FSIO_PATH_BYTES];
	struct memory_pressure pressure = { .full_avg10 = -1, .swapped = MEMORY_UNKNOWN };
	read_file(proc, "meminfo", text);
	pressure.available = times(number_after(text, "MemAvailable:"), 1024);
	pressure.total = times(number_after(text, "MemTotal:"), 1024);
	read_file(proc, "vmstat", text);
	uint64_t in = number_after(text, "pswpin "), out = number_after(text, "pswpout ");
	if (in != MEMORY_UNKNOWN && out != MEMORY_UNKNOWN)
		pressure.swapped = (in + out) * (uint64_t)sysconf(_SC_PAGESIZE);
	if (snprintf(path, sizeof path, "%s/pressure/memory", proc) < (int)sizeof path)
		pressure.full_avg10 = memory_read_full_avg10(path);
	return pressure;
}

struct memory_pressure memory_pressure(void)
{
	return memory_pressure_in("/proc");
}
