// SPDX-License-Identifier: GPL-2.0-only
#include "scenes.h"

#include <stddef.h>
#include <string.h>

#define S(name) { #name, scene_##name }

static const struct scene scenes[] = {
	S(frame), S(frame32), S(sigreturn), S(robust), S(cleartid), S(rseq),
	S(exec), S(dispatch), S(futex), S(seccomp), S(uring), S(fixed), S(ring),
	S(sqpoll), S(pbuf), S(inherit), S(pipe), S(sendfile), S(aio), S(fault),
	S(perf), S(callchain), S(bpf), S(filter), S(vm), S(mem), S(ptrace),
	S(stream), S(packet), S(xdp), S(hash), S(ipc), S(keys), S(queue),
	S(load), S(ioctl), S(kvm), S(clock), S(vhost),
};

#define SCENES	(sizeof(scenes) / sizeof(*scenes))

const struct scene *scene_some(struct rng *rng)
{
	return &scenes[rng_below(rng, SCENES)];
}

const struct scene *scene_find(const char *name)
{
	size_t i;

	for (i = 0; i < SCENES; i++)
		if (!strcmp(scenes[i].name, name))
			return &scenes[i];
	return NULL;
}
