/* What happens to the synthetic camera in the life of the process, however often it is opened: the clock of its faults
 * and of its light goes on, and so do the numbers of its frames. Only for synthetic.c. */
#ifndef PASTCAM_CAMERA_SYNTHETIC_STATE_H
#define PASTCAM_CAMERA_SYNTHETIC_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "faults.h"

struct synthetic_state {
	char text[1024]; /* the faults it was told */
	struct fault_plan plan;
	bool begun, runs;
	int64_t begun_ns;
	uint64_t sequence; /* of the next frame */
};

/* The one state, begun at the first call; another fault text begins its clock anew. *result: 0, or -EINVAL when the
 * text does not parse; then the state is as before. */
struct synthetic_state *synthetic_state_open(const char *faults, int *result, struct error *error);

/* Its clock, which stood at 0 until now, runs: a start that takes long uses up nothing of what is planned. Only the
 * first call does something. */
void synthetic_state_run(struct synthetic_state *state, int64_t now_ns);

double synthetic_state_seconds(const struct synthetic_state *state, int64_t at_ns);

/* Whether a fault of this kind is on now. */
bool synthetic_state_has(const struct synthetic_state *state, enum fault_kind kind);

/* Ends those that are on and have no length. */
void synthetic_state_heal(struct synthetic_state *state, enum fault_kind kind);

/* Whether this very frame is to be wrong: synthetic_state_has, and heals. */
bool synthetic_state_spoils_frame(struct synthetic_state *state, enum fault_kind kind);

#endif
