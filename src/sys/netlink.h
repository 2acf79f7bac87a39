/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network interfaces, by rtnetlink(7).
 *
 * A socket stays in the network namespace where it was made, so one process can speak to several at once.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

/* Room for an interface's name with its '\0' (IFNAMSIZ). */
#define LINK_NAME_SIZE 16

/* Brings "lo" of the namespace we are in up, as every image expects it in a new network namespace. netdevice(7). */
int loopback_up(struct error *err);

struct nlmsghdr;

struct netlink {
	int fd; /* -1: not open */
	uint32_t sequence;
	struct arena *arena; /* of answers */
};

#define NETLINK_INIT     \
	{                \
		.fd = -1 \
	}

struct link {
	unsigned index; /* in its namespace; another namespace may give it another one */
	char name[LINK_NAME_SIZE];
	bool up;
};

/* The addresses of an interface that are permanent and of global scope, ready to be added again. */
struct link_addresses {
	char link[LINK_NAME_SIZE];    /* the interface they were read from */
	const struct nlmsghdr **list; /* as the kernel told them */
	size_t n;
};

/* A socket in the network namespace `ns`, a descriptor of its file; -1: in our own. We are in our own afterwards. */
int netlink_open(int ns, struct arena *a, struct netlink *ret, struct error *err);
void netlink_close(struct netlink *nl);

/* The interface of that name, or of that index where name is NULL. An unknown one is ENODEV in err->errnum. */
int link_find(struct netlink *nl, const char *name, unsigned index, struct link *ret,
	      struct error *err);

/*
 * Moves an interface to the network namespace `ns` (-1: the one we are in), where it is called `name`: a name that is taken there changes nothing.
 * The kernel takes it down, and its addresses and routes from it.
 */
int link_move(struct netlink *nl, unsigned index, int ns, const char *name, struct error *err);

/* Renames an interface that is down. A "%d" in the name is replaced by the first number that is free. */
int link_rename(struct netlink *nl, unsigned index, const char *name, struct error *err);

int link_set_up(struct netlink *nl, unsigned index, struct error *err);

/* Reads those addresses. They live in the socket's arena. */
int link_addresses(struct netlink *nl, const struct link *link, struct link_addresses *ret,
		   struct error *err);

/* Adds them to an interface, in the order they had; a label follows the interface's name. */
int link_add_addresses(struct netlink *nl, const struct link *link,
		       const struct link_addresses *addresses, struct error *err);
