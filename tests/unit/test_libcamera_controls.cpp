/* Modes told to cameras like those that there are, in libcamera's own types. */
#include <csetjmp>
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "camera/libcamera/libcamera_controls.hpp"

extern "C" {
#include <cmocka.h>
}

namespace
{

namespace controls = libcamera::controls;
using libcamera::ControlInfo;
using libcamera::ControlInfoMap;

constexpr camera_mode video = { false, 0, 0, 0, 0, 0 };
constexpr camera_mode night = { true, 2000000, 8, 0, 0, 0 };

/* A Raspberry Pi camera whose longest exposure is this. */
ControlInfoMap sensor(int32_t longest_us)
{
	return ControlInfoMap(
	    {
	        { &controls::AeEnable, ControlInfo(false, true) },
	        { &controls::ExposureTime, ControlInfo(int32_t{ 100 }, longest_us) },
	        { &controls::AnalogueGain, ControlInfo(1.0f, 10.5f) },
	        { &controls::FrameDurationLimits, ControlInfo(int64_t{ 16666 }, int64_t{ longest_us } + 1000) },
	    },
	    controls::controls);
}

/* A webcam that knows only its own rates. */
ControlInfoMap webcam()
{
	return ControlInfoMap({ { &controls::Brightness, ControlInfo(-1.0f, 1.0f) } }, controls::controls);
}

void expect_duration(const LibcameraMode &mode, int64_t us)
{
	const auto limits = mode.controls.get(controls::FrameDurationLimits);

	assert_true(limits.has_value());
	assert_int_equal((*limits)[0], us);
	assert_int_equal((*limits)[1], us);
}

void test_video_is_automatic_at_the_frame_rate(void **)
{
	char note[256] = "";
	const LibcameraMode mode = libcamera_mode(sensor(10000000), 10, video, note);

	assert_true(mode.controls.get(controls::AeEnable).value());
	assert_false(mode.controls.get(controls::ExposureTime).has_value());
	assert_false(mode.controls.get(controls::AnalogueGain).has_value());
	expect_duration(mode, 100000);
	assert_true(mode.exposure_us == 0 && mode.gain == 0);
	assert_string_equal(note, "");
}

void test_still_is_fixed_and_slow_enough_for_its_exposure(void **)
{
	char note[256] = "";
	const LibcameraMode mode = libcamera_mode(sensor(10000000), 10, night, note);

	assert_false(mode.controls.get(controls::AeEnable).value());
	assert_int_equal(mode.controls.get(controls::ExposureTime).value(), 2000000);
	assert_true(mode.controls.get(controls::AnalogueGain).value() == 8.0f);
	expect_duration(mode, 2000000);
	assert_true(mode.exposure_us == 2e6 && mode.gain == 8);
	assert_string_equal(note, "");
}

void test_a_short_still_keeps_the_frame_rate(void **)
{
	char note[256] = "";

	expect_duration(libcamera_mode(sensor(10000000), 10, { true, 20000, 1, 0, 0, 0 }, note), 100000);
	assert_string_equal(note, "");
}

/* The first Raspberry Pi camera cannot expose for 2 s. */
void test_what_the_camera_cannot_do_is_clamped_and_told(void **)
{
	char note[256] = "";
	const LibcameraMode mode = libcamera_mode(sensor(969249), 10, { true, 2000000, 16, 0, 0, 0 }, note);

	assert_int_equal(mode.controls.get(controls::ExposureTime).value(), 969249);
	assert_true(mode.controls.get(controls::AnalogueGain).value() == 10.5f);
	expect_duration(mode, 969249);
	assert_true(mode.exposure_us == 969249 && mode.gain == 10.5);
	assert_string_equal(note, "exposure in us: 969249 instead of 2000000; gain: 10.5 instead of 16");
}

void test_too_fast_a_rate_is_clamped_and_told(void **)
{
	char note[256] = "";

	expect_duration(libcamera_mode(sensor(969249), 100, video, note), 16666);
	assert_string_equal(note, "frame duration in us: 16666 instead of 10000");
}

void test_too_slow_a_rate_is_paced_for_the_camera(void **)
{
	char note[256] = "";
	const ControlInfoMap known = sensor(969249);

	assert_true(libcamera_can_pace_itself(known, 10));
	assert_false(libcamera_can_pace_itself(known, 0.5));
	expect_duration(libcamera_mode(known, 0.5, video, note), 970249);
	assert_string_equal(note, "");
}

void test_a_camera_without_controls_is_told_nothing(void **)
{
	char note[256] = "";

	assert_false(libcamera_can_pace_itself(webcam(), 30));
	assert_true(libcamera_mode(webcam(), 30, video, note).controls.empty());
	assert_string_equal(note, "");
	const LibcameraMode mode = libcamera_mode(webcam(), 30, night, note);
	assert_true(mode.controls.empty());
	assert_true(mode.exposure_us == 0 && mode.gain == 0);
	assert_string_equal(note, "this camera cannot be told an exposure");
}

} /* namespace */

int main()
{
	const CMUnitTest tests[] = {
		cmocka_unit_test(test_video_is_automatic_at_the_frame_rate),
		cmocka_unit_test(test_still_is_fixed_and_slow_enough_for_its_exposure),
		cmocka_unit_test(test_a_short_still_keeps_the_frame_rate),
		cmocka_unit_test(test_what_the_camera_cannot_do_is_clamped_and_told),
		cmocka_unit_test(test_too_fast_a_rate_is_clamped_and_told),
		cmocka_unit_test(test_too_slow_a_rate_is_paced_for_the_camera),
		cmocka_unit_test(test_a_camera_without_controls_is_told_nothing),
	};
	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
