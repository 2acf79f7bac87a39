/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/journal.h"

#include "check.h"

static struct arena arena;

static void check(const char *file, const char *now, const char *value, const char *want)
{
	CHECK_STR(journal_reverse(file, now, value, &arena), want);
}

int main(void)
{
	check("memory.limit_in_bytes", "9223372036854771712\n", "4096", "9223372036854771712");
	check("cpu.max", "max 100000\n", "5000 10000", "max 100000");
	check("pids.max", "max\n", "5", "max");
	check("cpuset.cpus", "\n", "0-1", "");
	check("memory.oom_control", "oom_kill_disable 1\nunder_oom 0\noom_kill 0\n", "0", "1");
	/* Of lines with keys that which was there, or none. */
	check("blkio.throttle.read_bps_device", "7:0 5\n8:0 6\n", "8:0 9", "8:0 6");
	check("blkio.throttle.read_bps_device", "7:0 5\n", "8:0 9", "8:0 0");
	check("blkio.throttle.write_iops_device", "", "8:0 9", "8:0 0");
	check("io.max", "8:0 rbps=1 wbps=max riops=max wiops=2\n", "8:0 riops=9",
	      "8:0 rbps=1 wbps=max riops=max wiops=2");
	check("io.max", "8:16 rbps=1 wbps=max riops=max wiops=2\n", "8:1 riops=9",
	      "8:1 rbps=max wbps=max riops=max wiops=max");
	check("io.weight", "default 100\n8:0 50\n", "default 300", "default 100");
	check("io.bfq.weight", "default 100\n", "8:0 300", "8:0 default");
	check("io.bfq.weight", "default 100\n8:0 50\n", "300", "default 100");
	check("net_prio.ifpriomap", "lo 0\neth0 3\n", "eth0 5", "eth0 3");
	check("rdma.max", "mlx5_0 hca_handle=2 hca_object=max\n", "mlx5_0 hca_handle=3",
	      "mlx5_0 hca_handle=2 hca_object=max");
	arena_release(&arena);
	return check_done();
}
