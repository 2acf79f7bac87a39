#pragma once
#include "plan/types.h"
#include "base/error.h"
#include <linux/filter.h>
struct oci_seccomp;
struct seccomp_plan {
	const struct sock_filter *code;
	uint16_t n_code;
	unsigned flags;
	bool notify;
	const char *listener_path, *listener_metadata;
};
int plan_seccomp(const struct oci_seccomp *, const struct pair *annotations, size_t n,
		 struct arena *, struct plan_warnings *, const struct seccomp_plan **ret,
		 struct error *err);
