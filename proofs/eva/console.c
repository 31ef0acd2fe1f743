/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A running console: each call, over each transport, from every state of its rings.
 *
 * Options: -eva-slevel 120
 */
#include "console_state.h"

/* Read with a receive buffer half handed out (or none: length 0), into room that ends where the array ends. */
static void read_some(skr_transport_kind_t kind, uint16_t rx, uint32_t at, uint32_t length, uint32_t capacity)
{
    skr_console_t c;
    uint8_t data[3];
    uint32_t got;

    if (running_console(&c, kind, rx, 1U)) {
        if (length != 0U) {
            c.rx_id = (uint16_t)below(SKR_CONSOLE_RX_COUNT);
            c.rx_at = at;
            c.rx_length = length;
        }
        (void)skr_console_read(&c, &data[3U - capacity], capacity, &got);
    }
}

static void read_all(skr_transport_kind_t kind)
{
    for (uint16_t rx = 0U; rx <= SKR_CONSOLE_RX_COUNT; rx++) {
        for (uint32_t length = 0U; length <= SKR_CONSOLE_RX_BYTES; length++) {
            for (uint32_t at = 0U; (at == 0U) || (at < length); at++) {
                for (uint32_t capacity = 0U; capacity <= 3U; capacity++) {
                    read_some(kind, rx, at, length, capacity);
                }
            }
        }
    }
}

/* Texts of no buffer, one, one and a bit, and more than there are; they too end where the array ends. */
static void write_some(skr_transport_kind_t kind, uint16_t tx, uint32_t length)
{
    skr_console_t c;
    uint8_t data[9];
    uint32_t taken;

    for (uint32_t i = 0U; i < 9U; i++) {
        data[i] = (uint8_t)below(0x100U);
    }
    if (running_console(&c, kind, 2U, tx)) {
        (void)skr_console_write(&c, &data[9U - length], length, &taken);
    }
}

static void other_call(skr_transport_kind_t kind, uint16_t tx, uint32_t which)
{
    skr_console_t c;
    uint16_t columns;
    uint16_t rows;

    if (running_console(&c, kind, 2U, tx)) {
        switch (which) {
        case 0U:
            (void)skr_console_step(&c, any());
            break;
        case 1U:
            (void)skr_console_emergency(&c, (uint8_t)below(0x100U));
            break;
        case 2U:
            skr_console_size(&c, &columns, &rows);
            skr_console_resized(&c);
            break;
        case 3U:
            (void)skr_console_acknowledge(&c);
            (void)skr_console_cause(&c);
            break;
        default:
            (void)skr_console_start(&c, any());
            break;
        }
    }
}

int main(void)
{
    for (uint32_t kind = SKR_TRANSPORT_MMIO_V2; kind <= SKR_TRANSPORT_HVL; kind++) {
        read_all((skr_transport_kind_t)kind);
        for (uint16_t tx = 0U; tx <= SKR_CONSOLE_TX_COUNT; tx++) {
            for (uint32_t length = 0U; length <= 9U; length++) {
                write_some((skr_transport_kind_t)kind, tx, length);
            }
            for (uint32_t which = 0U; which <= 4U; which++) {
                other_call((skr_transport_kind_t)kind, tx, which);
            }
        }
    }
    return 0;
}
