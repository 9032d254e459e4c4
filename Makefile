# SPDX-License-Identifier: GPL-2.0-only
# The front door.  A target only names the script that does the work.

help:	## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-15s%s\n", $$1, $$2}' Makefile

demo:	## one huge page, three errors: base and keep side by side
	@tests/e2e/demo

demo-scan:	## five latent errors: with memscan and without
	@tests/e2e/demo-scan

check:	## what one wants after a change; the last line is the sum
	@tests/run

check-all: ## every test, on all kernels
	@tests/run --all

check-debug:	## all kernel tests with KASAN, lockdep, kmemleak; half an hour
	@tests/run "tests/kernel/run --long --kernel keep-debug" \
		"tests/campaign/run --kernel keep-debug --no-controls" \
		"tests/hostile/run --kernel keep-debug --calls 4000 --no-controls" \
		"tests/memscan/run --kernel keep-debug"

check-newest:	## tests of the kernel code on Linux 7.3
	@MFR_BASE=7.3 tests/run "tests/kernel/run --kernel keep --kernel base" \
		"tests/memscan/run --quick" "tests/memscan/run --kernel distro" \
		kernel/check

bench:	## what failures cost, and what huge pages are worth
	@bench/all

bench-record: ## make the figures of the last bench those of bench/README.md
	@bench/all --record

bench-report: ## tables and plots of the figures in bench/data
	@bench/report

selftests:	## all of the kernel's own selftests on base and keep
	@tests/selftests/run --all

campaign:	## 100,000 memory errors, 1,000,000 hostile calls; 22 minutes
	@tests/run "tests/campaign/run --long" "tests/hostile/run --long"

check-programs: ## real programs in the lab: QEMU, PostgreSQL, DPDK, a JVM
	@tests/run tests/programs/run

series:	## export keep and memscan for git am
	@MFR_BASE=6.12 kernel/series && MFR_BASE=7.3 kernel/series

mutants:	## change lib/ and tools/ in single places: does a test fail?
	@tests/mutants/run

mutants-kernel: ## change the kernel keep as listed: does the named test fail?
	@tests/mutants/kernel

lint:	## scripts, user code, manual pages, spelling, licences; seconds
	@tests/lint

kcheck:	## checkpatch, sparse and W=1 on the kernel code
	@kernel/check

dkms:	## source package of memscan for DKMS, to build/dkms
	@packaging/dkms/package

tool:	## the command mfr, to build/tools
	@$(MAKE) -s -C tools

install: install-lib install-tool ## both, to PREFIX (/usr/local) below DESTDIR

install-lib:	## the library, which needs no other; LIBDIR is PREFIX/lib
	@$(MAKE) -s -C lib OUT=$(CURDIR)/build/lib install

install-tool:	## the command mfr, its manual pages and systemd units
	@$(MAKE) -s -C tools install

uninstall:	## remove what install has put there
	@$(MAKE) -s -C lib uninstall
	@$(MAKE) -s -C tools uninstall

deps:	## install the packages that library and tool need, or name them
	@$(MAKE) -s -C tools deps

build:	## fetch and build the lab's kernels
	@lab/vm build --kernel base
	@lab/vm build --kernel keep
	@lab/vm build --kernel keep-debug

shell:	## a shell in a virtual machine that runs keep
	@lab/vm shell --kernel keep

clean:	## remove what was built here; kernels stay cached
	rm -rf build

.PHONY: help demo demo-scan check check-all check-debug bench bench-record bench-report selftests campaign check-programs series mutants mutants-kernel lint kcheck dkms tool install install-lib install-tool uninstall deps build shell clean
