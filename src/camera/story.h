/* What happens to the synthetic camera in the life of the process, however often it is opened: the clock of its faults
 * and of its light goes on, and so do the numbers of its frames. Only for synthetic.c. */
#ifndef PASTCAM_STORY_H
#define PASTCAM_STORY_H

#include <stdbool.h>
#include <stdint.h>

#include "faults.h"

struct story {
	char text[1024]; /* the faults it was told */
	struct fault_plan plan;
	bool begun;
	int64_t begun_ns;
	uint64_t sequence; /* of the next frame */
};

/* The one story, begun at the first call; another fault text begins its clock anew. *result: 0, or -EINVAL when the
 * text does not parse; then the story is as before. */
struct story *story_open(const char *faults, int *result, struct error *error);

double story_seconds(const struct story *story, int64_t at_ns);

/* Whether a fault of this kind is on now. */
bool story_has(const struct story *story, enum fault_kind kind);

/* Ends those that are on and have no length. */
void story_heal(struct story *story, enum fault_kind kind);

/* Whether this very frame is to be wrong: story_has, and heals. */
bool story_spoils_frame(struct story *story, enum fault_kind kind);

#endif
