/* The page's files, which are part of the program (web/, compressed when it was built). */
#ifndef PASTCAM_WEB_ASSETS_H
#define PASTCAM_WEB_ASSETS_H

#include "request.h"

bool assets_has(const char *path);

/* GET / and the files it loads: a path that assets_has. */
void assets_get(struct request *request);

/* How many bytes all of them have, compressed. */
size_t assets_total_bytes(void);

#endif
