#include "libcamera_settings.hpp"

#include "libcamera_controls.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include <libcamera/version.h>

extern "C" {
#include "../settings.h"
}

namespace
{

using Entry = std::pair<const libcamera::ControlId *const, libcamera::ControlInfo>;

/* By name, since which controls there are depends on libcamera's version. */
const Entry *find(const libcamera::ControlInfoMap &known, const char *name)
{
	for (const Entry &entry : known) {
		if (entry.first->name() == name)
			return &entry;
	}
	return nullptr;
}

libcamera::ControlValue value_of(libcamera::ControlType type, double value)
{
	switch (type) {
	case libcamera::ControlTypeBool:
		return libcamera::ControlValue(value != 0);
	case libcamera::ControlTypeInteger32:
		return libcamera::ControlValue(static_cast<int32_t>(value));
	default:
		return libcamera::ControlValue(static_cast<float>(value));
	}
}

bool is_listed(const libcamera::ControlInfo &info, const libcamera::ControlValue &value)
{
	const auto &values = info.values();

	return values.empty() || std::find(values.begin(), values.end(), value) != values.end();
}

/* True when it was taken; of a number, the nearest that the camera can do. */
bool take(const libcamera::ControlInfoMap &known, camera_setting &setting, libcamera::ControlList &list)
{
	const Entry *entry = find(known, setting.control);

	if (!entry)
		return false;
	if (!setting.word) {
		const auto limits = libcamera_limits(known, *entry->first);
		if (limits)
			setting.value = std::clamp(setting.value, limits->min, limits->max);
	}
	const auto value = value_of(entry->first->type(), setting.value);
	if (setting.word && !is_listed(entry->second, value))
		return false;
	list.set(entry->first->id(), value);
	return true;
}

/* A lens that moves and is not told otherwise follows the scene. */
void focus(const libcamera::ControlInfoMap &known, enum camera_focus mode, libcamera::ControlList &list)
{
	const Entry *entry = find(known, "AfMode"), *trigger = find(known, "AfTrigger");
	const libcamera::ControlValue continuous(int32_t{ 2 });

	if (entry && mode == CAMERA_FOCUS_CONTINUOUS && is_listed(entry->second, continuous))
		list.set(entry->first->id(), continuous);
	if (entry && trigger && mode == CAMERA_FOCUS_AUTO)
		list.set(trigger->first->id(), libcamera::ControlValue(int32_t{ 0 }));
}

} /* namespace */

LibcameraSettings libcamera_settings(const libcamera::ControlInfoMap &known, const camera_settings &settings)
{
	LibcameraSettings result;
	camera_setting list[CAMERA_SETTINGS_MAX];
	const size_t count = camera_settings_list(&settings, list);

	for (size_t i = 0; i < count; i++) {
		const camera_setting asked = list[i];
		const bool taken = take(known, list[i], result.controls);
		if (taken)
			camera_setting_tell(&list[i], result.taken);
		if (!taken || list[i].value < asked.value || list[i].value > asked.value)
			camera_setting_tell(&asked, result.refused);
	}
	if (settings.given)
		focus(known, settings.focus, result.controls);
	camera_settings_explain("this camera", result.refused);
	return result;
}

void libcamera_orient(libcamera::CameraConfiguration &configuration, orientation turned)
{
	const orientation asked = orientation_swaps(turned) ? static_cast<orientation>(ORIENTATION_NORMAL) : turned;

#if LIBCAMERA_VERSION_MAJOR == 0 && LIBCAMERA_VERSION_MINOR < 2
	/* The same bits: HFlip is 1, VFlip is 2. */
	configuration.transform = static_cast<libcamera::Transform>(asked);
#else
	static const libcamera::Orientation orientations[] = {
		libcamera::Orientation::Rotate0,
		libcamera::Orientation::Rotate0Mirror,
		libcamera::Orientation::Rotate180Mirror,
		libcamera::Orientation::Rotate180,
	};
	configuration.orientation = orientations[asked];
#endif
}

orientation libcamera_orientation_left(const libcamera::CameraConfiguration &configuration, orientation turned)
{
#if LIBCAMERA_VERSION_MAJOR == 0 && LIBCAMERA_VERSION_MINOR < 2
	const auto got = static_cast<orientation>(configuration.transform);
#else
	/* Numbered as in EXIF: what the picture is, and so what undoes it. */
	const auto got = orientation_inverse(orientation_of_exif(static_cast<int>(configuration.orientation)));
#endif
	return orientation_then(orientation_inverse(got), turned);
}

libcamera::Rectangle libcamera_crop(const libcamera::Rectangle &sensor, const region &part, int width, int height)
{
	const double left = sensor.x + part.x * sensor.width, top = sensor.y + part.y * sensor.height;
	const double wide = part.width * sensor.width, high = part.height * sensor.height;
	const double scale = std::min(wide / width, high / height);
	const auto crop_width = static_cast<unsigned>(std::max(1.0, scale * width));
	const auto crop_height = static_cast<unsigned>(std::max(1.0, scale * height));

	return { static_cast<int>(left + (wide - crop_width) / 2), static_cast<int>(top + (high - crop_height) / 2),
		     crop_width, crop_height };
}
