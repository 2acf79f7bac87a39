/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"

/* The largest message the kernel sends unasked for more. */
#define BUFFER_SIZE 32768

/* IFA_PROTO, Linux 5.18. */
#define ADDRESS_PROTO 11

/* An address list that changes while it is read is read again. */
#define DUMP_TRIES 5

/* Flags of an address that were given to it; the others are the kernel's own. */
#define GIVEN_FLAGS                                                                     \
	(IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE | \
	 IFA_F_MCAUTOJOIN)

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

/* ---- the socket -------------------------------------------------------------------------------------------------- */

static int make_socket(struct arena *a, struct netlink *ret, struct error *err)
{
	auto_fd int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int on = 1;

	if (fd < 0)
		return error_sys(err, "socket NETLINK_ROUTE");
	/* Only better words in errors hang on it. */
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	*ret = (struct netlink){ .fd = fd_take(&fd), .arena = a };
	return 0;
}

int netlink_open(int ns, struct arena *a, struct netlink *ret, struct error *err)
{
	auto_fd int own = -1;
	struct netlink made = { .fd = -1 };
	int result;

	if (ns < 0)
		return make_socket(a, ret, err);
	own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (own < 0)
		return error_sys(err, "open our network namespace");
	if (setns(ns, CLONE_NEWNET) < 0)
		return error_sys(err, "setns to the container's network namespace");
	result = make_socket(a, &made, err);
	if (setns(own, CLONE_NEWNET) < 0) {
		netlink_close(&made);
		return error_sys(err, "setns back to our own network namespace");
	}
	if (result)
		return -1;
	*ret = made;
	return 0;
}

void netlink_close(struct netlink *nl)
{
	fd_close(&nl->fd);
}

/* ---- messages ---------------------------------------------------------------------------------------------------- */

struct request {
	union {
		struct nlmsghdr header;
		char bytes[512];
	};
};

/* The messages that came back, whole, one behind the other. */
struct reply {
	char *bytes;
	size_t size;
};

static void request_begin(struct request *r, int type, int flags, const void *body, size_t size)
{
	memset(r, 0, sizeof(*r));
	r->header.nlmsg_len = (uint32_t)NLMSG_LENGTH(size);
	r->header.nlmsg_type = (uint16_t)type;
	r->header.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	memcpy(NLMSG_DATA(&r->header), body, size);
}

/* An interface's request: which one, and what changes of its flags. */
static void request_link(struct request *r, int type, unsigned index, unsigned flags)
{
	struct ifinfomsg body = { .ifi_family = AF_UNSPEC,
				  .ifi_index = (int)index,
				  .ifi_flags = flags,
				  .ifi_change = flags };

	request_begin(r, type, NLM_F_ACK, &body, sizeof(body));
}

static void request_add(struct request *r, int type, const void *data, size_t size)
{
	size_t at = NLMSG_ALIGN(r->header.nlmsg_len);
	struct rtattr head = { .rta_len = (unsigned short)RTA_LENGTH(size),
			       .rta_type = (unsigned short)type };

	if (at + RTA_SPACE(size) > sizeof(r->bytes))
		return;
	memcpy(r->bytes + at, &head, sizeof(head));
	memcpy(r->bytes + at + RTA_LENGTH(0), data, size);
	r->header.nlmsg_len = (uint32_t)(at + RTA_LENGTH(size));
}

static const struct rtattr *find_attribute(const struct nlmsghdr *m, size_t body, int type)
{
	const struct rtattr *at =
		(const struct rtattr *)((const char *)NLMSG_DATA(m) + NLMSG_ALIGN(body));
	size_t left = NLMSG_PAYLOAD(m, 0) - MIN((size_t)NLMSG_PAYLOAD(m, 0), NLMSG_ALIGN(body));

	for (; RTA_OK(at, left); at = RTA_NEXT(at, left))
		if ((at->rta_type & NLA_TYPE_MASK) == type)
			return at;
	return NULL;
}

static void take_name(char name[LINK_NAME_SIZE], const struct rtattr *at)
{
	snprintf(name, LINK_NAME_SIZE, "%.*s", at ? (int)RTA_PAYLOAD(at) : 0,
		 at ? (const char *)RTA_DATA(at) : "");
}

static void keep(struct netlink *nl, struct reply *reply, const struct nlmsghdr *m)
{
	size_t size = NLMSG_ALIGN(m->nlmsg_len);
	char *bytes = arena_alloc(nl->arena, reply->size + size);

	if (reply->size)
		memcpy(bytes, reply->bytes, reply->size);
	memcpy(bytes + reply->size, m, m->nlmsg_len);
	memset(bytes + reply->size + m->nlmsg_len, 0, size - m->nlmsg_len);
	reply->bytes = bytes;
	reply->size += size;
}

/* The kernel's answer to a request: an errno, and more words for it where it has some. */
static int take_status(const struct nlmsghdr *m, struct error *err)
{
	const struct nlmsgerr *status = NLMSG_DATA(m);
	const struct rtattr *words = NULL;

	if (!status->error)
		return 0;
	/* The request's own header follows, without its body under NLM_F_CAPPED. */
	if (m->nlmsg_flags & NLM_F_ACK_TLVS)
		words = find_attribute(m,
				       sizeof(*status) +
					       (m->nlmsg_flags & NLM_F_CAPPED
							? 0
							: status->msg.nlmsg_len - NLMSG_HDRLEN),
				       NLMSGERR_ATTR_MSG);
	if (words && RTA_PAYLOAD(words) > 0)
		return error_errno(err, -status->error, "%.*s", (int)RTA_PAYLOAD(words),
				   (const char *)RTA_DATA(words));
	return error_errno(err, -status->error, "netlink");
}

static int receive(struct netlink *nl, struct reply *reply, bool *ret_torn, struct error *err)
{
	static char buf[BUFFER_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));

	for (;;) {
		struct sockaddr_nl from = { 0 };
		struct iovec data = { buf, sizeof(buf) };
		struct msghdr message = { .msg_name = &from,
					  .msg_namelen = sizeof(from),
					  .msg_iov = &data,
					  .msg_iovlen = 1 };
		ssize_t n = recvmsg(nl->fd, &message, 0);
		size_t left = (size_t)n;

		if (n < 0)
			return error_sys(err, "receive from netlink");
		if (message.msg_flags & MSG_TRUNC)
			return error_errno(err, EMSGSIZE, "receive from netlink");
		/* Only the kernel is believed. */
		if (from.nl_pid != 0)
			continue;
		for (const struct nlmsghdr *m = (const struct nlmsghdr *)buf; NLMSG_OK(m, left);
		     m = NLMSG_NEXT(m, left)) {
			if (m->nlmsg_seq != nl->sequence)
				continue;
			if (m->nlmsg_flags & NLM_F_DUMP_INTR)
				*ret_torn = true;
			if (m->nlmsg_type == NLMSG_ERROR)
				return take_status(m, err);
			if (m->nlmsg_type == NLMSG_DONE)
				return 0;
			keep(nl, reply, m);
		}
	}
}

/* Sends a request and waits for its end. */
static int exchange(struct netlink *nl, struct request *r, struct reply *reply, bool *ret_torn,
		    struct error *err)
{
	struct reply unused = { 0 };
	bool torn = false;

	r->header.nlmsg_seq = ++nl->sequence;
	if (send(nl->fd, r->bytes, r->header.nlmsg_len, 0) < 0)
		return error_sys(err, "send to netlink");
	return receive(nl, reply ? reply : &unused, ret_torn ? ret_torn : &torn, err);
}

/* ---- interfaces -------------------------------------------------------------------------------------------------- */

int link_find(struct netlink *nl, const char *name, unsigned index, struct link *ret,
	      struct error *err)
{
	struct request r;
	struct reply reply = { 0 };
	const struct nlmsghdr *m;
	const struct ifinfomsg *body;

	request_link(&r, RTM_GETLINK, name ? 0 : index, 0);
	if (name)
		request_add(&r, IFLA_IFNAME, name, strlen(name) + 1);
	if (exchange(nl, &r, &reply, NULL, err))
		return -1;
	m = (const struct nlmsghdr *)reply.bytes;
	if (!m || m->nlmsg_type != RTM_NEWLINK || m->nlmsg_len < NLMSG_LENGTH(sizeof(*body)))
		return error_errno(err, ENODEV, "netlink");
	body = NLMSG_DATA(m);
	*ret = (struct link){ .index = (unsigned)body->ifi_index, .up = body->ifi_flags & IFF_UP };
	take_name(ret->name, find_attribute(m, sizeof(*body), IFLA_IFNAME));
	return 0;
}

int link_move(struct netlink *nl, unsigned index, int ns, const char *name, struct error *err)
{
	uint32_t number = (uint32_t)(ns < 0 ? getpid() : ns);
	struct request r;

	request_link(&r, RTM_NEWLINK, index, 0);
	request_add(&r, ns < 0 ? IFLA_NET_NS_PID : IFLA_NET_NS_FD, &number, sizeof(number));
	request_add(&r, IFLA_IFNAME, name, strlen(name) + 1);
	return exchange(nl, &r, NULL, NULL, err);
}

int link_rename(struct netlink *nl, unsigned index, const char *name, struct error *err)
{
	struct request r;

	request_link(&r, RTM_NEWLINK, index, 0);
	request_add(&r, IFLA_IFNAME, name, strlen(name) + 1);
	return exchange(nl, &r, NULL, NULL, err);
}

int link_set_up(struct netlink *nl, unsigned index, struct error *err)
{
	struct request r;

	request_link(&r, RTM_NEWLINK, index, IFF_UP);
	return exchange(nl, &r, NULL, NULL, err);
}

/* ---- addresses --------------------------------------------------------------------------------------------------- */

static uint32_t address_flags(const struct nlmsghdr *m)
{
	const struct ifaddrmsg *body = NLMSG_DATA(m);
	const struct rtattr *wide = find_attribute(m, sizeof(*body), IFA_FLAGS);
	uint32_t flags = body->ifa_flags;

	if (wide && RTA_PAYLOAD(wide) >= sizeof(flags))
		memcpy(&flags, RTA_DATA(wide), sizeof(flags));
	return flags;
}

static bool is_carried(const struct nlmsghdr *m, unsigned index)
{
	const struct ifaddrmsg *body = NLMSG_DATA(m);

	return m->nlmsg_type == RTM_NEWADDR && m->nlmsg_len >= NLMSG_LENGTH(sizeof(*body)) &&
	       body->ifa_index == index && body->ifa_scope == RT_SCOPE_UNIVERSE &&
	       address_flags(m) & IFA_F_PERMANENT;
}

int link_addresses(struct netlink *nl, const struct link *link, struct link_addresses *ret,
		   struct error *err)
{
	const struct ifaddrmsg all = { .ifa_family = AF_UNSPEC };
	struct request r;
	struct reply reply;
	bool torn = true;

	for (int i = 0; torn; i++) {
		if (i == DUMP_TRIES)
			return error_set(err, ERR_SYSTEM,
					 "the addresses of \"%s\" change all the time", link->name);
		torn = false;
		reply = (struct reply){ 0 };
		request_begin(&r, RTM_GETADDR, NLM_F_DUMP, &all, sizeof(all));
		if (exchange(nl, &r, &reply, &torn, err))
			return -1;
	}
	*ret = (struct link_addresses){ 0 };
	memcpy(ret->link, link->name, sizeof(ret->link));
	ret->list = arena_new_n(nl->arena, const struct nlmsghdr *,
				reply.size / NLMSG_LENGTH(sizeof(all)));
	for (const char *p = reply.bytes; p < reply.bytes + reply.size;
	     p += NLMSG_ALIGN(((const struct nlmsghdr *)p)->nlmsg_len))
		if (is_carried((const struct nlmsghdr *)p, link->index))
			ret->list[ret->n++] = (const struct nlmsghdr *)p;
	return 0;
}

/* "eth0:1" becomes "net7:1"; one that has no room for it falls to the kernel's default, the interface's name. */
static void add_label(struct request *r, const struct nlmsghdr *m, const char *old,
		      const char *name)
{
	const struct rtattr *at = find_attribute(m, sizeof(struct ifaddrmsg), IFA_LABEL);
	char label[LINK_NAME_SIZE], renamed[2 * LINK_NAME_SIZE];
	size_t length = strlen(old);

	if (!at)
		return;
	take_name(label, at);
	snprintf(renamed, sizeof(renamed), "%s%s", name, label + length);
	if (strncmp(label, old, length) != 0)
		snprintf(renamed, sizeof(renamed), "%s", label);
	if (strlen(renamed) < LINK_NAME_SIZE)
		request_add(r, IFA_LABEL, renamed, strlen(renamed) + 1);
}

static int add_address(struct netlink *nl, const struct link *link, const struct nlmsghdr *m,
		       const char *old, struct error *err)
{
	static const int carried[] = { IFA_LOCAL,     IFA_ADDRESS,     IFA_BROADCAST,
				       IFA_CACHEINFO, IFA_RT_PRIORITY, ADDRESS_PROTO };
	const uint32_t flags = address_flags(m) & GIVEN_FLAGS;
	struct ifaddrmsg body;
	struct request r;

	memcpy(&body, NLMSG_DATA(m), sizeof(body));
	body.ifa_index = link->index;
	body.ifa_flags = (uint8_t)flags;
	request_begin(&r, RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, &body, sizeof(body));
	for (size_t i = 0; i < ARRAY_SIZE(carried); i++) {
		const struct rtattr *at = find_attribute(m, sizeof(body), carried[i]);

		if (at)
			request_add(&r, carried[i], RTA_DATA(at), RTA_PAYLOAD(at));
	}
	request_add(&r, IFA_FLAGS, &flags, sizeof(flags));
	add_label(&r, m, old, link->name);
	return exchange(nl, &r, NULL, NULL, err);
}

static const char *address_text(const struct nlmsghdr *m, char *buf, socklen_t size)
{
	const struct ifaddrmsg *body = NLMSG_DATA(m);
	const struct rtattr *at = find_attribute(m, sizeof(*body), IFA_LOCAL);

	if (!at)
		at = find_attribute(m, sizeof(*body), IFA_ADDRESS);
	if (!at || RTA_PAYLOAD(at) < (body->ifa_family == AF_INET6 ? 16 : 4) ||
	    !inet_ntop(body->ifa_family, RTA_DATA(at), buf, size))
		snprintf(buf, size, "of family %u", body->ifa_family);
	return buf;
}

int link_add_addresses(struct netlink *nl, const struct link *link,
		       const struct link_addresses *addresses, struct error *err)
{
	char text[INET6_ADDRSTRLEN];

	for (size_t i = 0; i < addresses->n; i++)
		if (add_address(nl, link, addresses->list[i], addresses->link, err))
			return error_in(err, "add address %s to \"%s\"",
					address_text(addresses->list[i], text, sizeof(text)),
					link->name);
	return 0;
}
