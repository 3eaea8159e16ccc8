#include "libcamera_stream.hpp"

#include <cerrno>

#include <time.h>

extern "C" {
#include "base/clock.h"
#include "media/decode.h"
}

int LibcameraStream::open(struct error *error)
{
	struct epoll_event readable = {};

	readable.events = EPOLLIN;
	if (epoll_ctl(epoll.fd, EPOLL_CTL_ADD, event.fd, &readable) < 0 ||
	    epoll_ctl(epoll.fd, EPOLL_CTL_ADD, timer.fd, &readable) < 0)
		return error_set_errno(error, -errno, "cannot make descriptors for libcamera");
	int rc = device.open(error);
	if (rc < 0)
		return rc;
	device.camera->requestCompleted.connect(this, &LibcameraStream::completed);
	device.camera->disconnected.connect(this, &LibcameraStream::disconnected);
	if (device.format->mjpeg)
		decoded.resize(frame_bytes(device.first.layout.width, device.first.layout.height));
	pace.interval_ns = static_cast<int64_t>(1e9 / device.params.framerate);
	paced = !libcamera_can_pace_itself(device.camera->controls(), device.params.framerate);
	return 0;
}

LibcameraStream::~LibcameraStream()
{
	stop();
	if (!device.camera)
		return;
	/* One that is unplugged says nothing of two streams. */
	if (tried && !delivered && !gone && device.has_second())
		LibcameraDevice::second_failed = true;
	device.camera->requestCompleted.disconnect(this);
	device.camera->disconnected.disconnect(this);
}

void LibcameraStream::completed(libcamera::Request *request)
{
	completions.put({ request, clock_now_ns() });
}

void LibcameraStream::disconnected()
{
	gone = true;
	eventfd_write(event.fd, 1);
}

/* Starting and stopping */

int LibcameraStream::start(const camera_mode &wanted, struct error *error)
{
	char note[256] = "";
	int rc = 0;

	if (tried && !delivered && !device.has_its_own_buffers())
		rc = device.use_its_own_buffers(error);
	if (rc == 0)
		rc = device.make_requests(error);
	if (rc < 0)
		return rc;
	framerate = rate_of(wanted);
	queued = 0;
	mode = libcamera_mode(device.camera->controls(), framerate, wanted, note);
	for (const auto &[id, value] : device.settings.controls)
		mode.controls.set(id, value);
	requests_to_tell = device.slots.size();
	requests_to_prime = 0;
	cancelled = 0;
	failure = 0;
	pace.last_ns = 0;
	tried = true;
	rc = device.camera->start(&mode.controls);
	if (rc < 0)
		return error_set_errno(error, rc, "camera %s does not start", device.camera->id().c_str());
	running = true;
	for (LibcameraSlot &slot : device.slots) {
		slot.released = true;
		recycle(slot);
	}
	if (paced)
		start_pacing();
	return 0;
}

void LibcameraStream::stop()
{
	const itimerspec never = {};

	timerfd_settime(timer.fd, 0, &never, nullptr);
	if (running)
		device.camera->stop();
	running = false;
	completions.clear();
}

/* Pacing */

void LibcameraStream::start_pacing()
{
	itimerspec period = {};

	paced = true;
	const auto interval_ns = static_cast<int64_t>(1e9 / framerate);
	period.it_interval.tv_sec = interval_ns / CLOCK_NS_PER_S;
	period.it_interval.tv_nsec = interval_ns % CLOCK_NS_PER_S;
	period.it_value.tv_nsec = 1;
	timerfd_settime(timer.fd, 0, &period, nullptr);
}

double LibcameraStream::rate_of(const camera_mode &wanted) const
{
	return wanted.framerate > 0 ? wanted.framerate : device.params.framerate;
}

/* Requests wait in a row for their frames, and what they tell the camera waits with them: where frames are rare there
 * are few, so that the camera is soon told when they are not to be rare any more. */
bool LibcameraStream::is_deep_enough() const
{
	constexpr size_t few = 2;

	return framerate < device.params.framerate && queued >= few;
}

void LibcameraStream::follow_rate(double wanted)
{
	const bool same = wanted >= framerate && wanted <= framerate;

	framerate = wanted;
	if (same || !running)
		return;
	if (paced) {
		start_pacing();
		return;
	}
	for (LibcameraSlot &slot : device.slots) {
		if (slot.idle && !is_deep_enough())
			queue(slot);
	}
}

void LibcameraStream::tick()
{
	uint64_t expirations;

	if (read(timer.fd, &expirations, sizeof(expirations)) != sizeof(expirations))
		return;
	for (LibcameraSlot &slot : device.slots) {
		if (slot.idle) {
			queue(slot);
			return;
		}
	}
}

void LibcameraStream::queue(LibcameraSlot &slot)
{
	slot.idle = false;
	if (requests_to_prime > 0) {
		requests_to_prime--;
		for (const auto &[id, value] : prime.controls)
			slot.request->controls().set(id, value);
	} else if (requests_to_tell > 0) {
		requests_to_tell--;
		for (const auto &[id, value] : mode.controls)
			slot.request->controls().set(id, value);
	}
	queued++;
	int rc = device.camera->queueRequest(slot.request.get());
	if (rc < 0) {
		failure = rc;
		eventfd_write(event.fd, 1);
	}
}

void LibcameraStream::give_back(LibcameraSlot &slot)
{
	if (paced || (running && is_deep_enough()))
		slot.idle = true;
	else if (running)
		queue(slot);
}

/* Frames */

bool LibcameraStream::is_usable(const LibcameraSlot &slot)
{
	const auto &buffer = slot.first.buffer->metadata();

	if (slot.request->status() == libcamera::Request::RequestCancelled) {
		cancelled++;
		return false;
	}
	cancelled = 0;
	count(buffer);
	return !libcamera_is_unusable(buffer);
}

/* Of a camera that we pace we skip frames ourselves, and some pipelines leave number and time stamp unset: then we just
 * count. */
void LibcameraStream::count(const libcamera::FrameMetadata &metadata)
{
	constexpr unsigned gap_max = 1000;
	const unsigned step = metadata.sequence - last_number;
	const bool numbered = !paced && metadata.timestamp > last_stamp && step > 0 && step < gap_max;

	sequence += numbered ? step : 1;
	last_number = metadata.sequence;
	last_stamp = metadata.timestamp;
}

static int64_t boot_ahead_ns()
{
	struct timespec boot;

	clock_gettime(CLOCK_BOOTTIME, &boot);
	return boot.tv_sec * CLOCK_NS_PER_S + boot.tv_nsec - clock_now_ns();
}

int LibcameraStream::fill(LibcameraSlot &slot, int64_t arrival_ns, camera_frame &frame, struct error *error)
{
	constexpr int64_t oldest_ns = 10 * CLOCK_NS_PER_S;
	const auto &metadata = slot.request->metadata();
	const int64_t sensor_ns = metadata.get(libcamera::controls::SensorTimestamp).value_or(0);
	const double exposure_us = metadata.get(libcamera::controls::ExposureTime).value_or(0);
	const double gain = metadata.get(libcamera::controls::AnalogueGain).value_or(0.0F);
	const double digital_gain = metadata.get(libcamera::controls::DigitalGain).value_or(1.0F);
	const int64_t exposure_ns = static_cast<int64_t>(exposure_us * 1e3);

	frame = camera_frame{};
	frame.image = device.first.layout;
	std::copy(slot.first.plane.begin(), slot.first.plane.end(), frame.image.plane);
	if (device.has_second() && !libcamera_is_unusable(slot.second.buffer->metadata())) {
		frame.second = device.second.layout;
		std::copy(slot.second.plane.begin(), slot.second.plane.end(), frame.second.plane);
	}
	frame.sequence = sequence;
	frame.exposure_us = exposure_us > 0 ? exposure_us : mode.exposure_us;
	frame.exposure_end_ns = sensor_time_monotonic(sensor_ns, arrival_ns, boot_ahead_ns(), oldest_ns + 2 * exposure_ns);
	frame.timestamp_ns = frame.exposure_end_ns - static_cast<int64_t>(frame.exposure_us * 1e3);
	frame.gain = gain > 0 ? gain * digital_gain : mode.gain;
	frame.handle = &slot;
	if (!device.format->mjpeg) {
		frame.buffer = &slot.memory->shared;
		return CAMERA_ACQUIRED_FRAME;
	}
	const auto &plane = slot.first.buffer->metadata().planes()[0];
	frame.image.plane[0] = decoded.data();
	if (decode_jpeg_into(slot.first.plane[0], std::min<size_t>(plane.bytesused, slot.memory->parts[0].bytes),
	                     frame.image.width, frame.image.height, decoded.data(), error) < 0)
		return judge_unreadable(error);
	unreadable_since_ns = 0;
	return CAMERA_ACQUIRED_FRAME;
}

/* Webcams lose a picture now and then; one that sends nothing else may be helped by a restart. */
int LibcameraStream::judge_unreadable(struct error *error)
{
	const int64_t now_ns = clock_now_ns();
	const auto patience_ns = static_cast<int64_t>(device.params.capture_timeout_s * 1e9);

	if (unreadable_since_ns == 0)
		unreadable_since_ns = now_ns;
	if (now_ns - unreadable_since_ns <= patience_ns)
		return CAMERA_ACQUIRED_UNREADABLE;
	const struct error reason = *error;
	unreadable_since_ns = 0;
	return error_set(error, -EIO, "for %g s no picture could be shown; the last: %.150s",
	                 device.params.capture_timeout_s, reason.text);
}

int LibcameraStream::acquire(camera_frame &frame, struct error *error)
{
	LibcameraCompletion done;
	const char *id = device.camera->id().c_str();

	for (LibcameraSlot &slot : device.slots)
		recycle(slot);
	tick();
	while (completions.take(done)) {
		LibcameraSlot &slot = device.slots[done.request->cookie()];
		const bool usable = is_usable(slot);
		queued--;

		slot.reading = true;
		for (const dma_buffer &part : slot.memory->parts)
			dma_buffer_begin_read(&part);
		const int filled = usable ? fill(slot, done.arrival_ns, frame, error) : CAMERA_ACQUIRED_NOTHING;
		if (filled == CAMERA_ACQUIRED_FRAME) {
			delivered = true;
			if (!paced && sensor_pace_is_too_fast(&pace, frame.exposure_end_ns))
				start_pacing();
			return filled;
		}
		frame.handle = &slot;
		release(frame);
		if (filled != CAMERA_ACQUIRED_NOTHING)
			return filled;
		if (cancelled > 2 * device.slots.size())
			return error_set(error, -EIO, "camera %s cancels every request", id);
	}
	if (gone)
		return error_set(error, -ENODEV, "camera %s is gone: check its cable", id);
	if (failure < 0)
		return error_set_errno(error, failure, "camera %s takes no more requests", id);
	return 0;
}

void LibcameraStream::release(camera_frame &frame)
{
	LibcameraSlot &slot = *static_cast<LibcameraSlot *>(frame.handle);

	slot.released = true;
	recycle(slot);
}

/* Back to the camera, unless somebody has it on lease: then the next frame's turn will see to it, for which there are
 * buffers enough. */
void LibcameraStream::recycle(LibcameraSlot &slot)
{
	if (!slot.released || !camera_buffer_is_free(&slot.memory->shared))
		return;
	slot.released = false;
	for (const dma_buffer &part : slot.memory->parts) {
		if (slot.reading)
			dma_buffer_end_read(&part);
	}
	slot.reading = false;
	if (slot.request->status() != libcamera::Request::RequestPending)
		slot.request->reuse(libcamera::Request::ReuseBuffers);
	give_back(slot);
}

void LibcameraStream::set_mode(const camera_mode &wanted, char note[256])
{
	mode = libcamera_mode(device.camera->controls(), rate_of(wanted), wanted, note);
	requests_to_tell = device.slots.size();
	requests_to_prime = 0;
	follow_rate(rate_of(wanted));
	if (wanted.still || wanted.start_exposure_us <= 0)
		return;
	/* Automatic exposure goes on from where the fixed one was. */
	char ignored[256] = "";
	const camera_mode fixed = { true, wanted.start_exposure_us, wanted.start_gain, 0, 0, wanted.framerate };
	prime = libcamera_mode(device.camera->controls(), rate_of(wanted), fixed, ignored);
	requests_to_prime = prime.exposure_us > 0 ? device.slots.size() : 0;
}
