/*
 * The one sum: how many slots the ring gets. Pure arithmetic, so that it can be tested, logged and shown in `status`.
 *
 *   slots = min(ring.size,
 *               (min(available x available_fraction, max_rss - rss_now - scratch, cgroup_limit - cgroup_used - scratch)
 * - reserved) / slot_bytes)
 */
#ifndef PASTCAM_STORE_BUDGET_H
#define PASTCAM_STORE_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct budget_request {
	size_t slots;       /* ring.size */
	size_t slot_bytes;  /* one ring frame */
	size_t reserved;    /* full-resolution slots and stacks' results beside the ring, bytes */
	size_t scratch;     /* what exports may take at most, bytes */
	uint64_t available; /* MemAvailable, bytes */
	double available_fraction;
	uint64_t max_rss;      /* bytes */
	uint64_t rss_now;      /* bytes, with the camera's buffers in place */
	uint64_t cgroup_limit; /* bytes; UINT64_MAX: none */
	uint64_t cgroup_used;
	double shrink; /* 0-1: 1, or less after an exit for memory */
};

enum budget_bound { BUDGET_ASKED, BUDGET_AVAILABLE, BUDGET_RSS, BUDGET_CGROUP, BUDGET_SHRUNK };

struct budget {
	size_t slots;                             /* 0: not even the smallest ring fits */
	enum budget_bound bound;                  /* what decided */
	uint64_t by_available, by_rss, by_cgroup; /* bytes each bound leaves for the ring */
};

struct budget budget_slots(const struct budget_request *request);

/* What decided, in words: "as asked", "by memory.max_rss_mb" … */
const char *budget_bound_text(enum budget_bound bound);

#endif
