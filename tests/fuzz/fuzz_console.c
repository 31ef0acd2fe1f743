/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The console (console.h) on any transport with any back-end. After each call: the status is one of those documented, a fault is
 * latched with its cause and touches nothing any more, the accesses are within the documented bound, and the rings lose no
 * buffer. With a tame back-end the text that is read is the text that was sent, in both directions, without a gap.
 */
#include <string.h>

#include "rogue.h"
#include "skerry/console.h"

#define MOST_ACTIONS 300U
#define TEXT 96U
#define TEXT_IN 1U  /* names of the two streams */
#define TEXT_OUT 2U

#define ANY_OF_(s) (1U << (uint32_t)(s))
#define FLUSH 4U    /* accesses of skr_device_flush() */
#define DEVICE_STEP 16U
#define RING (3U + (5U * SKR_VIRTQ_SIZE_MAX)) /* one ring formatted, attached or filled */

static skr_console_t c;
static fuzz_input_t in;
static struct {
    uint32_t now;
    uint32_t sent;     /* bytes of text on their way in, by the device */
    uint32_t read;
    uint32_t written;
    uint32_t shown;    /* bytes of text that came out at the device */
    bool lost;         /* a new start has cut the streams */
    bool failed;
    skr_cause_t cause;
} own;

/* --- after every call --- */

static void expect_rings(void)
{
    for (uint32_t i = 0U; (i < c.device.queues) && (c.device.state == SKR_DEVICE_READY); i++) {
        const skr_virtq_t *q = &c.device.virtq[i];
        const uint32_t being_read = ((i == SKR_CONSOLE_RX) && (c.rx_id != SKR_VIRTQ_NONE)) ? 1U : 0U;

        EXPECT_EQUAL("buffers free, outstanding, being read", q->free_count + q->outstanding + being_read, q->count);
        EXPECT_AT_MOST("used elements known", q->ready, q->outstanding);
    }
}

static void expect_fault_latched(void)
{
    const bool failed = c.device.state == SKR_DEVICE_FAILED;

    EXPECT("a fault stays", failed || !own.failed);
    EXPECT_EQUAL("whether there is a cause", skr_console_cause(&c) != SKR_CAUSE_NONE, failed);
    if (own.failed) {
        EXPECT_EQUAL("the cause stays", skr_console_cause(&c), own.cause);
    }
    own.failed = failed;
    own.cause = skr_console_cause(&c);
}

/* Statuses as a set of ANY_OF_. */
static void judge(const char *call, skr_status_t status, uint32_t allowed)
{
    EXPECT(call, ((allowed >> (uint32_t)status) & 1U) != 0U);
    EXPECT_EQUAL("SKR_FAULT exactly when given up", status == SKR_FAULT, c.device.state == SKR_DEVICE_FAILED);
    expect_fault_latched();
    expect_rings();
}

/* --- calls --- */

static void do_start(void)
{
    const bool described = c.device.linked != 0U;

    guard_begin(true);
    own.failed = false;
    judge("status of start", skr_console_start(&c, own.now), described ? ANY_OF_(SKR_OK) : ANY_OF_(SKR_FAULT));
    guard_end_any("accesses of start", 0U);
    own.lost = true;
}

static void step(void)
{
    const bool ready = c.device.state == SKR_DEVICE_READY;

    guard_begin(own.failed);
    judge("status of step", skr_console_step(&c, own.now),
          ANY_OF_(SKR_OK) | ANY_OF_(SKR_FAULT) | (ready ? 0U : ANY_OF_(SKR_AGAIN) | ANY_OF_(SKR_STATE)));
    guard_end_any("accesses of step",
                  DEVICE_STEP + (ready ? 0U : RING) + (2U * SKR_CONSOLE_TX_COUNT) + 1U + (6U * SKR_CONFIG_TRIES));
}

static void do_step(void)
{
    own.now += fuzz_bytes(&in, 1U) % 16U;
    step();
}

static void do_steps(void)
{
    for (uint32_t i = 0U; i < 12U; i++) {
        own.now++;
        step();
    }
}

static void do_jump(void)
{
    own.now += fuzz_number(&in);
    step();
}

static void do_write(void)
{
    uint8_t text[TEXT];
    uint32_t taken = 0x7777U;
    const uint32_t length = fuzz_below(&in, TEXT + 1U);

    for (uint32_t i = 0U; i < length; i++) {
        text[i] = fuzz_pattern(TEXT_OUT, own.written + i);
    }
    guard_begin(own.failed);
    const skr_status_t status = skr_console_write(&c, text, length, &taken);
    guard_end_any("accesses of write", (5U * SKR_CONSOLE_TX_COUNT) + FLUSH + 1U);
    judge("status of write", status, ANY_OF_(SKR_OK) | ANY_OF_(SKR_AGAIN) | ANY_OF_(SKR_FAULT));
    EXPECT_AT_MOST("bytes taken", taken, length);
    EXPECT_EQUAL("whether bytes were taken", (taken != 0U) || ((status == SKR_OK) && (length == 0U)), status == SKR_OK);
    own.written += taken;
}

static void do_read(void)
{
    uint8_t text[TEXT];
    uint32_t got = 0x7777U;
    const uint32_t capacity = fuzz_below(&in, TEXT + 1U);

    guard_begin(own.failed);
    const skr_status_t status = skr_console_read(&c, text, capacity, &got);
    guard_end_any("accesses of read", (5U * SKR_CONSOLE_RX_COUNT) + FLUSH + 1U);
    judge("status of read", status, ANY_OF_(SKR_OK) | ANY_OF_(SKR_AGAIN) | ANY_OF_(SKR_FAULT));
    EXPECT_AT_MOST("bytes read", got, capacity);
    EXPECT_EQUAL("whether bytes were read", (got != 0U) || ((status == SKR_OK) && (capacity == 0U)), status == SKR_OK);
    if (rogue_is_tame() && !own.lost) {
        for (uint32_t i = 0U; i < got; i++) {
            EXPECT_EQUAL("a byte that was read", text[i], fuzz_pattern(TEXT_IN, own.read + i));
        }
        EXPECT_AT_MOST("bytes read of those sent", own.read + got, own.sent);
    }
    own.read += got;
}

static void do_emergency(void)
{
    guard_begin(own.failed);
    judge("status of emergency", skr_console_emergency(&c, 'x'), ANY_OF_(SKR_OK) | ANY_OF_(SKR_STATE) | ANY_OF_(SKR_FAULT));
    guard_end_any("accesses of emergency", (c.device.state == SKR_DEVICE_READY) ? 1U : 8U);
}

static void do_size(void)
{
    uint16_t columns = 0U, rows = 0U;

    guard_begin(true);
    skr_console_size(&c, &columns, &rows);
    if (fuzz_below(&in, 2U) == 0U) {
        skr_console_resized(&c);
    }
    guard_end_any("accesses of size and resized", 0U);
    expect_fault_latched();
}

static void do_acknowledge(void)
{
    guard_begin(own.failed);
    EXPECT_AT_MOST("bits of acknowledge", skr_console_acknowledge(&c), own.failed ? 0U : 3U);
    guard_end_any("accesses of acknowledge", 2U);
    expect_fault_latched();
}

/* --- the device --- */

static void device_sends(void)
{
    uint8_t text[SKR_CONSOLE_RX_BYTES];
    const uint32_t length = fuzz_below(&in, SKR_CONSOLE_RX_BYTES + 1U);

    for (uint32_t i = 0U; i < length; i++) {
        text[i] = fuzz_pattern(TEXT_IN, own.sent + i);
    }
    if (rogue_fills(SKR_CONSOLE_RX, text, length)) {
        own.sent += length;
    }
}

/* Take one buffer of text and keep it for a while. */
static void device_shows(void)
{
    const uint8_t *text = NULL;
    uint32_t length = 0U;

    if (rogue_hold(SKR_CONSOLE_TX, &text, &length) && rogue_is_tame() && !own.lost) {
        for (uint32_t i = 0U; i < length; i++) {
            EXPECT_EQUAL("a byte that was written", text[i], fuzz_pattern(TEXT_OUT, own.shown + i));
        }
        own.shown += length;
    }
}

static void device_resizes(void)
{
    const uint32_t size = fuzz_number(&in);

    memcpy(rogue.config, &size, sizeof size);
    model_run(&rogue);
    model_config_changed(&rogue);
}

/* In the middle of a call, again and again: so that no call waits for the device to be quiet. */
static void device_turn(void)
{
    uint8_t text[SKR_CONSOLE_TX_BYTES];

    (void)rogue_empties(SKR_CONSOLE_TX, text, sizeof text);
    (void)rogue_fills(SKR_CONSOLE_RX, text, 0U);
}

static void device_hurries(void)
{
    rogue_busy(fuzz_bytes(&in, 1U), device_turn);
    own.lost = true; /* what its turns take is not compared */
}

static void nothing(void)
{
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* One line for each thing that either side can do; control messages of further ports are lines here as well. */
    static const fuzz_action_t table[] = {
        do_step, do_steps, do_jump, do_write, do_read, do_emergency, do_size, do_acknowledge, do_start, do_write, do_read,
        device_sends, device_shows, device_resizes, device_hurries, device_sends, device_shows, ROGUE_ACTIONS,
    };

    in = (fuzz_input_t){ data, size };
    memset(&own, 0, sizeof own);
    memset(&c, 0xA5, sizeof c);
    const skr_transport_t t = rogue_open(&in, SKR_DEVICE_ID_CONSOLE);
    guard_begin(true);
    judge("status of init", skr_console_init(&c, &t), ANY_OF_(SKR_OK) | ANY_OF_(SKR_FAULT));
    guard_end_any("accesses of init", 0U);
    if (fuzz_below(&in, 4U) != 0U) {
        do_start();
        own.lost = false;
        for (uint32_t i = 0U; i < 3U; i++) {
            do_steps();
        }
    }
    fuzz_run(&in, table, sizeof table / sizeof table[0], MOST_ACTIONS, nothing);
    if (rogue_is_honest()) {
        EXPECT_EQUAL("breaches of the standard by the front-end", rogue.breaches, 0U);
    }
    return 0;
}
