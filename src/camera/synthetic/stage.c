#include "stage.h"

#include <errno.h>
#include <inttypes.h>

#include "media/luma.h"

int stage_open(struct stage *stage, const struct camera_params *params, struct error *error)
{
	*stage = (struct stage){ .width = params->width, .height = params->height };
	int result = effects_parse(params->effects ? params->effects : "", &stage->plan, error);
	if (result < 0 || stage->plan.count == 0)
		return result;
	stage->painter = effect_painter_create(params->width, params->height);
	if (!stage->painter)
		return error_set(error, -ENOMEM, "no memory for the synthetic camera's effects");
	if (!params->truth || !params->truth[0])
		return 0;
	stage->truth = fopen(params->truth, "we");
	if (!stage->truth) {
		error_set_errno(error, -errno, "the truth cannot be written to %s", params->truth);
		return -EINVAL;
	}
	fputs("sequence,timestamp_ns,x,y,width,height\n", stage->truth);
	return 0;
}

void stage_close(struct stage *stage)
{
	effect_painter_destroy(stage->painter);
	if (stage->truth)
		fclose(stage->truth);
	*stage = (struct stage){ 0 };
}

bool stage_is_still(const struct stage *stage)
{
	double through;
	return effects_active(&stage->plan, EFFECT_STILL, 0, &through) != NULL;
}

double stage_draw(struct stage *stage, const struct scene *scene, struct scene_canvas *canvas, double mean, double at_s,
                  double gain, uint32_t number)
{
	mean *= effects_light(stage->painter, &stage->plan, at_s);
	canvas->drawn = false;
	scene_draw(scene, canvas, mean, number);
	effects_paint(stage->painter, &stage->plan, at_s, mean / SCENE_MEAN, gain, number, canvas->rgb);
	return luma_mean(canvas->rgb, frame_bytes(stage->width, stage->height));
}

void stage_tell_truth(struct stage *stage, double at_s, uint64_t sequence, int64_t timestamp_ns)
{
	struct scene_rect rect;
	if (!stage->truth || !effects_walker(&stage->plan, stage->width, stage->height, at_s, &rect))
		return;
	fprintf(stage->truth, "%" PRIu64 ",%" PRId64 ",%d,%d,%d,%d\n", sequence, timestamp_ns, rect.x, rect.y, rect.width,
	        rect.height);
	fflush(stage->truth);
}
