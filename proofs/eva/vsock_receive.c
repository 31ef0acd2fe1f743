/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vsock, what comes in: any packet and any event, over each transport, for connections in any state.
 *
 * Where the receive ring of a connection begins and how full it is has to be known together. The places gone through put the
 * end of the ring, or the end of its room, behind every second byte of the longest payload (20).
 *
 * Options: -eva-slevel-merge-after-loop receive_at_every_place,main
 */
#include "vsock_state.h"

/* The last connection: a byte behind its ring is outside the context, and not the next member of it. */
#define LAST (SKR_VSOCK_CONNECTIONS - 1U)

/* The search for a connection begins where the hints say: set, so that the one found is known. */
static void receive(const skr_vsock_t *running, uint16_t hint, uint32_t head, uint32_t stored)
{
    skr_vsock_t v = *running;

    for (uint32_t i = 0U; i < SKR_VSOCK_CONNECTIONS; i++) {
        v.flow[i].head = head;
        v.flow[i].stored = stored;
        v.hint[i] = hint;
    }
    skr_vsock_receive(&v);
}

/* A running device, and connections in any state. */
static bool prepare(skr_vsock_t *v, skr_transport_kind_t kind, uint16_t rx)
{
    const bool good = running_vsock(v, kind, rx, 1U);

    any_vsock(v, (uint16_t)below(SKR_VSOCK_RESET_LIST + 1U), 0U, 0U);
    v->up = 1U;
    return good;
}

static void receive_at_every_place(const skr_vsock_t *running)
{
    for (uint32_t head = 45U; head < SKR_VSOCK_WINDOW_BYTES; head += 2U) { /* empty, and it wraps after 19 .. 1 bytes */
        receive(running, LAST, head, 0U);
    }
    for (uint32_t stored = 44U; stored <= SKR_VSOCK_WINDOW_BYTES; stored += 2U) { /* room for 20 .. 0 bytes, in one piece */
        receive(running, LAST, 0U, stored);
    }
    for (uint32_t stored = 45U; stored <= 63U; stored += 9U) { /* room for less than a packet, in one piece or in two */
        receive(running, LAST, 30U, stored);
        receive(running, LAST, 71U - stored, stored);
    }
}

int main(void)
{
    skr_vsock_t v;

    if (prepare(&v, SKR_TRANSPORT_MMIO_V2, SKR_VSOCK_RX_COUNT)) {
        receive_at_every_place(&v);
    }
    for (uint32_t kind = SKR_TRANSPORT_MMIO_V2; kind <= SKR_TRANSPORT_HVL; kind++) {
        for (uint16_t rx = 0U; rx <= SKR_VSOCK_RX_COUNT; rx++) {
            if (prepare(&v, (skr_transport_kind_t)kind, rx)) {
                receive(&v, 0U, 60U, 0U);
                receive(&v, LAST, 60U, 0U);
            }
        }
        if (prepare(&v, (skr_transport_kind_t)kind, SKR_VSOCK_RX_COUNT) && (v.device.queues > SKR_VSOCK_EVENT)) {
            skr_vsock_take_events(&v);
        }
    }
    return 0;
}
