/* SPDX-License-Identifier: Apache-2.0 */
/* Values of properties in text form, and the annotations that give some. */
#include "plan/properties.h"

#include "check.h"

static struct arena arena;

static const char *print(const struct unit_value *v)
{
	const char *text = "";

	switch (*v->signature) {
	case 'b':
		return v->number ? "true" : "false";
	case 's':
	case 'o':
	case 'g':
		return arena_printf(&arena, "'%s'", v->text);
	case 'd':
		return arena_printf(&arena, "%g", v->real);
	case 'n':
	case 'i':
	case 'x':
		return arena_printf(&arena, "%jd", (intmax_t)(int64_t)v->number);
	case 'a':
	case '(':
		for (size_t i = 0; i < v->n; i++)
			text = arena_printf(&arena, "%s%s%s", text, i ? ", " : "",
					    print(&v->items[i]));
		return arena_printf(&arena, *v->signature == 'a' ? "[%s]" : "(%s)", text);
	default:
		return arena_printf(&arena, "%ju", (uintmax_t)v->number);
	}
}

static void test_values(void)
{
	static const struct {
		const char *text, *signature, *value;
	} cases[] = {
		{ "true", "b", "true" },
		{ " false ", "b", "false" },
		{ "15", "i", "15" },
		{ "-15", "i", "-15" },
		{ "+7", "i", "7" },
		{ "0x10", "i", "16" },
		{ "-2147483648", "i", "-2147483648" },
		{ "uint64 18446744073709551615", "t", "18446744073709551615" },
		{ "int64 -9223372036854775808", "x", "-9223372036854775808" },
		{ "byte 0xff", "y", "255" },
		{ "@t 5", "t", "5" },
		{ "uint32 7", "u", "7" },
		{ "boolean true", "b", "true" },
		{ "1.5", "d", "1.5" },
		{ "double 2", "d", "2" },
		{ "1e3", "d", "1000" },
		{ "'text'", "s", "'text'" },
		{ "\"it's\"", "s", "'it's'" },
		{ "'a\\'b\\n'", "s", "'a'b\n'" },
		{ "objectpath '/a'", "o", "'/a'" },
		{ "['a.service', 'b.service']", "as", "['a.service', 'b.service']" },
		{ "@as []", "as", "[]" },
		{ "[uint64 1, 2]", "at", "[1, 2]" },
		{ "[[1], [2, 3]]", "aai", "[[1], [2, 3]]" },
		{ "('/dev/sda', uint64 5)", "(st)", "('/dev/sda', 5)" },
		{ "@a(st) [('/dev/sda', 5), ('/dev/sdb', 6)]", "a(st)",
		  "[('/dev/sda', 5), ('/dev/sdb', 6)]" },
		{ "(1,)", "(i)", "(1)" },
		{ "@ay [0x01, 0xff]", "ay", "[1, 255]" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct unit_value v = { 0 };
		struct error err = { 0 };

		CHECK_INT(property_parse(cases[i].text, &arena, &v, &err), 0);
		if (!v.signature) {
			printf("# %s: %s\n", cases[i].text, err.text);
			continue;
		}
		CHECK_STR(v.signature, cases[i].signature);
		CHECK_STR(print(&v), cases[i].value);
	}
}

static void test_refused_values(void)
{
	static const char *const texts[] = {
		"",
		"text",
		"'open",
		"5 6",
		"[1, 'a']",
		"[]",
		"()",
		"(1, 2",
		"[1 2]",
		"uint64 -1",
		"2147483648",
		"byte 256",
		"@a 5",
		"@z 5",
		"@s 5",
		"uint32 'a'",
		"1.2.3",
		"0x",
		"'\\q'",
		"@(ss) ('a')",
		"@(s) ('a', 'b')",
		"int64 9223372036854775808",
		"[[[[[[[[[1]]]]]]]]]",
		"18446744073709551616",
		"true false",
		"@as ['a', 5]",
		"-",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct unit_value v;
		struct error err = { 0 };

		CHECK_INT(property_parse(texts[i], &arena, &v, &err), -1);
		if (err.text[0] == '\0')
			printf("# accepted: %s\n", texts[i]);
	}
}

static void test_annotations(void)
{
	static const struct pair some[] = {
		{ "other", "[" },
		{ "org.systemd.property.KillSignal", "15" },
		{ "org.systemd.property.TimeoutStopSec", "1.5" },
		{ "org.systemd.property.RuntimeMaxUSec", "uint64 7" },
		{ "org.systemd.property.After", "['crio.service']" },
	};
	static const struct {
		struct pair one;
		const char *text;
	} refused[] = {
		{ { "org.systemd.property.", "15" }, "no name of a property" },
		{ { "org.systemd.property.Ab", "15" }, "no name of a property" },
		{ { "org.systemd.property.Kill1", "15" }, "no name of a property" },
		{ { "org.systemd.property.KillSignal", "nonsense" }, "no value" },
		{ { "org.systemd.property.RuntimeMaxSec", "-1" }, "no number of seconds" },
		{ { "org.systemd.property.RuntimeMaxSec", "'1'" }, "no number of seconds" },
		{ { "org.systemd.property.ExecStopPost", "'/bin/sh'" }, "may set" },
		{ { "org.systemd.property.Slice", "'a.slice'" }, "may set" },
		{ { "org.systemd.property.Delegate", "false" }, "may set" },
		{ { "org.systemd.property.DeviceAllow", "@a(ss) []" }, "may set" },
	};
	const struct unit_property *list;
	struct error err = { 0 };
	size_t n = 0;

	CHECK_INT(plan_properties(some, ARRAY_SIZE(some), &arena, &list, &n, &err), 0);
	CHECK_INT(n, 4);
	CHECK_STR(list[1].name, "TimeoutStopUSec");
	CHECK_STR(list[1].value.signature, "t");
	CHECK_INT(list[1].value.number, 1500000);
	CHECK_STR(list[2].name, "RuntimeMaxUSec");
	CHECK_INT(list[2].value.number, 7);
	CHECK_STR(list[3].value.items[0].text, "crio.service");
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		CHECK_INT(plan_properties(&refused[i].one, 1, &arena, &list, &n, &err), -1);
		CHECK_STR(err.where, "/annotations");
		CHECK_CONTAINS(err.text, refused[i].text);
		CHECK_CONTAINS(err.text, refused[i].one.key);
		err = (struct error){ 0 };
	}
}

int main(void)
{
	test_values();
	test_refused_values();
	test_annotations();
	return check_done();
}
