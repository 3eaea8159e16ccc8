/* Pictures for the replay camera, and JPEG frames of a known size. */
#include "fuzz.h"

#include "media/decode.h"

enum { WIDTH = 16, HEIGHT = 12 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct decoded decoded;
	struct error error = { 0 };
	int result = decode_picture(data, bytes, &decoded, &error);
	FUZZ_CHECK(result == 0 || (error.code == result && error.text[0] && !decoded.rgb));
	if (result == 0) {
		FUZZ_CHECK(decoded.rgb && decoded.width > 0 && decoded.height > 0);
		FUZZ_CHECK((long long)decoded.width * decoded.height <= DECODE_PIXELS_MAX);
		volatile uint8_t last = decoded.rgb[(size_t)decoded.width * (size_t)decoded.height * 3 - 1];
		(void)last;
	}
	free(decoded.rgb);

	uint8_t *rgb = malloc(WIDTH * HEIGHT * 3);
	FUZZ_CHECK(rgb);
	error = (struct error){ 0 };
	result = decode_jpeg_into(data, bytes, WIDTH, HEIGHT, rgb, &error);
	FUZZ_CHECK(result == 0 || (error.code == result && error.text[0]));
	free(rgb);
	return 0;
}
