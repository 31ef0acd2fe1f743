/* SPDX-License-Identifier: BSD-3-Clause */
/* Console: life, text out, text in, size, emergency character, and what a hostile back-end can do to them. */
#include <string.h>

#include "backend/hook.h"
#include "backend/model.h"
#include "skerry/console.h"
#include "test.h"

#define TX_ROOM (SKR_CONSOLE_TX_COUNT * SKR_CONSOLE_TX_BYTES)
#define RX_ROOM (SKR_CONSOLE_RX_COUNT * SKR_CONSOLE_RX_BYTES)
#define STEPS_MAX 200U

static const skr_transport_kind_t kinds[] = { SKR_TRANSPORT_MMIO_V2, SKR_TRANSPORT_MMIO_V1, SKR_TRANSPORT_HVL };
#define KINDS (sizeof kinds / sizeof kinds[0])

static model_t model;
static model_t neighbour;
static skr_console_t console;
static skr_console_t twin;
static uint32_t now;

/* Step until the set-up ends, one way or the other. */
static skr_status_t bring_up(skr_console_t *c)
{
    skr_status_t status = SKR_AGAIN;
    for (uint32_t i = 0U; (i < STEPS_MAX) && (status == SKR_AGAIN); i++) {
        now++;
        status = skr_console_step(c, now);
    }
    return status;
}

static void open_with(skr_transport_kind_t kind, uint64_t features, uint32_t options)
{
    model_open(&model, kind, SKR_DEVICE_ID_CONSOLE);
    model.offered |= features;
    skr_transport_t t = model_transport(&model);
    t.options = options;
    REQUIRE_EQUAL(skr_console_init(&console, &t), SKR_OK);
}

static void run_with(skr_transport_kind_t kind, uint64_t features, uint32_t options)
{
    open_with(kind, features, options);
    REQUIRE_EQUAL(skr_console_start(&console, now), SKR_OK);
    REQUIRE_EQUAL(bring_up(&console), SKR_OK);
    hook_count_from_here();
}

static void run(skr_transport_kind_t kind)
{
    run_with(kind, 0U, 0U);
}

static uint32_t accesses(void)
{
    return hook_reads() + hook_writes();
}

static uint32_t rung(void)
{
    return (model.kind == SKR_TRANSPORT_HVL) ? model.doorbells : (model.notifies[0] + model.notifies[1]);
}

static void pattern(uint8_t *to, uint32_t bytes, uint32_t seed)
{
    for (uint32_t i = 0U; i < bytes; i++) {
        to[i] = (uint8_t)((seed + (i * 7U)) ^ (i >> 8U));
    }
}

/* Every call on a console that was given up says so and touches nothing. */
static void check_latched(skr_console_t *c, skr_cause_t cause)
{
    uint8_t byte = 0x5AU;
    uint32_t count = 99U;

    hook_count_from_here();
    CHECK_EQUAL(skr_console_step(c, now + 100000U), SKR_FAULT);
    CHECK_EQUAL(skr_console_write(c, &byte, 1U, &count), SKR_FAULT);
    CHECK_EQUAL(count, 0U);
    count = 99U;
    CHECK_EQUAL(skr_console_read(c, &byte, 1U, &count), SKR_FAULT);
    CHECK_EQUAL(count, 0U);
    CHECK_EQUAL(byte, 0x5AU);
    CHECK_EQUAL(skr_console_emergency(c, byte), SKR_FAULT);
    CHECK_EQUAL(skr_console_acknowledge(c), 0U);
    CHECK_EQUAL(skr_console_cause(c), cause);
    CHECK_EQUAL(accesses(), 0U);
}

/* --- init, start, step --- */

/* [utest->dsn~console.init~1] technique: equivalence class */
static void test_console_init_good_description_is_idle_and_touches_nothing(void)
{
    for (size_t k = 0U; k < KINDS; k++) {
        uint16_t columns = 1U;
        uint16_t rows = 1U;

        memset(&console, 0xA5, sizeof console);
        hook_count_from_here();
        open_with(kinds[k], 0U, 0U);

        CHECK_EQUAL(console.device.state, SKR_DEVICE_IDLE);
        CHECK_EQUAL(skr_console_cause(&console), SKR_CAUSE_NONE);
        skr_console_size(&console, &columns, &rows);
        CHECK_EQUAL(columns, 0U);
        CHECK_EQUAL(rows, 0U);
        CHECK_EQUAL(console.counters.written + console.counters.read + console.counters.dropped, 0U);
        CHECK_EQUAL(console.counters.empty_buffers, 0U);
        CHECK_EQUAL(accesses(), 0U);
    }
}

/* [utest->dsn~console.init~1] technique: boundary; ADV-T15: configuration smaller than the fields wanted */
static void test_console_init_bad_description_is_refused_for_good(void)
{
    model_open(&model, SKR_TRANSPORT_MMIO_V2, SKR_DEVICE_ID_CONSOLE);
    skr_transport_t t = model_transport(&model);

    t.config_size = 12U;
    CHECK_EQUAL(skr_console_init(&console, &t), SKR_OK);
    t.config_size = 11U;
    CHECK_EQUAL(skr_console_init(&console, &t), SKR_FAULT);
    CHECK_EQUAL(skr_console_start(&console, now), SKR_FAULT);
    check_latched(&console, SKR_CAUSE_REGISTERS_SIZE);

    t = model_transport(&model);
    t.memory = NULL;
    CHECK_EQUAL(skr_console_init(&console, &t), SKR_FAULT);
    check_latched(&console, SKR_CAUSE_CONFIGURATION);
}

/* [utest->dsn~console.step~1] [utest->dsn~console.start~1] technique: scenario, all transports */
static void test_console_set_up_runs_and_breaks_no_rule(void)
{
    for (size_t k = 0U; k < KINDS; k++) {
        open_with(kinds[k], SKR_CONSOLE_F_SIZE | SKR_CONSOLE_F_EMERG_WRITE, 0U);
        CHECK_EQUAL(skr_console_start(&console, now), SKR_OK);

        CHECK_EQUAL(bring_up(&console), SKR_OK);

        CHECK_EQUAL(skr_console_cause(&console), SKR_CAUSE_NONE);
        CHECK_EQUAL(model_waiting(&model, SKR_CONSOLE_RX), SKR_CONSOLE_RX_COUNT);
        CHECK_EQUAL(model_waiting(&model, SKR_CONSOLE_TX), 0U);
        CHECK_EQUAL(model.accepted & 7U, SKR_CONSOLE_F_SIZE | SKR_CONSOLE_F_EMERG_WRITE);
        CHECK_EQUAL(model.breaches, 0U);
    }
}

/* [utest->dsn~console.step~1] technique: state; also ADV-T16: interrupt before the start */
static void test_console_calls_before_it_runs_wait_and_touch_nothing(void)
{
    uint8_t byte = 1U;
    uint32_t count = 99U;

    open_with(SKR_TRANSPORT_MMIO_V2, 0U, 0U);
    hook_count_from_here();

    CHECK_EQUAL(skr_console_step(&console, now), SKR_STATE);
    CHECK_EQUAL(skr_console_acknowledge(&console), 0U);
    for (uint32_t i = 0U; i < 2U; i++) {
        CHECK_EQUAL(skr_console_write(&console, &byte, 1U, &count), SKR_AGAIN);
        CHECK_EQUAL(count, 0U);
        count = 99U;
        CHECK_EQUAL(skr_console_read(&console, &byte, 1U, &count), SKR_AGAIN);
        CHECK_EQUAL(count, 0U);
        CHECK_EQUAL(skr_console_write(&console, NULL, 0U, &count), SKR_AGAIN);
        CHECK_EQUAL(skr_console_start(&console, now), SKR_OK); /* and once more, during the set-up */
    }
    CHECK_EQUAL(accesses(), 0U);
}

/* [utest->dsn~console.step~1] technique: requirement; transmitting needs no interrupts, receiving does */
static void test_console_asks_for_interrupts_of_receiving_only(void)
{
    for (size_t k = 0U; k < KINDS; k++) {
        run(kinds[k]);
        CHECK_EQUAL(model_avail_flags(&model, SKR_CONSOLE_RX), 0U);
        CHECK_EQUAL(model_avail_flags(&model, SKR_CONSOLE_TX), 1U);

        run_with(kinds[k], SKR_F_EVENT_IDX, SKR_OPTION_EVENT_IDX);
        CHECK_EQUAL(model_used_event(&model, SKR_CONSOLE_RX), 0U);
        CHECK_EQUAL(model_used_event(&model, SKR_CONSOLE_TX), 0xFFFFU);
    }
}

/* [utest->dsn~console.step~1] technique: fault injection; ADV-T09: NEEDS_RESET, status lost */
static void test_console_device_that_wants_a_reset_is_given_up(void)
{
    for (size_t k = 0U; k < KINDS; k++) {
        run(kinds[k]);
        model.faults.status_or = SKR_STATUS_NEEDS_RESET;
        now += SKR_TICKS_WATCH;
        CHECK_EQUAL(skr_console_step(&console, now), SKR_FAULT);
        check_latched(&console, SKR_CAUSE_NEEDS_RESET);

        model.faults.status_or = 0U;
        if (model.kind == SKR_TRANSPORT_HVL) {
            model_restart(&model); /* this PMM knows no reset: it has to be started again */
        }
        CHECK_EQUAL(skr_console_start(&console, now), SKR_OK);
        CHECK_EQUAL(skr_console_cause(&console), SKR_CAUSE_NONE);
        CHECK_EQUAL(bring_up(&console), SKR_OK);
    }
}

/* [utest->dsn~console.step~1] technique: fault injection; the set-up ends with its cause */
static void test_console_set_up_that_fails_is_given_up(void)
{
    open_with(SKR_TRANSPORT_MMIO_V2, 0U, 0U);
    model.faults.device_id_wrong = true;
    model.faults.device_id = 0U;
    CHECK_EQUAL(skr_console_start(&console, now), SKR_OK);
    CHECK_EQUAL(bring_up(&console), SKR_FAULT);
    check_latched(&console, SKR_CAUSE_ABSENT);
}

/* --- write --- */

/* [utest->dsn~console.write~1] technique: equivalence class, all transports */
static void test_console_write_arrives_as_given(void)
{
    static const uint8_t text[] = "Skerry\n";
    for (size_t k = 0U; k < KINDS; k++) {
        uint8_t seen[SKR_CONSOLE_TX_BYTES];
        uint32_t taken = 99U;

        run(kinds[k]);
        const uint32_t before = rung();

        CHECK_EQUAL(skr_console_write(&console, text, 7U, &taken), SKR_OK);

        CHECK_EQUAL(taken, 7U);
        CHECK_EQUAL(console.counters.written, 7U);
        /* copy, length of the descriptor, slot, index, flags, and the notification */
        CHECK_EQUAL(hook_reads(), 1U);
        CHECK_EQUAL(hook_writes(), (model.kind == SKR_TRANSPORT_HVL) ? 4U : 5U);
        model_run(&model);
        CHECK_EQUAL(rung() - before, 1U);
        CHECK_EQUAL(model_transmit(&model, SKR_CONSOLE_TX, seen, sizeof seen), 7);
        CHECK_BYTES(seen, text, 7U);
        CHECK_EQUAL(model_transmit(&model, SKR_CONSOLE_TX, seen, sizeof seen), -1);
        CHECK_EQUAL(model.breaches, 0U);
    }
}

/* [utest->dsn~console.write~1] technique: boundary */
static void test_console_write_of_nothing_is_done_without_an_access(void)
{
    uint32_t taken = 99U;

    run(SKR_TRANSPORT_MMIO_V2);
    CHECK_EQUAL(skr_console_write(&console, NULL, 0U, &taken), SKR_OK);
    CHECK_EQUAL(taken, 0U);
    CHECK_EQUAL(accesses(), 0U);
}

/* [utest->dsn~console.write~1] technique: boundary: one buffer less one, one, one more */
static void test_console_write_is_split_at_the_buffer_size(void)
{
    for (uint32_t more = 0U; more < 3U; more++) {
        const uint32_t length = (SKR_CONSOLE_TX_BYTES - 1U) + more;
        uint8_t text[SKR_CONSOLE_TX_BYTES + 1U];
        uint8_t seen[SKR_CONSOLE_TX_BYTES];
        uint32_t taken = 0U;

        pattern(text, length, more);
        run(SKR_TRANSPORT_HVL);
        CHECK_EQUAL(skr_console_write(&console, text, length, &taken), SKR_OK);
        CHECK_EQUAL(taken, length);
        const uint32_t first = (more == 0U) ? length : SKR_CONSOLE_TX_BYTES;
        CHECK_EQUAL(model_transmit(&model, SKR_CONSOLE_TX, seen, sizeof seen), (int32_t)first);
        CHECK_BYTES(seen, text, first);
        CHECK_EQUAL(model_transmit(&model, SKR_CONSOLE_TX, seen, sizeof seen), (more == 2U) ? 1 : -1);
        if (more == 2U) {
            CHECK_EQUAL(seen[0], text[SKR_CONSOLE_TX_BYTES]);
        }
        CHECK_EQUAL(model.breaches, 0U);
    }
}

/* [utest->dsn~console.write~1] technique: boundary; longer than all buffers, then again as buffers come back */
static void test_console_write_longer_than_all_buffers_is_taken_in_parts(void)
{
    static uint8_t text[TX_ROOM + 500U];
    static uint8_t seen[TX_ROOM + 500U];

    pattern(text, sizeof text, 3U);
    for (size_t k = 0U; k < KINDS; k++) {
        uint32_t taken = 0U;
        uint32_t at = 0U;

        run(kinds[k]);
        const uint32_t before = rung();
        CHECK_EQUAL(skr_console_write(&console, text, sizeof text, &taken), SKR_OK);
        CHECK_EQUAL(taken, TX_ROOM);
        model_run(&model);
        CHECK_EQUAL(rung() - before, 1U);
        CHECK_EQUAL(skr_console_write(&console, &text[TX_ROOM], 500U, &taken), SKR_AGAIN);
        CHECK_EQUAL(taken, 0U);

        for (uint32_t i = 0U; i < 2U; i++) {
            at += (uint32_t)model_transmit(&model, SKR_CONSOLE_TX, &seen[at], SKR_CONSOLE_TX_BYTES);
        }
        CHECK_EQUAL(skr_console_write(&console, &text[TX_ROOM], 500U, &taken), SKR_OK);
        CHECK_EQUAL(taken, 2U * SKR_CONSOLE_TX_BYTES);
        for (uint32_t i = 0U; i < SKR_CONSOLE_TX_COUNT; i++) {
            at += (uint32_t)model_transmit(&model, SKR_CONSOLE_TX, &seen[at], SKR_CONSOLE_TX_BYTES);
        }
        CHECK_EQUAL(at, TX_ROOM + (2U * SKR_CONSOLE_TX_BYTES));
        CHECK_BYTES(seen, text, at);
        CHECK_EQUAL(console.counters.written, at);
        CHECK_EQUAL(model.breaches, 0U);
    }
}

/* [utest->dsn~console.write~1] technique: fault injection; ADV-Q21: transmit buffers never come back */
static void test_console_write_without_a_consumer_costs_one_read(void)
{
    static uint8_t text[TX_ROOM];
    uint32_t taken = 0U;

    for (size_t k = 0U; k < KINDS; k++) {
        run(kinds[k]);
        CHECK_EQUAL(skr_console_write(&console, text, sizeof text, &taken), SKR_OK);
        for (uint32_t i = 0U; i < 1000U; i++) {
            hook_count_from_here();
            CHECK_EQUAL(skr_console_write(&console, text, 10U, &taken), SKR_AGAIN);
            CHECK_EQUAL(accesses(), 1U);
            now += 1U;
            CHECK_EQUAL(skr_console_step(&console, now), SKR_OK);
        }
        CHECK(console.device.counters.kicks_repeated >= (999U / SKR_TICKS_KICK));
        CHECK_EQUAL(model.breaches, 0U);
    }
}

/* [utest->dsn~console.write~1] technique: fault injection; ADV-Q22: any order; ADV-Q23: before the kick; ADV-Q12: lengths */
static void test_console_write_buffers_come_back_in_any_order_with_any_length(void)
{
    static uint8_t text[TX_ROOM];
    uint16_t ids[SKR_CONSOLE_TX_COUNT];
    uint32_t taken = 0U;

    run(SKR_TRANSPORT_MMIO_V1);
    for (uint32_t round = 0U; round < 20U; round++) {
        CHECK_EQUAL(skr_console_write(&console, text, sizeof text, &taken), SKR_OK);
        CHECK_EQUAL(taken, TX_ROOM);
        for (uint32_t i = 0U; i < SKR_CONSOLE_TX_COUNT; i++) {
            ids[i] = model_pop_avail(&model, SKR_CONSOLE_TX);
        }
        for (uint32_t i = SKR_CONSOLE_TX_COUNT; i > 0U; i--) {
            model_push_used(&model, SKR_CONSOLE_TX, ids[i - 1U], 0xFFFFFFFFU - i);
        }
    }
    CHECK_EQUAL(console.counters.written, 20U * TX_ROOM);
    CHECK_EQUAL(model.breaches, 0U);
}

/* A device that returns one transmit buffer whenever the used index is about to be read. */
static void return_one(void *context, const hook_access_t *access)
{
    const skr_virtq_t *q = &console.device.virtq[SKR_CONSOLE_TX];
    const volatile uint8_t *at = access->base + access->offset;
    (void)context;
    if (!access->write && (at == (q->base + q->used + 2U))) {
        const uint16_t id = model_pop_avail(&model, SKR_CONSOLE_TX);
        if (id != MODEL_NO_HEAD) {
            model_push_used(&model, SKR_CONSOLE_TX, id, 0U);
        }
    }
}

/* [utest->dsn~console.write~1] technique: worst case, counted; ADV-Q08: used.idx grows while we look */
static void test_console_write_worst_case_is_the_documented_bound(void)
{
    static uint8_t text[TX_ROOM];
    uint32_t taken = 0U;

    for (size_t k = 0U; k < KINDS; k++) {
        run(kinds[k]);
        for (uint32_t i = 0U; i < SKR_CONSOLE_TX_COUNT; i++) {
            CHECK_EQUAL(skr_console_write(&console, text, 1U, &taken), SKR_OK);
        }
        model_run(&model);
        hook_script(return_one, NULL);
        hook_count_from_here();

        CHECK_EQUAL(skr_console_write(&console, text, sizeof text, &taken), SKR_OK);

        CHECK_EQUAL(taken, TX_ROOM);
        /* 2 reads a buffer taken back, and the wish of the device */
        CHECK_EQUAL(hook_reads(), (2U * SKR_CONSOLE_TX_COUNT) + 1U);
        /* copy, length and slot a buffer; index and notification */
        CHECK_EQUAL(hook_writes(), (3U * SKR_CONSOLE_TX_COUNT) + ((model.kind == SKR_TRANSPORT_HVL) ? 1U : 2U));
        hook_script(NULL, NULL);
    }
}

/* [utest->dsn~console.write~1] technique: fault injection; ADV-Q06: used.idx ahead of what is outstanding */
static void test_console_write_impossible_used_index_is_a_fault(void)
{
    static uint8_t text[TX_ROOM];
    for (size_t k = 0U; k < KINDS; k++) {
        uint32_t taken = 99U;

        run(kinds[k]);
        CHECK_EQUAL(skr_console_write(&console, text, sizeof text, &taken), SKR_OK);
        model_raw_used_idx(&model, SKR_CONSOLE_TX, SKR_CONSOLE_TX_COUNT + 1U);

        CHECK_EQUAL(skr_console_write(&console, text, 5U, &taken), SKR_FAULT);

        CHECK_EQUAL(taken, 0U);
        CHECK_EQUAL(console.counters.written, TX_ROOM);
        check_latched(&console, SKR_CAUSE_USED_INDEX);
    }
}

/* [utest->dsn~console.step~1] technique: fault injection; ADV-Q01, Q02, Q04: the transmit ring is watched by the step */
static void test_console_step_broken_transmit_ring_is_a_fault(void)
{
    static const struct {
        uint32_t id;
        skr_cause_t cause;
    } rows[] = { { SKR_CONSOLE_TX_COUNT, SKR_CAUSE_USED_ID }, { 0x10000U, SKR_CAUSE_USED_ID }, { 3U, SKR_CAUSE_USED_TWICE } };
    uint8_t byte = 0U;
    uint32_t taken = 0U;

    for (size_t i = 0U; i < (sizeof rows / sizeof rows[0]); i++) {
        run(SKR_TRANSPORT_MMIO_V2);
        CHECK_EQUAL(skr_console_write(&console, &byte, 1U, &taken), SKR_OK);
        model_raw_push(&model, SKR_CONSOLE_TX, rows[i].id, 0U);
        now++;
        CHECK_EQUAL(skr_console_step(&console, now), SKR_FAULT);
        check_latched(&console, rows[i].cause);
    }
}

/* [utest->dsn~console.step~1] technique: requirement; what was sent is taken back without another write */
static void test_console_step_takes_back_what_was_sent(void)
{
    uint8_t text[300] = { 0 };
    uint8_t seen[SKR_CONSOLE_TX_BYTES];
    uint32_t taken = 0U;

    run(SKR_TRANSPORT_MMIO_V2);
    CHECK_EQUAL(skr_console_write(&console, text, sizeof text, &taken), SKR_OK);
    CHECK_EQUAL(console.device.virtq[SKR_CONSOLE_TX].outstanding, 2U);
    CHECK(model_transmit(&model, SKR_CONSOLE_TX, seen, sizeof seen) > 0);
    CHECK(model_transmit(&model, SKR_CONSOLE_TX, seen, sizeof seen) > 0);
    hook_count_from_here();

    CHECK_EQUAL(skr_console_step(&console, now), SKR_OK);
    CHECK_EQUAL(console.device.virtq[SKR_CONSOLE_TX].outstanding, 0U);
    CHECK_EQUAL(accesses(), 4U); /* 2 for the first, 1 for the second, 1 to see that there is no third */
    hook_count_from_here();
    CHECK_EQUAL(skr_console_step(&console, now), SKR_OK);
    CHECK_EQUAL(accesses(), 0U); /* nothing is out: nothing is looked at */
}

/* --- read --- */

/* [utest->dsn~console.read~1] technique: equivalence class, all transports */
static void test_console_read_gives_what_was_delivered(void)
{
    for (size_t k = 0U; k < KINDS; k++) {
        uint8_t data[64];
        uint32_t got = 99U;

        run(kinds[k]);
        CHECK_EQUAL(skr_console_read(&console, data, sizeof data, &got), SKR_AGAIN);
        CHECK_EQUAL(got, 0U);
        CHECK_EQUAL(accesses(), 1U);
        CHECK(model_receive(&model, SKR_CONSOLE_RX, "help\n", 5U));
        hook_count_from_here();
        const uint32_t before = rung();

        CHECK_EQUAL(skr_console_read(&console, data, sizeof data, &got), SKR_OK);

        CHECK_EQUAL(got, 5U);
        CHECK_BYTES(data, "help\n", 5U);
        CHECK_EQUAL(console.counters.read, 5U);
        CHECK_EQUAL(hook_bytes_read(), 2U + 8U + 5U + 2U + 2U); /* idx, element, text once, idx, flags */
        model_run(&model);
        CHECK_EQUAL(rung() - before, 1U);
        CHECK_EQUAL(model_waiting(&model, SKR_CONSOLE_RX), SKR_CONSOLE_RX_COUNT);
        CHECK_EQUAL(model.breaches, 0U);
    }
}

/* [utest->dsn~console.read~1] technique: boundary */
static void test_console_read_into_nothing_is_done_without_an_access(void)
{
    uint32_t got = 99U;

    run(SKR_TRANSPORT_MMIO_V2);
    CHECK(model_receive(&model, SKR_CONSOLE_RX, "x", 1U));
    CHECK_EQUAL(skr_console_read(&console, NULL, 0U, &got), SKR_OK);
    CHECK_EQUAL(got, 0U);
    CHECK_EQUAL(accesses(), 0U);
}

/* [utest->dsn~console.read~1] technique: boundary; every size of read over buffers of every fill */
static void test_console_read_in_parts_across_buffers_loses_nothing(void)
{
    static uint8_t text[600];
    static uint8_t seen[600];

    pattern(text, sizeof text, 11U);
    for (uint32_t part = 1U; part <= (SKR_CONSOLE_RX_BYTES + 2U); part++) {
        uint32_t sent = 0U;
        uint32_t at = 0U;

        run(SKR_TRANSPORT_HVL);
        for (uint32_t i = 1U; sent < 400U; i++) {
            const uint32_t fill = 1U + (i % SKR_CONSOLE_RX_BYTES);
            CHECK(model_receive(&model, SKR_CONSOLE_RX, &text[sent], fill));
            sent += fill;
        }
        for (;;) {
            uint8_t data[SKR_CONSOLE_RX_BYTES + 4U];
            uint32_t got = 0U;
            memset(data, 0xEE, sizeof data);
            if (skr_console_read(&console, data, part, &got) != SKR_OK) {
                break;
            }
            CHECK(got <= part);
            CHECK_EQUAL(data[part], 0xEEU);
            memcpy(&seen[at], data, got);
            at += got;
        }
        CHECK_EQUAL(at, sent);
        CHECK_BYTES(seen, text, sent);
        CHECK_EQUAL(model_waiting(&model, SKR_CONSOLE_RX), SKR_CONSOLE_RX_COUNT);
        CHECK_EQUAL(model.breaches, 0U);
    }
}

/* [utest->dsn~console.read~1] technique: requirement; a buffer in the middle of being read is not given back */
static void test_console_read_gives_a_buffer_back_only_when_it_is_read_to_the_end(void)
{
    uint8_t data[4];
    uint32_t got = 0U;

    run(SKR_TRANSPORT_MMIO_V2);
    CHECK(model_receive(&model, SKR_CONSOLE_RX, "abcd", 4U));
    CHECK_EQUAL(skr_console_read(&console, data, 3U, &got), SKR_OK);
    CHECK_EQUAL(model_waiting(&model, SKR_CONSOLE_RX), SKR_CONSOLE_RX_COUNT - 1U);
    hook_count_from_here();
    CHECK_EQUAL(skr_console_read(&console, data, 1U, &got), SKR_OK);
    CHECK_EQUAL(data[0], 'd');
    CHECK_EQUAL(hook_bytes_read(), 1U + 2U); /* the byte, once, and the wish of the device */
    CHECK_EQUAL(model_waiting(&model, SKR_CONSOLE_RX), SKR_CONSOLE_RX_COUNT);
}

/* [utest->dsn~console.read~1] technique: fault injection; ADV-C11: flood without a reader; ADV-C10 */
static void test_console_read_flood_without_a_reader_stops_at_the_buffers(void)
{
    static uint8_t text[RX_ROOM];
    static uint8_t seen[RX_ROOM];

    pattern(text, sizeof text, 5U);
    for (size_t k = 0U; k < KINDS; k++) {
        uint32_t got = 0U;

        run(kinds[k]);
        for (uint32_t i = 0U; i < SKR_CONSOLE_RX_COUNT; i++) {
            CHECK(model_receive(&model, SKR_CONSOLE_RX, &text[i * SKR_CONSOLE_RX_BYTES], SKR_CONSOLE_RX_BYTES));
        }
        for (uint32_t i = 0U; i < 300U; i++) {
            now++;
            CHECK_EQUAL(skr_console_step(&console, now), SKR_OK);
            CHECK(!model_receive(&model, SKR_CONSOLE_RX, "x", 1U));
        }
        model_run(&model);
        const uint32_t before = rung();
        hook_count_from_here();

        CHECK_EQUAL(skr_console_read(&console, seen, sizeof seen, &got), SKR_OK);

        CHECK_EQUAL(got, RX_ROOM);
        CHECK_BYTES(seen, text, RX_ROOM);
        CHECK_EQUAL(hook_writes(), SKR_CONSOLE_RX_COUNT + ((model.kind == SKR_TRANSPORT_HVL) ? 1U : 2U));
        model_run(&model);
        CHECK_EQUAL(rung() - before, 1U);
        CHECK(model_receive(&model, SKR_CONSOLE_RX, "x", 1U));
        CHECK_EQUAL(model.breaches, 0U);
    }
}

/* A device that delivers one byte whenever the used index is about to be read. */
static void deliver_one(void *context, const hook_access_t *access)
{
    const skr_virtq_t *q = &console.device.virtq[SKR_CONSOLE_RX];
    const volatile uint8_t *at = access->base + access->offset;
    (void)context;
    if (!access->write && (at == (q->base + q->used + 2U))) {
        (void)model_receive(&model, SKR_CONSOLE_RX, "y", 1U);
    }
}

/* [utest->dsn~console.read~1] technique: worst case, counted; ADV-Q08 */
static void test_console_read_worst_case_is_the_documented_bound(void)
{
    static uint8_t data[10U * RX_ROOM];
    for (size_t k = 0U; k < KINDS; k++) {
        uint32_t got = 0U;

        run(kinds[k]);
        hook_script(deliver_one, NULL);

        CHECK_EQUAL(skr_console_read(&console, data, sizeof data, &got), SKR_OK);

        CHECK_EQUAL(got, SKR_CONSOLE_RX_COUNT);
        CHECK_EQUAL(hook_reads(), (4U * SKR_CONSOLE_RX_COUNT) + 1U); /* idx, id, length, copy; then flags */
        CHECK_EQUAL(hook_writes(), SKR_CONSOLE_RX_COUNT + ((model.kind == SKR_TRANSPORT_HVL) ? 1U : 2U));
        hook_script(NULL, NULL);
    }
}

/* [utest->dsn~console.read_empty~1] technique: fault injection; ADV-Q10: used length 0; kvmtool at the end of its input */
static void test_console_read_empty_buffers_go_back_without_a_notification(void)
{
    for (size_t k = 0U; k < KINDS; k++) {
        uint8_t data[8];
        uint32_t got = 99U;

        run(kinds[k]);
        for (uint32_t i = 0U; i < SKR_CONSOLE_RX_COUNT; i++) {
            CHECK(model_receive(&model, SKR_CONSOLE_RX, "", 0U));
        }
        model_run(&model);
        const uint32_t before = rung();
        CHECK_EQUAL(skr_console_read(&console, data, sizeof data, &got), SKR_AGAIN);
        CHECK_EQUAL(got, 0U);
        CHECK_EQUAL(console.counters.empty_buffers, SKR_CONSOLE_RX_COUNT);
        model_run(&model);
        CHECK_EQUAL(rung(), before);
        /* the device can find them by itself: none is held back */
        CHECK_EQUAL(model_waiting(&model, SKR_CONSOLE_RX), SKR_CONSOLE_RX_COUNT);

        /* and is told on the tick */
        now += SKR_TICKS_KICK;
        CHECK_EQUAL(skr_console_step(&console, now), SKR_OK);
        model_run(&model);
        CHECK_EQUAL(rung(), before + 1U);
        CHECK_EQUAL(model.breaches, 0U);
    }
}

/* [utest->dsn~console.read_empty~1] technique: fault injection; a storm of empty buffers, one for each notification */
static void test_console_read_end_of_input_makes_no_storm(void)
{
    uint8_t data[8];
    uint32_t got = 0U;

    run(SKR_TRANSPORT_HVL);
    uint32_t answered = model.doorbells;
    const uint32_t before = model.doorbells;
    for (uint32_t i = 0U; i < 10000U; i++) {
        if (model.doorbells != answered) {
            answered = model.doorbells;
            CHECK(model_receive(&model, SKR_CONSOLE_RX, "", 0U));
        }
        CHECK_EQUAL(skr_console_read(&console, data, sizeof data, &got), SKR_AGAIN);
        now++;
        CHECK_EQUAL(skr_console_step(&console, now), SKR_OK);
    }
    CHECK((model.doorbells - before) <= ((10000U / SKR_TICKS_KICK) + 1U));
    CHECK_EQUAL(model.breaches, 0U);
}

/* [utest->dsn~console.read_empty~1] technique: decision; empty buffers among full ones go back with these, in one notification */
static void test_console_read_empty_buffers_among_others_are_skipped(void)
{
    uint8_t data[8];
    uint32_t got = 0U;

    run(SKR_TRANSPORT_MMIO_V2);
    CHECK(model_receive(&model, SKR_CONSOLE_RX, "", 0U));
    CHECK(model_receive(&model, SKR_CONSOLE_RX, "ab", 2U));
    CHECK(model_receive(&model, SKR_CONSOLE_RX, "", 0U));
    CHECK(model_receive(&model, SKR_CONSOLE_RX, "c", 1U));
    model_run(&model);
    const uint32_t before = rung();
    CHECK_EQUAL(skr_console_read(&console, data, sizeof data, &got), SKR_OK);
    CHECK_EQUAL(got, 3U);
    CHECK_BYTES(data, "abc", 3U);
    CHECK_EQUAL(console.counters.empty_buffers, 2U);
    model_run(&model);
    CHECK_EQUAL(rung(), before + 1U);
    CHECK_EQUAL(model_waiting(&model, SKR_CONSOLE_RX), SKR_CONSOLE_RX_COUNT);
}

/* [utest->dsn~console.read~1] technique: fault injection; ADV-Q09, Q01, Q07; the fault wins over text of the same call */
static void test_console_read_broken_receive_ring_is_a_fault(void)
{
    for (uint32_t row = 0U; row < 3U; row++) {
        skr_cause_t cause = SKR_CAUSE_USED_LENGTH;
        uint8_t data[64];
        uint32_t got = 99U;

        run(kinds[row]);
        CHECK(model_receive(&model, SKR_CONSOLE_RX, "ok", 2U));
        const uint16_t id = model_pop_avail(&model, SKR_CONSOLE_RX);
        if (row == 0U) {
            model_raw_push(&model, SKR_CONSOLE_RX, id, SKR_CONSOLE_RX_BYTES + 1U);
        } else if (row == 1U) {
            cause = SKR_CAUSE_USED_ID;
            model_raw_push(&model, SKR_CONSOLE_RX, SKR_CONSOLE_RX_COUNT, 1U); /* within the ring, but no buffer */
        } else {
            cause = SKR_CAUSE_USED_INDEX;
            model_raw_used_idx(&model, SKR_CONSOLE_RX, 0xFFFFU);
        }

        CHECK_EQUAL(skr_console_read(&console, data, sizeof data, &got), SKR_FAULT);

        CHECK_EQUAL(got, 0U);
        CHECK_EQUAL(console.counters.read, 0U);
        check_latched(&console, cause);
    }
}

/* [utest->dsn~console.read~1] technique: fault injection; ADV-Q04: one buffer twice. It was read and given back in between, so
 * that the second time is as good as a new delivery: stale text, but never a buffer too many. */
static void test_console_read_buffer_returned_twice_is_contained(void)
{
    uint8_t data[64];
    uint32_t got = 0U;

    run(SKR_TRANSPORT_MMIO_V2);
    const uint16_t id = model_pop_avail(&model, SKR_CONSOLE_RX);
    model_raw_push(&model, SKR_CONSOLE_RX, id, 1U);
    model_raw_push(&model, SKR_CONSOLE_RX, id, 2U);
    CHECK_EQUAL(skr_console_read(&console, data, sizeof data, &got), SKR_OK);
    CHECK_EQUAL(got, 3U);
    CHECK_EQUAL(console.device.virtq[SKR_CONSOLE_RX].outstanding, SKR_CONSOLE_RX_COUNT);
}

/* Text in the window changes as soon as it was copied. */
static void spoil_text(void *context, const hook_access_t *access)
{
    uint32_t *copies = context;
    if (!access->write && (access->bytes == 5U)) {
        *copies += 1U;
    } else if (*copies != 0U) {
        memset((void *)(uintptr_t)&console.device.virtq[0].base[console.device.virtq[0].buffers], 'X', RX_ROOM);
    } else {
        /* before the copy the text is as delivered */
    }
}

/* [utest->dsn~console.read~1] technique: fault injection; ADV-Q17, Q18: the window changes after the copy */
static void test_console_read_text_is_copied_once(void)
{
    uint8_t data[5];
    uint32_t got = 0U;
    uint32_t copies = 0U;

    run(SKR_TRANSPORT_MMIO_V2);
    CHECK(model_receive(&model, SKR_CONSOLE_RX, "once!", 5U));
    hook_script(spoil_text, &copies);
    CHECK_EQUAL(skr_console_read(&console, data, sizeof data, &got), SKR_OK);
    hook_script(NULL, NULL);
    CHECK_EQUAL(copies, 1U);
    CHECK_BYTES(data, "once!", 5U);
}

/* [utest->dsn~console.read~1] technique: boundary; ADV-Q26: both rings over the wrap of their indices */
static void test_console_text_is_whole_over_the_wrap_of_the_indices(void)
{
    uint8_t text[5];
    uint8_t seen[SKR_CONSOLE_TX_BYTES];
    uint32_t count = 0U;
    uint32_t wrong = 0U;

    run_with(SKR_TRANSPORT_MMIO_V2, SKR_F_EVENT_IDX, SKR_OPTION_EVENT_IDX);
    for (uint32_t i = 0U; i < 66000U; i++) {
        pattern(text, sizeof text, i);
        wrong += (skr_console_write(&console, text, sizeof text, &count) == SKR_OK) ? 0U : 1U;
        wrong += (model_transmit(&model, SKR_CONSOLE_TX, seen, sizeof seen) == 5) ? 0U : 1U;
        wrong += (memcmp(seen, text, sizeof text) == 0) ? 0U : 1U;
        wrong += model_receive(&model, SKR_CONSOLE_RX, text, sizeof text) ? 0U : 1U;
        wrong += (skr_console_read(&console, seen, sizeof seen, &count) == SKR_OK) ? 0U : 1U;
        wrong += ((count == 5U) && (memcmp(seen, text, sizeof text) == 0)) ? 0U : 1U;
    }
    CHECK_EQUAL(wrong, 0U);
    CHECK_EQUAL(model.breaches, 0U);
}

/* --- starting again --- */

/* [utest->dsn~console.cause~1] technique: state; the cause is told while it is latched and not after a new start */
static void test_console_cause_is_told_only_while_given_up(void)
{
    run(SKR_TRANSPORT_MMIO_V2);
    CHECK_EQUAL(skr_console_cause(&console), SKR_CAUSE_NONE);
    model.faults.status_or = SKR_STATUS_NEEDS_RESET;
    now += SKR_TICKS_WATCH;
    CHECK_EQUAL(skr_console_step(&console, now), SKR_FAULT);
    CHECK_EQUAL(skr_console_cause(&console), SKR_CAUSE_NEEDS_RESET);
    CHECK_EQUAL(skr_console_start(&console, now), SKR_OK);
    CHECK_EQUAL(skr_console_cause(&console), SKR_CAUSE_NONE);
}

/* [utest->dsn~console.start~1] technique: requirement; in flight is counted once, unread text is gone */
static void test_console_start_counts_what_was_in_flight(void)
{
    uint8_t text[200] = { 0 };
    uint8_t data[8];
    uint8_t seen[SKR_CONSOLE_TX_BYTES];
    uint32_t count = 0U;

    run_with(SKR_TRANSPORT_MMIO_V2, 0U, 0U);
    CHECK_EQUAL(skr_console_write(&console, text, 200U, &count), SKR_OK);
    CHECK_EQUAL(skr_console_write(&console, text, 5U, &count), SKR_OK);
    CHECK_EQUAL(model_transmit(&model, SKR_CONSOLE_TX, seen, sizeof seen), (int32_t)SKR_CONSOLE_TX_BYTES);
    CHECK_EQUAL(skr_console_step(&console, now), SKR_OK);
    CHECK(model_receive(&model, SKR_CONSOLE_RX, "abcd", 4U));
    CHECK_EQUAL(skr_console_read(&console, data, 1U, &count), SKR_OK);
    hook_count_from_here();

    CHECK_EQUAL(skr_console_start(&console, now), SKR_OK);
    CHECK_EQUAL(console.counters.dropped, 13U); /* 200 - 192, and 5 */
    CHECK_EQUAL(skr_console_start(&console, now), SKR_OK);
    CHECK_EQUAL(console.counters.dropped, 13U);
    CHECK_EQUAL(accesses(), 0U);
    CHECK_EQUAL(skr_console_read(&console, data, sizeof data, &count), SKR_AGAIN);

    CHECK_EQUAL(bring_up(&console), SKR_OK);
    CHECK_EQUAL(skr_console_read(&console, data, sizeof data, &count), SKR_AGAIN);
    CHECK_EQUAL(model_waiting(&model, SKR_CONSOLE_RX), SKR_CONSOLE_RX_COUNT);
    CHECK_EQUAL(skr_console_start(&console, now), SKR_OK);
    CHECK_EQUAL(console.counters.dropped, 13U);
    CHECK_EQUAL(model.breaches, 0U);
}

/* [utest->dsn~console.start~1] technique: scenario; the other side restarts: seen within the watch, and up again */
static void test_console_peer_restart_is_seen_and_survived(void)
{
    for (size_t k = 0U; k < KINDS; k++) {
        static const uint8_t text[] = "after";
        uint8_t seen[SKR_CONSOLE_TX_BYTES];
        uint32_t count = 0U;

        run(kinds[k]);
        CHECK_EQUAL(skr_console_write(&console, text, 5U, &count), SKR_OK);
        model_run(&model);
        model_restart(&model);
        now += SKR_TICKS_WATCH;
        CHECK_EQUAL(skr_console_step(&console, now), SKR_FAULT);
        check_latched(&console, SKR_CAUSE_STATUS_LOST);

        CHECK_EQUAL(skr_console_start(&console, now), SKR_OK);
        CHECK_EQUAL(console.counters.dropped, 5U);
        CHECK_EQUAL(bring_up(&console), SKR_OK);
        CHECK_EQUAL(skr_console_write(&console, text, 5U, &count), SKR_OK);
        CHECK_EQUAL(model_transmit(&model, SKR_CONSOLE_TX, seen, sizeof seen), 5);
        CHECK_BYTES(seen, text, 5U);
        CHECK_EQUAL(model.breaches, 0U);
    }
}

/* [utest->dsn~console.start~1] technique: scenario; a new program meets the rings of the old one, with text in flight */
static void test_console_attaches_to_rings_with_text_in_flight(void)
{
    static const uint8_t old[] = "old";
    static const uint8_t new[] = "newer";
    uint8_t seen[SKR_CONSOLE_TX_BYTES];
    uint8_t data[16];
    uint32_t count = 0U;

    run(SKR_TRANSPORT_HVL);
    CHECK_EQUAL(skr_console_write(&console, old, 3U, &count), SKR_OK);
    const skr_transport_t t = console.device.transport;

    CHECK_EQUAL(skr_console_init(&twin, &t), SKR_OK);
    CHECK_EQUAL(skr_console_start(&twin, now), SKR_OK);
    CHECK_EQUAL(bring_up(&twin), SKR_OK);
    CHECK_EQUAL(twin.device.attached, 1U);
    CHECK_EQUAL(twin.device.virtq[SKR_CONSOLE_TX].outstanding, 1U);

    CHECK_EQUAL(skr_console_write(&twin, new, 5U, &count), SKR_OK);
    CHECK_EQUAL(model_transmit(&model, SKR_CONSOLE_TX, seen, sizeof seen), 3);
    CHECK_BYTES(seen, old, 3U);
    CHECK_EQUAL(model_transmit(&model, SKR_CONSOLE_TX, seen, sizeof seen), 5);
    CHECK_BYTES(seen, new, 5U);
    CHECK_EQUAL(skr_console_step(&twin, now), SKR_OK);
    CHECK_EQUAL(twin.device.virtq[SKR_CONSOLE_TX].free_count, SKR_CONSOLE_TX_COUNT);
    CHECK(model_receive(&model, SKR_CONSOLE_RX, "key", 3U));
    CHECK_EQUAL(skr_console_read(&twin, data, sizeof data, &count), SKR_OK);
    CHECK_BYTES(data, "key", 3U);
    CHECK_EQUAL(model.resets, 0U);
    CHECK_EQUAL(model.breaches, 0U);
}

/* --- size --- */

/* [utest->dsn~console.size~1] technique: equivalence class; without the feature the size is unknown */
static void test_console_size_is_read_once_if_it_is_offered(void)
{
    for (size_t k = 0U; k < KINDS; k++) {
        uint16_t columns = 1U;
        uint16_t rows = 1U;

        run(kinds[k]);
        skr_console_size(&console, &columns, &rows);
        CHECK_EQUAL(columns, 0U);
        CHECK_EQUAL(rows, 0U);

        run_with(kinds[k], SKR_CONSOLE_F_SIZE, 0U);
        skr_console_size(&console, &columns, &rows);
        CHECK_EQUAL(columns, 80U);
        CHECK_EQUAL(rows, 24U);
        CHECK_EQUAL(skr_console_step(&console, now), SKR_OK);
        CHECK_EQUAL(accesses(), 0U);
        CHECK_EQUAL(model.breaches, 0U);
    }
}

/* [utest->dsn~console.resized~1] technique: boundary; ADV-T14: 0 and 65535 are passed as they are */
static void test_console_size_is_read_again_when_it_was_changed(void)
{
    static const uint16_t sizes[][2] = { { 0U, 0U }, { 65535U, 65535U }, { 132U, 43U } };
    for (size_t k = 0U; k < KINDS; k++) {
        run_with(kinds[k], SKR_CONSOLE_F_SIZE, 0U);
        for (size_t i = 0U; i < 3U; i++) {
            uint16_t columns = 1U;
            uint16_t rows = 1U;

            model.config[0] = (uint8_t)(sizes[i][0] & 0xFFU);
            model.config[1] = (uint8_t)(sizes[i][0] >> 8U);
            model.config[2] = (uint8_t)(sizes[i][1] & 0xFFU);
            model.config[3] = (uint8_t)(sizes[i][1] >> 8U);
            model_config_changed(&model);
            CHECK_EQUAL(skr_console_acknowledge(&console) & 2U, 2U);
            skr_console_resized(&console);
            CHECK_EQUAL(skr_console_step(&console, now), SKR_OK);
            skr_console_size(&console, &columns, &rows);
            CHECK_EQUAL(columns, sizes[i][0]);
            CHECK_EQUAL(rows, sizes[i][1]);
        }
        CHECK_EQUAL(model.breaches, 0U);
    }
}

/* [utest->dsn~console.size~1] technique: fault injection; ADV-T10, T14: a size that never rests is no fault */
static void test_console_size_that_never_rests_is_left_for_later(void)
{
    for (size_t k = 0U; k < KINDS; k++) {
        uint16_t columns = 1U;
        uint16_t rows = 1U;

        open_with(kinds[k], SKR_CONSOLE_F_SIZE, 0U);
        model.faults.config_restless = true;
        CHECK_EQUAL(skr_console_start(&console, now), SKR_OK);
        CHECK_EQUAL(bring_up(&console), SKR_OK);
        skr_console_size(&console, &columns, &rows);
        CHECK_EQUAL(columns, 0U);
        CHECK_EQUAL(rows, 0U);
        hook_count_from_here();
        CHECK_EQUAL(skr_console_step(&console, now), SKR_OK);
        CHECK(hook_reads() <= (6U * SKR_CONFIG_TRIES));
        CHECK_EQUAL(hook_writes(), 0U);

        model.faults.config_restless = false;
        CHECK_EQUAL(skr_console_step(&console, now), SKR_OK);
        CHECK_EQUAL(console.sized, 1U);
    }
}

/* --- emergency --- */

static uint32_t emergency_register(void)
{
    uint32_t word = 0U;
    model_run(&model);
    memcpy(&word, &model.config[8], sizeof word);
    return word;
}

/* [utest->dsn~console.emergency~1] technique: decision table; ADV-C14 */
static void test_console_emergency_before_set_up_asks_the_device(void)
{
    for (size_t k = 0U; k < 2U; k++) {
        open_with(kinds[k], SKR_CONSOLE_F_EMERG_WRITE, 0U);
        hook_count_from_here();
        CHECK_EQUAL(skr_console_emergency(&console, 'E'), SKR_OK);
        CHECK(accesses() <= 8U);
        CHECK_EQUAL(emergency_register(), 'E');

        open_with(kinds[k], SKR_CONSOLE_F_SIZE, 0U);
        memset(&model.config[8], 0xEE, 4U);
        CHECK_EQUAL(skr_console_emergency(&console, 'E'), SKR_STATE);
        CHECK_EQUAL(emergency_register(), 0xEEEEEEEEU);

        open_with(kinds[k], SKR_CONSOLE_F_EMERG_WRITE, 0U);
        model.faults.device_id_wrong = true;
        memset(&model.config[8], 0xEE, 4U);
        CHECK_EQUAL(skr_console_emergency(&console, 'E'), SKR_STATE);
        CHECK_EQUAL(emergency_register(), 0xEEEEEEEEU);
        CHECK_EQUAL(skr_console_cause(&console), SKR_CAUSE_NONE);
    }
}

/* [utest->dsn~console.emergency~1] technique: state; a set-up in progress is not disturbed */
static void test_console_emergency_during_set_up_does_not_disturb_it(void)
{
    for (size_t k = 0U; k < 2U; k++) {
        skr_status_t status = SKR_AGAIN;

        open_with(kinds[k], SKR_CONSOLE_F_EMERG_WRITE, 0U);
        CHECK_EQUAL(skr_console_start(&console, now), SKR_OK);
        for (uint32_t i = 0U; (i < STEPS_MAX) && (status == SKR_AGAIN); i++) {
            CHECK_EQUAL(skr_console_emergency(&console, 'e'), SKR_OK);
            now++;
            status = skr_console_step(&console, now);
        }
        CHECK_EQUAL(status, SKR_OK);
    }
}

/* [utest->dsn~console.emergency~1] technique: decision table; ADV-C14: only what was negotiated, in one access */
static void test_console_emergency_while_running_needs_the_feature(void)
{
    for (size_t k = 0U; k < 2U; k++) {
        run_with(kinds[k], SKR_CONSOLE_F_EMERG_WRITE, 0U);
        CHECK_EQUAL(skr_console_emergency(&console, 0xFFU), SKR_OK);
        CHECK_EQUAL(accesses(), 1U);
        CHECK_EQUAL(emergency_register(), 0xFFU);
        CHECK_EQUAL(model.breaches, 0U);

        run(kinds[k]);
        CHECK_EQUAL(skr_console_emergency(&console, 'E'), SKR_STATE);
        CHECK_EQUAL(accesses(), 0U);
    }
}

/* [utest->dsn~console.emergency~1] technique: equivalence class; plain memory that nobody looks at */
static void test_console_emergency_without_a_hypervisor_is_refused(void)
{
    open_with(SKR_TRANSPORT_HVL, SKR_CONSOLE_F_EMERG_WRITE, 0U);
    hook_count_from_here();
    CHECK_EQUAL(skr_console_emergency(&console, 'E'), SKR_STATE);
    CHECK_EQUAL(accesses(), 0U);
    run_with(SKR_TRANSPORT_HVL, SKR_CONSOLE_F_EMERG_WRITE, 0U);
    CHECK_EQUAL(skr_console_emergency(&console, 'E'), SKR_STATE);
    CHECK_EQUAL(accesses(), 0U);
}

/* --- interrupt --- */

/* [utest->dsn~console.acknowledge~1] technique: equivalence class; ADV-T18: only known bits */
static void test_console_acknowledge_tells_known_bits_in_two_accesses(void)
{
    for (size_t k = 0U; k < 2U; k++) {
        run(kinds[k]);
        CHECK_EQUAL(skr_console_acknowledge(&console), 0U);
        CHECK(model_receive(&model, SKR_CONSOLE_RX, "x", 1U));
        hook_count_from_here();
        CHECK_EQUAL(skr_console_acknowledge(&console), 1U);
        CHECK_EQUAL(accesses(), 2U);
        model_run(&model);
        model.interrupts = 0xFFFFFFFFU;
        CHECK(skr_console_acknowledge(&console) <= 3U);
    }
    run(SKR_TRANSPORT_HVL);
    CHECK_EQUAL(skr_console_acknowledge(&console), 3U);
    CHECK_EQUAL(accesses(), 0U);
}

/* --- two consoles, and nonsense --- */

/* [utest->dsn~console.step~1] technique: fault injection; a fault of one is none of the other */
static void test_console_fault_of_one_does_not_touch_the_other(void)
{
    static const uint8_t text[] = "still here";
    uint8_t seen[SKR_CONSOLE_TX_BYTES];
    uint32_t count = 0U;

    run(SKR_TRANSPORT_MMIO_V2);
    model_open(&neighbour, SKR_TRANSPORT_HVL, SKR_DEVICE_ID_CONSOLE);
    const skr_transport_t t = model_transport(&neighbour);
    CHECK_EQUAL(skr_console_init(&twin, &t), SKR_OK);
    CHECK_EQUAL(skr_console_start(&twin, now), SKR_OK);
    CHECK_EQUAL(bring_up(&twin), SKR_OK);
    const skr_console_t kept = twin;

    CHECK_EQUAL(skr_console_write(&console, text, 10U, &count), SKR_OK);
    model_raw_push(&model, SKR_CONSOLE_TX, 0xFFFFU, 0U);
    CHECK_EQUAL(skr_console_step(&console, now), SKR_FAULT);
    check_latched(&console, SKR_CAUSE_USED_ID);

    CHECK_BYTES(&twin, &kept, sizeof kept);
    CHECK_EQUAL(skr_console_write(&twin, text, 10U, &count), SKR_OK);
    CHECK_EQUAL(model_transmit(&neighbour, SKR_CONSOLE_TX, seen, sizeof seen), 10);
    CHECK_BYTES(seen, text, 10U);
    CHECK_EQUAL(skr_console_step(&twin, now), SKR_OK);
    CHECK_EQUAL(neighbour.breaches, 0U);
}

/* Spoil a word of the rings before each access, now and then. */
static void spoil_rings(void *context, const hook_access_t *access)
{
    uint32_t *state = context;
    (void)access;
    if ((test_random(state) % 8U) == 0U) {
        const skr_virtq_t *q = &console.device.virtq[test_random(state) % 2U];
        const uint32_t word = test_random(state);
        const uint32_t span = q->buffers - q->desc;
        if (span >= 8U) {
            const uint32_t at = q->desc + (test_random(state) % (span - 4U));
            const uint32_t value = ((word & 1U) != 0U) ? (word % 40U) : word;
            for (uint32_t i = 0U; i < 4U; i++) {
                q->base[at + i] = (uint8_t)(value >> (8U * i));
            }
        }
    }
}

/* [utest->dsn~console.write~1] [utest->dsn~console.read~1] technique: random fault injection; ADV-Q01 .. Q20 on both queues at once */
static void test_console_nonsense_in_the_rings_is_contained(void)
{
    static uint8_t guarded[3U * 4000U];
    uint32_t state = 0x5EED5EEDU;
    uint32_t wrong = 0U;
    uint32_t faults = 0U;

    memset(guarded, 0xA5, sizeof guarded);
    uint8_t *data = &guarded[4000];
    for (uint32_t life = 0U; life < 400U; life++) {
        run(kinds[life % KINDS]);
        hook_script(spoil_rings, &state);
        for (uint32_t i = 0U; i < 50U; i++) {
            const uint32_t length = test_random(&state) % 4000U;
            uint32_t count = 0U;
            skr_status_t status;

            hook_count_from_here();
            if ((test_random(&state) % 3U) == 0U) {
                status = skr_console_write(&console, data, length, &count);
            } else if ((test_random(&state) % 2U) == 0U) {
                status = skr_console_read(&console, data, length, &count);
            } else {
                now++;
                status = skr_console_step(&console, now);
            }
            wrong += (count <= length) ? 0U : 1U;
            wrong += ((status == SKR_OK) || (count == 0U)) ? 0U : 1U;
            wrong += (accesses() <= ((5U * SKR_CONSOLE_RX_COUNT) + 30U)) ? 0U : 1U;
            wrong += ((status == SKR_FAULT) == (skr_console_cause(&console) != SKR_CAUSE_NONE)) ? 0U : 1U;
            faults += (status == SKR_FAULT) ? 1U : 0U;
        }
        hook_script(NULL, NULL);
        hook_reset();
    }
    for (uint32_t i = 0U; i < 4000U; i++) {
        wrong += ((guarded[i] == 0xA5U) && (guarded[8000U + i] == 0xA5U)) ? 0U : 1U;
    }
    CHECK_EQUAL(wrong, 0U);
    CHECK(faults > 0U);
}

SKR_SUITE(console,
    SKR_TEST(test_console_init_good_description_is_idle_and_touches_nothing),
    SKR_TEST(test_console_init_bad_description_is_refused_for_good),
    SKR_TEST(test_console_set_up_runs_and_breaks_no_rule),
    SKR_TEST(test_console_calls_before_it_runs_wait_and_touch_nothing),
    SKR_TEST(test_console_asks_for_interrupts_of_receiving_only),
    SKR_TEST(test_console_device_that_wants_a_reset_is_given_up),
    SKR_TEST(test_console_set_up_that_fails_is_given_up),
    SKR_TEST(test_console_write_arrives_as_given),
    SKR_TEST(test_console_write_of_nothing_is_done_without_an_access),
    SKR_TEST(test_console_write_is_split_at_the_buffer_size),
    SKR_TEST(test_console_write_longer_than_all_buffers_is_taken_in_parts),
    SKR_TEST(test_console_write_without_a_consumer_costs_one_read),
    SKR_TEST(test_console_write_buffers_come_back_in_any_order_with_any_length),
    SKR_TEST(test_console_write_worst_case_is_the_documented_bound),
    SKR_TEST(test_console_write_impossible_used_index_is_a_fault),
    SKR_TEST(test_console_step_broken_transmit_ring_is_a_fault),
    SKR_TEST(test_console_step_takes_back_what_was_sent),
    SKR_TEST(test_console_read_gives_what_was_delivered),
    SKR_TEST(test_console_read_into_nothing_is_done_without_an_access),
    SKR_TEST(test_console_read_in_parts_across_buffers_loses_nothing),
    SKR_TEST(test_console_read_gives_a_buffer_back_only_when_it_is_read_to_the_end),
    SKR_TEST(test_console_read_flood_without_a_reader_stops_at_the_buffers),
    SKR_TEST(test_console_read_worst_case_is_the_documented_bound),
    SKR_TEST(test_console_read_empty_buffers_go_back_without_a_notification),
    SKR_TEST(test_console_read_end_of_input_makes_no_storm),
    SKR_TEST(test_console_read_empty_buffers_among_others_are_skipped),
    SKR_TEST(test_console_read_broken_receive_ring_is_a_fault),
    SKR_TEST(test_console_read_buffer_returned_twice_is_contained),
    SKR_TEST(test_console_read_text_is_copied_once),
    SKR_TEST(test_console_text_is_whole_over_the_wrap_of_the_indices),
    SKR_TEST(test_console_cause_is_told_only_while_given_up),
    SKR_TEST(test_console_start_counts_what_was_in_flight),
    SKR_TEST(test_console_peer_restart_is_seen_and_survived),
    SKR_TEST(test_console_attaches_to_rings_with_text_in_flight),
    SKR_TEST(test_console_size_is_read_once_if_it_is_offered),
    SKR_TEST(test_console_size_is_read_again_when_it_was_changed),
    SKR_TEST(test_console_size_that_never_rests_is_left_for_later),
    SKR_TEST(test_console_emergency_before_set_up_asks_the_device),
    SKR_TEST(test_console_emergency_during_set_up_does_not_disturb_it),
    SKR_TEST(test_console_emergency_while_running_needs_the_feature),
    SKR_TEST(test_console_emergency_without_a_hypervisor_is_refused),
    SKR_TEST(test_console_acknowledge_tells_known_bits_in_two_accesses),
    SKR_TEST(test_console_fault_of_one_does_not_touch_the_other),
    SKR_TEST(test_console_nonsense_in_the_rings_is_contained))
