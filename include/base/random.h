#ifndef PASTCAM_BASE_RANDOM_H
#define PASTCAM_BASE_RANDOM_H

#include <stdint.h>

/* Differs from process to process, also on boards whose clocks start at the same time each boot; is no secret. Any
 * thread; never waits. */
uint64_t random_draw(void);

#endif
