/* placeholder until merge */
#include "plan/seccomp.h"
#include "base/util.h"
int plan_seccomp(const struct oci_seccomp *o, const struct pair *annotations UNUSED,
		 size_t n UNUSED, struct arena *a UNUSED, struct plan_warnings *w UNUSED,
		 const struct seccomp_plan **ret, struct error *err)
{
	*ret = NULL;
	if (o)
		return error_config(err, "/linux/seccomp", "not yet");
	return 0;
}
