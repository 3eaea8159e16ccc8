#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "export/seal.h"
#include "export/seal_bech32.h"
#include "export/seal_begin.h"
#include "scratch.h"

/*
 * The vectors of https://c2sp.org/CCTV/age: their random bytes come from a known stream, so the files that are to be
 * sealed with it come out as there, byte for byte. Of each its sha256 is here, uncompressed and without the vector's
 * own heading.
 */
#define VECTOR_IDENTITY "age-secret-key-1egtzvffv20835nwyv6270lxyvk2vknx2mmdkwyklmgr48uawx40q2p2lm0"
#define VECTOR_FILE_KEY "YELLOW SUBMARINE"
#define VECTOR_STREAM "TEST RANDOMNESS TEST RANDOMNESS!"

struct vector {
	size_t recipients;
	const char *text; /* NULL: chunks */
	size_t chunks, last_bytes;
	const char *sha256;
};

static void recipient_of(const uint8_t *identity, uint8_t *key)
{
	assert_int_equal(crypto_scalarmult_base(key, identity), 0);
}

/* In the order in which the vectors draw: the other identity, the ephemeral keys, the nonce. */
static void prepare(const struct vector *vector, struct seal_recipients *recipients, struct seal_secrets *secrets)
{
	static const uint8_t nonce[crypto_stream_chacha20_ietf_NONCEBYTES];
	uint8_t stream[256], identity[SEAL_KEY_BYTES], *at = stream;
	char prefix[BECH32_PREFIX_BYTES];
	crypto_stream_chacha20_ietf(stream, sizeof stream, nonce, (const uint8_t *)VECTOR_STREAM);
	assert_int_equal(bech32_decode(VECTOR_IDENTITY, prefix, identity, sizeof identity), 0);
	assert_string_equal(prefix, "age-secret-key-");
	recipients->count = vector->recipients;
	if (vector->recipients == 2) {
		recipient_of(at, recipients->keys[0]);
		at += SEAL_KEY_BYTES;
	}
	recipient_of(identity, recipients->keys[vector->recipients - 1]);
	for (size_t i = 0; i < vector->recipients; i++, at += SEAL_KEY_BYTES)
		memcpy(secrets->ephemeral[i], at, SEAL_KEY_BYTES);
	memcpy(secrets->nonce, at, sizeof secrets->nonce);
	memcpy(secrets->file_key, VECTOR_FILE_KEY, sizeof secrets->file_key);
}

/* The vectors' chunks are such that they become zeros when they are sealed. */
static void fill_chunk(const struct seal_secrets *secrets, size_t number, bool last, uint8_t *chunk, size_t bytes)
{
	uint8_t key[SEAL_KEY_BYTES], nonce[crypto_stream_chacha20_ietf_NONCEBYTES] = { 0 };
	seal_derive(secrets->file_key, sizeof secrets->file_key, secrets->nonce, sizeof secrets->nonce, "payload", key);
	nonce[10] = (uint8_t)number;
	nonce[9] = (uint8_t)(number >> 8);
	nonce[11] = last;
	memset(chunk, 0, bytes);
	crypto_stream_chacha20_ietf_xor_ic(chunk, chunk, bytes, nonce, 1, key);
}

/* step: so many bytes at a time. */
static void write_vector(const struct vector *vector, int fd, size_t step)
{
	static uint8_t plain[300 * SEAL_CHUNK_BYTES];
	struct seal_recipients recipients;
	struct seal_secrets secrets;
	size_t bytes = 0;
	int result;
	prepare(vector, &recipients, &secrets);
	if (vector->text) {
		bytes = strlen(vector->text);
		memcpy(plain, vector->text, bytes);
	}
	for (size_t i = 0; i < vector->chunks; i++) {
		const bool last = i + 1 == vector->chunks;
		const size_t count = last ? vector->last_bytes : SEAL_CHUNK_BYTES;
		fill_chunk(&secrets, i, last, plain + bytes, count);
		bytes += count;
	}
	struct seal *seal = seal_begin_with(&recipients, &secrets, fd, &result);
	assert_non_null(seal);
	for (size_t at = 0; at < bytes; at += step)
		assert_int_equal(seal_write(seal, plain + at, bytes - at < step ? bytes - at : step), 0);
	assert_int_equal(seal_finish(seal), 0);
	seal_end(seal);
}

static void hash_file(int fd, char hex[2 * crypto_hash_sha256_BYTES + 1])
{
	uint8_t part[4096], hash[crypto_hash_sha256_BYTES];
	crypto_hash_sha256_state state;
	crypto_hash_sha256_init(&state);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	for (ssize_t got; (got = read(fd, part, sizeof part)) > 0;)
		crypto_hash_sha256_update(&state, part, (size_t)got);
	crypto_hash_sha256_final(&state, hash);
	sodium_bin2hex(hex, 2 * sizeof hash + 1, hash, sizeof hash);
}

static void test_files_are_the_specifications_byte_for_byte(void **state)
{
	static const struct vector vectors[] = {
		{ 1, "age", 0, 0, "10eb4d4d006859f5034d75db70d43c3761795824f9cf9377edda42172e21211d" }, /* x25519 */
		{ 2, "age", 0, 0,
		  "141a9e76dc197d076174c464afff14436c04e0920239555784fc60658b4c7b7e" }, /* …_multiple_recipients */
		{ 1, "", 0, 0, "3145e2396062932b6e04d1c19e28dc3365658ce8d7fe73da536bbb5d42b0cbbb" }, /* stream_empty_payload */
		{ 1, NULL, 1, 65536,
		  "506c0deadb7a57383ae096a883bea2464752b73a61525bccefb40bc6de468e09" }, /* stream_last_chunk_full */
		{ 1, NULL, 2, 65536,
		  "86483fdf50635ff4cb1dc3f36dbe714906100869b09b7f1fde4a56b9e67b6b3d" }, /* stream_two_chunks */
		{ 1, NULL, 3, 65536,
		  "6aa4208daef65083050368dd3ee5600138477aa8cc2476fafce592e6b2885dc8" }, /* stream_three_chunks */
		{ 1, NULL, 257, 65536,
		  "4023b55a860bbb79f6137240a3ac33c85f21343734d9e79912d526b5044f1918" }, /* stream_257_chunks_full */
		{ 1, NULL, 257, 1, "d6e6b005a518098c860a1353c040040ab640171f3924fc958b9db9ebd0eb226d" }, /* stream_257_chunks */
		{ 1, NULL, 258, 1, "b2c0ba7772f31f0194bb4407e78d0a4537c31eeb6e1c0b8f8dc5f12b18882479" }, /* stream_258_chunks */
	};
	static const size_t steps[] = { 17 * SEAL_CHUNK_BYTES + 5, SEAL_CHUNK_BYTES, 4097 };
	char hex[2 * crypto_hash_sha256_BYTES + 1];
	(void)state;
	for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++)
		for (size_t j = 0; j < sizeof steps / sizeof steps[0]; j++) {
			int fd = memfd_create("vector", MFD_CLOEXEC);
			assert_true(fd >= 0);
			write_vector(&vectors[i], fd, steps[j]);
			hash_file(fd, hex);
			assert_string_equal(hex, vectors[i].sha256);
			close(fd);
		}
}

static void test_no_two_files_are_the_same(void **state)
{
	struct seal_recipients recipients = { 0 };
	char recipient[SEAL_KEY_TEXT_BYTES], identity[SEAL_KEY_TEXT_BYTES];
	char hex[2][2 * crypto_hash_sha256_BYTES + 1];
	(void)state;
	assert_int_equal(seal_make_pair(recipient, identity), 0);
	assert_int_equal(seal_add_key(&recipients, recipient, NULL), 0);
	for (int i = 0; i < 2; i++) {
		int result, fd = memfd_create("twice", MFD_CLOEXEC);
		struct seal *seal = seal_begin(&recipients, fd, &result);
		assert_non_null(seal);
		assert_int_equal(seal_write(seal, "the same", 8), 0);
		assert_int_equal(seal_finish(seal), 0);
		seal_end(seal);
		hash_file(fd, hex[i]);
		close(fd);
	}
	assert_string_not_equal(hex[0], hex[1]);
}

static void test_a_text_longer_than_a_chunk_is_not_sealed(void **state)
{
	struct seal_recipients recipients = { 0 };
	char recipient[SEAL_KEY_TEXT_BYTES], identity[SEAL_KEY_TEXT_BYTES], text[SEAL_CHUNK_BYTES + 2];
	(void)state;
	assert_int_equal(seal_make_pair(recipient, identity), 0);
	assert_int_equal(seal_add_key(&recipients, recipient, NULL), 0);
	memset(text, 'a', sizeof text);
	text[SEAL_CHUNK_BYTES + 1] = '\0';
	assert_null(seal_text(&recipients, text));
	text[SEAL_CHUNK_BYTES] = '\0';
	char *one = seal_text(&recipients, text), *other = seal_text(&recipients, text);
	assert_non_null(one);
	assert_non_null(other);
	assert_int_equal(strlen(one), strlen(other));
	assert_string_not_equal(one, other);
	free(one);
	free(other);
}

static void test_a_new_pair_is_one(void **state)
{
	char recipient[SEAL_KEY_TEXT_BYTES], identity[SEAL_KEY_TEXT_BYTES], prefix[BECH32_PREFIX_BYTES];
	uint8_t secret[SEAL_KEY_BYTES], key[SEAL_KEY_BYTES];
	struct seal_recipients recipients = { 0 };
	(void)state;
	assert_int_equal(seal_make_pair(recipient, identity), 0);
	assert_int_equal(strlen(recipient), 62);
	assert_int_equal(strncmp(identity, "AGE-SECRET-KEY-1", 16), 0);
	assert_int_equal(seal_add_key(&recipients, recipient, NULL), 0);
	for (char *at = identity; *at; at++)
		*at = *at >= 'A' && *at <= 'Z' ? (char)(*at + 'a' - 'A') : *at;
	assert_int_equal(bech32_decode(identity, prefix, secret, sizeof secret), 0);
	recipient_of(secret, key);
	assert_memory_equal(key, recipients.keys[0], sizeof key);
}

static const char good[] = "age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pa";

static void test_what_is_no_recipient_is_refused_with_what_it_is(void **state)
{
	static const struct {
		const char *text, *says;
	} wrong[] = {
		{ "", "is no key" },
		{ "age1", "is no key" },
		{ "age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pq", "is no key" },
		{ "age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7p", "is no key" },
		{ "AGE1T7RXYEV2Z3RW82STDLRREPYC39NVN86L5078ZQKF5UASDY86JP6SVPY7PA", "is no key" },
		{ "age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t", "plugin" },
		{ "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA", "SSH" },
		{ "recipients.txt", "is no key" },
	};
	struct seal_recipients recipients = { 0 };
	struct error error;
	(void)state;
	assert_int_equal(seal_add_key(&recipients, good, &error), 0);
	assert_int_equal(seal_add_key(&recipients, good, &error), 0);
	assert_int_equal(recipients.count, 1);
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		assert_int_equal(seal_add_word(&recipients, wrong[i].text, &error), -EINVAL);
		assert_int_equal(seal_check_word(wrong[i].text, &error), -EINVAL);
		if (wrong[i].says)
			assert_non_null(strstr(error.text, wrong[i].says));
	}
	assert_int_equal(recipients.count, 1);
}

static void test_a_key_that_seals_nothing_is_refused(void **state)
{
	static const uint8_t zeros[SEAL_KEY_BYTES];
	struct seal_recipients recipients = { 0 };
	struct error error;
	char text[SEAL_KEY_TEXT_BYTES];
	(void)state;
	assert_int_equal(bech32_encode("age", zeros, sizeof zeros, text, sizeof text), 0);
	assert_int_equal(seal_add_key(&recipients, text, &error), -EINVAL);
	assert_non_null(strstr(error.text, "seals nothing"));
}

static void test_a_secret_key_is_refused_and_not_repeated(void **state)
{
	struct seal_recipients recipients = { 0 };
	struct error error;
	char recipient[SEAL_KEY_TEXT_BYTES], identity[SEAL_KEY_TEXT_BYTES];
	(void)state;
	assert_int_equal(seal_make_pair(recipient, identity), 0);
	assert_int_equal(seal_check_word(identity, &error), -EINVAL);
	assert_int_equal(seal_add_word(&recipients, identity, &error), -EINVAL);
	assert_non_null(strstr(error.text, "secret key"));
	assert_null(strstr(error.text, identity + 16));
	assert_int_equal(recipients.count, 0);
}

static int add_file(const char *text, struct seal_recipients *recipients, struct error *error)
{
	char folder[SCRATCH_BYTES], path[SCRATCH_BYTES + 8];
	scratch_make(folder);
	snprintf(path, sizeof path, "%s/list", folder);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	int result = seal_add_word(recipients, path, error);
	scratch_remove(folder);
	return result;
}

static void test_recipients_are_read_from_a_file(void **state)
{
	struct seal_recipients recipients = { 0 };
	struct error error;
	char text[512], recipient[SEAL_KEY_TEXT_BYTES], identity[SEAL_KEY_TEXT_BYTES];
	(void)state;
	assert_int_equal(seal_make_pair(recipient, identity), 0);
	snprintf(text, sizeof text, "# who\r\n\r\n%s\r\n%s", good, recipient);
	assert_int_equal(add_file(text, &recipients, &error), 0);
	assert_int_equal(recipients.count, 2);
	snprintf(text, sizeof text, "%s\n%s\n", good, identity);
	assert_int_equal(add_file(text, &recipients, &error), -EINVAL);
	assert_non_null(strstr(error.text, "line 2: a secret key"));
	assert_null(strstr(error.text, identity + 16));
	assert_int_equal(add_file("# nobody\n", &recipients, &error), -EINVAL);
	assert_int_equal(seal_add_word(&recipients, "/nowhere/list", &error), -ENOENT);
}

static void test_too_many_recipients_are_refused(void **state)
{
	struct seal_recipients recipients = { 0 };
	char recipient[SEAL_KEY_TEXT_BYTES], identity[SEAL_KEY_TEXT_BYTES];
	struct error error;
	(void)state;
	for (int i = 0; i < SEAL_RECIPIENTS_MAX; i++) {
		assert_int_equal(seal_make_pair(recipient, identity), 0);
		assert_int_equal(seal_add_key(&recipients, recipient, &error), 0);
	}
	assert_int_equal(seal_add_key(&recipients, good, &error), -E2BIG);
	int result, fd = memfd_create("many", MFD_CLOEXEC);
	struct seal *seal = seal_begin(&recipients, fd, &result);
	assert_non_null(seal);
	seal_end(seal);
	assert_true(lseek(fd, 0, SEEK_END) < SEAL_HEAD_BYTES);
	close(fd);
}

/* A file that may be no larger than this stands for a full disk. */
static void limit_files(rlim_t bytes)
{
	struct rlimit limit;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static off_t size_when_full(rlim_t most, size_t bytes, int *cut)
{
	static uint8_t plain[4 * SEAL_CHUNK_BYTES];
	char folder[SCRATCH_BYTES], path[SCRATCH_BYTES + 8];
	struct seal_recipients recipients = { 0 };
	int result;
	scratch_make(folder);
	snprintf(path, sizeof path, "%s/full", folder);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(seal_add_key(&recipients, good, NULL), 0);
	struct seal *seal = seal_begin(&recipients, fd, &result);
	assert_non_null(seal);
	limit_files(most);
	result = seal_write(seal, plain, bytes);
	if (result == 0)
		result = seal_finish(seal);
	assert_int_equal(result, -EFBIG);
	*cut = seal_cut(seal);
	limit_files(RLIM_INFINITY);
	seal_end(seal);
	off_t size = lseek(fd, 0, SEEK_END);
	close(fd);
	scratch_remove(folder);
	return size;
}

static void test_on_a_full_disk_the_file_ends_behind_its_last_whole_chunk(void **state)
{
	enum { HEAD = 200 - 16, SEALED = SEAL_CHUNK_BYTES + 16, END = 1 + 16 };
	int cut;
	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(size_when_full(HEAD + 2 * SEALED + 100, 4 * SEAL_CHUNK_BYTES, &cut), HEAD + 2 * SEALED + END);
	assert_int_equal(cut, 0);
	assert_int_equal(size_when_full(HEAD + 2 * SEALED + 5, 4 * SEAL_CHUNK_BYTES, &cut), HEAD + SEALED + END);
	assert_int_equal(cut, 0);
	/* The last chunk had come half: none takes its place. */
	assert_int_equal(size_when_full(HEAD + 2 * SEALED + 100, 2 * SEAL_CHUNK_BYTES + 200, &cut), HEAD + SEALED + END);
	assert_int_equal(cut, 0);
	size_when_full(HEAD + 100, SEAL_CHUNK_BYTES, &cut);
	assert_int_equal(cut, -ENODATA);
}

static void test_what_can_be_opened_of_an_unfinished_file_is_told(void **state)
{
	static const char head[] = "age-encryption.org/v1\n-> X25519 a\nb\n--- mac\n0123456789abcdef";
	const uint64_t begin = sizeof head - 1, sealed = SEAL_CHUNK_BYTES + 16;
	(void)state;
	assert_int_equal(seal_readable_bytes(head, begin, begin), 0);
	assert_int_equal(seal_readable_bytes(head, begin, begin + sealed - 1), 0);
	assert_int_equal(seal_readable_bytes(head, begin, begin + sealed), SEAL_CHUNK_BYTES);
	assert_int_equal(seal_readable_bytes(head, begin, begin + 3 * sealed - 1), 2 * SEAL_CHUNK_BYTES);
	assert_int_equal(seal_readable_bytes("", 0, begin + sealed), 0);
	assert_int_equal(seal_readable_bytes("\n--- ", 5, begin + sealed), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files_are_the_specifications_byte_for_byte),
		cmocka_unit_test(test_no_two_files_are_the_same),
		cmocka_unit_test(test_a_text_longer_than_a_chunk_is_not_sealed),
		cmocka_unit_test(test_a_new_pair_is_one),
		cmocka_unit_test(test_what_is_no_recipient_is_refused_with_what_it_is),
		cmocka_unit_test(test_a_key_that_seals_nothing_is_refused),
		cmocka_unit_test(test_a_secret_key_is_refused_and_not_repeated),
		cmocka_unit_test(test_recipients_are_read_from_a_file),
		cmocka_unit_test(test_too_many_recipients_are_refused),
		cmocka_unit_test(test_on_a_full_disk_the_file_ends_behind_its_last_whole_chunk),
		cmocka_unit_test(test_what_can_be_opened_of_an_unfinished_file_is_told),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
