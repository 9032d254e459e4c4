/* SPDX-License-Identifier: MIT */
/*
 * libmfr: memory that survives errors, and an exact list of the bytes lost.
 *
 *	context ---------------- event queue (bounded) + eventfd
 *	   |                          ^
 *	   | owns                     | SIGBUS, or mfr_sigbus()
 *	   v                          |
 *	region = memfd + mapping + ledger
 *	                              |  one bit per base page, in shared memory
 *	                              v
 *	                        other processes, read-only (mfr_ledger_open())
 *
 * A SIGBUS for a memory error marks (offset, length) in the region's ledger
 * and then queues an event.  The ledger is complete and never overflows.  An
 * event only says that it changed; events dropped by a full queue are reported.
 *
 * Offsets and lengths are bytes in the file.  The ledger counts in base pages
 * of MFR_PAGE_BYTES: marked ranges are rounded out to whole base pages.
 *
 * Structs that may grow begin with their size.  Set it to their sizeof before
 * each call; the library does not change it.  Program and library may differ
 * in version: a field that one of them lacks is 0 for the other.  -EINVAL: a
 * size smaller than in any version, such as 0; -E2BIG: options set fields that
 * this library lacks, or a size above 4,096.  Ranges and slots will not grow.
 *
 * Errors: functions that return int or int64_t return 0 or a count, or a
 * negative errno; none prints, exits or changes errno.  -EFAULT: a pointer is
 * NULL.  -EINVAL: a pointer is not a context, region or ledger, or a value is
 * invalid.  All other errors are listed at each function.
 *
 * Threads: all functions can be called from any thread, but nothing may use an
 * object during or after its destruction.  Signals: only functions that say so
 * are async-signal-safe.  fork(): the child shares memory, ledger and eventfd;
 * it has its own copy of the event queue and its own mappings.  exec():
 * descriptors are closed (O_CLOEXEC); use mfr_region_send() instead.
 *
 * All of this also works on a kernel without MFD_MF_KEEP_UE_MAPPED.  An error
 * then takes the whole huge page, and that is what the ledger says.
 */
#ifndef MFR_H
#define MFR_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MFR_PAGE_BYTES	4096

#ifndef MFD_MF_KEEP_UE_MAPPED
#define MFD_MF_KEEP_UE_MAPPED	0x0020U
#endif

struct mfr_context;
struct mfr_region;
struct mfr_ledger;

/* Offset and length in bytes, of a file or of guest physical memory. */
struct mfr_range {
	uint64_t offset;
	uint64_t length;
};

/*
 * Contexts
 */

/*
 * @size: sizeof(struct mfr_context_options).
 * @events: how many events the queue holds, a power of two from 2 to 65,536;
 *	0 means 256.
 * @regions: how many regions the context can own, 1 to 65,536; 0 means 64.
 */
struct mfr_context_options {
	size_t size;
	unsigned int events;
	unsigned int regions;
};

/*
 * Create a context; @options may be NULL for all defaults.
 * -ENOMEM; -EMFILE, -ENFILE: the process, or the system, has too many files.
 */
int mfr_context_create(const struct mfr_context_options *options,
		       struct mfr_context **context);

/* -EBUSY: @context owns regions, or its SIGBUS handler is installed. */
int mfr_context_destroy(struct mfr_context *context);

/*
 * Set the function that receives the library's messages, each as one line
 * without newline.  mfr_sigbus() never calls it.  NULL, the default, discards
 * messages.  Call this before other threads use the context.
 */
int mfr_context_set_log(struct mfr_context *context,
			void (*log)(void *arg, const char *line), void *arg);

/*
 * Regions
 */

/*
 * Returns 1 if the kernel accepts MFD_MF_KEEP_UE_MAPPED for huge pages of
 * @page_bytes, else 0.  Tests by creating such a file, not by version.
 * -EINVAL: not a power of two, or too small or large for a huge page.
 * -ENODEV: no huge pages of this size here; -EMFILE, -ENFILE: test impossible.
 */
int mfr_probe(uint64_t page_bytes);

#define MFR_REGION_PREALLOC	1U	/* take all pages from the pool now */
#define MFR_REGION_NEED_KEEP	2U	/* fail without MFD_MF_KEEP_UE_MAPPED */

/*
 * @size: sizeof(struct mfr_region_options).
 * @name: as for memfd_create(), shown in /proc/PID/maps; NULL is "mfr".
 * @bytes: a multiple of @page_bytes, not 0.
 * @page_bytes: the huge page size; MFR_PAGE_BYTES for a file of base pages,
 *	which MFD_MF_KEEP_UE_MAPPED does not support.
 * @node: NUMA node that all pages must come from, or -1.  It binds only this
 *	mapping: a page that another process touches first can be elsewhere.
 * @flags: MFR_REGION_*.
 */
struct mfr_region_options {
	size_t size;
	const char *name;
	uint64_t bytes;
	uint64_t page_bytes;
	int node;
	unsigned int flags;
};

/*
 * Create a file whose size is fixed and to which no seal can be added; map it
 * and create its ledger.
 * -EINVAL: invalid size, node or flag; -ENODEV: no huge pages of this size;
 * -EOPNOTSUPP: MFR_REGION_NEED_KEEP on a kernel without the policy;
 * -ENOMEM: the pool has too few pages (of @node); -ENOSPC: the context has no
 * room for another region; -EMFILE, -ENFILE.
 */
int mfr_region_create(struct mfr_context *context,
		      const struct mfr_region_options *options,
		      struct mfr_region **region);

#define MFR_IMPORT_UNSEALED	1U	/* shrinkable by others: at your risk */

/*
 * Map an existing memfd (@fd is duplicated and stays the caller's) and fill its
 * ledger from /proc/self/fdinfo; if that file cannot be opened, a message goes
 * to the log.  A partial base page at the end of the memfd is left out.
 * -EBADF: not a descriptor; -EMEDIUMTYPE: not a memfd; -ENODATA: it is empty;
 * -EPERM: it can shrink (no F_SEAL_SHRINK) without MFR_IMPORT_UNSEALED, or
 * it is sealed against writing; -EACCES: @fd is not open for both reading and
 * writing; -EBADMSG, -EIO: fdinfo is malformed, or reading it failed;
 * -ENOMEM, -ENOSPC, -EMFILE, -ENFILE as above.
 */
int mfr_region_import(struct mfr_context *context, int fd, unsigned int flags,
		      struct mfr_region **region);

/*
 * Unmap and close.  Nothing may access the memory any more, and no other thread
 * may be in a SIGBUS handler for it.  A SIGBUS for an error that a scrubber
 * found comes at any time: to the thread that opted in to early kill
 * (PR_MCE_KILL_EARLY), else to the main thread.
 */
int mfr_region_destroy(struct mfr_region *region);

/*
 * Getters.  Async-signal-safe; return 0, -1 or NULL if @region is not a region.
 * The descriptors belong to the library: do not close them.
 */
void *mfr_region_address(const struct mfr_region *region);
uint64_t mfr_region_bytes(const struct mfr_region *region);
uint64_t mfr_region_page_bytes(const struct mfr_region *region);
int mfr_region_fd(const struct mfr_region *region);
int mfr_region_is_kept(const struct mfr_region *region);	/* 1 or 0 */
const struct mfr_ledger *mfr_region_ledger(const struct mfr_region *region);

/*
 * The descriptor of the ledger's file, to send to processes that map the same
 * memory.  A seal allows only read-only mappings.
 */
int mfr_region_ledger_fd(const struct mfr_region *region);

/*
 * Mark a range as lost, for errors reported by a KVM exit or a failed DMA.
 * Returns the number of base pages that are new on the ledger.  Queues no
 * event.  Async-signal-safe.  -ERANGE: past the end, or empty.
 */
int64_t mfr_region_mark(struct mfr_region *region, uint64_t offset,
			uint64_t length);

/*
 * Replace the page or huge page that holds @offset with a zeroed one from the
 * pool, and clear its ranges from the ledger.  All of the old contents are
 * lost, healthy bytes too, for every process that maps the page.  Pins keep the
 * old page: map the new one for devices.  Keep others off the page meanwhile.
 * -ERANGE: past the end; -ENODATA: nothing in this page is lost, and it stays;
 * -ENOMEM: the pool is empty, the old page is gone, and the ledger lists all of
 * it as lost; call again when the pool has a page.
 */
int mfr_region_replace(struct mfr_region *region, uint64_t offset);

/*
 * Ledgers: ordered, merged ranges of lost bytes.  A query takes O(log size),
 * plus one load per 256 KiB of the range found.  Queries are async-signal-safe,
 * lock-free, and correct while others mark ranges.
 */

/*
 * Map a ledger's file that another process sent.
 * -EBADF; -EBADMSG: not a ledger; -EPROTONOSUPPORT: of another version;
 * -EMSGSIZE: truncated; -EPERM: not sealed against shrinking; -ENOMEM.
 */
int mfr_ledger_open(int fd, struct mfr_ledger **ledger);
int mfr_ledger_close(struct mfr_ledger *ledger);

/* 1 if no byte of the range is lost, else 0; -ERANGE: past the end or empty. */
int mfr_ledger_is_clean(const struct mfr_ledger *ledger, uint64_t offset,
			uint64_t length);

/*
 * The first lost range at or after @offset; one that spans @offset is cut to
 * begin there.  Returns 1 and fills @range, or 0 if there is none.  To iterate,
 * continue at the end of @range.
 */
int mfr_ledger_next_lost(const struct mfr_ledger *ledger, uint64_t offset,
			 struct mfr_range *range);

/* The same for bytes that are not lost. */
int mfr_ledger_next_clean(const struct mfr_ledger *ledger, uint64_t offset,
			  struct mfr_range *range);

/* The number of lost bytes; 0 if @ledger is not a ledger. */
uint64_t mfr_ledger_lost_bytes(const struct mfr_ledger *ledger);

/*
 * Events
 */

#define MFR_EVENT_ACTION_REQUIRED 1U	/* consumed (AR); otherwise AO */
#define MFR_EVENT_KNOWN		2U	/* @range was on the ledger before */
#define MFR_EVENT_OVERFLOW	4U	/* events are missing: read the ledgers */

/*
 * @size: sizeof(struct mfr_event).
 * With MFR_EVENT_OVERFLOW, @region is NULL and @range is empty.
 */
struct mfr_event {
	size_t size;
	struct mfr_region *region;
	struct mfr_range range;
	unsigned int flags;
};

/* Readable (poll()) while events are queued.  Do not read or close it. */
int mfr_event_fd(const struct mfr_context *context);

/*
 * Take the oldest event.  Returns 1, or 0 if there is none.  Only one thread at
 * a time may call this, and has to call until it gets 0, as the first call
 * empties the descriptor.  An overflow comes after the events in the queue.
 */
int mfr_event_next(struct mfr_context *context, struct mfr_event *event);

/*
 * SIGBUS
 */

#define MFR_SIGBUS_NOT_MINE	0	/* ignored; handle it yourself */
#define MFR_SIGBUS_RESUME	1	/* marked; return from the handler */
#define MFR_SIGBUS_STUCK	2	/* marked; the load would trap again */

/*
 * Call this from the program's own SIGBUS handler (SA_SIGINFO).  It marks the
 * ledger and queues an event, except for NOT_MINE: not a memory error (such as
 * BUS_ADRERR), or outside of all regions.  After STUCK, jump out of the
 * handler, inject the error into the guest, or end the process.  @ucontext is
 * changed to end a guarded access that the signal interrupted.
 * Async-signal-safe; the only system call is one write() to the eventfd.
 */
int mfr_sigbus(struct mfr_context *context, const siginfo_t *info,
	       void *ucontext);

/*
 * For a program without a handler: install the library's.  It passes NOT_MINE
 * and STUCK on to the previous handler; if that is the default action, the
 * process ends.  Interrupted system calls are restarted (SA_RESTART).
 * -EBUSY: a context of this process has its handler installed already.
 */
int mfr_sigbus_install(struct mfr_context *context);

/*
 * Restore the previous handler.  -ENOENT: this context has none installed;
 * -EBUSY: another handler was installed since, which may call the library's.
 */
int mfr_sigbus_uninstall(struct mfr_context *context);

/*
 * Guarded access
 *
 * SIGBUS has to reach mfr_sigbus().  Memory that the ledger lists as lost is
 * not touched; new poison is marked.  Returns the bytes copied, fewer than
 * @length if poison was met.  -EHWPOISON: the first byte is lost; -ERANGE: the
 * range is not in the region, or longer than INT64_MAX.  The buffer may not be
 * in poisoned memory outside of all regions.
 */
int64_t mfr_read(struct mfr_region *region, uint64_t offset, void *buffer,
		 size_t length);
int64_t mfr_write(struct mfr_region *region, uint64_t offset,
		  const void *buffer, size_t length);

/* -EINVAL also: the ranges overlap in the same region. */
int64_t mfr_copy(struct mfr_region *to, uint64_t to_offset,
		 struct mfr_region *from, uint64_t from_offset, size_t length);

/* Load every word and mark all poison.  Returns the bytes newly marked. */
int64_t mfr_scan(struct mfr_region *region, uint64_t offset, uint64_t length);

/*
 * Hand-over
 *
 * The blob is a ledger as bytes, little-endian: magic "mfrblob", version, the
 * region's size, the ledger's page size, the ranges, and a CRC-32 of it all.
 * A successor on this host receives blob and memfd over a unix stream socket;
 * for another host, send the blob and the bytes of the region.
 */

/*
 * Write the blob of @ledger to @buffer of @size; returns the blob's length.
 * With @size 0, returns the length needed now; a new error can increase it.
 * -ENOSPC: @size is too small.
 */
int64_t mfr_ledger_save(const struct mfr_ledger *ledger, void *buffer,
			size_t size);

/*
 * Add the ranges of a blob to the region's ledger; none if the blob is invalid.
 * -EBADMSG: not a blob, or damaged; -EPROTONOSUPPORT: of another version;
 * -EMSGSIZE: truncated or too long; -ESTALE: of a region of another size.
 */
int mfr_region_load(struct mfr_region *region, const void *blob, size_t size);

/*
 * Send memfd and blob.  Errors of sendmsg(), -EPIPE without SIGPIPE; -ENOMEM.
 */
int mfr_region_send(const struct mfr_region *region, int socket);

/*
 * Receive a region; blocks as the socket does.  Errors of recvmsg(),
 * mfr_region_import() and mfr_region_load(); -ECONNRESET: the sender closed the
 * socket too early; -EBADMSG also: not exactly one descriptor came.  On error
 * close the socket: the start of the next region in the stream is unknown.
 */
int mfr_region_receive(struct mfr_context *context, int socket,
		       struct mfr_region **region);

/*
 * KVM: pure translation, no KVM descriptors.  Async-signal-safe.
 */

/* Guest memory [gpa, gpa + bytes) is at @offset in the region. */
struct mfr_kvm_slot {
	uint64_t gpa;
	uint64_t offset;
	uint64_t bytes;
};

/*
 * Translate a lost range to guest physical addresses, cut to the first slot
 * that holds part of it.  Returns 1, or 0 if no slot holds any.
 */
int mfr_kvm_to_guest(const struct mfr_kvm_slot *slots, size_t count,
		     struct mfr_range lost, struct mfr_range *guest);

/*
 * The opposite, for a KVM_RUN that fails with EHWPOISON and reports
 * KVM_EXIT_MEMORY_FAULT (gpa and size): pass the result to mfr_region_mark().
 */
int mfr_kvm_to_region(const struct mfr_kvm_slot *slots, size_t count,
		      struct mfr_range guest, struct mfr_range *lost);

#define MFR_CPU_INTEL	1
#define MFR_CPU_AMD	2

/*
 * @size: sizeof(struct mfr_mce); the other fields are those of struct
 * kvm_x86_mce.  The guest needs banks up to @bank (Intel: 9; AMD: 0 if
 * consumed, else 4) and, on Intel, MCG_SER_P.
 */
struct mfr_mce {
	size_t size;
	uint64_t status;
	uint64_t addr;
	uint64_t misc;
	uint64_t mcg_status;
	uint8_t bank;
};

/*
 * The machine check to inject (Intel SDM Vol. 3B, "Machine-Check Error
 * Codes": data load, memory scrubbing; AMD APM Vol. 2, MCi_STATUS.Poison and
 * .Deferred, and the BKDGs on DRAM ECC errors in bank 4).  @flags are those of
 * the event.  On AMD an AO error is deferred and raises no machine check: the
 * guest finds it when it polls its banks.  -EINVAL: unknown @cpu.
 */
int mfr_kvm_mce(int cpu, uint64_t gpa, unsigned int flags, struct mfr_mce *mce);

/*
 * Fields are named as in QMP's event MEMORY_FAILURE, for management tools.
 * @size: sizeof(struct mfr_kvm_report).
 * @action_required: consumed, not found by a scrubber.
 * @recursive: the error came while the guest was still handling another one.
 *	Known poison (MFR_EVENT_KNOWN) does not make an error recursive.
 */
struct mfr_kvm_report {
	size_t size;
	const char *recipient;		/* "guest" or "hypervisor" */
	const char *action;		/* "inject", "ignore", "reset", "fatal" */
	int action_required;
	int recursive;
};

/*
 * What a VMM has to do about an error, and to report.  @in_guest: whether the
 * error is in guest memory (mfr_kvm_to_guest()).  @flags are those of the
 * event.  @mcg_status is the vCPU's: while MCIP is set, the guest cannot take
 * another machine check.
 */
int mfr_kvm_report(int in_guest, unsigned int flags, uint64_t mcg_status,
		   struct mfr_kvm_report *report);

#ifdef __cplusplus
}
#endif

#endif /* MFR_H */
