/* Memory of this process, the machine, and the cgroup, as /proc and /sys tell it. Any thread. */
#ifndef PASTCAM_BASE_MEMORY_H
#define PASTCAM_BASE_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* What a file does not tell, since /proc or a part of it is hidden (ProcSubset=pid). Unknown is not zero. */
#define MEMORY_UNKNOWN UINT64_MAX

uint64_t memory_rss(void); /* resident bytes of this process; without /proc the most that it ever had */

/* What memory_rss() consists of, bytes. */
struct memory_parts {
	uint64_t files;     /* program and libraries, as far as they are used */
	uint64_t shared;    /* memfd and the like: camera buffers */
	uint64_t anonymous; /* ring, heap, stacks */
	uint64_t heap;      /* of anonymous: what malloc holds */
};
struct memory_parts memory_parts(void);

uint64_t memory_available(void);  /* MemAvailable in bytes, or MEMORY_UNKNOWN */
double memory_swap_percent(void); /* swap in use, 0-100; 0 without swap */

/* How short of memory the machine is. */
struct memory_pressure {
	uint64_t available, total; /* bytes, or MEMORY_UNKNOWN */
	uint64_t swapped;          /* bytes read from and written to swap since boot, or MEMORY_UNKNOWN */
	double full_avg10;         /* of the last 10 s, percent in which all tasks waited for memory (PSI); -1: unknown */
};
struct memory_pressure memory_pressure(void);

/* The limit that leaves least room of the cgroups that this process is in and of all above them (v2: max and high; v1),
 * and what they use now beside what the kernel would give up first (page cache, slabs). UINT64_MAX: no limit. */
struct memory_cgroup {
	uint64_t limit, used;
	double full_avg10; /* as in struct memory_pressure, of that cgroup */
};
struct memory_cgroup memory_cgroup(void);

/* Makes bytes of memory from begin on resident, in one go where the kernel can (MADV_POPULATE_WRITE, Linux 5.14): a
 * fifth of what it takes page by page. What they hold stays, whoever uses them meanwhile. */
void memory_populate(void *begin, size_t bytes);

/* Writes to each page what it holds. Under a hypervisor with page tables of its own, memory that is resident still
 * faults when it is first written to from here. Whoever uses it meanwhile notices nothing. */
void memory_rewrite(void *begin, size_t bytes);

/* Gives the pages of program and libraries back that nobody has written to: most were only needed to start. What is
 * used again comes back from the file by itself, or from the page cache while it is there. */
void memory_release_code(void);

#endif
