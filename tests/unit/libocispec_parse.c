/* SPDX-License-Identifier: Apache-2.0 */
/* GEN-02..04, VER-01, ROOT-01, MNT-01, MNT-03, ANN-02..04, ANN-11, ANN-12, EXT-01, VAL-01, SCH-01..08, SCH-10, SCH-15 */
#include <stdlib.h>

#include "check.h"
#include "base/util.h"
#include "oci_spec.h"

static struct arena arena;
static struct oci_warnings warnings;
static struct error err;

#define ROOT "'ociVersion':'1.3.0','root':{'path':'r'}"
#define IN_PROCESS(text) "{" ROOT ",'process':{'cwd':'/'," text "}}"
#define IN_LINUX(text) "{" ROOT ",'linux':{" text "}}"
#define IN_RESOURCES(text) IN_LINUX("'resources':{" text "}")

/*
 * Documents are written with ' for ". They go to a block of their own size, so that a sanitizer sees a read behind the end,
 * and are gone before the result is looked at.
 */
static const struct oci_config *parse_bytes(const char *text, size_t size)
{
	const struct oci_config *config = NULL;
	char *exact = malloc(size ? size : 1);

	for (size_t i = 0; i < size; i++)
		exact[i] = text[i] == '\'' ? '"' : text[i];
	warnings = (struct oci_warnings){ 0 };
	memset(&err, 0, sizeof(err));
	if (oci_config_parse(exact, size, &arena, &config, &warnings, &err))
		config = NULL;
	memset(exact, '#', size);
	free(exact);
	return config;
}

static const struct oci_config *parse(const char *text)
{
	return parse_bytes(text, strlen(text));
}

/* A document to refuse, with a ^ where the error is, and the place and text of that error. */
struct row {
	const char *marked, *message;
};

static void check_refused(const char *marked, const char *want)
{
	const char *mark = strchr(marked, '^'), *line = mark;
	char text[1000], message[sizeof(err)];

	while (line > marked && line[-1] != '\n')
		line--;
	snprintf(text, sizeof(text), "%.*s%s", (int)(mark - marked), marked, mark + 1);
	if (parse(text)) {
		CHECK_STR("accepted", want);
		return;
	}
	snprintf(message, sizeof(message), "%s%s%s", err.where, *err.where ? ": " : "", err.text);
	CHECK_STR(message, want);
	CHECK_INT(err.line, line > marked && strchr(marked, '\n') == line - 1 ? 2 : 1);
	CHECK_INT(err.column, mark - line + 1);
}

static void check_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		check_refused(rows[i].marked, rows[i].message);
}

static void test_syntax(void)
{
	static const struct row rows[] = {
		{ "^", "expected an object, found the end of the document" },
		{ " \n\t ^", "expected an object, found the end of the document" },
		{ "^[]", "expected an object, found an array" },
		{ "^'{}'", "expected an object, found string \"{}\"" },
		{ "^-12", "expected an object, found number -12" },
		{ "^null", "expected an object, found null" },
		{ "^]", "expected an object, found \"]\"" },
		{ "{^", "not valid JSON: the document ends too early" },
		{ "{'a':'b^", "/a: not valid JSON: the document ends too early" },
		{ "{'a':[1^", "/a/0: not valid JSON: the document ends too early" },
		{ "{" ROOT "}\n ^x", "expected the end of the document, found \"x\"" },
		{ "{" ROOT "}^{}", "expected the end of the document, found an object" },
		{ "{'a':1\n^'b':2}", "/a: not valid JSON: parse error: after key "
				     "and value, inside map, I expect ',' or '}'" },
		{ "{'a':[1,^]}", "/a/0: not valid JSON: parse error: unallowed "
				 "token at this point in JSON text" },
		{ "{'a':0^x1}", "/a: not valid JSON: lexical error: invalid char in json text" },
	};

	check_rows(rows, ARRAY_SIZE(rows));
	CHECK(!parse("{/*x*/}") && strstr(err.text, "comments are not enabled"));
	CHECK(!parse("{1}") && strstr(err.text, "not valid JSON"));
	CHECK(!parse("{'a':.5}") && strstr(err.text, "not valid JSON"));
	CHECK(!parse("{'a':'\x01'}") && strstr(err.text, "not valid JSON"));
	CHECK(!parse("{'a':'\\x'}") && strstr(err.text, "not valid JSON"));
	CHECK(!parse("{'a':'\\u00g0'}") && strstr(err.text, "not valid JSON"));
	CHECK(!parse_bytes("{" ROOT "}\0", sizeof("{" ROOT "}\0") - 1));
	CHECK_STR(err.text, "not valid JSON: found a NUL byte");
}

/* GEN-02: what is not UTF-8, and what C cannot hold. */
static void test_text(void)
{
	static const struct row rows[] = {
		{ "{'x':'^\xff'}", "/x: expected a string, found bytes that are not UTF-8 in it" },
		{ "{'x':'^\xc0\xaf'}",
		  "/x: expected a string, found bytes that are not UTF-8 in it" },
		{ "{'x':'^\xed\xa0\x80'}",
		  "/x: expected a string, found bytes that are not UTF-8 in it" },
		{ "{'^\xfe':1}", "expected a key, found bytes that are not UTF-8 in it" },
		{ "{^\xc3}", "not valid JSON: found bytes that are not UTF-8" },
		{ "{'x':['a','b^\\u0000']}",
		  "/x/1: expected a string, found a NUL character in it" },
		{ "{'a^\\u0000b':1}", "expected a key, found a NUL character in it" },
		{ "{'x':'^\\ud83d'}", "/x: expected a string, found half a surrogate pair in it" },
		{ "{'x':'^\\ud83d\\u0041'}",
		  "/x: expected a string, found half a surrogate pair in it" },
		{ "{'x':'^\\ude00'}", "/x: expected a string, found half a surrogate pair in it" },
	};
	const struct oci_config *c;

	check_rows(rows, ARRAY_SIZE(rows));
	CHECK(!parse_bytes("{'x':'a\0'}", 10));
	CHECK_STR(err.text, "not valid JSON: found a NUL byte");

	c = parse("{" ROOT ",'hostname':'\\u00e9\\ud83d\\ude00 \xf0\x9f\x98\x80',"
		  "'domainname':'\\\\u0000\\n\\/'}");
	CHECK_STR(c ? c->hostname : err.text, "\xc3\xa9\xf0\x9f\x98\x80 \xf0\x9f\x98\x80");
	CHECK_STR(c ? c->domainname : err.text, "\\u0000\n/");
	/* A key may be written with escapes, and is the same key. */
	c = parse("{" ROOT ",'\\u0068ostname':'h'}");
	CHECK_STR(c ? c->hostname : err.text, "h");
}

/* GEN-03, GEN-04, X-01 */
static void test_keys(void)
{
	static const struct row rows[] = {
		{ "{" ROOT ",^'ociVersion':'1.3.0'}",
		  "/ociVersion: this key stands twice in its object" },
		{ "{" ROOT ",\n'process':{'cwd':'/',^'\\u0063wd':'/x'}}",
		  "/process/cwd: this key stands twice in its object" },
		{ "{" ROOT ",'x':{'b':1,'ab':2,^'b':3}}",
		  "/x/b: this key stands twice in its object" },
		{ "{" ROOT ",'x':1,'y':{'x':1},^'\\u0078':2}",
		  "/x: this key stands twice in its object" },
		{ "{" ROOT ",'annotations':{'a/~b':'',^'a/~b':''}}",
		  "/annotations/a~1~0b: this key stands twice in its object" },
		{ "{" ROOT ",'vm':{'a':1,^'a':1}}", "/vm/a: this key stands twice in its object" },
		{ "{" ROOT ",'hooks':{'poststop':[{'path':'/a'},{'path':'/a','q':0,^'q':0}]}}",
		  "/hooks/poststop/1/q: this key stands twice in its object" },
	};

	check_rows(rows, ARRAY_SIZE(rows));
	CHECK(parse("{'root':{'readonly':true,'path':'r'},'ociVersion':'1.0.0'}"));
	CHECK(parse("{" ROOT ",'x':{'a':1},'y':{'a':1},'z':[{'a':1},{'a':1}]}"));
}

static void test_types(void)
{
	static const struct row rows[] = {
		{ "^{}", "/ociVersion: expected a string, found nothing: it is required" },
		{ "^{'ociVersion':'1'}",
		  "/root: expected an object, found nothing: it is required" },
		{ "{'ociVersion':^null,'root':{'path':'r'}}",
		  "/ociVersion: expected a string, found null" },
		{ "{'ociVersion':'1','root':^null}", "/root: expected an object, found null" },
		{ "{'ociVersion':'1',\n 'root':^{}}",
		  "/root/path: expected a string that is not empty, found nothing: "
		  "it is required" },
		{ "{'ociVersion':'1','root':{'path':^''}}",
		  "/root/path: expected a string that is not empty, found string \"\"" },
		{ "{" ROOT ",'hostname':^{}}", "/hostname: expected a string, found an object" },
		{ "{" ROOT ",'mounts':^{}}", "/mounts: expected an array, found an object" },
		{ "{" ROOT ",'mounts':[^[]]}", "/mounts/0: expected an object, found an array" },
		{ "{" ROOT ",'mounts':[{'destination':'/a'},^null]}",
		  "/mounts/1: expected an object, found null" },
		{ "{" ROOT ",'mounts':[^{'type':'proc'}]}",
		  "/mounts/0/destination: expected a string that is not empty, "
		  "found nothing: it is required" },
		{ "{" ROOT ",'annotations':^[]}",
		  "/annotations: expected an object, found an array" },
		{ "{" ROOT ",'annotations':{'a':^1}}",
		  "/annotations/a: expected a string, found number 1" },
		{ "{" ROOT ",'annotations':{'a':^null}}",
		  "/annotations/a: expected a string, found null" },
		{ "{" ROOT ",'annotations':{^'':'x'}}",
		  "/annotations: expected a name, found an empty key" },
		{ "{" ROOT ",'process':^[]}", "/process: expected an object, found an array" },
		{ IN_PROCESS("'terminal':^'true'"),
		  "/process/terminal: expected true or false, found string \"true\"" },
		{ IN_PROCESS("'terminal':^null"),
		  "/process/terminal: expected true or false, found null" },
		{ IN_PROCESS("'args':^'sh'"),
		  "/process/args: expected an array, found string \"sh\"" },
		{ IN_PROCESS("'args':^true"), "/process/args: expected an array, found true" },
		{ IN_PROCESS("'args':^7"), "/process/args: expected an array, found number 7" },
		{ IN_PROCESS("'args':['a',^7]"),
		  "/process/args/1: expected a string, found number 7" },
		{ IN_PROCESS("'args':[^['a']]"),
		  "/process/args/0: expected a string, found an array" },
		{ IN_PROCESS("'user':^{'uid':1}"),
		  "/process/user/gid: expected an unsigned 32-bit integer, found "
		  "nothing: it is required" },
		{ IN_PROCESS("'rlimits':[^{'type':'RLIMIT_CPU','soft':1}]"),
		  "/process/rlimits/0/hard: expected an unsigned 64-bit integer, "
		  "found nothing: it is required" },
		{ IN_LINUX("'netDevices':{'eth0':^'x'}"),
		  "/linux/netDevices/eth0: expected an object, found string \"x\"" },
		{ IN_LINUX("'seccomp':{'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':^[],"
			   "'action':'SCMP_ACT_LOG'}]}"),
		  "/linux/seccomp/syscalls/0/names: expected an array of at least "
		  "one entry, found none" },
	};

	check_rows(rows, ARRAY_SIZE(rows));
}

/* SCH-05, SCH-15 */
static void test_integers(void)
{
	static const char *const bad_uid[] = { "-1",
					       "1.5",
					       "1e2",
					       "1e400",
					       "4294967296",
					       "\"0\"",
					       "true",
					       "1.0",
					       "[]",
					       "{}",
					       "99999999999999999999999999",
					       "null" };
	static const struct {
		const char *digits;
		bool ok;
		int64_t value;
	} limits[] = {
		{ "9223372036854775807", true, INT64_MAX },
		{ "-9223372036854775808", true, INT64_MIN },
		{ "9223372036854775808", false, 0 },
		{ "-9223372036854775809", false, 0 },
		{ "-0", true, 0 },
		{ "0", true, 0 },
		{ "9007199254740993", true, 9007199254740993 },
		{ "1E3", false, 0 },
		{ "null", false, 0 },
	};
	static const struct row rows[] = {
		{ IN_PROCESS("'oomScoreAdj':^1001"),
		  "/process/oomScoreAdj: expected an "
		  "integer from -1000 to 1000, found number 1001" },
		{ IN_PROCESS("'oomScoreAdj':^-1001"),
		  "/process/oomScoreAdj: expected an integer from -1000 to 1000, "
		  "found number -1001" },
		{ IN_PROCESS("'ioPriority':{'class':'IOPRIO_CLASS_BE','priority':^8}"),
		  "/process/ioPriority/priority: expected an integer from 0 to 7, "
		  "found number 8" },
		{ IN_PROCESS("'ioPriority':^{'class':'IOPRIO_CLASS_BE'}"),
		  "/process/ioPriority/priority: expected an integer from 0 to 7, "
		  "found nothing: it is required" },
		{ "{" ROOT ",'hooks':{'prestart':[{'path':'/a','timeout':^0}]}}",
		  "/hooks/prestart/0/timeout: expected an integer from 1 to "
		  "2147483647, found number 0" },
		{ IN_RESOURCES("'blockIO':{'weight':^65536}"),
		  "/linux/resources/blockIO/weight: expected an unsigned 16-bit "
		  "integer, found number 65536" },
		{ IN_RESOURCES("'memory':{'swappiness':^101}"),
		  "/linux/resources/memory/swappiness: expected an integer from 0 to "
		  "100, found number 101" },
		{ IN_RESOURCES("'pids':{'limit':^1.0}"),
		  "/linux/resources/pids/limit: expected a signed 64-bit integer, "
		  "found number 1.0" },
		{ IN_LINUX("'timeOffsets':{'monotonic':{'nanosecs':^1000000000}}"),
		  "/linux/timeOffsets/monotonic/nanosecs: expected an integer from 0 "
		  "to 999999999, found number 1000000000" },
	};
	char text[400];

	for (size_t i = 0; i < ARRAY_SIZE(bad_uid); i++) {
		snprintf(text, sizeof(text), IN_PROCESS("'user':{'gid':0,'uid':%s}"), bad_uid[i]);
		CHECK(!parse(text));
		CHECK_STR(err.where, "/process/user/uid");
		CHECK_CONTAINS(err.text, "expected an unsigned 32-bit integer, found ");
		CHECK_INT(err.column, strstr(text, "'uid'") + 6 - text + 1);
	}
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		const struct oci_config *c;

		snprintf(text, sizeof(text), IN_RESOURCES("'memory':{'limit':%s}"),
			 limits[i].digits);
		c = parse(text);
		CHECK_INT(c != NULL, limits[i].ok);
		if (c)
			CHECK_INT(c->linux_->resources->memory->limit, limits[i].value);
		else
			CHECK_STR(err.where, "/linux/resources/memory/limit");
	}
	check_rows(rows, ARRAY_SIZE(rows));
}

/* VAL-01: closed lists of words, forms of strings. */
static void test_words(void)
{
	static const struct row rows[] = {
		{ IN_LINUX("'namespaces':[{'type':^'pids'}]"),
		  "/linux/namespaces/0/type: expected one of pid, network, mount, ipc, "
		  "uts, user, cgroup, time, found string \"pids\"; did you mean \"pid\"?" },
		{ IN_LINUX("'namespaces':[{'type':^''}]"),
		  "/linux/namespaces/0/type: expected one of pid, network, mount, ipc, "
		  "uts, user, cgroup, time, found string \"\"" },
		{ IN_PROCESS("'scheduler':{'policy':'SCHED_BATCH','flags':[^'SCHED_FLAG_X']}"),
		  "/process/scheduler/flags/0: expected one of "
		  "SCHED_FLAG_RESET_ON_FORK, SCHED_FLAG_RECLAIM, SCHED_FLAG_DL_OVERRUN, "
		  "SCHED_FLAG_KEEP_POLICY, SCHED_FLAG_KEEP_PARAMS, SCHED_FLAG_UTIL_CLAMP_MIN, "
		  "SCHED_FLAG_UTIL_CLAMP_MAX, found string \"SCHED_FLAG_X\"" },
		{ IN_LINUX("'personality':{'domain':^'linux'}"),
		  "/linux/personality/domain: expected one of LINUX, LINUX32, found "
		  "string \"linux\"" },
		{ IN_PROCESS("'rlimits':[{'type':^'NOFILE','soft':1,'hard':1}]"),
		  "/process/rlimits/0/type: expected a name such as RLIMIT_NOFILE, "
		  "found string \"NOFILE\"" },
		{ IN_RESOURCES("'hugepageLimits':[{'pageSize':^'02MB','limit':1}]"),
		  "/linux/resources/hugepageLimits/0/pageSize: expected a size such "
		  "as 2MB, found string \"02MB\"" },
		{ IN_LINUX("'intelRdt':{'memBwSchema':^'MB:0=1\\nL3:0=f'}"),
		  "/linux/intelRdt/memBwSchema: expected one line that begins with "
		  "MB:, found string \"MB:0=1\\\\nL3:0=f\"" },
		{ IN_PROCESS("'execCPUAffinity':{'initial':^'0-x'}"),
		  "/process/execCPUAffinity/initial: expected a list such as 0-3,7, "
		  "found string \"0-x\"" },
	};
	static const char *const good[] = {
		IN_PROCESS(
			"'rlimits':[{'type':'RLIMIT_NOSUCH','soft':0,'hard':18446744073709551615}]"),
		IN_PROCESS("'execCPUAffinity':{'initial':'','final':'0-3, 7'}"),
		IN_RESOURCES(
			"'hugepageLimits':[{'pageSize':'1024KB','limit':18446744073709551615}]"),
		IN_LINUX("'intelRdt':{'memBwSchema':'MB:'},'rootfsPropagation':'rslave'"),
		IN_LINUX("'devices':[{'type':'p','path':'/f','fileMode':4095}]"),
	};

	check_rows(rows, ARRAY_SIZE(rows));
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		CHECK_STR(parse(good[i]) ? "" : err.text, "");
}

/* Absent, null, zero and empty are four things. */
static void test_presence(void)
{
	const struct oci_config *c =
		parse("{" ROOT ",'hostname':null,'domainname':'','mounts':null,"
		      "'annotations':{},'process':null,'linux':{'sysctl':{},"
		      "'resources':{'pids':{'limit':0},'memory':{},'rdma':null}}}");

	if (!c) {
		CHECK_STR(err.text, "");
		return;
	}
	CHECK(!c->hostname && (c->nulls >> OCI_CONFIG_HOSTNAME & 1));
	CHECK_STR(c->domainname, "");
	CHECK(!c->mounts && c->n_mounts == 0 && (c->nulls >> OCI_CONFIG_MOUNTS & 1));
	CHECK(c->annotations && c->n_annotations == 0 && !(c->nulls >> OCI_CONFIG_ANNOTATIONS & 1));
	CHECK(!c->process && (c->nulls >> OCI_CONFIG_PROCESS & 1));
	CHECK(!c->hooks && !(c->nulls >> OCI_CONFIG_HOOKS & 1));
	CHECK(c->linux_->sysctl && c->linux_->n_sysctl == 0);
	CHECK(c->linux_->resources->pids->has_limit && c->linux_->resources->pids->limit == 0);
	CHECK(c->linux_->resources->memory && !c->linux_->resources->memory->has_limit);
	CHECK(!c->linux_->resources->cpu && !c->linux_->resources->rdma);

	c = parse(IN_PROCESS("'args':[],'env':['A=1'],'noNewPrivileges':false,"
			     "'user':{'uid':0,'gid':5,'additionalGids':[7,4294967295]}"));
	CHECK(c && c->process->args && c->process->n_args == 0 && !c->process->args[0]);
	CHECK(c && c->process->n_env == 1 && !c->process->env[1]);
	CHECK(c && c->process->has_no_new_privileges && !c->process->no_new_privileges);
	CHECK(c && !c->process->has_terminal);
	CHECK(c && c->process->user->has_uid && c->process->user->gid == 5);
	CHECK(c && c->process->user->n_additional_gids == 2);
	CHECK(c && c->process->user->additional_gids[1] == UINT32_MAX);
}

static void test_maps(void)
{
	const struct oci_config *c = parse(IN_LINUX(
		"'sysctl':{'net.a':'1','net/b':''},'timeOffsets':{'monotonic':{'secs':-5},"
		"'boottime':{'nanosecs':7}},'resources':{'rdma':{'mlx':{'hcaHandles':3},'x':{}}}"));

	if (!c) {
		CHECK_STR(err.text, "");
		return;
	}
	CHECK_INT(c->linux_->n_sysctl, 2);
	CHECK_STR(c->linux_->sysctl[0].key, "net.a");
	CHECK_STR(c->linux_->sysctl[0].value, "1");
	CHECK_STR(c->linux_->sysctl[1].key, "net/b");
	CHECK_STR(c->linux_->sysctl[1].value, "");
	CHECK_INT(c->linux_->n_time_offsets, 2);
	CHECK_STR(c->linux_->time_offsets[0].key, "monotonic");
	CHECK_INT(c->linux_->time_offsets[0].value.secs, -5);
	CHECK(!c->linux_->time_offsets[0].value.has_nanosecs);
	CHECK_STR(c->linux_->time_offsets[1].key, "boottime");
	CHECK_INT(c->linux_->time_offsets[1].value.nanosecs, 7);
	CHECK_INT(c->linux_->resources->n_rdma, 2);
	CHECK(c->linux_->resources->rdma[0].value.has_hca_handles);
	CHECK(!c->linux_->resources->rdma[1].value.has_hca_handles);
}

/* Entries stay whole while their array, and arrays inside them, grow. */
static void test_growth(void)
{
	char text[40000];
	size_t used = (size_t)snprintf(text, sizeof(text), "{" ROOT ",\"mounts\":[");
	const struct oci_config *c;
	bool whole = true;

	for (int i = 0; i < 200; i++) {
		used += (size_t)snprintf(text + used, sizeof(text) - used,
					 "%s{\"destination\":\"/%d\",\"options\":[\"ro\"",
					 i ? "," : "", i);
		for (int k = 0; k < i % 30; k++)
			used += (size_t)snprintf(text + used, sizeof(text) - used, ",\"%d\"", k);
		used += (size_t)snprintf(text + used, sizeof(text) - used, "]}");
	}
	snprintf(text + used, sizeof(text) - used, "]}");
	c = parse(text);
	CHECK_STR(c ? "" : err.text, "");
	CHECK_INT(c ? c->n_mounts : 0, 200);
	for (size_t i = 0; c && i < c->n_mounts; i++) {
		const struct oci_mount *m = &c->mounts[i];

		whole = whole && (size_t)atoi(m->destination + 1) == i &&
			m->n_options == i % 30 + 1 && strcmp(m->options[0], "ro") == 0 &&
			!m->options[m->n_options] && !m->type;
		for (size_t k = 1; k < m->n_options; k++)
			whole = whole && (size_t)atoi(m->options[k]) == k - 1;
	}
	CHECK(whole);
}

/* EXT-01: accepted, and a misspelt key is told. */
static void test_unknown(void)
{
	const struct oci_config *c =
		parse("{" ROOT ",\n'hostnam':'x','com.example':[{'a':null},1.5e300],"
		      "'proces':{'deep':[[[]]]},'vm':{'kernel':7},'windows':1,"
		      "'linux':{'Seccomp':{},'rather/different':0}}");

	CHECK_STR(c ? "" : err.text, "");
	CHECK(c && !c->hostname && !c->process && c->linux_ && !c->linux_->seccomp);
	CHECK_INT(warnings.n, 3);
	if (warnings.n != 3)
		return;
	CHECK_STR(warnings.list[0].where, "/hostnam");
	CHECK_STR(warnings.list[0].suggestion, "hostname");
	CHECK_INT(warnings.list[0].line, 2);
	CHECK_INT(warnings.list[0].column, 1);
	CHECK_STR(warnings.list[1].where, "/proces");
	CHECK_STR(warnings.list[1].suggestion, "process");
	CHECK_STR(warnings.list[2].where, "/linux/Seccomp");
	CHECK_STR(warnings.list[2].suggestion, "seccomp");
}

/* `count` times a piece between two texts. */
static char *repeated(const char *before, const char *piece, size_t count, const char *after)
{
	size_t n = strlen(piece), used = strlen(before);
	char *text = malloc(used + n * count + strlen(after) + 1);

	memcpy(text, before, used);
	for (size_t i = 0; i < count; i++, used += n)
		memcpy(text + used, piece, n);
	strcpy(text + used, after);
	return text;
}

static void check_repeated(const char *before, const char *piece, size_t count, const char *after,
			   const char *want)
{
	char *text = repeated(before, piece, count, after);

	if (parse_bytes(text, strlen(text)))
		CHECK_STR("accepted", want ? want : "accepted");
	else if (want)
		CHECK_CONTAINS(err.text, want);
	else
		CHECK_STR(err.text, "accepted");
	free(text);
}

static void test_bounds(void)
{
	static const char letters[] = "0123456789abcdefghijklmnopqrstuvwxyzABCD";
	static const char mount[] = ",{'destination':'/a'}";
	char *many, *at;

	check_repeated("{" ROOT ",'x':", "[", 127, "", "the document ends too early");
	check_repeated("{" ROOT ",'x':", "[", 128, "",
		       "expected at most 128 objects and arrays inside each other");
	check_repeated("{", "'x':{", 128, "", "expected at most 128 objects and arrays");
	check_repeated("", "[", (size_t)64 << 20, "",
		       "expected at most 16777216 bytes, found 67108864");
	check_repeated("{" ROOT, " ", (16 << 20) - strlen("{" ROOT "}"), "}", NULL);
	check_repeated("{" ROOT, " ", (16 << 20) - strlen("{" ROOT), "}",
		       "expected at most 16777216");
	check_repeated("{" ROOT ",'mounts':[{'destination':'/'}", mount, 9999, "]}", NULL);
	check_repeated("{" ROOT ",'mounts':[{'destination':'/'}", mount, 10000, "]}",
		       "expected at most 10000 entries");
	check_repeated(IN_PROCESS("'args':[''"), ",''", 1 << 20, "", "not valid JSON");
	check_repeated("{" ROOT ",'process':{'cwd':'/','args':[''", ",''", 1 << 20, "]}}",
		       "expected at most 1048576 entries");

	/* As many keys as fit: neither slow nor refused for anything but their number. */
	many = malloc((size_t)15 << 20);
	at = many + sprintf(many, "{" ROOT ",'annotations':{");
	for (int i = 0; i < 100000; i++)
		at += sprintf(at, "'%06d':'v',", i);
	sprintf(at, "'000000':''}}");
	CHECK(!parse_bytes(many, strlen(many)));
	CHECK_STR(err.where, "/annotations/000000");
	CHECK_CONTAINS(err.text, "stands twice");
	at = many + sprintf(many, "{" ROOT ",'x':{");
	for (int i = 0; i <= 1 << 20; i++)
		at += sprintf(at, "'%06x':0,", i);
	sprintf(at, "'':0}}");
	CHECK(!parse_bytes(many, strlen(many)));
	CHECK_CONTAINS(err.text, "expected at most 1048576 members");
	at = many + sprintf(many, "{" ROOT);
	for (int i = 0; i < 1500; i++)
		at += sprintf(at, ",'root%c%c':0", letters[i % 40], letters[i / 40]);
	sprintf(at, "}");
	CHECK(parse_bytes(many, strlen(many)));
	CHECK_INT(warnings.n, OCI_WARNINGS_MAX);
	free(many);

	/* A place longer than its room is cut, not overrun. */
	check_repeated("{" ROOT ",'annotations':{'", "~/key", 200, "':1}}", "expected a string");
	CHECK(strlen(err.where) < sizeof(err.where));
	CHECK(strncmp(err.where, "/annotations/~0~1key~0~1key", 27) == 0);
}

static void test_documents(void)
{
	static const char process[] = "{\"cwd\":\"/\",\"args\":[\"sh\"]}";
	static const char resources[] = "{\"pids\":{\"limit\":-1}}";
	static const char state[] = "{\"ociVersion\":\"1.3.0\",\"id\":\"a\",\"status\":\"paused\","
				    "\"pid\":12,\"bundle\":\"/b\",\"rootfs\":\"/b/r\"}";
	static const char features[] =
		"{\"ociVersionMin\":\"1.0.0\",\"ociVersionMax\":\"1.3.0\",\"hooks\":null,"
		"\"linux\":{\"cgroup\":{\"v1\":null,\"v2\":false},\"seccomp\":null}}";
	const struct oci_process *p = NULL;
	const struct oci_resources *r = NULL;
	const struct oci_features *f = NULL;
	const struct oci_state *s = NULL;

	CHECK_INT(oci_process_parse(process, strlen(process), &arena, &p, &warnings, &err), 0);
	CHECK_STR(p ? p->args[0] : NULL, "sh");
	CHECK_INT(oci_resources_parse(resources, strlen(resources), &arena, &r, &warnings, &err),
		  0);
	CHECK_INT(r ? r->pids->limit : 0, -1);
	CHECK_INT(oci_state_parse(state, strlen(state), &arena, &s, &warnings, &err), 0);
	CHECK_STR(s ? s->status : NULL, "paused");
	CHECK_INT(s ? s->pid : 0, 12);
	/* FEAT-03, FEAT-04: null says "not known", false does not. */
	CHECK_INT(oci_features_parse(features, strlen(features), &arena, &f, &warnings, &err), 0);
	CHECK(f && !f->linux_->cgroup->has_v1 &&
	      (f->linux_->cgroup->nulls >> OCI_FEATURES_CGROUP_V1 & 1));
	CHECK(f && f->linux_->cgroup->has_v2 && !f->linux_->cgroup->v2);
	CHECK(f && !f->hooks && !f->linux_->seccomp);
}

int main(void)
{
	test_syntax();
	test_text();
	test_keys();
	test_types();
	test_integers();
	test_words();
	test_presence();
	test_maps();
	test_growth();
	test_unknown();
	test_bounds();
	test_documents();
	arena_release(&arena);
	return check_done();
}
