/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the library sees of the hook when it is compiled for a test: the trace macro of shm.h, and barriers that are
 * noted down. Included by each header in tests/configurations/; src/ knows nothing of it.
 */
#ifndef SKERRY_TEST_HOOK_TRACE_H
#define SKERRY_TEST_HOOK_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

void hook_trace(const volatile uint8_t *base, uint32_t offset, uint32_t bytes, bool write);

#ifdef __cplusplus
}
#endif

#define SKR_SHM_TRACE(base, offset, bytes, write) hook_trace((base), (offset), (bytes), (write))

#define SKR_PORT_OWN_BARRIERS

#endif
