/* SPDX-License-Identifier: BSD-3-Clause */
/** The vsock services: debug shell (port 23), echo (7), discard (9), character generator (19). Several sessions at once. */
#ifndef ISLAND_SERVICES_H
#define ISLAND_SERVICES_H

#include "shell.h"

#include "skerry/vsock.h"

#define PORT_ECHO 7U
#define PORT_DISCARD 9U
#define PORT_CHARGEN 19U
#define PORT_SHELL 23U

struct island;

/** One accepted connection. */
typedef struct {
    skr_vsock_handle_t handle; /**< 0: the place is free */
    uint32_t port;             /**< which service */
    uint32_t peer_port;
    uint32_t position;         /**< character generator: place in the pattern */
    bool input_over;           /**< the peer sends no more, and everything it sent was read */
    shell_t shell;
} session_t;

/** Open the listening ports. They stay open over every restart of the device. */
void services_open(struct island *island);

/** Accept who waits, and move bytes: bounded by the number of sessions and by what one window holds. */
void services_turn(struct island *island);

/** Close every session: the device is given up. */
void services_close(struct island *island);

/** Say something in every shell session. */
void services_notice(struct island *island, const uint8_t *text, uint32_t length);

/** Name of the service on a port, "" if there is none. */
const char *service_name(uint32_t port);

#endif
