/*
 * Pictures when motion starts: of the past that led to it. The capture thread leaves a message; the loop that reads it
 * asks for the pictures, so that capture neither waits nor allocates. One export is under way at a time; motion that
 * starts meanwhile is in its pictures or in the next ones.
 */
#ifndef PASTCAM_SERVICE_MOTION_EXPORT_H
#define PASTCAM_SERVICE_MOTION_EXPORT_H

#include "base/loop.h"
#include "detect/motion.h"
#include "service/requests.h"

/* In the order of the words of export.on_motion. */
enum motion_export_kind { MOTION_EXPORT_NONE, MOTION_EXPORT_STACK, MOTION_EXPORT_STILLS };

struct motion_export_params {
	enum motion_export_kind kind;
	unsigned formats;
	double before_s;    /* stills: all frames from so long before it */
	size_t stack_count; /* stack: so many frames around its start */
	enum stack_mode stack_mode;
	struct loop *loop; /* these stay the caller's */
	struct requests *requests;
};

struct motion_export;

struct motion_export *motion_export_create(const struct motion_export_params *params, struct error *error);
/* After the loop has ended and the jobs, which may still answer to it. NULL is fine. */
void motion_export_destroy(struct motion_export *exporter);

/* Each start and end of motion, called that. Of NULL: does nothing. Any thread. */
void motion_export_event(struct motion_export *exporter, const struct motion_event *event);

#endif
