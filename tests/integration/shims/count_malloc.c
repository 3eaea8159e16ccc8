/* For LD_PRELOAD: counts the allocations of the main thread, which is pastcam's capture thread, into the eight bytes of
 * the file $SHIM_MALLOC_COUNT. */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

extern void *__libc_malloc(size_t bytes);
extern void *__libc_calloc(size_t count, size_t bytes);
extern void *__libc_realloc(void *memory, size_t bytes);

static _Atomic(unsigned long long) *counter;

__attribute__((constructor)) static void start(void)
{
	const char *path = getenv("SHIM_MALLOC_COUNT");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	if (fd < 0)
		return;
	void *memory = mmap(NULL, sizeof *counter, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory != MAP_FAILED)
		counter = memory;
	close(fd);
}

static void count(void)
{
	if (counter && gettid() == getpid())
		atomic_fetch_add(counter, 1);
}

void *malloc(size_t bytes)
{
	count();
	return __libc_malloc(bytes);
}

void *calloc(size_t number, size_t bytes)
{
	count();
	return __libc_calloc(number, bytes);
}

void *realloc(void *memory, size_t bytes)
{
	count();
	return __libc_realloc(memory, bytes);
}
