/* SPDX-License-Identifier: GPL-2.0-only */
/* Intel SDM Vol. 2: prefixes in 2A, "Instruction Prefixes"; opcodes in 2D, "Opcode Map". */
#include "insn.h"

#include "plugin.h"

/* The opcode and the bytes after it; REX is the last of the prefixes. */
struct code {
	const uint8_t *byte;
	size_t left;
	bool rep;
};

static bool is_prefix(uint8_t byte)
{
	switch (byte) {
	case 0x26: case 0x2e: case 0x36: case 0x3e:	/* segments */
	case 0x64: case 0x65:
	case 0x66: case 0x67:				/* sizes */
	case 0xf0: case 0xf2: case 0xf3:		/* LOCK, REP */
		return true;
	default:
		return byte >> 4 == 4;			/* REX */
	}
}

static struct code opcode_of(const struct qemu_plugin_insn *insn)
{
	struct code code = {
		.byte = qemu_plugin_insn_data(insn),
		.left = qemu_plugin_insn_size(insn),
	};

	for (; code.left && is_prefix(*code.byte); code.byte++, code.left--)
		code.rep |= *code.byte == 0xf2 || *code.byte == 0xf3;
	return code;
}

/* INS, OUTS, MOVS, CMPS; STOS, LODS, SCAS */
static bool is_string_opcode(uint8_t byte)
{
	return (byte >= 0x6c && byte <= 0x6f) ||
	       (byte >= 0xa4 && byte <= 0xa7) ||
	       (byte >= 0xaa && byte <= 0xaf);
}

bool insn_repeats(const struct qemu_plugin_insn *insn)
{
	struct code code = opcode_of(insn);

	return code.rep && code.left && is_string_opcode(*code.byte);
}

/* After 0F: moves from a vector register, with any prefix; SETcc */
static bool long_never_loads(uint8_t byte)
{
	switch (byte) {
	case 0x11: case 0x29: case 0x2b: case 0x7f: case 0xe7:
		return true;
	default:
		return byte >> 4 == 9;
	}
}

bool insn_never_loads(const struct qemu_plugin_insn *insn)
{
	struct code code = opcode_of(insn);

	if (!code.left)
		return false;
	switch (*code.byte) {
	case 0x50 ... 0x57: case 0x68: case 0x6a:	/* PUSH reg or imm */
	case 0x88: case 0x89: case 0xa2: case 0xa3:	/* MOV to memory */
	case 0xc6: case 0xc7:
	case 0xaa: case 0xab:				/* STOS */
	case 0xe8:					/* CALL, direct */
		return true;
	case 0x0f:
		return code.left > 1 && long_never_loads(code.byte[1]);
	default:
		return false;
	}
}
