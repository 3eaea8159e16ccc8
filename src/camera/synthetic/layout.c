#include "layout.h"

static const struct layout LAYOUTS[] = {
	[PIXEL_RGB] = { "RGB", PIXEL_RGB, COLOUR_BT601, false },
	[PIXEL_BGR] = { "BGR", PIXEL_BGR, COLOUR_BT601, false },
	[PIXEL_RGBX] = { "RGBX", PIXEL_RGBX, COLOUR_BT601, false },
	[PIXEL_BGRX] = { "BGRX", PIXEL_BGRX, COLOUR_BT601, false },
	[PIXEL_NV12] = { "NV12", PIXEL_NV12, COLOUR_BT709, false },
	[PIXEL_YUV420] = { "YUV420", PIXEL_YUV420, COLOUR_BT601, true },
	[PIXEL_YUYV] = { "YUYV", PIXEL_YUYV, COLOUR_BT601, false },
};

struct yuv {
	double y, u, v;
};

const struct layout *layout_of(enum pixel_format format)
{
	return &LAYOUTS[format];
}

static size_t padded(size_t bytes)
{
	return (bytes + 63) / 64 * 64;
}

static size_t half(int length)
{
	return ((size_t)length + 1) / 2;
}

static size_t first_stride(const struct layout *layout, int width)
{
	switch (layout->format) {
	case PIXEL_RGB:
	case PIXEL_BGR:
		return padded((size_t)width * 3);
	case PIXEL_RGBX:
	case PIXEL_BGRX:
		return padded((size_t)width * 4);
	case PIXEL_YUYV:
		return padded(half(width) * 4);
	case PIXEL_NV12:
	case PIXEL_YUV420:
		break;
	}
	return padded((size_t)width);
}

static size_t chroma_stride(const struct layout *layout, int width)
{
	switch (layout->format) {
	case PIXEL_NV12:
		return padded(half(width) * 2);
	case PIXEL_YUV420:
		return padded(half(width));
	default:
		return 0;
	}
}

size_t layout_bytes(const struct layout *layout, int width, int height)
{
	size_t planes = layout->format == PIXEL_YUV420 ? 2 : 1;
	return first_stride(layout, width) * (size_t)height + planes * chroma_stride(layout, width) * half(height);
}

static uint8_t to_byte(double value)
{
	return value <= 0 ? 0 : value >= 255 ? 255 : (uint8_t)(value + 0.5);
}

/* ITU-R BT.601 and BT.709: luma weights, and chroma as the scaled difference from luma. */
static struct yuv to_yuv(const struct layout *layout, double r, double g, double b)
{
	double kr = layout->matrix == COLOUR_BT709 ? 0.2126 : 0.299;
	double kb = layout->matrix == COLOUR_BT709 ? 0.0722 : 0.114;
	double y = kr * r + (1 - kr - kb) * g + kb * b;
	double u = (b - y) / (2 * (1 - kb)), v = (r - y) / (2 * (1 - kr));
	if (layout->full_range)
		return (struct yuv){ y, 128 + u, 128 + v };
	return (struct yuv){ 16 + y * 219 / 255, 128 + u * 224 / 255, 128 + v * 224 / 255 };
}

static const uint8_t *pixel_at(const uint8_t *rgb, int width, int height, int x, int y)
{
	x = x < width ? x : width - 1;
	y = y < height ? y : height - 1;
	return rgb + ((size_t)y * (size_t)width + (size_t)x) * 3;
}

/* The mean of a block of pixels; beyond the edge the last pixel repeats. */
static struct yuv block_yuv(const struct layout *layout, const uint8_t *rgb, int width, int height, const int block[4])
{
	double sum[3] = { 0 };
	for (int y = block[1]; y < block[1] + block[3]; y++) {
		for (int x = block[0]; x < block[0] + block[2]; x++) {
			const uint8_t *pixel = pixel_at(rgb, width, height, x, y);
			for (int channel = 0; channel < 3; channel++)
				sum[channel] += pixel[channel];
		}
	}
	double pixels = block[2] * block[3];
	return to_yuv(layout, sum[0] / pixels, sum[1] / pixels, sum[2] / pixels);
}

static void fill_packed(enum pixel_format format, const uint8_t *rgb, int width, int height, uint8_t *pixels,
                        size_t stride)
{
	size_t step = format == PIXEL_RGBX || format == PIXEL_BGRX ? 4 : 3;
	bool swap = format == PIXEL_BGR || format == PIXEL_BGRX;
	for (int y = 0; y < height; y++) {
		uint8_t *out = pixels + (size_t)y * stride;
		for (int x = 0; x < width; x++, rgb += 3, out += step) {
			out[0] = rgb[swap ? 2 : 0];
			out[1] = rgb[1];
			out[2] = rgb[swap ? 0 : 2];
			if (step == 4)
				out[3] = 255;
		}
	}
}

static void fill_yuyv(const struct layout *layout, const uint8_t *rgb, int width, int height, uint8_t *pixels,
                      size_t stride)
{
	for (int y = 0; y < height; y++) {
		uint8_t *out = pixels + (size_t)y * stride;
		for (int x = 0; x < width; x += 2, out += 4) {
			struct yuv both = block_yuv(layout, rgb, width, height, (int[]){ x, y, 2, 1 });
			out[0] = to_byte(block_yuv(layout, rgb, width, height, (int[]){ x, y, 1, 1 }).y);
			out[1] = to_byte(both.u);
			out[2] = to_byte(block_yuv(layout, rgb, width, height, (int[]){ x + 1, y, 1, 1 }).y);
			out[3] = to_byte(both.v);
		}
	}
}

static void fill_luma(const struct layout *layout, const uint8_t *rgb, int width, int height, uint8_t *out,
                      size_t stride)
{
	for (int y = 0; y < height; y++) {
		for (int x = 0; x < width; x++)
			out[(size_t)y * stride + (size_t)x] =
			    to_byte(block_yuv(layout, rgb, width, height, (int[]){ x, y, 1, 1 }).y);
	}
}

/* step: from one chroma sample to the next: 2 in the pairs of NV12, 1 in planes of their own. */
static void fill_chroma(const struct layout *layout, const uint8_t *rgb, int width, int height, uint8_t *u, uint8_t *v,
                        size_t step)
{
	size_t stride = chroma_stride(layout, width);
	for (int y = 0; y < height; y += 2, u += stride, v += stride) {
		for (int x = 0; x < width; x += 2) {
			struct yuv mean = block_yuv(layout, rgb, width, height, (int[]){ x, y, 2, 2 });
			u[(size_t)(x / 2) * step] = to_byte(mean.u);
			v[(size_t)(x / 2) * step] = to_byte(mean.v);
		}
	}
}

static void fill_planar(const struct layout *layout, const uint8_t *rgb, struct image *image, uint8_t *pixels)
{
	size_t stride = chroma_stride(layout, image->width);
	uint8_t *chroma = pixels + image->stride[0] * (size_t)image->height;
	uint8_t *second = chroma + stride * half(image->height);
	bool pairs = layout->format == PIXEL_NV12;
	image->plane[1] = chroma;
	image->stride[1] = stride;
	image->plane[2] = pairs ? NULL : second;
	image->stride[2] = pairs ? 0 : stride;
	fill_luma(layout, rgb, image->width, image->height, pixels, image->stride[0]);
	fill_chroma(layout, rgb, image->width, image->height, chroma, pairs ? chroma + 1 : second, pairs ? 2 : 1);
}

void layout_fill(const struct layout *layout, const uint8_t *rgb, int width, int height, uint8_t *pixels,
                 struct image *image)
{
	size_t stride = first_stride(layout, width);
	*image = (struct image){
		.format = layout->format,
		.width = width,
		.height = height,
		.plane = { pixels },
		.stride = { stride },
		.matrix = layout->matrix,
		.full_range = layout->full_range,
	};
	if (layout->format == PIXEL_YUYV)
		fill_yuyv(layout, rgb, width, height, pixels, stride);
	else if (layout->format == PIXEL_NV12 || layout->format == PIXEL_YUV420)
		fill_planar(layout, rgb, image, pixels);
	else
		fill_packed(layout->format, rgb, width, height, pixels, stride);
}
