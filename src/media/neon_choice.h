/* Where NEON is chosen as the program runs (neon_names.h). Private to src/media. */
#ifndef PASTCAM_MEDIA_NEON_CHOICE_H
#define PASTCAM_MEDIA_NEON_CHOICE_H

#if defined PASTCAM_WITH_NEON && !defined PASTCAM_MEDIA_NEON_NAMES_H

#include <asm/hwcap.h>
#include <sys/auxv.h>

#include "media/ingest.h"
#include "media/stack.h"

#define NEON_CHOICE

static inline bool neon_is_here(void)
{
	return (getauxval(AT_HWCAP) & HWCAP_NEON) != 0;
}

void ingest_with_luma_on_neon(struct ingest *ingest, const struct image *image, struct frame *frame,
                              struct luma_grid *grid);
void stack_range_on_neon(enum stack_mode mode, const uint8_t *const sources[], size_t count, size_t begin, size_t end,
                         uint8_t *out);

#endif

#endif
