/* SPDX-License-Identifier: Apache-2.0 */
#include "run/netdev.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/log.h"

struct moved_device {
	const struct net_device *plan;
	struct link link; /* in the container's namespace */
	struct link_addresses addresses;
	bool was_up;
};

/*
 * The name a device has on the way: one that nobody uses, so that the move cannot meet another device of its name, and the
 * device is found again in a namespace that may have given it another index. Only then it gets its name, and the kernel
 * alone judges whether that is free.
 */
static int passing_name(char name[LINK_NAME_SIZE], struct error *err)
{
	unsigned char number[6];

	if (getrandom(number, sizeof(number), 0) != sizeof(number))
		return error_sys(err, "getrandom");
	snprintf(name, LINK_NAME_SIZE, "teu%02x%02x%02x%02x%02x%02x", number[0], number[1],
		 number[2], number[3], number[4], number[5]);
	return 0;
}

/* What the device is called and has, in the namespace where it now is. */
static int settle(struct netlink *nl, struct moved_device *d, const char *name, bool up,
		  struct error *err)
{
	if (link_rename(nl, d->link.index, name, err)) {
		if (err->errnum == EEXIST)
			return error_in(err, "a device \"%s\" exists there already", name);
		return error_in(err, "call it \"%s\"", name);
	}
	if (link_find(nl, NULL, d->link.index, &d->link, err))
		return error_in(err, "find \"%s\"", name);
	if (link_add_addresses(nl, &d->link, &d->addresses, err))
		return -1;
	if (up && link_set_up(nl, d->link.index, err))
		return error_in(err, "set \"%s\" up", d->link.name);
	return 0;
}

static int move_one(struct net_devices *all, const struct net_device *plan, int ns,
		    struct error *err)
{
	struct moved_device *d = &all->moved[all->n];
	char name[LINK_NAME_SIZE];
	struct link link;

	d->plan = plan;
	if (link_find(&all->host, plan->host, 0, &link, err))
		return -1;
	if (link_addresses(&all->host, &link, &d->addresses, err))
		return error_in(err, "list its addresses");
	d->was_up = link.up;
	if (passing_name(name, err) || link_move(&all->host, link.index, ns, name, err))
		return -1;
	if (link_find(&all->inside, name, 0, &d->link, err))
		return error_in(err, "find it in the container's network namespace");
	all->n++;
	if (settle(&all->inside, d, plan->name, true, err))
		return -1;
	log_debug("network device \"%s\" is \"%s\" in the container", plan->host, d->link.name);
	return 0;
}

int net_devices_move(const struct plan *plan, int ns, struct arena *a, struct net_devices *ret,
		     struct error *err)
{
	struct net_devices all = NET_DEVICES_INIT;

	if (netlink_open(-1, a, &all.host, err) || netlink_open(ns, a, &all.inside, err)) {
		net_devices_close(&all);
		return error_at(err, "/linux/netDevices");
	}
	all.moved = arena_new_n(a, struct moved_device, plan->n_net_devices);
	*ret = all;
	for (size_t i = 0; i < plan->n_net_devices; i++) {
		const struct net_device *device = &plan->net_devices[i];

		if (move_one(ret, device, ns, err)) {
			error_in(err, "move network device \"%s\"", device->host);
			return error_at(err, "%s", device->where);
		}
	}
	return 0;
}

static int return_one(struct net_devices *all, struct moved_device *d, struct error *err)
{
	char name[LINK_NAME_SIZE];

	if (passing_name(name, err) || link_move(&all->inside, d->link.index, -1, name, err) ||
	    link_find(&all->host, name, 0, &d->link, err))
		return -1;
	return settle(&all->host, d, d->plan->host, d->was_up, err);
}

void net_devices_return(struct net_devices *all)
{
	struct error err;

	while (all->n > 0) {
		struct moved_device *d = &all->moved[--all->n];

		if (return_one(all, d, &err))
			log_warn("bring network device \"%s\" back: %s", d->plan->host, err.text);
	}
	net_devices_close(all);
}

void net_devices_close(struct net_devices *all)
{
	netlink_close(&all->host);
	netlink_close(&all->inside);
}
