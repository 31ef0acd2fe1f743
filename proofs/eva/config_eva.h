/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Configuration of the Eva drivers: the smallest rings, tables and windows that still take the code through all its branches.
 *
 * Two buffers in a ring, so that one can be with the device while the other is not; two connections, listeners, resting ports
 * and owed resets, so that each table is searched past its first place and overflows; 20 bytes of payload against a window of
 * 64, so that a receive ring wraps and fills. Arrays are as long as they are used (SKR_VIRTQ_SIZE_MAX is the number of
 * buffers), so that an index one too far is outside its array.
 *
 * What this shows: in this configuration no call, over no transport, whatever the back-end writes, has undefined behaviour. What
 * it does not show: the same of larger tables. Loops are the same code with another bound, and WP proves each function with the
 * bounds as they are in its own configuration; nothing of Eva's stands for that. SKR_VSOCK_STEP_PACKETS is 1: a second packet
 * in a step is analysed as the first one in the next state. An overrun from one member of a context into another by a copy is
 * inside one object and no alarm; where copies into a context are analysed, the member is the last one of it. Nor is it an alarm
 * to touch another part of the same window: that an access stays in its buffer is in WP's contracts, not in Eva's verdict.
 */
#ifndef SKERRY_CONFIG_EVA_H
#define SKERRY_CONFIG_EVA_H

#define SKR_VIRTQ_SIZE_MAX 2U
#define SKR_CONSOLE_RX_COUNT 2U
#define SKR_CONSOLE_RX_BYTES 4U
#define SKR_CONSOLE_TX_COUNT 2U
#define SKR_CONSOLE_TX_BYTES 4U
#define SKR_VSOCK_RX_COUNT 2U
#define SKR_VSOCK_TX_COUNT 2U
#define SKR_VSOCK_TX_RESERVE 1U
#define SKR_VSOCK_BUFFER_BYTES 64U
#define SKR_VSOCK_EVENT_COUNT 1U
#define SKR_VSOCK_CONNECTIONS 2U
#define SKR_VSOCK_LISTENERS 2U
#define SKR_VSOCK_WINDOW_BYTES 64U
#define SKR_VSOCK_SEND_BYTES_MAX 128U
#define SKR_VSOCK_SEND_PACKETS_MAX 4U
#define SKR_VSOCK_STEP_PACKETS 1U
#define SKR_VSOCK_RESET_LIST 2U
#define SKR_VSOCK_QUARANTINE_LIST 2U
#define SKR_CONFIG_TRIES 2U

/* The port is windows.h: functions with a body that touches every byte that it is given. */
#define SKR_PORT_OWN_BARRIERS
#define SKR_PORT_OWN_COPY

#endif
