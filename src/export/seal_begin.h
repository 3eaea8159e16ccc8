/* A sealed file with secrets that the caller knows: for tests. Private to the sealing files. */
#ifndef PASTCAM_EXPORT_SEAL_BEGIN_H
#define PASTCAM_EXPORT_SEAL_BEGIN_H

#include "seal_head.h"

struct seal *seal_begin_with(const struct seal_recipients *recipients, const struct seal_secrets *secrets, int fd,
                             int *result);

#endif
