/* SPDX-License-Identifier: GPL-2.0-only */
/* What an x86 instruction does, as far as the plugin has to know. */
#ifndef LAB_INSN_H
#define LAB_INSN_H

#include <stdbool.h>

struct qemu_plugin_insn;

/* A string instruction with a REP prefix. */
bool insn_repeats(const struct qemu_plugin_insn *insn);

/* It loads nothing from memory.  False for many that load nothing either. */
bool insn_never_loads(const struct qemu_plugin_insn *insn);

#endif /* LAB_INSN_H */
