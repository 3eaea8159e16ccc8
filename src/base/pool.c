#include "base/pool.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/thread.h"

/* One pool_run; lives on its caller's stack. */
struct pool_job {
	void (*task)(void *data, size_t index);
	void *data;
	size_t count, next, done;
	struct pool_job *link;
};

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t work;     /* a job came, or the end */
	pthread_cond_t finished; /* the last task of some job is done */
	struct pool_job *jobs;   /* those with tasks that nobody has taken yet, newest first */
	bool ending;
	size_t threads;
	struct thread thread[];
};

static void pool_link(struct pool *pool, struct pool_job *job)
{
	job->link = pool->jobs;
	pool->jobs = job;
}

static void pool_unlink(struct pool *pool, const struct pool_job *job)
{
	struct pool_job **at = &pool->jobs;
	while (*at != job)
		at = &(*at)->link;
	*at = job->link;
}

/* Takes one task of job and does it. Called and returns with the lock held. */
static void do_one(struct pool *pool, struct pool_job *job)
{
	size_t index = job->next++;
	if (job->next == job->count)
		pool_unlink(pool, job);
	pthread_mutex_unlock(&pool->lock);
	job->task(job->data, index);
	pthread_mutex_lock(&pool->lock);
	if (++job->done == job->count)
		pthread_cond_broadcast(&pool->finished);
}

static void pool_thread(void *data)
{
	struct pool *pool = data;

	pthread_mutex_lock(&pool->lock);
	while (!pool->ending) {
		if (pool->jobs != NULL)
			do_one(pool, pool->jobs);
		else
			pthread_cond_wait(&pool->work, &pool->lock);
	}
	pthread_mutex_unlock(&pool->lock);
}

static int start_thread(struct pool *pool)
{
	char name[16];
	snprintf(name, sizeof name, "pool-%u", (unsigned)pool->threads & 0xffff);
	int result = thread_start(&pool->thread[pool->threads], name, THREAD_EXPORT, pool_thread, pool);
	pool->threads += result == 0;
	return result;
}

struct pool *pool_create(size_t threads, struct error *error)
{
	int code = 0;

	struct pool *pool = calloc(1, sizeof *pool + threads * sizeof pool->thread[0]);
	if (pool == NULL) {
		error_set_errno(error, -ENOMEM, "cannot create a pool of %zu threads", threads);
		return NULL;
	}
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->work, NULL);
	pthread_cond_init(&pool->finished, NULL);
	while (code == 0 && pool->threads < threads)
		code = start_thread(pool);
	if (code == 0)
		return pool;
	pool_destroy(pool);
	error_set_errno(error, code, "cannot create a pool of %zu threads", threads);
	return NULL;
}

void pool_destroy(struct pool *pool)
{
	if (pool == NULL)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->ending = true;
	pthread_cond_broadcast(&pool->work);
	pthread_mutex_unlock(&pool->lock);
	for (size_t i = 0; i < pool->threads; i++)
		thread_join(&pool->thread[i]);
	pthread_cond_destroy(&pool->finished);
	pthread_cond_destroy(&pool->work);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

size_t pool_width(const struct pool *pool)
{
	return pool == NULL ? 1 : pool->threads + 1;
}

static void run_inline(size_t count, void (*task)(void *data, size_t index), void *data)
{
	for (size_t i = 0; i < count; i++)
		task(data, i);
}

void pool_run(struct pool *pool, size_t count, void (*task)(void *data, size_t index), void *data)
{
	if (pool == NULL || pool->threads == 0 || count < 2) {
		run_inline(count, task, data);
		return;
	}
	struct pool_job job = { .task = task, .data = data, .count = count };
	pthread_mutex_lock(&pool->lock);
	pool_link(pool, &job);
	pthread_cond_broadcast(&pool->work);
	while (job.next < job.count)
		do_one(pool, &job);
	while (job.done < job.count)
		pthread_cond_wait(&pool->finished, &pool->lock);
	pthread_mutex_unlock(&pool->lock);
}
