/* SPDX-License-Identifier: BSD-3-Clause */
/* Test configuration "default": every option as delivered; accesses and barriers go through the hook. */
#ifndef SKERRY_TEST_CONFIGURATION_H
#define SKERRY_TEST_CONFIGURATION_H
#include "backend/hook_trace.h"
#endif
