#include "uploads.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "deliveries.h"
#include "node.h"
#include "upload_targets.h"

static_assert((int)UPLOAD_TARGETS_MAX <= (int)DELIVERY_TARGETS_MAX, "each upload has its place in the queue");

struct uploads {
	struct upload_targets targets;
	struct deliveries *deliveries;
	char node[NODE_BYTES];
	struct log_fault kept; /* files that cannot be deleted */
};

/* --- taking --- */

static void send_file(struct uploads *uploads, size_t index, const struct hub_event *event, const char *path)
{
	const struct upload_target *target = &uploads->targets.at[index];
	char object[UPLOAD_OBJECT_BYTES], text[UPLOAD_OBJECT_BYTES + HUB_ID_BYTES + 128], key[DELIVERY_KEY_BYTES];
	int result = upload_object(target, uploads->node, event->camera, event->time_ms, path, object);
	if (result == 0) {
		snprintf(text, sizeof text, "%s\n%s\n%s", target->row, event->id, object);
		result = deliveries_key(text, key);
	}
	if (result < 0)
		log_warning("%.200s is not uploaded to %.60s: its address becomes too long", path, target->name);
	else
		deliveries_add(uploads->deliveries, index, key, object, path);
}

void uploads_send(struct uploads *uploads, const char *name, const struct hub_event *event)
{
	int index = upload_targets_index(&uploads->targets, name);
	char path[STORE_PATH_BYTES];
	size_t i = 0;
	for (; index >= 0 && event_file(event, i, path, sizeof path); i++)
		send_file(uploads, (size_t)index, event, path);
	if (i == 0)
		log_warning("The event %.60s of camera %.60s has no file to upload to %.60s", event->id, event->camera, name);
}

/* --- sending --- */

static const char *content_type(const char *path)
{
	static const struct {
		const char *end, *type;
	} types[] = { { ".jpg", "image/jpeg" }, { ".png", "image/png" }, { ".mp4", "video/mp4" } };
	size_t length = strlen(path);
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (length > 4 && strcmp(path + length - 4, types[i].end) == 0)
			return types[i].type;
	return "application/octet-stream";
}

/* True when it was there and is no more: not for a drive that is away, whose folder is so too. */
static bool is_gone(const char *path)
{
	char folder[STORE_PATH_BYTES];
	if (access(path, F_OK) == 0 || errno != ENOENT)
		return false;
	snprintf(folder, sizeof folder, "%s", path);
	char *slash = strrchr(folder, '/');
	if (slash)
		*slash = '\0';
	return slash && access(folder[0] ? folder : "/", F_OK) == 0;
}

static struct http_s3 *make_s3(const struct upload_target *target)
{
	struct http_s3 *s3 = calloc(1, sizeof *s3);
	if (!s3)
		return NULL;
	s3->region = strdup(target->region);
	s3->access_key = strdup(target->access_key);
	s3->secret_key = strdup(target->secret_key);
	return s3;
}

static struct http_job *make_job(void *data, size_t index, const struct delivery *delivery, bool *is_over)
{
	const struct uploads *uploads = data;
	const struct upload_target *target = &uploads->targets.at[index];
	if (is_gone(delivery->path)) {
		log_warning("%.200s was not uploaded to %.60s: it is there no more", delivery->path, target->name);
		*is_over = true;
		return NULL;
	}
	struct http_job *job = http_job_create(delivery->id, delivery->body, target->timeout_s);
	if (!job)
		return NULL;
	job->path = strdup(delivery->path);
	job->content_type = strdup(content_type(delivery->path));
	job->s3 = make_s3(target);
	if (job->path && job->content_type && job->s3 && job->s3->region && job->s3->access_key && job->s3->secret_key)
		return job;
	http_job_free(job);
	return NULL;
}

static void on_taken(void *data, size_t index, const struct delivery *delivery)
{
	struct uploads *uploads = data;
	const struct upload_target *target = &uploads->targets.at[index];
	bool is_deleted = target->delete &&(unlink(delivery->path) == 0 || errno == ENOENT);
	log_info("Uploaded %.200s to %.200s%s", delivery->path, delivery->body, is_deleted ? ", and deleted it" : "");
	if (is_deleted)
		log_fault_end(&uploads->kept, "Files that were uploaded can be deleted again");
	else if (target->delete)
		log_fault_begin(&uploads->kept, "%.200s was uploaded, but cannot be deleted: %s", delivery->path,
		                strerror(errno));
}

/* --- life --- */

static const char *target_row(void *data, size_t index)
{
	const struct uploads *uploads = data;
	return index < uploads->targets.count ? uploads->targets.at[index].row : NULL;
}

static bool is_upload(const char *target)
{
	return strncmp(target, "upload ", 7) == 0;
}

struct uploads *uploads_create(struct loop *loop, const struct config *config, struct store *store, struct error *error)
{
	struct uploads *uploads = calloc(1, sizeof *uploads);
	const struct deliveries_params params = {
		.what = "upload",
		.most = UPLOAD_QUEUE_MOST,
		.tries = UPLOAD_TRIES,
		.target = target_row,
		.make = make_job,
		.taken = on_taken,
		.data = uploads,
	};
	if (!uploads) {
		error_set(error, -ENOMEM, "no memory for uploads");
		return NULL;
	}
	node_name(config, uploads->node);
	if (upload_targets_parse(config->hub.uploads, &uploads->targets, error) == 0)
		uploads->deliveries = deliveries_create(loop, store, &params, error);
	if (uploads->deliveries)
		return uploads;
	uploads_destroy(uploads);
	return NULL;
}

int uploads_begin(struct uploads *uploads, struct error *error)
{
	deliveries_drop_strangers(uploads->deliveries, is_upload);
	return deliveries_begin(uploads->deliveries, error);
}

void uploads_destroy(struct uploads *uploads)
{
	if (!uploads)
		return;
	deliveries_destroy(uploads->deliveries);
	free(uploads);
}

bool uploads_has(const struct uploads *uploads, const char *target)
{
	return upload_targets_index(&uploads->targets, target) >= 0;
}

void uploads_batch_written(struct uploads *uploads)
{
	deliveries_batch_written(uploads->deliveries);
}

void uploads_store_recovered(struct uploads *uploads)
{
	deliveries_store_recovered(uploads->deliveries);
}
