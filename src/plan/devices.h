/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device nodes of a container, decided: the ones that every container has (config-linux.md "Default Devices"), less
 * those whose path is listed, then linux.devices in order. Where nodes cannot be made (user namespaces) they are bound
 * from the host.
 */
#pragma once

#include "plan/mounts.h"

struct oci_linux;

/* Fills devices of fs, and counts the ones to bind as sources; os may be NULL. */
int plan_devices(const struct oci_linux *os, const struct host *host, struct arena *a,
		 struct plan_warnings *warnings, struct fs_plan *fs, struct error *err);
