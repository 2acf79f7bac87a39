/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.netDevices: interfaces of the runtime's network namespace become the container's. config-linux.md, "Network
 * Devices".
 *
 * A start that fails gives back what it took. Once the container is created its devices are the namespace's: the kernel
 * returns a physical one when the namespace ends, and destroys a virtual one with it.
 */
#pragma once

#include "plan/plan.h"
#include "sys/netlink.h"

struct net_devices {
	struct netlink host, inside; /* sockets in both namespaces */
	struct moved_device *moved;
	size_t n;
};

#define NET_DEVICES_INIT                                     \
	{                                                    \
		.host = NETLINK_INIT, .inside = NETLINK_INIT \
	}

/*
 * Moves the plan's devices to the network namespace `ns`: renamed, with their addresses, up. What has been moved when it
 * fails stands in *ret too, for net_devices_return().
 */
int net_devices_move(const struct plan *plan, int ns, struct arena *a, struct net_devices *ret,
		     struct error *err);

/* Brings them back under their own names, with their addresses, and up where they were; warns of what fails. */
void net_devices_return(struct net_devices *d);

void net_devices_close(struct net_devices *d);
