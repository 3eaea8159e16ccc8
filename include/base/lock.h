/* A mutex that the capture thread shares with others. */
#ifndef PASTCAM_BASE_LOCK_H
#define PASTCAM_BASE_LOCK_H

#include <pthread.h>

/* Makes lock one whose holder runs at the priority of whoever waits for it: else an export worker at low priority that
 * lost its turn with the lock in its hands would hold up capture for as long as others are busy. Destroyed like any
 * mutex. */
void lock_init(pthread_mutex_t *lock);

#endif
