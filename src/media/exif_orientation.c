#include "exif_orientation.h"

#include <stdbool.h>
#include <string.h>

/* TIFF 6.0: a header of byte order, 42 and the offset of the first directory; that is a count and entries of tag,
 * type, count and value. All offsets count from the header. */
enum { HEADER_BYTES = 8, COUNT_BYTES = 2, ENTRY_BYTES = 12 };
enum { TIFF_MAGIC = 42, TAG_ORIENTATION = 0x0112, TYPE_SHORT = 3, TYPE_LONG = 4 };

struct tiff {
	const uint8_t *data;
	size_t bytes;
	bool big_endian;
};

static unsigned number(const struct tiff *tiff, size_t at, size_t bytes)
{
	unsigned value = 0;
	for (size_t i = 0; i < bytes; i++)
		value = value << 8 | tiff->data[at + (tiff->big_endian ? i : bytes - 1 - i)];
	return value;
}

static int value_of(const struct tiff *tiff, size_t entry)
{
	switch (number(tiff, entry + 2, 2)) {
	case TYPE_SHORT:
		return (int)number(tiff, entry + 8, 2);
	case TYPE_LONG:
		return (int)number(tiff, entry + 8, 4);
	default:
		return 0;
	}
}

static orientation look_up(const struct tiff *tiff)
{
	const size_t directory = number(tiff, 4, 4);
	if (number(tiff, 2, 2) != TIFF_MAGIC || directory > tiff->bytes - COUNT_BYTES)
		return ORIENTATION_NORMAL;
	const size_t count = number(tiff, directory, 2);
	size_t entry = directory + COUNT_BYTES;
	for (size_t i = 0; i < count && tiff->bytes - entry >= ENTRY_BYTES; i++, entry += ENTRY_BYTES)
		if (number(tiff, entry, 2) == TAG_ORIENTATION)
			return orientation_of_exif(value_of(tiff, entry));
	return ORIENTATION_NORMAL;
}

orientation exif_orientation(const uint8_t *data, size_t bytes)
{
	static const uint8_t begin[] = { 'E', 'x', 'i', 'f', 0, 0 };
	if (bytes >= sizeof begin && memcmp(data, begin, sizeof begin) == 0) {
		data += sizeof begin;
		bytes -= sizeof begin;
	}
	if (bytes < HEADER_BYTES || data[0] != data[1] || (data[0] != 'M' && data[0] != 'I'))
		return ORIENTATION_NORMAL;
	const struct tiff tiff = { .data = data, .bytes = bytes, .big_endian = data[0] == 'M' };
	return look_up(&tiff);
}
