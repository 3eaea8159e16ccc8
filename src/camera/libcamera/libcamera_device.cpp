#include "libcamera_device.hpp"

#include "libcamera_controls.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>

#include <fcntl.h>
#include <unistd.h>

namespace
{

constexpr unsigned buffer_count = 4; /* and those on lease */

/* The best first: what costs least to turn into R,G,B. */
const std::array<LibcameraFormat, 8> formats = { {
	{ libcamera::formats::BGR888, PIXEL_RGB, false },
	{ libcamera::formats::RGB888, PIXEL_BGR, false },
	{ libcamera::formats::XBGR8888, PIXEL_RGBX, false },
	{ libcamera::formats::XRGB8888, PIXEL_BGRX, false },
	{ libcamera::formats::NV12, PIXEL_NV12, false },
	{ libcamera::formats::YUV420, PIXEL_YUV420, false },
	{ libcamera::formats::YUYV, PIXEL_YUYV, false },
	{ libcamera::formats::MJPEG, PIXEL_RGB, true },
} };

} /* namespace */

std::shared_ptr<libcamera::Camera> LibcameraDevice::choose(struct error *error) const
{
	const std::string wanted = params.id ? params.id : "";
	std::string known;

	for (const auto &candidate : manager->cameras()) {
		if (candidate->id().find(wanted) != std::string::npos)
			return candidate;
		known += (known.empty() ? "" : ", ") + candidate->id();
	}
	if (known.empty())
		error_set(
		    error, -ENODEV,
		    "libcamera finds no camera: check its cable, and that this user may open /dev/media* and /dev/video*");
	else
		error_set(error, -ENODEV, "no camera has \"%s\" in its id (camera.id); there is %s", wanted.c_str(),
		          known.c_str());
	return nullptr;
}

/* libcamera takes it from its environment, and says little when it cannot be read. */
int LibcameraDevice::check_tuning_file(struct error *error) const
{
	const char *file = params.settings.given && params.settings.tuning_file ? params.settings.tuning_file : "";

	if (!file[0])
		return 0;
	if (access(file, R_OK) < 0)
		return error_set_errno(error, -errno, "camera.tuning_file %s cannot be read", file);
	setenv("LIBCAMERA_RPI_TUNING_FILE", file, 1);
	return 0;
}

int LibcameraDevice::find(struct error *error)
{
	/* Neither its chatter at the default level nor its colours are for an appliance's log. */
	setenv("LIBCAMERA_LOG_LEVELS", "*:WARN", 0);
	setenv("LIBCAMERA_LOG_NO_COLOR", "1", 0);
	if (check_tuning_file(error) < 0)
		return error->code;
	manager = std::make_unique<libcamera::CameraManager>();
	int rc = manager->start();
	if (rc < 0)
		return error_set_errno(error, rc, "libcamera does not start");
	auto chosen = choose(error);
	if (!chosen)
		return -ENODEV;
	rc = chosen->acquire();
	if (rc < 0)
		return error_set_errno(error, rc, "cannot take camera %s (is another program using it?)", chosen->id().c_str());
	camera = chosen;
	return 0;
}

unsigned LibcameraDevice::wanted_buffers() const
{
	return buffer_count + static_cast<unsigned>(params.leases);
}

/* True when the camera takes this format, and, if exact, the size that was asked. */
bool LibcameraDevice::try_format(const LibcameraFormat &candidate, bool exact)
{
	libcamera::StreamConfiguration &stream = configuration->at(0);
	const libcamera::Size size(static_cast<unsigned>(params.width), static_cast<unsigned>(params.height));

	stream.pixelFormat = candidate.name;
	stream.size = size;
	stream.stride = 0;
	/* JPEG's own: full range keeps the most. A pipeline that can do only another says which. */
	stream.colorSpace = libcamera::ColorSpace::Sycc;
	stream.bufferCount = wanted_buffers();
	libcamera_orient(*configuration, params.turned);
	if (configuration->validate() == libcamera::CameraConfiguration::Invalid || stream.pixelFormat != candidate.name)
		return false;
	return !exact || stream.size == size;
}

int LibcameraDevice::choose_format(struct error *error)
{
	configuration = camera->generateConfiguration({ libcamera::StreamRole::VideoRecording });
	if (!configuration || configuration->empty())
		return error_set(error, -EIO, "camera %s offers no video stream", camera->id().c_str());
	for (bool exact : { true, false }) {
		for (size_t i = 0; !format && i < formats.size(); i++) {
			if (try_format(formats[i], exact))
				format = &formats[i];
		}
	}
	if (!format)
		return error_set(error, -EIO, "camera %s offers no pixel format that pastcam can read", camera->id().c_str());
	return 0;
}

/* Why there is no second stream; "" when the camera is configured with both. The first one is agreed on already. */
std::string LibcameraDevice::try_second(const camera_description &agreed)
{
	camera_description checked = agreed;
	const libcamera::Size size(static_cast<unsigned>(params.second_width), static_cast<unsigned>(params.second_height));

	if (!second_picture_fits(&params, &checked))
		return checked.second_refused;
	if (format->mjpeg)
		return "its pictures are MJPEG";
	if (second_failed)
		return "no frame came when there was one";
	auto both =
	    camera->generateConfiguration({ libcamera::StreamRole::VideoRecording, libcamera::StreamRole::Viewfinder });
	if (!both)
		return "the camera has one stream only";
	const std::string why = libcamera_ask_second(*both, configuration->at(0), params.turned, size);
	if (!why.empty())
		return why;
	if (camera->configure(both.get()) < 0)
		return "the camera refuses to be configured with two streams";
	configuration = std::move(both);
	second = libcamera_pictures(configuration->at(1), libcamera_second_format(configuration->at(1)), false);
	return "";
}

int LibcameraDevice::configure(struct error *error)
{
	int rc = choose_format(error);
	if (rc < 0)
		return rc;
	camera_description agreed{};
	agreed.width = static_cast<int>(configuration->at(0).size.width);
	agreed.height = static_cast<int>(configuration->at(0).size.height);
	second_refused = try_second(agreed);
	rc = has_second() ? 0 : camera->configure(configuration.get());
	if (rc < 0)
		return error_set_errno(error, rc, "camera %s refuses its configuration", camera->id().c_str());
	turned = libcamera_orientation_left(*configuration, params.turned);
	first = libcamera_pictures(configuration->at(0), format->pixels, format->mjpeg);
	choose_settings();
	return 0;
}

void LibcameraDevice::choose_settings()
{
	const auto sensor = camera->properties().get(libcamera::properties::ScalerCropMaximum);
	const bool has_crop = camera->controls().count(libcamera::controls::ScalerCrop.id()) > 0;

	settings = libcamera_settings(camera->controls(), params.settings);
	zoomed = params.region.width > 0 && has_crop && sensor;
	if (zoomed)
		settings.controls.set(libcamera::controls::ScalerCrop,
		                      libcamera_crop(*sensor, params.region, first.layout.width, first.layout.height));
}

int LibcameraDevice::open(struct error *error)
{
	/* A camera may be away for days, and looked for twice a minute: libcamera tells why it fails once. */
	static bool failed_before = false;

	if (failed_before)
		libcamera::logSetTarget(libcamera::LoggingTargetNone);
	int rc = find(error);
	if (rc == 0)
		rc = configure(error);
	if (rc == 0)
		rc = allocate(error);
	if (failed_before)
		libcamera::logSetStream(&std::cerr);
	failed_before = rc < 0;
	return rc;
}

void LibcameraDevice::describe(camera_description &description) const
{
	const auto model = camera->properties().get(libcamera::properties::Model);
	const LibcameraRange unknown = { 0, 0 };
	const auto exposure = libcamera_limits(camera->controls(), libcamera::controls::ExposureTime).value_or(unknown);
	const auto gain = libcamera_limits(camera->controls(), libcamera::controls::AnalogueGain).value_or(unknown);
	char note[256] = "", size[64] = "";

	description = camera_description{};
	snprintf(description.model, sizeof(description.model), "%s", model ? std::string(*model).c_str() : "unknown");
	snprintf(description.id, sizeof(description.id), "%s", camera->id().c_str());
	snprintf(description.format, sizeof(description.format), "%s", format->name.toString().c_str());
	description.width = first.layout.width;
	description.height = first.layout.height;
	description.turned = turned;
	if (!zoomed)
		description.region = params.region;
	snprintf(description.settings, sizeof(description.settings), "%s", settings.taken);
	snprintf(description.refused, sizeof(description.refused), "%s", settings.refused);
	description.exposure_min_us = static_cast<int64_t>(exposure.min);
	description.exposure_max_us = static_cast<int64_t>(exposure.max);
	description.gain_min = gain.min;
	description.gain_max = gain.max;
	describe_second(description);
	for (const LibcameraSlot &slot : slots) {
		for (const dma_buffer &part : slot.memory->parts)
			description.buffer_bytes += part.is_dma_buf ? 0 : part.bytes;
	}
	libcamera_mode(camera->controls(), params.framerate, camera_mode{}, note);
	if (first.layout.width != params.width || first.layout.height != params.height)
		snprintf(size, sizeof(size), "%dx%d instead of %dx%d", first.layout.width, first.layout.height, params.width,
		         params.height);
	snprintf(description.adjusted, sizeof(description.adjusted), "%s%s%.180s", size, size[0] && note[0] ? "; " : "",
	         note);
}

void LibcameraDevice::describe_second(camera_description &description) const
{
	if (has_second())
		snprintf(description.second, sizeof(description.second), "%dx%d %s", second.layout.width, second.layout.height,
		         configuration->at(1).pixelFormat.toString().c_str());
	else
		snprintf(description.second_refused, sizeof(description.second_refused), "%s", second_refused.c_str());
}

bool LibcameraDevice::second_failed = false;

LibcameraDevice::~LibcameraDevice()
{
	free_slots();
	configuration.reset();
	if (camera)
		camera->release();
	camera.reset();
	if (manager)
		manager->stop();
}
