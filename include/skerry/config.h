/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Configuration: every option of the library, with range, unit and cost.
 *
 * Do not edit. To change an option, define it in a header of your own and name that header on the command line:
 *   -DSKR_CONFIG_HEADER='"my_skerry_config.h"'
 * The same header has to be used for the library and for everything that includes it.
 * The evidence holds for the configurations listed in spec/configurations.csv and for no other.
 */
#ifndef SKERRY_CONFIG_H
#define SKERRY_CONFIG_H

#ifdef SKR_CONFIG_HEADER
#include SKR_CONFIG_HEADER
#endif

/** Largest virtqueue, in descriptors: a power of two, 2 .. 1024. Costs 8 bytes of private RAM per descriptor and queue.
 *  256 is what a hypervisor-less PMM dictates for vsock; 128 is enough for the console. */
#ifndef SKR_VIRTQ_SIZE_MAX
#define SKR_VIRTQ_SIZE_MAX 256U
#endif

/** Console receive buffers: 1 .. SKR_VIRTQ_SIZE_MAX. Costs SKR_CONSOLE_RX_BYTES of the window each. */
#ifndef SKR_CONSOLE_RX_COUNT
#define SKR_CONSOLE_RX_COUNT 32U
#endif

/** Bytes in one console receive buffer: a multiple of 4, 4 .. 4096. */
#ifndef SKR_CONSOLE_RX_BYTES
#define SKR_CONSOLE_RX_BYTES 32U
#endif

/** Console transmit buffers: 1 .. SKR_VIRTQ_SIZE_MAX. Costs SKR_CONSOLE_TX_BYTES of the window each. */
#ifndef SKR_CONSOLE_TX_COUNT
#define SKR_CONSOLE_TX_COUNT 16U
#endif

/** Bytes in one console transmit buffer: a multiple of 4, 4 .. 4096. A write shorter than this uses a whole buffer. */
#ifndef SKR_CONSOLE_TX_BYTES
#define SKR_CONSOLE_TX_BYTES 192U
#endif

/** vsock receive buffers: 2 .. SKR_VIRTQ_SIZE_MAX. Costs SKR_VSOCK_BUFFER_BYTES of the window each. */
#ifndef SKR_VSOCK_RX_COUNT
#define SKR_VSOCK_RX_COUNT 16U
#endif

/** vsock transmit buffers: SKR_VSOCK_TX_RESERVE + 1 .. SKR_VIRTQ_SIZE_MAX. Costs SKR_VSOCK_BUFFER_BYTES of the window each. */
#ifndef SKR_VSOCK_TX_COUNT
#define SKR_VSOCK_TX_COUNT 16U
#endif

/** Bytes in one vsock buffer, packet header of 44 bytes included: a multiple of 4, 64 .. 65580. 16 + 16 buffers of 1148 bytes
 *  are the most that the 64 KiB region of a hypervisor-less PMM holds beside its rings of 256; 1136 is a multiple of 16. */
#ifndef SKR_VSOCK_BUFFER_BYTES
#define SKR_VSOCK_BUFFER_BYTES 1136U
#endif

/** vsock event buffers, 8 bytes of the window each: 1 .. SKR_VIRTQ_SIZE_MAX. Not used by the hypervisor-less transport. */
#ifndef SKR_VSOCK_EVENT_COUNT
#define SKR_VSOCK_EVENT_COUNT 2U
#endif

/** Transmit buffers that data never takes, so that a reply can always be sent: 1 .. 8. */
#ifndef SKR_VSOCK_TX_RESERVE
#define SKR_VSOCK_TX_RESERVE 2U
#endif

/** Connections, in both roles together, those in a backlog included: 1 .. 128.
 *  Costs SKR_VSOCK_WINDOW_BYTES + 80 bytes of private RAM each. A step goes through those that wait or owe something, a packet
 *  through the table only when two tuples share a hint: an open connection that nobody uses costs neither. */
#ifndef SKR_VSOCK_CONNECTIONS
#define SKR_VSOCK_CONNECTIONS 8U
#endif

/** Listening ports: 1 .. 32. Costs 12 bytes of private RAM each. */
#ifndef SKR_VSOCK_LISTENERS
#define SKR_VSOCK_LISTENERS 8U
#endif

/** Receive window of one connection, advertised to the peer as buf_alloc, in bytes: a power of two, 64 .. 1 MiB. */
#ifndef SKR_VSOCK_WINDOW_BYTES
#define SKR_VSOCK_WINDOW_BYTES 4096U
#endif

/** Most payload in flight towards the peer, in bytes, whatever credit it offers: 1 .. 16 MiB. */
#ifndef SKR_VSOCK_SEND_BYTES_MAX
#define SKR_VSOCK_SEND_BYTES_MAX 262144U
#endif

/** Most data packets in flight towards the peer, however short they are: 1 .. 4096. A peer that pays for each packet beside its
 *  bytes cuts a connection that has too many of them outstanding. Costs nothing; less makes many short packets slower. */
#ifndef SKR_VSOCK_SEND_PACKETS_MAX
#define SKR_VSOCK_SEND_PACKETS_MAX 256U
#endif

/** Packets that one step takes from the receive queue: 1 .. SKR_VIRTQ_SIZE_MAX. Bounds the time of a step. */
#ifndef SKR_VSOCK_STEP_PACKETS
#define SKR_VSOCK_STEP_PACKETS 16U
#endif

/** Resets owed to tuples that have no connection: 1 .. 32; a further one is dropped and counted. Costs 8 bytes each. */
#ifndef SKR_VSOCK_RESET_LIST
#define SKR_VSOCK_RESET_LIST 8U
#endif

/** Local ports in quarantine after close: 1 .. 32. Costs 8 bytes each. */
#ifndef SKR_VSOCK_QUARANTINE_LIST
#define SKR_VSOCK_QUARANTINE_LIST 8U
#endif

/** First and last port that connect() chooses by itself; at least 1024 ports. */
#ifndef SKR_VSOCK_PORT_FIRST
#define SKR_VSOCK_PORT_FIRST 49152U
#endif
#ifndef SKR_VSOCK_PORT_LAST
#define SKR_VSOCK_PORT_LAST 65535U
#endif

/** Times, in ticks of the caller's clock (a millisecond is assumed by the defaults): 1 .. 2^30. */

/** Longest wait for one answer of the back-end during set-up. */
#ifndef SKR_TICKS_SETUP
#define SKR_TICKS_SETUP 4000U
#endif
/** Doorbell repeated this often while something is awaited or outstanding. */
#ifndef SKR_TICKS_KICK
#define SKR_TICKS_KICK 100U
#endif
/** Identity and status registers looked at this often once the device runs. */
#ifndef SKR_TICKS_WATCH
#define SKR_TICKS_WATCH 50U
#endif
/** After close(), longest wait for the peer's reset. */
#ifndef SKR_TICKS_CLOSE
#define SKR_TICKS_CLOSE 2000U
#endif
/** A local port is not chosen again for this long after its connection ended. */
#ifndef SKR_TICKS_QUARANTINE
#define SKR_TICKS_QUARANTINE 10000U
#endif
/** A blocked sender asks for credit at most this often. */
#ifndef SKR_TICKS_CREDIT
#define SKR_TICKS_CREDIT 100U
#endif

/** Tries to read a configuration field twice alike, or under one generation: 1 .. 16. */
#ifndef SKR_CONFIG_TRIES
#define SKR_CONFIG_TRIES 4U
#endif

/* Every option is checked where it is set, so that no other range is ever compiled. */

#if (SKR_VIRTQ_SIZE_MAX < 2U) || (SKR_VIRTQ_SIZE_MAX > 1024U) || ((SKR_VIRTQ_SIZE_MAX & (SKR_VIRTQ_SIZE_MAX - 1U)) != 0U)
#error "SKR_VIRTQ_SIZE_MAX: expected a power of two, 2 .. 1024"
#endif
#if (SKR_CONSOLE_RX_COUNT < 1U) || (SKR_CONSOLE_RX_COUNT > SKR_VIRTQ_SIZE_MAX)
#error "SKR_CONSOLE_RX_COUNT: expected 1 .. SKR_VIRTQ_SIZE_MAX"
#endif
#if (SKR_CONSOLE_RX_BYTES < 4U) || (SKR_CONSOLE_RX_BYTES > 4096U) || ((SKR_CONSOLE_RX_BYTES % 4U) != 0U)
#error "SKR_CONSOLE_RX_BYTES: expected a multiple of 4, 4 .. 4096"
#endif
#if (SKR_CONSOLE_TX_COUNT < 1U) || (SKR_CONSOLE_TX_COUNT > SKR_VIRTQ_SIZE_MAX)
#error "SKR_CONSOLE_TX_COUNT: expected 1 .. SKR_VIRTQ_SIZE_MAX"
#endif
#if (SKR_CONSOLE_TX_BYTES < 4U) || (SKR_CONSOLE_TX_BYTES > 4096U) || ((SKR_CONSOLE_TX_BYTES % 4U) != 0U)
#error "SKR_CONSOLE_TX_BYTES: expected a multiple of 4, 4 .. 4096"
#endif
#if (SKR_VSOCK_RX_COUNT < 2U) || (SKR_VSOCK_RX_COUNT > SKR_VIRTQ_SIZE_MAX)
#error "SKR_VSOCK_RX_COUNT: expected 2 .. SKR_VIRTQ_SIZE_MAX"
#endif
#if (SKR_VSOCK_TX_RESERVE < 1U) || (SKR_VSOCK_TX_RESERVE > 8U)
#error "SKR_VSOCK_TX_RESERVE: expected 1 .. 8"
#endif
#if (SKR_VSOCK_TX_COUNT < (SKR_VSOCK_TX_RESERVE + 1U)) || (SKR_VSOCK_TX_COUNT > SKR_VIRTQ_SIZE_MAX)
#error "SKR_VSOCK_TX_COUNT: expected SKR_VSOCK_TX_RESERVE + 1 .. SKR_VIRTQ_SIZE_MAX"
#endif
#if (SKR_VSOCK_BUFFER_BYTES < 64U) || (SKR_VSOCK_BUFFER_BYTES > 65580U) || ((SKR_VSOCK_BUFFER_BYTES % 4U) != 0U)
#error "SKR_VSOCK_BUFFER_BYTES: expected a multiple of 4, 64 .. 65580"
#endif
#if (SKR_VSOCK_EVENT_COUNT < 1U) || (SKR_VSOCK_EVENT_COUNT > SKR_VIRTQ_SIZE_MAX)
#error "SKR_VSOCK_EVENT_COUNT: expected 1 .. SKR_VIRTQ_SIZE_MAX"
#endif
#if (SKR_VSOCK_CONNECTIONS < 1U) || (SKR_VSOCK_CONNECTIONS > 128U)
#error "SKR_VSOCK_CONNECTIONS: expected 1 .. 128"
#endif
#if (SKR_VSOCK_LISTENERS < 1U) || (SKR_VSOCK_LISTENERS > 32U)
#error "SKR_VSOCK_LISTENERS: expected 1 .. 32"
#endif
#if (SKR_VSOCK_WINDOW_BYTES < 64U) || (SKR_VSOCK_WINDOW_BYTES > 1048576U) || ((SKR_VSOCK_WINDOW_BYTES & (SKR_VSOCK_WINDOW_BYTES - 1U)) != 0U)
#error "SKR_VSOCK_WINDOW_BYTES: expected a power of two, 64 .. 1048576"
#endif
#if (SKR_VSOCK_SEND_BYTES_MAX < 1U) || (SKR_VSOCK_SEND_BYTES_MAX > 16777216U)
#error "SKR_VSOCK_SEND_BYTES_MAX: expected 1 .. 16777216"
#endif
#if (SKR_VSOCK_SEND_PACKETS_MAX < 1U) || (SKR_VSOCK_SEND_PACKETS_MAX > 4096U)
#error "SKR_VSOCK_SEND_PACKETS_MAX: expected 1 .. 4096"
#endif
#if (SKR_VSOCK_STEP_PACKETS < 1U) || (SKR_VSOCK_STEP_PACKETS > SKR_VIRTQ_SIZE_MAX)
#error "SKR_VSOCK_STEP_PACKETS: expected 1 .. SKR_VIRTQ_SIZE_MAX"
#endif
#if (SKR_VSOCK_RESET_LIST < 1U) || (SKR_VSOCK_RESET_LIST > 32U)
#error "SKR_VSOCK_RESET_LIST: expected 1 .. 32"
#endif
#if (SKR_VSOCK_QUARANTINE_LIST < 1U) || (SKR_VSOCK_QUARANTINE_LIST > 32U)
#error "SKR_VSOCK_QUARANTINE_LIST: expected 1 .. 32"
#endif
#if (SKR_VSOCK_PORT_FIRST < 1024U) || (SKR_VSOCK_PORT_FIRST > (SKR_VSOCK_PORT_LAST - 1023U))
#error "SKR_VSOCK_PORT_FIRST: expected 1024 .. SKR_VSOCK_PORT_LAST - 1023"
#endif
#if (SKR_VSOCK_PORT_LAST < 2047U) || (SKR_VSOCK_PORT_LAST > 0x7FFFFFFFU)
#error "SKR_VSOCK_PORT_LAST: expected 2047 .. 0x7FFFFFFF"
#endif
#if (SKR_TICKS_SETUP < 1U) || (SKR_TICKS_SETUP > 0x40000000U)
#error "SKR_TICKS_SETUP: expected 1 .. 2^30 ticks"
#endif
#if (SKR_TICKS_KICK < 1U) || (SKR_TICKS_KICK > 0x40000000U)
#error "SKR_TICKS_KICK: expected 1 .. 2^30 ticks"
#endif
#if (SKR_TICKS_WATCH < 1U) || (SKR_TICKS_WATCH > 0x40000000U)
#error "SKR_TICKS_WATCH: expected 1 .. 2^30 ticks"
#endif
#if (SKR_TICKS_CLOSE < 1U) || (SKR_TICKS_CLOSE > 0x40000000U)
#error "SKR_TICKS_CLOSE: expected 1 .. 2^30 ticks"
#endif
#if (SKR_TICKS_QUARANTINE < 1U) || (SKR_TICKS_QUARANTINE > 0x40000000U)
#error "SKR_TICKS_QUARANTINE: expected 1 .. 2^30 ticks"
#endif
#if (SKR_TICKS_CREDIT < 1U) || (SKR_TICKS_CREDIT > 0x40000000U)
#error "SKR_TICKS_CREDIT: expected 1 .. 2^30 ticks"
#endif
#if (SKR_CONFIG_TRIES < 1U) || (SKR_CONFIG_TRIES > 16U)
#error "SKR_CONFIG_TRIES: expected 1 .. 16"
#endif

#endif
