/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which instructions of a program are executed, in all processes that it makes.
 *
 *	step FILE CMD ARG...	single-steps CMD; writes the addresses to FILE, from the beginning of the program, in hexadecimal
 *
 * The exit status is the command's. What it starts must end by itself.
 */
#define _GNU_SOURCE
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROCESSES 256
#define LARGEST (32UL << 20)

static char program[PATH_MAX];
static unsigned char *executed;

/* Where the program lies in each process; none after it has executed another one. */
static struct process {
	pid_t pid;
	unsigned long begin, end;
} processes[PROCESSES];

static struct process *process_of(pid_t pid)
{
	for (int i = 0; i < PROCESSES; i++) {
		if (processes[i].pid == pid)
			return &processes[i];
		if (processes[i].pid == 0) {
			processes[i].pid = pid;
			return &processes[i];
		}
	}
	fprintf(stderr, "step: more than %d processes\n", PROCESSES);
	exit(1);
}

static void locate(struct process *p)
{
	char path[32], line[PATH_MAX + 128];
	unsigned long begin, end;
	FILE *maps;

	p->begin = p->end = 0;
	snprintf(path, sizeof(path), "/proc/%d/maps", (int)p->pid);
	maps = fopen(path, "r");
	while (maps && fgets(line, sizeof(line), maps)) {
		char *name = strchr(line, '/');

		line[strcspn(line, "\n")] = '\0';
		if (!name || strcmp(name, program) != 0 ||
		    sscanf(line, "%lx-%lx", &begin, &end) != 2)
			continue;
		if (!p->begin)
			p->begin = begin;
		p->end = end;
	}
	if (maps)
		fclose(maps);
}

static void note(struct process *p)
{
	struct user_regs_struct registers;
	unsigned long address;

	if (ptrace(PTRACE_GETREGS, p->pid, NULL, &registers) < 0)
		return;
	address = registers.rip - p->begin;
	if (registers.rip >= p->begin && registers.rip < p->end && address < LARGEST)
		executed[address] = 1;
}

static int follow(pid_t first)
{
	int status, result = -1;
	pid_t pid;

	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		struct process *p = process_of(pid);
		int sig = WIFSTOPPED(status) ? WSTOPSIG(status) : 0, event = status >> 16;

		if (!WIFSTOPPED(status)) {
			if (pid == first)
				result = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
			continue;
		}
		/* A child begins as a copy, with the program in its place. */
		if (event == PTRACE_EVENT_EXEC || !p->end)
			locate(p);
		if (sig == SIGTRAP && !event)
			note(p);
		if (sig == SIGTRAP || sig == SIGSTOP)
			sig = 0;
		if (p->end)
			(void)ptrace(PTRACE_SINGLESTEP, pid, NULL, sig);
		else
			(void)ptrace(PTRACE_CONT, pid, NULL, sig);
	}
	return result;
}

int main(int argc, char **argv)
{
	long options =
		PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC;
	int result, status;
	FILE *file;
	pid_t pid;

	if (argc < 3 || !realpath(argv[2], program)) {
		fprintf(stderr, "usage: step FILE CMD ARG...\n");
		return 2;
	}
	executed = calloc(LARGEST, 1);
	pid = fork();
	if (pid == 0) {
		(void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		execv(argv[2], argv + 2);
		_exit(127);
	}
	if (!executed || pid < 0 || waitpid(pid, &status, 0) < 0 ||
	    ptrace(PTRACE_SETOPTIONS, pid, NULL, options) < 0) {
		perror("step");
		return 1;
	}
	(void)ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL);
	result = follow(pid);
	file = fopen(argv[1], "w");
	for (unsigned long i = 0; file && i < LARGEST; i++)
		if (executed[i])
			fprintf(file, "%lx\n", i);
	if (!file || fclose(file) != 0) {
		perror(argv[1]);
		return 1;
	}
	return result;
}
