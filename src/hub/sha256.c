#include "sha256.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DIGEST_BYTES = 32, BLOCK_BYTES = 64 * 1024 };

static void to_hex(const unsigned char *digest, unsigned count, char hex[SHA256_HEX_BYTES])
{
	for (unsigned i = 0; i < count; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

/* All blocks of an open file. */
static int digest_blocks(int fd, EVP_MD_CTX *context, unsigned char *block, long long *bytes, const atomic_bool *stop)
{
	ssize_t got;
	*bytes = 0;
	while ((got = read(fd, block, BLOCK_BYTES)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (atomic_load(stop))
			return -ECANCELED;
		if (!EVP_DigestUpdate(context, block, (size_t)got))
			return -EIO;
		*bytes += got;
	}
	return 0;
}

static int digest_file(int fd, const EVP_MD *kind, char hex[SHA256_HEX_BYTES], long long *bytes,
                       const atomic_bool *stop)
{
	unsigned char digest[DIGEST_BYTES];
	unsigned length = 0;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char *block = malloc(BLOCK_BYTES);
	int result = context && block && EVP_DigestInit_ex(context, kind, NULL) ? 0 : -ENOMEM;
	if (result == 0)
		result = digest_blocks(fd, context, block, bytes, stop);
	if (result == 0)
		result = EVP_DigestFinal_ex(context, digest, &length) ? 0 : -EIO;
	if (result == 0)
		to_hex(digest, length, hex);
	EVP_MD_CTX_free(context);
	free(block);
	return result;
}

static int digest_path(const char *path, const EVP_MD *kind, char hex[SHA256_HEX_BYTES], long long *bytes,
                       const atomic_bool *stop)
{
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	int result = fstat(fd, &status) < 0 ? -errno : S_ISREG(status.st_mode) ? 0 : -EINVAL;
	if (result == 0)
		result = digest_file(fd, kind, hex, bytes, stop);
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED); /* it is not read again soon */
	close(fd);
	return result;
}

int sha256_file(const char *path, char hex[SHA256_HEX_BYTES], long long *bytes, const atomic_bool *stop)
{
	return digest_path(path, EVP_sha256(), hex, bytes, stop);
}

int md5_file(const char *path, char hex[SHA256_HEX_BYTES], const atomic_bool *stop)
{
	long long bytes;
	return digest_path(path, EVP_md5(), hex, &bytes, stop);
}

void sha256_to_base64(const char hex[SHA256_HEX_BYTES], char *text, size_t bytes)
{
	unsigned char digest[DIGEST_BYTES] = { 0 }, block[4 * (DIGEST_BYTES / 3 + 1) + 1];
	for (size_t i = 0; i < DIGEST_BYTES; i++)
		sscanf(hex + 2 * i, "%2hhx", &digest[i]);
	EVP_EncodeBlock(block, digest, DIGEST_BYTES);
	snprintf(text, bytes, "%s", (const char *)block);
}

int sha256_hmac(const void *key, size_t key_bytes, const void *data, size_t bytes, char hex[SHA256_HEX_BYTES])
{
	unsigned char digest[DIGEST_BYTES];
	if (!HMAC(EVP_sha256(), key, (int)key_bytes, data, bytes, digest, NULL))
		return -EIO;
	to_hex(digest, DIGEST_BYTES, hex);
	return 0;
}

int sha256_bytes(const void *data, size_t bytes, char hex[SHA256_HEX_BYTES])
{
	unsigned char digest[DIGEST_BYTES];
	if (!EVP_Digest(data, bytes, digest, NULL, EVP_sha256(), NULL))
		return -EIO;
	to_hex(digest, DIGEST_BYTES, hex);
	return 0;
}
