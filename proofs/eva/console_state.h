/* SPDX-License-Identifier: BSD-3-Clause */
/* A console in any state that it can be in between two calls. */
#ifndef SKERRY_EVA_CONSOLE_STATE_H
#define SKERRY_EVA_CONSOLE_STATE_H

#include "skerry/console.h"
#include "windows.h"

/* Exactly what the layout takes: the first byte too far is outside. */
#define CONSOLE_LINES_BYTES 240U
#define CONSOLE_PAGES_BYTES 12336U
static skr_shm_t console_lines[CONSOLE_LINES_BYTES];
static skr_shm_t console_pages[CONSOLE_PAGES_BYTES];
static skr_shm_t console_config[12];

/* The description of a good device of each kind. */
static void describe_console(skr_transport_t *t, skr_transport_kind_t kind)
{
    describe(t, kind);
    t->config = console_config;
    t->config_size = 12U;
    t->memory = console_pages;
    t->memory_size = CONSOLE_PAGES_BYTES;
    if (kind == SKR_TRANSPORT_MMIO_V2) {
        t->memory = console_lines;
        t->memory_size = CONSOLE_LINES_BYTES;
    }
}

static void any_console(skr_console_t *c)
{
    c->counters.written = any();
    c->counters.read = any();
    c->counters.dropped = any();
    c->counters.empty_buffers = any();
    c->columns = (uint16_t)below(0x10000U);
    c->rows = (uint16_t)below(0x10000U);
    c->sized = (uint16_t)below(2U);
}

/* A running console: `rx` buffers of the receive ring and `tx` of the transmit ring are with the device. */
static bool running_console(skr_console_t *c, skr_transport_kind_t kind, uint16_t rx, uint16_t tx)
{
    skr_transport_t t;
    bool good = false;

    describe_console(&t, kind);
    if (skr_console_init(c, &t) == SKR_OK) {
        good = place_rings(&c->device, c->device.queues);
        any_books(&c->device.virtq[SKR_CONSOLE_RX], rx, 0U);
        any_books(&c->device.virtq[SKR_CONSOLE_TX], tx, (uint16_t)(SKR_CONSOLE_TX_COUNT - tx));
        any_device(&c->device);
        any_console(c);
        c->device.state = SKR_DEVICE_READY;
    }
    return good;
}

#endif
