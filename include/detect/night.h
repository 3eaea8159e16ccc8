/*
 * Day or night: a pure state machine, fed with one sample a frame. It judges the light of the scene, not the brightness
 * of a picture whose exposure it has itself just changed. No I/O, no clock, no log: time comes with the samples.
 *
 * A switch needs three things (docs/night.md argues each):
 * - min_dark_frames (min_bright_frames) beyond the threshold in a row;
 * - on balance, min_dwell_s of light beyond the threshold: time beyond it counts up, time not beyond it counts down to
 *   zero, and one frame never counts for more than its share 1/min_*_frames. Headlights neither end a night nor keep
 *   one from beginning. A fresh start is neither day nor night yet, so the first ENTER comes after min_dark_frames;
 * - min_dwell_s since the last switch.
 *
 * With the scene metric the night's exposure climbs a ladder, exposure_us >> rung: down when for more than ten seconds
 * (or min_dwell_s) much is clipped or the picture is bright, up when two frames are dark. ENTER already chooses the
 * rung that suits the light. It stands still while the exposure of the frames is unknown.
 *
 * Frames taken before a change has settled count for nothing: those begun before it, and those whose reported exposure
 * is not the one asked for, until the camera has had the time of eight frames.
 */
#ifndef PASTCAM_DETECT_NIGHT_H
#define PASTCAM_DETECT_NIGHT_H

#include <stdbool.h>
#include <stdint.h>

enum night_metric {
	NIGHT_METRIC_SCENE, /* mean / ((exposure x gain) / (day_exposure_us x day_gain)): "as dark as a day frame of this
	                       mean" */
	NIGHT_METRIC_MEAN,  /* mean of the frame as it is; no ladder */
};

struct night_params {
	bool enable;
	enum night_metric metric;
	double dark_threshold, bright_threshold; /* 0-255, dark < bright */
	int min_dark_frames, min_bright_frames;  /* in a row, 1 and up */
	double min_dwell_s;                      /* of light that says so, and between two switches, at least */
	int64_t exposure_us;                     /* the night's longest exposure */
	double gain;                             /* the night's gain */
	int64_t day_exposure_us; /* the longest exposure that the day's automatics can take: 1e6 / framerate */
	double day_gain;         /* and its highest gain */
};

struct night_sample {
	int64_t timestamp_ns; /* monotonic, rising: start of the exposure */
	double mean;          /* 0-255 */
	double clipped;       /* share of clipped pixels, 0-1 */
	double exposure_us;   /* of this very frame; 0: unknown, then the plain mean is taken for the light */
	double gain;          /* likewise; 0: unknown, then it is taken to be the same for all frames */
};

enum night_event { NIGHT_NONE, NIGHT_ENTER, NIGHT_EXIT, NIGHT_EXPOSURE };

struct night {
	struct night_params params;
	bool active;         /* it is night */
	double light;        /* last scene light, in the thresholds' unit; what `night_level` shows with metric scene */
	double level;        /* what is compared with the thresholds: light or mean */
	int rung;            /* of the exposure ladder: exposure_us >> rung */
	int64_t exposure_us; /* to ask the camera for at night */
	int64_t event_ns;    /* when the last event was decided: the end of its frame's exposure */
	/* private to night.c: */
	int64_t limit_min_us, limit_max_us; /* the camera's; 0: unknown */
	int run_frames;                     /* in a row beyond the threshold that would switch */
	double evidence_s;                  /* the balance of time beyond that threshold, 0 … min_dwell_s */
	int over_frames, under_frames;      /* in a row too bright, too dark for this rung */
	int64_t over_since_ns;              /* it has been too bright since then, on whatever rung; 0: it is not */
	double stepped_down_light;          /* light at the last step down of this night, infinite after a step up */
	int64_t counted_ns;                 /* end of the last frame that counted; 0: none */
	int64_t switched_ns;                /* last switch; 0: never */
	int64_t settle_until_ns;            /* a frame begun later counts whatever exposure it reports */
};

void night_init(struct night *night, const struct night_params *params);

/* What the camera can expose, once it is known; 0 is unknown. The ladder stays within. Keeps the state; may change
 * exposure_us. */
void night_set_limits(struct night *night, int64_t exposure_min_us, int64_t exposure_max_us);

/* At most one event a sample. After ENTER or EXPOSURE, ask the camera for night->exposure_us and params.gain; after
 * EXIT for video. */
enum night_event night_update(struct night *night, const struct night_sample *sample);

/* True when the exposure cannot get any shorter. */
bool night_at_shortest(const struct night *night);

const char *night_event_text(enum night_event event);

#endif
