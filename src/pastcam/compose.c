#include "compose.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "compose_motion.h"

static const char default_socket_dir[] = "/run/pastcam", nameless[] = "camera";
static const double idle_timeout_s = 10, total_timeout_s = 30;

struct log_params compose_log(const struct config *config)
{
	/* CRITICAL, which the Python service's logging knew, is the choice after the known levels. */
	int level = config->logging.level <= LOG_LEVEL_DEBUG ? config->logging.level : LOG_LEVEL_ERROR;
	return (struct log_params){ .level = (enum log_level)level, .file = config->logging.file };
}

static struct region compose_region(const struct config *config)
{
	double roi[4];
	config_roi(config, roi, NULL); /* config_check has seen it */
	return (struct region){ .x = roi[0], .y = roi[1], .width = roi[2], .height = roi[3] };
}

static struct camera_settings compose_settings(const struct config *config)
{
	return (struct camera_settings){
		.given = true,
		.awb = (enum camera_awb)config->camera.awb,
		.ev = config->camera.ev,
		.sharpness = config->camera.sharpness,
		.contrast = config->camera.contrast,
		.saturation = config->camera.saturation,
		.brightness = config->camera.brightness,
		.denoise = (enum camera_denoise)config->camera.denoise,
		.focus = (enum camera_focus)config->camera.focus,
		.focus_position = config->camera.focus_position,
		.hdr = (enum camera_hdr)config->camera.hdr,
		.tuning_file = config->camera.tuning_file,
	};
}

double compose_idle_framerate(const struct config *config)
{
	const double idle = config->camera.idle_framerate;
	return config->motion.enable && idle < config->camera.framerate ? idle : 0;
}

double compose_slowest_framerate(const struct config *config)
{
	const double idle = compose_idle_framerate(config);
	return idle > 0 ? idle : config->camera.framerate;
}

struct camera_params compose_camera(const struct config *config)
{
	struct camera_params params = {
		.backend = (enum camera_backend_kind)config->camera.backend,
		.id = config->camera.id,
		.width = config->camera.width,
		.height = config->camera.height,
		.framerate = config->camera.framerate,
		.slowest_framerate = compose_slowest_framerate(config),
		.settings = compose_settings(config),
		.turned = orientation_of(config->camera.rotation, config->camera.hflip, config->camera.vflip),
		.region = compose_region(config),
		.fit = (enum fit)config->camera.fit,
		.capture_timeout_s = config->camera.capture_timeout_s,
		.lost_after_s = config->camera.lost_after_s,
		.replay_path = config->camera.replay_path,
		.lux = config->camera.lux,
		.lux_trace = config->camera.lux_trace,
		.effects = config->camera.effects,
		.truth = config->camera.truth,
		.faults = config->camera.faults,
		.synthetic_format = (enum pixel_format)config->camera.synthetic_format,
	};
	compose_second(config, &params.second_width, &params.second_height);
	params.leases = params.second_width > 0 ? CAMERA_LEASES_MAX : 0;
	return params;
}

struct night_params compose_night(const struct config *config)
{
	return (struct night_params){
		.enable = config->night.enable,
		.metric = (enum night_metric)config->night.metric,
		.dark_threshold = config->night.dark_threshold,
		.bright_threshold = config->night.bright_threshold,
		.min_dark_frames = config->night.min_dark_frames,
		.min_bright_frames = config->night.min_bright_frames,
		.min_dwell_s = config->night.min_dwell_s,
		.exposure_us = config->night.exposure_us,
		.gain = config->night.gain,
		.day_exposure_us = (int64_t)(1e6 / config->camera.framerate),
		.day_gain = config->night.day_gain,
	};
}

struct night_sim_params compose_night_sim(const struct config *config)
{
	return (struct night_sim_params){ .night = compose_night(config), .framerate = config->camera.framerate };
}

static int64_t bytes_of_mb(int mb)
{
	return (int64_t)mb * 1024 * 1024;
}

struct retention_params compose_retention(const struct config *config, const char *base_dir)
{
	return (struct retention_params){
		.base_dir = base_dir,
		.min_free_bytes = config->storage.min_free_mb < 0 ? -1 : bytes_of_mb(config->storage.min_free_mb),
		.max_total_bytes = bytes_of_mb(config->storage.max_total_mb),
		.max_age_s = (int64_t)(config->storage.max_age_days * 24 * 3600),
	};
}

const char *compose_socket_path(const struct config *config, char path[FSIO_PATH_BYTES])
{
	const char *folder = config->network.socket_dir, *name = config->name[0] ? config->name : nameless;
	bool is_used = folder[0] && (strcmp(folder, default_socket_dir) != 0 || access(folder, F_OK) == 0);
	snprintf(path, FSIO_PATH_BYTES, "%s%s%s%s", is_used ? folder : "", is_used ? "/" : "", is_used ? name : "",
	         is_used ? ".sock" : "");
	return path;
}

struct server_params compose_server(const struct config *config, const char *socket_path)
{
	return (struct server_params){
		.bind = config->network.bind,
		.port = config->network.trigger_port,
		.token_file = config->network.token_file,
		.socket_path = socket_path,
		.allow_unauthenticated = config->network.allow_unauthenticated,
		.max_clients = config->network.max_clients,
		.idle_timeout_s = idle_timeout_s,
		.total_timeout_s = total_timeout_s,
	};
}

/* A quarter turn makes columns of rows. */
static void turn_size(const struct config *config, int *width, int *height)
{
	if (config->camera.rotation % 2 == 0)
		return;
	const int turned = *width;
	*width = *height;
	*height = turned;
}

void compose_full_size(const struct config *config, int *width, int *height)
{
	*width = config->camera.width;
	*height = config->camera.height;
	turn_size(config, width, height);
}

void compose_ring_size(const struct config *config, int *width, int *height)
{
	if (!config->ring.downscale) {
		compose_full_size(config, width, height);
		return;
	}
	*width = config->ring.downscale_width;
	*height = config->ring.downscale_height;
	turn_size(config, width, height);
}

struct budget compose_budget(const struct config *config)
{
	double share = config->memory.share > 0 ? config->memory.share : 1;
	return (struct budget){
		.available_fraction = config->memory.available_fraction * share,
		.max_rss = (uint64_t)bytes_of_mb(config->memory.max_rss_mb),
	};
}

size_t compose_jobs_most(const struct config *config)
{
	size_t most = ((size_t)config->network.max_clients * 3 + 3) / 4;
	return most < JOBS_MAX ? most : JOBS_MAX;
}

struct commands compose_commands(const struct config *config)
{
	return (struct commands){
		.clip_on_trigger = config->clip.on_trigger,
		.formats = (unsigned)config->export.formats,
		.save_before_s = config->export.save_before_s,
		.stack_dark_frames = config->export.stack_dark_frames,
		.stack_count = config->export.stack_count,
		.stack_mode = (enum stack_mode)config->export.stack_mode,
		.camera = config->name,
	};
}

size_t compose_replies_bytes(const struct config *config)
{
	enum { FRAMES = 2, BYTES_MIN = 2 << 20 };
	size_t frames = FRAMES * frame_bytes(config->camera.width, config->camera.height);
	return frames > BYTES_MIN ? frames : BYTES_MIN;
}

static const double gop_s = 2, encoder_silence_s = 3;

struct encoder_params compose_encoder(const struct config *config)
{
	struct encoder_params params = {
		.framerate = config->camera.framerate,
		.bitrate = config->encoder.bitrate_kbit * 1000,
		.jpeg_quality = config->encoder.jpeg_quality,
		.gop_s = gop_s,
		.device = config->encoder.device,
		.silence_s = encoder_silence_s,
	};
	compose_ring_size(config, &params.width, &params.height);
	if (params.bitrate == 0)
		params.bitrate = encoder_usual_bitrate(params.width, params.height, params.framerate);
	return params;
}

/* Without motion detection nothing would ever end the rest. */
static double idle_framerate_of(const struct config *config)
{
	return config->motion.enable ? config->motion.idle_framerate : 0;
}

struct video_params compose_video(const struct config *config)
{
	bool choose = config->encoder.kind == 0;
	return (struct video_params){
		.encoder = compose_encoder(config),
		.choose = choose,
		.kind = choose ? ENCODER_NONE : (enum encoder_kind)(config->encoder.kind - 1),
		.cpu_share = config->encoder.cpu_share,
		.when = (enum video_when)config->encoder.when,
		.before_s = config->clip.before_s,
		.idle_framerate = idle_framerate_of(config),
	};
}

int64_t compose_video_interval_ns(const struct config *config)
{
	double idle = idle_framerate_of(config), usual = compose_slowest_framerate(config);
	return (int64_t)(1e9 / (idle > 0 && idle < usual ? idle : usual));
}

struct recorder_params compose_recorder(const struct config *config, const char *base_dir)
{
	return (struct recorder_params){
		.base_dir = base_dir,
		.camera = config->name,
		.before_s = config->clip.before_s,
		.after_s = config->clip.after_s,
		.max_s = config->clip.max_s,
		.poster = config->clip.poster,
	};
}
