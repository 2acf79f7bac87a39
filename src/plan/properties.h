/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Properties of a systemd unit: a name and a value of a D-Bus type (org.freedesktop.systemd1(5)), and how annotations
 * org.systemd.property.NAME give some: the value is in the text format of GVariant
 * (https://docs.gtk.org/glib/gvariant-text-format.html), as far as properties need it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

/*
 * One value. Its type is `signature`: "b", "y", "n", "q", "i", "u", "x", "t" in `number`, "d" in `real`, "s", "o", "g" in
 * `text`, an array "a..." or a tuple "(...)" in `items`.
 */
struct unit_value {
	const char *signature;
	uint64_t number;
	double real;
	const char *text;
	const struct unit_value *items;
	size_t n;
};

struct unit_property {
	const char *name;
	struct unit_value value;
};

/*
 * The properties that annotations ask for. Seconds ("RuntimeMaxSec") become microseconds, as the bus knows them. Refused is
 * what is no text of a value, and what could do more than limit, order or end the container's own unit.
 */
int plan_properties(const struct pair *annotations, size_t n, struct arena *a,
		    const struct unit_property **ret, size_t *ret_n, struct error *err);

/* A value in text form; its type is the default one of the text unless it tells another. */
int property_parse(const char *text, struct arena *a, struct unit_value *ret, struct error *err);
