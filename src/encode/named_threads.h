/*
 * Threads that a library starts for itself: a name for who looks at the process, and the CPU time that they take, which
 * no clock of the calling thread has.
 */
#ifndef PASTCAM_ENCODE_NAMED_THREADS_H
#define PASTCAM_ENCODE_NAMED_THREADS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { NAMED_THREADS_MAX = 8 };

struct named_threads {
	pid_t ids[NAMED_THREADS_MAX];
	size_t count;
	char before[16];
};

/* Around the call that starts them, on one thread: they inherit the name that it has meanwhile. name: 15 characters at
 * most, nobody else's. More than NAMED_THREADS_MAX are left out. */
void named_threads_begin(struct named_threads *threads, const char *name);
void named_threads_end(struct named_threads *threads, const char *name);

/* What they have taken together since they were started, ns; one that has ended counts no more. */
int64_t named_threads_cpu_ns(const struct named_threads *threads);

#endif
