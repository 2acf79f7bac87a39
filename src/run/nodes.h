/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device nodes, the links of /dev (runtime-linux.md "Dev symbolic links") and /dev/console. All of it is made on the
 * handle of a directory that was resolved inside the rootfs, whatever /dev is there.
 */
#pragma once

#include "run/tree.h"

/*
 * The devices of the plan and the links, after all mounts. In a /dev that is bound from the host nothing is made: default
 * devices and links are the host's then, and a listed device must be there already.
 */
int nodes_make(struct tree *t, struct error *err);

/* Binds the terminal's peer over /dev/console; we are inside the new root. */
int nodes_console(const struct root *root, int peer, struct error *err);
