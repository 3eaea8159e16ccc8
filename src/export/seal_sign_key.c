/* Keys that sign manifests (Ed25519), as text. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "base/token.h"
#include "export/manifest.h"
#include "seal_bech32.h"

static const char secret_prefix[] = "pastcam-sign-key-", public_prefix[] = "pastcam-sign";

static int read_prefixed(const char *text, const char *wanted, uint8_t *bytes, size_t count)
{
	char prefix[BECH32_PREFIX_BYTES];
	return bech32_decode(text, prefix, bytes, count) == 0 && strcmp(prefix, wanted) == 0 ? 0 : -EINVAL;
}

int sign_key_read_public(const char *text, uint8_t public[SIGN_PUBLIC_BYTES])
{
	return read_prefixed(text, public_prefix, public, SIGN_PUBLIC_BYTES);
}

int sign_key_load(const char *option, const char *path, struct sign_key *key, struct error *error)
{
	struct token text;
	uint8_t seed[SIGN_SEED_BYTES];
	int result = token_load(option, path, &text, error);
	if (result < 0)
		return result;
	text.text[text.length] = '\0';
	bech32_to_lower(text.text);
	result = sodium_init() < 0 ? -EIO : read_prefixed(text.text, secret_prefix, seed, sizeof seed);
	if (result == 0)
		result = crypto_sign_seed_keypair(key->public, key->secret, seed);
	sodium_memzero(&text, sizeof text);
	sodium_memzero(seed, sizeof seed);
	return result == 0 ? 0
	                   : error_set(error, -EINVAL,
	                               "%s: the first line of %.100s is no key of `pastcam sign-key`, PASTCAM-SIGN-KEY-1…",
	                               option, path);
}

int sign_key_make(char secret[SIGN_TEXT_BYTES], char public[SIGN_TEXT_BYTES])
{
	struct sign_key key;
	uint8_t seed[SIGN_SEED_BYTES];
	if (sodium_init() < 0)
		return -EIO;
	randombytes_buf(seed, sizeof seed);
	crypto_sign_seed_keypair(key.public, key.secret, seed);
	int result = bech32_encode(secret_prefix, seed, sizeof seed, secret, SIGN_TEXT_BYTES);
	if (result == 0)
		result = bech32_encode(public_prefix, key.public, sizeof key.public, public, SIGN_TEXT_BYTES);
	bech32_to_upper(secret);
	sodium_memzero(&key, sizeof key);
	sodium_memzero(seed, sizeof seed);
	return result;
}
