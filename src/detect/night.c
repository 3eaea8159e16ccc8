#include "detect/night.h"

#include <math.h>

static const double NS_PER_S = 1e9;
static const int64_t NS_PER_US = 1000;

/* The ladder: a picture is too bright above MEAN_OVER or when more than CLIPPED_OVER of it is clipped, too dark below
 * MEAN_UNDER; a new rung aims at a mean of at most MEAN_AIM. A step halves or doubles the mean, so 85 … 110 is where
 * it lands, far from both edges. */
static const double MEAN_OVER = 170, MEAN_UNDER = 55, MEAN_AIM = 120, CLIPPED_OVER = 0.05;
/* A mean from here on is a lower bound: the light may be anything above. */
static const double MEAN_SATURATED = 245;
/* A lamp in a dark scene may clip on one rung and leave the next one dark; the light must fall by this factor before
 * the step down is taken back, or the ladder would swing for ever. */
static const double FALL_BEFORE_STEP_UP = 0.65;
static const int64_t SHORTEST_EXPOSURE_US = 100;
/* How long it must be too bright before the exposure goes down, unless the dwell is shorter: a passing car is over by
 * then, and the picture that it leaves behind is as dark as before. */
static const double PASSING_S = 10;

enum { OVER_FRAMES = 3, UNDER_FRAMES = 2, SETTLE_FRAMES = 8 };

static int64_t longest_exposure(const struct night *night)
{
	int64_t limit = night->limit_max_us;
	return limit > 0 && limit < night->params.exposure_us ? limit : night->params.exposure_us;
}

static int rung_max(const struct night *night)
{
	int64_t shortest = night->limit_min_us > SHORTEST_EXPOSURE_US ? night->limit_min_us : SHORTEST_EXPOSURE_US;
	int rung = 0;
	while (longest_exposure(night) >> (rung + 1) >= shortest)
		rung++;
	return rung;
}

static double sensitivity(const struct night *night, double exposure_us, double gain)
{
	return exposure_us * gain / ((double)night->params.day_exposure_us * night->params.day_gain);
}

static void set_rung(struct night *night, int rung)
{
	int max = rung_max(night);
	night->rung = rung < max ? rung : max;
	night->exposure_us = longest_exposure(night) >> night->rung;
}

/* The lowest rung on which this light gives a mean of at most MEAN_AIM. */
static int rung_for(const struct night *night, double light)
{
	double mean = light * sensitivity(night, (double)longest_exposure(night), night->params.gain);
	int rung = 0;
	for (int max = rung_max(night); mean > MEAN_AIM && rung < max; rung++)
		mean /= 2;
	return rung;
}

void night_init(struct night *night, const struct night_params *params)
{
	*night = (struct night){
		.params = *params,
		.evidence_s = params->min_dwell_s,
		.stepped_down_light = INFINITY,
	};
	set_rung(night, 0);
}

void night_set_limits(struct night *night, int64_t exposure_min_us, int64_t exposure_max_us)
{
	night->limit_min_us = exposure_min_us;
	night->limit_max_us = exposure_max_us;
	set_rung(night, night->rung);
}

static double asked_exposure(const struct night *night)
{
	return (double)(night->active ? night->exposure_us : night->params.day_exposure_us);
}

/* What was asked is no measurement: whoever does not report may not obey either. Taken as the day's longest exposure
 * and highest gain, of which the thresholds speak, an unknown exposure leaves the plain mean, and an unknown gain drops
 * out of the comparison of one frame with another. */
static void fill_unknown(const struct night *night, struct night_sample *sample)
{
	if (!(sample->exposure_us > 0)) {
		sample->exposure_us = (double)night->params.day_exposure_us;
		sample->gain = night->params.day_gain;
	}
	if (!(sample->gain > 0))
		sample->gain = night->params.day_gain;
}

static bool exposed_as_asked(const struct night *night, double reported_us)
{
	double ratio = reported_us / asked_exposure(night);
	return ratio < 1.1 && (ratio > 0.9 || !night->active);
}

static bool is_steady(const struct night *night, const struct night_sample *sample)
{
	if (sample->timestamp_ns >= night->settle_until_ns)
		return true;
	return sample->timestamp_ns >= night->event_ns && exposed_as_asked(night, sample->exposure_us);
}

/* After anything that changes what the camera is asked for. before_us: the exposure asked until now. */
static void begin_settling(struct night *night, double before_us, int64_t now_ns)
{
	double longer_us = fmax(before_us, asked_exposure(night));
	night->event_ns = now_ns;
	night->settle_until_ns = now_ns + (int64_t)(SETTLE_FRAMES * longer_us) * NS_PER_US + (int64_t)NS_PER_S;
	night->over_frames = 0;
	night->under_frames = 0;
}

static enum night_event change_rung(struct night *night, int rung, int64_t now_ns)
{
	double before_us = asked_exposure(night);
	int before = night->rung;
	set_rung(night, rung);
	if (night->rung == before)
		return NIGHT_NONE;
	night->stepped_down_light = night->rung > before ? night->light : INFINITY;
	begin_settling(night, before_us, now_ns);
	return NIGHT_EXPOSURE;
}

static enum night_event climb(struct night *night, const struct night_sample *sample, int64_t now_ns)
{
	bool over = sample->mean > MEAN_OVER || sample->clipped > CLIPPED_OVER;
	bool under = !over && sample->mean < MEAN_UNDER && night->light < FALL_BEFORE_STEP_UP * night->stepped_down_light;
	if (!over || night->over_since_ns == 0)
		night->over_since_ns = over ? sample->timestamp_ns : 0;
	night->over_frames = over ? night->over_frames + 1 : 0;
	night->under_frames = under ? night->under_frames + 1 : 0;

	double passing_s = fmin(PASSING_S, night->params.min_dwell_s);
	bool lasting = over && (double)(now_ns - night->over_since_ns) > passing_s * NS_PER_S;
	if (lasting && night->over_frames >= OVER_FRAMES) {
		int suits = rung_for(night, night->light);
		return change_rung(night, suits > night->rung ? suits : night->rung + 1, now_ns);
	}
	if (night->under_frames >= UNDER_FRAMES && night->rung > 0) {
		/* A black frame knows only that its mean is below one. */
		double light = fmax(sample->mean, 1) / sensitivity(night, sample->exposure_us, sample->gain);
		int suits = rung_for(night, light);
		return change_rung(night, suits < night->rung ? suits : night->rung - 1, now_ns);
	}
	return NIGHT_NONE;
}

static enum night_event switch_over(struct night *night, int64_t now_ns)
{
	double before_us = asked_exposure(night);
	night->active = !night->active;
	night->switched_ns = now_ns;
	night->run_frames = 0;
	night->evidence_s = 0;
	night->stepped_down_light = INFINITY;
	night->over_since_ns = 0;
	set_rung(night, night->active && night->params.metric == NIGHT_METRIC_SCENE ? rung_for(night, night->light) : 0);
	begin_settling(night, before_us, now_ns);
	return night->active ? NIGHT_ENTER : NIGHT_EXIT;
}

/* Weighs one steady frame; true when the time has come to switch. */
static bool weigh(struct night *night, const struct night_sample *sample, int64_t now_ns)
{
	const struct night_params *params = &night->params;
	bool beyond = night->active ? night->level > params->bright_threshold : night->level < params->dark_threshold;
	double since_s = night->counted_ns > 0 ? (double)(now_ns - night->counted_ns) / NS_PER_S : 0;
	night->counted_ns = now_ns;

	bool unknown = params->metric == NIGHT_METRIC_SCENE && night->active && !beyond && sample->mean >= MEAN_SATURATED;
	if (unknown)
		return false;

	int frames = night->active ? params->min_bright_frames : params->min_dark_frames;
	double counts_s = fmin(fmax(since_s, 0), params->min_dwell_s / frames);
	night->evidence_s += beyond ? counts_s : -counts_s;
	night->evidence_s = fmin(fmax(night->evidence_s, 0), params->min_dwell_s);
	night->run_frames = beyond ? night->run_frames + 1 : 0;

	bool rested = night->switched_ns == 0 || (double)(now_ns - night->switched_ns) >= params->min_dwell_s * NS_PER_S;
	/* Sums of rounded seconds may end a hair below. */
	return rested && night->run_frames >= frames && night->evidence_s >= params->min_dwell_s - 1e-6;
}

enum night_event night_update(struct night *night, const struct night_sample *given)
{
	struct night_sample sample = *given;
	fill_unknown(night, &sample);
	bool counts = is_steady(night, &sample);
	int64_t now_ns = sample.timestamp_ns + (int64_t)(sample.exposure_us * (double)NS_PER_US);

	night->light = sample.mean / sensitivity(night, sample.exposure_us, sample.gain);
	night->level = night->params.metric == NIGHT_METRIC_SCENE ? night->light : sample.mean;
	if (!night->params.enable || !counts)
		return NIGHT_NONE;
	if (weigh(night, &sample, now_ns))
		return switch_over(night, now_ns);
	if (night->active && night->params.metric == NIGHT_METRIC_SCENE && given->exposure_us > 0)
		return climb(night, &sample, now_ns);
	return NIGHT_NONE;
}

bool night_at_shortest(const struct night *night)
{
	return night->rung == rung_max(night);
}

const char *night_event_text(enum night_event event)
{
	switch (event) {
	case NIGHT_NONE:
		return "NONE";
	case NIGHT_ENTER:
		return "ENTER";
	case NIGHT_EXIT:
		return "EXIT";
	case NIGHT_EXPOSURE:
		return "EXPOSURE";
	}
	return "?";
}
