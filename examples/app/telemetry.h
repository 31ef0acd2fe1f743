/* SPDX-License-Identifier: BSD-3-Clause */
/** Telemetry: a client that connects to port 5000 of the host and sends one line a second. */
#ifndef ISLAND_TELEMETRY_H
#define ISLAND_TELEMETRY_H

#include "skerry/vsock.h"

#define PORT_TELEMETRY 5000U
#define TELEMETRY_LINE_BYTES 192U

struct island;

typedef struct {
    skr_vsock_handle_t handle; /**< 0: not connected, waiting for the next try */
    uint32_t since;            /**< tick of the last try, or of the last line */
    uint32_t delay;            /**< ticks between two tries */
    uint32_t line_at;          /**< bytes of the line that have gone */
    uint32_t line_length;
    bool open;                 /**< the host has answered */
    bool input_over;           /**< the host sends no more; it may still read */
    uint8_t line[TELEMETRY_LINE_BYTES];
    uint32_t lines;            /**< sent since boot */
    uint32_t missed;           /**< not sent because the one before had not gone yet */
    uint32_t connects;         /**< connections that were answered */
    uint32_t refusals;         /**< tries and connections that ended otherwise than by us */
} telemetry_t;

void telemetry_open(struct island *island);
void telemetry_turn(struct island *island);

/** The device is given up: drop the connection, try again without delay when it is back. */
void telemetry_close(struct island *island);

#endif
