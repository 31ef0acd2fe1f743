/* SPDX-License-Identifier: BSD-3-Clause */
/* Configuration header of the counting image: the library's accesses, barriers and doorbells are counted, nothing else. */
#ifndef SKERRY_COST_COUNTING_H
#define SKERRY_COST_COUNTING_H

#include <stdbool.h>
#include <stdint.h>

void cost_trace(const volatile uint8_t *base, uint32_t offset, uint32_t bytes, bool write);

#define SKR_SHM_TRACE(base, offset, bytes, write) cost_trace((base), (offset), (bytes), (write))
#define SKR_PORT_OWN_BARRIERS

#endif
