/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/events.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "cgroup/hierarchy.h"

static bool is_gone(int errnum)
{
	return errnum == ENOENT || errnum == ENODEV;
}

int events_wait_line(struct hierarchy *h, const char *file, const char *line, uint64_t deadline)
{
	auto_fd int fd = hierarchy_open_file(h, file, O_RDONLY);

	if (fd < 0)
		return is_gone(errno) ? 1 : -1;
	for (;;) {
		char text[256];
		ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
		int events;

		if (n < 0)
			return is_gone(errno) ? 1 : -1;
		text[n] = '\0';
		if (strstr(text, line))
			return 1;
		events = fd_wait(fd, POLLPRI, deadline);
		if (events <= 0)
			return events;
	}
}

/* ---- memory ---------------------------------------------------------------------------------------------------------- */

static struct hierarchy *memory_of(const struct cgroup *cg)
{
	struct cgroup *c = (struct cgroup *)(uintptr_t)cg;
	struct hierarchy *h = NULL;
	struct error unused;

	if (!c->n || cgroup_find_controller(c, CONTROLLER_MEMORY, &h, &unused))
		return NULL;
	return h;
}

bool cgroup_oom_kills(const struct cgroup *cg, uint64_t *ret)
{
	struct hierarchy *h = memory_of(cg);
	char text[512], *p;

	if (!h || !hierarchy_read(h, h->version == 1 ? "memory.oom_control" : "memory.events", text,
				  sizeof(text)))
		return false;
	p = strstr(text, "oom_kill ");
	if (!p)
		return false;
	*ret = strtoull(p + strlen("oom_kill "), NULL, 10);
	return true;
}

/* "EVENTFD CONTROL" in cgroup.event_control (the kernel's Documentation/admin-guide/cgroup-v1/memory.rst, 9 and 10). */
static int open_v1(struct hierarchy *h, struct oom_watch *w, struct error *err)
{
	auto_fd int control = hierarchy_open_file(h, "memory.oom_control", O_RDONLY);
	auto_fd int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	char line[32];

	if (control < 0 || event < 0)
		return error_sys(err, "open \"%s%s/memory.oom_control\"", h->mount, h->path);
	snprintf(line, sizeof(line), "%d %d", event, control);
	if (hierarchy_write(h, "cgroup.event_control", line) < 0)
		return error_sys(err, "write \"%s\" to \"%s%s/cgroup.event_control\"", line,
				 h->mount, h->path);
	w->control = fd_take(&control);
	w->fd = fd_take(&event);
	w->events = POLLIN;
	return 0;
}

int oom_watch_open(const struct cgroup *cg, struct oom_watch *ret, struct error *err)
{
	struct hierarchy *h = memory_of(cg);
	struct oom_watch w = OOM_WATCH_INIT;

	w.cg = cg;
	if (h) {
		w.version = h->version;
		if (h->version == 1 && open_v1(h, &w, err))
			return -1;
		if (h->version == 2) {
			char text[8];

			w.fd = hierarchy_open_file(h, "memory.events", O_RDONLY);
			w.events = POLLPRI;
			/* The controller need not be switched on for the container. */
			if (w.fd < 0 && !is_gone(errno))
				return error_sys(err, "open \"%s%s/memory.events\"", h->mount,
						 h->path);
			/* poll(2) compares with the last read. */
			if (w.fd >= 0 && pread(w.fd, text, sizeof(text), 0) < 0)
				fd_close(&w.fd);
		}
		(void)cgroup_oom_kills(cg, &w.kills);
	}
	*ret = w;
	return 0;
}

void oom_watch_close(struct oom_watch *w)
{
	fd_close(&w->fd);
	fd_close(&w->control);
}

/* Where it is disabled, memory that runs out stops processes instead. */
static bool is_killer_disabled(const struct oom_watch *w)
{
	struct hierarchy *h = memory_of(w->cg);
	char text[512];

	return h && hierarchy_read(h, "memory.oom_control", text, sizeof(text)) &&
	       strstr(text, "oom_kill_disable 1");
}

uint64_t oom_watch_take(struct oom_watch *w)
{
	uint64_t before = w->kills, times = 0;
	char text[512];

	if (w->fd < 0)
		return 0;
	/* A read resets what poll(2) has told. */
	if (w->version == 1 && read(w->fd, &times, sizeof(times)) != sizeof(times))
		times = 0;
	/* The end of the cgroup is told as well, and by v2 for ever. */
	if ((w->version == 2 && pread(w->fd, text, sizeof(text), 0) < 0) ||
	    !cgroup_oom_kills(w->cg, &w->kills)) {
		oom_watch_close(w);
		return 0;
	}
	if (w->kills != before || clock_now() >= w->unsettled)
		w->unsettled = 0;
	if (w->kills != before || !times)
		return w->kills - before;
	if (is_killer_disabled(w))
		return 1;
	w->unsettled = deadline_in(1);
	return 0;
}
