/* The smaller and the larger of two, once for all. Pure. */
#ifndef PASTCAM_BASE_NUMBER_H
#define PASTCAM_BASE_NUMBER_H

#include <stddef.h>
#include <stdint.h>

static inline size_t min_size(size_t one, size_t other)
{
	return one < other ? one : other;
}

static inline size_t max_size(size_t one, size_t other)
{
	return one > other ? one : other;
}

static inline uint64_t min_u64(uint64_t one, uint64_t other)
{
	return one < other ? one : other;
}

static inline int64_t min_i64(int64_t one, int64_t other)
{
	return one < other ? one : other;
}

static inline int64_t max_i64(int64_t one, int64_t other)
{
	return one > other ? one : other;
}

#endif
