#include "seal_key.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fsio.h"
#include "base/utf8.h"
#include "export/manifest.h"
#include "export/seal.h"

enum { PAIR_BYTES = 3 * SEAL_KEY_TEXT_BYTES };

static const char advice[] =
    "Set seal.recipients to [\"%s\"] on the camera.\n"
    "The secret half opens the recordings, and nothing else does: keep it on the computer on which you look at them,\n"
    "with a copy on paper or in a safe. It must not stay on the camera.\n";

static int write_all(int fd, const char *text, int bytes)
{
	int result = fsio_write(fd, text, (size_t)bytes);
	return result == 0 && fsync(fd) < 0 && errno != EINVAL && errno != EROFS ? -errno : result;
}

static int write_file(const char *path, const char *text, int bytes, struct error *error)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 && errno == EEXIST)
		return error_set(error, -EEXIST, "%.*s is there already, and may be the only one of a key: it is left alone",
		                 utf8_fit(path, 100), path);
	if (fd < 0)
		return error_set_errno(error, -errno, "cannot make %.*s", utf8_fit(path, 100), path);
	int result = write_all(fd, text, bytes);
	if (close(fd) < 0 && result == 0)
		result = -errno;
	if (result < 0)
		unlink(path);
	return result < 0 ? error_set_errno(error, result, "cannot write %.*s", utf8_fit(path, 100), path) : 0;
}

int seal_key_make(const char *path, struct error *error)
{
	char recipient[SEAL_KEY_TEXT_BYTES], identity[SEAL_KEY_TEXT_BYTES], text[PAIR_BYTES];
	if (seal_make_pair(recipient, identity) < 0)
		return error_set(error, -EIO, "there are no random bytes for a key");
	int bytes = snprintf(text, sizeof text, "# public key: %s\n%s\n", recipient, identity);
	int result = path ? write_file(path, text, bytes, error) : write_all(STDOUT_FILENO, text, bytes);
	seal_forget(identity, sizeof identity);
	seal_forget(text, sizeof text);
	if (result < 0)
		return path ? result : error_set_errno(error, result, "cannot write the key");
	if (path)
		fprintf(stderr, "The secret half is in %s, the public one is %s.\n", path, recipient);
	fprintf(stderr, advice, recipient);
	return 0;
}

int sign_key_create(const char *path, struct error *error)
{
	char secret[SIGN_TEXT_BYTES], public[SIGN_TEXT_BYTES], text[SIGN_TEXT_BYTES + 2];
	if (sign_key_make(secret, public) < 0)
		return error_set(error, -EIO, "there are no random bytes for a key");
	int bytes = snprintf(text, sizeof text, "%s\n", secret);
	int result = write_file(path, text, bytes, error);
	seal_forget(secret, sizeof secret);
	seal_forget(text, sizeof text);
	if (result == 0)
		printf("A key that signs is in %s: set seal.sign_key_file to it on the camera.\n"
		       "Keep the public half elsewhere, to check with: pastcam verify FOLDER %s\n",
		       path, public);
	return result;
}
