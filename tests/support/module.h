/* SPDX-License-Identifier: GPL-2.0-only */
/* Kernel modules that lie in the guest. */
#ifndef MODULE_H
#define MODULE_H

/* Load the module at @path with "NAME=VALUE ..."; 0 or the kernel's -errno. */
int module_load(const char *path, const char *parameters);

/* The same without parameters, and fine if it is loaded already. */
int module_want(const char *path);

#endif /* MODULE_H */
