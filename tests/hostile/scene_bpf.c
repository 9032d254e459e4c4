// SPDX-License-Identifier: GPL-2.0-only
/* BPF that users can use: maps, socket programs, classic filters. */
#define _GNU_SOURCE
#include <linux/bpf.h>
#include <linux/filter.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "descriptors.h"
#include "places.h"
#include "scenes.h"

static long bpf(struct rng *rng, int command, union bpf_attr *attr,
		unsigned int of)
{
	return syscall(SYS_bpf, command,
		       place_struct(rng, attr, sizeof(*attr), of),
		       sizeof(*attr));
}

static void use_map(struct rng *rng)
{
	union bpf_attr attr = {
		.map_type = rng_percent(rng, 50) ? BPF_MAP_TYPE_HASH
						 : BPF_MAP_TYPE_ARRAY,
		.key_size = 4, .value_size = 64, .max_entries = 4,
	};
	int fd = bpf(rng, BPF_MAP_CREATE, &attr, 1), command;

	if (fd < 0)
		return;
	memset(&attr, 0, sizeof(attr));
	attr.map_fd = fd;
	attr.key = (uintptr_t)place_raw(rng, 4, true);
	attr.value = (uintptr_t)place_raw(rng, 64, true);
	for (command = BPF_MAP_LOOKUP_ELEM; command <= BPF_MAP_GET_NEXT_KEY;
	     command++)
		bpf(rng, command, &attr, 2);
	attr.key = (uintptr_t)place_struct(rng, "\0\0\0\0", 4, 1);
	bpf(rng, BPF_MAP_UPDATE_ELEM, &attr, 1);
	bpf(rng, BPF_MAP_LOOKUP_ELEM, &attr, 1);
	close(fd);
}

static void load_program(struct rng *rng)
{
	const struct bpf_insn program[2] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_SOCKET_FILTER, .insn_cnt = 2,
		.insns = (uintptr_t)place_struct(rng, program,
						 sizeof(program), 2),
		.license = (uintptr_t)place_struct(rng, "GPL", 4, 2),
		.log_level = 1, .log_size = 256,
		.log_buf = (uintptr_t)place_raw(rng, 256, true),
	};
	int fd = bpf(rng, BPF_PROG_LOAD, &attr, 2);

	if (fd >= 0)
		setsockopt(descriptor(FD_UDP), SOL_SOCKET, SO_ATTACH_BPF, &fd, 4);
	close(fd);
}

void scene_bpf(struct rng *rng)
{
	if (rng_percent(rng, 50))
		use_map(rng);
	else
		load_program(rng);
}

void scene_filter(struct rng *rng)
{
	struct sock_filter all = { BPF_RET | BPF_K, 0, 0, 0xffff };
	struct sock_fprog program = {
		1, place_struct(rng, &all, sizeof(all), 2)
	};
	int fd = descriptor(rng_percent(rng, 50) ? FD_UDP : FD_DGRAM);
	socklen_t len = 1;

	setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER,
		   place_struct(rng, &program, sizeof(program), 2),
		   sizeof(program));
	getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, place_raw(rng, 8, true), &len);
	setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &len, sizeof(len));
}
