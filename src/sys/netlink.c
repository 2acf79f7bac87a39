/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/netlink.h"

#include <linux/if.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/fd.h"

int loopback_up(struct error *err)
{
	/* The flags need no particular protocol family; AF_UNIX is there even where IP is not. */
	auto_fd int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { .ifr_flags = IFF_UP | IFF_RUNNING };

	if (sock < 0)
		return error_sys(err, "socket AF_UNIX");
	memcpy(request.ifr_name, "lo", 3);
	if (ioctl(sock, SIOCSIFFLAGS, &request) < 0)
		return error_sys(err, "ioctl SIOCSIFFLAGS of the interface lo");
	return 0;
}
