/* SPDX-License-Identifier: MIT */
/* check_main.c - main() of every unit test: run its one suite, report, exit. */
#include "tests/support/check_main.h"

#include <stdlib.h>

int main(void)
{
	SRunner *runner = srunner_create(larder_suite());
	int failed;

	/* CK_FORK, CK_VERBOSITY and the time limits come from the preset. */
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	/* A suite without a single test proves nothing. */
	if (srunner_ntests_run(runner) == 0)
		failed = 1;
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
