/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/rules.h"

#include <inttypes.h>
#include <string.h>

#include "oci_spec.h"

#define ALL_ACCESS (DEVICE_READ | DEVICE_WRITE | DEVICE_MKNOD)

/*
 * What every container may use: making nodes of any kind (opening them is another matter), the default devices, terminals,
 * and the tunnel device, which images have come to expect.
 */
#define OWN(type, major, minor, access)                           \
	{                                                         \
		true, type, major, minor, access, DEVICE_RULE_OWN \
	}
static const struct device_rule own_rules[] = {
	OWN('c', DEVICE_ANY, DEVICE_ANY, DEVICE_MKNOD),
	OWN('b', DEVICE_ANY, DEVICE_ANY, DEVICE_MKNOD),
	OWN('c', 1, 3, ALL_ACCESS),	       /* null */
	OWN('c', 1, 5, ALL_ACCESS),	       /* zero */
	OWN('c', 1, 7, ALL_ACCESS),	       /* full */
	OWN('c', 1, 8, ALL_ACCESS),	       /* random */
	OWN('c', 1, 9, ALL_ACCESS),	       /* urandom */
	OWN('c', 5, 0, ALL_ACCESS),	       /* tty */
	OWN('c', 5, 1, ALL_ACCESS),	       /* console */
	OWN('c', 5, 2, ALL_ACCESS),	       /* ptmx */
	OWN('c', 136, DEVICE_ANY, ALL_ACCESS), /* pts */
	OWN('c', 10, 200, ALL_ACCESS),	       /* net/tun */
};

static int parse_access(const char *text, unsigned *ret)
{
	static const struct word letters[] = { { "r", DEVICE_READ },
					       { "w", DEVICE_WRITE },
					       { "m", DEVICE_MKNOD } };

	*ret = 0;
	for (const char *p = text; *p; p++) {
		const char letter[2] = { *p, '\0' };
		uint64_t bit;

		if (!word_find(letters, ARRAY_SIZE(letters), letter, &bit))
			return -1;
		*ret |= (unsigned)bit;
	}
	return *ret ? 0 : -1;
}

static int parse_rule(const struct oci_device_rule *from, uint32_t index, struct device_rule *to,
		      struct error *err)
{
	const char *type = from->type && *from->type ? from->type : "a";

	*to = (struct device_rule){ .allow = from->allow,
				    .type = type[0],
				    .major = from->has_major ? from->major : DEVICE_ANY,
				    .minor = from->has_minor ? from->minor : DEVICE_ANY,
				    .index = index };
	if (type[1] || !strchr("abc", type[0])) {
		error_set(err, ERR_CONFIG, "device type \"%s\" is none of a, b and c", type);
		return error_at(err, "/linux/resources/devices/%u/type", index);
	}
	if (to->major < DEVICE_ANY || to->major > MAX_MAJOR || to->minor < DEVICE_ANY ||
	    to->minor > MAX_MINOR) {
		error_set(err, ERR_CONFIG, "device number %jd:%jd is out of range",
			  (intmax_t)to->major, (intmax_t)to->minor);
		return error_at(err, "/linux/resources/devices/%u", index);
	}
	if (!from->access || parse_access(from->access, &to->access)) {
		error_set(err, ERR_CONFIG, "access \"%s\" is not made of r, w and m",
			  from->access ? from->access : "");
		return error_at(err, "/linux/resources/devices/%u/access", index);
	}
	return 0;
}

static bool is_for_all(const struct device_rule *rule)
{
	return rule->type == 'a' && rule->major == DEVICE_ANY && rule->minor == DEVICE_ANY &&
	       rule->access == ALL_ACCESS;
}

/*
 * What stands before the last rule for all devices is void. Behind it come our own rules, unless everything is allowed,
 * and then the user's, so that an explicit denial wins. A rule of both types for a part of the devices becomes two: to the
 * kernel "a" means every device whatever else is said.
 */
int plan_rules(const struct oci_resources *r, struct arena *a, struct cgroup_plan *plan,
	       struct error *err)
{
	size_t n = r ? r->n_devices : 0, count = 1;
	struct device_rule *rules =
		arena_new_n(a, struct device_rule, 2 * n + 1 + ARRAY_SIZE(own_rules));
	const size_t own_size = sizeof(own_rules);

	rules[0] = (struct device_rule){ false,	     'a',	 DEVICE_ANY,
					 DEVICE_ANY, ALL_ACCESS, DEVICE_RULE_OWN };
	memcpy(rules + count, own_rules, own_size);
	count += ARRAY_SIZE(own_rules);
	for (size_t i = 0; i < n; i++) {
		struct device_rule rule;

		if (parse_rule(&r->devices[i], (uint32_t)i, &rule, err))
			return -1;
		if (is_for_all(&rule)) {
			rules[0] = rule;
			count = rule.allow ? 1 : 1 + ARRAY_SIZE(own_rules);
			if (!rule.allow)
				memcpy(rules + 1, own_rules, own_size);
			continue;
		}
		rules[count] = rule;
		if (rule.type == 'a') {
			rules[count].type = 'c';
			rules[++count] = rule;
			rules[count].type = 'b';
		}
		count++;
	}
	plan->devices = rules;
	plan->n_devices = count;
	return 0;
}

bool plan_rules_needed(const struct oci_linux *os, const struct host *host)
{
	if (os && os->resources && os->resources->n_devices)
		return true;
	for (size_t i = 0; os && i < os->n_namespaces; i++)
		if (os->namespaces[i].type && str_eq(os->namespaces[i].type, "user"))
			return false;
	return !host->in_userns;
}
