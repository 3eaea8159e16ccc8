#include "base/lock.h"

void lock_init(pthread_mutex_t *lock)
{
	pthread_mutexattr_t attributes;
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
	if (pthread_mutex_init(lock, &attributes) != 0) /* a kernel without such futexes */
		pthread_mutex_init(lock, NULL);
	pthread_mutexattr_destroy(&attributes);
}
