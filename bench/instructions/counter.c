/* A plugin for QEMU's user mode that counts the instructions that a program executes, and prints the number at its end.
 * QEMU's header for plugins is in no package of Debian 12; these declarations are of its documentation
 * (docs/devel/tcg-plugins). */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
typedef void qemu_plugin_translated(qemu_plugin_id_t id, struct qemu_plugin_tb *block);
typedef void qemu_plugin_executed(unsigned cpu, void *data);
typedef void qemu_plugin_ended(qemu_plugin_id_t id, void *data);

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, qemu_plugin_translated *called);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *block, qemu_plugin_executed *called, int flags,
                                          void *data);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, qemu_plugin_ended *called, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
void qemu_plugin_outs(const char *text);

int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv);
extern int qemu_plugin_version;
int qemu_plugin_version = API_VERSION;

enum { READS_NO_REGISTERS = 0 };

static uint64_t count;

static void on_executed(unsigned cpu, void *data)
{
	(void)cpu;
	count += (uintptr_t)data;
}

static void on_translated(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
	(void)id;
	qemu_plugin_register_vcpu_tb_exec_cb(block, on_executed, READS_NO_REGISTERS, (void *)qemu_plugin_tb_n_insns(block));
}

static void on_ended(qemu_plugin_id_t id, void *data)
{
	(void)id;
	(void)data;
	char text[64];
	snprintf(text, sizeof text, "instructions: %" PRIu64 "\n", count);
	qemu_plugin_outs(text);
}

int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
	(void)info;
	(void)argc;
	(void)argv;
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translated);
	qemu_plugin_register_atexit_cb(id, on_ended, NULL);
	return 0;
}
