/* SPDX-License-Identifier: BSD-3-Clause */
/* The console: ADV-C10 .. C14, as far as they concern one port without a control queue. */
#include <string.h>

#include "rows.h"

#define RX SKR_CONSOLE_RX
#define TX SKR_CONSOLE_TX

static uint32_t text_given;

static bool give_text(uint32_t bytes)
{
    uint8_t text[SKR_CONSOLE_RX_BYTES];

    for (uint32_t i = 0U; i < bytes; i++) {
        text[i] = (uint8_t)((text_given + i) * 7U);
    }
    return model_receive(MODEL, RX, text, bytes);
}

/* A flood, and nobody reads: the device runs out of buffers, nothing is lost, and every call stays short. */
static void adv_c11(void)
{
    uint8_t data[SKR_CONSOLE_RX_BYTES + 1U];
    uint32_t got = 0U;
    uint32_t read = 0U;
    bool right = true;

    comes_up();
    text_given = 0U;
    for (uint32_t i = 0U; i < 1000U; i++) {
        if (give_text(SKR_CONSOLE_RX_BYTES)) {
            text_given += SKR_CONSOLE_RX_BYTES;
        }
        EXPECT(call_step(VICTIM, 1U) == SKR_OK);
        EXPECT(call_accesses() <= 8U);
    }
    EXPECT(text_given == (SKR_CONSOLE_RX_COUNT * SKR_CONSOLE_RX_BYTES));
    EXPECT(model_waiting(MODEL, RX) == 0U);
    while (call_read(VICTIM, data, sizeof data, &got) == SKR_OK) {
        for (uint32_t i = 0U; i < got; i++) {
            right = right && (data[i] == (uint8_t)((read + i) * 7U));
        }
        read += got;
    }
    EXPECT(right && (read == text_given));
    goes_on(CONTAINED);
}

/* The other end goes away with text outstanding: buffers come back through the used ring and in no other way. */
static void adv_c12(void)
{
    const skr_virtq_t *q = NULL;
    uint16_t outstanding = 0U;
    uint8_t text[SKR_CONSOLE_TX_BYTES];

    load();
    q = party_ring(VICTIM, TX);
    outstanding = q->outstanding;
    for (uint32_t i = 0U; i < 1000U; i++) {
        EXPECT(call_step(VICTIM, 1000U) == SKR_OK);
    }
    EXPECT((q->outstanding == outstanding) && ((q->free_count + q->outstanding) == q->count));
    for (uint32_t i = 0U; i < outstanding; i++) {
        EXPECT(model_transmit(MODEL, TX, text, sizeof text) >= 0);
        EXPECT(call_step(VICTIM, 1U) == SKR_OK);
        EXPECT(q->outstanding == (outstanding - (i + 1U)));
    }
    goes_on(CONTAINED);
}

static uint32_t emergency_register(void)
{
    uint32_t word = 0U;

    model_run(MODEL);
    memcpy(&word, &MODEL->config[8], sizeof word);
    return word;
}

/* The emergency register: written only where it is offered, whatever it reads as. */
static void adv_c14(void)
{
    const bool hvl = scene.kind == SKR_TRANSPORT_HVL;

    memset(&MODEL->config[8], 0xEE, 4U);
    EXPECT(CALL(VICTIM, BOUND_CONSOLE_EMERGENCY_EARLY, skr_console_emergency(CONSOLE, 'x')) == SKR_STATE);
    EXPECT(emergency_register() == 0xEEEEEEEEU);
    comes_up();
    EXPECT(CALL(VICTIM, BOUND_NOTHING, skr_console_emergency(CONSOLE, 'x')) == SKR_STATE);
    EXPECT(emergency_register() == 0xEEEEEEEEU);

    afresh();
    MODEL->offered |= SKR_CONSOLE_F_EMERG_WRITE;
    memset(&MODEL->config[8], 0xEE, 4U);
    model_restart(MODEL);
    EXPECT(CALL(VICTIM, BOUND_CONSOLE_EMERGENCY_EARLY, skr_console_emergency(CONSOLE, 'x')) == (hvl ? SKR_STATE : SKR_OK));
    EXPECT(emergency_register() == (hvl ? 0xEEEEEEEEU : 'x'));
    comes_up();
    EXPECT(CALL(VICTIM, BOUND_CONSOLE_EMERGENCY, skr_console_emergency(CONSOLE, 'y')) == (hvl ? SKR_STATE : SKR_OK));
    goes_on(CONTAINED);
}

const row_t rows_console[] = { ROW(adv_c11), ROW(adv_c12), ROW(adv_c14), { NULL, NULL } };
