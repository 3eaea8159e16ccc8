#include "secret.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fsio.h"

int secret_read(const char *option, const char *path, char secret[SECRET_BYTES], struct error *error)
{
	struct stat status;
	ssize_t length = fsio_read_small(path, secret, SECRET_BYTES);
	if (length < 0)
		return error_set_errno(error, (int)length, "%s: user %u cannot read %.100s", option, (unsigned)geteuid(), path);
	if (stat(path, &status) == 0 && status.st_mode & S_IRWXO)
		return error_set(error, -EACCES, "%s: everybody may read %.100s: chmod o= it", option, path);
	secret[strcspn(secret, "\r\n")] = '\0';
	return secret[0] ? 0 : error_set(error, -EINVAL, "%s: the first line of %.100s is empty", option, path);
}
