#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wels/codec_api.h>

#include "encoder_backend.h"
#include "i420.h"

enum {
	SIDE_MIN = 16,
	EXTRA_ROOM = 256, /* for what h264_to_packet may need more than came */
	QP_MIN = 12,      /* finer steps than these only cost */
	QP_MAX = 45,
	BYTES_A_PIXEL_INSIDE = 14, /* what the library takes: 9.0 MiB at 1024x768 were measured */
	BYTES_INSIDE = 1 << 20,
	PICTURES = 2, /* one is encoded, the next one converted */
};

struct openh264 {
	ISVCEncoder *encoder;
	struct pool *pool;
	struct i420 pictures[PICTURES];
	size_t current;    /* of pictures */
	uint64_t ready_id; /* of the frame that the other picture shows; 0: none */
	uint8_t *planes;
	uint8_t *out;
	size_t out_bytes, out_room;
	int64_t timestamp_us;
	bool has_output;
};

static void close_openh264(void *own)
{
	struct openh264 *openh264 = own;
	if (!openh264)
		return;
	if (openh264->encoder) {
		(*openh264->encoder)->Uninitialize(openh264->encoder);
		WelsDestroySVCEncoder(openh264->encoder);
	}
	free(openh264->planes);
	free(openh264->out);
	free(openh264);
}

static bool make_planes(struct openh264 *openh264, int width, int height)
{
	size_t luma = (size_t)width * (size_t)height, bytes = luma * 3 / 2;
	openh264->planes = malloc(bytes * PICTURES);
	for (size_t i = 0; openh264->planes && i < PICTURES; i++) {
		uint8_t *y = openh264->planes + i * bytes;
		openh264->pictures[i] = (struct i420){ .width = width,
			                                   .height = height,
			                                   .y = y,
			                                   .u = y + luma,
			                                   .v = y + luma + luma / 4,
			                                   .stride_y = width,
			                                   .stride_uv = width / 2 };
	}
	return openh264->planes;
}

/* One layer, one slice, one thread, no frame ever skipped, key frames on demand only. */
static void fill_params(const struct encoder_params *params, const struct i420 *picture, SEncParamExt *out)
{
	float framerate = params->framerate < 1 ? 1 : (float)params->framerate;
	out->iUsageType = CAMERA_VIDEO_REAL_TIME;
	out->iPicWidth = picture->width;
	out->iPicHeight = picture->height;
	out->iTargetBitrate = params->bitrate;
	out->iRCMode = RC_BITRATE_MODE;
	out->fMaxFrameRate = framerate;
	out->iTemporalLayerNum = out->iSpatialLayerNum = 1;
	out->iComplexityMode = LOW_COMPLEXITY;
	out->uiIntraPeriod = 0;
	out->iNumRefFrame = 1;
	out->eSpsPpsIdStrategy = CONSTANT_ID;
	out->iEntropyCodingModeFlag = 0;
	out->bEnableFrameSkip = false;
	out->iMaxBitrate = UNSPECIFIED_BIT_RATE;
	out->iMinQp = QP_MIN;
	out->iMaxQp = QP_MAX;
	out->iMultipleThreadIdc = 1;
	out->bEnableDenoise = out->bEnableSceneChangeDetect = out->bEnableLongTermReference = false;
	out->bEnableBackgroundDetection = out->bEnableAdaptiveQuant = out->bEnableFrameCroppingFlag = true;
	SSpatialLayerConfig *layer = &out->sSpatialLayers[0];
	layer->iVideoWidth = picture->width;
	layer->iVideoHeight = picture->height;
	layer->fFrameRate = framerate;
	layer->iSpatialBitrate = params->bitrate;
	layer->iMaxSpatialBitrate = UNSPECIFIED_BIT_RATE;
	layer->uiProfileIdc = PRO_BASELINE;
	layer->uiLevelIdc = LEVEL_UNKNOWN;
	layer->sSliceArgument.uiSliceMode = SM_SINGLE_SLICE;
	layer->bVideoSignalTypePresent = layer->bColorDescriptionPresent = true;
	layer->uiVideoFormat = VF_UNDEF;
	layer->bFullRange = false;
	layer->uiColorPrimaries = CP_BT709;
	layer->uiTransferCharacteristics = TRC_IEC61966_2_1;
	layer->uiColorMatrix = CM_SMPTE170M;
}

static int start(struct openh264 *openh264, const struct encoder_params *params, struct error *error)
{
	int quiet = WELS_LOG_QUIET;
	SEncParamExt settings;
	if (WelsCreateSVCEncoder(&openh264->encoder) != 0 || !openh264->encoder)
		return error_set(error, -ENOMEM, "OpenH264 cannot be started");
	(*openh264->encoder)->SetOption(openh264->encoder, ENCODER_OPTION_TRACE_LEVEL, &quiet);
	(*openh264->encoder)->GetDefaultParams(openh264->encoder, &settings);
	const struct i420 *picture = &openh264->pictures[0];
	fill_params(params, picture, &settings);
	int code = (*openh264->encoder)->InitializeExt(openh264->encoder, &settings);
	if (code != cmResultSuccess)
		return error_set(error, -EINVAL, "OpenH264 refuses pictures of %dx%d at %g frames/s (%d)", picture->width,
		                 picture->height, params->framerate, code);
	return 0;
}

static void *open_openh264(const struct encoder_params *params, char name[64], struct error *error)
{
	int width = params->width & ~1, height = params->height & ~1;
	snprintf(name, 64, "OpenH264");
	if (width < SIDE_MIN || height < SIDE_MIN) {
		error_set(error, -EINVAL, "OpenH264 takes no pictures smaller than %dx%d", SIDE_MIN, SIDE_MIN);
		return NULL;
	}
	struct openh264 *openh264 = calloc(1, sizeof *openh264);
	if (openh264)
		openh264->pool = params->pool;
	if (!openh264 || !make_planes(openh264, width, height))
		error_set(error, -ENOMEM, "no memory for OpenH264");
	else if (start(openh264, params, error) == 0)
		return openh264;
	close_openh264(openh264);
	return NULL;
}

static bool make_room(struct openh264 *openh264, size_t bytes)
{
	if (bytes <= openh264->out_room)
		return true;
	uint8_t *grown = realloc(openh264->out, bytes * 2);
	if (!grown)
		return false;
	openh264->out = grown;
	openh264->out_room = bytes * 2;
	return true;
}

static size_t layer_bytes(const SLayerBSInfo *layer)
{
	size_t sum = 0;
	for (int i = 0; i < layer->iNalCount; i++)
		sum += (size_t)layer->pNalLengthInByte[i];
	return sum;
}

static int keep_output(struct openh264 *openh264, const SFrameBSInfo *info, struct error *error)
{
	size_t bytes = 0;
	for (int i = 0; i < info->iLayerNum; i++)
		bytes += layer_bytes(&info->sLayerInfo[i]);
	if (bytes == 0)
		return error_set(error, -EPROTO, "OpenH264 left a frame out");
	if (!make_room(openh264, bytes + EXTRA_ROOM))
		return error_set(error, -ENOMEM, "no memory for a packet of %zu bytes", bytes);
	openh264->out_bytes = 0;
	for (int i = 0; i < info->iLayerNum; i++) {
		size_t count = layer_bytes(&info->sLayerInfo[i]);
		memcpy(openh264->out + openh264->out_bytes, info->sLayerInfo[i].pBsBuf, count);
		openh264->out_bytes += count;
	}
	openh264->has_output = true;
	return 0;
}

static void make_ready(struct openh264 *openh264, const struct frame *frame)
{
	i420_from_frame(frame, &openh264->pictures[1 - openh264->current]);
	openh264->ready_id = frame->info.id;
}

struct turn {
	struct openh264 *openh264;
	const struct frame *next;
	int64_t timestamp_us;
	SFrameBSInfo info;
	int code;
};

static void encode_picture(struct turn *turn)
{
	struct openh264 *openh264 = turn->openh264;
	const struct i420 *picture = &openh264->pictures[openh264->current];
	const SSourcePicture source = {
		.iColorFormat = videoFormatI420,
		.iStride = { picture->stride_y, picture->stride_uv, picture->stride_uv },
		.pData = { picture->y, picture->u, picture->v },
		.iPicWidth = picture->width,
		.iPicHeight = picture->height,
		.uiTimeStamp = turn->timestamp_us / 1000,
	};
	turn->code = (*openh264->encoder)->EncodeFrame(openh264->encoder, &source, &turn->info);
}

/* The first is always the calling thread's (pool_run), whose time the encoder's is. */
static void take_turn(void *data, size_t index)
{
	struct turn *turn = data;
	if (index == 0)
		encode_picture(turn);
	else
		make_ready(turn->openh264, turn->next);
}

static int send_openh264(void *own, const struct frame *frame, const struct frame *next, int64_t timestamp_us, bool key,
                         struct error *error)
{
	struct openh264 *openh264 = own;
	struct turn turn = { .openh264 = openh264, .next = next, .timestamp_us = timestamp_us };
	if (openh264->has_output)
		return 1;
	if (openh264->ready_id == 0 || openh264->ready_id != frame->info.id)
		make_ready(openh264, frame);
	openh264->current = 1 - openh264->current;
	openh264->ready_id = 0;
	if (key)
		(*openh264->encoder)->ForceIntraFrame(openh264->encoder, true);
	pool_run(openh264->pool, next ? 2 : 1, take_turn, &turn);
	if (turn.code != cmResultSuccess)
		return error_set(error, -EIO, "OpenH264 cannot encode a frame (%d)", turn.code);
	openh264->timestamp_us = timestamp_us;
	return keep_output(openh264, &turn.info, error);
}

static int receive_openh264(void *own, int timeout_ms, struct encoder_output *output, struct error *error)
{
	struct openh264 *openh264 = own;
	(void)timeout_ms, (void)error;
	if (!openh264->has_output)
		return 0;
	openh264->has_output = false;
	*output = (struct encoder_output){ .data = openh264->out,
		                               .bytes = openh264->out_bytes,
		                               .room = openh264->out_room,
		                               .timestamp_us = openh264->timestamp_us };
	return 1;
}

static size_t openh264_scratch_bytes(int width, int height)
{
	const size_t pixels = (size_t)width * (size_t)height;
	return pixels * BYTES_A_PIXEL_INSIDE + pixels * 3 / 2 + BYTES_INSIDE;
}

const struct encoder_backend encoder_openh264 = { VIDEO_H264,    open_openh264,    close_openh264,
	                                              send_openh264, receive_openh264, openh264_scratch_bytes };
