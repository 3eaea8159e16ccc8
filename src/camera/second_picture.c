#include "second_picture.h"

#include <stdio.h>

static bool is_asked(const struct camera_params *params)
{
	return params->second_width > 0 && params->second_height > 0;
}

bool second_picture_fits(const struct camera_params *params, struct camera_description *description)
{
	const int width = params->second_width, height = params->second_height;
	const bool is_even = width % 2 == 0 && height % 2 == 0;
	if (!is_asked(params))
		return false;
	if (is_even && width <= description->width && height <= description->height)
		return true;
	snprintf(description->second_refused, sizeof description->second_refused,
	         "a second picture of %dx%d %s: the first one is %dx%d", width, height,
	         is_even ? "is too large" : "must have an even width and height", description->width, description->height);
	return false;
}

void second_picture_refuse(const struct camera_params *params, const char *who, struct camera_description *description)
{
	if (is_asked(params))
		snprintf(description->second_refused, sizeof description->second_refused,
		         "%.40s gives no second picture, %dx%d was asked for", who, params->second_width,
		         params->second_height);
}
