/* The inner loops of the kernels, one function each, for bench/arm.py to look at. Compiled, never run. */
#include "../src/media/area_whole.c"
#include "../src/media/byte_sum.c"
#include "../src/media/convert.c"
#include "../src/media/median.c"

void arm_nv12_chroma(const struct convert_matrix *matrix, const uint8_t *pairs, size_t count, struct chroma *chroma);
void arm_luma(const struct convert_matrix *matrix, const uint8_t *luma, const struct chroma *chroma, size_t count,
              struct planes *planes);
void arm_interleave(const struct planes *planes, size_t count, uint8_t *rgb);
void arm_bgr(const uint8_t *bgr, size_t count, uint8_t *rgb);
void arm_order(uint8_t *low, uint8_t *high);

void arm_nv12_chroma(const struct convert_matrix *matrix, const uint8_t *pairs, size_t count, struct chroma *chroma)
{
	expand_chroma(matrix, pairs, pairs + 1, 2, count, chroma);
}

void arm_luma(const struct convert_matrix *matrix, const uint8_t *luma, const struct chroma *chroma, size_t count,
              struct planes *planes)
{
	add_luma(matrix, luma, 1, chroma, count, planes);
}

void arm_interleave(const struct planes *planes, size_t count, uint8_t *rgb)
{
	interleave(planes, count, rgb);
}

void arm_bgr(const uint8_t *bgr, size_t count, uint8_t *rgb)
{
	pick_colours(bgr, 3, true, count, rgb);
}

void arm_order(uint8_t *low, uint8_t *high)
{
	order(low, high);
}
