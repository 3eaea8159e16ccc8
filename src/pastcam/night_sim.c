#include "night_sim.h"

#include <errno.h>
#include <math.h>

#include "camera/light.h"

static const double MEAN_DARK = 10, CLIPPED_TOO_MUCH = 0.05;

struct exposure {
	double us, gain;
};

struct simulation {
	const struct night_sim_params *params;
	FILE *out;
	struct light_trace trace;
	size_t cursor;
	struct night night;
	struct light_auto automatic;
	struct exposure asked; /* the night's */
	long long enters, exits, frames, night_frames, clipped, dark;
};

static struct exposure choose_exposure(const struct simulation *simulation)
{
	if (simulation->night.active)
		return simulation->asked;
	return (struct exposure){ simulation->automatic.exposure_us, simulation->automatic.gain };
}

static void ask(struct simulation *simulation, double t_s)
{
	const struct night *night = &simulation->night;
	double gain = fmin(fmax(night->params.gain, LIGHT_GAIN_MIN), LIGHT_GAIN_MAX);
	simulation->asked = (struct exposure){ (double)night->exposure_us, gain };
	fprintf(simulation->out, "%.3f EXPOSURE %lld\n", t_s, (long long)night->exposure_us);
}

static void tell(struct simulation *simulation, enum night_event event, double t_s)
{
	if (event == NIGHT_NONE)
		return;
	if (event != NIGHT_EXPOSURE)
		fprintf(simulation->out, "%.3f %s %.2f\n", t_s, night_event_text(event), simulation->night.level);
	simulation->enters += event == NIGHT_ENTER;
	simulation->exits += event == NIGHT_EXIT;
	if (event != NIGHT_EXIT)
		ask(simulation, t_s);
}

static void count(struct simulation *simulation, const struct night_sample *sample)
{
	const struct night *night = &simulation->night;
	simulation->frames++;
	if (!night->active)
		return;
	simulation->night_frames++;
	simulation->clipped += sample->clipped > CLIPPED_TOO_MUCH && !night_at_shortest(night);
	simulation->dark += sample->mean < MEAN_DARK && night->rung > 0;
}

/* One frame; times in seconds from the trace's first line. */
static void take_frame(struct simulation *simulation, struct exposure exposure, double start_s)
{
	double begin_s = simulation->trace.points[0].t_s, end_s = start_s + exposure.us / 1e6;
	double lux = light_trace_mean(&simulation->trace, &simulation->cursor, begin_s + start_s, begin_s + end_s);
	double mean = light_mean(lux, exposure.us, exposure.gain);
	struct night_sample sample = {
		.timestamp_ns = llround(start_s * 1e9),
		.mean = fmin(mean, 255),
		.clipped = light_clipped_share(mean),
		.exposure_us = exposure.us,
		.gain = exposure.gain,
	};
	count(simulation, &sample);
	if (!simulation->night.active)
		light_auto_step(&simulation->automatic, sample.mean);
	tell(simulation, night_update(&simulation->night, &sample), begin_s + end_s);
}

static void simulate(struct simulation *simulation)
{
	const struct light_trace *trace = &simulation->trace;
	double interval_s = 1 / simulation->params->framerate;
	double length_s = trace->points[trace->count - 1].t_s - trace->points[0].t_s;
	struct exposure exposure = choose_exposure(simulation);
	for (double start_s = 0; start_s + exposure.us / 1e6 <= length_s;) {
		struct exposure next = choose_exposure(simulation);
		take_frame(simulation, exposure, start_s);
		start_s += fmax(interval_s, exposure.us / 1e6);
		exposure = next;
	}
}

static void sum_up(const struct simulation *simulation)
{
	double percent = simulation->night_frames > 0 ? 100.0 / (double)simulation->night_frames : 0;
	fprintf(simulation->out, "enters=%lld exits=%lld frames=%lld clipped=%.1f%% dark=%.1f%%\n", simulation->enters,
	        simulation->exits, simulation->frames, (double)simulation->clipped * percent,
	        (double)simulation->dark * percent);
}

int night_sim_run(const struct night_sim_params *params, FILE *in, FILE *out, struct error *error)
{
	struct simulation simulation = { .params = params, .out = out };
	int result = light_trace_read(in, "the light trace", &simulation.trace, error);
	if (result < 0)
		return result;
	night_init(&simulation.night, &params->night);
	night_set_limits(&simulation.night, LIGHT_EXPOSURE_MIN_US, LIGHT_EXPOSURE_MAX_US);
	light_auto_init(&simulation.automatic, params->framerate, simulation.trace.points[0].lux);
	simulate(&simulation);
	sum_up(&simulation);
	light_trace_free(&simulation.trace);
	return fflush(out) == 0 && !ferror(out) ? 0 : error_set_errno(error, -EIO, "the simulation cannot be written");
}
