/* Hard evenings: what must come out is argued at each, from the thresholds (35 is 1.75 lux, 55 is 2.75 lux: the model
 * gives 20 for 1 lux) and from the dwell, never read off a run. All go from noon to noon; t is in seconds from noon. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pastcam/night_sim.h"

static const double HOUR = 3600, DAY = 86400;

static const struct night_sim_params PARAMS = {
	.framerate = 10,
	.night = {
		.enable = true,
		.metric = NIGHT_METRIC_SCENE,
		.dark_threshold = 35,
		.bright_threshold = 55,
		.min_dark_frames = 20,
		.min_bright_frames = 5,
		.min_dwell_s = 120,
		.exposure_us = 2000000,
		.gain = 6,
		.day_exposure_us = 100000,
		.day_gain = 8,
	},
};

/* The rule of the Python service: brightness of the frame, no dwell. */
static struct night_sim_params plain_rule(void)
{
	struct night_sim_params params = PARAMS;
	params.night.metric = NIGHT_METRIC_MEAN;
	params.night.min_bright_frames = 1;
	params.night.min_dwell_s = 0;
	return params;
}

struct outcome {
	int result;
	struct error error;
	char *text;
	int enters, exits, frames;
	double clipped, dark; /* percent */
	double shortest_s;    /* between two switches */
};

static void look_through(struct outcome *outcome)
{
	double last_s = -INFINITY;
	outcome->shortest_s = INFINITY;
	for (const char *line = outcome->text; line && *line; line = strchr(line, '\n') + 1) {
		double t_s, value;
		char what[16];
		if (sscanf(line, "enters=%d exits=%d frames=%d clipped=%lf%% dark=%lf%%", &outcome->enters, &outcome->exits,
		           &outcome->frames, &outcome->clipped, &outcome->dark) == 5)
			continue;
		assert_int_equal(sscanf(line, "%lf %15s %lf\n", &t_s, what, &value), 3);
		if (strcmp(what, "EXPOSURE") == 0)
			continue;
		outcome->shortest_s = fmin(outcome->shortest_s, t_s - last_s);
		last_s = t_s;
	}
}

static struct outcome play_text(const struct night_sim_params *params, const char *text)
{
	struct outcome outcome = { 0 };
	size_t size;
	FILE *in = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	FILE *out = open_memstream(&outcome.text, &size);
	assert_non_null(in);
	assert_non_null(out);
	outcome.result = night_sim_run(params, in, out, &outcome.error);
	fclose(in);
	fclose(out);
	look_through(&outcome);
	free(outcome.text);
	outcome.text = NULL;
	return outcome;
}

/* Natural light of a clear day and a moonless night: straight lines in the logarithm. Civil twilight, from 400 to 3.4
 * lux, takes half an hour. */
static double sun(double t)
{
	static const double CURVE[][2] = {
		{ 0, 50000 },  { 5.5, 5000 },  { 6, 400 },    { 6.5, 3.4 }, { 7.1, 0.01 },  { 8, 0.001 },
		{ 16, 0.001 }, { 16.9, 0.01 }, { 17.5, 3.4 }, { 18, 400 },  { 18.5, 5000 }, { 24, 50000 },
	};
	double hours = t / HOUR;
	int i = 0;
	while (hours > CURVE[i + 1][0])
		i++;
	double share = (hours - CURVE[i][0]) / (CURVE[i + 1][0] - CURVE[i][0]);
	return CURVE[i][1] * pow(CURVE[i + 1][1] / CURVE[i][1], share);
}

/* -1 … 1, the same each run. */
static double noise(double t)
{
	uint32_t h = (uint32_t)(t * 10) * 0x9E3779B1u;
	h = (h ^ (h >> 15)) * 0x85EBCA77u;
	h = (h ^ (h >> 13)) * 0xC2B2AE3Du;
	return (double)(h >> 16) / 32768 - 1;
}

static struct outcome play(const struct night_sim_params *params, double (*lux)(double t), double step)
{
	char *text;
	size_t size;
	FILE *trace = open_memstream(&text, &size);
	assert_non_null(trace);
	for (double t = 0; t <= DAY; t += step)
		fprintf(trace, "%.1f,%.6g\n", t, lux(t));
	fclose(trace);
	struct outcome outcome = play_text(params, text);
	free(text);
	assert_int_equal(outcome.result, 0);
	return outcome;
}

static void assert_switches(const struct outcome *outcome, int nights)
{
	assert_int_equal(outcome->enters, nights);
	assert_int_equal(outcome->exits, nights);
	assert_true(outcome->shortest_s >= PARAMS.night.min_dwell_s);
}

static void assert_well_exposed(const struct outcome *outcome)
{
	assert_true(outcome->clipped + outcome->dark <= 5);
}

static double plain(double t)
{
	return sun(t) * (1 + 0.1 * noise(t));
}

/* Noise of a tenth is less than the thresholds are apart, and twilight goes one way. By the plain rule the first night
 * frame, fifteen times as bright as the day's, ends the night. */
static void test_plain_dusk_and_dawn(void **state)
{
	(void)state;
	struct outcome outcome = play(&PARAMS, plain, 10);
	assert_switches(&outcome, 1);
	assert_well_exposed(&outcome);

	struct night_sim_params witness = plain_rule();
	outcome = play(&witness, plain, 10);
	assert_true(outcome.enters > 10);
}

static double broken_clouds(double t)
{
	return plain(t) * (fmod(t, 240) < 150 ? 0.4 : 1);
}

/* A cloud takes 60 % of the light and gives it back, more than the thresholds are apart (35 / 55 = 64 %). But it gives
 * it back for 90 s of 240 s, which neither lasts the dwell nor is most of the time, and twilight falls by as much as
 * a cloud takes within six minutes. Without the dwell, the same thresholds flap. */
static void test_clouds_at_dusk(void **state)
{
	(void)state;
	struct outcome outcome = play(&PARAMS, broken_clouds, 5);
	assert_switches(&outcome, 1);
	assert_well_exposed(&outcome);

	struct night_sim_params hasty = PARAMS;
	hasty.night.min_dwell_s = 0;
	outcome = play(&hasty, broken_clouds, 5);
	assert_true(outcome.enters > 1);
}

static double moonlit(double t)
{
	return plain(t) + 0.25 * fmax(0, sin((t - 7 * HOUR) / (10 * HOUR) * 3.14159265));
}

/* The full moon's 0.25 lux are 5 in the thresholds' unit. At 2 s they look like 75, day by the plain rule. */
static void test_moonlit_night(void **state)
{
	(void)state;
	struct outcome outcome = play(&PARAMS, moonlit, 10);
	assert_switches(&outcome, 1);
	assert_well_exposed(&outcome);

	struct night_sim_params witness = plain_rule();
	outcome = play(&witness, moonlit, 10);
	assert_true(outcome.enters > 100);
}

static double headlights(double t)
{
	double into = fmod(t, 60);
	return plain(t) + (into < 10 ? 20 * sin(into / 10 * 3.14159265) : 0);
}

/* Bright for less than ten of sixty seconds: never most of the time. How many frames are clipped is not for the
 * controller to say: a 2 s exposure that a car drives into is lost before anything is known of the car. */
static void test_headlights_each_minute(void **state)
{
	(void)state;
	struct outcome outcome = play(&PARAMS, headlights, 1);
	assert_switches(&outcome, 1);
}

static double dim_porch(double t)
{
	return plain(t) + (t > 7 * HOUR && t < 11 * HOUR ? 0.5 : 0);
}

static double bright_porch(double t)
{
	return plain(t) + (t > 7 * HOUR && t < 11 * HOUR ? 8 : 0);
}

/* On for four hours of the night. 0.5 lux are 10, night all the same. 8 lux are 160, and stay: by that light a day
 * frame is bright, so it is day under the lamp: dusk, lamp on, lamp off, dawn. */
static void test_porch_light_on_a_timer(void **state)
{
	(void)state;
	struct outcome outcome = play(&PARAMS, dim_porch, 10);
	assert_switches(&outcome, 1);
	assert_well_exposed(&outcome);
	outcome = play(&PARAMS, bright_porch, 10);
	assert_switches(&outcome, 2);
	assert_well_exposed(&outcome);
}

static double thunderstorm(double t)
{
	/* One moment in three hundred, a fifth of a second each. */
	bool flash = t > 5 * HOUR && t < 12 * HOUR && noise(t + 0.05) > 1 - 2.0 / 300;
	return plain(t) + (flash ? 20000 : 0);
}

/* Some two flashes a minute, from dusk to midnight: each spoils one frame, and one frame changes nothing. */
static void test_lightning(void **state)
{
	(void)state;
	struct outcome outcome = play(&PARAMS, thunderstorm, 0.1);
	assert_switches(&outcome, 1);
}

static double arctic(double t)
{
	double hours = t / HOUR;
	double slow = hours < 8    ? 400 * pow(1.75 / 400, hours / 8)
	              : hours < 16 ? 1.75
	                           : 1.75 * pow(400 / 1.75, (hours - 16) / 8);
	return slow * (1 + 0.2 * sin(t / 1000) + 0.1 * noise(t));
}

/* Eight hours at the dark threshold, 30 % to both sides in waves of 100 minutes and noise: 24.5 to 45.5. It gets dark
 * once, as it never is as bright as 55 again before the morning; then the light doubles in an hour, and no wave takes
 * half of it. */
static void test_arctic_dusk(void **state)
{
	(void)state;
	struct outcome outcome = play(&PARAMS, arctic, 10);
	assert_switches(&outcome, 1);
	assert_well_exposed(&outcome);

	struct night_sim_params witness = plain_rule();
	outcome = play(&witness, arctic, 10);
	assert_true(outcome.enters > 1000);
}

static double flicker(double t)
{
	return sun(t) * (fmod(t, 0.4) < 0.2 ? 0.7 : 1.3);
}

/* A failing lamp, five times a second 30 % up and down, more than the thresholds are apart. Down never lasts for twenty
 * frames in a row, so it gets dark when even the peaks are, and the night's exposures are longer than the flicker. */
static void test_flickering_light(void **state)
{
	(void)state;
	struct outcome outcome = play(&PARAMS, flicker, 0.2);
	assert_switches(&outcome, 1);
	assert_well_exposed(&outcome);
}

static double deep_night(double t)
{
	return fmin(sun(t), t > 6 * HOUR && t < 18 * HOUR ? 0.0001 : 1e9);
}

/* As if a door were shut on the light: black frames that no allowed exposure could help are not counted as dark. */
static void test_darkness_beyond_the_longest_exposure(void **state)
{
	(void)state;
	struct outcome outcome = play(&PARAMS, deep_night, 10);
	assert_switches(&outcome, 1);
	assert_well_exposed(&outcome);
}

static void test_other_cameras(void **state)
{
	(void)state;
	const int framerates[] = { 1, 5, 30, 120 };
	for (size_t i = 0; i < sizeof framerates / sizeof framerates[0]; i++) {
		struct night_sim_params params = PARAMS;
		params.framerate = framerates[i];
		params.night.day_exposure_us = 1000000 / framerates[i];
		struct outcome outcome = play(&params, plain, 10);
		assert_switches(&outcome, 1);
		assert_well_exposed(&outcome);
	}
	for (int64_t exposure_us = 100000; exposure_us <= 10000000; exposure_us *= 10) {
		struct night_sim_params params = PARAMS;
		params.night.exposure_us = exposure_us;
		struct outcome outcome = play(&params, plain, 10);
		assert_switches(&outcome, 1);
		assert_well_exposed(&outcome);
	}
}

static void test_disabled_never_switches(void **state)
{
	(void)state;
	struct night_sim_params params = PARAMS;
	params.night.enable = false;
	struct outcome outcome = play(&params, plain, 10);
	assert_switches(&outcome, 0);
}

/* Ten seconds, dark from the start: night after the twentieth frame, which ends at 2 s, at the longest exposure. One
 * more day frame is under way; then three of 2 s fit. */
static void test_the_lines_are_as_promised(void **state)
{
	(void)state;
	char *text;
	size_t size;
	FILE *in = fmemopen((char[]){ "t_s,lux\n100,0.1\n110,0.1\n" }, 24, "r");
	FILE *out = open_memstream(&text, &size);
	assert_int_equal(night_sim_run(&PARAMS, in, out, NULL), 0);
	fclose(in);
	fclose(out);
	assert_string_equal(text, "102.000 ENTER 2.00\n102.000 EXPOSURE 2000000\n"
	                          "enters=1 exits=0 frames=24 clipped=0.0% dark=0.0%\n");
	free(text);
}

static void test_wrong_lines_are_named(void **state)
{
	(void)state;
	struct outcome outcome = play_text(&PARAMS, "t_s,lux\n\n# comment\n0,1\n1,x\n");
	assert_int_equal(outcome.result, -EINVAL);
	assert_non_null(strstr(outcome.error.text, "line 5"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain_dusk_and_dawn),
		cmocka_unit_test(test_clouds_at_dusk),
		cmocka_unit_test(test_moonlit_night),
		cmocka_unit_test(test_headlights_each_minute),
		cmocka_unit_test(test_porch_light_on_a_timer),
		cmocka_unit_test(test_lightning),
		cmocka_unit_test(test_arctic_dusk),
		cmocka_unit_test(test_flickering_light),
		cmocka_unit_test(test_darkness_beyond_the_longest_exposure),
		cmocka_unit_test(test_other_cameras),
		cmocka_unit_test(test_disabled_never_switches),
		cmocka_unit_test(test_the_lines_are_as_promised),
		cmocka_unit_test(test_wrong_lines_are_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
