#include "base/memory.h"

#include <link.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fsio.h"

enum { TEXT_BYTES = 8192 };

uint64_t memory_rss(void)
{
	char text[256];
	unsigned long long resident;
	if (fsio_read_small("/proc/self/statm", text, sizeof text) < 0 || sscanf(text, "%*u %llu", &resident) != 1)
		return 0;
	return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* The value of a line `Name:   123 kB` in bytes. */
static uint64_t line_bytes(const char *text, const char *name)
{
	const char *line = strstr(text, name);
	return line ? strtoull(line + strlen(name), NULL, 10) * 1024 : 0;
}

struct memory_parts memory_parts(void)
{
	char text[TEXT_BYTES];
	struct mallinfo2 heap = mallinfo2();
	struct memory_parts parts = { .heap = heap.arena + heap.hblkhd };
	if (fsio_read_small("/proc/self/status", text, sizeof text) > 0) {
		parts.files = line_bytes(text, "\nRssFile:");
		parts.shared = line_bytes(text, "\nRssShmem:");
		parts.anonymous = line_bytes(text, "\nRssAnon:");
	}
	return parts;
}

uint64_t memory_available(void)
{
	char text[TEXT_BYTES];
	return fsio_read_small("/proc/meminfo", text, sizeof text) < 0 ? 0 : line_bytes(text, "\nMemAvailable:");
}

double memory_swap_percent(void)
{
	char text[TEXT_BYTES];
	if (fsio_read_small("/proc/meminfo", text, sizeof text) < 0)
		return 0;
	uint64_t total = line_bytes(text, "\nSwapTotal:"), unused = line_bytes(text, "\nSwapFree:");
	return total ? 100.0 * (double)(total - unused) / (double)total : 0;
}

static bool read_bytes(const char *folder, const char *name, uint64_t *bytes)
{
	char path[FSIO_PATH_BYTES], text[64];
	if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path ||
	    fsio_read_small(path, text, sizeof text) <= 0)
		return false;
	char *end;
	*bytes = strtoull(text, &end, 10);
	return end != text; /* "max" is no number: no limit */
}

/* Takes over the limits of one cgroup and all above it, where one leaves less room than what is known so far. */
static void narrow(struct memory_cgroup *least, const char *mount, char *group, const char *limit_name,
                   const char *used_name)
{
	for (;;) {
		char folder[FSIO_PATH_BYTES];
		uint64_t limit, used = 0;
		if (snprintf(folder, sizeof folder, "%s%s", mount, group) < (int)sizeof folder &&
		    read_bytes(folder, limit_name, &limit) && limit < (uint64_t)1 << 60) {
			read_bytes(folder, used_name, &used);
			uint64_t room = limit > used ? limit - used : 0;
			if (least->limit == UINT64_MAX || room < least->limit - least->used)
				*least = (struct memory_cgroup){ .limit = limit, .used = used < limit ? used : limit };
		}
		char *slash = strrchr(group, '/');
		if (!slash)
			return;
		*slash = '\0';
	}
}

/* Where controller ("" for v2) puts this process, out of /proc/self/cgroup's lines `id:controllers:path`. */
static bool group_of(const char *controller, char *group, size_t bytes)
{
	char text[TEXT_BYTES];
	if (fsio_read_small("/proc/self/cgroup", text, sizeof text) < 0)
		return false;
	char *rest = text, *line;
	while ((line = strsep(&rest, "\n")) != NULL) {
		char *controllers = strchr(line, ':');
		char *path = controllers ? strchr(controllers + 1, ':') : NULL;
		if (!path)
			continue;
		*path++ = '\0';
		if (strcmp(controllers + 1, controller) == 0)
			return snprintf(group, bytes, "%s", strcmp(path, "/") == 0 ? "" : path) < (int)bytes;
	}
	return false;
}

struct memory_cgroup memory_cgroup(void)
{
	struct memory_cgroup least = { .limit = UINT64_MAX };
	char group[FSIO_PATH_BYTES];
	if (group_of("", group, sizeof group))
		narrow(&least, "/sys/fs/cgroup", group, "memory.max", "memory.current");
	if (group_of("memory", group, sizeof group))
		narrow(&least, "/sys/fs/cgroup/memory", group, "memory.limit_in_bytes", "memory.usage_in_bytes");
	return least;
}

static int release_object(struct dl_phdr_info *object, size_t bytes, void *page_bytes)
{
	(void)bytes;
	const uintptr_t page = *(const uintptr_t *)page_bytes;
	for (int i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
		if (segment->p_type != PT_LOAD || (segment->p_flags & PF_W))
			continue;
		uintptr_t begin = (object->dlpi_addr + segment->p_vaddr) / page * page;
		uintptr_t end = object->dlpi_addr + segment->p_vaddr + segment->p_memsz;
		madvise((void *)begin, end - begin, MADV_DONTNEED); /* refused, they just stay */
	}
	return 0;
}

void memory_release_code(void)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	dl_iterate_phdr(release_object, &page);
}
