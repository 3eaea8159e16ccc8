/* For LD_PRELOAD: moves the wall clock by as many seconds as the file $SHIM_CLOCK_S says, and has the kernel say that
 * it is not synchronised. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

static long offset_s(void)
{
	char text[32] = "";
	const char *path = getenv("SHIM_CLOCK_S");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0)
		return 0;
	ssize_t length = read(fd, text, sizeof text - 1);
	close(fd);
	return length > 0 ? atol(text) : 0;
}

int clock_gettime(clockid_t id, struct timespec *now)
{
	int (*real)(clockid_t, struct timespec *) =
	    (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
	int result = real(id, now);
	if (result == 0 && id == CLOCK_REALTIME)
		now->tv_sec += offset_s();
	return result;
}

int adjtimex(struct timex *state)
{
	state->status = STA_UNSYNC;
	return TIME_ERROR;
}
