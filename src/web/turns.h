/*
 * Who may ask a daemon now: a daemon answers 16 clients at once and makes two pictures at a time, browsers and benches
 * ask more. So a few lines per camera are under way, the others wait in turn. What takes long has places of its own, so
 * that it never holds up what is quick; whole pictures wait while those that were not read yet fill memory.
 */
#ifndef PASTCAM_WEB_TURNS_H
#define PASTCAM_WEB_TURNS_H

#include <stdbool.h>
#include <stddef.h>

enum turn_lane {
	TURN_FREE,  /* takes long by itself, and little of the daemon: never waits */
	TURN_LIGHT, /* small pictures, status: 6 a camera at once */
	TURN_WHOLE, /* a JPG in full size: 3 */
	TURN_HEAVY, /* PNG, NPY, stacks: 1, so that the daemon's other worker is there for the rest */
	TURN_LANES
};

struct turn {
	struct turn *next;
	const char *camera;
	enum turn_lane lane;
	bool is_under_way;
	void (*begin)(struct turn *turn); /* its turn has come */
};

/* Calls begin now or later. The turn is the caller's until turns_leave. False: it has begun, and left already. */
bool turns_join(struct turn *turn);
/* It is done, or has given up; others may begin from within. One that never joined, or has left, is fine. */
void turns_leave(struct turn *turn);

/* Memory of pictures that wait to be read: whole and heavy ones wait for room in 64 MiB. */
void *turns_hold(size_t bytes); /* malloc'd; NULL without memory */
void turns_let_go(void *held);  /* NULL is fine */

#endif
