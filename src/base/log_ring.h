/* The last lines of the log, kept in memory for those who follow it. Private to the log; reading is in base/log.h. */
#ifndef PASTCAM_BASE_LOG_RING_H
#define PASTCAM_BASE_LOG_RING_H

#include "base/log.h"

/* Copies; text has less than LOG_LINE_BYTES. Any thread; never waits longer than for the copying of one line. */
void log_ring_put(int64_t wall_ns, enum log_level level, const char *text);

#endif
