/*
 * Pieces of the past that are held until somebody decides: frames stay in the ring, beyond its round, until they are
 * kept, dropped or expire. Bounded in number and in frames, so that capture and `save` always have slots. Any thread;
 * frames that are still to come are taken up by pins_tick.
 */
#ifndef PASTCAM_SERVICE_PINS_H
#define PASTCAM_SERVICE_PINS_H

#include <stddef.h>
#include <stdint.h>

#include "service/requests.h"
#include "store/event_log.h"

enum { PINS_MAX = 16, PINS_EXPIRE_S = 600 };

struct pins;

/* requests and events (NULL is fine) stay the caller's and outlive it. NULL without memory. */
struct pins *pins_create(struct requests *requests, struct event_log *events, struct error *error);
void pins_destroy(struct pins *pins); /* releases all; no pins_keep may be under way; NULL is fine */

struct pin_info {
	uint64_t id;                        /* counts from 1 */
	int64_t from_ns, to_ns, expires_ns; /* monotonic; from and to: as far as it holds frames */
	size_t frames;
};

/* Holds the frame of at_ns (monotonic), or all from at_ns - before_ns to at_ns + after_ns; those that are still to come
 * follow. -ENODATA when there are none of that time; -EBUSY when PINS_MAX are held, or all pins hold half of what the
 * ring may pin. */
int pins_make(struct pins *pins, int64_t at_ns, int64_t before_ns, int64_t after_ns, struct pin_info *info,
              struct error *error);

/* -ENOENT, and the reason, when there is none of that number (any more). */
int pins_drop(struct pins *pins, uint64_t id, struct error *error);

struct pins_keep {
	unsigned formats;
	void (*done)(void *data, const struct job *job, uint64_t id); /* as job_done; the ticket is in the job */
	void *data;
	uint64_t ticket;
};

/* Saves each of its frames. The pin goes when all are on the disk; it stays, for another try, when that fails, and does
 * not expire meanwhile. -ENOENT; -EALREADY while it is being kept; as requests_submit. */
int pins_keep(struct pins *pins, uint64_t id, const struct pins_keep *keep, struct error *error);

/* Takes up new frames and lets go of what has expired. Returns when to call again, nanoseconds from now; 0: not before
 * the next pins_make. */
int64_t pins_tick(struct pins *pins);

/* Those that there are, the oldest first. */
size_t pins_list(struct pins *pins, struct pin_info list[PINS_MAX]);

#endif
