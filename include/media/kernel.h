/*
 * How the kernels are compiled. They are plain C in shapes that compilers vectorise. The x86-64 baseline has no byte
 * shuffle, which interleaving R, G and B is made of: there a second version, for AVX2, is chosen as the program starts.
 * Only for static functions: clang 14 gives others no symbol. For src/media and src/detect.
 */
#ifndef PASTCAM_MEDIA_KERNEL_H
#define PASTCAM_MEDIA_KERNEL_H

#ifndef __has_feature
#define __has_feature(feature) 0
#endif

/* The choice is made before a sanitizer is ready for it. KERNEL_BASELINE, for benches: as on a processor without AVX2.
 */
#if defined __x86_64__ && defined __gnu_linux__ && !defined KERNEL_BASELINE && !defined __SANITIZE_ADDRESS__ &&        \
    !defined __SANITIZE_THREAD__ && !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)
#define KERNEL __attribute__((target_clones("avx2", "default")))
#else
#define KERNEL
#endif

/* A part of a kernel: becomes the version that it is part of. */
#define KERNEL_PART inline __attribute__((always_inline))

#endif
