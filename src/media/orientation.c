#include "media/orientation.h"

/* A quarter turn clockwise: the top row of the result is the left column, read upwards. */
enum { QUARTER = ORIENTATION_TRANSPOSE | ORIENTATION_MIRROR_Y };

static orientation swap_mirrors(orientation mirrors)
{
	orientation swapped = ORIENTATION_NORMAL;
	if (mirrors & ORIENTATION_MIRROR_X)
		swapped |= ORIENTATION_MIRROR_Y;
	if (mirrors & ORIENTATION_MIRROR_Y)
		swapped |= ORIENTATION_MIRROR_X;
	return swapped;
}

orientation orientation_then(orientation first, orientation second)
{
	const orientation mirrors = second & ORIENTATION_TURNED;
	const orientation moved = orientation_swaps(first) ? swap_mirrors(mirrors) : mirrors;
	return first ^ moved ^ (second & ORIENTATION_TRANSPOSE);
}

orientation orientation_inverse(orientation turned)
{
	if (!orientation_swaps(turned))
		return turned;
	return ORIENTATION_TRANSPOSE | swap_mirrors(turned & ORIENTATION_TURNED);
}

orientation orientation_of(int quarters, bool hflip, bool vflip)
{
	orientation turned = ORIENTATION_NORMAL;
	for (int i = 0; i < quarters % 4; i++)
		turned = orientation_then(turned, QUARTER);
	if (hflip)
		turned = orientation_then(turned, ORIENTATION_MIRROR_X);
	if (vflip)
		turned = orientation_then(turned, ORIENTATION_MIRROR_Y);
	return turned;
}

orientation orientation_of_exif(int tag)
{
	static const orientation turned[] = {
		[1] = ORIENTATION_NORMAL,
		[2] = ORIENTATION_MIRROR_X,
		[3] = ORIENTATION_TURNED,
		[4] = ORIENTATION_MIRROR_Y,
		[5] = ORIENTATION_TRANSPOSE,
		[6] = QUARTER,
		[7] = ORIENTATION_TRANSPOSE | ORIENTATION_TURNED,
		[8] = ORIENTATION_TRANSPOSE | ORIENTATION_MIRROR_X,
	};
	const int count = sizeof turned / sizeof turned[0];
	return tag >= 1 && tag < count ? turned[tag] : ORIENTATION_NORMAL;
}
