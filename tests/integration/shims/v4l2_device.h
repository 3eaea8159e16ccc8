/* The device of v4l2_encoder.c: its buffers, and the thread that encodes. */
#ifndef PASTCAM_TESTS_V4L2_DEVICE_H
#define PASTCAM_TESTS_V4L2_DEVICE_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include <linux/videodev2.h>
#include <wels/codec_api.h>

enum { V4L2_SLOTS = 8 };

enum slot_state { SLOT_OURS, SLOT_QUEUED, SLOT_DONE };

struct v4l2_slot {
	enum slot_state state;
	uint64_t turn; /* when it came to this state */
	uint8_t *data;
	uint32_t used, flags;
	struct timeval timestamp;
};

struct v4l2_side {
	bool streaming;
	uint32_t count, bytes;
	off_t offset; /* of the first buffer */
	struct v4l2_slot slots[V4L2_SLOTS];
};

struct v4l2_device {
	int ready;  /* what open gave: an eventfd, which counts packets */
	int memory; /* a memfd: what is mapped */
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_t thread;
	bool running, stop, key, ended;
	struct v4l2_side frames, packets;
	uint32_t width, height, rows, stride;
	uint32_t crop_width, crop_height;
	int bitrate;
	float rate;
	uint64_t turn, encoded, asked, dequeued;
	ISVCEncoder *encoder;
};

/* The number behind a word, 1 for a word alone, -1 without the word. */
static long v4l2_quirk(const char *word)
{
	const char *at = getenv("SHIM_V4L2");
	size_t length = strlen(word);
	while (at && *at) {
		at += strspn(at, " ");
		size_t end = strcspn(at, " ");
		if (strncmp(at, word, length) == 0 && (end == length || at[length] == '='))
			return at[length] == '=' ? atol(at + length + 1) : 1;
		at += end;
	}
	return -1;
}

static bool v4l2_has(const char *word)
{
	return v4l2_quirk(word) >= 0;
}

static void v4l2_take_time(void)
{
	long sleep_ms = v4l2_quirk("sleep"), burn_ms = v4l2_quirk("burn");
	struct timespec begun, now;
	if (sleep_ms > 0)
		nanosleep(&(struct timespec){ .tv_sec = sleep_ms / 1000, .tv_nsec = sleep_ms % 1000 * 1000000 }, NULL);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begun);
	do
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	while ((now.tv_sec - begun.tv_sec) * 1000 + (now.tv_nsec - begun.tv_nsec) / 1000000 < burn_ms);
}

static bool v4l2_make_encoder(struct v4l2_device *device)
{
	SEncParamExt params;
	int quiet = WELS_LOG_QUIET;
	if (device->encoder)
		return true;
	if (WelsCreateSVCEncoder(&device->encoder) != 0)
		return false;
	(*device->encoder)->SetOption(device->encoder, ENCODER_OPTION_TRACE_LEVEL, &quiet);
	(*device->encoder)->GetDefaultParams(device->encoder, &params);
	params.iUsageType = CAMERA_VIDEO_REAL_TIME;
	params.iPicWidth = params.sSpatialLayers[0].iVideoWidth = (int)device->crop_width;
	params.iPicHeight = params.sSpatialLayers[0].iVideoHeight = (int)device->crop_height;
	params.iTargetBitrate = params.sSpatialLayers[0].iSpatialBitrate = device->bitrate;
	params.iMaxBitrate = params.sSpatialLayers[0].iMaxSpatialBitrate = UNSPECIFIED_BIT_RATE;
	params.fMaxFrameRate = params.sSpatialLayers[0].fFrameRate = device->rate;
	params.iRCMode = RC_BITRATE_MODE;
	params.bEnableFrameSkip = false;
	params.eSpsPpsIdStrategy = CONSTANT_ID;
	params.sSpatialLayers[0].uiProfileIdc = PRO_MAIN;
	params.iEntropyCodingModeFlag = 1;
	params.iMultipleThreadIdc = 1;
	return (*device->encoder)->InitializeExt(device->encoder, &params) == cmResultSuccess;
}

/* The one that was queued first, or of the highest number. NULL: none. */
static struct v4l2_slot *v4l2_find(struct v4l2_side *side, enum slot_state state, bool highest)
{
	struct v4l2_slot *found = NULL;
	for (uint32_t i = 0; i < side->count; i++)
		if (side->slots[i].state == state && (highest || !found || side->slots[i].turn < found->turn))
			found = &side->slots[i];
	return found;
}

static void v4l2_finish_packet(struct v4l2_device *device, struct v4l2_slot *slot, uint32_t used, uint32_t flags)
{
	slot->state = SLOT_DONE;
	slot->turn = ++device->turn;
	slot->used = used;
	slot->flags = flags;
	if (write(device->ready, &(uint64_t){ 1 }, sizeof(uint64_t)) < 0)
		abort();
}

static uint32_t v4l2_copy_layers(const SFrameBSInfo *info, int from, int to, uint8_t *out)
{
	uint32_t bytes = 0;
	for (int layer = from; layer < to; layer++) {
		uint32_t count = 0;
		for (int i = 0; i < info->sLayerInfo[layer].iNalCount; i++)
			count += (uint32_t)info->sLayerInfo[layer].pNalLengthInByte[i];
		memcpy(out + bytes, info->sLayerInfo[layer].pBsBuf, count);
		bytes += count;
	}
	return bytes;
}

/* Takes the lock away while it works. */
static void v4l2_encode(struct v4l2_device *device, struct v4l2_slot *frame)
{
	SFrameBSInfo info = { 0 };
	const uint32_t luma = device->stride * device->rows;
	bool key = device->key;
	SSourcePicture picture = { .iColorFormat = videoFormatI420,
		                       .iStride = { (int)device->stride, (int)device->stride / 2, (int)device->stride / 2 },
		                       .pData = { frame->data, frame->data + luma, frame->data + luma + luma / 4 },
		                       .iPicWidth = (int)device->crop_width,
		                       .iPicHeight = (int)device->crop_height,
		                       .uiTimeStamp = (long long)device->encoded * 33 };
	device->key = false;
	pthread_mutex_unlock(&device->lock);
	v4l2_take_time();
	if (!v4l2_make_encoder(device))
		abort();
	if (key)
		(*device->encoder)->ForceIntraFrame(device->encoder, true);
	if ((*device->encoder)->EncodeFrame(device->encoder, &picture, &info) != cmResultSuccess)
		abort();
	pthread_mutex_lock(&device->lock);
	struct v4l2_slot *packet = v4l2_find(&device->packets, SLOT_QUEUED, v4l2_has("shuffle"));
	if (!packet || device->stop)
		return; /* stopped meanwhile */
	int first = 0;
	if (v4l2_has("apart") && info.iLayerNum > 1) {
		packet->timestamp = (struct timeval){ 0 };
		v4l2_finish_packet(device, packet, v4l2_copy_layers(&info, 0, 1, packet->data), 0);
		packet = v4l2_find(&device->packets, SLOT_QUEUED, false);
		first = 1;
	}
	bool damaged = v4l2_quirk("damaged") == (long)++device->encoded;
	packet->timestamp = frame->timestamp;
	v4l2_finish_packet(device, packet, v4l2_copy_layers(&info, first, info.iLayerNum, packet->data),
	                   damaged ? V4L2_BUF_FLAG_ERROR : 0);
	frame->state = SLOT_DONE;
	frame->turn = ++device->turn;
}

static bool v4l2_has_room(struct v4l2_device *device)
{
	int queued = 0;
	for (uint32_t i = 0; i < device->packets.count; i++)
		queued += device->packets.slots[i].state == SLOT_QUEUED;
	return queued > 1;
}

static void v4l2_end(struct v4l2_device *device)
{
	struct v4l2_slot *packet = v4l2_find(&device->packets, SLOT_QUEUED, false);
	device->ended = true;
	packet->timestamp = (struct timeval){ 0 };
	v4l2_finish_packet(device, packet, 0, V4L2_BUF_FLAG_LAST);
}

static void *v4l2_run(void *data)
{
	struct v4l2_device *device = data;
	long hang = v4l2_quirk("hang"), end = v4l2_quirk("end");
	pthread_mutex_lock(&device->lock);
	while (!device->stop) {
		struct v4l2_slot *frame = v4l2_find(&device->frames, SLOT_QUEUED, false);
		bool works = device->frames.streaming && device->packets.streaming && !device->ended &&
		             !(hang >= 0 && device->encoded >= (uint64_t)hang);
		if (!works || !frame || !v4l2_has_room(device))
			pthread_cond_wait(&device->wake, &device->lock);
		else if (end >= 0 && device->encoded >= (uint64_t)end)
			v4l2_end(device);
		else
			v4l2_encode(device, frame);
	}
	pthread_mutex_unlock(&device->lock);
	return NULL;
}

static int v4l2_start_thread(struct v4l2_device *device)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int result = pthread_create(&device->thread, NULL, v4l2_run, device);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	device->running = result == 0;
	return -result;
}

static void v4l2_stop_thread(struct v4l2_device *device)
{
	pthread_mutex_lock(&device->lock);
	device->stop = true;
	pthread_cond_signal(&device->wake);
	pthread_mutex_unlock(&device->lock);
	if (device->running)
		pthread_join(device->thread, NULL);
	device->running = device->stop = false;
}

#endif
