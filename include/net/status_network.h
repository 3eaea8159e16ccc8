/* The rows of `network` in the status. */
#ifndef PASTCAM_NET_STATUS_NETWORK_H
#define PASTCAM_NET_STATUS_NETWORK_H

#include "service/status.h"

extern const struct status_group status_network; /* struct server */

#endif
