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

enum colour_matrix matrix_of(const std::optional<libcamera::ColorSpace> &space)
{
	using Encoding = libcamera::ColorSpace::YcbcrEncoding;

	if (space && (space->ycbcrEncoding == Encoding::Rec709 || space->ycbcrEncoding == Encoding::Rec2020))
		return COLOUR_BT709;
	return COLOUR_BT601;
}

} /* namespace */

/* --- finding and configuring --- */

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

int LibcameraDevice::configure(struct error *error)
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
	int rc = camera->configure(configuration.get());
	if (rc < 0)
		return error_set_errno(error, rc, "camera %s refuses its configuration", camera->id().c_str());
	turned = libcamera_orientation_left(*configuration, params.turned);
	lay_out();
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
		                      libcamera_crop(*sensor, params.region, layout.width, layout.height));
}

void LibcameraDevice::lay_out()
{
	const libcamera::StreamConfiguration &stream = configuration->at(0);

	planes = plane_layout_of(format->pixels, stream.stride, format->mjpeg ? 0 : stream.size.height, stream.frameSize);
	layout.format = format->pixels;
	layout.width = static_cast<int>(stream.size.width);
	layout.height = static_cast<int>(stream.size.height);
	layout.matrix = matrix_of(stream.colorSpace);
	layout.full_range = stream.colorSpace && stream.colorSpace->range == libcamera::ColorSpace::Range::Full;
	std::copy_n(planes.stride, planes.count, layout.stride);
	if (format->mjpeg)
		layout.stride[0] = static_cast<size_t>(layout.width) * FRAME_CHANNELS;
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
	description.width = layout.width;
	description.height = layout.height;
	description.turned = turned;
	if (!zoomed)
		description.region = params.region;
	snprintf(description.settings, sizeof(description.settings), "%s", settings.taken);
	snprintf(description.refused, sizeof(description.refused), "%s", settings.refused);
	description.exposure_min_us = static_cast<int64_t>(exposure.min);
	description.exposure_max_us = static_cast<int64_t>(exposure.max);
	description.gain_min = gain.min;
	description.gain_max = gain.max;
	for (const LibcameraSlot &slot : slots) {
		for (const dma_buffer &part : slot.memory->parts)
			description.buffer_bytes += part.is_dma_buf ? 0 : part.bytes;
	}
	libcamera_mode(camera->controls(), params.framerate, camera_mode{}, note);
	if (layout.width != params.width || layout.height != params.height)
		snprintf(size, sizeof(size), "%dx%d instead of %dx%d", layout.width, layout.height, params.width,
		         params.height);
	snprintf(description.adjusted, sizeof(description.adjusted), "%s%s%.180s", size, size[0] && note[0] ? "; " : "",
	         note);
}

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

/* --- buffers --- */

static void destroy_memory(camera_buffer *shared)
{
	auto *memory = reinterpret_cast<LibcameraMemory *>(shared);

	for (dma_buffer &part : memory->parts)
		dma_buffer_free(&part);
	delete memory;
}

static LibcameraMemory *make_memory()
{
	auto *memory = new LibcameraMemory;

	camera_buffer_init(&memory->shared, destroy_memory);
	return memory;
}

void LibcameraDevice::free_slots()
{
	for (LibcameraSlot &slot : slots) {
		slot.request.reset();
		slot.wrapper.reset();
		camera_buffer_drop(slot.memory ? &slot.memory->shared : nullptr);
	}
	slots.clear();
	allocator.reset();
}

/* What a lease tells of a plane. */
void LibcameraDevice::share(LibcameraSlot &slot, size_t plane, size_t part, size_t offset, size_t bytes)
{
	const dma_buffer &memory = slot.memory->parts[part];

	slot.plane[plane] = memory.memory + offset;
	slot.memory->shared.plane[plane] = { memory.is_dma_buf ? memory.fd : -1, offset, bytes };
}

int LibcameraDevice::allocate(struct error *error)
{
	slots = std::vector<LibcameraSlot>(std::max(wanted_buffers(), configuration->at(0).bufferCount));
	for (LibcameraSlot &slot : slots) {
		slot.memory = make_memory();
		int rc = dma_buffer_allocate(&slot.memory->parts[0], planes.bytes, error);
		if (rc < 0)
			return rc;
		for (size_t i = 0; i < planes.count; i++)
			share(slot, i, 0, planes.offset[i], planes.length[i]);
	}
	return 0;
}

/* A descriptor of our own for memory that somebody else made. */
static int map_duplicate(dma_buffer &part, int descriptor)
{
	const off_t bytes = lseek(descriptor, 0, SEEK_END);
	const int own = bytes > 0 ? fcntl(descriptor, F_DUPFD_CLOEXEC, 0) : -1;

	if (own < 0)
		return -EIO;
	if (dma_buffer_map(&part, own, static_cast<size_t>(bytes), nullptr) == 0)
		return 0;
	close(own);
	return -EIO;
}

/* Its planes may share a descriptor or have one each. */
int LibcameraDevice::map_its_own(LibcameraSlot &slot)
{
	const auto &buffer_planes = slot.buffer->planes();
	size_t part = 0;

	if (buffer_planes.size() < planes.count)
		return -EIO;
	slot.memory = make_memory();
	for (size_t i = 0; i < planes.count; i++) {
		const libcamera::FrameBuffer::Plane &plane = buffer_planes[i];
		const bool same = i > 0 && plane.fd.get() == buffer_planes[i - 1].fd.get();

		part = same ? part : i;
		if (!same && map_duplicate(slot.memory->parts[part], plane.fd.get()) < 0)
			return -EIO;
		share(slot, i, part, plane.offset, plane.length);
	}
	return 0;
}

int LibcameraDevice::use_its_own_buffers(struct error *error)
{
	libcamera::Stream *stream = configuration->at(0).stream();
	auto its_own = std::make_unique<libcamera::FrameBufferAllocator>(camera);

	if (its_own->allocate(stream) < 0)
		return 0;
	free_slots();
	allocator = std::move(its_own);
	const auto &buffers = allocator->buffers(stream);
	slots = std::vector<LibcameraSlot>(buffers.size());
	for (size_t i = 0; i < slots.size(); i++) {
		slots[i].buffer = buffers[i].get();
		int rc = map_its_own(slots[i]);
		if (rc < 0)
			return error_set(error, rc, "cannot map the buffers of camera %s", camera->id().c_str());
	}
	return 0;
}

/* libcamera 0.4 leaves a FrameBuffer's status unset, and its virtual pipeline never sets it: memory that happens to say
 * "cancelled" would say so for ever. Such a wrapper is put aside until there is a good one. */
std::unique_ptr<libcamera::FrameBuffer> LibcameraDevice::wrap(const LibcameraSlot &slot) const
{
	constexpr size_t rejected_max = 64;
	const libcamera::SharedFD fd(slot.memory->parts[0].fd);
	std::vector<libcamera::FrameBuffer::Plane> parts(planes.count);
	std::vector<std::unique_ptr<libcamera::FrameBuffer>> rejected;

	for (size_t i = 0; i < planes.count; i++) {
		parts[i].fd = fd;
		parts[i].offset = static_cast<unsigned>(planes.offset[i]);
		parts[i].length = static_cast<unsigned>(planes.length[i]);
	}
	for (;;) {
		auto wrapper = std::make_unique<libcamera::FrameBuffer>(parts);
		if (!libcamera_is_unusable(wrapper->metadata()) || rejected.size() == rejected_max)
			return wrapper;
		rejected.push_back(std::move(wrapper));
	}
}

int LibcameraDevice::make_requests(struct error *error)
{
	const libcamera::Stream *stream = configuration->at(0).stream();

	for (size_t i = 0; i < slots.size(); i++) {
		LibcameraSlot &slot = slots[i];

		slot.request = camera->createRequest(i);
		if (!allocator) {
			slot.wrapper = wrap(slot);
			slot.buffer = slot.wrapper.get();
		}
		if (!slot.request || slot.request->addBuffer(stream, slot.buffer) < 0)
			return error_set(error, -EIO, "camera %s takes no request", camera->id().c_str());
	}
	return 0;
}
