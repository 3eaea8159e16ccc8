#include "libcamera_controls.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace
{

namespace controls = libcamera::controls;

constexpr size_t note_bytes = 256;

template <typename T> double number_as(const libcamera::ControlValue &value)
{
	T number;
	memcpy(&number, value.data().data(), sizeof(number));
	return static_cast<double>(number);
}

/* A limit as a number, whatever type this version of libcamera gives it; of an array, the first. */
std::optional<double> number(const libcamera::ControlValue &value)
{
	switch (value.type()) {
	case libcamera::ControlTypeBool:
		return number_as<bool>(value);
	case libcamera::ControlTypeInteger32:
		return number_as<int32_t>(value);
	case libcamera::ControlTypeInteger64:
		return number_as<int64_t>(value);
	case libcamera::ControlTypeFloat:
		return number_as<float>(value);
	default:
		return std::nullopt;
	}
}

/* asked, within range; note grows by a sentence when that differs. */
double clamp(const LibcameraRange &range, double asked, const char *what, char note[256])
{
	const size_t used = strlen(note);

	if (asked >= range.min && asked <= range.max)
		return asked;
	const double given = asked < range.min ? range.min : range.max;
	snprintf(note + used, note_bytes - used, "%s%s %.10g instead of %.10g", used ? "; " : "", what, given, asked);
	return given;
}

void set_exposure(const libcamera::ControlInfoMap &known, const camera_mode &asked, LibcameraMode &mode, char note[256])
{
	const auto exposure = libcamera_limits(known, controls::ExposureTime);
	const auto gain = libcamera_limits(known, controls::AnalogueGain);

	if (exposure) {
		mode.exposure_us = clamp(*exposure, static_cast<double>(asked.exposure_us), "exposure in us:", note);
		mode.controls.set(controls::ExposureTime, static_cast<int32_t>(mode.exposure_us));
	} else {
		snprintf(note, note_bytes, "this camera cannot be told an exposure");
	}
	if (gain) {
		mode.gain = clamp(*gain, asked.gain, "gain:", note);
		mode.controls.set(controls::AnalogueGain, static_cast<float>(mode.gain));
	}
}

/* One frame in so long: the interval of the frame rate, or longer when the exposure is. */
void set_frame_duration(const libcamera::ControlInfoMap &known, double framerate, LibcameraMode &mode, char note[256])
{
	const auto limits = libcamera_limits(known, controls::FrameDurationLimits);
	double interval_us = std::max(1e6 / framerate, mode.exposure_us);

	if (!limits)
		return;
	/* A camera that cannot be so slow is no matter: its frames are paced for it. */
	if (!libcamera_can_pace_itself(known, framerate))
		interval_us = std::min(interval_us, limits->max);
	const auto duration = static_cast<int64_t>(clamp(*limits, interval_us, "frame duration in us:", note));
	mode.controls.set(controls::FrameDurationLimits, libcamera::Span<const int64_t, 2>({ duration, duration }));
}

} /* namespace */

std::optional<LibcameraRange> libcamera_limits(const libcamera::ControlInfoMap &known, const libcamera::ControlId &id)
{
	const auto found = known.find(id.id());
	if (found == known.end())
		return std::nullopt;
	const auto min = number(found->second.min()), max = number(found->second.max());
	if (!min || !max || *max < *min)
		return std::nullopt;
	return LibcameraRange{ *min, *max };
}

bool libcamera_can_pace_itself(const libcamera::ControlInfoMap &known, double framerate)
{
	const auto duration = libcamera_limits(known, controls::FrameDurationLimits);

	return duration && duration->max >= 1e6 / framerate;
}

LibcameraMode libcamera_mode(const libcamera::ControlInfoMap &known, double framerate, const camera_mode &asked,
                             char note[256])
{
	LibcameraMode mode{ libcamera::ControlList(controls::controls) };

	if (libcamera_limits(known, controls::AeEnable))
		mode.controls.set(controls::AeEnable, !asked.still);
	if (asked.still)
		set_exposure(known, asked, mode, note);
	set_frame_duration(known, framerate, mode, note);
	return mode;
}
