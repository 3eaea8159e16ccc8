#include "seal_bech32.h"

#include <errno.h>
#include <string.h>

static const char letters[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

enum { CHECKSUM_LETTERS = 6, LETTER_BITS = 5, LETTER_MASK = 31 };

static uint32_t add_to_checksum(uint32_t sum, unsigned value)
{
	static const uint32_t generator[LETTER_BITS] = { 0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3 };
	const uint32_t top = sum >> 25;
	sum = (sum & 0x1ffffff) << LETTER_BITS ^ value;
	for (int i = 0; i < LETTER_BITS; i++)
		sum ^= top >> i & 1 ? generator[i] : 0;
	return sum;
}

/* Of the prefix, with which every checksum begins. */
static uint32_t begin_checksum(const char *prefix, size_t length)
{
	uint32_t sum = 1;
	for (size_t i = 0; i < length; i++)
		sum = add_to_checksum(sum, (unsigned char)prefix[i] >> LETTER_BITS);
	sum = add_to_checksum(sum, 0);
	for (size_t i = 0; i < length; i++)
		sum = add_to_checksum(sum, (unsigned char)prefix[i] & LETTER_MASK);
	return sum;
}

static int value_of(char letter)
{
	const char *found = letter ? strchr(letters, letter) : NULL;
	return found ? (int)(found - letters) : -EINVAL;
}

/* What is left over of the bits must be fewer than a letter's, and zeros. */
static int unpack(const char *at, size_t count, uint8_t *data, size_t bytes)
{
	uint32_t bits = 0;
	unsigned held = 0;
	size_t got = 0;
	for (size_t i = 0; i < count; i++) {
		bits = bits << LETTER_BITS | (uint32_t)value_of(at[i]);
		held += LETTER_BITS;
		if (held < 8)
			continue;
		held -= 8;
		if (got == bytes)
			return -EMSGSIZE;
		data[got++] = (uint8_t)(bits >> held);
	}
	if (got != bytes)
		return -EMSGSIZE;
	return held < LETTER_BITS && (bits & ((1u << held) - 1)) == 0 ? 0 : -EINVAL;
}

int bech32_decode(const char *text, char prefix[BECH32_PREFIX_BYTES], uint8_t *data, size_t bytes)
{
	const char *end = strrchr(text, '1');
	size_t length = end ? (size_t)(end - text) : 0;
	if (length == 0 || length >= BECH32_PREFIX_BYTES || strlen(end + 1) < CHECKSUM_LETTERS)
		return -EINVAL;
	for (size_t i = 0; i < length; i++)
		if (text[i] < '!' || text[i] > '~' || (text[i] >= 'A' && text[i] <= 'Z'))
			return -EINVAL;
	uint32_t sum = begin_checksum(text, length);
	for (const char *at = end + 1; *at; at++) {
		int value = value_of(*at);
		if (value < 0)
			return -EINVAL;
		sum = add_to_checksum(sum, (unsigned)value);
	}
	if (sum != 1)
		return -EINVAL;
	memcpy(prefix, text, length);
	prefix[length] = '\0';
	return unpack(end + 1, strlen(end + 1) - CHECKSUM_LETTERS, data, bytes);
}

int bech32_encode(const char *prefix, const uint8_t *data, size_t bytes, char *text, size_t room)
{
	const size_t length = strlen(prefix), count = (bytes * 8 + LETTER_BITS - 1) / LETTER_BITS;
	if (length + 1 + count + CHECKSUM_LETTERS >= room)
		return -EMSGSIZE;
	uint32_t sum = begin_checksum(prefix, length);
	char *at = stpcpy(text, prefix);
	*at++ = '1';
	for (size_t i = 0; i < count; i++) {
		const size_t bit = i * LETTER_BITS, byte = bit / 8;
		const unsigned pair = (unsigned)data[byte] << 8 | (byte + 1 < bytes ? data[byte + 1] : 0u);
		const unsigned value = pair >> (16 - LETTER_BITS - bit % 8) & LETTER_MASK;
		sum = add_to_checksum(sum, value);
		*at++ = letters[value];
	}
	for (int i = 0; i < CHECKSUM_LETTERS; i++)
		sum = add_to_checksum(sum, 0);
	sum ^= 1;
	for (int i = CHECKSUM_LETTERS - 1; i >= 0; i--)
		*at++ = letters[sum >> (LETTER_BITS * i) & LETTER_MASK];
	*at = '\0';
	return 0;
}

static void shift(char *text, char first, int distance)
{
	for (; *text; text++)
		if (*text >= first && *text <= first + 'z' - 'a')
			*text = (char)(*text + distance);
}

void bech32_to_upper(char *text)
{
	shift(text, 'a', 'A' - 'a');
}

void bech32_to_lower(char *text)
{
	shift(text, 'A', 'a' - 'A');
}
