#include "compose_motion.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compose.h"

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

int compose_daemon_motion(const struct config *config, struct motion_setup *setup, struct error *error)
{
	int width, height, full_width, full_height;
	compose_ring_size(config, &width, &height);
	compose_full_size(config, &full_width, &full_height);
	return compose_motion(config, width, height, full_width, setup, error);
}

/* What the detector itself refuses, such as a zone that no cell is in. */
static int try_detector(const struct motion_setup *setup, struct error *error)
{
	struct motion *motion = motion_create(&setup->params, &setup->zones, error);
	motion_destroy(motion);
	return motion ? 0 : error->code;
}

int compose_daemon_motion_check(const struct config *config, struct error *error)
{
	static struct motion_setup setup;
	if (!config->motion.enable)
		return 0;
	int result = compose_daemon_motion(config, &setup, error);
	return result < 0 ? result : try_detector(&setup, error);
}

void compose_second(const struct config *config, int *width, int *height)
{
	int frame_width, frame_height, full_width, full_height;
	*width = config->camera.second_width;
	*height = config->camera.second_height;
	if (!config->camera.second)
		*width = *height = 0;
	if (!config->camera.second || (*width > 0 && *height > 0))
		return;
	compose_ring_size(config, &frame_width, &frame_height);
	compose_full_size(config, &full_width, &full_height);
	const int block = block_of(config->motion.scale, frame_width, frame_height, full_width);
	*width = config->motion.enable ? frame_width / block : 0;
	*height = config->motion.enable ? frame_height / block : 0;
	if (*width % 2 != 0 || *height % 2 != 0) {
		*width *= 2;
		*height *= 2;
	}
}

enum { ASSIGNMENT_BYTES = 1100 };

/* Only of the section motion, whose name may be left out. */
static int set_motion(struct config *config, const char *assignment, struct error *error)
{
	static const char section[] = "motion.";
	char whole[ASSIGNMENT_BYTES];
	const bool named = strncmp(assignment, section, sizeof section - 1) == 0;
	int length = snprintf(whole, sizeof whole, "%s%s", named ? "" : section, assignment);
	if (length >= (int)sizeof whole)
		return error_set(error, -EINVAL, "\"%.40s…\" is too long", assignment);
	return config_set(config, whole, error);
}

int compose_motion_other(void *config, const char *const *assignments, size_t count, struct motion_setup *setup,
                         struct error *error)
{
	struct config *other = malloc(sizeof *other);
	if (!other)
		return error_set(error, -ENOMEM, "no memory to try motion");
	*other = *(const struct config *)config;
	int result = 0;
	for (size_t i = 0; i < count && result == 0; i++)
		result = set_motion(other, assignments[i], error);
	if (result == 0)
		result = compose_daemon_motion(other, setup, error);
	free(other);
	return result < 0 ? result : try_detector(setup, error);
}

struct motion_export_params compose_motion_export(const struct config *config)
{
	return (struct motion_export_params){
		.kind = (enum motion_export_kind)config->export.on_motion,
		.formats = (unsigned)config->export.formats,
		.before_s = config->export.save_before_s,
		.stack_count = (size_t)config->export.stack_count,
		.stack_mode = (enum stack_mode)config->export.stack_mode,
	};
}
