/*
 * config.json: one table of options (src/config_options.c) from which the parser, --dump-config, docs/config.md and the
 * tests all derive. Only main.c and the config files see this header; modules take their own small params.
 */
#ifndef PASTCAM_CONFIG_CONFIG_H
#define PASTCAM_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/camera_name.h"
#include "base/error.h"

enum { CONFIG_TEXT_BYTES = 512, CONFIG_LIST_BYTES = 16 * 1024, CONFIG_CAMERAS_MAX = 16 };

/* "cameras" of a machine with several, in the order of the file; none: one camera, without a name. */
struct config_cameras {
	size_t count;
	char names[CONFIG_CAMERAS_MAX][CAMERA_NAME_BYTES];
};

struct config {
	/* Set before config_load: whose sections under "cameras" override the common ones; "": nobody's. */
	char name[CAMERA_NAME_BYTES];
	struct config_cameras cameras;
	struct {
		int width, height;
		double framerate;
		double idle_framerate, idle_after_s; /* idle_framerate 0: none */
		bool second;                         /* a second, smaller picture of each frame … */
		int second_width, second_height;     /* … of this size; 0: motion's */
		char codec[32], video_mode[32];
		int backend; /* enum camera_backend_kind */
		char id[CONFIG_TEXT_BYTES];
		double capture_timeout_s, lost_after_s;
		char replay_path[CONFIG_TEXT_BYTES];
		double lux;
		char lux_trace[CONFIG_TEXT_BYTES], faults[CONFIG_TEXT_BYTES];
		char effects[CONFIG_TEXT_BYTES], truth[CONFIG_TEXT_BYTES];
		int synthetic_format; /* enum pixel_format */
		int rotation;         /* quarter turns clockwise */
		bool hflip, vflip;
		int fit;                      /* enum fit */
		char roi[CONFIG_TEXT_BYTES];  /* see config_roi */
		int awb, denoise, focus, hdr; /* enum camera_awb, camera_denoise, camera_focus, camera_hdr */
		double ev, sharpness, contrast, saturation, brightness, focus_position;
		char tuning_file[CONFIG_TEXT_BYTES];
	} camera;
	struct {
		int size;
		bool downscale;
		int downscale_width, downscale_height;
	} ring;
	struct {
		bool enable;
		int mode;
		int metric; /* enum night_metric */
		double dark_threshold, bright_threshold;
		int min_dark_frames, min_bright_frames;
		double min_dwell_s;
		int exposure_us;
		double gain, day_gain;
	} night;
	struct {
		bool enable;
		int scale;
		double sensitivity, min_area;
		int min_frames;
		double hold_s, cooldown_s;
		double idle_framerate;                                    /* 0: all frames */
		char zones[CONFIG_LIST_BYTES], ignore[CONFIG_LIST_BYTES]; /* JSON */
	} motion;
	struct {
		bool auto_save_use_ring;
		double auto_save_interval_s;
		char base_dir[CONFIG_TEXT_BYTES];
		int formats; /* set of enum export_format */
		double save_before_s;
		bool stack_dark_frames;
		int stack_count;
		int stack_mode; /* enum stack_mode */
		int on_motion;  /* enum motion_export_kind */
		int jpg_quality;
	} export;
	struct {
		char recipients[CONFIG_LIST_BYTES]; /* JSON */
		char sign_key_file[CONFIG_TEXT_BYTES];
	} seal;
	struct {
		int kind; /* 0: auto, else enum encoder_kind + 1 */
		int when; /* enum video_when */
		double cpu_share;
		int bitrate_kbit; /* 0: by size and rate */
		int jpeg_quality;
		char device[CONFIG_TEXT_BYTES];
	} encoder;
	struct {
		bool on_trigger, on_motion;
		double before_s, after_s, max_s;
		double past_s;
		int past_mb; /* 0: what past_s takes */
		bool poster;
	} clip;
	struct {
		int trigger_port;
		char bind[CONFIG_TEXT_BYTES];
		char token_file[CONFIG_TEXT_BYTES];
		bool allow_unauthenticated;
		char socket_dir[CONFIG_TEXT_BYTES];
		int max_clients;
	} network;
	struct {
		int port;
		char bind[CONFIG_TEXT_BYTES];
		char token_file[CONFIG_TEXT_BYTES], view_token_file[CONFIG_TEXT_BYTES];
		char tls_cert[CONFIG_TEXT_BYTES], tls_key[CONFIG_TEXT_BYTES];
		char hosts[CONFIG_TEXT_BYTES], cors_origins[CONFIG_TEXT_BYTES];
		double session_hours;
		int max_clients;
	} web;
	struct {
		char data_dir[CONFIG_TEXT_BYTES];
		int keep_events;
		double keep_days;
		double latitude, longitude;
		char rules[CONFIG_LIST_BYTES];    /* JSON */
		char webhooks[CONFIG_LIST_BYTES]; /* JSON */
		char uploads[CONFIG_LIST_BYTES];  /* JSON */
		char page_url[CONFIG_TEXT_BYTES];
		struct {
			char host[CONFIG_TEXT_BYTES], node[CONFIG_TEXT_BYTES], discovery[CONFIG_TEXT_BYTES];
			char user[CONFIG_TEXT_BYTES], password_file[CONFIG_TEXT_BYTES];
			char ca_file[CONFIG_TEXT_BYTES], cert_file[CONFIG_TEXT_BYTES], key_file[CONFIG_TEXT_BYTES];
			int port, keepalive_s, queue;
			int version; /* 0: 3.1.1, 1: 5 */
			bool tls, commands;
		} mqtt;
	} hub;
	struct {
		int max_rss_mb;
		double available_fraction;
		double share; /* of several cameras' memory; 0: this one has it all */
	} memory;
	struct {
		int min_free_mb; /* -1: the larger of 200 MiB and 5 % of the filesystem */
		int max_total_mb;
		double max_age_days;
	} storage;
	struct {
		int level; /* enum log_level */
		char file[CONFIG_TEXT_BYTES];
	} logging;
};

/* What was odd but not wrong: unknown keys. The caller logs them. */
enum { CONFIG_WARNINGS_MAX = 16 };
struct config_warnings {
	size_t count;       /* may pass CONFIG_WARNINGS_MAX; only so many are kept */
	const char *camera; /* private */
	char text[CONFIG_WARNINGS_MAX][256];
};

void config_defaults(struct config *config);

/* Sets what the JSON text names; the rest stays. -EINVAL with path, value and range in error; a syntax error names line
 * and column.
 *
 * With "cameras" in it, cameras becomes their names. For the camera config->name, if it is one of them, its own
 * sections override the common ones, network.trigger_port counts up from the common one unless it has one of its own,
 * memory.max_rss_mb becomes its part of the common one, and a logging.file that is common gets its name; what two
 * cameras cannot both have (a port, a camera, a log file) is -EINVAL. What is wrong in another camera's sections is not
 * looked at. */
int config_parse(struct config *config, const char *text, size_t length, struct config_warnings *warnings,
                 struct error *error);

/* The same from a file, at most 1 MiB. */
int config_load(struct config *config, const char *path, struct config_warnings *warnings, struct error *error);

/* One option from the command line: "camera.backend=replay". An unknown key is an error here. */
int config_set(struct config *config, const char *assignment, struct error *error);

/* Hands each text of a list's value, such as that of seal.recipients, to take, until it returns something else than 0,
 * which is returned, its words with the key before them. -EINVAL: something in the list is no text. */
int config_each_text(const char *key, const char *list, int (*take)(void *data, const char *text, struct error *error),
                     void *data, struct error *error);

/* The index of name among cameras, or -1. */
int config_cameras_index(const struct config_cameras *cameras, const char *name);

/* Several cameras and none chosen, or one that is not there: -EINVAL with what to type. Part of config_check. */
int config_check_camera(const struct config *config, struct error *error);

/* What single options cannot tell: thresholds in order, ring pictures no larger than the camera's … Call it last. */
int config_check(const struct config *config, struct error *error);

/* camera.roi as shares of the picture: left, top, width, height; all 0 when it is empty. -EINVAL when it is no such
 * thing. */
int config_roi(const struct config *config, double roi[4], struct error *error);

/* The whole configuration as JSON, as config_parse reads it. */
int config_dump(const struct config *config, FILE *out);

/* The table of options as a JSON list, for whoever draws a form of it: path, type (boolean, integer, number, text,
 * choice, set), min and max, choices, unit, help, default, and the value in config. */
int config_schema(const struct config *config, FILE *out);

/* docs/config.md. */
void config_reference(FILE *out);

#endif
