// SPDX-License-Identifier: GPL-2.0-only
/* Sockets: data that is lost, pinned or copied, and their options. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/if_xdp.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "descriptors.h"
#include "hugepage.h"
#include "places.h"
#include "scenes.h"
#include "user.h"

#ifndef SO_ZEROCOPY
#define SO_ZEROCOPY	60
#endif
#define FLAG_ZEROCOPY	0x4000000

static void receive(struct rng *rng, int fd)
{
	struct iovec iov[2] = {
		{ place_raw(rng, 64, true), 64 }, { place_healthy(4096), 4096 },
	};
	struct msghdr message = {
		.msg_iov = place_struct(rng, iov, sizeof(iov), 2), .msg_iovlen = 2,
		.msg_control = place_raw(rng, 64, true), .msg_controllen = 64,
	};

	recvmsg(fd, &message, MSG_DONTWAIT |
		(rng_percent(rng, 20) ? MSG_PEEK : 0));
	recv(fd, place_healthy(4096), 4096, MSG_DONTWAIT);
}

/* Send a copy, or the page itself (zerocopy), to the other end. */
void scene_stream(struct rng *rng)
{
	static const enum descriptor ends[][2] = {
		{ FD_UNIX, FD_UNIX_PEER }, { FD_DGRAM, FD_DGRAM_PEER },
		{ FD_TCP, FD_TCP_PEER }, { FD_UDP, FD_UDP },
	};
	const enum descriptor *end = ends[rng_below(rng, 4)];
	char *line = place_line(rng, true);
	bool zerocopy = rng_percent(rng, 40);
	int one = 1, len = 64 + rng_below(rng, 4000);

	if (zerocopy)
		setsockopt(descriptor(end[0]), SOL_SOCKET, SO_ZEROCOPY, &one, 4);
	send(descriptor(end[0]), rng_percent(rng, 50) ? line - 64 : line, len,
	     MSG_DONTWAIT | MSG_NOSIGNAL | (zerocopy ? FLAG_ZEROCOPY : 0));
	if (zerocopy && rng_percent(rng, 50))
		user_try((void)*(volatile char *)line);
	receive(rng, descriptor(end[1]));
}

static void make_ring(struct rng *rng, int fd)
{
	struct tpacket_req request = { 4096, 4, 2048, 8 };
	int version = rng_below(rng, 3);

	setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version));
	setsockopt(fd, SOL_PACKET, rng_percent(rng, 50) ? PACKET_TX_RING
							: PACKET_RX_RING,
		   place_struct(rng, &request, sizeof(request), 2),
		   sizeof(request));
}

/* Works only in the caller's own network namespace. */
void scene_packet(struct rng *rng)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = 1, .sll_halen = 6,
	};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, htons(ETH_P_ALL));

	if (fd < 0)
		return;
	if (rng_percent(rng, 50))
		make_ring(rng, fd);
	sendto(fd, place_raw(rng, 128, true), 128, MSG_DONTWAIT,
	       place_struct(rng, &to, sizeof(to), 2), sizeof(to));
	receive(rng, fd);
	close(fd);
}

/* UMEM is pinned; fill and completion rings are the kernel's. */
void scene_xdp(struct rng *rng)
{
	char *line = place_line(rng, true);
	struct xdp_umem_reg umem = {
		.addr = (uintptr_t)line & -BASE_PAGE, .len = BASE_PAGE,
		.chunk_size = 2048,
	};
	struct sockaddr_xdp to = { .sxdp_family = AF_XDP, .sxdp_ifindex = 1 };
	int fd = socket(AF_XDP, SOCK_RAW, 0), entries = 4;

	if (fd < 0)
		return;
	setsockopt(fd, SOL_XDP, XDP_UMEM_REG,
		   place_struct(rng, &umem, sizeof(umem), 2), sizeof(umem));
	setsockopt(fd, SOL_XDP, XDP_UMEM_FILL_RING, &entries, 4);
	setsockopt(fd, SOL_XDP, XDP_UMEM_COMPLETION_RING, &entries, 4);
	setsockopt(fd, SOL_XDP, XDP_TX_RING, &entries, 4);
	bind(fd, (void *)&to, sizeof(to));
	user_try((void)*(volatile char *)line);
	sendto(fd, NULL, 0, MSG_DONTWAIT, NULL, 0);
	close(fd);
}

/*
 * The kernel pins the pages and uses plain loads, so new poison would panic the
 * machine, with or without the policy (docs/kernel.md).
 */
void scene_hash(struct rng *rng)
{
	int fd = descriptor(FD_ALG_OP);

	send(fd, place_line(rng, false), 64, MSG_DONTWAIT | MSG_MORE);
	send(fd, place_raw(rng, 128, false), 128, MSG_DONTWAIT);
	setsockopt(fd, 279, 1, place_raw(rng, 16, true), 16);
	recv(fd, place_raw(rng, 32, true), 32, MSG_DONTWAIT);
}
