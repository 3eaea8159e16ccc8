/* `pastcam verify`: whether files are as they were signed. */
#ifndef PASTCAM_PASTCAM_VERIFY_H
#define PASTCAM_PASTCAM_VERIFY_H

/* Tells on standard output what is wrong in folder. public_key: "pastcam-sign1…"; NULL: the one that the manifests
 * name. Exit code: 0 all is as it was, 1 it is not, 2 it cannot be told. */
int verify_run(const char *folder, const char *public_key);

#endif
