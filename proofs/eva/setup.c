/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Set-up: one step of console and vsock from every state of the device's life, over each transport, with as many rings
 * placed as the state allows, pass fences outstanding or not; and with windows too small.
 */
#include "console_state.h"
#include "vsock_state.h"

/* Bring a device that init has prepared into a state of its life; the first ring holds and frees what it is told to. */
static bool enter(skr_device_t *d, skr_device_state_t state, uint16_t placed, uint16_t outstanding, uint16_t free_count)
{
    const bool good = place_rings(d, placed);

    for (uint16_t i = 0U; i < placed; i++) {
        if (i == 0U) {
            any_books(&d->virtq[i], outstanding, free_count);
        } else {
            any_books(&d->virtq[i], 1U, (uint16_t)(d->virtq[i].count - 1U));
        }
    }
    any_device(d);
    d->fences = (uint16_t)below(3U);
    d->state = state;
    return good;
}

static void step_console(skr_transport_kind_t kind, skr_device_state_t state, uint16_t placed, uint16_t outstanding,
                         uint16_t free_count)
{
    skr_transport_t t;
    skr_console_t c;

    describe_console(&t, kind);
    if ((skr_console_init(&c, &t) == SKR_OK) && enter(&c.device, state, placed, outstanding, free_count)) {
        any_console(&c);
        (void)skr_console_step(&c, any());
    }
}

static void step_vsock(skr_transport_kind_t kind, skr_device_state_t state, uint16_t placed)
{
    skr_transport_t t;
    skr_vsock_t v;

    describe_vsock(&t, kind);
    if ((skr_vsock_init(&v, &t, any()) == SKR_OK) && enter(&v.device, state, placed, 1U, 1U)) {
        any_vsock(&v, 0U, 0U, 0U);
        v.up = 0U;
        (void)skr_vsock_step(&v, any());
    }
}

/* Placing of the first ring in a window that is too small, and ends where the array ends. */
static void step_narrow(skr_transport_kind_t kind, skr_device_state_t state, uint32_t size)
{
    skr_transport_t t;
    skr_console_t c;

    describe_console(&t, kind);
    t.memory = &t.memory[t.memory_size - size];
    t.memory_size = size;
    if ((skr_console_init(&c, &t) == SKR_OK) && enter(&c.device, state, 0U, 0U, 0U)) {
        any_console(&c);
        (void)skr_console_step(&c, any());
    }
}

/* Sizes that hold nothing, the descriptors, part of the ring, all but the last byte of the buffers. */
static void step_too_narrow(skr_transport_kind_t kind, skr_device_state_t state)
{
    const uint32_t used = (kind == SKR_TRANSPORT_MMIO_V2) ? 64U : 4096U;

    step_narrow(kind, state, 0U);
    step_narrow(kind, state, 32U);
    step_narrow(kind, state, used);
    step_narrow(kind, state, used + 32U);
    step_narrow(kind, state, used + 32U + 7U);
}

/* The calls that are for a running device, before it runs and after it failed. */
static void call_early(skr_transport_kind_t kind, skr_device_state_t state, uint16_t placed)
{
    skr_transport_t t;
    skr_console_t c;
    uint8_t data[4] = { 0U, 0U, 0U, 0U };
    uint32_t count;

    describe_console(&t, kind);
    if ((skr_console_init(&c, &t) == SKR_OK) && enter(&c.device, state, placed, 1U, 1U)) {
        any_console(&c);
        (void)skr_console_read(&c, data, 4U, &count);
        (void)skr_console_write(&c, data, 4U, &count);
        (void)skr_console_emergency(&c, (uint8_t)below(0x100U));
        (void)skr_console_acknowledge(&c);
        (void)skr_console_cause(&c);
        (void)skr_console_start(&c, any());
    }
}

static void every_placing(skr_transport_kind_t kind, skr_device_state_t state)
{
    const uint16_t events = (kind == SKR_TRANSPORT_HVL) ? 0U : 1U;

    for (uint16_t placed = fewest_placed(state, 2U); placed <= most_placed(state, 2U); placed++) {
        step_console(kind, state, placed, 1U, 1U);
        call_early(kind, state, placed);
    }
    for (uint16_t placed = fewest_placed(state, 2U + events); placed <= most_placed(state, 2U + events); placed++) {
        step_vsock(kind, state, placed);
    }
}

int main(void)
{
    for (uint32_t kind = SKR_TRANSPORT_MMIO_V2; kind <= SKR_TRANSPORT_HVL; kind++) {
        for (uint32_t state = SKR_DEVICE_IDLE; state <= SKR_DEVICE_FAILED; state++) {
            if (state != SKR_DEVICE_READY) { /* console.c and vsock_*.c */
                every_placing((skr_transport_kind_t)kind, (skr_device_state_t)state);
            }
        }
        for (uint16_t outstanding = 0U; outstanding <= SKR_CONSOLE_RX_COUNT; outstanding++) {
            for (uint16_t room = 0U; (outstanding + room) <= SKR_CONSOLE_RX_COUNT; room++) {
                step_console((skr_transport_kind_t)kind, SKR_DEVICE_FILL, 2U, outstanding, room);
            }
        }
        step_too_narrow((skr_transport_kind_t)kind, SKR_DEVICE_QUEUE_SIZE);
        step_too_narrow((skr_transport_kind_t)kind, SKR_DEVICE_ATTACH);
    }
    return 0;
}
