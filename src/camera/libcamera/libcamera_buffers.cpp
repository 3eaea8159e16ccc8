/* A libcamera camera's buffers, and the requests that carry them. */
#include "libcamera_device.hpp"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

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
		slot.first.wrapper.reset();
		slot.second.wrapper.reset();
		camera_buffer_drop(slot.memory ? &slot.memory->shared : nullptr);
	}
	slots.clear();
	allocator.reset();
}

/* One piece of memory of our own for a stream's picture. */
int LibcameraDevice::allocate_view(LibcameraMemory &memory, const LibcameraRoom &room, const plane_layout &planes,
                                   LibcameraView &view, struct error *error)
{
	int rc = dma_buffer_allocate(&memory.parts[room.part], planes.bytes, error);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < planes.count; i++)
		share(memory.parts[room.part], planes.offset[i], planes.length[i], view.plane[i], room.shared[i]);
	return 0;
}

/* Where a plane lies: for us, and for whoever has it on lease. */
void LibcameraDevice::share(const dma_buffer &part, size_t offset, size_t bytes, const uint8_t *&plane,
                            camera_plane &shared)
{
	plane = part.memory + offset;
	shared = { part.is_dma_buf ? part.fd : -1, offset, bytes };
}

LibcameraRoom LibcameraDevice::first_room(LibcameraMemory &memory)
{
	return { 0, memory.shared.plane };
}

LibcameraRoom LibcameraDevice::second_room(LibcameraMemory &memory)
{
	return { CAMERA_PLANES, memory.shared.second_plane };
}

int LibcameraDevice::allocate(struct error *error)
{
	slots = std::vector<LibcameraSlot>(std::max(wanted_buffers(), configuration->at(0).bufferCount));
	for (LibcameraSlot &slot : slots) {
		slot.memory = make_memory();
		int rc = allocate_view(*slot.memory, first_room(*slot.memory), first.planes, slot.first, error);
		if (rc == 0 && has_second())
			rc = allocate_view(*slot.memory, second_room(*slot.memory), second.planes, slot.second, error);
		if (rc < 0)
			return rc;
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
int LibcameraDevice::map_view(LibcameraMemory &memory, const LibcameraRoom &room, const plane_layout &planes,
                              LibcameraView &view)
{
	const auto &buffer_planes = view.buffer->planes();
	size_t part = 0;

	if (buffer_planes.size() < planes.count)
		return -EIO;
	for (size_t i = 0; i < planes.count; i++) {
		const libcamera::FrameBuffer::Plane &plane = buffer_planes[i];
		const bool same = i > 0 && plane.fd.get() == buffer_planes[i - 1].fd.get();

		part = same ? part : room.part + i;
		if (!same && map_duplicate(memory.parts[part], plane.fd.get()) < 0)
			return -EIO;
		share(memory.parts[part], plane.offset, plane.length, view.plane[i], room.shared[i]);
	}
	return 0;
}

int LibcameraDevice::map_its_own(LibcameraSlot &slot)
{
	slot.memory = make_memory();
	int rc = map_view(*slot.memory, first_room(*slot.memory), first.planes, slot.first);
	if (rc == 0 && has_second())
		rc = map_view(*slot.memory, second_room(*slot.memory), second.planes, slot.second);
	return rc;
}

int LibcameraDevice::use_its_own_buffers(struct error *error)
{
	libcamera::Stream *stream = configuration->at(0).stream();
	libcamera::Stream *small = has_second() ? configuration->at(1).stream() : nullptr;
	auto its_own = std::make_unique<libcamera::FrameBufferAllocator>(camera);

	if (its_own->allocate(stream) < 0 || (small && its_own->allocate(small) < 0))
		return 0;
	free_slots();
	allocator = std::move(its_own);
	const auto &buffers = allocator->buffers(stream);
	const size_t seconds = small ? allocator->buffers(small).size() : buffers.size();
	slots = std::vector<LibcameraSlot>(std::min(buffers.size(), seconds));
	for (size_t i = 0; i < slots.size(); i++) {
		slots[i].first.buffer = buffers[i].get();
		slots[i].second.buffer = small ? allocator->buffers(small)[i].get() : nullptr;
		int rc = map_its_own(slots[i]);
		if (rc < 0)
			return error_set(error, rc, "cannot map the buffers of camera %s", camera->id().c_str());
	}
	return 0;
}

/* libcamera 0.4 leaves a FrameBuffer's status unset, and its virtual pipeline never sets it: memory that happens to say
 * "cancelled" would say so for ever. Such a wrapper is put aside until there is a good one. */
std::unique_ptr<libcamera::FrameBuffer> LibcameraDevice::wrap(const dma_buffer &memory, const plane_layout &planes)
{
	constexpr size_t rejected_max = 64;
	const libcamera::SharedFD fd(memory.fd);
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

bool LibcameraDevice::add_buffer(LibcameraSlot &slot, size_t stream, LibcameraView &view, const dma_buffer &memory,
                                 const plane_layout &planes)
{
	if (!allocator) {
		view.wrapper = wrap(memory, planes);
		view.buffer = view.wrapper.get();
	}
	return slot.request->addBuffer(configuration->at(static_cast<unsigned>(stream)).stream(), view.buffer) == 0;
}

int LibcameraDevice::make_requests(struct error *error)
{
	for (size_t i = 0; i < slots.size(); i++) {
		LibcameraSlot &slot = slots[i];
		const auto &parts = slot.memory->parts;

		slot.request = camera->createRequest(i);
		if (!slot.request || !add_buffer(slot, 0, slot.first, parts[0], first.planes) ||
		    (has_second() && !add_buffer(slot, 1, slot.second, parts[CAMERA_PLANES], second.planes)))
			return error_set(error, -EIO, "camera %s takes no request", camera->id().c_str());
	}
	return 0;
}
