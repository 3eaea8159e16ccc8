#include "png_deflate.h"

#include <assert.h>
#include <endian.h>
#include <string.h>

#include "png_huffman.h"

/*
 * The data is gone through twice, in the same steps of eight bytes: once to count, once to write. A step is either
 * eight literals or a run: as many groups of eight as repeat the byte before them, at most 256 bytes, written as one
 * match of distance 1.
 */
enum {
	PNG_STEP = 8,
	PNG_RUN_MAX = 256,
	PNG_END_OF_BLOCK = 256,
	PNG_FIRST_RUN_SYMBOL = 257,
	PNG_DYNAMIC_BLOCK = 2,
	PNG_LENGTH_BITS = 4,
	PNG_AROUND_BYTES = 256, /* header, alignment, and the 8 bytes that png_flush writes for any count */
};

struct png_bits {
	uint64_t pending;
	unsigned count; /* below 8 between calls */
	uint8_t *out;
};

struct png_run_code {
	uint16_t symbol, extra_bits, extra;
};

/* At most 56 bits at a time. */
static inline void png_put(struct png_bits *bits, uint64_t value, unsigned count)
{
	bits->pending |= value << bits->count;
	bits->count += count;
}

static inline void png_flush(struct png_bits *bits)
{
	uint64_t word = htole64(bits->pending);
	memcpy(bits->out, &word, sizeof word);
	bits->out += bits->count / 8;
	bits->pending >>= bits->count & ~7U;
	bits->count &= 7;
}

static inline size_t png_run_at(const uint8_t *data, const uint8_t *at, const uint8_t *end)
{
	size_t run = 0;

	if (at == data)
		return 0;
	while (run < PNG_RUN_MAX && end - at >= PNG_STEP && memcmp(at, at - 1, PNG_STEP) == 0) {
		at += PNG_STEP;
		run += PNG_STEP;
	}
	return run;
}

/* RFC 1951, 3.2.5. */
static struct png_run_code png_run_code(size_t run)
{
	static const uint16_t base[] = { 3,  4,  5,  6,  7,  8,  9,  10, 11, 13,  15,  17,  19,  23,
		                             27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227 };
	size_t i = sizeof base / sizeof base[0] - 1;
	while (base[i] > run)
		i--;
	return (struct png_run_code){ (uint16_t)(PNG_FIRST_RUN_SYMBOL + i), (uint16_t)(i < 8 ? 0 : i / 4 - 1),
		                          (uint16_t)(run - base[i]) };
}

/* Four tables: neighbours are often equal, and adding to one counter twice in a row waits for memory. */
static void png_count(const uint8_t *data, size_t bytes, uint32_t count[PNG_SYMBOLS])
{
	uint32_t part[4][256] = { 0 };
	const uint8_t *at = data, *end = data + bytes;

	memset(count, 0, PNG_SYMBOLS * sizeof count[0]);
	while (end - at >= PNG_STEP) {
		size_t run = png_run_at(data, at, end);
		if (run > 0)
			count[png_run_code(run).symbol]++;
		for (size_t i = 0; run == 0 && i < PNG_STEP; i++)
			part[i % 4][at[i]]++;
		at += run > 0 ? run : PNG_STEP;
	}
	while (at < end)
		part[0][*at++]++;
	for (size_t i = 0; i < 256; i++)
		count[i] = part[0][i] + part[1][i] + part[2][i] + part[3][i];
	count[PNG_END_OF_BLOCK] = 1;
}

/* The lengths of the codes go out as plain numbers: the code for them gives each of 0 to 15 four bits. A cleverer one
 * would save 60 bytes in 40,000. */
static void png_put_header(struct png_bits *bits, const struct png_code code[PNG_SYMBOLS], bool last)
{
	enum { LENGTH_CODES = 19, SHARED_LENGTH_CODES = 3, DISTANCES = 1 };

	png_put(bits, last, 1);
	png_put(bits, PNG_DYNAMIC_BLOCK, 2);
	png_put(bits, PNG_SYMBOLS - 257, 5);
	png_put(bits, DISTANCES - 1, 5);
	png_put(bits, LENGTH_CODES - 4, 4);
	png_flush(bits);
	for (unsigned i = 0; i < LENGTH_CODES; i++) {
		png_put(bits, i < SHARED_LENGTH_CODES ? 0 : PNG_LENGTH_BITS, 3);
		png_flush(bits);
	}
	for (unsigned i = 0; i < PNG_SYMBOLS + DISTANCES; i++) {
		unsigned length = i < PNG_SYMBOLS ? code[i].length : 1;
		png_put(bits, png_reversed(length, PNG_LENGTH_BITS), PNG_LENGTH_BITS);
		png_flush(bits);
	}
}

static inline void png_put_symbol(struct png_bits *bits, struct png_code code)
{
	png_put(bits, code.bits, code.length);
}

/* The distance, always the first code of one, is a single zero bit. */
static void png_put_run(struct png_bits *bits, const struct png_code *code, size_t run)
{
	struct png_run_code run_code = png_run_code(run);

	png_put_symbol(bits, code[run_code.symbol]);
	png_put(bits, run_code.extra, run_code.extra_bits);
	png_put(bits, 0, 1);
	png_flush(bits);
}

static inline void png_put_four(struct png_bits *bits, const struct png_code *code, const uint8_t *at)
{
	_Static_assert(4 * PNG_CODE_BITS_MAX + 7 < 64, "four codes must fit between two flushes");
	png_put_symbol(bits, code[at[0]]);
	png_put_symbol(bits, code[at[1]]);
	png_put_symbol(bits, code[at[2]]);
	png_put_symbol(bits, code[at[3]]);
	png_flush(bits);
}

static void png_put_data(struct png_bits *bits, const struct png_code *code, const uint8_t *data, size_t bytes)
{
	struct png_bits own = *bits;
	const uint8_t *at = data, *end = data + bytes;

	while (end - at >= PNG_STEP) {
		size_t run = png_run_at(data, at, end);
		if (run > 0) {
			png_put_run(&own, code, run);
			at += run;
			continue;
		}
		png_put_four(&own, code, at);
		png_put_four(&own, code, at + 4);
		at += PNG_STEP;
	}
	while (at < end) {
		png_put_symbol(&own, code[*at++]);
		png_flush(&own);
	}
	*bits = own;
}

/* An empty stored block: it begins on a byte, whatever came before. */
static void png_put_alignment(struct png_bits *bits)
{
	png_put(bits, 0, 3);
	bits->count = (bits->count + 7) & ~7U;
	png_put(bits, 0xffff0000, 32);
	png_flush(bits);
}

size_t png_deflate_bound(size_t bytes)
{
	return bytes + bytes / 8 + png_huffman_excess(bytes + 1) + PNG_AROUND_BYTES;
}

size_t png_deflate(const uint8_t *data, size_t bytes, bool last, uint8_t *out)
{
	uint32_t count[PNG_SYMBOLS];
	struct png_code code[PNG_SYMBOLS];
	struct png_bits bits = { .out = out };

	assert(bytes > 0 && bytes <= PNG_DEFLATE_BYTES_MAX);
	png_count(data, bytes, count);
	png_huffman(count, code);
	png_put_header(&bits, code, last);
	png_put_data(&bits, code, data, bytes);
	png_put_symbol(&bits, code[PNG_END_OF_BLOCK]);
	png_flush(&bits);
	if (!last)
		png_put_alignment(&bits);
	bits.count = (bits.count + 7) & ~7U;
	png_flush(&bits);
	return (size_t)(bits.out - out);
}
