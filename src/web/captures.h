/*
 * What is on the disk: the files in a camera's export.base_dir. Read and deleted by name only: a name with a slash, one
 * that begins with a dot, a link, and what is no regular file are not there.
 */
#ifndef PASTCAM_WEB_CAPTURES_H
#define PASTCAM_WEB_CAPTURES_H

#include <stddef.h>

#include "request.h"

void captures_list(struct request *request);   /* GET /api/captures: the newest first */
void captures_get(struct request *request);    /* GET /captures/NAME, with Range, ETag and ?width= */
void captures_delete(struct request *request); /* DELETE /captures/NAME */
void captures_zip(struct request *request);    /* GET /captures.zip?files=a,b */

/* Where the captures of a camera ("" or a name) are, by the configuration; NULL: there is no such camera. */
const char *captures_path(const struct web *web, const char *camera);

/* The folder descriptor of the request's camera; -1, and answered, when it cannot be opened. */
int captures_folder(struct request *request);

/* Opens a regular file in a folder for reading. A descriptor; -ENOENT for all that is none, -errno. Pure of requests.
 */
int captures_open(int folder, const char *name);

/* The type for a file name, NULL for those that are not shown. */
const char *captures_type(const char *name);

#endif
