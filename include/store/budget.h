/*
 * The memory budget: an array of claims, and how much of what they want each of them gets. Pure arithmetic, so that it
 * can be tested, logged and shown in `status`.
 *
 *   room = min(available x available_fraction, max_rss - rss_now, cgroup_limit - cgroup_used)
 *
 * Each claim gets its least first, in the order of the array, and then, in that order again, as much of what it wants
 * as is left. What is to take all the rest, the frame ring, is therefore the last.
 */
#ifndef PASTCAM_STORE_BUDGET_H
#define PASTCAM_STORE_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BUDGET_CLAIMS_MAX = 16 };

/* Claims that are asked for by name. */
#define BUDGET_FRAME_RING "frame ring"
#define BUDGET_EXPORTS "exports"

struct budget_claim {
	const char *name; /* for the log and `status`: "frame ring"; a literal */
	size_t unit_bytes;
	size_t least,
	    wanted;     /* units; the same for what cannot be smaller. Too little of what it needs: see budget_short */
	bool is_mapped; /* in a mapping of its own, resident from the start; else in the heap, or only now and then */
	size_t granted; /* units: what came of it */
};

enum budget_bound { BUDGET_ASKED, BUDGET_AVAILABLE, BUDGET_RSS, BUDGET_CGROUP, BUDGET_SHRUNK };

struct budget {
	uint64_t available; /* MemAvailable, bytes; UINT64_MAX: unknown */
	double available_fraction;
	uint64_t max_rss;      /* bytes */
	uint64_t rss_now;      /* bytes, with the camera's buffers in place */
	uint64_t cgroup_limit; /* bytes; UINT64_MAX: none */
	uint64_t cgroup_used;
	double shrink; /* 0-1: 1, or less after an exit for memory: so much of all beyond the least is granted */

	size_t claim_count;
	struct budget_claim claims[BUDGET_CLAIMS_MAX];

	/* what came of it */
	uint64_t by_available, by_rss, by_cgroup; /* bytes that each bound leaves for all claims */
	enum budget_bound bound;                  /* the tightest of them */
};

/* Adds a claim to the end: budget_add(budget, (struct budget_claim){ .name = …, … }). */
void budget_add(struct budget *budget, struct budget_claim claim);

/* Works out all granted. */
void budget_divide(struct budget *budget);

/* The first claim that did not get its least, or NULL. */
const struct budget_claim *budget_short(const struct budget *budget);

/* Of the claim of this name, which must be there. */
const struct budget_claim *budget_claim_of(const struct budget *budget, const char *name);

/* What decided how much a claim was granted. */
enum budget_bound budget_bound_of(const struct budget *budget, const struct budget_claim *claim);

/* Bytes: the least of all claims together, and what is granted to the mapped ones. */
uint64_t budget_least_bytes(const struct budget *budget);
uint64_t budget_mapped_bytes(const struct budget *budget);

/* "as asked", "limited by memory.max_rss_mb" … */
const char *budget_bound_text(enum budget_bound bound);

#endif
