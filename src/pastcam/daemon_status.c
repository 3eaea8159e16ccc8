#include "daemon.h"
#include "daemon_parts.h"
#include "net/status_network.h"
#include "service/status_groups.h"

void daemon_fill_status(struct daemon *daemon)
{
	struct status *status = &daemon->status;
	daemon->status_of_capture = (struct status_capture_data){ .capture = daemon->capture, .ring = daemon->ring };
	daemon->status_of_memory = (struct status_memory_data){ .budget = &daemon->budget, .capture = daemon->capture };
	daemon->status_of_video = (struct status_video_data){ daemon->video, daemon->packets, daemon->recorder };
	status->count = 0;
	status_add(status, &status_program, &daemon->status_of_program);
	status_add(status, &status_capture, &daemon->status_of_capture);
	status_add(status, &status_motion, daemon->motion);
	status_add(status, &status_video, &daemon->status_of_video);
	status_add(status, &status_exports, daemon->jobs);
	status_add(status, &status_automatic, daemon->autosave);
	status_add(status, &status_storage, daemon->retention);
	status_add(status, &status_memory, &daemon->status_of_memory);
	status_add(status, &status_network, daemon->server);
	status_add(status, &status_process, &daemon->started_ns);
}

void daemon_status_reference(FILE *out)
{
	static struct daemon none;
	daemon_fill_status(&none);
	status_reference(&none.status, out);
}
