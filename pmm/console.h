/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef PMM_CONSOLE_H
#define PMM_CONSOLE_H

#include "mmio.h"
#include "terminal.h"

#define CONSOLE_BLOCK_LEN 0x6000U
#define CONSOLE_QUEUE_MAX 128U

/* Makes the console device, connected to what SPEC names (see terminal.h). */
device_t *console_open(const char *spec);

/* The host's terminal window has another size now. */
void console_resized(device_t *d);

#endif
