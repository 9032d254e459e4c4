// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "table.h"

#include <string.h>
#include <sys/syscall.h>

#ifndef SYS_mseal
#define SYS_mseal 462
#endif
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
#ifndef SYS_map_shadow_stack
#define SYS_map_shadow_stack 453
#endif
#ifndef SYS_futex_wake
#define SYS_futex_wake 454
#define SYS_futex_wait 455
#define SYS_futex_requeue 456
#endif
#ifndef SYS_statmount
#define SYS_statmount 457
#define SYS_listmount 458
#define SYS_lsm_get_self_attr 459
#define SYS_lsm_set_self_attr 460
#define SYS_lsm_list_modules 461
#endif
#ifndef SYS_cachestat
#define SYS_cachestat 451
#endif

#define C(name, types) { #name, SYS_##name, types }

/*
 * Left out: calls that end the machine or the caller (reboot, exit), that have
 * no argument, or that run what they find (execve and rt_sigreturn have
 * scenes).  tame() in call.c changes arguments that would do harm.
 */
static const struct entry table[] = {
	/* data */
	C(read, "fpz"), C(write, "fpz"), C(pread64, "fpzo"),
	C(pwrite64, "fpzo"), C(readv, "fvn"), C(writev, "fvn"),
	C(preadv, "fvno-"), C(pwritev, "fvno-"), C(preadv2, "fvno-b"),
	C(pwritev2, "fvno-b"), C(sendfile, "ffwz"), C(splice, "fwfwzb"),
	C(tee, "ffzb"), C(vmsplice, "fvnb"), C(copy_file_range, "fwfwz-"),
	C(getrandom, "pzb"), C(getdents, "fpz"), C(getdents64, "fpz"),
	C(readahead, "foz"), C(lseek, "foi"), C(fadvise64, "fozi"),
	/* names */
	C(open, "sbi"), C(openat, "fsbi"), C(openat2, "fswz"), C(creat, "si"),
	C(stat, "sp"), C(lstat, "sp"), C(fstat, "fp"), C(newfstatat, "fspb"),
	C(statx, "fsbxp"), C(access, "si"), C(faccessat, "fsi"),
	C(faccessat2, "fsib"), C(readlink, "spz"), C(readlinkat, "fspz"),
	C(getcwd, "pz"), C(chdir, "s"), C(mkdir, "si"), C(mkdirat, "fsi"),
	C(rmdir, "s"), C(rename, "ss"), C(renameat, "fsfs"),
	C(renameat2, "fsfsb"), C(link, "ss"), C(linkat, "fsfsb"),
	C(symlink, "ss"), C(symlinkat, "sfs"), C(unlink, "s"),
	C(unlinkat, "fsb"), C(mknod, "sii"), C(mknodat, "fsii"),
	C(chmod, "si"), C(fchmodat, "fsi"), C(fchmodat2, "fsib"),
	C(chown, "sii"), C(lchown, "sii"), C(fchownat, "fsiib"),
	C(truncate, "sz"), C(utime, "sw"), C(utimes, "sw"),
	C(futimesat, "fsw"), C(utimensat, "fstb"), C(statfs, "sp"),
	C(fstatfs, "fp"), C(mount, "ssswp"), C(umount2, "sb"),
	C(pivot_root, "ss"), C(chroot, "s"), C(swapon, "sb"), C(swapoff, "s"),
	C(acct, "s"), C(uselib, "s"), C(name_to_handle_at, "fswpb"),
	C(open_by_handle_at, "fwb"), C(open_tree, "fsb"),
	C(move_mount, "fsfsb"), C(fsopen, "sb"), C(fsconfig, "fispi"),
	C(fspick, "fsb"), C(mount_setattr, "fsbwz"), C(quotactl, "isip"),
	C(statmount, "wpzb"), C(listmount, "wpzb"), C(ustat, "ip"),
	C(sysfs, "isp"),
	/* extended attributes */
	C(setxattr, "sspzb"), C(lsetxattr, "sspzb"), C(fsetxattr, "fspzb"),
	C(getxattr, "sspz"), C(lgetxattr, "sspz"), C(fgetxattr, "fspz"),
	C(listxattr, "spz"), C(llistxattr, "spz"), C(flistxattr, "fpz"),
	C(removexattr, "ss"), C(lremovexattr, "ss"), C(fremovexattr, "fs"),
	/* descriptors */
	C(poll, "wni"), C(ppoll, "wntwz"), C(select, "iwwwt"),
	C(pselect6, "iwwwtw"), C(epoll_ctl, "fifw"), C(epoll_wait, "fpni"),
	C(epoll_pwait, "fpniwz"), C(epoll_pwait2, "fpntwz"),
	C(inotify_add_watch, "fsb"), C(fanotify_mark, "fbxfs"),
	C(pipe, "p"), C(pipe2, "pb"), C(fcntl, "fip"), C(flock, "fi"),
	C(ioctl, "fxp"), C(signalfd, "fwz"), C(signalfd4, "fwzb"),
	C(timerfd_settime, "fbwp"), C(timerfd_gettime, "fp"),
	C(memfd_create, "sb"), C(fallocate, "fboz"), C(sync_file_range, "fozb"),
	C(cachestat, "fwpb"), C(fsync, "f"),
	/* memory */
	C(mincore, "dlp"), C(madvise, "dli"), C(process_madvise, "fvnib"),
	C(msync, "dlb"), C(mlock, "dl"), C(mlock2, "dlb"), C(munlock, "dl"),
	C(mprotect, "dlr"), C(pkey_mprotect, "dlr-"), C(munmap, "dl"),
	C(mremap, "dllb"), C(remap_file_pages, "dl-ob"), C(mseal, "dl-"),
	C(mbind, "dliwzb"), C(get_mempolicy, "pwzdb"), C(set_mempolicy, "iwz"),
	C(set_mempolicy_home_node, "dli-"), C(migrate_pages, "kzww"),
	C(move_pages, "knwwpb"), C(modify_ldt, "ipz"), C(membarrier, "bbi"),
	C(userfaultfd, "b"), C(map_shadow_stack, "dlb"),
	/* tasks */
	C(set_tid_address, "p"), C(set_robust_list, "wz"),
	C(get_robust_list, "kpp"), C(clone, "bwppw"), C(clone3, "wz"),
	C(wait4, "kpbp"), C(waitid, "ikpbp"), C(getrusage, "ip"),
	C(times, "p"), C(getrlimit, "ip"), C(setrlimit, "ip"),
	C(prlimit64, "kipp"), C(sched_setparam, "kw"), C(sched_getparam, "kp"),
	C(sched_setscheduler, "kiw"), C(sched_setattr, "kw-"),
	C(sched_getattr, "kpz-"), C(sched_setaffinity, "kzw"),
	C(sched_getaffinity, "kzp"), C(sched_rr_get_interval, "kp"),
	C(getgroups, "ip"), C(setgroups, "ip"), C(getresuid, "ppp"),
	C(getresgid, "ppp"), C(capget, "wp"), C(capset, "ww"),
	C(prctl, "ippzi"), C(getcpu, "ppp"), C(uname, "p"), C(sysinfo, "p"),
	C(sethostname, "pz"), C(setdomainname, "pz"), C(syslog, "ipz"),
	C(ptrace, "ikpp"), C(kcmp, "kkiww"),
	C(pidfd_send_signal, "fgwb"), C(pidfd_getfd, "fi-"),
	C(seccomp, "ibp"), C(setns, "fb"), C(ioprio_set, "iki"),
	/* signals */
	C(rt_sigaction, "gppz"), C(rt_sigprocmask, "iwpz"),
	C(rt_sigpending, "pz"), C(rt_sigsuspend, "wz"),
	C(rt_sigtimedwait, "wptz"), C(rt_sigqueueinfo, "kgw"),
	C(rt_tgsigqueueinfo, "kkgw"), C(sigaltstack, "wp"),
	/* time */
	C(nanosleep, "tp"), C(clock_nanosleep, "ibtp"), C(gettimeofday, "pp"),
	C(settimeofday, "wp"), C(time, "p"), C(adjtimex, "w"),
	C(clock_gettime, "ip"), C(clock_settime, "it"), C(clock_getres, "ip"),
	C(clock_adjtime, "iw"), C(getitimer, "ip"), C(setitimer, "ipp"),
	C(timer_create, "iwp"), C(timer_settime, "ibwp"),
	C(timer_gettime, "ip"),
	/* futexes */
	C(futex, "pbitpi"), C(futex_waitv, "wnbti"), C(futex_wake, "pxib"),
	C(futex_wait, "pxxbti"), C(futex_requeue, "wbii"),
	/* between processes */
	C(msgget, "ib"), C(msgsnd, "iwzb"), C(msgrcv, "ipzib"),
	C(msgctl, "iip"), C(semget, "iib"), C(semop, "iwn"),
	C(semtimedop, "iwnt"), C(semctl, "iiip"), C(shmget, "izb"),
	C(shmctl, "iip"), C(mq_open, "sbiw"), C(mq_unlink, "s"),
	C(mq_timedsend, "fpzit"), C(mq_timedreceive, "fpzpt"),
	C(mq_notify, "fw"), C(mq_getsetattr, "fwp"), C(add_key, "sspzi"),
	C(request_key, "sssi"), C(keyctl, "ippzi"),
	/* sockets */
	C(socketpair, "iiip"), C(bind, "fwz"), C(connect, "fwz"),
	C(accept, "fpw"), C(accept4, "fpwb"), C(getsockname, "fpw"),
	C(getpeername, "fpw"), C(sendto, "fpzbwz"), C(recvfrom, "fpzbpw"),
	C(sendmsg, "fmb"), C(recvmsg, "fmb"), C(sendmmsg, "fmnb"),
	C(recvmmsg, "fmnbt"), C(setsockopt, "fiipz"), C(getsockopt, "fiipw"),
	/* others */
	C(io_setup, "iw"), C(io_destroy, "x"), C(io_submit, "xnw"),
	C(io_cancel, "xwp"), C(io_getevents, "xiipt"),
	C(io_pgetevents, "xiiptw"), C(io_uring_setup, "iw"),
	C(io_uring_enter, "fiibpz"), C(io_uring_register, "fipn"),
	C(perf_event_open, "wkifb"), C(bpf, "iwz"), C(init_module, "pzs"),
	C(finit_module, "fsb"), C(delete_module, "sb"), C(lookup_dcookie, "xpz"),
	C(landlock_create_ruleset, "wzb"), C(landlock_add_rule, "fipb"),
	C(lsm_get_self_attr, "ipwb"), C(lsm_set_self_attr, "ipzb"),
	C(lsm_list_modules, "pwb"), C(rseq, "pzbi"),
};

#define ENTRIES	(sizeof(table) / sizeof(*table))

const struct entry *table_some(struct rng *rng)
{
	return &table[rng_below(rng, ENTRIES)];
}

const struct entry *table_find(const char *name)
{
	unsigned long i;

	for (i = 0; i < ENTRIES; i++)
		if (!strcmp(table[i].name, name))
			return &table[i];
	return NULL;
}
