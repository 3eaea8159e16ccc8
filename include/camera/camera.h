/*
 * A camera that is always there to be asked, whatever the hardware does. It opens a backend, delivers frames, and
 * climbs the recovery ladder when frames stop: restart the stream, reopen with back-off (1 s doubling to 30 s, for
 * ever), and report "lost" when a camera that once worked stays away for lost_after_s. Meanwhile everything else goes
 * on.
 *
 * All calls on the capture thread.
 */
#ifndef PASTCAM_CAMERA_CAMERA_H
#define PASTCAM_CAMERA_CAMERA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "camera/lease.h"
#include "media/frame.h"
#include "media/ingest.h"

enum camera_backend_kind { CAMERA_LIBCAMERA, CAMERA_REPLAY, CAMERA_SYNTHETIC };

/* The first of each is what a camera does by itself, and what it is not even asked for. */
enum camera_awb {
	CAMERA_AWB_AUTO,
	CAMERA_AWB_INCANDESCENT,
	CAMERA_AWB_TUNGSTEN,
	CAMERA_AWB_FLUORESCENT,
	CAMERA_AWB_INDOOR,
	CAMERA_AWB_DAYLIGHT,
	CAMERA_AWB_CLOUDY,
};
enum camera_denoise { CAMERA_DENOISE_AUTO, CAMERA_DENOISE_OFF, CAMERA_DENOISE_FAST, CAMERA_DENOISE_HIGH };
enum camera_hdr { CAMERA_HDR_OFF, CAMERA_HDR_SINGLE, CAMERA_HDR_MULTI, CAMERA_HDR_NIGHT };
/* Continuous where the camera has a lens that moves; auto: once, when it starts. */
enum camera_focus { CAMERA_FOCUS_CONTINUOUS, CAMERA_FOCUS_AUTO, CAMERA_FOCUS_MANUAL };

/* What people set on a camera. A camera that cannot do one of them runs without it, and says so
 * (description.refused). */
struct camera_settings {
	bool given; /* false: the rest means nothing, the camera does as it likes */
	enum camera_awb awb;
	double ev;                              /* stops; 0: as measured */
	double sharpness, contrast, saturation; /* 1: the camera's usual */
	double brightness;                      /* -1 to 1; 0: the camera's usual */
	enum camera_denoise denoise;
	enum camera_focus focus;
	double focus_position; /* manual: dioptres, 1 / distance in metres; 0: infinity */
	enum camera_hdr hdr;
	const char *tuning_file; /* for the Raspberry Pi's pipelines; "" or NULL: the sensor's own */
};

struct camera_params {
	enum camera_backend_kind backend;
	const char *id; /* libcamera: the camera's id, or a part of it; "" is the first one */
	int width, height;
	double framerate; /* frames per second in video mode */
	double slowest_framerate; /* that a mode will ask for; 0: framerate */
	int leases;       /* frames that may be kept at once by camera_lease, 0 to CAMERA_LEASES_MAX */
	/* A smaller picture of each frame, for detectors; 0: none. At most as large as the frames, of their proportions. A
	 * camera that cannot make it goes on without (description.second_refused). */
	int second_width, second_height;
	/* Silence is a stall when it lasts this much longer than the frame interval (or the exposure); eight intervals
	 * after a start, since pipelines hide their first frames. */
	double capture_timeout_s;
	double lost_after_s; /* 0: never lost */
	struct camera_settings settings;
	orientation turned;   /* how pictures are to be turned … */
	struct region region; /* … and which part of them is to be shown; see the description's */
	enum fit fit;         /* replay: what is done about pictures of other proportions */
	const char *replay_path;
	/* synthetic: */
	enum pixel_format synthetic_format; /* what it delivers */
	double lux;                         /* scene light */
	const char *lux_trace;              /* CSV of t_s,lux lines, overrides lux; "" is none */
	const char *effects; /* what happens in the scene, src/camera/synthetic/effects.h; "" or NULL: cars and a balloon */
	const char *truth;   /* file that gets a line of CSV for each frame with a walker in it; "" or NULL: none */
	const char
	    *faults; /* "stall@10+5,error@30,vanish@40+10,slow@60+5,garbage@70": kind@start[+length], seconds; "" is none */
};

/* How the next frames are to be exposed. */
struct camera_mode {
	bool still;                /* false: automatic exposure at the framerate; true: the fixed values below */
	int64_t exposure_us;       /* still only */
	double gain;               /* still only */
	int64_t start_exposure_us; /* automatic only: where it should begin, a hint; 0: where it likes */
	double start_gain;
	double framerate; /* at most; 0: camera_params.framerate */
};

/* A frame on loan from the backend, until camera_release. */
struct camera_frame {
	struct image image;
	struct image second;                   /* the smaller picture, YUV; width 0: there is none */
	int64_t timestamp_ns, exposure_end_ns; /* monotonic: the exposure, see media/frame.h */
	uint64_t sequence;                     /* the camera's own count, gaps show losses */
	double exposure_us; /* as the camera reports it, else as told to one that obeys; 0 when neither is known */
	double gain;        /* likewise; analogue x digital */
	bool unread;        /* the image is not filled, as camera_set_unread asked */
	void *handle;       /* the backend's */
	struct camera_buffer *buffer; /* the backend's, for camera_lease; NULL: it cannot be kept */
};

/* What a backend turned out to be, once open. */
struct camera_description {
	char model[64]; /* "imx219", "synthetic" … */
	char id[128];
	char format[16];          /* "NV12" … */
	int width, height;        /* what it delivers: as asked, or the nearest it can do (then adjusted says so) */
	char adjusted[256];       /* "" or what differs from what was asked, in words for the log */
	char refused[256];        /* "" or which settings it cannot do, in words for a warning and for `status` */
	char settings[256];       /* "" or the settings that it has taken: "ev 1, sharpness 2" */
	char second[48];          /* "" or the smaller picture that comes with each frame: "256x192 YUV420" */
	char second_refused[160]; /* "" or why there is none though it was asked for, in words */
	orientation turned;       /* how ingest still has to turn what it delivers; the size is before that */
	struct region region;     /* the part that ingest still has to cut out */
	int64_t exposure_min_us, exposure_max_us; /* 0: unknown */
	double gain_min, gain_max;                /* 0: unknown */
	uint64_t buffer_bytes;                    /* memory in camera buffers that counts towards our RSS */
	uint64_t touched_bytes;                   /* of them, what does so before the first frame comes */
	bool plays_files; /* each picture is a file: one that cannot be read is told once, by its name */
};

enum camera_state {
	CAMERA_ABSENT,     /* never seen yet, or away: looking for it */
	CAMERA_RUNNING,    /* frames come */
	CAMERA_RECOVERING, /* frames stopped; restarting the stream */
};

struct camera_status {
	enum camera_state state;
	struct camera_description description;
	char trouble[256];           /* why it is not running; "" when it is */
	uint64_t frames, lost;       /* lost: gaps in sequence */
	uint64_t stalls;             /* silences longer than the deadline */
	uint64_t restarts;           /* attempts to restart the stream */
	uint64_t reopens;            /* attempts to find and open the camera again */
	uint64_t failures;           /* errors reported by the camera, failed attempts included */
	uint64_t unreadable;         /* pictures that came and could not be shown; of files, each counts once */
	char unreadable_reason[256]; /* of the last; "" without any */
	int64_t last_frame_ns;
};

struct camera;

/* What the parameters' text decides, as camera_create would: 0; -EINVAL for a fault text that does not parse, a replay
 * without a folder, a backend that this build does not have. */
int camera_check(const struct camera_params *params, struct error *error);

/* Opens what can be opened; a camera that is not there is not an error (state CAMERA_ABSENT, and the first camera_poll
 * gives CAMERA_TROUBLE). NULL only for bad parameters (an unreadable replay folder, a fault text that does not parse)
 * or no memory. The texts of params must live as long as the camera. */
struct camera *camera_create(const struct camera_params *params, const struct camera_mode *mode, struct error *error);
void camera_destroy(struct camera *camera);

/* One descriptor for the camera's life. When it is readable, call camera_poll until it returns 0, which it does after a
 * few frames even if more wait, so that a camera that is too fast cannot starve the caller's loop: the descriptor stays
 * readable then. It becomes readable every CLOCK_AWAKE_TICK_NS too while a frame is late, so that the awake clock is
 * read; as long as they come in time there is nothing but frames to wake up for. */
int camera_fd(const struct camera *camera);

enum camera_event {
	CAMERA_NOTHING,    /* 0: nothing more for now */
	CAMERA_FRAME,      /* frame is filled: use it, then camera_release before the next camera_poll */
	CAMERA_UNREADABLE, /* a picture came that cannot be shown; status.unreadable_reason says why */
	CAMERA_TROUBLE,    /* it just stopped working; status.trouble says why */
	CAMERA_RECOVERED,  /* frames come again; a CAMERA_FRAME follows */
	CAMERA_LOST,       /* it worked once and is away for lost_after_s: time to exit 43. Once an outage. */
};
enum camera_event camera_poll(struct camera *camera, struct camera_frame *frame);
void camera_release(struct camera *camera, struct camera_frame *frame);

/* Frames are delivered as before, but nobody looks at their images until told otherwise: a camera that draws or decodes
 * its pictures saves that. */
void camera_set_unread(struct camera *camera, bool unread);

/* Asks for another exposure, without stopping the stream. What the camera cannot do is clamped, and note says so (""
 * else). 0, or -errno when the camera is not running (the mode is kept for when it is). */
int camera_set_mode(struct camera *camera, const struct camera_mode *mode, char note[256]);

void camera_status(const struct camera *camera, struct camera_status *status);
const char *camera_state_text(enum camera_state state);

#endif
