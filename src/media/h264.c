#include "media/h264.h"

#include <errno.h>

enum {
	START_CODE_BYTES = 4,
	LENGTH_BYTES = 4,
	CONFIG_HEAD_BYTES = 6, /* of an AVCDecoderConfigurationRecord with one SPS, before the SPS' length */
	NALS_MAX = 64,         /* of an access unit: an encoder may cut each picture into slices */
};

static const uint8_t start_code[START_CODE_BYTES] = { 0, 0, 0, 1 };

/* Where 00 00 01 begins, or end. */
static const uint8_t *find_start(const uint8_t *at, const uint8_t *end)
{
	for (; end - at >= 3; at++)
		if (at[0] == 0 && at[1] == 0 && at[2] == 1)
			return at;
	return end;
}

bool h264_next_nal(const uint8_t **at, const uint8_t *end, struct h264_nal *nal)
{
	const uint8_t *begin = find_start(*at, end);
	while (begin != end) {
		const uint8_t *next = find_start(begin + 3, end), *last = next;
		while (last > begin + 3 && last[-1] == 0) /* the next start code's first zero, and trailing ones */
			last--;
		*nal = (struct h264_nal){ begin + 3, (size_t)(last - begin - 3) };
		begin = *at = next;
		if (nal->bytes > 0)
			return true;
	}
	*at = end;
	return false;
}

static void put_16(uint8_t *out, size_t value)
{
	out[0] = (uint8_t)(value >> 8);
	out[1] = (uint8_t)value;
}

static void put_32(uint8_t *out, size_t value)
{
	put_16(out, value >> 16);
	put_16(out + 2, value & 0xffff);
}

/* The record for one SPS and one PPS. */
static int make_config(const struct h264_nal *sps, const struct h264_nal *pps, struct video_format *format,
                       struct error *error)
{
	struct h264_sps parsed;
	size_t bytes = CONFIG_HEAD_BYTES + 2 + sps->bytes + 1 + 2 + pps->bytes;
	if (bytes > sizeof format->config)
		return error_set(error, -EINVAL, "the encoder's parameter sets are too long (%zu bytes)", bytes);
	int result = h264_parse_sps(sps, &parsed, error);
	if (result < 0)
		return result;
	const uint8_t head[CONFIG_HEAD_BYTES] = {
		1, sps->data[1], sps->data[2], sps->data[3], 0xfc | (LENGTH_BYTES - 1), 0xe0 | 1
	};
	uint8_t *out = format->config;
	memcpy(out, head, sizeof head);
	put_16(out += sizeof head, sps->bytes);
	memcpy(out += 2, sps->data, sps->bytes);
	out += sps->bytes;
	*out++ = 1;
	put_16(out, pps->bytes);
	memcpy(out + 2, pps->data, pps->bytes);
	format->codec = VIDEO_H264;
	format->width = parsed.width;
	format->height = parsed.height;
	format->config_bytes = bytes;
	return 0;
}

struct access_unit {
	struct h264_nal slices[NALS_MAX], sps, pps;
	size_t slice_count;
	bool key;
};

static int split(const uint8_t *data, size_t bytes, struct access_unit *unit, struct error *error)
{
	const uint8_t *at = data;
	struct h264_nal nal;
	*unit = (struct access_unit){ 0 };
	while (h264_next_nal(&at, data + bytes, &nal)) {
		int type = h264_nal_type(&nal);
		if (type == H264_SPS)
			unit->sps = nal;
		else if (type == H264_PPS)
			unit->pps = nal;
		else if (type < H264_SLICE || type > H264_IDR)
			continue;
		else if (unit->slice_count == NALS_MAX)
			return error_set(error, -EINVAL, "the encoder cut a picture into more than %d slices", NALS_MAX);
		else
			unit->slices[unit->slice_count++] = nal;
		unit->key |= type == H264_IDR;
	}
	return 0;
}

/* Moves the slices behind their lengths. Each lies at least three bytes behind the end of the one before; where a start
 * code has only these, all from there on goes up by the byte that is missing. */
static ssize_t join(uint8_t *data, size_t room, const struct access_unit *unit)
{
	size_t total = 0, used = 0;
	for (size_t i = 0; i < unit->slice_count; i++)
		total += LENGTH_BYTES + unit->slices[i].bytes;
	if (total > room)
		return -ENOSPC;
	/* From the last one on to the end of the room, then down to the front: no slice is overwritten on the way. */
	uint8_t *to = data + room;
	for (size_t i = unit->slice_count; i-- > 0;)
		memmove(to -= unit->slices[i].bytes, unit->slices[i].data, unit->slices[i].bytes);
	for (size_t i = 0; i < unit->slice_count; i++) {
		size_t bytes = unit->slices[i].bytes;
		memmove(data + used + LENGTH_BYTES, to, bytes);
		put_32(data + used, bytes);
		used += LENGTH_BYTES + bytes;
		to += bytes;
	}
	return (ssize_t)used;
}

ssize_t h264_to_packet(uint8_t *data, size_t bytes, size_t room, struct video_format *format, bool *key,
                       struct error *error)
{
	struct access_unit unit;
	int result = split(data, bytes, &unit, error);
	if (result == 0 && unit.sps.data && unit.pps.data)
		result = make_config(&unit.sps, &unit.pps, format, error);
	if (result < 0)
		return result;
	*key = unit.key;
	ssize_t joined = join(data, room, &unit);
	if (joined < 0)
		return error_set(error, (int)joined, "the encoder's output of %zu bytes does not fit", bytes);
	return joined;
}

/* The two parameter sets of a record that make_config wrote (or one like it). */
static bool read_config(const struct video_format *format, struct h264_nal *sps, struct h264_nal *pps)
{
	const uint8_t *at = format->config, *end = at + format->config_bytes;
	if (format->codec != VIDEO_H264 || format->config_bytes > sizeof format->config || end - at < CONFIG_HEAD_BYTES + 2)
		return false;
	if (at[0] != 1 || (at[4] & 3) != LENGTH_BYTES - 1 || (at[5] & 31) != 1)
		return false;
	at += CONFIG_HEAD_BYTES;
	*sps = (struct h264_nal){ at + 2, (size_t)(at[0] << 8 | at[1]) };
	if (sps->bytes == 0 || end - sps->data < (ptrdiff_t)sps->bytes + 3)
		return false;
	at = sps->data + sps->bytes;
	*pps = (struct h264_nal){ at + 3, (size_t)(at[1] << 8 | at[2]) };
	return at[0] == 1 && pps->bytes > 0 && end - pps->data >= (ptrdiff_t)pps->bytes;
}

bool h264_format_valid(const struct video_format *format)
{
	struct h264_nal sps, pps;
	return read_config(format, &sps, &pps);
}

static bool append(uint8_t *out, size_t room, size_t *used, const struct h264_nal *nal)
{
	if (room - *used < START_CODE_BYTES + nal->bytes)
		return false;
	memcpy(out + *used, start_code, START_CODE_BYTES);
	memcpy(out + *used + START_CODE_BYTES, nal->data, nal->bytes);
	*used += START_CODE_BYTES + nal->bytes;
	return true;
}

ssize_t h264_to_stream(const struct video_format *format, const struct packet *packet, uint8_t *out, size_t room)
{
	struct h264_nal sps, pps, nal;
	size_t used = 0;
	if (!read_config(format, &sps, &pps))
		return -EINVAL;
	if (packet->key && (!append(out, room, &used, &sps) || !append(out, room, &used, &pps)))
		return -ENOSPC;
	const uint8_t *at = packet->data, *end = at + packet->bytes;
	while (end - at >= LENGTH_BYTES) {
		nal = (struct h264_nal){ at + LENGTH_BYTES,
			                     (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3] };
		if (nal.bytes == 0 || nal.bytes > (size_t)(end - nal.data))
			return -EINVAL;
		if (!append(out, room, &used, &nal))
			return -ENOSPC;
		at = nal.data + nal.bytes;
	}
	return at == end ? (ssize_t)used : -EINVAL;
}
