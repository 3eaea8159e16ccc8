/* From the configuration to each module's own params. The strings stay the configuration's. */
#ifndef PASTCAM_PASTCAM_COMPOSE_H
#define PASTCAM_PASTCAM_COMPOSE_H

#include "base/fsio.h"
#include "base/log.h"
#include "camera/camera.h"
#include "capture/recorder.h"
#include "config/config.h"
#include "detect/night.h"
#include "export/retention.h"
#include "net/commands.h"
#include "net/server.h"
#include "night_sim.h"
#include "store/budget.h"

/* Full-resolution frames beside a downscaled ring: for one being saved, one being filled, and two for the pin limit. */
enum { COMPOSE_FULL_SLOTS = FRAME_RING_SLOTS_MIN };

struct log_params compose_log(const struct config *config);
struct camera_params compose_camera(const struct config *config);
/* Of the camera while nothing stirs; 0: never another. And the slowest that it goes. */
double compose_idle_framerate(const struct config *config);
double compose_slowest_framerate(const struct config *config);
struct night_params compose_night(const struct config *config);
struct night_sim_params compose_night_sim(const struct config *config);
struct retention_params compose_retention(const struct config *config, const char *base_dir);
/* socket_path: see compose_socket_path; borrowed like the configuration's strings. */
struct server_params compose_server(const struct config *config, const char *socket_path);

/* Where the camera's UNIX socket is, "" for none; returns path. The default network.socket_dir counts only where it is
 * there. */
const char *compose_socket_path(const struct config *config, char path[FSIO_PATH_BYTES]);

/* What the configuration tells of the budget; what the machine tells is left 0, and there are no claims. */
struct budget compose_budget(const struct config *config);

/* Size of the camera's pictures as they are kept: once they are turned. */
void compose_full_size(const struct config *config, int *width, int *height);

/* Without the modules that they name. */
struct encoder_params compose_encoder(const struct config *config);
struct video_params compose_video(const struct config *config);
/* The longest from frame to frame of the video, by day. */
int64_t compose_video_interval_ns(const struct config *config);
struct recorder_params compose_recorder(const struct config *config, const char *base_dir);

/* Size of the frames that the ring keeps. */
void compose_ring_size(const struct config *config, int *width, int *height);

/* Exports under way at once: three for four clients, so that with a hung disk `status` still finds a place. */
size_t compose_jobs_most(const struct config *config);

/* What clients that do not read may keep in memory before `get` answers BUSY, bytes. */
size_t compose_replies_bytes(const struct config *config);

/* What commands do without arguments; the modules are left NULL. */
struct commands compose_commands(const struct config *config);

#endif
