/* For LD_PRELOAD: takes as many MiB as the file $SHIM_HOG_MIB says, once, as soon as it is there. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static void *take(void *path)
{
	char text[32] = "";
	int fd;
	while ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
	ssize_t length = read(fd, text, sizeof text - 1);
	close(fd);
	size_t bytes = length > 0 ? strtoul(text, NULL, 10) << 20 : 0;
	/* Populated by the kernel: a sanitizer would take as much again, and more, to note that we wrote. */
	if (mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0) == MAP_FAILED)
		abort();
	return NULL;
}

__attribute__((constructor)) static void start(void)
{
	pthread_t thread;
	sigset_t all, before;
	char *path = getenv("SHIM_HOG_MIB");
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (path && pthread_create(&thread, NULL, take, path) == 0)
		pthread_detach(thread);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}
