#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "camera/libcamera/dma_buffer.h"

static void test_memory_can_be_written_and_read(void **state)
{
	struct dma_buffer buffer;
	struct error error;

	(void)state;
	assert_int_equal(dma_buffer_allocate(&buffer, 100000, &error), 0);
	assert_true(buffer.fd >= 0);
	assert_int_equal(buffer.bytes, 100000);
	memset(buffer.memory, 7, buffer.bytes);
	dma_buffer_begin_read(&buffer);
	assert_int_equal(buffer.memory[99999], 7);
	dma_buffer_end_read(&buffer);
	dma_buffer_free(&buffer);
	assert_int_equal(buffer.fd, -1);
	dma_buffer_free(&buffer);
}

/* What a pipeline does: it maps the descriptor for itself. */
static void test_another_mapping_sees_the_same_memory(void **state)
{
	struct dma_buffer buffer, other;
	struct error error;

	(void)state;
	assert_int_equal(dma_buffer_allocate(&buffer, 4096, &error), 0);
	assert_int_equal(dma_buffer_map(&other, buffer.fd, 4096, &error), 0);
	other.memory[4095] = 42;
	assert_int_equal(buffer.memory[4095], 42);
	dma_buffer_unmap(&other);
	buffer.memory[0] = 1;
	dma_buffer_free(&buffer);
}

static void test_too_much_is_an_error(void **state)
{
	struct dma_buffer buffer;
	struct error error = { 0 };

	(void)state;
	assert_true(dma_buffer_allocate(&buffer, SIZE_MAX / 4, &error) < 0);
	assert_non_null(strstr(error.text, "camera buffer"));
	assert_int_equal(buffer.fd, -1);
	assert_null(buffer.memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory_can_be_written_and_read),
		cmocka_unit_test(test_another_mapping_sees_the_same_memory),
		cmocka_unit_test(test_too_much_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
