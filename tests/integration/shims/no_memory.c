/* For LD_PRELOAD: as long as the file $SHIM_NO_MEMORY is there, the thread "control" gets no memory for 512 bytes and
 * more. */
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

extern void *__libc_malloc(size_t bytes);

static const char *path;

__attribute__((constructor)) static void start(void)
{
	path = getenv("SHIM_NO_MEMORY");
}

void *malloc(size_t bytes)
{
	char name[16] = "";
	if (bytes >= 512 && path && prctl(PR_GET_NAME, name) == 0 && strcmp(name, "control") == 0 &&
	    access(path, F_OK) == 0)
		return NULL;
	return __libc_malloc(bytes);
}
