/* SPDX-License-Identifier: BSD-3-Clause */
/* Configuration of the discovery tests: accesses go through the hook, and the test does the copying, so that it can also
 * change the blob right after. */
#ifndef SKERRY_TEST_FDT_CONFIG_H
#define SKERRY_TEST_FDT_CONFIG_H
#include "backend/hook_trace.h"
#define SKR_PORT_OWN_COPY
#endif
