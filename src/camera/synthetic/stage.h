/* The scene with its effects, and the truth about them. Only for synthetic.c. */
#ifndef PASTCAM_CAMERA_STAGE_H
#define PASTCAM_CAMERA_STAGE_H

#include <stdio.h>

#include "camera/camera.h"
#include "effects.h"

struct stage {
	struct effect_plan plan;
	struct effect_painter *painter; /* NULL without effects */
	FILE *truth;
	int width, height;
};

/* Of params: effects, truth and the size. -EINVAL for effects that do not parse and a truth that cannot be written,
 * -ENOMEM; close it then, too. */
int stage_open(struct stage *stage, const struct camera_params *params, struct error *error);
void stage_close(struct stage *stage);

/* Without what moves by itself? */
bool stage_is_still(const struct stage *stage);

/* Draws the scene, which without effects would have this mean, and returns the mean that it has. */
double stage_draw(struct stage *stage, const struct scene *scene, struct scene_canvas *canvas, double mean, double at_s,
                  double gain, uint32_t number);

/* A line of the walker, where there is one. */
void stage_tell_truth(struct stage *stage, double at_s, uint64_t sequence, int64_t timestamp_ns);

#endif
