/* SPDX-License-Identifier: MIT */
/* check_main.h - what a unit test hands to the shared main(). */
#ifndef LARDER_TESTS_CHECK_MAIN_H
#define LARDER_TESTS_CHECK_MAIN_H

#include <check.h>

/* Defined by each test file: builds the suite that main() runs and frees. */
Suite *larder_suite(void);

#endif
