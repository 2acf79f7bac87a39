# SPDX-License-Identifier: Apache-2.0
"""What the checks of the sources share: the tree, its files, and results in TAP."""

import os
import re
import sys

TOP = os.environ.get("abs_top_srcdir") or os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BUILD = os.environ.get("abs_top_builddir") or TOP


def sources(*folders, endings=(".c", ".h")):
    """The hand-written files below the folders, as paths relative to the top, sorted."""
    found = []
    for folder in folders:
        for place, _, names in os.walk(os.path.join(TOP, folder)):
            for name in names:
                path = os.path.relpath(os.path.join(place, name), TOP)
                if name.endswith(endings) and not made(path):
                    found.append(path)
    return sorted(found)


def made(path):
    """Files that the generator writes into the tree of a tarball or of a build in place."""
    return path in ("libocispec/oci_spec.h", "libocispec/oci_tables.c")


def lines(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as file:
        return file.read().split("\n")


def code(path):
    """The file without comments and without what stands in quotes, line for line."""
    text = "\n".join(lines(path))
    pattern = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)

    def blank(match):
        found = match.group(0)
        if found[0] == "/":
            return re.sub(r"[^\n]", " ", found)
        return found[0] + " " * (len(found) - 2) + found[0]

    return pattern.sub(blank, text).split("\n")


class Tap:
    """Test points on standard output; the exit status says whether all passed."""

    def __init__(self):
        self.count = self.failed = 0

    def point(self, name, problems):
        """One test point: ok when the list of problems is empty."""
        self.count += 1
        self.failed += bool(problems)
        print(f"{'not ok' if problems else 'ok'} {self.count} - {name}")
        for problem in problems:
            print(f"# {problem}")

    def note(self, text):
        print(f"# {text}")

    def done(self):
        print(f"1..{self.count}")
        sys.exit(1 if self.failed or not self.count else 0)
