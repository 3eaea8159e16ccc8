/* How memory's files are read; with paths, for tests. Private to src/base. */
#ifndef PASTCAM_BASE_MEMORY_FILES_H
#define PASTCAM_BASE_MEMORY_FILES_H

#include "base/memory.h"

enum { MEMORY_TEXT_BYTES = 16384 };

/* Of a file in the format of PSI (/proc/pressure/memory, memory.pressure): the "full" line's avg10, percent. -1: there
 * is none. */
double memory_read_full_avg10(const char *path);

/* membership: /proc/self/cgroup; mount: /sys/fs/cgroup. */
struct memory_cgroup memory_cgroup_in(const char *membership, const char *mount);

/* proc: /proc. */
struct memory_pressure memory_pressure_in(const char *proc);

#endif
