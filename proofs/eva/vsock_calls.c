/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vsock, the calls of an application that touch no ring: any handle, any argument, connections in any state; the device
 * running, failed, or in set-up. Reading goes through every place of the receive ring. Sending is here while the device does not
 * run, when it has to leave the ring alone; while it runs it is in vsock_transmit.c.
 *
 * Options: -eva-auto-loop-unroll 128 -eva-slevel-merge-after-loop read_everywhere,main
 */
#include "vsock_state.h"

#define ROOM_BYTES 30U
#define HEADS 6U

/* One call of those that need not know where the receive ring begins. */
static void call(const skr_vsock_t *context, uint32_t which)
{
    skr_vsock_t v = *context;
    uint32_t word;
    uint32_t other;

    switch (which) {
    case 0U:
        (void)skr_vsock_listen(&v, any(), (uint16_t)below(0x10000U));
        break;
    case 1U:
        (void)skr_vsock_unlisten(&v, any());
        break;
    case 2U:
        (void)skr_vsock_accept(&v, any(), &word, &other);
        break;
    case 3U:
        (void)skr_vsock_connect(&v, any(), any(), any(), &word);
        break;
    case 4U:
        (void)skr_vsock_consume(&v, any(), any());
        break;
    case 5U:
        (void)skr_vsock_shutdown(&v, any(), any());
        break;
    case 6U:
        (void)skr_vsock_close(&v, any());
        break;
    case 7U:
        (void)skr_vsock_reset(&v, any());
        break;
    case 8U:
        (void)skr_vsock_events(&v, any(), &word);
        break;
    case 9U:
        (void)skr_vsock_acknowledge(&v);
        (void)skr_vsock_cause(&v);
        (void)skr_vsock_cid(&v);
        break;
    default:
        (void)skr_vsock_start(&v, any());
        break;
    }
}

/* Peek says where received bytes lie: the caller reads the first and the last of them. */
static uint8_t peek(const skr_vsock_t *v, skr_vsock_handle_t handle)
{
    const uint8_t *seen;
    uint32_t length;
    uint8_t ends = 0U;

    if (skr_vsock_peek(v, handle, &seen, &length) == SKR_OK) {
        ends = (uint8_t)(seen[0] ^ seen[length - 1U]);
    }
    return ends;
}

/* Read from one place of the receive ring, in place and by copy. It is the last connection's: the first byte behind its ring
 * is outside the context, and not the next member of it. */
static void read_at(const skr_vsock_t *context, uint32_t head, uint32_t stored)
{
    const skr_vsock_handle_t handle = (below(0x10000U) * 0x10000U) + SKR_VSOCK_CONNECTIONS;
    skr_vsock_t v = *context;
    uint8_t data[ROOM_BYTES];
    uint32_t got;

    v.flow[SKR_VSOCK_CONNECTIONS - 1U].head = head;
    v.flow[SKR_VSOCK_CONNECTIONS - 1U].stored = stored;
    (void)peek(&v, handle);
    (void)skr_vsock_recv(&v, handle, data, ROOM_BYTES, &got);
}

/* Connections in any state, also open ones, and the device does not run. */
static void send_in_vain(const skr_vsock_t *context)
{
    skr_vsock_t v = *context;
    const uint8_t text[2] = { 0U, 0U };
    uint32_t taken;

    (void)skr_vsock_send(&v, any(), text, 2U, &taken);
}

/* Every call with the device in one state. */
static void every_call(skr_transport_kind_t kind, skr_device_state_t state)
{
    skr_vsock_t v;

    if (running_vsock(&v, kind, 2U, 1U)) {
        any_vsock(&v, (uint16_t)below(SKR_VSOCK_RESET_LIST + 1U), below(SKR_VSOCK_WINDOW_BYTES),
                  below(SKR_VSOCK_WINDOW_BYTES + 1U));
        v.device.state = state;
        for (uint32_t which = 0U; which <= 10U; which++) {
            call(&v, which);
        }
        if (state != SKR_DEVICE_READY) {
            send_in_vain(&v);
        }
        read_at(&v, 50U, 20U);
    }
}

static void read_everywhere(void)
{
    static const uint32_t head[HEADS] = { 0U, 1U, 33U, 34U, 35U, 63U }; /* beside the ends: where 30 bytes just wrap */
    skr_vsock_t v;

    if (running_vsock(&v, SKR_TRANSPORT_MMIO_V2, 2U, 1U)) {
        any_vsock(&v, 0U, 0U, 0U);
        for (uint32_t i = 0U; i < HEADS; i++) {
            for (uint32_t stored = 0U; stored <= SKR_VSOCK_WINDOW_BYTES; stored++) {
                read_at(&v, head[i], stored);
            }
        }
    }
}

int main(void)
{
    for (uint32_t kind = SKR_TRANSPORT_MMIO_V2; kind <= SKR_TRANSPORT_HVL; kind++) {
        every_call((skr_transport_kind_t)kind, SKR_DEVICE_IDLE);
        every_call((skr_transport_kind_t)kind, SKR_DEVICE_QUEUE_ANSWER);
        every_call((skr_transport_kind_t)kind, SKR_DEVICE_READY);
        every_call((skr_transport_kind_t)kind, SKR_DEVICE_FAILED);
    }
    read_everywhere();
    return 0;
}
