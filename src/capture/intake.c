#include "intake.h"

void intake_init(struct intake *intake, struct frame_ring *ring, struct frame_ring *full_ring, enum fit fit)
{
	*intake = (struct intake){ .ring = ring, .full_ring = full_ring, .fit = fit };
}

void intake_finish(struct intake *intake)
{
	ingest_destroy(intake->ingest);
	ingest_destroy(intake->full_ingest);
}

static struct ingest *ingest_for(const struct intake *intake, const struct camera_description *camera,
                                 struct frame_ring *ring)
{
	struct ingest_params params = {
		.in_width = camera->width,
		.in_height = camera->height,
		.fit = intake->fit,
		.turned = camera->turned,
		.region = camera->region,
	};
	frame_ring_frame_size(ring, &params.out_width, &params.out_height);
	return ingest_create_for(&params);
}

static bool is_complete(const struct intake *intake)
{
	return intake->ingest && (!intake->full_ring || intake->full_ingest);
}

/* Without a border, a cut or a turn. */
static bool is_plain(const struct intake *intake, const struct camera_description *camera)
{
	int width, height;
	frame_ring_frame_size(intake->ring, &width, &height);
	const bool same_shape = (int64_t)camera->width * height == (int64_t)camera->height * width;
	return camera->turned == ORIENTATION_NORMAL && camera->region.width <= 0 &&
	       (same_shape || intake->fit == FIT_STRETCH);
}

bool intake_prepare(struct intake *intake, const struct camera_description *camera)
{
	intake_finish(intake);
	intake->ingest = ingest_for(intake, camera, intake->ring);
	intake->full_ingest = intake->full_ring ? ingest_for(intake, camera, intake->full_ring) : NULL;
	intake->plain = is_plain(intake, camera);
	intake->width = camera->width;
	intake->height = camera->height;
	return is_complete(intake);
}

void intake_forget(struct intake *intake)
{
	intake->width = intake->height = 0;
}

bool intake_fits(struct intake *intake, const struct camera_description *camera, const struct image *image)
{
	if (image->width == intake->width && image->height == intake->height)
		return is_complete(intake);
	if (image->width != camera->width || image->height != camera->height)
		return false;
	return intake_prepare(intake, camera);
}

struct frame *intake_frame(struct frame_ring *ring, struct ingest *into, const struct camera_frame *from, uint64_t id,
                           struct luma_grid *luma)
{
	struct frame *frame = frame_ring_lend(ring);
	if (!frame)
		return NULL;
	frame->info.id = id;
	frame->info.timestamp_ns = from->timestamp_ns;
	frame->info.exposure_end_ns = from->exposure_end_ns;
	frame->info.exposure_us = from->exposure_us;
	frame->info.gain = from->gain;
	ingest_with_luma(into, &from->image, frame, luma);
	return frame;
}
