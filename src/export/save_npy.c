#include <stdio.h>
#include <string.h>

#include "codec.h"
#include "media/frame.h"

/* NPY 1.0: magic, version, length of the header (16 bits, little-endian), then the header, a Python dictionary padded
 * so that the array begins at a multiple of 64. */
enum { NPY_HEADER_BYTES = 128, NPY_PREAMBLE_BYTES = 10 };

static int npy_write(const struct export_params *params, struct pool *pool, const struct picture *picture,
                     struct sink *sink, struct error *error)
{
	static const char preamble[NPY_PREAMBLE_BYTES] = "\x93NUMPY\x01\x00\x76";
	_Static_assert(NPY_HEADER_BYTES - NPY_PREAMBLE_BYTES == 0x76, "the preamble tells the length of the header");
	char header[NPY_HEADER_BYTES];
	(void)params, (void)pool;

	memcpy(header, preamble, sizeof preamble);
	int length = snprintf(header + NPY_PREAMBLE_BYTES, NPY_HEADER_BYTES - NPY_PREAMBLE_BYTES,
	                      "{'descr': '|u1', 'fortran_order': False, 'shape': (%d, %d, %d), }", picture->height,
	                      picture->width, FRAME_CHANNELS);
	memset(header + NPY_PREAMBLE_BYTES + length, ' ', (size_t)(NPY_HEADER_BYTES - NPY_PREAMBLE_BYTES - length));
	header[NPY_HEADER_BYTES - 1] = '\n';
	int result = sink_write(sink, header, sizeof header);
	if (result == 0)
		result = sink_write(sink, picture->rgb, frame_bytes(picture->width, picture->height));
	return result < 0 ? error_set_errno(error, result, "cannot write the npy picture") : 0;
}

const struct codec codec_npy = { EXPORT_NPY, npy_write };
