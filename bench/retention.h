/* Rows for the deletion of old pictures. */
#ifndef PASTCAM_BENCH_RETENTION_H
#define PASTCAM_BENCH_RETENTION_H

void bench_retention(void);

#endif
