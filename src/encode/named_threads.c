#include "named_threads.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

void named_threads_begin(struct named_threads *threads, const char *name)
{
	threads->count = 0;
	prctl(PR_GET_NAME, threads->before);
	prctl(PR_SET_NAME, name);
}

static bool has_name(pid_t id, const char *name)
{
	char path[64], found[32] = "";
	snprintf(path, sizeof path, "/proc/self/task/%d/comm", (int)id);
	FILE *file = fopen(path, "re");
	if (!file)
		return false;
	(void)!fgets(found, sizeof found, file);
	fclose(file);
	found[strcspn(found, "\n")] = '\0';
	return strcmp(found, name) == 0;
}

void named_threads_end(struct named_threads *threads, const char *name)
{
	prctl(PR_SET_NAME, threads->before);
	DIR *tasks = opendir("/proc/self/task");
	if (!tasks)
		return;
	for (const struct dirent *task; threads->count < NAMED_THREADS_MAX && (task = readdir(tasks));) {
		const pid_t id = (pid_t)strtol(task->d_name, NULL, 10);
		if (id > 0 && has_name(id, name))
			threads->ids[threads->count++] = id;
	}
	closedir(tasks);
}

/* A thread's clock as the kernel numbers it (posix-timers.h: CPUCLOCK_PERTHREAD_MASK, CPUCLOCK_SCHED), which is what
 * pthread_getcpuclockid gives of a thread that is our own. */
static clockid_t clock_of(pid_t id)
{
	enum { PER_THREAD = 4, SCHEDULED = 2 };
	return (clockid_t)(~(unsigned)id << 3 | PER_THREAD | SCHEDULED);
}

int64_t named_threads_cpu_ns(const struct named_threads *threads)
{
	int64_t sum_ns = 0;
	for (size_t i = 0; i < threads->count; i++) {
		struct timespec spent;
		if (clock_gettime(clock_of(threads->ids[i]), &spent) == 0)
			sum_ns += spent.tv_sec * CLOCK_NS_PER_S + spent.tv_nsec;
	}
	return sum_ns;
}
