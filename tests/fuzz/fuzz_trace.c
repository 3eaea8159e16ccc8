/* Light traces as text, through night-sim, and the synthetic camera's plan of faults. */
#include "fuzz.h"

#include <string.h>

#include "camera/light.h"
#include "camera/synthetic/faults.h"
#include "pastcam/night_sim.h"

/* Longer traces are read, but not simulated: that takes its time. */
static const double SIMULATED_S_MAX = 600;

static const struct night_sim_params params = {
	.framerate = 10,
	.night = { .enable = true,
	           .dark_threshold = 12,
	           .bright_threshold = 24,
	           .min_dark_frames = 5,
	           .min_bright_frames = 5,
	           .min_dwell_s = 3,
	           .exposure_us = 2000000,
	           .gain = 8,
	           .day_exposure_us = 100000,
	           .day_gain = 8 },
};

static double length_of(FILE *file)
{
	struct light_trace trace;
	struct error error = { 0 };
	int result = light_trace_read(file, "the fuzzer's", &trace, &error);
	FUZZ_CHECK(result == 0 || (error.code == result && error.text[0] && !trace.points));
	double length_s = result == 0 ? trace.points[trace.count - 1].t_s - trace.points[0].t_s : -1;
	light_trace_free(&trace);
	return length_s;
}

static void simulate(FILE *file)
{
	char *text = NULL;
	size_t bytes = 0;
	struct error error = { 0 };
	FILE *out = open_memstream(&text, &bytes);
	FUZZ_CHECK(out && night_sim_run(&params, file, out, &error) == 0);
	fclose(out);
	FUZZ_CHECK(strstr(text, "frames="));
	free(text);
}

static void check_faults(const char *text)
{
	struct fault_plan plan;
	struct error error = { 0 };
	int result = faults_parse(text, &plan, &error);
	FUZZ_CHECK(plan.count <= FAULTS_MAX && (result == 0 || (error.code == result && error.text[0])));
	if (result < 0)
		return;
	for (int kind = 0; kind < FAULT_KINDS; kind++) {
		for (double at_s = 0; at_s < 1e9; at_s = at_s * 3 + 0.5) {
			faults_heal(&plan, (enum fault_kind)kind, at_s);
			faults_active(&plan, (enum fault_kind)kind, at_s);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	char *text = fuzz_text(data, bytes);
	check_faults(text);
	if (bytes > 0) {
		FILE *file = fmemopen(text, bytes, "r");
		FUZZ_CHECK(file);
		double length_s = length_of(file);
		rewind(file);
		if (length_s >= 0 && length_s <= SIMULATED_S_MAX)
			simulate(file);
		fclose(file);
	}
	free(text);
	return 0;
}
