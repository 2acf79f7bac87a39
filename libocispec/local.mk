# SPDX-License-Identifier: Apache-2.0
# The specification's documents: structs and tables made from schema/, the engine that reads and writes them.
# The made files go into the build directory; the tarball ships them, so that it builds without Python.
oci_schema = \
	libocispec/schema/config.json \
	libocispec/schema/features.json \
	libocispec/schema/state.json
oci_made = libocispec/oci_spec.h libocispec/oci_tables.c

AM_CPPFLAGS += -iquote $(builddir)/libocispec -iquote $(srcdir)/libocispec
libteu_a_SOURCES += $(oci_made) \
	libocispec/frames.c libocispec/frames.h \
	libocispec/merge.c libocispec/merge.h \
	libocispec/parse.c libocispec/parse.h \
	libocispec/table.h \
	libocispec/text.c libocispec/text.h \
	libocispec/value.c libocispec/value.h \
	libocispec/write.c libocispec/write.h
BUILT_SOURCES += $(oci_made)
EXTRA_DIST += libocispec/generate.py $(oci_schema)
MAINTAINERCLEANFILES = $(oci_made)

libocispec/oci_spec.h: $(srcdir)/libocispec/generate.py $(oci_schema)
	$(AM_V_GEN)test '$(PYTHON)' != : || { echo 'Python 3 makes $@ and is not installed' >&2; exit 1; }; \
	$(MKDIR_P) libocispec && \
	$(PYTHON) $(srcdir)/libocispec/generate.py --header $@ --tables libocispec/oci_tables.c \
		$(oci_schema:%=$(srcdir)/%)

# One run makes both, the tables last.
libocispec/oci_tables.c: libocispec/oci_spec.h
	$(AM_V_GEN)test -f $@ || { rm -f libocispec/oci_spec.h; $(MAKE) $(AM_MAKEFLAGS) libocispec/oci_spec.h; }; \
	touch $@

# No object may be compiled before the header is there, whichever target is asked for.
$(libteu_a_OBJECTS): libocispec/oci_spec.h

# ---- tests ----------------------------------------------------------------------------------------
oci_tests = \
	tests/unit/libocispec_merge \
	tests/unit/libocispec_parse \
	tests/unit/libocispec_text \
	tests/unit/libocispec_value \
	tests/unit/libocispec_write \
	tests/unit/spec_load \
	tests/fuzz/replay_config
check_PROGRAMS += $(oci_tests) tests/unit/oci_file
TESTS += $(oci_tests) tests/unit/libocispec_schema.sh
tests_fuzz_replay_config_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_config.c tests/fuzz/fuzz.h
if FUZZERS
noinst_PROGRAMS = tests/fuzz/fuzz_config
tests_fuzz_fuzz_config_SOURCES = tests/fuzz/fuzz_config.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_config_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
endif
EXTRA_DIST += tests/data tests/fuzz/corpus tests/unit/libocispec_schema.py tests/unit/libocispec_schema.sh
