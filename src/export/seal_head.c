#include "seal_head.h"

#include <errno.h>
#include <string.h>

#include <sodium.h>

#define VERSION_LINE "age-encryption.org/v1\n"
#define STANZA "-> X25519 "
#define MAC_LINE "---"

enum {
	WRAPPED_BYTES = SEAL_FILE_KEY_BYTES + crypto_aead_chacha20poly1305_ietf_ABYTES,
	LINE_BYTES = sodium_base64_ENCODED_LEN(32, sodium_base64_VARIANT_ORIGINAL_NO_PADDING), /* with its end */
	STANZA_BYTES = sizeof STANZA - 1 + 2 * LINE_BYTES,
};
_Static_assert((int)WRAPPED_BYTES == 32 && (int)crypto_auth_hmacsha256_BYTES == 32,
               "each line of the head holds 32 bytes");
_Static_assert(sizeof VERSION_LINE + sizeof MAC_LINE + LINE_BYTES + SEAL_NONCE_BYTES +
                       SEAL_RECIPIENTS_MAX * STANZA_BYTES <=
                   SEAL_HEAD_BYTES,
               "a head must fit");

void seal_draw(struct seal_secrets *secrets)
{
	randombytes_buf(secrets, sizeof *secrets);
}

void seal_derive(const uint8_t *secret, size_t secret_bytes, const uint8_t *salt, size_t salt_bytes, const char *info,
                 uint8_t key[SEAL_KEY_BYTES])
{
	static const uint8_t first_block = 1;
	crypto_auth_hmacsha256_state state;
	uint8_t extracted[crypto_auth_hmacsha256_BYTES];
	crypto_auth_hmacsha256_init(&state, salt, salt_bytes);
	crypto_auth_hmacsha256_update(&state, secret, secret_bytes);
	crypto_auth_hmacsha256_final(&state, extracted);
	crypto_auth_hmacsha256_init(&state, extracted, sizeof extracted);
	crypto_auth_hmacsha256_update(&state, (const uint8_t *)info, strlen(info));
	crypto_auth_hmacsha256_update(&state, &first_block, sizeof first_block);
	crypto_auth_hmacsha256_final(&state, key);
	sodium_memzero(&state, sizeof state);
	sodium_memzero(extracted, sizeof extracted);
}

struct head {
	uint8_t *at;
};

static void put(struct head *head, const void *bytes, size_t count)
{
	memcpy(head->at, bytes, count);
	head->at += count;
}

/* 32 bytes and the end of the line. */
static void put_line(struct head *head, const uint8_t bytes[32])
{
	char text[LINE_BYTES];
	sodium_bin2base64(text, sizeof text, bytes, 32, sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
	text[LINE_BYTES - 1] = '\n';
	put(head, text, sizeof text);
}

/* The file's key, wrapped for one recipient. */
static int put_stanza(struct head *head, const uint8_t recipient[SEAL_KEY_BYTES],
                      const uint8_t ephemeral[SEAL_KEY_BYTES], const uint8_t *file_key)
{
	static const uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];
	uint8_t shared[SEAL_KEY_BYTES], salt[2 * SEAL_KEY_BYTES], key[SEAL_KEY_BYTES], wrapped[WRAPPED_BYTES];
	int result = crypto_scalarmult_base(salt, ephemeral);
	if (result == 0)
		result = crypto_scalarmult(shared, ephemeral, recipient);
	if (result != 0)
		return -EINVAL;
	memcpy(salt + SEAL_KEY_BYTES, recipient, SEAL_KEY_BYTES);
	seal_derive(shared, sizeof shared, salt, sizeof salt, "age-encryption.org/v1/X25519", key);
	crypto_aead_chacha20poly1305_ietf_encrypt(wrapped, NULL, file_key, SEAL_FILE_KEY_BYTES, NULL, 0, NULL, nonce, key);
	put(head, STANZA, sizeof STANZA - 1);
	put_line(head, salt);
	put_line(head, wrapped);
	sodium_memzero(shared, sizeof shared);
	sodium_memzero(key, sizeof key);
	return 0;
}

int seal_make_head(const struct seal_recipients *recipients, const struct seal_secrets *secrets,
                   uint8_t head[SEAL_HEAD_BYTES], size_t *bytes, uint8_t payload_key[SEAL_KEY_BYTES])
{
	struct head out = { head };
	uint8_t key[SEAL_KEY_BYTES], mac[crypto_auth_hmacsha256_BYTES];
	crypto_auth_hmacsha256_state state;
	put(&out, VERSION_LINE, sizeof VERSION_LINE - 1);
	for (size_t i = 0; i < recipients->count; i++)
		if (put_stanza(&out, recipients->keys[i], secrets->ephemeral[i], secrets->file_key) < 0)
			return -EINVAL;
	put(&out, MAC_LINE, sizeof MAC_LINE - 1);
	seal_derive(secrets->file_key, SEAL_FILE_KEY_BYTES, (const uint8_t *)"", 0, "header", key);
	crypto_auth_hmacsha256_init(&state, key, sizeof key);
	crypto_auth_hmacsha256_update(&state, head, (size_t)(out.at - head));
	crypto_auth_hmacsha256_final(&state, mac);
	put(&out, " ", 1);
	put_line(&out, mac);
	put(&out, secrets->nonce, SEAL_NONCE_BYTES);
	*bytes = (size_t)(out.at - head);
	seal_derive(secrets->file_key, SEAL_FILE_KEY_BYTES, secrets->nonce, SEAL_NONCE_BYTES, "payload", payload_key);
	sodium_memzero(key, sizeof key);
	sodium_memzero(&state, sizeof state);
	return 0;
}
