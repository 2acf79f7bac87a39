/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network devices to be moved into the container. Whether the host has them, and whether they can be moved, only the
 * kernel knows.
 */
#include <ctype.h>
#include <sched.h>
#include <string.h>

#include "oci_spec.h"
#include "plan/plan.h"

/* IFNAMSIZ - 1. */
#define MAX_NAME 15

/* Why no interface can be called so (netdevice(7)), or NULL. */
static const char *refuse_name(const char *name)
{
	const char *number = strchr(name, '%');

	if (!*name)
		return "is empty";
	if (strlen(name) > MAX_NAME)
		return "is longer than 15 bytes";
	if (str_eq(name, ".") || str_eq(name, ".."))
		return "is no name";
	for (const char *p = name; *p; p++)
		if (*p == '/' || *p == ':' || isspace((unsigned char)*p))
			return "holds a slash, a colon or a space";
	/* The kernel takes one number, and no other conversion. */
	if (number && (number[1] != 'd' || strchr(number + 1, '%')))
		return "holds a \"%\" that is not its only \"%d\"";
	return NULL;
}

/* Two devices of one name; each template gets a number of its own. */
static int check_unique(const struct net_device *list, size_t n, struct error *err)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++)
			if (str_eq(list[i].name, list[j].name) && !strchr(list[i].name, '%'))
				return error_config(err, list[i].where,
						    "\"%s\" and \"%s\" would both be called \"%s\"",
						    list[j].host, list[i].host, list[i].name);
	return 0;
}

int plan_net_devices(const struct oci_linux *os, struct arena *a, struct plan *plan,
		     struct error *err)
{
	struct net_device *list = arena_new_n(a, struct net_device, os->n_net_devices);

	if (os->n_net_devices && !(plan->ns.listed & CLONE_NEWNET))
		return error_config(
			err, "/linux/netDevices",
			"moving a network device needs a network namespace in linux.namespaces");
	for (size_t i = 0; i < os->n_net_devices; i++) {
		const char *host = os->net_devices[i].key;
		const char *name = os->net_devices[i].value.name;
		const char *refusal = refuse_name(host);

		list[i].host = host;
		list[i].name = name ? name : host;
		list[i].where = "/linux/netDevices";
		if (refusal || strchr(host, '%'))
			return error_config(err, list[i].where, "device name \"%s\" %s", host,
					    refusal ? refusal : "holds a \"%\"");
		list[i].where = arena_printf(a, "/linux/netDevices/%s", host);
		refusal = refuse_name(list[i].name);
		if (refusal)
			return error_config(err, arena_printf(a, "%s/name", list[i].where),
					    "device name \"%s\" %s", list[i].name, refusal);
	}
	plan->net_devices = list;
	plan->n_net_devices = os->n_net_devices;
	return check_unique(list, os->n_net_devices, err);
}
