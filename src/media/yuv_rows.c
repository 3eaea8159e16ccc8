#include "yuv_rows.h"

size_t yuv_rows(const struct yuv_rows *rows, const struct convert_matrix *matrix, uint64_t *sum)
{
#if defined KERNEL_BASELINE
	(void)rows, (void)matrix, (void)sum;
	return 0;
#elif defined __x86_64__
	return __builtin_cpu_supports("avx2") ? yuv_rows_avx2(rows, matrix, sum) : 0;
#elif defined __ARM_NEON
	return yuv_rows_neon(rows, matrix, sum);
#else
	(void)rows, (void)matrix, (void)sum;
	return 0;
#endif
}
