/* Whether pastcam can start with a configuration: what the start asks and what --check-config tells, in one place. */
#ifndef PASTCAM_PASTCAM_START_CHECK_H
#define PASTCAM_PASTCAM_START_CHECK_H

#include "base/error.h"
#include "config/config.h"

/* What every use of a configuration asks of it: values that fit together. */
int start_check_values(const struct config *config, struct error *error);

/* What the configuration's text decides: 0, or -EINVAL with the reason. Nothing else may end the process with
 * EXIT_CONFIG. */
int start_check(const struct config *config, struct error *error);

/* What the start needs besides, as it is now, and may be otherwise in a minute: 0, or -errno with the reason. */
int start_check_now(const struct config *config, struct error *error);

/* What pastcam starts without, now, and waits for: 0, or -errno with the reason. */
int start_check_later(const struct config *config, struct error *error);

#endif
