/* Settings told to cameras like those that there are, in libcamera's own types. */
#include <csetjmp>
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "camera/libcamera/libcamera_settings.hpp"

extern "C" {
#include <cmocka.h>
}

namespace
{

namespace controls = libcamera::controls;
using libcamera::ControlInfo;
using libcamera::ControlInfoMap;
using libcamera::ControlValue;

camera_settings usual()
{
	camera_settings settings = {};
	settings.given = true;
	settings.sharpness = settings.contrast = settings.saturation = 1;
	return settings;
}

ControlInfoMap module_with_lens()
{
	return ControlInfoMap(
	    {
	        { &controls::AwbMode, ControlInfo(controls::AwbModeValues) },
	        { &controls::ExposureValue, ControlInfo(-8.0f, 8.0f) },
	        { &controls::Sharpness, ControlInfo(0.0f, 16.0f) },
	        { &controls::Saturation, ControlInfo(0.0f, 4.0f) },
	        { &controls::AfMode, ControlInfo(controls::AfModeValues) },
	        { &controls::AfTrigger, ControlInfo(controls::AfTriggerValues) },
	        { &controls::LensPosition, ControlInfo(0.0f, 12.0f) },
	    },
	    controls::controls);
}

ControlInfoMap webcam()
{
	return ControlInfoMap({ { &controls::Brightness, ControlInfo(-0.5f, 0.5f) } }, controls::controls);
}

void test_usual_settings_ask_for_nothing(void **)
{
	const auto settings = libcamera_settings(webcam(), usual());

	assert_true(settings.controls.empty());
	assert_string_equal(settings.taken, "");
	assert_string_equal(settings.refused, "");
	assert_true(libcamera_settings(module_with_lens(), camera_settings{}).controls.empty());
}

void test_what_the_camera_has_is_taken(void **)
{
	camera_settings asked = usual();
	asked.awb = CAMERA_AWB_DAYLIGHT;
	asked.ev = -1.5;
	asked.saturation = 0;
	const auto settings = libcamera_settings(module_with_lens(), asked);

	assert_int_equal(settings.controls.get(controls::AwbMode).value(), controls::AwbDaylight);
	assert_true(settings.controls.get(controls::ExposureValue).value() == -1.5f);
	assert_true(settings.controls.get(controls::Saturation).value() == 0);
	assert_string_equal(settings.taken, "awb daylight, ev -1.5, saturation 0");
	assert_string_equal(settings.refused, "");
}

void test_what_it_does_not_have_is_named(void **)
{
	camera_settings asked = usual();
	asked.awb = CAMERA_AWB_INDOOR;
	asked.sharpness = 2;
	asked.focus = CAMERA_FOCUS_MANUAL;
	asked.hdr = CAMERA_HDR_SINGLE;
	const auto settings = libcamera_settings(webcam(), asked);

	assert_true(settings.controls.empty());
	assert_string_equal(settings.refused, "this camera cannot do this, it is left out: awb indoor, sharpness 2, "
	                                      "autofocus.mode manual, autofocus.position 0, hdr single");
}

void test_beyond_its_limits_the_nearest_is_taken_and_said(void **)
{
	camera_settings asked = usual();
	asked.brightness = 0.9;
	const auto settings = libcamera_settings(webcam(), asked);

	assert_true(settings.controls.get(controls::Brightness).value() == 0.5f);
	assert_string_equal(settings.taken, "brightness 0.5");
	assert_non_null(std::strstr(settings.refused, "brightness 0.9"));
}

void test_a_word_that_is_not_in_its_list_is_refused(void **)
{
	const std::array<ControlValue, 1> only_auto{ ControlValue(static_cast<int32_t>(controls::AwbAuto)) };
	const ControlInfoMap known({ { &controls::AwbMode, ControlInfo(only_auto) } }, controls::controls);
	camera_settings asked = usual();
	asked.awb = CAMERA_AWB_CLOUDY;
	const auto settings = libcamera_settings(known, asked);

	assert_true(settings.controls.empty());
	assert_non_null(std::strstr(settings.refused, "awb cloudy"));
}

void test_a_lens_follows_the_scene_unless_told_otherwise(void **)
{
	camera_settings asked = usual();
	auto settings = libcamera_settings(module_with_lens(), asked);
	assert_int_equal(settings.controls.get(controls::AfMode).value(), controls::AfModeContinuous);
	assert_false(settings.controls.get(controls::AfTrigger).has_value());

	asked.focus = CAMERA_FOCUS_AUTO;
	settings = libcamera_settings(module_with_lens(), asked);
	assert_int_equal(settings.controls.get(controls::AfMode).value(), controls::AfModeAuto);
	assert_int_equal(settings.controls.get(controls::AfTrigger).value(), controls::AfTriggerStart);

	asked.focus = CAMERA_FOCUS_MANUAL;
	asked.focus_position = 2.5;
	settings = libcamera_settings(module_with_lens(), asked);
	assert_int_equal(settings.controls.get(controls::AfMode).value(), controls::AfModeManual);
	assert_true(settings.controls.get(controls::LensPosition).value() == 2.5f);
}

void test_zoom_keeps_the_proportions_of_the_picture(void **)
{
	const libcamera::Rectangle sensor(8, 4, 4000, 3000);
	const region quarter = { 0.25, 0.25, 0.5, 0.5 };

	assert_true(libcamera_crop(sensor, quarter, 1024, 768) == libcamera::Rectangle(1008, 754, 2000, 1500));
	/* 16:9 within it */
	assert_true(libcamera_crop(sensor, quarter, 1600, 900) == libcamera::Rectangle(1008, 941, 2000, 1125));
}

} /* namespace */

int main()
{
	const CMUnitTest tests[] = {
		cmocka_unit_test(test_usual_settings_ask_for_nothing),
		cmocka_unit_test(test_what_the_camera_has_is_taken),
		cmocka_unit_test(test_what_it_does_not_have_is_named),
		cmocka_unit_test(test_beyond_its_limits_the_nearest_is_taken_and_said),
		cmocka_unit_test(test_a_word_that_is_not_in_its_list_is_refused),
		cmocka_unit_test(test_a_lens_follows_the_scene_unless_told_otherwise),
		cmocka_unit_test(test_zoom_keeps_the_proportions_of_the_picture),
	};
	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
