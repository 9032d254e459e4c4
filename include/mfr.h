/* SPDX-License-Identifier: MIT */
/*
 * libmfr: memory that survives errors, and an exact list of the bytes lost.
 *
 *	context ---------------- event queue (bounded) + eventfd
 *	   |                          ^
 *	   | owns                     | SIGBUS, or mfr_sigbus()
 *	   v                          |
 *	region = memfd + mappings + ledger
 *	                              |  one bit per base page, in shared memory
 *	                              v
 *	                        other processes, read-only (mfr_ledger_open())
 *
 * A SIGBUS for a memory error marks (offset, length) in the region's ledger
 * and then queues an event.  The ledger is complete and never overflows.  An
 * event only says that it changed; events dropped by a full queue are reported.
 *
 * Offsets and lengths are bytes in the file.  The ledger counts in base pages
 * (mfr_page_bytes()): marked ranges are rounded out to whole base pages.
 *
 * Structs that may grow begin with their size.  Set it to their sizeof before
 * each call; the library does not change it.  All other fields may be 0, which
 * is what most programs want.  Program and library may differ
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
 * are async-signal-safe.
 *
 * fork(): the child shares memory and ledgers.  The events stay the parent's:
 * in the child a SIGBUS marks the ledger and queues none.  If the parent has other
 * threads, the child may call only async-signal-safe functions and guarded
 * accesses, as with all of libc.  exec(): descriptors
 * are closed (O_CLOEXEC); use mfr_region_send() instead.
 *
 * The kernel kills a thread that consumes an error while SIGBUS is blocked in
 * it, or ignored.  Nothing here can prevent that: do not block it.
 *
 * All of this also works on a kernel without MFD_MF_KEEP_UE_MAPPED.  An error
 * then takes the whole huge page, and that is what the ledger says.
 */
#ifndef MFR_H
#define MFR_H

#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

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

/* The library's version, such as "0.1".  Async-signal-safe. */
const char *mfr_version(void);

/* The size of a base page: what one error takes if its page is kept. */
uint64_t mfr_page_bytes(void);

/*
 * Contexts
 */

/*
 * @size: sizeof(struct mfr_context_options).
 * @events: how many events the queue holds, a power of two from 2 to 65,536;
 *	0 means 256.
 * @mappings: how many mappings all regions of the context can have together, 1
 *	to 65,536; 0 means 64.  The library makes one for each region.
 */
struct mfr_context_options {
	size_t size;
	unsigned int events;
	unsigned int mappings;
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
 * Returns 1 if the kernel has MFD_MF_KEEP_UE_MAPPED for huge pages of
 * @page_bytes, else 0.  Tests by creating such a file, not by version: fdinfo of
 * the file has to say so (if there is a /proc), because a kernel may have another
 * use for the flag.
 * -EINVAL: not a power of two, or too small or large for a huge page.
 * -ENODEV: no huge pages of this size here; -EMFILE, -ENFILE: test impossible.
 */
int mfr_probe(uint64_t page_bytes);

enum mfr_region_flags {
	MFR_REGION_PREALLOC = 1,	/* take all pages from the pool now */
	MFR_REGION_NEED_KEEP = 2,	/* fail without MFD_MF_KEEP_UE_MAPPED */
	MFR_REGION_BIND = 4,		/* all pages from @node */
};

/*
 * @size: sizeof(struct mfr_region_options).
 * @name: as for memfd_create(), shown in /proc/PID/maps; NULL is "mfr".
 * @bytes: a multiple of @page_bytes, not 0.
 * @page_bytes: the huge page size; 0 or mfr_page_bytes() for a file of base
 *	pages, which MFD_MF_KEEP_UE_MAPPED does not support.
 * @node: with MFR_REGION_BIND the NUMA node that all pages must come from, else
 *	0.  It binds only the library's mapping: a page that is touched first
 *	through another one can be elsewhere.
 * @flags: of enum mfr_region_flags.
 * @value: the caller's, for its events.
 */
struct mfr_region_options {
	size_t size;
	const char *name;
	uint64_t bytes;
	uint64_t page_bytes;
	int node;
	unsigned int flags;
	void *value;
};

/*
 * Create a file whose size is fixed and to which no seal can be added; map it
 * and create its ledger.
 * -EINVAL: invalid size, node or flag; -ENODEV: no huge pages of this size;
 * -EOPNOTSUPP: MFR_REGION_NEED_KEEP on a kernel without the policy;
 * -ENOMEM: the pool has too few pages (of @node); -ENOSPC: the context has no
 * room for another mapping; -EEXIST: a mapping that was told, and is gone, is
 * where the new one is; -EMFILE, -ENFILE.
 */
int mfr_region_create(struct mfr_context *context,
		      const struct mfr_region_options *options,
		      struct mfr_region **region);

enum mfr_import_flags {
	MFR_IMPORT_UNSEALED = 1,	/* shrinkable by others: at your risk */
};

/*
 * @size: sizeof(struct mfr_import_options).
 * @flags: of enum mfr_import_flags.
 * @max_bytes: refuse a larger file; 0 means no limit for mfr_region_import(), and
 *	the size of this machine's memory for mfr_region_receive().  A ledger takes
 *	1/32,768 of it.
 * @value: the caller's, for its events.
 */
struct mfr_import_options {
	size_t size;
	uint64_t max_bytes;
	void *value;
	unsigned int flags;
};

/*
 * Map an existing memfd (@fd is duplicated and stays the caller's) and fill its
 * ledger from /proc/self/fdinfo; if there is no /proc, or it is not for us, a
 * message goes to the log.  A partial base page at the end of the memfd is left out.
 * @options may be NULL for all defaults.  If the program has mapped the file
 * itself, it tells with mfr_region_add_mapping() where.  One region a file: of two,
 * an error marks the ledger of one.
 * -EFBIG: larger than @max_bytes;
 * -EBADF: not a descriptor; -EMEDIUMTYPE: not a memfd; -ENODATA: it is empty;
 * -EPERM: it can shrink (no F_SEAL_SHRINK) without MFR_IMPORT_UNSEALED, or
 * it is sealed against writing; -EACCES: @fd is not open for both reading and
 * writing; -EBADMSG, -EIO: fdinfo is malformed, or reading it failed;
 * -ENOMEM, -ENOSPC, -EEXIST, -EMFILE, -ENFILE as above.
 */
int mfr_region_import(struct mfr_context *context, int fd,
		      const struct mfr_import_options *options,
		      struct mfr_region **region);

/*
 * The program has mapped @bytes of the region's file from @offset at @address.
 * The kernel may name any mapping in a SIGBUS, so tell all.  What is told is
 * believed: tell mfr_region_remove_mapping() before munmap() or mremap(), else
 * errors of what is mapped there next are taken for the region's.
 * Contexts do not know each other's mappings: tell each to one of them only.
 * -EINVAL: @address, @offset or @bytes is not a multiple of the base page, or
 * @address is 0; -ERANGE: not in the region, or empty; -EEXIST: part of it is in a
 * mapping that is known already; -ENOSPC: the context has no room for another.
 */
int mfr_region_add_mapping(struct mfr_region *region, const void *address,
			   uint64_t offset, uint64_t bytes);

/* Forget the mapping added at @address.  -ENOENT: none was. */
int mfr_region_remove_mapping(struct mfr_region *region, const void *address);

/*
 * Unmap and close; events of the region that wait are dropped.  Nothing may
 * access the memory any more, and no other thread may be in a SIGBUS handler for
 * it.  A SIGBUS for an error that a scrubber
 * found comes at any time: to the thread that opted in to early kill
 * (PR_MCE_KILL_EARLY), else to the main thread.
 */
int mfr_region_destroy(struct mfr_region *region);

/*
 * Getters.  Async-signal-safe; return 0, -1 or NULL if @region is not a region.
 * The address is that of the library's own mapping.  The descriptors belong to
 * the library: do not close them.
 */
void *mfr_region_address(const struct mfr_region *region);
uint64_t mfr_region_bytes(const struct mfr_region *region);
uint64_t mfr_region_page_bytes(const struct mfr_region *region);
void *mfr_region_value(const struct mfr_region *region);
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

enum mfr_event_flags {
	MFR_EVENT_ACTION_REQUIRED = 1,	/* consumed (AR); otherwise AO */
	MFR_EVENT_KNOWN = 2,		/* @range was on the ledger before */
	MFR_EVENT_OVERFLOW = 4,		/* events are missing: read the ledgers */
};

/*
 * @size: sizeof(struct mfr_event).
 * @region: not destroyed when the event is taken; NULL with MFR_EVENT_OVERFLOW.
 * @value: the one that was given for the region.
 * @range: what was lost; empty with MFR_EVENT_OVERFLOW.
 * @flags: of enum mfr_event_flags.
 */
struct mfr_event {
	size_t size;
	struct mfr_region *region;
	void *value;
	struct mfr_range range;
	unsigned int flags;
};

/* Readable (poll()) while events are queued.  Do not read or close it. */
int mfr_event_fd(const struct mfr_context *context);

/*
 * Take the oldest event.  Returns 1, or 0 if there is none.  Only one thread at
 * a time may call this, and has to call until it gets 0, as the first call
 * empties the descriptor.  An overflow comes after the events in the queue.
 * -EPERM: this is a child of the process that created the context.
 */
int mfr_event_next(struct mfr_context *context, struct mfr_event *event);

/*
 * SIGBUS
 */

enum mfr_sigbus {
	MFR_SIGBUS_NOT_MINE,	/* ignored; handle it yourself */
	MFR_SIGBUS_RESUME,	/* marked; return from the handler */
	MFR_SIGBUS_STUCK,	/* marked; the load would trap again */
};

/*
 * Call this from the program's own SIGBUS handler (SA_SIGINFO), with its @info
 * (a siginfo_t) and @ucontext.  It marks the ledger and queues an event, except
 * for NOT_MINE: not a memory error (such as BUS_ADRERR), or outside of all known
 * mappings.  After STUCK, jump out of the handler, inject the error into the
 * guest, or end the process.  @ucontext is changed to end a guarded access that
 * the signal interrupted, whatever address the kernel names, or a section, if the
 * address is in a known mapping.
 * Async-signal-safe; the only system call is one write() to the eventfd.
 */
enum mfr_sigbus mfr_sigbus(struct mfr_context *context, const void *info,
			   void *ucontext);

enum mfr_install_flags {
	/*
	 * Errors that a scrubber finds are told to the calling thread
	 * (PR_MCE_KILL_EARLY), and so for threads that it creates.
	 */
	MFR_INSTALL_EARLY_KILL = 1,
};

/*
 * For a program without a handler: install the library's, and unblock SIGBUS in
 * the calling thread.  It passes NOT_MINE and STUCK on to the previous handler;
 * if that is the default action, the process ends.  Interrupted system calls are
 * restarted (SA_RESTART).  Contexts of one process share the handler.
 * -EALREADY: this context has it installed; -EINVAL: a flag is unknown;
 * -EBUSY: 16 contexts have it, or other handlers replaced it more than 3 times.
 */
int mfr_sigbus_install(struct mfr_context *context, unsigned int flags);

/*
 * End the context's part in the handler; early kill stays.  The last one restores the previous
 * handler; if another one was installed since, the library's stays where that
 * may call it, and passes all on.  -ENOENT: this context has none installed.
 */
int mfr_sigbus_uninstall(struct mfr_context *context);

/*
 * Guarded access
 *
 * SIGBUS has to reach mfr_sigbus().  Memory that the ledger lists as lost is
 * not touched; new poison is marked.  Returns the bytes copied, fewer than
 * @length if poison was met.  -EHWPOISON: the first byte is lost; -ERANGE: the
 * range is not in the region, or longer than INT64_MAX; -ENOMEM: there is no
 * huge page for the first byte (the pool is empty, or a limit of the cgroup is
 * reached); -EFAULT also: an error in the memory of @buffer.
 */
int64_t mfr_read(struct mfr_region *region, uint64_t offset, void *buffer,
		 size_t length);
int64_t mfr_write(struct mfr_region *region, uint64_t offset,
		  const void *buffer, size_t length);

/* Load 8 bytes at @offset, a multiple of 8.  Returns 0; -EINVAL: it is not. */
int mfr_load64(struct mfr_region *region, uint64_t offset, uint64_t *value);

/* -EINVAL also: the ranges overlap in the same region. */
int64_t mfr_copy(struct mfr_region *to, uint64_t to_offset,
		 struct mfr_region *from, uint64_t from_offset, size_t length);

/*
 * Load from every cache line of the range, and mark all poison.  Returns how many
 * bytes of the range that were clean it has found to be lost.  -ENOMEM: there is no
 * huge page for part of it; what was found so far is on the ledger.
 */
int64_t mfr_search(struct mfr_region *region, uint64_t offset, uint64_t length);

/*
 * Guarded sections, for code that loads through raw pointers:
 *
 *	struct mfr_section s = { .size = sizeof(s) };
 *
 *	mfr_section_begin(&s);
 *	if (!setjmp(s.jump)) {
 *		sum = add_up(mfr_region_address(region));
 *		mfr_section_end(&s);
 *	} else {
 *		(s.region, s.range) is lost; the section has ended
 *	}
 *
 * A load of poison in a region continues at setjmp(), with the thread's signal
 * mask as it was.  Locals changed since setjmp() have to be volatile, and what
 * the section holds (locks, memory) is the program's to release.
 *
 * @size: sizeof(struct mfr_section).
 * @jump: for setjmp(), called by the function whose local variable this is.
 * @region, @range: what was lost.
 * @first, @last: the library's.
 */
struct mfr_section {
	size_t size;
	struct mfr_region *region;
	struct mfr_range range;
	uint64_t first;
	jmp_buf jump;
	uint64_t last;
};

/*
 * Sections nest up to 8 deep, and are of this thread alone.  End each on every way
 * out of its function, ahead of a longjmp(), too: of one that was left, the library
 * notices only that its memory was used by others.  Not for code that switches
 * stacks (fake stacks of sanitizers, too), or in signal handlers; a handler that
 * runs while a section is open must not load from a region either.
 * -EBUSY: nested too deep; -EINVAL also: not a local variable of the caller.
 */
int mfr_section_begin(struct mfr_section *section);

/*
 * Ends those within it as well, which were left.  -ENOENT: not one that this
 * thread has begun, or it has ended.
 */
int mfr_section_end(struct mfr_section *section);

/*
 * Hand-over
 *
 * The blob is a ledger as bytes, little-endian: magic "mfrblob", version, the
 * region's size, the ledger's page size, the ranges, and a CRC-32 of it all.
 * A successor on this host receives blob, memfd and the ledger's own file over a
 * unix stream socket; for another host, send the blob and the bytes of the
 * region.
 */

/*
 * Write the blob of @ledger to @buffer of @size; returns the blob's length.
 * With @size 0, returns the length needed now; a new error can increase it.
 * -ENOSPC: @size is too small.
 */
int64_t mfr_ledger_encode(const struct mfr_ledger *ledger, void *buffer,
			  size_t size);

/*
 * Add the ranges of a blob to the region's ledger; none if the blob is invalid.
 * -EBADMSG: not a blob, or damaged; -EPROTONOSUPPORT: of another version;
 * -EMSGSIZE: truncated or too long; -ESTALE: of a region of another size.
 */
int mfr_region_merge(struct mfr_region *region, const void *blob, size_t size);

/*
 * Send memfd, ledger and blob; waits for a socket that does not block, as long as
 * it takes.  Errors
 * of sendmsg() and poll(), -EPIPE without SIGPIPE; -ENOMEM.
 */
int mfr_region_send(const struct mfr_region *region, int socket);

/*
 * Receive a region; waits for a socket that does not block, as long as it takes.
 * -EAGAIN: SO_RCVTIMEO of one that does.  @options may be NULL.  Errors of recvmsg(), poll(), mfr_region_import(), mfr_region_merge() and
 * mfr_ledger_open(); -ECONNRESET: the sender closed the socket too early;
 * -EBADMSG also: not exactly two descriptors came, or the ledger is of a region
 * of another size; -EMFILE: they did not fit into this process.  On error close the socket: the start of the next region in
 * the stream is unknown.
 */
int mfr_region_receive(struct mfr_context *context, int socket,
		       const struct mfr_import_options *options,
		       struct mfr_region **region);

/*
 * Add what the sender's ledger, which is shared, and fdinfo list by now.  Call it
 * once the sender has stopped using the memory: errors since mfr_region_send()
 * were told to it.  What it listed before, and was replaced here since, stays
 * clean.  Returns the number of base pages that are new on the ledger.  For a region
 * that was not received only fdinfo is read.  -EBADMSG, -EIO, -EMFILE, -ENFILE,
 * -ENOMEM as for mfr_region_import().
 */
int64_t mfr_region_sync(struct mfr_region *region);

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

enum mfr_cpu {
	MFR_CPU_INTEL = 1,
	MFR_CPU_AMD = 2,
};

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
int mfr_kvm_mce(enum mfr_cpu cpu, uint64_t gpa, unsigned int flags,
		struct mfr_mce *mce);

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
