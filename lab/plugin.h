/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the plugin share: QEMU's plugin interface, and the
 * functions that one file provides to another.
 */
#ifndef LAB_PLUGIN_H
#define LAB_PLUGIN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAX_VCPUS	256

/* The plugin interface, version 1 (qemu/qemu-plugin.h; not always packaged) */
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_plugin_hwaddr {
	bool is_io;
	bool is_store;
	union {
		struct {
			void *section;
			uint64_t offset;
		} io;
		void *host;
	};
};

enum { CB_NO_REGS = 0, CB_RW_REGS = 2, MEM_STORE = 2, MEM_ANY = 3 };

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *
qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
void *qemu_plugin_insn_haddr(const struct qemu_plugin_insn *insn);
unsigned int qemu_plugin_mem_size_shift(uint32_t info);
struct qemu_plugin_hwaddr *qemu_plugin_get_hwaddr(uint32_t info, uint64_t va);
void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id,
	void (*cb)(uint64_t id, struct qemu_plugin_tb *tb));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb,
	void (*cb)(unsigned int vcpu, void *data), int flags, void *data);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
	void (*cb)(void), int flags, void *data);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn,
	void (*cb)(void), int flags, int rw, void *data);
void qemu_plugin_register_flush_cb(uint64_t id, void (*cb)(uint64_t id));
void qemu_plugin_register_atexit_cb(uint64_t id,
	void (*cb)(uint64_t id, void *data), void *data);

struct CPUState;

/* count.c: the requests of count.h, and its hook into a block's translation */
int64_t count_start(struct CPUState *cpu);
int64_t count(void);
int64_t count_cpu(unsigned int vcpu);
int64_t count_stop(struct CPUState *cpu);
void count_block(struct qemu_plugin_tb *tb, size_t n);

/* stale.c: its hook into a block's translation, and what was mended so far */
void watch_int3(const struct qemu_plugin_tb *tb, size_t n);
long long stale_met(void);

#endif /* LAB_PLUGIN_H */
