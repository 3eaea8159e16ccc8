/* As arm_kernels.c, of what has short loops inside that are written out, here as in the program. */
#include "../src/media/stack.c"
#include "../src/media/yuv_rows_neon.c"

void arm_stack_sum(const struct stack_group *group, uint16_t *sums);
void arm_stack_max(const struct stack_group *group, uint8_t *most);

void arm_stack_sum(const struct stack_group *group, uint16_t *sums)
{
	add_sources(group, STACK_GROUP, 0, STACK_BLOCK_BYTES, sums);
}

void arm_stack_max(const struct stack_group *group, uint8_t *most)
{
	raise_to(group, 0, STACK_BLOCK_BYTES, most);
}

#ifdef __ARM_NEON

size_t arm_nv12_neon(const struct yuv_rows *rows, const struct convert_matrix *matrix, uint64_t *sum);

__attribute__((flatten)) size_t arm_nv12_neon(const struct yuv_rows *rows, const struct convert_matrix *matrix,
                                              uint64_t *sum)
{
	struct yuv_rows two = *rows;
	two.count = 2;
	return planar(&two, matrix, true, sum);
}

#endif
