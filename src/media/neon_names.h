/*
 * 32-bit ARM has builds without NEON for processors with it (Debian's armhf, Raspberry Pi OS). There the kernels are
 * compiled a second time, with NEON, and under these names: this file is included before all others. Those without NEON
 * call them where the processor has it (neon_choice.h). A name that is missing here is defined twice, which the linker
 * says. Private to src/media.
 */
#ifndef PASTCAM_MEDIA_NEON_NAMES_H
#define PASTCAM_MEDIA_NEON_NAMES_H

#define area_average_2x2 area_average_2x2_on_neon
#define area_average_2x2_pairs area_average_2x2_pairs_on_neon
#define area_average_4x4 area_average_4x4_on_neon
#define area_average_columns area_average_columns_on_neon
#define area_average_folded area_average_folded_on_neon
#define area_average_pixels area_average_pixels_on_neon
#define area_box area_box_on_neon
#define area_columns_beyond area_columns_beyond_on_neon
#define area_columns_make area_columns_make_on_neon
#define area_columns_release area_columns_release_on_neon
#define area_create area_create_on_neon
#define area_destroy area_destroy_on_neon
#define area_fold area_fold_on_neon
#define area_folds area_folds_on_neon
#define area_image area_image_on_neon
#define area_is_narrow area_is_narrow_on_neon
#define area_narrow_columns area_narrow_columns_on_neon
#define area_narrow_rows area_narrow_rows_on_neon
#define area_rows area_rows_on_neon
#define area_span_of area_span_of_on_neon
#define area_split_pairs area_split_pairs_on_neon
#define area_sum_rows area_sum_rows_on_neon
#define area_weigh_rows area_weigh_rows_on_neon
#define area_weighted_rows_of area_weighted_rows_of_on_neon
#define box_row box_row_on_neon
#define byte_sum_copy_lines byte_sum_copy_lines_on_neon
#define byte_sum_lines byte_sum_lines_on_neon
#define convert_averages convert_averages_on_neon
#define convert_image convert_image_on_neon
#define convert_matrix_of convert_matrix_of_on_neon
#define enlarge_create enlarge_create_on_neon
#define enlarge_destroy enlarge_destroy_on_neon
#define enlarge_input enlarge_input_on_neon
#define enlarge_rows enlarge_rows_on_neon
#define geometry_of geometry_of_on_neon
#define geometry_part geometry_part_on_neon
#define geometry_rows geometry_rows_on_neon
#define ingest ingest_on_neon
#define ingest_create ingest_create_on_neon
#define ingest_create_for ingest_create_for_on_neon
#define ingest_destroy ingest_destroy_on_neon
#define ingest_with_luma ingest_with_luma_on_neon
#define luma_clipped_share luma_clipped_share_on_neon
#define luma_copy luma_copy_on_neon
#define luma_grid_fill luma_grid_fill_on_neon
#define luma_grid_finish luma_grid_finish_on_neon
#define luma_grid_init luma_grid_init_on_neon
#define luma_grid_rows luma_grid_rows_on_neon
#define luma_grid_scale luma_grid_scale_on_neon
#define luma_mean luma_mean_on_neon
#define luma_sum luma_sum_on_neon
#define median_count_range median_count_range_on_neon
#define median_network_make median_network_make_on_neon
#define median_range median_range_on_neon
#define median_sort_few median_sort_few_on_neon
#define packed_row packed_row_on_neon
#define place_bars place_bars_on_neon
#define place_rows place_rows_on_neon
#define stack_range stack_range_on_neon
#define yuv_rows yuv_rows_on_neon

#endif
