/* SPDX-License-Identifier: GPL-2.0-only */
/* What an x86 instruction does, as far as the plugin needs it. */
#ifndef LAB_INSN_H
#define LAB_INSN_H

#include <stdbool.h>

struct qemu_plugin_insn;

/* A string instruction with a REP prefix. */
bool insn_repeats(const struct qemu_plugin_insn *insn);

/* True only if it loads nothing from memory; false if that is not certain. */
bool insn_never_loads(const struct qemu_plugin_insn *insn);

#endif /* LAB_INSN_H */
