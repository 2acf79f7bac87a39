#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds libocispec/schema against the specification's own JSON schema (tests/data/schema): every property there is known
here with the same type, the same bounds, the same words, and required alike. What differs on purpose stands in lists
below with its reason, and an entry that is not needed is a failure, too. Then the specification's examples go through the
parser (oci_file). Prints TAP.
"""

import json
import os
import re
import subprocess
import sys

SOURCE = os.environ.get("abs_top_srcdir") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("abs_top_builddir") or SOURCE
DATA = os.path.join(SOURCE, "tests", "data", "schema")
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(SOURCE, "libocispec"))
import generate  # noqa: E402

# Known by name and skipped.
IGNORED = {
    "/vm": "for runtimes that boot a machine (PLAT-03)",
    "/solaris": "another platform (PLAT-02)",
    "/windows": "another platform (PLAT-02)",
    "/zos": "another platform (PLAT-02)",
    "/freebsd": "another platform (PLAT-02)",
    "/process/commandLine": "another platform (PROC-15)",
}
# Required by the text of the specification, not by its schema.
STRICTER = {
    "/root": "ROOT-01",
    "/process/user/uid": "USER-01",
    "/process/user/gid": "USER-02",
    "/process/ioPriority/priority": "IOP-03",
    "/linux/personality/domain": "PERS-02",
    "/linux/memoryPolicy/mode": "MPOL-02",
    "/linux/resources/blockIO/throttleReadBpsDevice/*/rate": "BIO-10",
    "/linux/resources/blockIO/throttleWriteBpsDevice/*/rate": "BIO-10",
    "/linux/resources/blockIO/throttleReadIOPSDevice/*/rate": "BIO-12",
    "/linux/resources/blockIO/throttleWriteIOPSDevice/*/rate": "BIO-12",
}
# Required by the schema, not here.
LOOSER = {
    "/process/consoleSize/height": "the object is ignored without a terminal (PROC-04); the plan asks for it",
    "/process/consoleSize/width": "the object is ignored without a terminal (PROC-04); the plan asks for it",
    "/linux/resources/pids/limit": "may be absent since 1.3 (PIDS-02)",
}
# Types that differ.
TYPES = {
    "/process/oomScoreAdj": "bounded as the text says (OOM-01)",
    "/process/ioPriority/priority": "bounded as the text says (IOP-03)",
    "/linux/seccomp/syscalls/*/args/*/index": "a system call has six arguments (SEC-23)",
    "/linux/resources/memory/swappiness": "bounded as the text says (MEM-07)",
    "/linux/timeOffsets": "free keys, so that the plan can name an unknown clock (TIME-01)",
    "/linux/timeOffsets/*/nanosecs": "below one second (TIME-03)",
    "/linux/devices/*/type": "a closed list of letters (DEV-03)",
    "/linux/resources/devices/*/type": "a closed list of letters (CDV-04)",
    "/linux/devices/*/fileMode": "set-id and sticky bits are accepted (DEV-08)",
    "/linux/rootfsPropagation": "the recursive forms are taken as well (PROP-01)",
    "/linux/seccomp/architectures": "open: the plan asks libseccomp (SEC-05)",
    "features:/linux/seccomp/archs": "open: the plan asks libseccomp (SEC-05)",
    "state:/status": "a paused container says so (X-30)",
    "state:/pid": "a pid_t",
}
for kind in ("prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"):
    TYPES["/hooks/%s/*/timeout" % kind] = "seconds, as long as poll(2) can wait"
# Known here only.
EXTRA = {
    "/linux/intelRdt/enableCMT": "of 1.1 to 1.2, so that its users are told",
    "/linux/intelRdt/enableMBM": "the same",
    "features:/linux/memoryPolicy": "FEAT-31; the schema lags behind the text (X-10)",
    "features:/linux/intelRdt/schemata": "FEAT-34",
    "features:/linux/intelRdt/monitoring": "FEAT-34",
}

cases = 0
failed = 0
used = set()


def check(ok, name, detail=""):
    global cases, failed
    cases += 1
    failed += not ok
    print("%sok %d - %s" % ("" if ok else "not ", cases, name))
    if not ok and detail:
        print("\n".join("# " + line for line in detail.splitlines()))


class Official:
    """The specification's schema."""

    def __init__(self):
        self.files = {}

    def find(self, name, pointer):
        if name not in self.files:
            with open(os.path.join(DATA, name), encoding="utf-8") as f:
                self.files[name] = json.load(f)
        node = self.files[name]
        for part in filter(None, pointer.split("/")):
            node = node[part]
        return node

    def flat(self, node, name):
        """A node with its references and its parts folded in; each inner node is a pair of node and file."""
        out = {"properties": {}, "required": set()}
        parts = list(node.get("allOf", [])) + list(node.get("anyOf", []))
        if "$ref" in node:
            file, pointer = node["$ref"].split("#")
            parts.append(self.find(file or name, pointer))
            out.update(self.flat(parts.pop(), file or name))
        for part in parts:
            inner = self.flat(part, name)
            inner["properties"].update(out["properties"])
            inner["required"] |= out["required"]
            out.update(inner)
        out["properties"].update({key: (value, name) for key, value in node.get("properties", {}).items()})
        out["required"] |= set(node.get("required", []))
        free = list(node.get("patternProperties", {}).values())
        if isinstance(node.get("additionalProperties"), dict):
            free.append(node["additionalProperties"])
        if free:
            out["free"] = (free[0], name)
        if "items" in node:
            out["items"] = (node["items"], name)
        for key in ("type", "enum", "pattern", "minimum", "maximum", "minItems"):
            if key in node:
                out[key] = node[key]
        return out


def excused(table, path):
    if path in table:
        used.add((id(table), path))
        return True
    return False


class Comparison:
    """One document: our object against the specification's."""

    def __init__(self, official, schema, prefix):
        self.official, self.schema, self.prefix = official, schema, prefix
        self.complaints = []
        self.count = 0

    def complain(self, path, text):
        self.complaints.append("%s%s: %s" % (self.prefix, path, text))

    def object(self, path, name, flat):
        members = {member.key: member for member in self.schema.members[name]}
        for key, (node, file) in flat["properties"].items():
            here = "%s/%s" % (path, key)
            member = members.pop(key, None)
            self.count += 1
            if member is None:
                self.complain(here, "not known here")
            elif member.ignored:
                if not excused(IGNORED, self.prefix + here):
                    self.complain(here, "ignored here")
            else:
                required = key in flat["required"]
                if member.required and not required and not excused(STRICTER, self.prefix + here):
                    self.complain(here, "required here only")
                if required and not member.required and not excused(LOOSER, self.prefix + here):
                    self.complain(here, "not required here")
                self.member(here, member, self.official.flat(node, file))
        for key in members:
            if not excused(EXTRA, "%s%s/%s" % (self.prefix, path, key)):
                self.complain("%s/%s" % (path, key), "known here only")

    def member(self, path, member, flat):
        if member.shape == "OCI_LIST":
            if flat.get("type") != "array" or flat.get("minItems", 0) != member.filled:
                self.differ(path, member, flat)
                return
            self.value(path + "/*", member, self.official.flat(*flat["items"]))
        elif member.shape == "OCI_MAP":
            if flat.get("type") != "object" or "free" not in flat:
                self.differ(path, member, flat)
                for node, file in flat["properties"].values():
                    self.value(path + "/*", member, self.official.flat(node, file))
                return
            self.value(path + "/*", member, self.official.flat(*flat["free"]))
        else:
            self.value(path, member, flat)

    def value(self, path, member, flat):
        if member.type == "OCI_OBJECT":
            if flat.get("type", "object") != "object":
                self.differ(path, member, flat)
            else:
                self.object(path, member.target, flat)
            return
        if member.type == "OCI_STRING":
            words = self.schema.words.get(member.check_name)
            form = self.schema.patterns[member.check_name][0] if member.check == "OCI_PATTERN" else None
            pattern = "^%s$" % form.replace("\n", "\\n") if form else None
            same = (flat.get("type") == "string" and set(words or []) == set(flat.get("enum", []))
                    and pattern == flat.get("pattern"))
        elif member.type == "OCI_BOOL":
            same = flat.get("type") == "boolean"
        else:
            sign, bits = re.fullmatch(r"(u?)int(\d+)", member.base).groups()
            bounds = (0, 2 ** int(bits) - 1) if sign else (-2 ** (int(bits) - 1), 2 ** (int(bits) - 1) - 1)
            same = (flat.get("type") == "integer"
                    and (member.bounds or bounds) == (flat.get("minimum"), flat.get("maximum")))
        if not same:
            self.differ(path, member, flat)

    def differ(self, path, member, flat):
        place = self.prefix + (path[:-2] if path.endswith("/*") else path)
        if not excused(TYPES, place):
            seen = {k: v for k, v in flat.items() if k not in ("properties", "required", "items", "free")}
            self.complain(path, "%s %s %s here, %s there" % (member.shape, member.base, member.bounds or "", seen))


def compare(official, schema):
    for prefix, name, file in (("", "config", "config-schema.json"), ("state:", "state", "state-schema.json"),
                               ("features:", "features", "features-schema.json")):
        comparison = Comparison(official, schema, prefix)
        comparison.object("", name, official.flat(official.find(file, ""), file))
        check(not comparison.complaints, "%s: %d properties of the specification" % (name, comparison.count),
              "\n".join(comparison.complaints))
        check(comparison.count > 5, "%s: properties were found" % name)
    for title, table in (("ignored", IGNORED), ("stricter", STRICTER), ("looser", LOOSER), ("types", TYPES),
                         ("extra", EXTRA)):
        unused = [path for path in table if (id(table), path) not in used]
        check(not unused, "every exception is needed: %s" % title, "\n".join(unused))


# Bad for a reason that does not concern a Linux runtime.
ACCEPTED = {"config/bad/freebsd-vnet-disable.json": "only its freebsd object is wrong (PLAT-02)"}
# Good for the schema, which requires less than the text.
REFUSED = {}


def examples():
    tool = os.path.join(BUILD, "tests", "unit", "oci_file")
    for kind in ("config", "features", "state"):
        for sort in ("good", "bad"):
            directory = os.path.join(DATA, "test", kind, sort)
            for name in sorted(os.listdir(directory)):
                example = "%s/%s/%s" % (kind, sort, name)
                run = subprocess.run([tool, kind, os.path.join(directory, name)], stdout=subprocess.PIPE,
                                     stderr=subprocess.PIPE, universal_newlines=True, check=False)
                wanted = 0 if (sort == "good" and example not in REFUSED) or example in ACCEPTED else 1
                reason = ACCEPTED.get(example) or REFUSED.get(example)
                check(run.returncode == wanted, example + (" (%s)" % reason if reason else ""), run.stderr)
                if run.returncode == 0 and sort == "good":
                    check_contents(example, os.path.join(directory, name), json.loads(run.stdout))


# Members that no table keeps: other platforms, and one that the specification gave up (oomScoreAdj of the resources).
SKIPPED = {"vm", "solaris", "windows", "zos", "freebsd", "commandLine", "oomScoreAdj"}


def check_contents(example, path, got):
    """What was written back is in the example, with the same value; nothing was made up."""
    with open(path, encoding="utf-8") as f:
        want = json.load(f)
    lost = []

    def walk(place, a, b):
        if isinstance(a, dict) and isinstance(b, dict):
            for key in a:
                walk("%s/%s" % (place, key), a[key], b.get(key))
            known = set(b) - set(a) - SKIPPED
            lost.extend("%s/%s is lost" % (place, key) for key in known)
        elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
            for i, pair in enumerate(zip(a, b)):
                walk("%s/%d" % (place, i), *pair)
        elif a != b:
            lost.append("%s is %r, not %r" % (place, a, b))

    walk("", got, want)
    check(not lost, example + ": nothing is lost", "\n".join(lost))


# Where the plan asks a table for a word's value, and trusts the schema that it is there.
TRANSLATED = {
    "schedulerPolicy": "sched_policy_words",
    "schedulerFlag": "sched_flag_words",
    "ioPriorityClass": "ioprio_class_words",
    "personalityDomain": "personality_words",
    "memoryPolicyMode": "mempolicy_mode_words",
    "memoryPolicyFlag": "mempolicy_flag_words",
    "namespaceType": "ns_types",
}
UNTRANSLATED = {"SCHED_ISO": "refused by name (X-09)"}


def translations(schema):
    with open(os.path.join(SOURCE, "src", "spec", "names.c"), encoding="utf-8") as f:
        text = f.read()
    for kind, table in TRANSLATED.items():
        body = re.search(r"\b%s(?:,|\[).*?;\n" % table, text, re.S)
        known = set(re.findall(r'\{\s*"(\w+)"', body.group(0))) if body else set()
        missing = set(schema.words[kind]) - known - set(UNTRANSLATED)
        check(known and not missing, "%s: every word has a value" % kind, "not in %s: %s" % (table, ", ".join(missing)))


def main():
    directory = os.path.join(SOURCE, "libocispec", "schema")
    names = sorted(name for name in os.listdir(directory) if name.endswith(".json"))
    schema = generate.Schema([os.path.join(directory, name) for name in names])
    compare(Official(), schema)
    examples()
    translations(schema)
    print("1..%d" % cases)
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
