/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The configuration of the fuzz targets: every table as small as it can be, so that a full ring, an empty one, a wrapped one
 * and a time-out are a few actions away. The code is the same in every configuration; only the distances differ.
 */
#ifndef SKERRY_FUZZ_CONFIGURATION_H
#define SKERRY_FUZZ_CONFIGURATION_H

#include "backend/hook_trace.h"

#define SKR_VIRTQ_SIZE_MAX 16U
#define SKR_CONSOLE_RX_COUNT 4U
#define SKR_CONSOLE_RX_BYTES 8U
#define SKR_CONSOLE_TX_COUNT 4U
#define SKR_CONSOLE_TX_BYTES 8U
#define SKR_VSOCK_RX_COUNT 8U
#define SKR_VSOCK_TX_COUNT 8U  /* as many as there can be replies in one step, and two more */
#define SKR_VSOCK_BUFFER_BYTES 64U
#define SKR_VSOCK_STEP_PACKETS 4U
#define SKR_VSOCK_CONNECTIONS 4U
#define SKR_VSOCK_LISTENERS 2U
#define SKR_VSOCK_RESET_LIST 2U
#define SKR_VSOCK_QUARANTINE_LIST 2U
#define SKR_VSOCK_WINDOW_BYTES 64U
#define SKR_VSOCK_SEND_BYTES_MAX 70U
#define SKR_VSOCK_SEND_PACKETS_MAX 5U
#define SKR_TICKS_SETUP 40U
#define SKR_TICKS_KICK 10U
#define SKR_TICKS_WATCH 5U
#define SKR_TICKS_CLOSE 20U
#define SKR_TICKS_QUARANTINE 50U
#define SKR_TICKS_CREDIT 10U

#define MODEL_BLOCK_BYTES 0x10000U /* three rings and their buffers; the model clears all of it each time */

#endif
