/* The sample entry, which says how to decode, and the texts about a file. */
#include <string.h>

#include "mp4_movie.h"

enum {
	ENTRY_HEAD_BYTES = 86, /* of a VisualSampleEntry with its box header */
	OBJECT_TYPE_JPEG = 0x6c,
	STREAM_TYPE_VISUAL = 4 << 2 | 1,
	DATA_UTF8 = 1,
};

/* ISO/IEC 23091-2: sRGB's primaries and transfer, BT.601's matrix, 16-235. Players would guess by the size else. */
static void put_colour(struct bytes *out)
{
	size_t box = box_begin(out, "colr");
	bytes_put(out, "nclx", 4);
	bytes_16(out, 1);
	bytes_16(out, 13);
	bytes_16(out, 6);
	bytes_8(out, 0);
	box_end(out, box);
}

/* An ES_Descriptor (ISO/IEC 14496-1, 7.2.6.5) that says no more than: JPEG. */
static void put_jpeg(struct bytes *out)
{
	size_t box = box_begin_full(out, "esds", 0, 0);
	static const uint8_t descriptor[] = { 3, 21, 0, MP4_TRACK, 0, 4, 13, OBJECT_TYPE_JPEG, STREAM_TYPE_VISUAL };
	static const uint8_t end[] = { 6, 1, 2 };
	bytes_put(out, descriptor, sizeof descriptor);
	bytes_zero(out, 11); /* buffer size, largest and mean bit rate */
	bytes_put(out, end, sizeof end);
	box_end(out, box);
}

void mp4_entry_box(const struct video_format *format, struct bytes *out)
{
	const bool h264 = format->codec == VIDEO_H264;
	size_t box = box_begin(out, h264 ? "avc1" : "mp4v");
	bytes_zero(out, 6);
	bytes_16(out, 1); /* data_reference_index */
	bytes_zero(out, 16);
	bytes_16(out, (unsigned)format->width);
	bytes_16(out, (unsigned)format->height);
	bytes_32(out, 72 << 16); /* dots per inch, both ways */
	bytes_32(out, 72 << 16);
	bytes_zero(out, 4);
	bytes_16(out, 1); /* frame_count */
	bytes_zero(out, 32);
	bytes_16(out, 24); /* depth */
	bytes_16(out, 0xffff);
	if (h264) {
		size_t config = box_begin(out, "avcC");
		bytes_put(out, format->config, format->config_bytes);
		box_end(out, config);
		put_colour(out);
	} else {
		put_jpeg(out);
	}
	box_end(out, box);
}

bool mp4_entry_read(const uint8_t *entry, size_t bytes, struct video_format *format)
{
	*format = (struct video_format){ 0 };
	if (bytes < ENTRY_HEAD_BYTES + 8)
		return false;
	format->width = entry[32] << 8 | entry[33];
	format->height = entry[34] << 8 | entry[35];
	format->codec = memcmp(entry + 4, "avc1", 4) == 0 ? VIDEO_H264 : VIDEO_MJPEG;
	if (format->codec == VIDEO_MJPEG)
		return memcmp(entry + 4, "mp4v", 4) == 0;
	const uint8_t *config = entry + ENTRY_HEAD_BYTES;
	size_t config_bytes = read_32(config);
	if (memcmp(config + 4, "avcC", 4) != 0 || config_bytes < 8 || config_bytes > bytes - ENTRY_HEAD_BYTES ||
	    config_bytes - 8 > sizeof format->config)
		return false;
	format->config_bytes = config_bytes - 8;
	memcpy(format->config, config + 8, format->config_bytes);
	return true;
}

static void put_text(struct bytes *out, const char *type, const char *text)
{
	if (!text || !text[0])
		return;
	size_t box = box_begin(out, type), data = box_begin(out, "data");
	bytes_32(out, DATA_UTF8);
	bytes_32(out, 0); /* locale */
	bytes_put(out, text, strnlen(text, MP4_TEXT_BYTES));
	box_end(out, data);
	box_end(out, box);
}

/* The list that players know from iTunes. */
void mp4_about_box(const struct mp4_params *params, struct bytes *out)
{
	size_t udta = box_begin(out, "udta"), meta = box_begin_full(out, "meta", 0, 0);
	size_t handler = box_begin_full(out, "hdlr", 0, 0);
	bytes_32(out, 0);
	bytes_put(out, "mdirappl", 8);
	bytes_zero(out, 9);
	box_end(out, handler);
	size_t list = box_begin(out, "ilst");
	put_text(out, "\251nam", params->title);
	put_text(out, "\251day", params->date);
	put_text(out, "\251cmt", params->comment);
	put_text(out, "\251too", params->tool);
	box_end(out, list);
	box_end(out, meta);
	box_end(out, udta);
}
