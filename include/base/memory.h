/* Memory of this process, the machine, and the cgroup, as /proc and /sys tell it. Any thread. */
#ifndef PASTCAM_BASE_MEMORY_H
#define PASTCAM_BASE_MEMORY_H

#include <stdint.h>

uint64_t memory_rss(void); /* resident bytes of this process; 0 when unknown */

/* What memory_rss() consists of, bytes. */
struct memory_parts {
	uint64_t files;     /* program and libraries, as far as they are used */
	uint64_t shared;    /* memfd and the like: camera buffers */
	uint64_t anonymous; /* ring, heap, stacks */
	uint64_t heap;      /* of anonymous: what malloc holds */
};
struct memory_parts memory_parts(void);

uint64_t memory_available(void);  /* MemAvailable in bytes; 0 when unknown */
double memory_swap_percent(void); /* swap in use, 0-100; 0 without swap */

/* The nearest limit of the cgroups that this process is in, v2 or v1, and what they use now. UINT64_MAX: no limit. */
struct memory_cgroup {
	uint64_t limit, used;
};
struct memory_cgroup memory_cgroup(void);

/* Gives the pages of program and libraries back that nobody has written to: most were only needed to start. What is
 * used again comes back from the file by itself, or from the page cache while it is there. */
void memory_release_code(void);

#endif
