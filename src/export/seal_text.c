/* What is sealed in memory: an age file of one chunk, in base64. */
#include "export/seal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "seal_head.h"

/* The only chunk is the first and the last. */
static const uint8_t only_chunk[crypto_aead_chacha20poly1305_ietf_NPUBBYTES] = { [11] = 1 };

static char *encode(const uint8_t *bytes, size_t count)
{
	const size_t room = sodium_base64_encoded_len(count, sodium_base64_VARIANT_ORIGINAL);
	char *text = malloc(room);
	if (text)
		sodium_bin2base64(text, room, bytes, count, sodium_base64_VARIANT_ORIGINAL);
	return text;
}

static char *seal_with(const struct seal_recipients *recipients, const struct seal_secrets *secrets, const char *text,
                       size_t length, uint8_t *sealed)
{
	uint8_t key[SEAL_KEY_BYTES];
	size_t head_bytes;
	unsigned long long chunk_bytes;
	if (seal_make_head(recipients, secrets, sealed, &head_bytes, key) < 0)
		return NULL;
	crypto_aead_chacha20poly1305_ietf_encrypt(sealed + head_bytes, &chunk_bytes, (const uint8_t *)text, length, NULL, 0,
	                                          NULL, only_chunk, key);
	seal_forget(key, sizeof key);
	return encode(sealed, head_bytes + (size_t)chunk_bytes);
}

char *seal_text(const struct seal_recipients *recipients, const char *text)
{
	struct seal_secrets secrets;
	const size_t length = strlen(text);
	if (length > SEAL_CHUNK_BYTES || sodium_init() < 0)
		return NULL;
	uint8_t *sealed = malloc(SEAL_HEAD_BYTES + length + crypto_aead_chacha20poly1305_ietf_ABYTES);
	if (!sealed)
		return NULL;
	seal_draw(&secrets);
	char *encoded = seal_with(recipients, &secrets, text, length, sealed);
	seal_forget(&secrets, sizeof secrets);
	free(sealed);
	return encoded;
}
