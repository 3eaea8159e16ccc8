/* GET /metrics: the figures of all cameras and of pastcam-web as OpenMetrics text. */
#ifndef PASTCAM_WEB_METRICS_H
#define PASTCAM_WEB_METRICS_H

#include "request.h"

void metrics_get(struct request *request);

#endif
