#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns schema/*.json into C: the structs (oci_spec.h) and the tables that drive parse.c (oci_tables.c).

The schema language
-------------------
A schema file has these members:

  objects    one entry per kind of object; its members are written in the order of the specification
  words      named, closed lists of words
  patterns   named forms of a string: [form, what a reader would call it]. A form matches the whole string; it is made of
             characters and [sets], each optionally followed by * or +
  documents  the objects that are read from and written to files of their own
  nulls      "everywhere": a scalar of these objects may be null as well

All files share one set of names. The value of an object's member is its type:

  string, bool, int32, int64, uint16, uint32, uint64
  int32(0..7)      an integer within bounds
  NAME             an object, a word of a list, or a string of a pattern
  [TYPE]           an array
  {TYPE}           an object with free keys, all of whose values are of one type (string or an object)
  ignored          known by name, of no concern here

and may end in + (a string or an array: not empty), then <=N (at most N entries), then ! (required).

The C side
----------
Keys become snake_case ("noNewPrivileges": no_new_privileges; "linux": linux_, the bare word being a macro of compilers).
What each type becomes is told at the top of oci_spec.h.
"""

import argparse
import json
import re
import sys

SCALARS = {
    "bool": ("bool", "OCI_BOOL"),
    "int32": ("int32_t", "OCI_INT32"),
    "int64": ("int64_t", "OCI_INT64"),
    "uint16": ("uint16_t", "OCI_UINT16"),
    "uint32": ("uint32_t", "OCI_UINT32"),
    "uint64": ("uint64_t", "OCI_UINT64"),
}
TYPE = re.compile(r"(?P<open>[\[{]?)(?P<base>\w+)(\((?P<low>-?\d+)\.\.(?P<high>\d+)\))?(?P<close>[\]}]?)"
                  r"(?P<filled>\+?)(<=(?P<most>\d+))?(?P<required>!?)")
RESERVED = {"linux": "linux_"}


def fail(text):
    sys.exit("generate.py: " + text)


def snake(key):
    """The C name of a key: a new word begins at a capital that follows or precedes a small letter."""
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", key)
    name = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()
    return RESERVED.get(name, name)


class Member:
    """One member of an object."""

    def __init__(self, schema, owner, key, text):
        m = TYPE.fullmatch(text)
        if not m or (m["open"] + m["close"]) not in ("", "[]", "{}"):
            fail("%s.%s: cannot read the type %r" % (owner, key, text))
        self.owner, self.key, self.name, self.base = owner, key, snake(key), m["base"]
        self.shape = {"": "OCI_ONE", "[": "OCI_LIST", "{": "OCI_MAP"}[m["open"]]
        self.filled, self.required = bool(m["filled"]), bool(m["required"])
        self.most = int(m["most"] or 0)
        self.bounds = (int(m["low"]), int(m["high"])) if m["low"] else None
        self.ignored = self.base == "ignored"
        self.target = None
        self.check, self.check_name = "OCI_ANY", None
        if self.base in SCALARS:
            self.type = SCALARS[self.base][1]
            if self.bounds:
                self.check, self.check_name = "OCI_RANGE", self.bounds
        elif self.ignored:
            self.type = "OCI_IGNORED"
        elif self.base in schema.objects:
            self.type, self.target = "OCI_OBJECT", self.base
        else:
            self.type = "OCI_STRING"
            if self.base in schema.words:
                self.check, self.check_name = "OCI_WORDS", self.base
            elif self.base in schema.patterns:
                self.check, self.check_name = "OCI_PATTERN", self.base
            elif self.base != "string":
                fail("%s.%s: nothing is called %r" % (owner, key, self.base))
        scalar = self.type not in ("OCI_STRING", "OCI_OBJECT") and self.shape == "OCI_ONE"
        self.nullable = not self.required and (not scalar or schema.nulls[owner])
        if self.shape == "OCI_MAP" and self.type not in ("OCI_STRING", "OCI_OBJECT"):
            fail("%s.%s: a map holds strings or objects" % (owner, key))
        if self.filled and self.type != "OCI_STRING" and self.shape == "OCI_ONE":
            fail("%s.%s: + is for strings and arrays" % (owner, key))

    def declare(self):
        """The lines of this member in its C struct."""
        if self.ignored:
            return []
        if self.shape == "OCI_MAP":
            what = "struct oci_pair" if self.type == "OCI_STRING" else "struct oci_%s_entry" % self.base
            return ["const %s *%s;" % (what, self.name), "size_t n_%s;" % self.name]
        if self.type == "OCI_OBJECT":
            line = "const struct oci_%s *%s;" % (self.base, self.name)
        elif self.type == "OCI_STRING":
            line = "const char *%s%s;" % ("const *" if self.shape == "OCI_LIST" else "", self.name)
        elif self.shape == "OCI_LIST":
            line = "const %s *%s;" % (SCALARS[self.base][0], self.name)
        else:
            return ["bool has_%s;" % self.name, "%s %s;" % (SCALARS[self.base][0], self.name)]
        return [line, "size_t n_%s;" % self.name] if self.shape == "OCI_LIST" else [line]

    def presence(self):
        """The C member that tells whether, or how often, this one is there; None for a lone pointer."""
        if self.shape != "OCI_ONE":
            return "n_" + self.name
        return "has_" + self.name if self.base in SCALARS else None


class Schema:
    """Everything that the schema files say."""

    def __init__(self, paths):
        self.objects, self.words, self.patterns, self.nulls, self.documents = {}, {}, {}, {}, []
        for path in paths:
            with open(path, encoding="utf-8") as f:
                text = json.load(f)
            for kind in ("objects", "words", "patterns"):
                for name, value in text.get(kind, {}).items():
                    if name in self.objects or name in self.words or name in self.patterns:
                        fail("%s: the name %r is taken" % (path, name))
                    getattr(self, kind)[name] = value
                    self.nulls[name] = text.get("nulls") == "everywhere"
            self.documents += text.get("documents", [])
        self.members = {}
        for name, members in self.objects.items():
            self.members[name] = [Member(self, name, key, text) for key, text in members.items()]
            if len(members) > 64:
                fail("%s has more members than a mask has bits" % name)
        for name in self.documents:
            if name not in self.objects:
                fail("document %r is no object" % name)


HEADER_TOP = """\
/* SPDX-License-Identifier: Apache-2.0 */
/* Made by libocispec/generate.py from libocispec/schema; changes belong there. */
/*
 * The documents of the OCI runtime specification as C structs. Absent, null, zero and empty can be told apart:
 *
 *	string		const char *x			NULL: absent or null; "": empty
 *	object		const struct oci_y *x		NULL: absent or null
 *	bool, integer	bool has_x; TYPE x		has_x false: absent or null
 *	array		const TYPE *x; size_t n_x	x NULL: absent or null; x set and n_x 0: empty. An array of
 *							strings ends in a NULL that n_x does not count
 *	map of strings	const struct oci_pair *x; size_t n_x
 *	map of objects	const struct oci_y_entry *x; size_t n_x
 *
 * Bit i of `nulls` says that the i-th key (enum oci_y_key) was there and null. What oci_..._parse() returns is const,
 * lives in the arena and satisfies the schema: what is required is there, closed lists of words and bounds hold.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libocispec/merge.h"
#include "libocispec/parse.h"
"""

DOCUMENT = """
static inline int oci_{0}_parse(const char *text, size_t size, struct arena *a,
{1}const struct oci_{0} **ret, struct oci_warnings *w,
{1}struct error *err)
{{
	const void *value;

	if (oci_parse(&oci_tables[OCI_TABLE_{2}], text, size, a, &value, w, err))
		return -1;
	*ret = value;
	return 0;
}}

static inline void oci_{0}_write(struct json_writer *to, const struct oci_{0} *value)
{{
	oci_write(&oci_tables[OCI_TABLE_{2}], value, to);
}}

static inline const struct oci_{0} *oci_{0}_merge(const struct oci_{0} *under,
						     const struct oci_{0} *over, struct arena *a)
{{
	return oci_merge(&oci_tables[OCI_TABLE_{2}], under, over, a);
}}
"""


def write_header(schema):
    """The text of oci_spec.h."""
    out = [HEADER_TOP]
    for name in schema.objects:
        out.append("\nstruct oci_%s {\n\tuint64_t nulls;\n" % name)
        for member in schema.members[name]:
            out += ["\t%s\n" % line for line in member.declare()]
        out.append("};\n")
    mapped = {m.base for ms in schema.members.values() for m in ms
              if m.shape == "OCI_MAP" and m.type == "OCI_OBJECT"}
    for name in schema.objects:
        if name in mapped:
            out.append("\nstruct oci_%s_entry {\n\tconst char *key;\n\tstruct oci_%s value;\n};\n" % (name, name))
    for name in schema.objects:
        out.append("\nenum oci_%s_key {\n" % name)
        for member in schema.members[name]:
            out.append("\tOCI_%s_%s,\n" % (name.upper(), member.name.rstrip("_").upper()))
        out.append("};\n")
    out.append("\nenum oci_table_index {\n")
    out += ["\tOCI_TABLE_%s,\n" % name.upper() for name in schema.objects]
    out.append("};\n")
    for name in schema.documents:
        column = len("static inline int oci__parse(" + name)
        out.append(DOCUMENT.format(name, "\t" * (column // 8) + " " * (column % 8), name.upper()))
    return "".join(out)


def c_string(text):
    return json.dumps(text)


class Pool:
    """Numbers of things that several members share."""

    def __init__(self, items=()):
        self.items = list(items)

    def index(self, item):
        if item not in self.items:
            self.items.append(item)
        return self.items.index(item)


def member_row(schema, member, ranges):
    """The initialiser of one struct oci_member."""
    check = {
        "OCI_ANY": lambda: 0,
        "OCI_WORDS": lambda: list(schema.words).index(member.check_name),
        "OCI_PATTERN": lambda: list(schema.patterns).index(member.check_name),
        "OCI_RANGE": lambda: ranges.index(member.check_name),
    }[member.check]()
    flags = [flag for flag, wanted in (("OCI_REQUIRED", member.required), ("OCI_NULLABLE", member.nullable),
                                       ("OCI_FILLED", member.filled)) if wanted]
    row = [c_string(member.key), str(len(member.key.encode())), member.type, member.shape, " | ".join(flags) or "0",
           member.check, str(check),
           "OCI_TABLE_" + member.target.upper() if member.target else "0", str(member.most)]
    where = "struct oci_%s" % member.owner
    row.append("0" if member.ignored else "offsetof(%s, %s)" % (where, member.name))
    row.append("offsetof(%s, %s)" % (where, member.presence()) if member.presence() and not member.ignored else "0")
    return "\t{ %s },\n" % ", ".join(row)


def write_tables(schema):
    """The text of oci_tables.c."""
    ranges = Pool()
    out = ["/* SPDX-License-Identifier: Apache-2.0 */\n",
           "/* Made by libocispec/generate.py from libocispec/schema; changes belong there. */\n",
           '#include "oci_spec.h"\n', "\nconst struct oci_member oci_members[] = {\n"]
    for name in schema.objects:
        out.append("\t/* %s */\n" % name)
        out += [member_row(schema, member, ranges) for member in schema.members[name]]
    out.append("};\n\nconst struct oci_table oci_tables[] = {\n")
    first = 0
    for name in schema.objects:
        members = schema.members[name]
        required = sum(1 << i for i, member in enumerate(members) if member.required)
        out.append("\t[OCI_TABLE_%s] = { UINT64_C(%#x), sizeof(struct oci_%s), %d, %d },\n"
                   % (name.upper(), required, name, first, len(members)))
        first += len(members)
    out.append("};\n\nconst char oci_words[][OCI_WORD_MAX] = {\n")
    for words in schema.words.values():
        out += ["\t%s,\n" % c_string(word) for word in words]
    out.append("};\n\nconst struct oci_word_list oci_word_lists[] = {\n")
    first = 0
    for name, words in schema.words.items():
        out.append("\t{ %d, %d }, /* %s */\n" % (first, len(words), name))
        first += len(words)
    out.append("};\n\nconst struct oci_pattern oci_patterns[] = {\n")
    out += ["\t{ %s, %s },\n" % (c_string(form), c_string(meaning)) for form, meaning in schema.patterns.values()]
    out.append("};\n\nconst struct oci_range oci_ranges[] = {\n")
    out += ["\t{ %d, %d },\n" % bounds for bounds in ranges.items]
    out.append("};\n")
    return "".join(out)


def main():
    parser = argparse.ArgumentParser(description="Generate oci_spec.h and oci_tables.c.")
    parser.add_argument("--header", required=True, help="where the structs go")
    parser.add_argument("--tables", required=True, help="where the tables go")
    parser.add_argument("schema", nargs="+", help="schema files")
    args = parser.parse_args()
    schema = Schema(args.schema)
    for path, text in ((args.header, write_header(schema)), (args.tables, write_tables(schema))):
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)


if __name__ == "__main__":
    main()
