/* What answers have in common. */
#ifndef PASTCAM_WEB_RESPONSE_H
#define PASTCAM_WEB_RESPONSE_H

#include <stdint.h>

#include "request.h"

void response_header(struct MHD_Response *response, const char *name, const char *value);

/* The headers of every answer: no caching, no framing, no guessing of types, who may read it. */
void response_add_common(const struct request *request, struct MHD_Response *response);

/* RFC 9457 as JSON, malloc'd; NULL without memory. */
char *response_problem_text(unsigned status, const char *detail);

/* The HTTP status for a line in which the daemon refused ("NO_FRAMES …"). */
unsigned response_status_of_refusal(const char *line);

/* "Thu, 26 Nov 2026 10:15:00 GMT" (RFC 9110, 5.6.7), and back; -1 when it is none. */
enum { HTTP_DATE_BYTES = 32 };
void response_format_date(int64_t epoch_s, char text[HTTP_DATE_BYTES]);
int64_t response_parse_date(const char *text);

#endif
