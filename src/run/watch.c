/* SPDX-License-Identifier: Apache-2.0 */
#include "run/watch.h"

#include <errno.h>
#include <poll.h>

#include "base/fd.h"

#define SOON 20000000 /* nanoseconds */

int watch_open(const struct container *c, uint64_t interval, struct watch *ret, struct error *err)
{
	struct watch w = WATCH_INIT;

	w.init = process_open(&c->init);
	if (w.init < 0)
		return error_set(err, ERR_STATE, "container with id %s is not running", c->id);
	if (oom_watch_open(c->cgroup, &w.oom, err)) {
		watch_close(&w);
		return -1;
	}
	w.interval = interval;
	w.next = clock_now() + interval;
	*ret = w;
	return 0;
}

/* Moments that have passed while nobody asked are not made up for. */
static void step(struct watch *w)
{
	uint64_t now = clock_now();

	while (w->next <= now)
		w->next += MAX(w->interval, now - w->next);
}

int watch_next(struct watch *w, enum watch_event *ret, struct error *err)
{
	for (;;) {
		struct pollfd fds[] = { { .fd = w->init, .events = POLLIN },
					{ .fd = w->oom.fd, .events = w->oom.events } };
		const uint64_t soon = clock_now() + SOON;
		int n;

		if (w->pending) {
			w->pending--;
			*ret = WATCH_OOM;
			return 0;
		}
		n = poll(fds, ARRAY_SIZE(fds),
			 deadline_left(w->oom.unsettled ? MIN(w->next, soon) : w->next));
		if (n < 0 && errno != EINTR)
			return error_sys(err, "poll");
		/* Whoever ends for want of memory is counted before. */
		if (n > 0 || w->oom.unsettled)
			w->pending = oom_watch_take(&w->oom);
		if (w->pending || n < 0)
			continue;
		if (n > 0 && fds[0].revents) {
			*ret = WATCH_END;
			return 0;
		}
		if (clock_now() >= w->next) {
			step(w);
			*ret = WATCH_INTERVAL;
			return 0;
		}
	}
}

void watch_close(struct watch *w)
{
	oom_watch_close(&w->oom);
	fd_close(&w->init);
}
