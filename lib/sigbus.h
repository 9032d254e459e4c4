/* SPDX-License-Identifier: MIT */
#ifndef MFR_SIGBUS_H
#define MFR_SIGBUS_H

#include <stdbool.h>

#include <mfr.h>

bool mfr_sigbus_is_installed(const struct mfr_context *context);

#endif /* MFR_SIGBUS_H */
