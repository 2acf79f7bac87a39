/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which controllers the container's directory of a v2 hierarchy has: those that the directories above pass on, from the
 * root down, in their cgroup.subtree_control (Documentation/admin-guide/cgroup-v2.rst of the kernel, "Controlling
 * Controllers").
 */
#pragma once

#include "cgroup/hierarchy.h"

/*
 * Makes the controllers `names`, separated by blanks, available in the container's directory. Nothing is written in
 * directories that pass them on already, which may belong to others. An error names the first directory that lacks one,
 * why it cannot be had there, and the unit of systemd whose affair that is.
 */
int subtree_enable(struct hierarchy *h, const char *names, struct error *err);

/* The same for the directories in it: the container's passes on to them what it has itself, as far as that goes. */
void subtree_pass_on(struct hierarchy *h);

/* Puts the words of `list` that are not in `other` into `ret`, which has room for all of `list`. */
void subtree_lacking(const char *list, const char *other, char *ret);
