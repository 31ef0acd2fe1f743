/* SPDX-License-Identifier: BSD-3-Clause */
/* 16 KiB of payload in a buffer: 64 bytes more, a whole cache line, hold the header. */
#define SKR_VSOCK_BUFFER_BYTES 16448U
#define SKR_VSOCK_RX_COUNT 10U
#define SKR_VSOCK_TX_COUNT 32U
#define SKR_VSOCK_STEP_PACKETS 4U

#include "config_common.h"
