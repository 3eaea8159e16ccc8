#include "base/memory.h"

#include <link.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "base/fsio.h"

enum { TEXT_BYTES = 8192 };

/* What is known without /proc. */
static uint64_t peak_rss(void)
{
	struct rusage usage;
	return getrusage(RUSAGE_SELF, &usage) < 0 ? 0 : (uint64_t)usage.ru_maxrss * 1024;
}

uint64_t memory_rss(void)
{
	char text[256];
	unsigned long long resident;
	if (fsio_read_small("/proc/self/statm", text, sizeof text) < 0 || sscanf(text, "%*u %llu", &resident) != 1)
		return peak_rss();
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
	return memory_pressure().available;
}

double memory_swap_percent(void)
{
	struct sysinfo system; /* which is there where /proc/meminfo is hidden */
	if (sysinfo(&system) < 0 || system.totalswap == 0)
		return 0;
	return 100.0 * (double)(system.totalswap - system.freeswap) / (double)system.totalswap;
}

void memory_rewrite(void *begin, size_t bytes)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *first = begin, *end = first + bytes;
	for (uint8_t *byte = first; byte < end; byte += page)
		atomic_fetch_or((_Atomic uint8_t *)byte, 0);
	if (bytes > 0)
		atomic_fetch_or((_Atomic uint8_t *)(end - 1), 0);
}

void memory_populate(void *begin, size_t bytes)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	const size_t within = (uintptr_t)begin & (page - 1);
	if (madvise((uint8_t *)begin - within, within + bytes, MADV_POPULATE_WRITE) != 0)
		memory_rewrite(begin, bytes);
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
