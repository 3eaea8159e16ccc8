/* The checksums of a PNG beside their definitions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "../golden/reference.h"
#include "export/png_checksum.h"

enum { MOST = 256 * 1024 };

/* RFC 1950, 8.2. */
static uint32_t defined_adler(const uint8_t *bytes, size_t count)
{
	uint32_t low = 1, high = 0;
	for (size_t i = 0; i < count; i++) {
		low = (low + bytes[i]) % 65521;
		high = (high + low) % 65521;
	}
	return high << 16 | low;
}

/* PNG specification, annex D. */
static uint32_t defined_crc(const uint8_t *bytes, size_t count)
{
	uint32_t crc = 0xffffffff;
	for (size_t i = 0; i < count; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? 0xedb88320 ^ crc >> 1 : crc >> 1;
	}
	return ~crc;
}

static void test_checksums_are_those_of_the_standards_for_every_length_and_alignment(void **state)
{
	(void)state;
	for (size_t count = 0; count < 800; count++)
		for (size_t offset = 0; offset < 3; offset++) {
			uint8_t *bytes = malloc(count + offset + 1);
			reference_fill(bytes, count + offset, FILL_RANDOM, (uint32_t)count);
			assert_int_equal(png_adler(bytes + offset, count), defined_adler(bytes + offset, count));
			assert_int_equal(png_crc(bytes + offset, count), defined_crc(bytes + offset, count));
			free(bytes);
		}
}

static void test_the_largest_sums_do_not_overflow(void **state)
{
	(void)state;
	uint8_t *bytes = malloc(MOST);
	memset(bytes, 255, MOST);
	assert_int_equal(png_adler(bytes, MOST), defined_adler(bytes, MOST));
	assert_int_equal(png_crc(bytes, MOST), defined_crc(bytes, MOST));
	free(bytes);
}

static void test_checksums_of_parts_combine(void **state)
{
	(void)state;
	static const size_t parts[] = { 0, 1, 2, 65520, 65521, 65522, 200000 };
	const size_t count = sizeof parts / sizeof *parts;
	uint8_t *bytes = malloc(2 * MOST);
	reference_fill(bytes, 2 * MOST, FILL_RANDOM, 7);
	memset(bytes, 255, MOST / 2);
	for (size_t i = 0; i < count * count; i++) {
		const size_t first = parts[i / count], second = parts[i % count];
		const uint32_t both = png_adler_combine(png_adler(bytes, first), png_adler(bytes + first, second), second);
		assert_int_equal(both, defined_adler(bytes, first + second));
	}
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_checksums_are_those_of_the_standards_for_every_length_and_alignment),
		cmocka_unit_test(test_the_largest_sums_do_not_overflow),
		cmocka_unit_test(test_checksums_of_parts_combine),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
