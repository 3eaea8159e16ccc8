/* The chunks of a sealed file (STREAM): each has its number and whether it is the last in its nonce. */
#include "export/seal.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "base/fsio.h"
#include "base/number.h"
#include "seal_begin.h"

enum {
	TAG_BYTES = crypto_aead_chacha20poly1305_ietf_ABYTES,
	SEALED_CHUNK_BYTES = SEAL_CHUNK_BYTES + TAG_BYTES,
	STREAM_NONCE_BYTES = crypto_aead_chacha20poly1305_ietf_NPUBBYTES,
	CUTS = 4, /* each makes room for a chunk */
};

struct seal {
	int fd;
	uint8_t key[SEAL_KEY_BYTES];
	off_t head_end;     /* in the file */
	uint64_t chunks;    /* whole ones in the file: the number of the next */
	uint64_t end_below; /* no last chunk was tried yet with a number below this one */
	size_t filled;      /* of plain */
	bool broken;
	uint8_t plain[SEAL_CHUNK_BYTES];
	uint8_t sealed[SEALED_CHUNK_BYTES];
};

size_t seal_scratch_bytes(void)
{
	return sizeof(struct seal);
}

/* 11 bytes of the number, the most significant first, and one of whether it is the last. */
static void nonce_of(uint64_t number, bool last, uint8_t nonce[STREAM_NONCE_BYTES])
{
	memset(nonce, 0, STREAM_NONCE_BYTES);
	for (int i = STREAM_NONCE_BYTES - 2; number > 0; number >>= 8)
		nonce[i--] = (uint8_t)number;
	nonce[STREAM_NONCE_BYTES - 1] = last;
}

static int put_chunk(struct seal *seal, const uint8_t *plain, size_t bytes, bool last)
{
	uint8_t nonce[STREAM_NONCE_BYTES];
	nonce_of(seal->chunks, last, nonce);
	if (last)
		seal->end_below = seal->chunks;
	crypto_aead_chacha20poly1305_ietf_encrypt(seal->sealed, NULL, plain, bytes, NULL, 0, NULL, nonce, seal->key);
	int result = fsio_write(seal->fd, seal->sealed, bytes + TAG_BYTES);
	seal->broken = result < 0;
	seal->chunks += result == 0;
	return result;
}

/* Which one is the last is not known before more comes, or the end: a full chunk waits for that. */
int seal_write(struct seal *seal, const void *data, size_t bytes)
{
	const uint8_t *at = data;
	int result = seal->broken ? -EIO : 0;
	while (bytes > 0 && result == 0) {
		if (seal->filled == SEAL_CHUNK_BYTES) {
			result = put_chunk(seal, seal->plain, SEAL_CHUNK_BYTES, false);
			seal->filled = 0;
		} else if (seal->filled == 0 && bytes > SEAL_CHUNK_BYTES) {
			result = put_chunk(seal, at, SEAL_CHUNK_BYTES, false);
			at += SEAL_CHUNK_BYTES;
			bytes -= SEAL_CHUNK_BYTES;
		} else {
			const size_t count = min_size(bytes, SEAL_CHUNK_BYTES - seal->filled);
			memcpy(seal->plain + seal->filled, at, count);
			seal->filled += count;
			at += count;
			bytes -= count;
		}
	}
	return result;
}

int seal_finish(struct seal *seal)
{
	return seal->broken ? -EIO : put_chunk(seal, seal->plain, seal->filled, true);
}

/* A last chunk of one zero behind so many whole ones. */
static int end_behind(struct seal *seal, uint64_t chunks)
{
	static const uint8_t zero = 0;
	const off_t end = seal->head_end + (off_t)chunks * SEALED_CHUNK_BYTES;
	seal->chunks = chunks;
	if (ftruncate(seal->fd, end) < 0 || lseek(seal->fd, end, SEEK_SET) < 0)
		return -errno;
	return put_chunk(seal, &zero, sizeof zero, true);
}

static bool is_full(int code)
{
	return code == -ENOSPC || code == -EDQUOT || code == -EFBIG;
}

/* Never with a number with which a last chunk was tried already, whose bytes may be on the disk in part. */
int seal_cut(struct seal *seal)
{
	int result = -ENODATA;
	for (int i = 0; i < CUTS; i++) {
		const uint64_t whole = seal->chunks < seal->end_below ? seal->chunks : seal->end_below - 1;
		if (whole == 0 || seal->end_below == 0)
			return -ENODATA;
		result = end_behind(seal, whole);
		if (!is_full(result))
			return result;
	}
	return result;
}

static int begin(struct seal *seal, const struct seal_recipients *recipients, const struct seal_secrets *secrets)
{
	uint8_t head[SEAL_HEAD_BYTES];
	size_t bytes = 0;
	int result = seal_make_head(recipients, secrets, head, &bytes, seal->key);
	seal->head_end = (off_t)bytes;
	return result < 0 ? result : fsio_write(seal->fd, head, bytes);
}

struct seal *seal_begin_with(const struct seal_recipients *recipients, const struct seal_secrets *secrets, int fd,
                             int *result)
{
	struct seal *seal = malloc(sizeof *seal);
	if (!seal) {
		*result = -ENOMEM;
		return NULL;
	}
	seal->fd = fd;
	seal->chunks = 0;
	seal->end_below = UINT64_MAX;
	seal->filled = 0;
	seal->broken = false;
	*result = begin(seal, recipients, secrets);
	if (*result == 0)
		return seal;
	seal_end(seal);
	return NULL;
}

struct seal *seal_begin(const struct seal_recipients *recipients, int fd, int *result)
{
	struct seal_secrets secrets;
	assert(recipients->count > 0);
	if (sodium_init() < 0) {
		*result = -EIO;
		return NULL;
	}
	seal_draw(&secrets);
	struct seal *seal = seal_begin_with(recipients, &secrets, fd, result);
	seal_forget(&secrets, sizeof secrets);
	return seal;
}

void seal_end(struct seal *seal)
{
	if (!seal)
		return;
	seal_forget(seal, sizeof *seal);
	free(seal);
}

void seal_forget(void *secret, size_t bytes)
{
	sodium_memzero(secret, bytes);
}

uint64_t seal_readable_bytes(const void *head, size_t head_bytes, uint64_t file_bytes)
{
	static const char mac_line[] = "\n--- ";
	const uint8_t *begin = head, *mac = memmem(head, head_bytes, mac_line, sizeof mac_line - 1);
	const uint8_t *line = mac ? mac + 1 : NULL;
	const uint8_t *end = line ? memchr(line, '\n', head_bytes - (size_t)(line - begin)) : NULL;
	const uint64_t payload = end ? (uint64_t)(end + 1 - begin) + SEAL_NONCE_BYTES : UINT64_MAX;
	return file_bytes > payload ? (file_bytes - payload) / SEALED_CHUNK_BYTES * SEAL_CHUNK_BYTES : 0;
}
