#include "base/token.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fsio.h"

enum { TOKEN_RANDOM_BYTES = 32 };

static int check_file(int fd, const char *option, const char *path, struct error *error)
{
	struct stat status;
	if (fstat(fd, &status) < 0)
		return error_set_errno(error, -errno, "%s: cannot look at %s", option, path);
	if (!S_ISREG(status.st_mode))
		return error_set(error, -EINVAL, "%s: %s is not a regular file", option, path);
	if (status.st_mode & 077)
		return error_set(error, -EINVAL, "%s: others than its owner have access to %s: chmod 600 it", option, path);
	if (status.st_uid != geteuid() && status.st_uid != 0)
		return error_set(error, -EINVAL, "%s: %s belongs to another user: chown it to user %u", option, path,
		                 (unsigned)geteuid());
	return 0;
}

static int check_text(const struct token *token, const char *option, const char *path, struct error *error)
{
	if (token->length < TOKEN_BYTES_MIN || token->length > TOKEN_BYTES_MAX)
		return error_set(error, -EINVAL,
		                 "%s: the token in %s must have %d to %d bytes: `pastcam token FILE` makes a good one", option,
		                 path, TOKEN_BYTES_MIN, TOKEN_BYTES_MAX);
	for (size_t i = 0; i < token->length; i++) {
		if (token->text[i] <= ' ' || token->text[i] > '~')
			return error_set(error, -EINVAL, "%s: the token in %s may hold printable ASCII without spaces only", option,
			                 path);
	}
	return 0;
}

int token_load(const char *option, const char *path, struct token *token, struct error *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 && errno == EACCES)
		return error_set(error, -EACCES, "%s: user %u may not read %s: chown it to that user", option,
		                 (unsigned)geteuid(), path);
	if (fd < 0)
		return error_set_errno(error, -errno, "%s: cannot read %s", option, path);
	int result = check_file(fd, option, path, error);
	if (result == 0) {
		/* A longer token fills text to the last byte and is refused for its length. */
		ssize_t bytes = read(fd, token->text, sizeof token->text);
		if (bytes < 0)
			result = error_set_errno(error, -errno, "%s: cannot read %s", option, path);
		token->length = bytes < 0 ? 0 : (size_t)bytes;
	}
	close(fd);
	if (result < 0)
		return result;

	const char *end = memchr(token->text, '\n', token->length);
	if (end)
		token->length = (size_t)(end - token->text);
	if (token->length > 0 && token->text[token->length - 1] == '\r')
		token->length--;
	return check_text(token, option, path, error);
}

bool token_matches(const struct token *token, const char *given)
{
	size_t length = strlen(given);
	volatile size_t difference = length ^ token->length;
	for (size_t i = 0; i < length; i++)
		difference = difference | (size_t)(unsigned char)(given[i] ^ token->text[i % token->length]);
	return difference == 0;
}

static int write_new(int fd, struct error *error)
{
	unsigned char random[TOKEN_RANDOM_BYTES];
	char text[2 * TOKEN_RANDOM_BYTES + 2];
	if (getrandom(random, sizeof random, 0) != sizeof random)
		return error_set_errno(error, -errno, "cannot get random bytes");
	for (size_t i = 0; i < sizeof random; i++)
		snprintf(text + 2 * i, 3, "%02x", random[i]);
	text[sizeof text - 2] = '\n';
	int result = fsio_write(fd, text, sizeof text - 1);
	if (result == 0 && fsync(fd) < 0)
		result = -errno;
	return result < 0 ? error_set_errno(error, result, "cannot write the token") : 0;
}

int token_create(const char *path, struct error *error)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 && errno == EEXIST)
		return error_set(error, -EEXIST, "%s is there already: remove it first if its token is to be replaced", path);
	if (fd < 0)
		return error_set_errno(error, -errno, "cannot make %s", path);
	int result = write_new(fd, error);
	if (close(fd) < 0 && result == 0)
		result = error_set_errno(error, -errno, "cannot write %s", path);
	if (result < 0)
		unlink(path);
	return result;
}
