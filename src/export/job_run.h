/* The work of one export job, on a worker's thread. Private to src/export. */
#ifndef PASTCAM_EXPORT_JOB_RUN_H
#define PASTCAM_EXPORT_JOB_RUN_H

#include "export/jobs.h"

/* Stacks and writes what the job asks for, releases its frames as early as it can, and fills its results. result: room
 * for one frame, for a stack. */
void job_run(const struct jobs_params *params, struct job *job, uint8_t *result);

/* jobs.c's: job has one more whole file. An export_params' wrote. */
void jobs_note_file(void *job, const char *path);

#endif
