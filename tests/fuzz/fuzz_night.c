/* Night traces, binary: the first bytes choose the parameters, then eight bytes make a sample each. */
#include "fuzz.h"

#include <math.h>
#include <string.h>

#include "detect/night.h"

enum { PARAMETER_BYTES = 8, SAMPLE_BYTES = 8 };

static struct night_params parameters(const uint8_t *data)
{
	double framerate = 0.5 + data[4];
	return (struct night_params){
		.enable = true,
		.metric = data[0] & 1 ? NIGHT_METRIC_MEAN : NIGHT_METRIC_SCENE,
		.dark_threshold = data[1] / 4.0,
		.bright_threshold = data[1] / 4.0 + 0.5 + data[2] / 2.0,
		.min_dark_frames = 1 + (data[3] & 15),
		.min_bright_frames = 1 + (data[3] >> 4),
		.min_dwell_s = data[5] / 8.0,
		.exposure_us = INT64_C(100) << (data[6] & 15),
		.gain = 1 + (data[7] & 15),
		.day_exposure_us = (int64_t)(1e6 / framerate),
		.day_gain = 1 + (data[7] >> 4),
	};
}

/* timestamp_ns: of the sample before. Means beyond the scale, exposures that nobody asked for and gaps of hours are
 * all among them. */
static struct night_sample sample_of(const uint8_t *data, int64_t timestamp_ns)
{
	return (struct night_sample){
		.timestamp_ns = timestamp_ns + ((int64_t)data[0] << (data[1] & 31)) + 1,
		.mean = data[2] + data[3] / 256.0,
		.clipped = data[4] / 255.0,
		.exposure_us = data[5] == 0 ? 0 : exp2(data[5] / 8.0),
		.gain = data[6] / 8.0,
	};
}

static void check(const struct night *night, const struct night *before, enum night_event event)
{
	const struct night_params *params = &night->params;
	FUZZ_CHECK(isfinite(night->light) && isfinite(night->level) && night->light >= 0);
	FUZZ_CHECK(night->exposure_us >= 1 && night->exposure_us <= params->exposure_us);
	FUZZ_CHECK(night->exposure_us == params->exposure_us >> night->rung);
	FUZZ_CHECK(night->active == (event == NIGHT_ENTER || (before->active && event != NIGHT_EXIT)));
	FUZZ_CHECK(event != NIGHT_ENTER || (!before->active && night->level < params->dark_threshold));
	FUZZ_CHECK(event != NIGHT_EXIT || (before->active && night->level > params->bright_threshold));
	FUZZ_CHECK(event != NIGHT_EXPOSURE || (night->active && night->rung != before->rung));
	FUZZ_CHECK(event == NIGHT_NONE || night_event_text(event)[0] != '?');
	bool switched = event == NIGHT_ENTER || event == NIGHT_EXIT;
	FUZZ_CHECK(!switched || before->switched_ns == 0 ||
	           (double)(night->switched_ns - before->switched_ns) >= params->min_dwell_s * 1e9);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	if (bytes < PARAMETER_BYTES)
		return 0;
	struct night night;
	struct night_params params = parameters(data);
	night_init(&night, &params);
	int64_t timestamp_ns = 0;
	for (size_t at = PARAMETER_BYTES; at + SAMPLE_BYTES <= bytes; at += SAMPLE_BYTES) {
		struct night_sample sample = sample_of(data + at, timestamp_ns);
		timestamp_ns = sample.timestamp_ns;
		struct night before = night;
		enum night_event event = night_update(&night, &sample);
		check(&night, &before, event);
	}
	return 0;
}
