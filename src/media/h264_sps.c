/* The sequence parameter set, clause 7.3.2.1.1, as far as the picture's size. */
#include <errno.h>

#include "media/h264.h"

enum { SIZE_MAX_PIXELS = 16384, SPS_BYTES_MAX = 256, REFS_MAX = 255 };

/* Bits of a NAL unit; beyond the end come zeros, and `bad` says so. */
struct bits {
	uint8_t bytes[SPS_BYTES_MAX]; /* without the emulation prevention */
	size_t count, at;             /* bits */
	bool bad;
};

/* 00 00 03 stands for 00 00 (clause 7.4.1). */
static void unescape(const struct h264_nal *nal, struct bits *bits)
{
	size_t used = 0, zeros = 0;
	for (size_t i = 1; i < nal->bytes && used < sizeof bits->bytes; i++) {
		uint8_t byte = nal->data[i];
		if (zeros >= 2 && byte == 3) {
			zeros = 0;
			continue;
		}
		zeros = byte == 0 ? zeros + 1 : 0;
		bits->bytes[used++] = byte;
	}
	bits->count = used * 8;
}

static unsigned bit(struct bits *bits)
{
	if (bits->at >= bits->count) {
		bits->bad = true;
		return 0;
	}
	unsigned value = bits->bytes[bits->at / 8] >> (7 - bits->at % 8) & 1;
	bits->at++;
	return value;
}

static unsigned fixed(struct bits *bits, unsigned count)
{
	unsigned value = 0;
	while (count-- > 0)
		value = value << 1 | bit(bits);
	return value;
}

/* ue(v), clause 9.1. */
static unsigned golomb(struct bits *bits)
{
	unsigned zeros = 0;
	while (!bits->bad && bit(bits) == 0)
		zeros++;
	if (zeros > 31) {
		bits->bad = true;
		return 0;
	}
	return (1U << zeros) - 1 + fixed(bits, zeros);
}

/* se(v), clause 9.1.1. */
static int golomb_signed(struct bits *bits)
{
	unsigned code = golomb(bits);
	return code & 1 ? (int)(code / 2) + 1 : -(int)(code / 2);
}

static void skip_scaling_list(struct bits *bits, int size)
{
	int last = 8, next = 8;
	for (int i = 0; i < size && !bits->bad; i++) {
		if (next != 0)
			next = (int)((unsigned)last + (unsigned)golomb_signed(bits) + 256) & 255;
		last = next == 0 ? last : next;
	}
}

static bool is_high(int profile)
{
	static const uint8_t high[] = { 100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135 };
	for (size_t i = 0; i < sizeof high; i++)
		if (high[i] == profile)
			return true;
	return false;
}

/* chroma_format_idc, which is 1 (4:2:0) where it is not told. */
static unsigned skip_high(struct bits *bits, int profile, bool *separate)
{
	*separate = false;
	if (!is_high(profile))
		return 1;
	unsigned chroma = golomb(bits);
	if (chroma == 3)
		*separate = bit(bits);
	golomb(bits); /* bit_depth_luma_minus8 */
	golomb(bits); /* bit_depth_chroma_minus8 */
	bit(bits);    /* qpprime_y_zero_transform_bypass_flag */
	if (bit(bits))
		for (int i = 0; i < (chroma == 3 ? 12 : 8) && !bits->bad; i++)
			if (bit(bits))
				skip_scaling_list(bits, i < 6 ? 16 : 64);
	return chroma;
}

static void skip_order_count(struct bits *bits)
{
	golomb(bits); /* log2_max_frame_num_minus4 */
	unsigned type = golomb(bits);
	if (type == 0) {
		golomb(bits);
	} else if (type == 1) {
		bit(bits);
		golomb_signed(bits);
		golomb_signed(bits);
		unsigned count = golomb(bits);
		bits->bad |= count > REFS_MAX;
		for (unsigned i = 0; i < count && !bits->bad; i++)
			golomb_signed(bits);
	}
}

static bool fits(uint64_t coded, uint64_t cropped, int *size)
{
	if (coded <= cropped || coded - cropped > SIZE_MAX_PIXELS)
		return false;
	*size = (int)(coded - cropped);
	return true;
}

/* Sizes and crop, equations 7-13 to 7-22. */
static bool read_size(struct bits *bits, unsigned chroma, bool separate, struct h264_sps *sps)
{
	uint64_t width = ((uint64_t)golomb(bits) + 1) * 16, height = ((uint64_t)golomb(bits) + 1) * 16;
	unsigned frames_only = bit(bits);
	if (!frames_only)
		bit(bits); /* mb_adaptive_frame_field_flag */
	bit(bits);     /* direct_8x8_inference_flag */
	uint64_t crop[4] = { 0 };
	if (bit(bits))
		for (int i = 0; i < 4; i++)
			crop[i] = golomb(bits);
	unsigned unit_x = (chroma == 1 || chroma == 2) && !separate ? 2 : 1;
	unsigned unit_y = (chroma == 1 && !separate ? 2 : 1) * (2 - frames_only);
	return !bits->bad && fits(width, (crop[0] + crop[1]) * unit_x, &sps->width) &&
	       fits(height * (2 - frames_only), (crop[2] + crop[3]) * unit_y, &sps->height);
}

int h264_parse_sps(const struct h264_nal *nal, struct h264_sps *sps, struct error *error)
{
	struct bits bits = { .at = 24 };
	bool separate;
	if (nal->bytes < 4 || h264_nal_type(nal) != H264_SPS)
		return error_set(error, -EINVAL, "not a sequence parameter set");
	unescape(nal, &bits);
	*sps = (struct h264_sps){ .profile = nal->data[1], .constraints = nal->data[2], .level = nal->data[3] };
	golomb(&bits); /* seq_parameter_set_id */
	unsigned chroma = skip_high(&bits, sps->profile, &separate);
	skip_order_count(&bits);
	golomb(&bits); /* max_num_ref_frames */
	bit(&bits);    /* gaps_in_frame_num_value_allowed_flag */
	if (!read_size(&bits, chroma, separate, sps))
		return error_set(error, -EINVAL, "a sequence parameter set that makes no sense");
	return 0;
}
