/*
 * Day or night: a pure state machine, fed with one sample a frame. It judges the light of the scene, not the brightness
 * of a picture whose exposure it has itself just changed. No I/O, no clock, no log: time comes with the samples.
 */
#ifndef PASTCAM_NIGHT_H
#define PASTCAM_NIGHT_H

#include <stdbool.h>
#include <stdint.h>

enum night_metric {
	NIGHT_METRIC_SCENE, /* mean / ((exposure x gain) / (day_exposure_us x day_gain)): "as dark as a day frame of this
	                       mean" */
	NIGHT_METRIC_MEAN,  /* mean of the frame as it is */
};

struct night_params {
	bool enable;
	enum night_metric metric;
	double dark_threshold, bright_threshold; /* 0-255, dark < bright */
	int min_dark_frames, min_bright_frames;  /* in a row */
	double min_dwell_s;                      /* between two switches, at least */
	int64_t exposure_us;                     /* the night's longest exposure */
	double gain;                             /* the night's gain */
	int64_t day_exposure_us; /* the longest exposure that the day's automatics can take: 1e6 / framerate */
	double day_gain;         /* and its highest gain */
};

struct night_sample {
	int64_t timestamp_ns; /* monotonic, rising */
	double mean;          /* 0-255 */
	double clipped;       /* share of clipped pixels, 0-1 */
	double exposure_us;   /* of this very frame; 0: unknown, then what was asked last is taken */
	double gain;
};

enum night_event { NIGHT_NONE, NIGHT_ENTER, NIGHT_EXIT, NIGHT_EXPOSURE };

struct night {
	struct night_params params;
	bool active;         /* it is night */
	double light;        /* last scene light, in the thresholds' unit; what `night_level` shows with metric scene */
	double level;        /* what is compared with the thresholds: light or mean */
	int rung;            /* of the exposure ladder: exposure_us >> rung */
	int64_t exposure_us; /* to ask the camera for at night */
	/* private to night.c: add what is needed below */
	int dark_frames, bright_frames;
	int over_frames, under_frames;   /* in a row too bright, too dark for this rung */
	int64_t switched_ns, stepped_ns; /* last switch, last step; 0: never */
	int64_t settle_until_ns;         /* samples before this do not count */
};

void night_init(struct night *night, const struct night_params *params);
/* At most one event a sample. After ENTER or EXPOSURE, ask the camera for night->exposure_us and params.gain; after
 * EXIT for video. */
enum night_event night_update(struct night *night, const struct night_sample *sample);
const char *night_event_text(enum night_event event);

#endif
