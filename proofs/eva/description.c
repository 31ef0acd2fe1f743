/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Descriptions of every sort, most of them bad: any kind, no pointer or one, any sizes and addresses. What init refuses has to
 * stay refused: no call after it may touch a window. What it accepts is gone on with in the other drivers.
 */
#include "console_state.h"
#include "vsock_state.h"

static skr_shm_t *perhaps(skr_shm_t *pointer)
{
    return (any() != 0U) ? pointer : NULL;
}

/* Sizes up to those of the windows, everything else unknown. */
static void any_description(skr_transport_t *t)
{
    t->kind = (skr_transport_kind_t)any();
    t->registers = perhaps(registers);
    t->registers_size = below(REGISTERS_BYTES + 1U);
    t->config = perhaps(console_config);
    t->config_size = below(12U + 1U);
    t->memory = perhaps(vsock_pages);
    t->memory_size = below(VSOCK_PAGES_BYTES + 1U);
    t->memory_address = ((uint64_t)any() << 32U) | any();
    t->doorbell = any();
    t->options = any();
}

static void console_refused(const skr_transport_t *t)
{
    skr_console_t c;
    uint8_t data[4] = { 0U, 0U, 0U, 0U };
    uint16_t columns;
    uint16_t rows;
    uint32_t count;

    if (skr_console_init(&c, t) != SKR_OK) {
        (void)skr_console_start(&c, any());
        (void)skr_console_step(&c, any());
        (void)skr_console_read(&c, data, 4U, &count);
        (void)skr_console_write(&c, data, 4U, &count);
        (void)skr_console_emergency(&c, (uint8_t)below(0x100U));
        (void)skr_console_acknowledge(&c);
        (void)skr_console_cause(&c);
        skr_console_size(&c, &columns, &rows);
        skr_console_resized(&c);
    }
}

static void vsock_refused(const skr_transport_t *t)
{
    skr_vsock_t v;
    uint8_t data[4] = { 0U, 0U, 0U, 0U };
    const uint8_t *seen;
    uint32_t word;
    uint32_t other;

    for (uint32_t i = 0U; i < SKR_VSOCK_LISTENERS; i++) {
        v.listener[i].port = any(); /* of a free place init leaves the port as it is, and nobody reads it */
    }
    if (skr_vsock_init(&v, t, any()) != SKR_OK) {
        (void)skr_vsock_start(&v, any());
        (void)skr_vsock_step(&v, any());
        (void)skr_vsock_listen(&v, any(), (uint16_t)below(0x10000U));
        (void)skr_vsock_accept(&v, any(), &word, &other);
        (void)skr_vsock_connect(&v, any(), any(), any(), &word);
        (void)skr_vsock_send(&v, any(), data, 4U, &word);
        (void)skr_vsock_recv(&v, any(), data, 4U, &word);
        (void)skr_vsock_peek(&v, any(), &seen, &word);
        (void)skr_vsock_consume(&v, any(), any());
        (void)skr_vsock_shutdown(&v, any(), any());
        (void)skr_vsock_events(&v, any(), &word);
        (void)skr_vsock_close(&v, any());
        (void)skr_vsock_reset(&v, any());
        (void)skr_vsock_unlisten(&v, any());
        (void)skr_vsock_acknowledge(&v);
        (void)skr_vsock_cause(&v);
        (void)skr_vsock_cid(&v);
    }
}

int main(void)
{
    skr_transport_t t;

    any_description(&t);
    console_refused(&t);
    vsock_refused(&t);
    return 0;
}
