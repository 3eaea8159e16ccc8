/* What an encoder gives, as a byte stream, and packets as they are kept. */
#include "fuzz.h"

#include <string.h>

#include "media/h264.h"

static void check_stream(const uint8_t *data, size_t bytes)
{
	struct video_format format = { 0 };
	struct error error = { 0 };
	bool key = false;
	size_t room = bytes * 2 + 16;
	uint8_t *packed = malloc(room), *back = malloc(room * 5 + VIDEO_CONFIG_BYTES + 16);
	FUZZ_CHECK(packed && back);
	memcpy(packed, data, bytes);
	ssize_t result = h264_to_packet(packed, bytes, room, &format, &key, &error);
	FUZZ_CHECK(result >= 0 || (error.code == result && error.text[0]));
	FUZZ_CHECK(format.config_bytes == 0 || (h264_format_valid(&format) && format.width > 0 && format.height > 0));
	if (result > 0 && format.config_bytes > 0) {
		const struct packet packet = { .data = packed, .bytes = (size_t)result, .key = key };
		FUZZ_CHECK(h264_to_stream(&format, &packet, back, room * 5 + VIDEO_CONFIG_BYTES + 16) >= result);
	}
	free(packed);
	free(back);
}

static void check_packet(const uint8_t *data, size_t bytes)
{
	struct video_format format = { .codec = VIDEO_H264 };
	format.config_bytes = bytes < sizeof format.config ? bytes : sizeof format.config;
	memcpy(format.config, data, format.config_bytes);
	const struct packet packet = { .data = data, .bytes = bytes, .key = true };
	size_t room = bytes * 2 + VIDEO_CONFIG_BYTES + 64;
	uint8_t *out = malloc(room);
	FUZZ_CHECK(out);
	ssize_t result = h264_to_stream(&format, &packet, out, room);
	FUZZ_CHECK(result <= (ssize_t)room);
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct h264_sps sps;
	struct error error = { 0 };
	struct h264_nal whole = { data, bytes };
	if (bytes > 0 && h264_parse_sps(&whole, &sps, &error) == 0)
		FUZZ_CHECK(sps.width > 0 && sps.height > 0 && sps.width <= 16384 && sps.height <= 16384);
	check_stream(data, bytes);
	check_packet(data, bytes);
	return 0;
}
