/* The C vtable around a libcamera camera's stream. No exception leaves this file. */
#include "libcamera_stream.hpp"

#include <cerrno>
#include <exception>
#include <memory>

namespace
{

/* What libcamera or the standard library throw becomes an error here. */

template <typename Work> int guarded(struct error *error, Work work)
{
	try {
		return work();
	} catch (const std::bad_alloc &) {
		return error_set(error, -ENOMEM, "no memory for libcamera");
	} catch (const std::exception &exception) {
		return error_set(error, -EIO, "libcamera failed: %s", exception.what());
	}
}

int stream_open(const camera_params *params, void **state, camera_description *description, struct error *error)
{
	return guarded(error, [&] {
		auto stream = std::make_unique<LibcameraStream>(*params);
		int rc = stream->open(error);
		if (rc < 0)
			return rc;
		stream->device.describe(*description);
		*state = stream.release();
		return 0;
	});
}

int stream_start(void *state, const camera_mode *mode, struct error *error)
{
	return guarded(error, [&] { return static_cast<LibcameraStream *>(state)->start(*mode, error); });
}

int stream_fd(void *state)
{
	return static_cast<LibcameraStream *>(state)->epoll.fd;
}

int stream_acquire(void *state, camera_frame *frame, struct error *error)
{
	return guarded(error, [&] { return static_cast<LibcameraStream *>(state)->acquire(*frame, error); });
}

void stream_release(void *state, camera_frame *frame)
{
	guarded(nullptr, [&] {
		static_cast<LibcameraStream *>(state)->release(*frame);
		return 0;
	});
}

int stream_set_mode(void *state, const camera_mode *mode, char note[256])
{
	note[0] = '\0';
	return guarded(nullptr, [&] {
		static_cast<LibcameraStream *>(state)->set_mode(*mode, note);
		return 0;
	});
}

void stream_stop(void *state)
{
	guarded(nullptr, [&] {
		static_cast<LibcameraStream *>(state)->stop();
		return 0;
	});
}

void stream_close(void *state)
{
	delete static_cast<LibcameraStream *>(state);
}

const camera_backend backend = {
	"libcamera",     stream_open, stream_start, stream_fd, stream_acquire, stream_release,
	stream_set_mode, stream_stop, stream_close, nullptr,   nullptr,
};

} /* namespace */

const camera_backend *const camera_backend_libcamera = &backend;
