/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernel code that one system call cannot reach: each scene sets up one thing
 * with lost lines in it and has the kernel access them.
 */
#ifndef SCENES_H
#define SCENES_H

#include "random.h"

struct scene {
	const char *name;
	void (*run)(struct rng *rng);
};

const struct scene *scene_some(struct rng *rng);
const struct scene *scene_find(const char *name);

/* scene_signal.c */
void scene_frame(struct rng *rng);
void scene_frame32(struct rng *rng);
void scene_sigreturn(struct rng *rng);
/* scene_task.c */
void scene_robust(struct rng *rng);
void scene_cleartid(struct rng *rng);
void scene_rseq(struct rng *rng);
void scene_exec(struct rng *rng);
void scene_dispatch(struct rng *rng);
void scene_futex(struct rng *rng);
void scene_seccomp(struct rng *rng);
/* scene_uring.c */
void scene_uring(struct rng *rng);
void scene_fixed(struct rng *rng);
void scene_ring(struct rng *rng);
void scene_sqpoll(struct rng *rng);
void scene_pbuf(struct rng *rng);
void scene_inherit(struct rng *rng);
/* scene_pipe.c */
void scene_pipe(struct rng *rng);
void scene_sendfile(struct rng *rng);
/* scene_aio.c */
void scene_aio(struct rng *rng);
/* scene_fault.c */
void scene_fault(struct rng *rng);
/* scene_perf.c */
void scene_perf(struct rng *rng);
void scene_callchain(struct rng *rng);
/* scene_bpf.c */
void scene_bpf(struct rng *rng);
void scene_filter(struct rng *rng);
/* scene_remote.c */
void scene_vm(struct rng *rng);
void scene_mem(struct rng *rng);
void scene_ptrace(struct rng *rng);
/* scene_socket.c */
void scene_stream(struct rng *rng);
void scene_packet(struct rng *rng);
void scene_xdp(struct rng *rng);
void scene_hash(struct rng *rng);
/* scene_misc.c */
void scene_ipc(struct rng *rng);
void scene_keys(struct rng *rng);
void scene_queue(struct rng *rng);
void scene_load(struct rng *rng);
void scene_ioctl(struct rng *rng);
/* scene_kvm.c */
void scene_kvm(struct rng *rng);
void scene_clock(struct rng *rng);
/* scene_vhost.c */
void scene_vhost(struct rng *rng);

#endif /* SCENES_H */
