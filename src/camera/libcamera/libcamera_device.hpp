/*
 * A libcamera camera that is found, configured and given its buffers: all that happens before the first frame.
 * Throws only what the standard library throws; libcamera.cpp catches.
 */
#ifndef PASTCAM_CAMERA_LIBCAMERA_DEVICE_HPP
#define PASTCAM_CAMERA_LIBCAMERA_DEVICE_HPP

#include <array>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <libcamera/libcamera.h>

extern "C" {
#include "../camera_backend.h"
#include "../second_picture.h"
#include "dma_buffer.h"
#include "plane_layout.h"
}

#include "libcamera_second.hpp"
#include "libcamera_settings.hpp"

struct LibcameraFormat {
	libcamera::PixelFormat name;
	enum pixel_format pixels;
	bool mjpeg;
};

constexpr dma_buffer no_memory = { -1, nullptr, 0, false };

/* Memory that outlives the camera while it is leased. The descriptors are its own. */
struct LibcameraMemory {
	camera_buffer shared{}; /* first, see camera_buffer.h */
	/* CAMERA_PLANES of the first stream, as many of the second. */
	std::array<dma_buffer, 2 * CAMERA_PLANES> parts{ { no_memory, no_memory, no_memory, no_memory, no_memory,
		                                               no_memory } };
};

/* Where a stream's picture finds room in it: from which part on, and what leases tell of its planes. */
struct LibcameraRoom {
	size_t part;
	camera_plane *shared;
};

/* A stream's picture in it. */
struct LibcameraView {
	std::array<const uint8_t *, CAMERA_PLANES> plane{};
	std::unique_ptr<libcamera::FrameBuffer> wrapper; /* over our own memory; empty when libcamera allocated it */
	libcamera::FrameBuffer *buffer = nullptr;
};

/* One buffer of each stream, their mapping, and the request that carries them. */
struct LibcameraSlot {
	LibcameraMemory *memory = nullptr;
	LibcameraView first, second; /* second: empty where there is one stream */
	std::unique_ptr<libcamera::Request> request;
	bool idle = false;     /* waits to be queued by the pacing timer */
	bool released = false; /* by capture; perhaps still on lease */
	bool reading = false;  /* between dma_buffer_begin_read and _end_read */
};

/* An error, cancelled, or of the camera's start-up (which libcamera before 0.5.2 has no name for). Read as a number,
 * since the virtual pipeline of libcamera 0.4 leaves it unset. */
inline bool libcamera_is_unusable(const libcamera::FrameMetadata &metadata)
{
	static_assert(libcamera::FrameMetadata::FrameError == 1 && libcamera::FrameMetadata::FrameCancelled == 2, "");
	constexpr unsigned frame_startup = 3;
	unsigned status;

	memcpy(&status, &metadata.status, sizeof(status));
	return status >= libcamera::FrameMetadata::FrameError && status <= frame_startup;
}

class LibcameraDevice
{
public:
	explicit LibcameraDevice(const camera_params &wanted) : params(wanted)
	{
	}
	~LibcameraDevice();
	LibcameraDevice(const LibcameraDevice &) = delete;
	LibcameraDevice &operator=(const LibcameraDevice &) = delete;

	int open(struct error *error);
	void describe(camera_description &description) const;

	/* New requests, and new FrameBuffers over the same memory: libcamera's keep the state of their last use. */
	int make_requests(struct error *error);

	/* For a camera that does not take buffers of ours. When it gives none either, ours stay. */
	int use_its_own_buffers(struct error *error);
	bool has_its_own_buffers() const
	{
		return allocator != nullptr;
	}

	bool has_second() const
	{
		return second.layout.width > 0;
	}

	/* No frame came with two streams: there is one from the next opening on, of any camera of this process. */
	static bool second_failed;

	const camera_params params;
	std::shared_ptr<libcamera::Camera> camera;
	const LibcameraFormat *format = nullptr;
	LibcameraPictures first, second; /* second: of width 0 where there is one stream */
	LibcameraSettings settings;
	std::vector<LibcameraSlot> slots;

private:
	std::shared_ptr<libcamera::Camera> choose(struct error *error) const;
	int find(struct error *error);
	int configure(struct error *error);
	int check_tuning_file(struct error *error) const;
	void choose_settings();
	unsigned wanted_buffers() const;
	bool try_format(const LibcameraFormat &candidate, bool exact);
	int choose_format(struct error *error);
	std::string try_second(const camera_description &agreed);
	void describe_second(camera_description &description) const;

	/* libcamera_buffers.cpp */
	int allocate(struct error *error);
	int map_its_own(LibcameraSlot &slot);
	bool add_buffer(LibcameraSlot &slot, size_t stream, LibcameraView &view, const dma_buffer &memory,
	                const plane_layout &planes);
	void free_slots();
	static LibcameraRoom first_room(LibcameraMemory &memory);
	static LibcameraRoom second_room(LibcameraMemory &memory);
	static int allocate_view(LibcameraMemory &memory, const LibcameraRoom &room, const plane_layout &planes,
	                         LibcameraView &view, struct error *error);
	static int map_view(LibcameraMemory &memory, const LibcameraRoom &room, const plane_layout &planes,
	                    LibcameraView &view);
	static void share(const dma_buffer &part, size_t offset, size_t bytes, const uint8_t *&plane, camera_plane &shared);
	static std::unique_ptr<libcamera::FrameBuffer> wrap(const dma_buffer &memory, const plane_layout &planes);

	std::unique_ptr<libcamera::CameraManager> manager;
	std::unique_ptr<libcamera::CameraConfiguration> configuration;
	std::unique_ptr<libcamera::FrameBufferAllocator> allocator;
	std::string second_refused;              /* "" or why there is no second stream */
	orientation turned = ORIENTATION_NORMAL; /* left to ingest */
	bool zoomed = false;                     /* params.region is done by the camera */
};

#endif
