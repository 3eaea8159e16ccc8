#include "png_checksum.h"

#include <string.h>

#if defined __aarch64__ && (defined __ARM_FEATURE_CRC32 || !defined __clang__ || __clang_major__ >= 16)
#define HAVE_CRC_INSTRUCTION
#include <arm_acle.h>
#include <endian.h>
#include <sys/auxv.h>
#endif

#if defined __SSE2__ || defined __ARM_NEON
#define HAVE_VECTORS
#include "base/number.h"
#include "media/kernel.h"
#endif

/* Not needed where both are known to be there as this is compiled. */
#if !defined HAVE_VECTORS || !defined __ARM_FEATURE_CRC32
#include <zlib.h>
#endif

enum { ADLER_MODULUS = 65521 };

#ifdef HAVE_VECTORS

/* Of BEFORE_MAX lines the sums before each add up to 16 bits, 255 x 22 x 21 / 2 at most; of LINES_MAX, to 32. */
enum { COLUMNS = 16, BEFORE_MAX = 22, LINES_MAX = 4096 };

typedef uint8_t line_bytes __attribute__((vector_size(COLUMNS)));
typedef uint16_t line_words __attribute__((vector_size(2 * COLUMNS)));
typedef uint32_t line_sums __attribute__((vector_size(4 * COLUMNS)));

/* low: 1 + the sum of the bytes; high: the sum of low after each byte. */
struct adler {
	uint64_t low, high;
};

/* A byte counts into high once for each byte from it on: as often as lines follow, times COLUMNS, and as columns do. */
KERNEL static void adler_lines(struct adler *adler, const uint8_t *data, size_t lines)
{
	line_sums sums = { 0 }, before = { 0 };
	for (size_t line = 0; line < lines;) {
		const size_t end = line + min_size(lines - line, BEFORE_MAX);
		line_words few_sums = { 0 }, few_before = { 0 };
		before += sums * (uint32_t)(end - line);
		for (; line < end; line++) {
			line_bytes bytes;
			memcpy(&bytes, data + line * COLUMNS, sizeof bytes);
			few_before += few_sums;
			few_sums += __builtin_convertvector(bytes, line_words);
		}
		before += __builtin_convertvector(few_before, line_sums);
		sums += __builtin_convertvector(few_sums, line_sums);
	}
	adler->high += adler->low * lines * COLUMNS;
	for (size_t i = 0; i < COLUMNS; i++) {
		adler->low += sums[i];
		adler->high += (uint64_t)COLUMNS * before[i] + (COLUMNS - i) * sums[i];
	}
}

uint32_t png_adler(const uint8_t *data, size_t bytes)
{
	struct adler adler = { .low = 1 };
	while (bytes >= COLUMNS) {
		const size_t lines = min_size(bytes / COLUMNS, LINES_MAX);
		adler_lines(&adler, data, lines);
		data += lines * COLUMNS;
		bytes -= lines * COLUMNS;
	}
	for (size_t i = 0; i < bytes; i++) {
		adler.low += data[i];
		adler.high += adler.low;
	}
	return (uint32_t)(adler.high % ADLER_MODULUS << 16 | adler.low % ADLER_MODULUS);
}

#else

uint32_t png_adler(const uint8_t *data, size_t bytes)
{
	return (uint32_t)adler32(1, data, (uInt)bytes);
}

#endif

/* Each byte of the second adds once more what low had grown to. */
uint32_t png_adler_combine(uint32_t first, uint32_t second, size_t bytes)
{
	const uint64_t grown = (first & 0xffff) + ADLER_MODULUS - 1, low = grown + (second & 0xffff);
	const uint64_t high = (first >> 16) + (second >> 16) + grown * (bytes % ADLER_MODULUS);
	return (uint32_t)(high % ADLER_MODULUS << 16 | low % ADLER_MODULUS);
}

#ifdef HAVE_CRC_INSTRUCTION

#ifdef __ARM_FEATURE_CRC32
#define CRC_FUNCTION
#else
#define CRC_FUNCTION __attribute__((target("+crc")))
#endif

CRC_FUNCTION static uint32_t crc_by_instruction(const uint8_t *data, size_t bytes)
{
	uint32_t crc = UINT32_MAX;
	for (; bytes >= sizeof(uint64_t); data += sizeof(uint64_t), bytes -= sizeof(uint64_t)) {
		uint64_t word;
		memcpy(&word, data, sizeof word);
		crc = __crc32d(crc, le64toh(word));
	}
	for (; bytes > 0; bytes--)
		crc = __crc32b(crc, *data++);
	return ~crc;
}

#endif

uint32_t png_crc(const uint8_t *data, size_t bytes)
{
#ifdef __ARM_FEATURE_CRC32
	return crc_by_instruction(data, bytes);
#else
#ifdef HAVE_CRC_INSTRUCTION
	if (getauxval(AT_HWCAP) & HWCAP_CRC32)
		return crc_by_instruction(data, bytes);
#endif
	return (uint32_t)crc32(0, data, (uInt)bytes);
#endif
}
