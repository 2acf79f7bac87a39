/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Labels of the security modules: AppArmor profiles and SELinux contexts, set through the attributes of proc_pid_attr(5).
 *
 * A label that went to the wrong place would look like a success and leave the program unconfined. So each is written
 * through the verified /proc (sys/proc.h), to the attributes of its own module where the kernel keeps them apart, in one
 * write, and read back.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "sys/proc.h"

/* Whether the kernel that runs us enforces it. What cannot be found out counts as no. */
bool lsm_apparmor_is_enabled(void);
bool lsm_selinux_is_enabled(void);

/* Whether AppArmor leaves this process alone. */
bool lsm_is_unconfined(void);

/*
 * What the next execve(2) of this process, or of a child of it, puts the program under. The profile may be "unconfined".
 * `stack`: it is added to what confines us instead of taking its place, which happens by itself where we are confined.
 */
int lsm_set_profile(const struct proc *proc, const char *profile, bool stack, struct error *err);

/* The SELinux context that the next execve(2) runs the program in. */
int lsm_set_exec_label(const struct proc *proc, const char *label, struct error *err);

/* The SELinux context of keys that we make from now on; NULL: the kernel's default again. */
int lsm_set_key_label(const struct proc *proc, const char *label, struct error *err);

/* Gives a directory, by any handle of it, the SELinux context; for file systems that take none as an option. */
int lsm_set_file_label(int dir, const char *label, struct error *err);

/* ---- what the attributes say, apart for tests ---------------------------------------------------------------------- */

/* The name in the text of an AppArmor attribute: "NAME (MODE)\n" or "unconfined\n" becomes NAME, in place. */
char *lsm_profile_name(char *text);

/* Whether the text of an AppArmor attribute, as read back, is what was asked for. */
bool lsm_is_profile(char *text, const char *profile);

/*
 * Whether the text of a SELinux attribute, as read back, is what was asked for. User, role and type are the same to the
 * letter; the level is as the kernel writes it ("s0:c2,c1" comes back as "s0:c1,c2").
 */
bool lsm_is_label(char *text, const char *label);

/* Whether the text of a module's "enabled" parameter says yes. */
bool lsm_says_enabled(const char *text);
