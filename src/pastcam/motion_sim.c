#include "motion_sim.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/chunk.h"
#include "base/fsio.h"
#include "compose_motion.h"
#include "export/export.h"
#include "media/decode.h"
#include "media/luma_grid.h"
#include "motion_overlay.h"
#include "motion_sim_clip.h"

enum { PICTURE_BYTES_MAX = 64 * 1024 * 1024, PATH_BYTES = 4096 };

struct simulation {
	const struct motion_sim_params *params;
	FILE *out;
	struct motion_setup setup;
	struct motion *motion; /* NULL before the first picture */
	struct luma_grid grid;
	int width, height;
	uint64_t frames, starts;
	double interval_s;
	double end_s;  /* of what was looked at */
	char name[32]; /* of a clip's frame */
	uint8_t *file; /* a picture's */
};

static int is_picture(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');
	return dot && (strcasecmp(dot, ".jpg") == 0 || strcasecmp(dot, ".jpeg") == 0 || strcasecmp(dot, ".png") == 0);
}

static int begin(struct simulation *simulation, const struct decoded *picture, struct error *error)
{
	simulation->width = picture->width;
	simulation->height = picture->height;
	int result = compose_motion(simulation->params->config, picture->width, picture->height, picture->width,
	                            &simulation->setup, error);
	if (result < 0)
		return result;
	simulation->motion = motion_create(&simulation->setup.params, &simulation->setup.zones, error);
	if (!simulation->motion)
		return error->code;
	if (!luma_grid_init(&simulation->grid, picture->width, picture->height, simulation->setup.params.block))
		return error_set(error, -ENOMEM, "no memory for motion detection");
	return 0;
}

/* A text in JSON's quotes. */
static void print_text(FILE *out, const char *text)
{
	fputc('"', out);
	for (const unsigned char *byte = (const unsigned char *)text; *byte; byte++)
		if (*byte == '"' || *byte == '\\')
			fprintf(out, "\\%c", *byte);
		else if (*byte < ' ')
			fprintf(out, "\\u%04x", *byte);
		else
			fputc(*byte, out);
	fputc('"', out);
}

static void print_rest(const struct simulation *simulation, int zone, double score, const int box[4], const char *name)
{
	fputs("\"zone\":", simulation->out);
	print_text(simulation->out, simulation->setup.zones.zone[zone].name);
	fprintf(simulation->out, ",\"score\":%.3f,\"box\":[%d,%d,%d,%d],\"picture\":", score, box[0], box[1], box[2],
	        box[3]);
	print_text(simulation->out, name);
	fputs("}\n", simulation->out);
}

static void print_event(const struct simulation *simulation, const struct motion_event *event, double t_s,
                        const char *name)
{
	fprintf(simulation->out, "{\"event\":\"%s\",\"t\":%.3f,", event->start ? "motion.start" : "motion.end", t_s);
	print_rest(simulation, event->zone, event->score, event->box, name);
}

static void print_scores(const struct simulation *simulation, double t_s, const char *name)
{
	for (int i = 0; i < simulation->setup.zones.count; i++) {
		struct motion_zone zone;
		motion_zone(simulation->motion, i, &zone);
		fprintf(simulation->out, "{\"t\":%.3f,\"moving\":%s,\"settling\":%s,", t_s, zone.moving ? "true" : "false",
		        motion_settling(simulation->motion) ? "true" : "false");
		print_rest(simulation, i, zone.score, zone.box, name);
	}
}

static int draw_overlay(const struct simulation *simulation, const struct decoded *picture, const char *name,
                        struct error *error)
{
	motion_overlay_draw(picture->rgb, picture->width, picture->height, &simulation->setup, simulation->motion);
	const struct export_params params = { .jpg_quality = 85 };
	const struct picture view = { .rgb = picture->rgb,
		                          .width = picture->width,
		                          .height = picture->height,
		                          .stacked = 1,
		                          .frame_id = simulation->frames,
		                          .camera_model = "motion-sim" };
	struct chunk *jpg;
	int result = export_encode(&params, NULL, &view, EXPORT_JPG, &jpg, error);
	if (result < 0)
		return result;
	char path[PATH_BYTES];
	const char *dot = strrchr(name, '.');
	const int stem = dot ? (int)(dot - name) : (int)strlen(name);
	snprintf(path, sizeof path, "%s/%.*s.jpg", simulation->params->overlay, stem, name);
	result = fsio_replace(path, chunk_data(jpg), chunk_bytes(jpg), 0644, error);
	chunk_release(jpg);
	return result;
}

static int look(struct simulation *simulation, const struct decoded *picture, double t_s, const char *name,
                struct error *error)
{
	struct motion_event events[MOTION_EVENTS_MAX];
	const struct frame_info info = {
		.id = ++simulation->frames,
		.timestamp_ns = 1 + llround(t_s * 1e9),
	};
	luma_grid_rows(&simulation->grid, picture->rgb, picture->width, 0, picture->height);
	const size_t count = motion_frame(simulation->motion, simulation->grid.cells, &info, events);
	for (size_t i = 0; i < count; i++) {
		print_event(simulation, &events[i], t_s, name);
		simulation->starts += events[i].start;
	}
	if (simulation->params->scores)
		print_scores(simulation, t_s, name);
	return simulation->params->overlay ? draw_overlay(simulation, picture, name, error) : 0;
}

/* 1: passed over. */
static int read_picture(struct simulation *simulation, const char *name, struct decoded *picture)
{
	char path[PATH_BYTES];
	struct error why = { 0 };
	snprintf(path, sizeof path, "%s/%s", simulation->params->path, name);
	const ssize_t bytes = fsio_read_small(path, (char *)simulation->file, PICTURE_BYTES_MAX);
	int result = bytes < 0 ? error_set_errno(&why, (int)bytes, "it cannot be read")
	                       : decode_picture(simulation->file, (size_t)bytes, picture, &why);
	if (result == 0 && simulation->motion &&
	    (picture->width != simulation->width || picture->height != simulation->height)) {
		result = error_set(&why, -EINVAL, "it has %dx%d pixels, not %dx%d as the first", picture->width,
		                   picture->height, simulation->width, simulation->height);
		free(picture->rgb);
		picture->rgb = NULL;
	}
	if (result < 0)
		fprintf(stderr, "pastcam: %s passed over: %s\n", name, why.text);
	return result < 0;
}

static int take_picture(struct simulation *simulation, const char *name, struct error *error)
{
	struct decoded picture = { 0 };
	if (read_picture(simulation, name, &picture))
		return 0;
	int result = simulation->motion ? 0 : begin(simulation, &picture, error);
	if (result == 0)
		result = look(simulation, &picture, (double)simulation->frames * simulation->interval_s, name, error);
	simulation->end_s = (double)simulation->frames * simulation->interval_s;
	free(picture.rgb);
	return result;
}

static int take_frame(void *data, const struct decoded *picture, const struct motion_sim_frame *frame,
                      struct error *error)
{
	struct simulation *simulation = data;
	int result = simulation->motion ? 0 : begin(simulation, picture, error);
	snprintf(simulation->name, sizeof simulation->name, "frame-%05zu", frame->number);
	simulation->end_s = frame->end_s;
	return result == 0 ? look(simulation, picture, frame->begin_s, simulation->name, error) : result;
}

/* For eyes, so that none is known from nothing looked at. */
static void sum_up(const struct simulation *simulation)
{
	const struct motion_params *params = &simulation->setup.params;
	fprintf(stderr, "pastcam: motion started %llu times in %llu pictures of %dx%d, %.1f s, looked at in %dx%d cells\n",
	        (unsigned long long)simulation->starts, (unsigned long long)simulation->frames, simulation->width,
	        simulation->height, simulation->end_s, params->width, params->height);
}

/* What still moves ends with the last picture. */
static int end(struct simulation *simulation, const char *name, struct error *error)
{
	struct motion_event events[MOTION_EVENTS_MAX];
	if (!simulation->motion)
		return error_set(error, -EINVAL, "no picture in %s could be read", simulation->params->path);
	const double t_s = simulation->end_s;
	const size_t count = motion_stop(simulation->motion, 1 + llround(t_s * 1e9), events);
	for (size_t i = 0; i < count; i++)
		print_event(simulation, &events[i], t_s, name);
	if (fflush(simulation->out) != 0 || ferror(simulation->out))
		return error_set_errno(error, -EIO, "what was found cannot be written");
	sum_up(simulation);
	return 0;
}

static int play_folder(struct simulation *simulation, struct error *error)
{
	struct dirent **entries = NULL;
	const char *path = simulation->params->path;
	const int count = scandir(path, &entries, is_picture, versionsort);
	if (count < 0)
		return error_set_errno(error, -errno, "cannot read the folder %s", path);
	simulation->file = malloc(PICTURE_BYTES_MAX);
	int result = count == 0 ? error_set(error, -EINVAL, "there is no JPEG or PNG picture in %s", path) : 0;
	if (result == 0 && !simulation->file)
		result = error_set(error, -ENOMEM, "no memory to read pictures");
	for (int i = 0; i < count && result == 0; i++)
		result = take_picture(simulation, entries[i]->d_name, error);
	if (result == 0)
		result = end(simulation, entries[count - 1]->d_name, error);
	for (int i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
	free(simulation->file);
	return result;
}

static int play_clip(struct simulation *simulation, struct error *error)
{
	int result = motion_sim_clip(simulation->params->path, take_frame, simulation, error);
	return result == 0 ? end(simulation, simulation->name, error) : result;
}

int motion_sim_run(const struct motion_sim_params *params, FILE *out, struct error *error)
{
	static struct simulation simulation;
	simulation = (struct simulation){
		.params = params,
		.out = out,
		.interval_s = 1 / params->config->camera.framerate,
	};
	struct stat about;
	const bool is_clip = stat(params->path, &about) == 0 && S_ISREG(about.st_mode);
	int result = params->overlay ? fsio_make_folder(params->overlay, 0, error) : 0;
	if (result == 0)
		result = is_clip ? play_clip(&simulation, error) : play_folder(&simulation, error);
	motion_destroy(simulation.motion);
	luma_grid_finish(&simulation.grid);
	return result;
}
