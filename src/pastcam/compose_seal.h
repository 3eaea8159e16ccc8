/* From the configuration to whom files are sealed for. */
#ifndef PASTCAM_PASTCAM_COMPOSE_SEAL_H
#define PASTCAM_PASTCAM_COMPOSE_SEAL_H

#include "config/config.h"
#include "export/manifest.h"
#include "export/seal.h"

/* seal.recipients, files of them read. -EINVAL: one is no key; -errno: a file cannot be read. */
int compose_seal(const struct config *config, struct seal_recipients *recipients, struct error *error);

/* The same without a look into files. */
int compose_seal_check(const struct config *config, struct error *error);

/* With seal.sign_key_file, which must be set; folder and camera stay the caller's. */
int compose_manifest(const struct config *config, const char *folder, struct manifest *manifest, struct error *error);

bool compose_is_sealed(const struct config *config);

#endif
