/*
 * Faults on request, for the synthetic camera: a plan of what goes wrong when. Pure; times are seconds on the plan's
 * clock, which the camera starts when it is first opened.
 *
 *   plan  = fault {"," fault}
 *   fault = kind "@" start ["+" length] ["/" period]      decimal numbers, seconds
 *
 * kind     what happens                                    without a length
 * stall    no frames                                       until the stream is restarted
 * error    acquiring fails with -EIO                       until the stream is restarted
 * vanish   the camera is away: -ENODEV, until it is        for one attempt to open it
 *          opened anew after the length
 * slow     frames at a fifth of the rate                   until the stream is restarted
 * garbage  frames of a wrong size                          one frame
 * black    black frames                                    one frame
 * white    white frames                                    one frame
 *
 * With a period the fault comes again every so many seconds: "stall@10+2/60" stalls for 2 s at 10, 70, 130 … .
 */
#ifndef PASTCAM_CAMERA_FAULTS_H
#define PASTCAM_CAMERA_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum fault_kind {
	FAULT_STALL,
	FAULT_ERROR,
	FAULT_VANISH,
	FAULT_SLOW,
	FAULT_GARBAGE,
	FAULT_BLACK,
	FAULT_WHITE,
	FAULT_KINDS
};

enum { FAULTS_MAX = 32 };

struct fault {
	enum fault_kind kind;
	double start_s, length_s, period_s; /* length 0: none given; period 0: once */
	int64_t healed;                     /* the last occurrence (from 1) that faults_heal has ended */
};

struct fault_plan {
	struct fault faults[FAULTS_MAX];
	int count;
};

/* "" is an empty plan. -EINVAL names the fault that does not parse. */
int faults_parse(const char *text, struct fault_plan *plan, struct error *error);

/* Whether a fault of this kind is on at that time. */
bool faults_active(const struct fault_plan *plan, enum fault_kind kind, double at_s);

/* Ends the faults of this kind that are on and have no length. */
void faults_heal(struct fault_plan *plan, enum fault_kind kind, double at_s);

#endif
