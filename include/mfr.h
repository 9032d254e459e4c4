/* SPDX-License-Identifier: MIT */
/*
 * libmfr: memory that survives an error, and exact knowledge of what is lost.
 *
 *	context ---------------- event queue (bounded) + eventfd
 *	   |                          ^
 *	   | owns                     | SIGBUS, or mfr_sigbus()
 *	   v                          |
 *	region = memfd + mapping + ledger
 *	                              |  one bit a base page, in shared memory
 *	                              v
 *	                        other processes, read-only (mfr_ledger_open())
 *
 * A SIGBUS for a memory error marks (offset, length) in the region's ledger
 * and then queues an event.  The ledger is the truth and never overflows; an
 * event says that it changed, and a full queue is a state that is reported.
 *
 * Offsets and lengths are bytes in the file.  The ledger counts in base pages
 * of MFR_PAGE_BYTES: what is marked is rounded out to these.
 *
 * Structs that may grow begin with their size.  Set it to their sizeof, before
 * each call; it is left as it is.  What the older of program and library does
 * not know is 0 for the other.  -EINVAL: a size that never was, such as 0;
 * -E2BIG: options that the library is too old for, or above 4,096.  Ranges and
 * slots are what they are and will not grow.
 *
 * Errors: functions that return int or int64_t return 0 or a count, or a
 * negative errno; none prints, exits or changes errno.  -EFAULT is a null
 * pointer, -EINVAL a pointer that is no context, region or ledger, or a wrong
 * value; others are named at each function.
 *
 * Threads: all functions can be called from any thread, but nothing may use an
 * object during or after its destruction.  Signals: only functions that say so
 * are async-signal-safe.  fork(): the child shares memory, ledger and eventfd,
 * and has a copy of the event queue.  The child's mappings are its own.
 * exec(): descriptors are closed (O_CLOEXEC); use mfr_region_send() instead.
 *
 * Without kernel support for MFD_MF_KEEP_UE_MAPPED all of this works, and the
 * ledger says what is true then: the whole huge page is lost.
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
 * @events: how many events the queue holds, a power of two of 2 to 65,536;
 *	0 is 256.
 * @regions: how many regions the context can own, 1 to 65,536; 0 is 64.
 */
struct mfr_context_options {
	size_t size;
	unsigned int events;
	unsigned int regions;
};

/*
 * Make a context; @options may be NULL for all defaults.
 * -ENOMEM; -EMFILE, -ENFILE: the process, or the system, has too many files.
 */
int mfr_context_create(const struct mfr_context_options *options,
		       struct mfr_context **context);

/* -EBUSY: it still owns regions, or its SIGBUS handler is installed. */
int mfr_context_destroy(struct mfr_context *context);

/*
 * What the library has to say, a line without newline.  Never called from
 * mfr_sigbus().  @log NULL: silence, as at the start.  Set it before other
 * threads use the context.
 */
int mfr_context_set_log(struct mfr_context *context,
			void (*log)(void *arg, const char *line), void *arg);

/*
 * Regions
 */

/*
 * Does the kernel take MFD_MF_KEEP_UE_MAPPED for files of huge pages of
 * @page_bytes?  1 or 0.  It asks by creating such a file, not by version.
 * -EINVAL: not a power of two, or not a size of huge pages.
 * -ENODEV: no huge pages of this size here; -EMFILE, -ENFILE: it cannot ask.
 */
int mfr_probe(uint64_t page_bytes);

#define MFR_REGION_PREALLOC	1U	/* take all pages from the pool now */
#define MFR_REGION_NEED_KEEP	2U	/* fail if the kernel has no keep */

/*
 * @size: sizeof(struct mfr_region_options).
 * @name: as for memfd_create(), shown in /proc/PID/maps; NULL is "mfr".
 * @bytes: a multiple of @page_bytes, not 0.
 * @page_bytes: the huge page size; MFR_PAGE_BYTES for a file of base pages,
 *	for which there is no policy.
 * @node: NUMA node that all pages must come from, or -1.  It is the mapping's:
 *	what another process touches first comes from where that one says.
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
 * Make a file that neither shrinks nor grows, and that nobody can seal any
 * further; map it and make its ledger.
 * -EINVAL a wrong size, node or flag; -ENODEV no huge pages of this size;
 * -EOPNOTSUPP MFR_REGION_NEED_KEEP on a kernel without keep;
 * -ENOMEM the pool has too few pages (of @node); -ENOSPC the context has no
 * room for one more region; -EMFILE, -ENFILE.
 */
int mfr_region_create(struct mfr_context *context,
		      const struct mfr_region_options *options,
		      struct mfr_region **region);

#define MFR_IMPORT_UNSEALED	1U	/* others may shrink it: on your head */

/*
 * Map a memfd that exists (it is duplicated, @fd stays the caller's), and fill
 * its ledger from what the kernel says in /proc/self/fdinfo; if that cannot be
 * read, the log says so.  What is behind the last whole base page stays out.
 * -EBADF: no descriptor; -EMEDIUMTYPE: no memfd; -ENODATA: it is empty;
 * -EPERM: it can shrink (F_SEAL_SHRINK is not set) and the flag is not given,
 * or it is sealed against writing; -EACCES: @fd is not open for both reading and
 * writing; -EBADMSG, -EIO: fdinfo is malformed, or reading it failed;
 * -ENOMEM, -ENOSPC, -EMFILE, -ENFILE as above.
 */
int mfr_region_import(struct mfr_context *context, int fd, unsigned int flags,
		      struct mfr_region **region);

/*
 * Unmap and close.  Nothing may access the memory any more, and no other thread
 * may be in the handler of a SIGBUS for it: a scrubber's comes unasked, to the
 * thread that asked for it (PR_MCE_KILL_EARLY), else to the main one.
 */
int mfr_region_destroy(struct mfr_region *region);

/*
 * Getters.  Async-signal-safe; 0, -1 or NULL if @region is no region.  The
 * descriptors stay the library's.
 */
void *mfr_region_address(const struct mfr_region *region);
uint64_t mfr_region_bytes(const struct mfr_region *region);
uint64_t mfr_region_page_bytes(const struct mfr_region *region);
int mfr_region_fd(const struct mfr_region *region);
int mfr_region_is_kept(const struct mfr_region *region);	/* 1 or 0 */
const struct mfr_ledger *mfr_region_ledger(const struct mfr_region *region);

/*
 * The ledger's file, to be sent to processes that map the same memory; sealed,
 * so they can map it for reading only.
 */
int mfr_region_ledger_fd(const struct mfr_region *region);

/*
 * Mark a range as lost that the caller knows of (KVM exits, DMA errors).
 * Returns the number of base pages that are new on the ledger.  No event.
 * Async-signal-safe.  -ERANGE: past the end, or empty.
 */
int64_t mfr_region_mark(struct mfr_region *region, uint64_t offset,
			uint64_t length);

/*
 * Punch out the page (huge page) that holds @offset and take another one from
 * the pool; its bytes are 0 and its ranges leave the ledger.  All that was in
 * the page is gone, the healthy bytes too, for every process that maps it.
 * Pins keep the old page: tell devices.  The caller keeps others out meanwhile.
 * -ERANGE: past the end; -ENODATA: nothing in this page is lost, and it stays;
 * -ENOMEM: the pool is empty: the old page is gone, the ledger says that all of
 * it is lost; call again when there is one.
 */
int mfr_region_replace(struct mfr_region *region, uint64_t offset);

/*
 * Ledgers: ordered, merged ranges that are lost.  Queries are O(log size),
 * plus a load for each 256 KiB that a found range is long; async-signal-safe,
 * lock-free, and right while others mark.
 */

/*
 * Map a ledger's file that another process sent.
 * -EBADF; -EBADMSG: no ledger; -EPROTONOSUPPORT: of another version; -EMSGSIZE:
 * cut short; -EPERM: it is not sealed against shrinking; -ENOMEM.
 */
int mfr_ledger_open(int fd, struct mfr_ledger **ledger);
int mfr_ledger_close(struct mfr_ledger *ledger);

/* 1 if no byte of the range is lost, else 0; -ERANGE past the end or empty. */
int mfr_ledger_is_clean(const struct mfr_ledger *ledger, uint64_t offset,
			uint64_t length);

/*
 * The first lost range that ends after @offset; it begins at @offset or later.
 * 1 and @range, 0 if there is none.  To iterate, go on at the range's end.
 */
int mfr_ledger_next_lost(const struct mfr_ledger *ledger, uint64_t offset,
			 struct mfr_range *range);

/* The same for what is not lost. */
int mfr_ledger_next_clean(const struct mfr_ledger *ledger, uint64_t offset,
			  struct mfr_range *range);

/* Bytes on the ledger.  0 if @ledger is none. */
uint64_t mfr_ledger_lost_bytes(const struct mfr_ledger *ledger);

/*
 * Events
 */

#define MFR_EVENT_ACTION_REQUIRED 1U	/* consumed (AR); else AO */
#define MFR_EVENT_KNOWN		2U	/* all of it was on the ledger before */
#define MFR_EVENT_OVERFLOW	4U	/* events are missing: read the ledgers */

/*
 * @size: sizeof(struct mfr_event).
 * @region is NULL and the range empty in an overflow's event.
 */
struct mfr_event {
	size_t size;
	struct mfr_region *region;
	struct mfr_range range;
	unsigned int flags;
};

/* Readable (poll()) when there are events; the library's, read it or not. */
int mfr_event_fd(const struct mfr_context *context);

/*
 * Take the oldest event: 1, or 0 if there is none.  For one thread at a time,
 * which calls until it gets 0: the first call empties the descriptor.  An
 * overflow is told after the events that the queue held.
 */
int mfr_event_next(struct mfr_context *context, struct mfr_event *event);

/*
 * SIGBUS
 */

#define MFR_SIGBUS_NOT_MINE	0	/* untouched: do what you did before */
#define MFR_SIGBUS_RESUME	1	/* noted; return from the handler */
#define MFR_SIGBUS_STUCK	2	/* noted; the load would trap again */

/*
 * To be called from the host's own SIGBUS handler (SA_SIGINFO).  The ledger is
 * marked and an event queued, unless it is NOT_MINE: no memory error (such as
 * BUS_ADRERR) or outside of all regions.  After STUCK jump out, inject into
 * the guest, or die.  @ucontext is changed if a guarded access was hit.
 * Async-signal-safe; the only system call is one write() to the eventfd.
 */
int mfr_sigbus(struct mfr_context *context, const siginfo_t *info,
	       void *ucontext);

/*
 * Or let the library install a handler.  What is not ours, and STUCK, goes to
 * the handler from before; the default action then ends the process.  A system
 * call that the signal interrupts is restarted (SA_RESTART).
 * -EBUSY: a context of this process has installed it already.
 */
int mfr_sigbus_install(struct mfr_context *context);

/*
 * -ENOENT: this context has none; -EBUSY: somebody installed a handler since,
 * which may call ours.
 */
int mfr_sigbus_uninstall(struct mfr_context *context);

/*
 * Guarded access
 *
 * Needs SIGBUS to reach mfr_sigbus().  What the ledger says is lost is not
 * touched, what turns out to be is noted.  Returns the bytes done, less than
 * @length if poison came; -EHWPOISON if it is at the first byte; -ERANGE if the
 * range is not in the region, or longer than INT64_MAX.  The buffer may not be
 * poisoned memory of no region.
 */
int64_t mfr_read(struct mfr_region *region, uint64_t offset, void *buffer,
		 size_t length);
int64_t mfr_write(struct mfr_region *region, uint64_t offset,
		  const void *buffer, size_t length);

/* The ranges may not overlap if it is the same region. -EINVAL: they do. */
int64_t mfr_copy(struct mfr_region *to, uint64_t to_offset,
		 struct mfr_region *from, uint64_t from_offset, size_t length);

/* Load every word and note all poison; the bytes that are new on the ledger. */
int64_t mfr_scan(struct mfr_region *region, uint64_t offset, uint64_t length);

/*
 * Hand-over
 *
 * The blob: little-endian; magic "mfrblob", version, the region's size and page
 * size, the ranges, and a CRC-32 of all.  A successor on this host gets blob
 * and memfd over a unix stream socket, another host the blob and the bytes.
 */

/*
 * Write the blob of @ledger to @buffer of @size; returns its length.
 * -ENOSPC: @size is too small; with @size 0 it returns the length needed, more
 * if errors come meanwhile.
 */
int64_t mfr_ledger_save(const struct mfr_ledger *ledger, void *buffer,
			size_t size);

/*
 * Add the ranges of a blob to the region's ledger; nothing, if it is wrong.
 * -EBADMSG: no blob, or damaged; -EPROTONOSUPPORT: of another version;
 * -EMSGSIZE: cut short or too long; -ESTALE: of a region of another size.
 */
int mfr_region_load(struct mfr_region *region, const void *blob, size_t size);

/*
 * Send memfd and blob.  Errors of sendmsg(), -EPIPE without SIGPIPE; -ENOMEM.
 */
int mfr_region_send(const struct mfr_region *region, int socket);

/*
 * Receive a region; blocks as the socket does.  Errors of recvmsg(),
 * mfr_region_import() and mfr_region_load(); -ECONNRESET: the sender went away
 * half-way; -EBADMSG also: no descriptor came, or more than one.  Close the
 * socket then: nobody knows where the next region would begin.
 */
int mfr_region_receive(struct mfr_context *context, int socket,
		       struct mfr_region **region);

/*
 * KVM: pure translation, no KVM descriptors.  Async-signal-safe.
 */

/* Guest memory [gpa, gpa + bytes) is at @offset of the region. */
struct mfr_kvm_slot {
	uint64_t gpa;
	uint64_t offset;
	uint64_t bytes;
};

/*
 * The guest physical range of a lost range, cut to the first slot that holds
 * part of it: 1, or 0 if no slot does.
 */
int mfr_kvm_to_guest(const struct mfr_kvm_slot *slots, size_t count,
		     struct mfr_range lost, struct mfr_range *guest);

/*
 * The opposite, for KVM_RUN that fails with EHWPOISON and KVM_EXIT_MEMORY_FAULT
 * (gpa and size): mark the result with mfr_region_mark().
 */
int mfr_kvm_to_region(const struct mfr_kvm_slot *slots, size_t count,
		      struct mfr_range guest, struct mfr_range *lost);

#define MFR_CPU_INTEL	1
#define MFR_CPU_AMD	2

/*
 * @size: sizeof(struct mfr_mce); the others are of struct kvm_x86_mce.  The guest
 * needs banks up to @bank (Intel: 9; AMD: 0 if consumed, else 4), and Intel's
 * MCG_SER_P.
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
 * .Deferred, and the BKDGs on DRAM ECC errors in bank 4).  @flags are an
 * event's.  AO on AMD raises none: the guest finds it when it polls its banks.
 * -EINVAL: no such CPU.
 */
int mfr_kvm_mce(int cpu, uint64_t gpa, unsigned int flags, struct mfr_mce *mce);

/*
 * In the words of QMP's event MEMORY_FAILURE, which management tools know.
 * @size: sizeof(struct mfr_kvm_report).
 * @action_required: consumed, not found by a scrubber.
 * @recursive: the error came while the guest was still handling another one.
 *	That it was known before (MFR_EVENT_KNOWN) is something else.
 */
struct mfr_kvm_report {
	size_t size;
	const char *recipient;		/* "guest" or "hypervisor" */
	const char *action;		/* "inject", "ignore", "reset", "fatal" */
	int action_required;
	int recursive;
};

/*
 * What a VMM has to do with an error, and to tell.  @in_guest: does it lie in
 * guest memory (mfr_kvm_to_guest())?  @flags are an event's, @mcg_status is the
 * vCPU's: with MCIP set, a guest cannot take another machine check.
 */
int mfr_kvm_report(int in_guest, unsigned int flags, uint64_t mcg_status,
		   struct mfr_kvm_report *report);

#ifdef __cplusplus
}
#endif

#endif /* MFR_H */
