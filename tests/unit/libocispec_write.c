/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "oci_spec.h"

static struct arena arena;

static const char *written(const struct oci_config *config)
{
	struct json_writer to;

	json_begin(&to, &arena, NULL);
	oci_config_write(&to, config);
	return to.text;
}

/* What was read is written as it was: members in the order of the specification, what nobody knows left out. */
static void test_round_trip(void)
{
	static const char text[] =
		"{\"ociVersion\":\"1.3.0\",\"process\":{\"terminal\":false,\"user\":{\"uid\":0,"
		"\"gid\":4294967295,\"additionalGids\":[1,2]},\"args\":[],\"env\":[\"A=\\u0001\\\"\"],"
		"\"cwd\":\"/\",\"rlimits\":[{\"type\":\"RLIMIT_AS\",\"soft\":0,"
		"\"hard\":18446744073709551615}],\"oomScoreAdj\":-1000},\"root\":{\"path\":\"r\","
		"\"readonly\":true},\"hostname\":null,\"domainname\":\"\",\"mounts\":[],"
		"\"annotations\":{\"b\":\"2\",\"a\":\"\"},\"linux\":{\"uidMappings\":null,\"sysctl\":{},"
		"\"resources\":{\"memory\":{\"limit\":-9223372036854775808,\"useHierarchy\":false},"
		"\"blockIO\":{\"weight\":65535},\"rdma\":{\"x\":{},\"mlx\":{\"hcaHandles\":3}}}}}";
	const struct oci_config *config;
	struct oci_warnings w = { 0 };
	struct error err;

	if (oci_config_parse(text, strlen(text), &arena, &config, &w, &err)) {
		CHECK_STR(err.text, "");
		return;
	}
	CHECK_STR(written(config), text);
}

/* A struct made by hand, as `state` makes it. */
static void test_state(void)
{
	static const struct oci_pair annotations[] = { { "k", "v" } };
	const struct oci_state state = {
		.oci_version = "1.3.0",
		.id = "c1",
		.status = "stopped",
		.has_pid = true,
		.bundle = "/b",
		.annotations = annotations,
		.n_annotations = 1,
	};
	const struct oci_process_state process = {
		.oci_version = "1.3.0",
		.has_pid = true,
		.pid = 7,
		.nulls = 1u << OCI_PROCESS_STATE_METADATA,
		.state = &state,
	};
	struct json_writer to;

	json_begin(&to, &arena, "  ");
	oci_process_state_write(&to, &process);
	CHECK_STR(to.text, "{\n"
			   "  \"ociVersion\": \"1.3.0\",\n"
			   "  \"pid\": 7,\n"
			   "  \"metadata\": null,\n"
			   "  \"state\": {\n"
			   "    \"ociVersion\": \"1.3.0\",\n"
			   "    \"id\": \"c1\",\n"
			   "    \"status\": \"stopped\",\n"
			   "    \"pid\": 0,\n"
			   "    \"bundle\": \"/b\",\n"
			   "    \"annotations\": {\n"
			   "      \"k\": \"v\"\n"
			   "    }\n"
			   "  }\n"
			   "}");
}

int main(void)
{
	test_round_trip();
	test_state();
	arena_release(&arena);
	return check_done();
}
