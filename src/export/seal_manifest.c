/* Adds lines to manifests. Each time the last line is looked up in the file, so that a drive that was changed, or
 * another manifest put in its place, is gone on with. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "file_name.h"
#include "seal_line.h"

enum { PART_BYTES = 64 * 1024, SIGNATURE_TEXT_BYTES = 96 };

void seal_hash(const void *bytes, size_t count, char text[SEAL_HASH_TEXT_BYTES])
{
	uint8_t hash[SEAL_HASH_BYTES];
	crypto_hash_sha256(hash, bytes, count);
	sodium_bin2hex(text, SEAL_HASH_TEXT_BYTES, hash, sizeof hash);
}

int seal_hash_file(int folder, const char *name, char text[SEAL_HASH_TEXT_BYTES], int64_t *bytes)
{
	uint8_t part[PART_BYTES], hash[SEAL_HASH_BYTES];
	crypto_hash_sha256_state state;
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	*bytes = 0;
	crypto_hash_sha256_init(&state);
	ssize_t got;
	while ((got = read(fd, part, sizeof part)) > 0 || (got < 0 && errno == EINTR)) {
		crypto_hash_sha256_update(&state, part, got > 0 ? (size_t)got : 0);
		*bytes += got > 0 ? got : 0;
	}
	int result = got < 0 ? -errno : 0;
	close(fd);
	crypto_hash_sha256_final(&state, hash);
	sodium_bin2hex(text, SEAL_HASH_TEXT_BYTES, hash, sizeof hash);
	return result;
}

/* The end of a manifest. */
struct tail {
	uint64_t number; /* of the last line; 0: there is none */
	char hash[SEAL_HASH_TEXT_BYTES];
	off_t bytes; /* of whole lines */
};

/* What a power cut left of a line is cut off. */
static int read_tail(int fd, struct tail *tail)
{
	char text[SEAL_LINE_BYTES + 1];
	struct stat status;
	*tail = (struct tail){ .number = 0 };
	memset(tail->hash, '0', SEAL_HASH_TEXT_BYTES - 1);
	if (fstat(fd, &status) < 0)
		return -errno;
	const off_t from = status.st_size > 2 * SEAL_LINE_BYTES ? status.st_size - 2 * SEAL_LINE_BYTES : 0;
	char last[2 * SEAL_LINE_BYTES + 1];
	const ssize_t got = pread(fd, last, (size_t)(status.st_size - from), from);
	if (got < 0)
		return -errno;
	const char *end = got > 0 ? memrchr(last, '\n', (size_t)got) : NULL;
	if (!end)
		return from > 0 ? -EINVAL : ftruncate(fd, 0) == 0 ? 0 : -errno;
	const char *begin = memrchr(last, '\n', (size_t)(end - last));
	begin = begin ? begin + 1 : last;
	tail->bytes = from + (end + 1 - last);
	if (tail->bytes < status.st_size && ftruncate(fd, tail->bytes) < 0)
		return -errno;
	snprintf(text, sizeof text, "%.*s", (int)(end - begin), begin);
	if (sscanf(text, "{\"n\":%" SCNu64 ",", &tail->number) != 1)
		return -EINVAL;
	seal_hash(begin, (size_t)(end - begin), tail->hash);
	return 0;
}

/* what: the line's own members, `"saved":"NAME",…`. Returns its length, with its end. */
static size_t make_line(const struct manifest *manifest, const struct tail *tail, const char *what,
                        char line[SEAL_LINE_BYTES])
{
	char time[CLOCK_ISO_BYTES], signature_text[SIGNATURE_TEXT_BYTES];
	uint8_t signature[crypto_sign_BYTES];
	clock_format_iso(clock_wall_ns(), time);
	int length = snprintf(line, SEAL_LINE_BYTES, "{\"n\":%" PRIu64 ",\"time\":\"%s\",%s,\"previous\":\"%s\"",
	                      tail->number + 1, time, what, tail->hash);
	crypto_sign_detached(signature, NULL, (const uint8_t *)line, (unsigned)length, manifest->key.secret);
	sodium_bin2base64(signature_text, sizeof signature_text, signature, sizeof signature,
	                  sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
	length += snprintf(line + length, SEAL_LINE_BYTES - (size_t)length, SEAL_SIGNATURE "%s\"}\n", signature_text);
	return (size_t)length;
}

static void manifest_path(const struct manifest *manifest, char path[FSIO_PATH_BYTES])
{
	snprintf(path, FSIO_PATH_BYTES, "%s/%s%s" SEAL_MANIFEST, manifest->folder, manifest->camera,
	         manifest->camera[0] ? "_" : "");
}

/* Says whose the lines are: the first of each manifest. */
static size_t make_first(const struct manifest *manifest, const struct tail *tail, char line[SEAL_LINE_BYTES])
{
	char key[2 * SIGN_PUBLIC_BYTES + 1], what[2 * SIGN_PUBLIC_BYTES + 16];
	sodium_bin2hex(key, sizeof key, manifest->key.public, SIGN_PUBLIC_BYTES);
	snprintf(what, sizeof what, "\"key\":\"%s\"", key);
	return make_line(manifest, tail, what, line);
}

/* A second name for the full one, then the next one in its place: at no moment there is none. */
static int rotate(const struct manifest *manifest, const char *path, const struct tail *tail, struct error *error)
{
	char base[FILE_NAME_BASE_BYTES], piece[FSIO_PATH_BYTES + FILE_NAME_BASE_BYTES], line[SEAL_LINE_BYTES];
	file_name_base(manifest->camera, clock_wall_ns(), tail->number, base);
	snprintf(piece, sizeof piece, "%s/%s." FILE_NAME_MANIFEST, manifest->folder, base);
	if (link(path, piece) < 0 && errno != EEXIST)
		return errno == EPERM || errno == EOPNOTSUPP ? 0 : -errno; /* FAT has one name a file: it grows on */
	int result = fsio_replace(path, line, make_first(manifest, tail, line), 0644, error);
	if (result < 0)
		unlink(piece);
	return result;
}

static int add_line(const struct manifest *manifest, int fd, const char *what, bool sync)
{
	struct tail tail;
	char line[SEAL_LINE_BYTES];
	int result = read_tail(fd, &tail);
	if (result == 0 && tail.number == 0) {
		result = fsio_write(fd, line, make_first(manifest, &tail, line));
		if (result == 0)
			result = read_tail(fd, &tail);
	}
	if (result == 0)
		result = fsio_write(fd, line, make_line(manifest, &tail, what, line));
	if (result == 0 && sync && fdatasync(fd) < 0 && errno != EINVAL)
		result = -errno;
	return result;
}

static int add_locked(const struct manifest *manifest, const char *what, bool sync, struct error *error)
{
	char path[FSIO_PATH_BYTES];
	struct tail tail;
	manifest_path(manifest, path);
	int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return -errno;
	int result = add_line(manifest, fd, what, sync);
	if (result == 0)
		result = read_tail(fd, &tail);
	close(fd);
	if (result == 0 && (size_t)tail.bytes >= manifest->rotate_bytes)
		result = rotate(manifest, path, &tail, error);
	return result;
}

static int add(struct manifest *manifest, const char *what, bool sync, struct error *error)
{
	struct error why = { 0 };
	pthread_mutex_lock(&manifest->lock);
	int result = add_locked(manifest, what, sync, &why);
	pthread_mutex_unlock(&manifest->lock);
	if (result == -EINVAL)
		return error_set(error, result,
		                 "cannot sign: the last line of the " SEAL_MANIFEST " in %.*s is none: move that file away",
		                 utf8_fit(manifest->folder, 100), manifest->folder);
	return result < 0 ? error_set_errno(error, result, "cannot sign in the manifest of %.*s",
	                                    utf8_fit(manifest->folder, 100), manifest->folder)
	                  : 0;
}

int manifest_saved(struct manifest *manifest, const char *path, struct error *error)
{
	char hash[SEAL_HASH_TEXT_BYTES], what[SEAL_LINE_BYTES / 2];
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	int64_t bytes;
	int result = seal_hash_file(AT_FDCWD, path, hash, &bytes);
	if (result < 0)
		return error_set_errno(error, result, "cannot read %.*s to sign it", utf8_fit(name, 100), name);
	snprintf(what, sizeof what, "\"saved\":\"%s\",\"bytes\":%" PRId64 ",\"sha256\":\"%s\"", name, bytes, hash);
	return add(manifest, what, true, error);
}

int manifest_deleted(struct manifest *manifest, const char *name, struct error *error)
{
	char what[SEAL_LINE_BYTES / 2];
	snprintf(what, sizeof what, "\"deleted\":\"%s\"", name);
	return add(manifest, what, false, error);
}
