/* Huffman codes of limited length for deflate. Pure. */
#ifndef PASTCAM_EXPORT_PNG_HUFFMAN_H
#define PASTCAM_EXPORT_PNG_HUFFMAN_H

#include <stddef.h>
#include <stdint.h>

enum {
	PNG_SYMBOLS = 286, /* literals, end of block, lengths of matches */
	PNG_CODE_BITS_MAX = 14,
};

struct png_code {
	uint16_t bits; /* first bit lowest, as deflate writes them */
	uint16_t length;
};

/* The lowest count bits of value in reverse order. */
static inline unsigned png_reversed(unsigned value, unsigned count)
{
	unsigned reversed = 0;
	for (unsigned i = 0; i < count; i++)
		reversed |= ((value >> i) & 1) << (count - 1 - i);
	return reversed;
}

/* Where Huffman's codes would be longer than PNG_CODE_BITS_MAX, the counts are halved (rounded up) until they are not.
 * At least two counts are above 0, and their sum is below 2^23. Changes count. */
void png_huffman(uint32_t count[PNG_SYMBOLS], struct png_code code[PNG_SYMBOLS]);

/* How many bytes the codes of that many symbols may take beyond 9 bits each.
 * A code of 15 bits needs counts that add up to the 17th Fibonacci number, 1597: k halvings, until they add up to less,
 * are enough. 286 symbols can have codes of 9 bits each, so Huffman's take at most 9 bits a count for the halved
 * counts, of which none is above count / 2^k + 1; undoing the halving, at most 9 x (symbols + 2^k x 286) bits. */
size_t png_huffman_excess(size_t symbols);

#endif
