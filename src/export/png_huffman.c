#include "png_huffman.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { PNG_SYMBOL_BITS = 9, PNG_NODES = 2 * PNG_SYMBOLS, PNG_FIBONACCI_17 = 1597 };

/* Leaves first, in order of weight, then inner nodes in the order in which they are made, which is that of weight too.
 */
struct png_tree {
	uint32_t weight[PNG_NODES];
	uint16_t parent[PNG_NODES];
	uint8_t depth[PNG_NODES];
	uint32_t sorted[PNG_SYMBOLS]; /* weight above, symbol in the low bits */
	size_t leaves;
};

static int png_compare(const void *a, const void *b)
{
	uint32_t first = *(const uint32_t *)a, second = *(const uint32_t *)b;
	return (first > second) - (first < second);
}

static void png_tree_leaves(struct png_tree *tree, const uint32_t count[PNG_SYMBOLS])
{
	tree->leaves = 0;
	for (uint32_t i = 0; i < PNG_SYMBOLS; i++)
		if (count[i] > 0)
			tree->sorted[tree->leaves++] = count[i] << PNG_SYMBOL_BITS | i;
	assert(tree->leaves >= 2);
	qsort(tree->sorted, tree->leaves, sizeof tree->sorted[0], png_compare);
	for (size_t i = 0; i < tree->leaves; i++)
		tree->weight[i] = tree->sorted[i] >> PNG_SYMBOL_BITS;
}

/* Joins the two lightest until one is left. Returns the depth of the deepest leaf. */
static unsigned png_tree_grow(struct png_tree *tree)
{
	size_t leaf = 0, inner = tree->leaves, root = 2 * tree->leaves - 2;
	unsigned deepest = 0;

	for (size_t made = tree->leaves; made <= root; made++) {
		tree->weight[made] = 0;
		for (int i = 0; i < 2; i++) {
			size_t lightest =
			    leaf < tree->leaves && (inner == made || tree->weight[leaf] <= tree->weight[inner]) ? leaf++ : inner++;
			tree->weight[made] += tree->weight[lightest];
			tree->parent[lightest] = (uint16_t)made;
		}
	}
	tree->depth[root] = 0;
	for (size_t i = root; i-- > 0;) {
		tree->depth[i] = (uint8_t)(tree->depth[tree->parent[i]] + 1);
		if (tree->depth[i] > deepest)
			deepest = tree->depth[i];
	}
	return deepest;
}

/* RFC 1951, 3.2.2: codes of one length follow one another in the order of the symbols. */
static void png_assign(struct png_code code[PNG_SYMBOLS])
{
	unsigned with_length[PNG_CODE_BITS_MAX + 1] = { 0 }, next[PNG_CODE_BITS_MAX + 1] = { 0 };

	for (size_t i = 0; i < PNG_SYMBOLS; i++)
		with_length[code[i].length]++;
	with_length[0] = 0;
	for (unsigned length = 1; length <= PNG_CODE_BITS_MAX; length++)
		next[length] = (next[length - 1] + with_length[length - 1]) << 1;
	for (size_t i = 0; i < PNG_SYMBOLS; i++)
		if (code[i].length > 0)
			code[i].bits = (uint16_t)png_reversed(next[code[i].length]++, code[i].length);
}

void png_huffman(uint32_t count[PNG_SYMBOLS], struct png_code code[PNG_SYMBOLS])
{
	struct png_tree tree;

	png_tree_leaves(&tree, count);
	while (png_tree_grow(&tree) > PNG_CODE_BITS_MAX) {
		for (size_t i = 0; i < PNG_SYMBOLS; i++)
			count[i] = (count[i] + 1) / 2;
		png_tree_leaves(&tree, count);
	}
	memset(code, 0, PNG_SYMBOLS * sizeof code[0]);
	for (size_t i = 0; i < tree.leaves; i++)
		code[tree.sorted[i] & ((1U << PNG_SYMBOL_BITS) - 1)].length = tree.depth[i];
	png_assign(code);
}

size_t png_huffman_excess(size_t symbols)
{
	size_t halvings = 0;
	while ((symbols >> halvings) + 1 + PNG_SYMBOLS >= PNG_FIBONACCI_17)
		halvings++;
	return 9 * ((size_t)PNG_SYMBOLS << halvings) / 8 + 1;
}
