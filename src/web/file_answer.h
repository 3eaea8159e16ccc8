/* Answers with a file, or with the part of it that Range asks for (RFC 9110, 14). */
#ifndef PASTCAM_WEB_FILE_ANSWER_H
#define PASTCAM_WEB_FILE_ANSWER_H

#include <stdint.h>

#include "request.h"

/* Takes over fd. tag: its ETag, with quotes, for If-Range. download: the name of an attachment; NULL: none. */
void file_answer(struct request *request, int fd, uint64_t size, const char *tag, const char *type,
                 const char *download);

#endif
