#include "compose_motion.h"

#include <errno.h>

enum { BLOCK_MOST = 8 };

static int block_of(int scale, int frame_width, int frame_height, int camera_width)
{
	int block = BLOCK_MOST;
	while (block > 1 && (int64_t)block * camera_width > (int64_t)scale * frame_width)
		block /= 2;
	while (block > 1 && (frame_width / block < MOTION_WIDTH_MIN || frame_height / block < MOTION_HEIGHT_MIN))
		block /= 2;
	return block;
}

int compose_motion(const struct config *config, int frame_width, int frame_height, int camera_width,
                   struct motion_setup *setup, struct error *error)
{
	const int scale = config->motion.scale;
	if ((scale & (scale - 1)) != 0)
		return error_set(error, -EINVAL, "motion.scale is %d, but must be 1, 2, 4 or 8", scale);
	const int block = block_of(scale, frame_width, frame_height, camera_width);
	setup->params = (struct motion_params){
		.width = frame_width / block,
		.height = frame_height / block,
		.block = block,
		.min_frames = config->motion.min_frames,
		.hold_s = config->motion.hold_s,
		.cooldown_s = config->motion.cooldown_s,
	};
	const struct zone_defaults defaults = { config->motion.sensitivity, config->motion.min_area };
	return zones_parse(&setup->zones, config->motion.zones, config->motion.ignore, &defaults, error);
}

int compose_motion_check(const struct config *config, struct error *error)
{
	static struct motion_setup setup;
	return compose_motion(config, config->camera.width, config->camera.height, config->camera.width, &setup, error);
}
