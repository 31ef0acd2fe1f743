/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vsock, what goes out: replies, resets and data, over each transport, from every state of the transmit ring.
 *
 * What one pass of skr_vsock_step() does after another is analysed part by part (skr_vsock_receive() in vsock_receive.c,
 * skr_vsock_settle() here), each from any state; the whole step then once with nothing to be received and once with no room to
 * send. How many bytes of a long text are taken depends on the credit, so windows are
 * gone through one by one; a byte alone goes with any credit. States are joined where the list of connections that are due ends:
 * it begins anywhere and goes on anywhere, and which connections were in it is of no use behind it.
 *
 * Options: -eva-slevel-merge-after-loop settle_flows,settle_resets,transmit,main
 */
#include "vsock_state.h"

#define TEXT_BYTES 30U /* a packet and a half: the last one has to stop where the text ends */
#define WINDOWS 9U

/* A running device, and connections in any state; what differs between the cases is set in copies of it. */
static bool prepare(skr_vsock_t *v, skr_transport_kind_t kind, uint16_t rx, uint16_t tx)
{
    const bool good = running_vsock(v, kind, rx, tx);

    any_vsock(v, 0U, 0U, 0U);
    return good;
}

static void settle(const skr_vsock_t *running, uint16_t resets)
{
    skr_vsock_t v = *running;

    v.up = 1U;
    v.resets = resets;
    skr_vsock_settle(&v);
}

static void step(const skr_vsock_t *running, uint16_t resets)
{
    skr_vsock_t v = *running;

    v.resets = resets;
    (void)skr_vsock_step(&v, any());
}

/* Any credit, and no byte or one. */
static void send_short(const skr_vsock_t *running, uint32_t length)
{
    skr_vsock_t v = *running;
    const uint8_t text = (uint8_t)below(0x100U);
    uint32_t taken;

    (void)skr_vsock_send(&v, any(), &text, length, &taken);
}

/* A credit of so many bytes, counted across the wrap, and a text longer than one packet. */
static void send_long(const skr_vsock_t *running, uint32_t window)
{
    skr_vsock_t v = *running;
    uint8_t text[TEXT_BYTES];
    uint32_t taken;

    for (uint32_t i = 0U; i < TEXT_BYTES; i++) {
        text[i] = (uint8_t)below(0x100U);
    }
    for (uint32_t i = 0U; i < SKR_VSOCK_CONNECTIONS; i++) {
        v.flow[i].tx_cnt = 0xFFFFFFF8U;
        v.flow[i].peer_fwd_cnt = 0xFFFFFFF0U;
        v.flow[i].peer_buf_alloc = 8U + window;
        v.flow[i].tx_packets = 1U;
    }
    (void)skr_vsock_send(&v, any(), text, TEXT_BYTES, &taken);
}

static void send_long_ones(const skr_vsock_t *running)
{
    /* Beside none, one packet (20) and the whole text, and far beyond. */
    static const uint32_t window[WINDOWS] = { 0U, 1U, 19U, 20U, 21U, 29U, 30U, 31U, 120U };

    for (uint32_t i = 0U; i < WINDOWS; i++) {
        send_long(running, window[i]);
    }
}

/* Every call, `tx` buffers being with the device. */
static void transmit(skr_transport_kind_t kind, uint16_t tx)
{
    skr_vsock_t v;

    if (prepare(&v, kind, 0U, tx)) {
        for (uint16_t resets = 0U; resets <= SKR_VSOCK_RESET_LIST; resets++) {
            settle(&v, resets);
        }
        step(&v, 0U);
        step(&v, SKR_VSOCK_RESET_LIST);
        send_short(&v, 0U);
        send_short(&v, 1U);
        if (kind == SKR_TRANSPORT_MMIO_V2) {
            send_long_ones(&v);
        }
    }
}

/* The step with something to be received, while no buffer is free to send with, and none will be. */
static void step_without_room(skr_transport_kind_t kind)
{
    skr_vsock_t v;

    if (prepare(&v, kind, SKR_VSOCK_RX_COUNT, 0U)) {
        v.device.virtq[SKR_VSOCK_TX].free_count = 0U;
        step(&v, 0U);
    }
}

int main(void)
{
    for (uint32_t kind = SKR_TRANSPORT_MMIO_V2; kind <= SKR_TRANSPORT_HVL; kind++) {
        /* What differs between transports is the notification; the ring is gone through with one of them. */
        const uint16_t most = (kind == SKR_TRANSPORT_MMIO_V2) ? SKR_VSOCK_TX_COUNT : 0U;

        for (uint16_t tx = 0U; tx <= most; tx++) {
            transmit((skr_transport_kind_t)kind, tx);
        }
        step_without_room((skr_transport_kind_t)kind);
    }
    return 0;
}
