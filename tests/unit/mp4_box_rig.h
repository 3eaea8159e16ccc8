/* Finding boxes in the file of mp4_rig.h. */
#ifndef PASTCAM_TEST_MP4_BOX_RIG_H
#define PASTCAM_TEST_MP4_BOX_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>

#include <cmocka.h>

#include "mp4_rig.h"

/* What is in the last box of that type, behind its head; the test fails where there is none. */
static inline uint8_t *mp4_rig_box(struct mp4_rig *rig, const char *type)
{
	for (uint64_t i = rig->bytes - 4; i > 4; i--)
		if (memcmp(rig->data + i, type, 4) == 0)
			return rig->data + i + 4;
	fail_msg("no %s", type);
	return NULL;
}

#endif
