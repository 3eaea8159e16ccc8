/* systemd's notification protocol (sd_notify(3)): one datagram to the socket that the service manager names. Spoken
 * here in a few lines, since libsystemd would bring five libraries into a process that counts its memory. */
#ifndef PASTCAM_BASE_NOTIFY_H
#define PASTCAM_BASE_NOTIFY_H

#include <stdint.h>

/* "READY=1", "STATUS=…", "WATCHDOG=1", "STOPPING=1"; several with newlines between. Does nothing without a service
 * manager, and never blocks. Any thread. */
void notify_send(const char *message);

/* How often the manager wants "WATCHDOG=1", as half of WATCHDOG_USEC in nanoseconds; 0: not at all. */
int64_t notify_watchdog_interval_ns(void);

#endif
