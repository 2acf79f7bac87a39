/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/names.h"

#include <sched.h>
#include <signal.h>

#include "check.h"

int main(void)
{
	static const struct {
		const char *name;
		int sig;
	} signals[] = {
		{ "9", 9 },
		{ "KILL", SIGKILL },
		{ "SIGKILL", SIGKILL },
		{ "sigterm", SIGTERM },
		{ "Hup", SIGHUP },
		{ "0", 0 },
		{ "64", 64 },
		{ "65", -1 },
		{ "RTMIN", 34 },
		{ "SIGRTMIN+3", 37 },
		{ "rtmax-1", 63 },
		{ "RTMAX", 64 },
		{ "RTMIN+31", -1 },
		{ "RTMIN-1", -1 },
		{ "NOPE", -1 },
		{ "", -1 },
		{ "SIG", -1 },
		{ "-9", -1 },
		{ "CLD", SIGCHLD },
		{ "IOT", SIGABRT },
		{ "IO", SIGIO },
		{ "POLL", SIGIO },
		{ "9 ", -1 },
	};
	uint64_t value;

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		if (!CHECK_INT(signal_find(signals[i].name), signals[i].sig))
			printf("# %s\n", signals[i].name);
	for (size_t i = 0; i < NS_TYPES; i++) {
		CHECK(ns_type_find(ns_types[i].name) == &ns_types[i]);
		CHECK(ns_type_of(ns_types[i].flag) == &ns_types[i]);
	}
	CHECK(!ns_type_find("net"));
	CHECK(!ns_type_find("PID"));
	CHECK(word_find(rlimit_words.table, rlimit_words.n, "RLIMIT_RTTIME", &value));
	CHECK(!word_find(rlimit_words.table, rlimit_words.n, "NOFILE", &value));
	CHECK_INT(rlimit_words.n, 16);
	CHECK_INT(sched_policy_words.n, 6);
	CHECK_STR(word_name(hook_words.table, hook_words.n, 3), "startContainer");
	return check_done();
}
