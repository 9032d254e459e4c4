// SPDX-License-Identifier: GPL-2.0-only
/*
 * The CPUs that memscan reads on: none that is isolated (set aside), and those
 * of its node again after they were offline.
 *
 * The machine has CPUs 0 and 1 on node 0, 2 and 3 on node 1, and isolcpus=3.
 */
#define _GNU_SOURCE
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <kselftest_harness.h>

#include "cgroup.h"
#include "control.h"
#include "polling.h"
#include "procfile.h"
#include "scanner.h"

#define LONG_SECONDS	120

FIXTURE(cpus)
{
};

static int set_online(int cpu, int online)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online", cpu);
	return procfile_write(path, "%d", online);
}

FIXTURE_SETUP(cpus)
{
	ASSERT_EQ(0, scanner_load("force=1"));
}

FIXTURE_TEARDOWN_PARENT(cpus)
{
	set_online(1, 1);
	set_online(2, 1);
	scanner_unload();
}

/* The CPUs that the thread of this scan may run on, as a list. */
static const char *cpus_of(const char *scan)
{
	static char text[8192];
	char path[64], *list;

	snprintf(path, sizeof(path), "/proc/%d/status", scanner_thread(scan));
	if (procfile_read(path, text, sizeof(text)) <= 0)
		return "no such thread";
	list = strstr(text, "Cpus_allowed_list:\t");
	if (!list)
		return "no list";
	list += strlen("Cpus_allowed_list:\t");
	list[strcspn(list, "\n")] = '\0';
	return list;
}

TEST_F(cpus, set_aside_are_left_alone)
{
	CONTROL_READY();
	EXPECT_STREQ("0-1", cpus_of("node0"));
	EXPECT_STREQ("2", cpus_of("node1"));
}

TEST_F(cpus, go_and_come_back)
{
	ASSERT_EQ(0, set_online(1, 0));
	CONTROL_READY();
	EXPECT_STREQ("0", cpus_of("node0"));
	ASSERT_EQ(0, set_online(1, 1));
	EXPECT_STREQ("0-1", cpus_of("node0"));
}

/* The only CPU left on node 1 is isolated: those of node 0 read the node. */
TEST_F(cpus, of_other_nodes_stand_in)
{
	ASSERT_EQ(0, set_online(2, 0));
	EXPECT_STREQ("0-1", cpus_of("node1"));
	ASSERT_EQ(0, set_online(2, 1));
	EXPECT_STREQ("2", cpus_of("node1"));
}

/* CPU 1 is set aside at run time: the kernel moves threads, but only once. */
TEST_F(cpus, of_an_isolated_partition_are_left_alone)
{
	ASSERT_EQ(0, cgroup_make(".", "isolated", "+cpuset"));
	ASSERT_EQ(0, cgroup_write("isolated", "cpuset.cpus", "1"));
	ASSERT_EQ(0, cgroup_write("isolated", "cpuset.cpus.partition",
				  "isolated"));
	EXPECT_EQ(0, scanner_unload());
	EXPECT_EQ(0, scanner_load("force=1"));
	EXPECT_STREQ("0", cpus_of("node0"));
	EXPECT_EQ(0, set_online(2, 0));
	EXPECT_STREQ("0", cpus_of("node1"));
	EXPECT_EQ(0, set_online(2, 1));
	EXPECT_STREQ("2", cpus_of("node1"));
	ASSERT_EQ(0, cgroup_write("isolated", "cpuset.cpus.partition",
				  "member"));
	ASSERT_EQ(0, cgroup_remove("isolated"));
}

TEST_F_TIMEOUT(cpus, change_while_it_reads, LONG_SECONDS)
{
	long read;
	int i;

	ASSERT_EQ(0, scanner_set_node(1, "cycle_seconds", "1"));
	ASSERT_EQ(0, scanner_set_node(1, "max_cpu_percent", "100"));
	ASSERT_EQ(0, scanner_set_node(1, "enabled", "1"));
	for (i = 0; i < 6; i++) {
		ASSERT_EQ(0, set_online(2, i % 2));
		read = scanner_node_figure(1, "read_bytes");
		EXPECT_TRUE(poll_until(scanner_node_figure(1, "read_bytes") >
				       read));
	}
}

TEST_HARNESS_MAIN
