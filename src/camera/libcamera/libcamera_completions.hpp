/* How finished requests get from libcamera's thread to the capture thread. */
#ifndef PASTCAM_CAMERA_LIBCAMERA_COMPLETIONS_HPP
#define PASTCAM_CAMERA_LIBCAMERA_COMPLETIONS_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include <sys/eventfd.h>
#include <unistd.h>

#include <libcamera/libcamera.h>

struct LibcameraCompletion {
	libcamera::Request *request;
	int64_t arrival_ns;
};

/* From libcamera's thread to ours. */
class LibcameraCompletions
{
public:
	explicit LibcameraCompletions(int descriptor) : event(descriptor)
	{
	}

	void put(const LibcameraCompletion &completion)
	{
		std::lock_guard<std::mutex> guard(mutex);
		if (count < entries.size())
			entries[(first + count++) % entries.size()] = completion;
		eventfd_write(event, 1);
	}

	bool take(LibcameraCompletion &completion)
	{
		std::lock_guard<std::mutex> guard(mutex);
		eventfd_t ignored;
		if (count == 0) {
			eventfd_read(event, &ignored);
			return false;
		}
		completion = entries[first];
		first = (first + 1) % entries.size();
		count--;
		return true;
	}

	void clear()
	{
		std::lock_guard<std::mutex> guard(mutex);
		count = 0;
	}

private:
	const int event;
	std::mutex mutex;
	std::array<LibcameraCompletion, 64> entries{}; /* more than any pipeline has requests */
	size_t first = 0, count = 0;
};

/* A descriptor that closes itself. */
class LibcameraDescriptor
{
public:
	explicit LibcameraDescriptor(int descriptor) : fd(descriptor)
	{
	}
	~LibcameraDescriptor()
	{
		if (fd >= 0)
			::close(fd);
	}
	LibcameraDescriptor(const LibcameraDescriptor &) = delete;
	LibcameraDescriptor &operator=(const LibcameraDescriptor &) = delete;

	const int fd;
};

#endif
