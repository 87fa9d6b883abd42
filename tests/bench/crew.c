/* SPDX-License-Identifier: MIT */
/* crew.c - processes that begin at one moment. */
#include "crew.h"

#include "bench.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORK_SECONDS_MAX = 120, CREW_MAX = 256 };

/* The crew writes a byte to `told`; the parent opens a gate by closing its end of it. */
struct gates {
	int told[2];
	int start[2];
	int end[2];
};

static void must_pipe(int fds[2])
{
	if (pipe(fds) < 0)
		bench_die("pipe: %s", strerror(errno));
}

static void tell(const struct gates *gates)
{
	if (write(gates->told[1], "", 1) != 1)
		_exit(1);
}

static void wait_gate(const int gate[2])
{
	char byte;

	/* End of file is the signal: nobody ever writes here. */
	while (read(gate[0], &byte, 1) < 0 && errno == EINTR)
		;
}

static _Noreturn void serve(const struct bench_crew *crew, size_t index, void *result,
			    const struct gates *gates)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(WORK_SECONDS_MAX);
	close(gates->told[0]);
	close(gates->start[1]);
	close(gates->end[1]);
	if (crew->prepare)
		crew->prepare(index, crew->ctx);
	tell(gates);
	wait_gate(gates->start);
	crew->work(index, crew->ctx, result);
	tell(gates);
	wait_gate(gates->end);
	_exit(0);
}

/* Waits until everybody has told once; a closed pipe means that they died. */
static void hear(const struct gates *gates, size_t count)
{
	char byte;

	while (count > 0) {
		ssize_t got = read(gates->told[0], &byte, 1);

		if (got == 1)
			count--;
		else if (got == 0 || errno != EINTR)
			bench_die("a process of the crew has died");
	}
}

void bench_crew_run(const struct bench_crew *crew, void *results)
{
	size_t total = crew->count * crew->result_bytes;
	char *shared = mmap(NULL, total, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pids[CREW_MAX];
	struct gates gates;
	size_t i;

	if (shared == MAP_FAILED || crew->count > CREW_MAX)
		bench_die("a crew of %zu is too large", crew->count);
	must_pipe(gates.told);
	must_pipe(gates.start);
	must_pipe(gates.end);
	fflush(stdout);
	for (i = 0; i < crew->count; i++) {
		pids[i] = fork();
		if (pids[i] < 0)
			bench_die("fork: %s", strerror(errno));
		if (pids[i] == 0)
			serve(crew, i, shared + i * crew->result_bytes, &gates);
	}
	close(gates.told[1]);
	close(gates.start[0]);
	close(gates.end[0]);
	hear(&gates, crew->count);
	close(gates.start[1]);
	hear(&gates, crew->count);
	bench_sleep_ms(crew->linger_ms);
	close(gates.end[1]);
	close(gates.told[0]);
	for (i = 0; i < crew->count; i++) {
		int status = 0;

		if (waitpid(pids[i], &status, 0) < 0 || status != 0)
			bench_die("process %zu of the crew ended with status %d", i,
				  status);
	}
	memcpy(results, shared, total);
	munmap(shared, total);
}
