/* SPDX-License-Identifier: BSD-3-Clause */
/* Test configuration "connections128": as many as a table holds; accesses and barriers go through the hook. */
#ifndef SKERRY_TEST_CONFIGURATION_H
#define SKERRY_TEST_CONFIGURATION_H
#include "../../spec/configurations/connections128.h"
#include "backend/hook_trace.h"
#endif
