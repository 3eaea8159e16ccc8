#include "base/utf8.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static bool is_between(unsigned char byte, unsigned char low, unsigned char high)
{
	return byte >= low && byte <= high;
}

/* Bytes of the character that lead begins; 0: it begins none. */
static size_t length_of(unsigned char lead)
{
	if (lead < 0x80)
		return 1;
	if (is_between(lead, 0xc2, 0xdf))
		return 2;
	if (is_between(lead, 0xe0, 0xef))
		return 3;
	return is_between(lead, 0xf0, 0xf4) ? 4 : 0;
}

/* The second byte rules out overlong forms, surrogates and what lies beyond U+10FFFF (RFC 3629, section 4). */
static bool is_second(unsigned char lead, unsigned char byte)
{
	switch (lead) {
	case 0xe0:
		return is_between(byte, 0xa0, 0xbf);
	case 0xed:
		return is_between(byte, 0x80, 0x9f);
	case 0xf0:
		return is_between(byte, 0x90, 0xbf);
	case 0xf4:
		return is_between(byte, 0x80, 0x8f);
	default:
		return is_between(byte, 0x80, 0xbf);
	}
}

/* How many bytes at text are a character or the beginning of one; 0 when its first belongs to none. */
static size_t valid_bytes(const char *text, size_t length)
{
	const unsigned char *bytes = (const unsigned char *)text;
	size_t count = 1;
	if (length == 0)
		return 0;
	while (count < length && (count == 1 ? is_second(bytes[0], bytes[1]) : is_between(bytes[count], 0x80, 0xbf)))
		count++;
	return count;
}

void utf8_repair(char *text)
{
	char *at = text;
	while (*at) {
		size_t length = length_of((unsigned char)*at);
		size_t valid = valid_bytes(at, length);
		if (valid > 0 && valid < length && at[valid] == '\0') {
			*at = '\0';
			return;
		}
		if (valid == length && length > 0)
			at += length;
		else
			*at++ = '?';
	}
}

int utf8_fit(const char *text, int most)
{
	size_t end = strnlen(text, (size_t)most);
	if (text[end] == '\0')
		return (int)end;
	/* Back over the bytes that continue a character, of which none has more than three. */
	size_t begin = end;
	while (begin > 0 && end - begin < 3 && is_between((unsigned char)text[begin], 0x80, 0xbf))
		begin--;
	return length_of((unsigned char)text[begin]) > 1 ? (int)begin : (int)end;
}
