/* SPDX-License-Identifier: BSD-3-Clause */
/* Test configuration "large": few and large buffers, so that 64 KiB pass in few accesses and every one can be spoiled. */
#ifndef SKERRY_TEST_CONFIGURATION_LARGE_H
#define SKERRY_TEST_CONFIGURATION_LARGE_H
#include "backend/hook_trace.h"

#define HOSTILE_BLOCK_BYTES 0x40000U /* tests/hostile/scene.c: these buffers want a larger window */

#define SKR_CONSOLE_RX_COUNT 4U
#define SKR_CONSOLE_RX_BYTES 4096U
#define SKR_CONSOLE_TX_COUNT 4U
#define SKR_CONSOLE_TX_BYTES 4096U
#define SKR_VSOCK_RX_COUNT 4U
#define SKR_VSOCK_TX_COUNT 6U
#define SKR_VSOCK_BUFFER_BYTES 8236U
#define SKR_VSOCK_WINDOW_BYTES 16384U
#define SKR_VSOCK_CONNECTIONS 2U

#endif
