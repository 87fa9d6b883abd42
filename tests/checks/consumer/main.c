/* SPDX-License-Identifier: MIT */
/* main.c - the smallest user of an installed liblarder. */
#include <larder/types.h>

#include <stdio.h>
#include <string.h>

int main(void)
{
	printf("larder %s: %s\n", larder_version(), larder_strerror(LARDER_EINVAL));
	return strcmp(larder_error_name(LARDER_EINVAL), "EINVAL") != 0;
}
