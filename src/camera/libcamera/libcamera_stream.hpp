/*
 * The stream of a libcamera camera. libcamera's own thread runs just completed() and disconnected(), which enqueue and
 * write an eventfd. Throws only what the standard library and libcamera throw; libcamera.cpp catches.
 *
 * A buffer goes back to a camera that keeps the frame rate by itself as soon as it is released; one that does not (see
 * sensor_time.h) gets one buffer a tick of our timer.
 */
#ifndef PASTCAM_CAMERA_LIBCAMERA_STREAM_HPP
#define PASTCAM_CAMERA_LIBCAMERA_STREAM_HPP

#include "libcamera_completions.hpp"
#include "libcamera_controls.hpp"
#include "libcamera_device.hpp"

#include <atomic>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

extern "C" {
#include "../sensor_time.h"
}

class LibcameraStream
{
public:
	explicit LibcameraStream(const camera_params &params) : device(params)
	{
	}
	~LibcameraStream();

	int open(struct error *error);
	int start(const camera_mode &wanted, struct error *error);
	void stop();
	int acquire(camera_frame &frame, struct error *error);
	void release(camera_frame &frame);
	void set_mode(const camera_mode &wanted, char note[256]);

	LibcameraDevice device;
	const LibcameraDescriptor epoll{ epoll_create1(EPOLL_CLOEXEC) };

private:
	void completed(libcamera::Request *request);
	void disconnected();
	void queue(LibcameraSlot &slot);
	void give_back(LibcameraSlot &slot);
	void recycle(LibcameraSlot &slot);
	void start_pacing();
	double rate_of(const camera_mode &wanted) const;
	bool is_deep_enough() const;
	void follow_rate(double wanted);
	void tick();
	bool is_usable(const LibcameraSlot &slot);
	int fill(LibcameraSlot &slot, int64_t arrival_ns, camera_frame &frame, struct error *error);
	int judge_unreadable(struct error *error);
	void count(const libcamera::FrameMetadata &metadata);

	const LibcameraDescriptor event{ eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
	const LibcameraDescriptor timer{ timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK) };
	LibcameraCompletions completions{ event.fd };
	std::atomic<bool> gone{ false };
	LibcameraMode mode;
	LibcameraMode prime; /* a fixed exposure from which automatic exposure is to start */
	size_t requests_to_prime = 0;
	std::vector<uint8_t> decoded; /* MJPEG */
	sensor_pace pace{};
	double framerate = 0; /* by day, as the mode asks */
	size_t queued = 0;    /* requests that the camera has */
	bool running = false, delivered = false, tried = false, paced = false;
	size_t requests_to_tell = 0;     /* that are still to carry the mode's controls */
	size_t cancelled = 0;            /* requests in a row */
	int failure = 0;                 /* -errno of a request that was refused */
	int64_t unreadable_since_ns = 0; /* no picture could be decoded since then; 0: the last one could */
	unsigned last_number = 0;
	uint64_t last_stamp = 0;
	uint64_t sequence = 0;
};

#endif
