/* SPDX-License-Identifier: BSD-3-Clause */
/* Test configuration "multiport": a console of up to four ports; accesses and barriers go through the hook. */
#ifndef SKERRY_TEST_CONFIGURATION_H
#define SKERRY_TEST_CONFIGURATION_H
#include "../../spec/configurations/multiport.h"
#include "backend/hook_trace.h"
#endif
