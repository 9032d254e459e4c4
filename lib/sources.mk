# SPDX-License-Identifier: MIT
# The library's sources, for all that compile them.
SOURCES := access blob context event fdinfo guard handler handover kvm ledger \
	   mapping queue region section sigbus sized version
