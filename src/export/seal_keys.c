/* Whom files are sealed for, and new pairs of keys. */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include <sodium.h>

#include "base/fsio.h"
#include "base/utf8.h"
#include "export/seal.h"
#include "seal_bech32.h"

enum { FILE_BYTES_MAX = 16 * 1024 };

static const char public_prefix[] = "age", secret_prefix[] = "age-secret-key-";

static bool is_secret(const char *key)
{
	return strncasecmp(key, secret_prefix, sizeof secret_prefix - 1) == 0;
}

/* What it is instead, where that is known. Never says what a secret key is. */
static int explain(const char *key, struct error *error)
{
	if (is_secret(key))
		return error_set(error, -EINVAL,
		                 "a secret key is given as a recipient. It must not be on the camera: make a new pair, since "
		                 "this one was written here, and give its public half (age1…)");
	if (strncmp(key, "ssh-", 4) == 0)
		return error_set(error, -EINVAL, "\"%.*s\" is an SSH key: make a key with `pastcam seal-key` instead",
		                 utf8_fit(key, 40), key);
	if (strncmp(key, "age1", 4) == 0 && strrchr(key, '1') != key + 3)
		return error_set(error, -EINVAL,
		                 "\"%.*s\" is a recipient of a plugin of age, and pastcam knows those of `age-keygen` and "
		                 "`pastcam seal-key` only",
		                 utf8_fit(key, 80), key);
	return error_set(error, -EINVAL,
	                 "\"%.*s\" is no key: a recipient is age1 and 58 small letters and digits, of which one here is "
	                 "wrong or missing",
	                 utf8_fit(key, 80), key);
}

/* A point with which every secret shared is the same would seal nothing. */
static bool is_usable(const uint8_t key[SEAL_KEY_BYTES])
{
	static const uint8_t any[SEAL_KEY_BYTES] = { 8 };
	uint8_t shared[SEAL_KEY_BYTES];
	return crypto_scalarmult(shared, any, key) == 0;
}

static int read_key(const char *text, uint8_t key[SEAL_KEY_BYTES], struct error *error)
{
	char prefix[BECH32_PREFIX_BYTES];
	if (sodium_init() < 0)
		return error_set(error, -EIO, "libsodium cannot start: there are no random bytes");
	if (is_secret(text) || bech32_decode(text, prefix, key, SEAL_KEY_BYTES) < 0 || strcmp(prefix, public_prefix) != 0)
		return explain(text, error);
	return is_usable(key) ? 0 : error_set(error, -EINVAL, "\"%.80s\" is a key that seals nothing", text);
}

int seal_add_key(struct seal_recipients *recipients, const char *text, struct error *error)
{
	uint8_t key[SEAL_KEY_BYTES];
	int result = read_key(text, key, error);
	if (result < 0)
		return result;
	for (size_t i = 0; i < recipients->count; i++)
		if (memcmp(recipients->keys[i], key, sizeof key) == 0)
			return 0;
	if (recipients->count == SEAL_RECIPIENTS_MAX)
		return error_set(error, -E2BIG, "there are more than %d recipients", SEAL_RECIPIENTS_MAX);
	memcpy(recipients->keys[recipients->count++], key, sizeof key);
	return 0;
}

/* 1: a key; 0: nothing. */
static int add_line(struct seal_recipients *recipients, const char *path, size_t number, char *line,
                    struct error *error)
{
	struct error why;
	line[strcspn(line, "\r")] = '\0';
	if (line[0] == '\0' || line[0] == '#')
		return 0;
	int result = seal_add_key(recipients, line, &why);
	return result < 0 ? error_set(error, result, "%.*s, line %zu: %s", utf8_fit(path, 60), path, number, why.text) : 1;
}

static int add_file(struct seal_recipients *recipients, const char *path, struct error *error)
{
	char text[FILE_BYTES_MAX], *rest = text;
	ssize_t bytes = fsio_read_small(path, text, sizeof text);
	if (bytes == -EFBIG)
		return error_set(error, -EINVAL, "%.*s is too large for a list of recipients", utf8_fit(path, 100), path);
	if (bytes < 0)
		return error_set_errno(error, (int)bytes, "cannot read the recipients in %.*s", utf8_fit(path, 100), path);
	int result = 0, keys = 0;
	size_t number = 0;
	for (char *line; result >= 0 && (line = strsep(&rest, "\n")) != NULL; keys += result)
		result = add_line(recipients, path, ++number, line, error);
	seal_forget(text, sizeof text); /* a secret key may have been among them */
	if (result < 0)
		return result;
	return keys > 0 ? 0 : error_set(error, -EINVAL, "there is no recipient in %.*s", utf8_fit(path, 100), path);
}

static bool is_path(const char *word)
{
	return strchr(word, '/') && !is_secret(word);
}

int seal_add_word(struct seal_recipients *recipients, const char *word, struct error *error)
{
	return is_path(word) ? add_file(recipients, word, error) : seal_add_key(recipients, word, error);
}

int seal_check_word(const char *word, struct error *error)
{
	uint8_t key[SEAL_KEY_BYTES];
	return is_path(word) ? 0 : read_key(word, key, error);
}

int seal_make_pair(char recipient[SEAL_KEY_TEXT_BYTES], char identity[SEAL_KEY_TEXT_BYTES])
{
	uint8_t secret[SEAL_KEY_BYTES], key[SEAL_KEY_BYTES];
	if (sodium_init() < 0)
		return -EIO;
	randombytes_buf(secret, sizeof secret);
	int result = crypto_scalarmult_base(key, secret) == 0 ? 0 : -EIO;
	if (result == 0)
		result = bech32_encode(public_prefix, key, sizeof key, recipient, SEAL_KEY_TEXT_BYTES);
	if (result == 0)
		result = bech32_encode(secret_prefix, secret, sizeof secret, identity, SEAL_KEY_TEXT_BYTES);
	bech32_to_upper(identity);
	sodium_memzero(secret, sizeof secret);
	return result;
}
