/* The synthetic camera's second picture: YUV420 of full range, averaged from what it has drawn. Only for synthetic.c.
 */
#ifndef PASTCAM_CAMERA_SYNTHETIC_SECOND_H
#define PASTCAM_CAMERA_SYNTHETIC_SECOND_H

#include "camera/camera.h"
#include "media/ingest.h"

struct second {
	struct ingest *ingest; /* NULL: there is none */
	struct frame small;
};

/* Nothing where none is asked for, or its size is not fit, which the description then says. -ENOMEM. */
int second_open(struct second *second, const struct camera_params *params, struct camera_description *description,
                struct error *error);
void second_close(struct second *second); /* also of zeros */

size_t second_bytes(const struct second *second); /* of one picture; 0: there is none */

/* Fills pixels from tight R,G,B of the camera's size and makes *image a view of them. Nothing without a second. */
void second_make(struct second *second, const struct image *rgb, uint8_t *pixels, struct image *image);

#endif
