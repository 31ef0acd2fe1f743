/* SPDX-License-Identifier: BSD-3-Clause */
/* Life of a device: set-up over each transport, attach, restart, every way to fail, watch and kicks. */
#include <stdalign.h>
#include <string.h>

#include "backend/hook.h"
#include "backend/model.h"
#include "skerry/device.h"
#include "test.h"
#include "transports.h"

#define RX 0U
#define TX 1U
#define RX_COUNT 32U
#define RX_BYTES 32U
#define TX_COUNT 16U
#define TX_BYTES 192U
#define FEATURE 0x2ULL        /* one that the device type of these tests knows */
#define STEPS_MAX 64U         /* more than any set-up takes */
#define REGISTERS_PER_STEP 16U
#define STATUS_MAX 64U

static model_t model;
static skr_device_t device;
static skr_transport_t transport;

/* What the front-end did to the registers. */
static struct {
    uint32_t status[STATUS_MAX]; /* all words written to Status, in order */
    uint32_t statuses;
    uint32_t registers;         /* accesses to the page since the step began */
    uint32_t writes;            /* register writes since clear_watch() */
    uint32_t acknowledged;      /* writes to InterruptACK */
    uint32_t pfn_zero;          /* writes of 0 to QueuePFN */
    uint32_t pending;           /* offset of a register write whose word is not known yet, or NONE */
} watched;

#define NONE 0xFFFFFFFFU

static const skr_transport_kind_t kinds[] = { SKR_TRANSPORT_MMIO_V2, SKR_TRANSPORT_MMIO_V1, SKR_TRANSPORT_HVL };

/* The hook comes before an access, so a written word is seen at the next one. This observer stands before the model's. */
static void settle(void)
{
    uint32_t word;

    if (watched.pending != NONE) {
        memcpy(&word, &model.block[watched.pending], sizeof word);
        if ((watched.pending == SKR_REG_STATUS) && (watched.statuses < STATUS_MAX)) {
            watched.status[watched.statuses] = word;
            watched.statuses++;
        }
        if ((watched.pending == SKR_REG_QUEUE_PFN) && (word == 0U)) {
            watched.pfn_zero++;
        }
        watched.pending = NONE;
    }
}

static void on_access(void *context, const hook_access_t *access)
{
    (void)context;
    settle();
    if ((access->base == model.block) && (access->offset < 0x100U)) {
        watched.registers++;
        if (access->write) {
            watched.writes++;
            watched.pending = access->offset;
            watched.acknowledged += (access->offset == SKR_REG_INTERRUPT_ACK) ? 1U : 0U;
        }
    }
}

static void on_bell(void *context, uint32_t doorbell)
{
    (void)context;
    (void)doorbell;
    settle();
}

static void clear_watch(void)
{
    memset(&watched, 0, sizeof watched);
    watched.pending = NONE;
}

/* --- given --- */

static void plan(skr_device_t *d)
{
    REQUIRE_EQUAL(skr_device_init(d, &transport, SKR_DEVICE_ID_CONSOLE, 12U, FEATURE), SKR_OK);
    skr_device_plan_queue(d, true, RX_COUNT, RX_BYTES);
    skr_device_plan_queue(d, false, TX_COUNT, TX_BYTES);
}

static void given(skr_transport_kind_t kind, uint32_t options)
{
    hook_reset();
    clear_watch();
    hook_observe(on_access, &watched);
    hook_on_doorbell(on_bell, &watched);
    model_open(&model, kind, SKR_DEVICE_ID_CONSOLE);
    transport = model_transport(&model);
    transport.options = options;
    plan(&device);
}

/* --- when --- */

/* One step, whose accesses to registers are counted and bounded. */
static skr_status_t step(uint32_t now)
{
    watched.registers = 0U;
    const skr_status_t status = skr_device_step(&device, now);
    CHECK(watched.registers <= REGISTERS_PER_STEP);
    return status;
}

/* Steps without time passing, until the set-up ends or waits for something that does not come. */
static skr_status_t run(uint32_t now)
{
    skr_status_t status = SKR_AGAIN;

    for (uint32_t i = 0U; (i < STEPS_MAX) && (status == SKR_AGAIN); i++) {
        status = step(now);
    }
    return status;
}

static skr_status_t run_to(skr_device_state_t state, uint32_t now)
{
    skr_status_t status = SKR_AGAIN;

    for (uint32_t i = 0U; (i < STEPS_MAX) && (status == SKR_AGAIN) && (device.state != state); i++) {
        status = step(now);
    }
    CHECK_EQUAL(device.state, state);
    return status;
}

static void started(uint32_t now)
{
    REQUIRE_EQUAL(skr_device_start(&device, now), SKR_OK);
}

static void given_ready(skr_transport_kind_t kind, uint32_t options, uint32_t now)
{
    given(kind, options);
    started(now);
    REQUIRE_EQUAL(run(now), SKR_OK);
}

/* --- then --- */

/* Between two resets the status only grows, and a reset opens a life. Hypervisor-less there is none but the asked-for. */
static void status_only_grew(uint32_t resets)
{
    uint32_t before = 0U;
    uint32_t found = 0U;

    settle();
    for (uint32_t i = 0U; i < watched.statuses; i++) {
        const uint32_t status = watched.status[i];

        if (status == 0U) {
            found++;
        } else {
            CHECK_EQUAL(status & before, before);
            CHECK(status != before);
        }
        before = status;
    }
    CHECK_EQUAL(found, resets);
}

/* The fault is latched: no call but start touches anything shared, and the first cause stays. */
static void failed_with(skr_cause_t cause)
{
    const uint32_t doorbells = hook_doorbells();
    const uint32_t faults = device.counters.faults;

    CHECK_EQUAL(device.state, SKR_DEVICE_FAILED);
    CHECK_EQUAL(device.cause, cause);
    model_run(&model);
    hook_count_from_here();
    CHECK_EQUAL(skr_device_step(&device, device.now + 1U), SKR_FAULT);
    CHECK_EQUAL(skr_device_step(&device, device.now + 0x40000000U), SKR_FAULT);
    skr_device_fail(&device, SKR_CAUSE_CID);
    device.field[0] = 11U;
    device.field[1] = 12U;
    CHECK_EQUAL(skr_device_read_config(&device, 0U, 4U), SKR_AGAIN);
    CHECK_EQUAL(device.field[0], 11U);
    CHECK_EQUAL(device.field[1], 12U);
    CHECK_EQUAL(hook_reads() + hook_writes(), 0U);
    CHECK_EQUAL(hook_doorbells(), doorbells);
    CHECK_EQUAL(device.cause, cause);
    CHECK_EQUAL(device.counters.faults, faults);
}

/* Over mmio, once a set-up has begun, FAILED is the last word; a PMM's page is left as it is, for a later life. */
static void failed_bit_is(bool written)
{
    settle();
    CHECK(watched.statuses != 0U);
    CHECK_EQUAL((watched.status[watched.statuses - 1U] & SKR_STATUS_FAILED) != 0U, written);
}

/* A wait that began at device.since ends exactly SKR_TICKS_SETUP later. */
static void times_out_exactly(skr_cause_t cause)
{
    const uint32_t since = device.since;

    CHECK_EQUAL(step(since), SKR_AGAIN);
    CHECK_EQUAL(step(since + SKR_TICKS_SETUP - 1U), SKR_AGAIN);
    CHECK_EQUAL(step(since + SKR_TICKS_SETUP), SKR_FAULT);
    failed_with(cause);
}

/* Ticks at which a wait begins: far from the wrap, over it, and with its end on it. */
static const uint32_t begins[] = { 0U, 1000U, 0xFFFFFFFFU, 0xFFFFFFFFU - SKR_TICKS_SETUP, 0U - SKR_TICKS_SETUP };
#define BEGINS (sizeof begins / sizeof begins[0])

/* --- init, plan, start --- */

/* [utest->dsn~device.init~1] technique: equivalence class */
static void test_device_init_good_description_is_idle_and_untouched(void)
{
    for (size_t i = 0U; i < 3U; i++) {
        given(kinds[i], 0U);
        CHECK_EQUAL(device.state, SKR_DEVICE_IDLE);
        CHECK_EQUAL(device.cause, SKR_CAUSE_NONE);
        CHECK_EQUAL(device.linked, 1U);
        CHECK_EQUAL(hook_reads() + hook_writes() + hook_doorbells(), 0U);
    }
}

/* [utest->dsn~device.init~1] technique: fault injection; each cause of a bad description */
static void test_device_init_bad_description_fails_for_good(void)
{
    static const skr_cause_t causes[] = { SKR_CAUSE_CONFIGURATION, SKR_CAUSE_REGISTERS_SIZE, SKR_CAUSE_ALIGNMENT,
                                          SKR_CAUSE_MEMORY_ADDRESS };

    for (size_t i = 0U; i < 4U; i++) {
        given(SKR_TRANSPORT_MMIO_V2, 0U);
        transport.registers = (i == 0U) ? NULL : transport.registers;
        transport.registers_size = (i == 1U) ? 0xFCU : transport.registers_size;
        transport.memory_address += (i == 2U) ? 1U : 0U;
        transport.memory_address += (i == 3U) ? (1ULL << 43U) : 0U;

        CHECK_EQUAL(skr_device_init(&device, &transport, SKR_DEVICE_ID_CONSOLE, 12U, 0U), SKR_FAULT);
        skr_device_plan_queue(&device, true, RX_COUNT, RX_BYTES);

        CHECK_EQUAL(device.linked, 0U);
        CHECK_EQUAL(device.cause, causes[i]);
        CHECK_EQUAL(skr_device_start(&device, 0U), SKR_FAULT);
        CHECK_EQUAL(skr_device_step(&device, 0U), SKR_FAULT);
        CHECK_EQUAL(device.cause, causes[i]);
        CHECK_EQUAL(hook_reads() + hook_writes() + hook_doorbells(), 0U);
    }
}

/* [utest->dsn~device.init~1] technique: structural; the description is copied member by member, whether it is good or bad */
static void test_device_init_keeps_every_member_of_the_description(void)
{
    given(SKR_TRANSPORT_MMIO_V2, 0U);
    const skr_transport_t bad = { SKR_TRANSPORT_HVL, &model.block[1], 2U, &model.block[3], 4U, &model.block[5], 6U, 7U, 8U, 9U };
    const skr_transport_t *descriptions[] = { &transport, &bad };

    transport.doorbell = 0x0BE11U;
    transport.options = SKR_OPTION_EVENT_IDX;
    for (size_t i = 0U; i < 2U; i++) {
        skr_transport_t described = *descriptions[i];
        memset(&device, 0xA5, sizeof device);

        CHECK_EQUAL(skr_device_init(&device, &described, SKR_DEVICE_ID_CONSOLE, 12U, 0U), (i == 0U) ? SKR_OK : SKR_FAULT);
        memset(&described, 0x5A, sizeof described);

        CHECK_EQUAL(device.transport.kind, descriptions[i]->kind);
        CHECK(device.transport.registers == descriptions[i]->registers);
        CHECK_EQUAL(device.transport.registers_size, descriptions[i]->registers_size);
        CHECK(device.transport.config == descriptions[i]->config);
        CHECK_EQUAL(device.transport.config_size, descriptions[i]->config_size);
        CHECK(device.transport.memory == descriptions[i]->memory);
        CHECK_EQUAL(device.transport.memory_size, descriptions[i]->memory_size);
        CHECK_EQUAL(device.transport.memory_address, descriptions[i]->memory_address);
        CHECK_EQUAL(device.transport.doorbell, descriptions[i]->doorbell);
        CHECK_EQUAL(device.transport.options, descriptions[i]->options);
    }
}

/* [utest->dsn~device.init~1] technique: structural; nothing of what the context held before counts */
static void test_device_init_used_context_counts_from_zero(void)
{
    static const skr_device_counters_t zero = { 0U, 0U, 0U, 0U, 0U, 0U };

    given(SKR_TRANSPORT_MMIO_V2, 0U);
    memset(&device, 0xA5, sizeof device);

    CHECK_EQUAL(skr_device_init(&device, &transport, SKR_DEVICE_ID_CONSOLE, 12U, 0U), SKR_OK);

    CHECK_BYTES(&device.counters, &zero, sizeof zero);
}

/* [utest->dsn~device.plan_queue~1] technique: equivalence class */
static void test_device_plan_queue_keeps_order_and_kind(void)
{
    given(SKR_TRANSPORT_MMIO_V2, 0U);

    CHECK_EQUAL(device.queues, 2U);
    CHECK_EQUAL(device.virtq[RX].from_device, 1U);
    CHECK_EQUAL(device.virtq[RX].count, RX_COUNT);
    CHECK_EQUAL(device.virtq[RX].stride, RX_BYTES);
    CHECK_EQUAL(device.virtq[TX].from_device, 0U);
    CHECK_EQUAL(device.virtq[TX].count, TX_COUNT);
    CHECK_EQUAL(device.virtq[TX].stride, TX_BYTES);
    CHECK_EQUAL(device.virtq[RX].popped, SKR_VIRTQ_NONE);
    CHECK_EQUAL(device.virtq[TX].popped, SKR_VIRTQ_NONE);
}

/* [utest->dsn~device.step~1] technique: state table; a device that nobody started is left alone */
static void test_device_step_before_start_is_refused_and_silent(void)
{
    given(SKR_TRANSPORT_MMIO_V2, 0U);

    CHECK_EQUAL(skr_device_step(&device, 5U), SKR_STATE);
    CHECK_EQUAL(device.state, SKR_DEVICE_IDLE);
    CHECK_EQUAL(hook_reads() + hook_writes() + hook_doorbells(), 0U);
}

/* [utest->dsn~device.start~1] technique: state table; start is the way out of every state */
static void test_device_start_in_any_state_begins_anew_untouched(void)
{
    for (uint32_t state = SKR_DEVICE_IDLE; state <= (uint32_t)SKR_DEVICE_FAILED; state++) {
        given(SKR_TRANSPORT_HVL, 0U);
        memcpy(&device.state, &state, sizeof device.state);
        device.cause = SKR_CAUSE_USED_ID;
        device.fences = 2U;
        device.placed = 2U;

        CHECK_EQUAL(skr_device_start(&device, 77U), SKR_OK);
        CHECK_EQUAL(device.state, SKR_DEVICE_IDENTIFY);
        CHECK_EQUAL(device.cause, SKR_CAUSE_NONE);
        CHECK_EQUAL(device.placed + device.fences + device.offset, 0U);
        CHECK_EQUAL(device.counters.starts, 1U);
        CHECK_EQUAL(hook_reads() + hook_writes() + hook_doorbells(), 0U);
    }
}

/* --- set-up --- */

/* ADV-T17. [utest->dsn~device.step~1] [utest->dsn~device.sequence~1] technique: interface; one state a step, no interrupt */
static void test_device_step_mmio_v2_sequence_is_that_of_the_standard(void)
{
    static const skr_device_state_t states[] = {
        SKR_DEVICE_RESET, SKR_DEVICE_ACKNOWLEDGE, SKR_DEVICE_DRIVER, SKR_DEVICE_NEGOTIATE, SKR_DEVICE_CONFIRM,
        SKR_DEVICE_QUEUE_SIZE, SKR_DEVICE_QUEUE_START, SKR_DEVICE_QUEUE_ANSWER, SKR_DEVICE_QUEUE_SIZE,
        SKR_DEVICE_QUEUE_START, SKR_DEVICE_QUEUE_ANSWER, SKR_DEVICE_START, SKR_DEVICE_FILL, SKR_DEVICE_FILL,
        SKR_DEVICE_READY
    };
    static const uint32_t written[] = { 0x00U, 0x01U, 0x03U, 0x0BU, 0x0FU };

    given(SKR_TRANSPORT_MMIO_V2, 0U);
    started(10U);
    for (size_t i = 0U; i < (sizeof states / sizeof states[0]); i++) {
        CHECK_EQUAL(step(10U), (states[i] == SKR_DEVICE_READY) ? SKR_OK : SKR_AGAIN);
        CHECK_EQUAL(device.state, states[i]);
    }
    model_run(&model);
    settle();
    REQUIRE_EQUAL(watched.statuses, sizeof written / sizeof written[0]);
    CHECK_BYTES(watched.status, written, sizeof written);
    CHECK_EQUAL(model.notifies[RX], 1U);
    CHECK_EQUAL(model.notifies[TX], 0U);
    CHECK_EQUAL(model.breaches, 0U);
}

/* [utest->dsn~device.sequence~1] technique: interface; the page size is said once, there is no FEATURES_OK */
static void test_device_step_mmio_v1_sequence_is_legacy(void)
{
    static const uint32_t written[] = { 0x00U, 0x01U, 0x03U, 0x07U };

    given_ready(SKR_TRANSPORT_MMIO_V1, 0U, 0U);
    model_run(&model);
    settle();
    REQUIRE_EQUAL(watched.statuses, sizeof written / sizeof written[0]);
    CHECK_BYTES(watched.status, written, sizeof written);
    CHECK_EQUAL(watched.pfn_zero, 0U);
    CHECK_EQUAL(device.virtq[TX].desc % 4096U, 0U);
    CHECK_EQUAL(device.virtq[TX].used % 4096U, 0U);
    CHECK_EQUAL(model.notifies[RX], 1U);
    CHECK_EQUAL(model.breaches, 0U);
}

/* ADV-P02, B1 to B3 of the PMM. [utest->dsn~device.sequence~1] [utest->dsn~device.fence~1] technique: interface; both PMMs */
static void test_device_step_hvl_cold_start_never_resets_and_fences_every_change(void)
{
    static const uint32_t written[] = { 0x01U, 0x03U, 0x07U };

    for (uint32_t pmm = 0U; pmm < 2U; pmm++) {
        given(SKR_TRANSPORT_HVL, 0U);
        model.pmm = (pmm == 0U) ? MODEL_PMM_FIXED_SIZE : MODEL_PMM_SIZE_WRITTEN;
        model_restart(&model);
        started(0U);
        CHECK_EQUAL(run(0U), SKR_OK);
        model_run(&model);
        settle();
        REQUIRE_EQUAL(watched.statuses, sizeof written / sizeof written[0]);
        CHECK_BYTES(watched.status, written, sizeof written);
        CHECK_EQUAL(watched.acknowledged, 0U);
        CHECK_EQUAL(watched.pfn_zero, 0U);
        CHECK_EQUAL(device.attached, 0U);
        CHECK_EQUAL(device.virtq[RX].size, 128U);
        /* two passes each for: the page found, status 1, 3, features, two queue sizes, status 7; two pages; the first kick */
        CHECK_EQUAL(hook_doorbells(), 14U + 2U + 1U);
        CHECK(!model.dead);
        CHECK_EQUAL(model.breaches, 0U);
    }
}

/* [utest->dsn~device.step~1] technique: interface; what is offered to a receive ring arrives, over every transport */
static void test_device_step_ready_device_carries_data_both_ways(void)
{
    static const uint8_t text[] = { 's', 'k', 'e', 'r', 'r', 'y' };

    for (size_t i = 0U; i < 3U; i++) {
        uint8_t got[TX_BYTES];

        given_ready(kinds[i], 0U, 0U);
        CHECK(model_receive(&model, RX, text, sizeof text));
        REQUIRE_EQUAL(skr_device_pop(&device, RX), SKR_OK);
        CHECK_EQUAL(device.virtq[RX].popped_length, sizeof text);
        CHECK_BYTES(&transport.memory[skr_virtq_buffer(&device.virtq[RX], device.virtq[RX].popped)], text, sizeof text);

        const uint16_t id = skr_virtq_take(&device.virtq[TX]);
        skr_shm_copy_out(transport.memory, skr_virtq_buffer(&device.virtq[TX], id), text, sizeof text);
        skr_virtq_add(&device.virtq[TX], id, sizeof text);
        skr_device_flush(&device, TX);
        CHECK_EQUAL(model_transmit(&model, TX, got, sizeof got), sizeof text);
        CHECK_BYTES(got, text, sizeof text);
        CHECK_EQUAL(skr_device_pop(&device, TX), SKR_OK);
        CHECK_EQUAL(device.virtq[TX].popped, id);
        CHECK_EQUAL(skr_device_pop(&device, TX), SKR_AGAIN);
        CHECK_EQUAL(device.virtq[TX].popped, SKR_VIRTQ_NONE);
        CHECK_EQUAL(model.breaches, 0U);
    }
}

/* [utest->dsn~device.step~1] technique: equivalence class; rings are full before the device is told */
static void test_device_step_fill_hands_over_every_receive_buffer(void)
{
    for (size_t i = 0U; i < 3U; i++) {
        given_ready(kinds[i], 0U, 0U);
        CHECK_EQUAL(model_waiting(&model, RX), RX_COUNT);
        CHECK_EQUAL(model_waiting(&model, TX), 0U);
        CHECK_EQUAL(device.virtq[RX].outstanding, RX_COUNT);
        CHECK_EQUAL(device.virtq[TX].free_count, TX_COUNT);
        CHECK_EQUAL(device.counters.kicks, 1U);
    }
}

/* [utest->dsn~device.start~1] technique: state table; a running device is set up anew */
static void test_device_start_running_mmio_device_is_reset_and_runs_again(void)
{
    for (size_t i = 0U; i < 2U; i++) {
        given_ready(kinds[i], 0U, 0U);
        const uint32_t desc = device.virtq[TX].desc;

        started(100U);
        CHECK_EQUAL(run(100U), SKR_OK);
        CHECK_EQUAL(device.virtq[TX].desc, desc);
        CHECK_EQUAL(model.resets, 2U);
        CHECK_EQUAL(model_waiting(&model, RX), RX_COUNT);
        CHECK_EQUAL(model.breaches, 0U);
        status_only_grew(2U);
    }
}

/* [utest->dsn~device.start~1] technique: state table; FAILED is left by start alone */
static void test_device_start_after_fault_runs_again(void)
{
    for (size_t i = 0U; i < 3U; i++) {
        given_ready(kinds[i], 0U, 0U);
        skr_device_fail(&device, SKR_CAUSE_USED_ID);
        failed_with(SKR_CAUSE_USED_ID);
        failed_bit_is(kinds[i] != SKR_TRANSPORT_HVL);
        started(device.now);
        CHECK_EQUAL(run(device.now), SKR_OK);
        CHECK_EQUAL(device.cause, SKR_CAUSE_NONE);
        CHECK_EQUAL(device.counters.starts, 2U);
        CHECK_EQUAL(device.counters.faults, 1U);
        CHECK_EQUAL(device.attached, (kinds[i] == SKR_TRANSPORT_HVL) ? 1U : 0U);
        CHECK_EQUAL(model.breaches, 0U);
    }
}

/* --- identification --- */

/* ADV-T01. [utest->dsn~device.step~1] technique: fault injection; a place that is not ours is not written to */
static void test_device_step_wrong_identity_fails_with_cause_and_without_writing(void)
{
    for (size_t i = 0U; i < 2U; i++) {
        for (uint32_t k = 0U; k < 4U; k++) {
            given(kinds[i], 0U);
            model.faults.magic_wrong = k == 0U;
            model.faults.magic = 0x12345678U;
            model.faults.version_wrong = k == 1U;
            model.faults.version = 3U;
            model.faults.device_id_wrong = k >= 2U;
            model.faults.device_id = (k == 2U) ? 0U : 1U;
            started(0U);
            CHECK_EQUAL(run(0U), SKR_FAULT);
            failed_with((k == 0U) ? SKR_CAUSE_MAGIC : (k == 1U) ? SKR_CAUSE_VERSION : (k == 2U) ? SKR_CAUSE_ABSENT
                                                                                               : SKR_CAUSE_DEVICE_ID);
            CHECK_EQUAL(watched.writes, 0U);
        }
    }
}

/* ADV-T01, P06. [utest->dsn~device.step~1] technique: fault injection; the page is judged once a pass has proved it whole */
static void test_device_step_hvl_wrong_page_fails_after_the_fence(void)
{
    for (uint32_t k = 0U; k < 4U; k++) {
        given(SKR_TRANSPORT_HVL, 0U);
        model.faults.version_wrong = k == 0U;
        model.faults.version = 2U;
        model.faults.device_id_wrong = (k == 1U) || (k == 2U);
        model.faults.device_id = (k == 1U) ? 0U : 19U;
        model.faults.block_wrong = k == 3U;
        started(0U);
        CHECK_EQUAL(run(0U), SKR_FAULT);
        failed_with((k == 0U) ? SKR_CAUSE_VERSION : (k == 1U) ? SKR_CAUSE_ABSENT : (k == 2U) ? SKR_CAUSE_DEVICE_ID
                                                                                            : SKR_CAUSE_BLOCK);
        CHECK_EQUAL(watched.statuses, 0U);
    }
}

/* [utest->dsn~device.step~1] technique: fault injection; another magic is no PMM to come, and is left alone */
static void test_device_step_hvl_wrong_magic_fails_at_once(void)
{
    given(SKR_TRANSPORT_HVL, 0U);
    model.faults.magic_wrong = true;
    model.faults.magic = 0x76697274U;
    started(0U);
    CHECK_EQUAL(step(0U), SKR_FAULT);
    failed_with(SKR_CAUSE_MAGIC);
    CHECK_EQUAL(watched.writes, 0U);
}

/* B11 of the PMM. [utest->dsn~device.step~1] technique: fault injection; the page arrives piece by piece */
static void test_device_step_hvl_page_completed_after_its_magic_is_accepted(void)
{
    uint32_t id = 3U;

    given(SKR_TRANSPORT_HVL, 0U);
    model.faults.deaf = true; /* the PMM's loop starts when everything is there */
    memset(&model.block[SKR_REG_DEVICE_ID], 0, 4U);
    started(0U);
    CHECK_EQUAL(run(0U), SKR_AGAIN);
    CHECK_EQUAL(device.state, SKR_DEVICE_RESET);
    memcpy(&model.block[SKR_REG_DEVICE_ID], &id, sizeof id);
    model.faults.deaf = false;
    CHECK_EQUAL(step(SKR_TICKS_KICK), SKR_AGAIN);
    CHECK_EQUAL(run(SKR_TICKS_KICK), SKR_OK);
}

/* [utest->dsn~device.step~1] [utest->dsn~device.timeouts~1] technique: boundary value, tick wrap */
static void test_device_step_hvl_without_pmm_is_silent_to_the_tick(void)
{
    for (size_t k = 0U; k < BEGINS; k++) {
        given(SKR_TRANSPORT_HVL, 0U);
        model_wipe(&model);
        started(begins[k]);
        CHECK_EQUAL(device.since, begins[k]);
        times_out_exactly(SKR_CAUSE_SILENT);
        CHECK_EQUAL(watched.writes, 0U);
        CHECK_EQUAL(hook_doorbells(), 0U);
    }
}

/* ADV-P07. [utest->dsn~device.step~1] technique: equivalence class; a PMM that comes late is found */
static void test_device_step_hvl_pmm_that_comes_late_is_found(void)
{
    given(SKR_TRANSPORT_HVL, 0U);
    model_wipe(&model);
    started(0U);
    CHECK_EQUAL(step(SKR_TICKS_SETUP - 1U), SKR_AGAIN);
    model_restart(&model);
    CHECK_EQUAL(run(SKR_TICKS_SETUP), SKR_OK);
}

/* [utest->dsn~device.step~1] technique: fault injection; the PMM restarts between the magic and the judgement */
static void test_device_step_hvl_magic_gone_after_the_fence_is_identity_lost(void)
{
    given(SKR_TRANSPORT_HVL, 0U);
    started(0U);
    (void)run_to(SKR_DEVICE_RESET, 0U);
    model_wipe(&model);
    CHECK_EQUAL(run(0U), SKR_FAULT);
    failed_with(SKR_CAUSE_IDENTITY_LOST);
}

/* --- reset --- */

/* ADV-T04. [utest->dsn~device.timeouts~1] technique: fault injection, boundary value, tick wrap */
static void test_device_step_reset_that_never_comes_times_out_to_the_tick(void)
{
    for (size_t i = 0U; i < 2U; i++) {
        for (size_t k = 0U; k < BEGINS; k++) {
            given(kinds[i], 0U);
            model.faults.reset_never = true;
            started(begins[k]);
            CHECK_EQUAL(step(begins[k]), SKR_AGAIN);
            CHECK_EQUAL(device.state, SKR_DEVICE_RESET);
            times_out_exactly(SKR_CAUSE_RESET_TIMEOUT);
            failed_bit_is(true);
            CHECK_EQUAL(hook_doorbells(), 0U);
        }
    }
}

/* ADV-T04. [utest->dsn~device.sequence~1] technique: equivalence class; nothing is written before the reset is over */
static void test_device_step_slow_reset_is_waited_for(void)
{
    given(SKR_TRANSPORT_MMIO_V2, 0U);
    model.faults.reset_reads = 5U;
    started(0U);
    (void)step(0U);
    for (uint32_t i = 0U; i < 5U; i++) {
        CHECK_EQUAL(step(i), SKR_AGAIN);
        CHECK_EQUAL(device.state, SKR_DEVICE_RESET);
        CHECK_EQUAL(watched.statuses, 1U);
    }
    CHECK_EQUAL(run(5U), SKR_OK);
    CHECK_EQUAL(model.breaches, 0U);
}

/* B1 of the PMM. [utest->dsn~device.attach~1] technique: every status an aborted set-up leaves */
static void test_device_step_hvl_half_setup_is_refused_without_reset(void)
{
    static const uint32_t left[] = { 1U, 3U, 0x0BU, 0x0FU, 0x80U, 0x40U };

    for (size_t k = 0U; k < (sizeof left / sizeof left[0]); k++) {
        given(SKR_TRANSPORT_HVL, 0U);
        model_leave(&model, left[k], 1U);
        started(0U);
        CHECK_EQUAL(run(0U), SKR_FAULT);
        failed_with(SKR_CAUSE_HALF_SETUP);
        CHECK_EQUAL(watched.statuses, 0U);
        CHECK_EQUAL(model.breaches, 0U);
    }
}

/* [utest->dsn~device.attach~1] technique: option; only a PMM that says so is reset, and once */
static void test_device_step_hvl_half_setup_is_reset_where_the_pmm_can(void)
{
    for (uint32_t left = 1U; left <= 3U; left++) {
        given(SKR_TRANSPORT_HVL, SKR_OPTION_PMM_RESETS);
        model_leave(&model, left, 0U);
        started(0U);
        CHECK_EQUAL(run(0U), SKR_OK);
        CHECK_EQUAL(device.attached, 0U);
        CHECK_EQUAL(watched.status[0], 0U);
        status_only_grew(1U);
        CHECK_EQUAL(device.status, 7U);
    }
}

/* [utest->dsn~device.timeouts~1] technique: fault injection, boundary value, tick wrap; the doorbell is repeated */
static void test_device_step_hvl_reset_that_never_comes_times_out_to_the_tick(void)
{
    for (size_t k = 0U; k < BEGINS; k++) {
        given(SKR_TRANSPORT_HVL, SKR_OPTION_PMM_RESETS);
        model.faults.status_wrong = true;
        model.faults.status = 3U;
        started(begins[k]);
        CHECK_EQUAL(run(begins[k]), SKR_AGAIN);
        CHECK_EQUAL(device.state, SKR_DEVICE_RESET);
        times_out_exactly(SKR_CAUSE_RESET_TIMEOUT);
        status_only_grew(1U);
    }
}

/* --- features --- */

/* ADV-T07. [utest->dsn~device.features~1] technique: boundary value; every bit offered, only the known accepted */
static void test_device_step_all_features_offered_only_known_are_accepted(void)
{
    static const uint64_t expected[2][3] = {
        { SKR_F_VERSION_1 | SKR_F_ACCESS_PLATFORM | SKR_F_ORDER_PLATFORM | FEATURE, SKR_F_ANY_LAYOUT | FEATURE,
          SKR_F_ANY_LAYOUT | FEATURE },
        { SKR_F_VERSION_1 | SKR_F_ACCESS_PLATFORM | SKR_F_ORDER_PLATFORM | SKR_F_EVENT_IDX | FEATURE,
          SKR_F_ANY_LAYOUT | SKR_F_EVENT_IDX | FEATURE, SKR_F_ANY_LAYOUT | SKR_F_EVENT_IDX | FEATURE },
    };

    for (uint32_t k = 0U; k < 2U; k++) {
        for (size_t i = 0U; i < 3U; i++) {
            given(kinds[i], (k == 0U) ? 0U : SKR_OPTION_EVENT_IDX);
            model.offered = 0xFFFFFFFFFFFFFFFFULL;
            started(0U);
            CHECK_EQUAL(run(0U), SKR_OK);
            CHECK_EQUAL(device.features, expected[k][i]);
            CHECK_EQUAL(model.accepted, expected[k][i]);
            CHECK_EQUAL(device.virtq[RX].event_idx, k);
            CHECK_EQUAL(device.virtq[TX].event_idx, k);
        }
    }
}

/* [utest->dsn~device.features~1] technique: equivalence class; nothing is accepted that is not offered */
static void test_device_step_features_not_offered_are_not_accepted(void)
{
    for (size_t i = 0U; i < 3U; i++) {
        given(kinds[i], SKR_OPTION_EVENT_IDX);
        started(0U);
        CHECK_EQUAL(run(0U), SKR_OK);
        CHECK_EQUAL(device.features, (i == 0U) ? SKR_F_VERSION_1 : 0U);
        CHECK_EQUAL(device.virtq[RX].event_idx, 0U);
    }
}

/* ADV-T06. [utest->dsn~device.features~1] technique: fault injection */
static void test_device_step_mmio_v2_without_version_1_is_refused(void)
{
    given(SKR_TRANSPORT_MMIO_V2, 0U);
    model.offered = ~SKR_F_VERSION_1;
    started(0U);
    CHECK_EQUAL(run(0U), SKR_FAULT);
    CHECK_EQUAL(model.accepted, 0U);
    failed_with(SKR_CAUSE_FEATURES);
    failed_bit_is(true);
}

/* ADV-T05. [utest->dsn~device.features~1] technique: fault injection */
static void test_device_step_features_ok_taken_back_is_refused(void)
{
    given(SKR_TRANSPORT_MMIO_V2, 0U);
    model.faults.features_refused = true;
    started(0U);
    CHECK_EQUAL(run(0U), SKR_FAULT);
    failed_with(SKR_CAUSE_FEATURES);
    failed_bit_is(true);
    CHECK_EQUAL(device.placed, 0U);
}

/* --- queues --- */

/* ADV-T02. [utest->dsn~device.queue_size~1] technique: boundary value; every size next to a power of two */
static void test_device_step_mmio_queue_size_is_largest_power_of_two(void)
{
    static const struct {
        uint32_t max;
        uint16_t size;
    } row[] = { { 32U, 32U }, { 33U, 32U }, { 63U, 32U }, { 64U, 64U }, { 255U, 128U }, { 256U, 256U }, { 257U, 256U },
                { 1024U, 256U }, { 0x80000000U, 256U }, { 0xFFFFFFFFU, 256U } };

    for (size_t i = 0U; i < 2U; i++) {
        for (size_t k = 0U; k < (sizeof row / sizeof row[0]); k++) {
            given(kinds[i], 0U);
            model.queues[RX].size_max = row[k].max;
            started(0U);
            CHECK_EQUAL(run(0U), SKR_OK);
            CHECK_EQUAL(device.virtq[RX].size, row[k].size);
            CHECK_EQUAL(model.queues[RX].size, row[k].size);
            CHECK_EQUAL(model.breaches, 0U);
        }
    }
}

/* ADV-T02. [utest->dsn~device.queue_size~1] technique: boundary value; absent, or smaller than the buffers */
static void test_device_step_mmio_small_queue_is_refused(void)
{
    static const uint32_t sizes[] = { 0U, 1U, 16U, 31U };

    for (size_t i = 0U; i < 2U; i++) {
        for (size_t k = 0U; k < 4U; k++) {
            given(kinds[i], 0U);
            model.queues[RX].size_max = sizes[k];
            started(0U);
            CHECK_EQUAL(run(0U), SKR_FAULT);
            failed_with(SKR_CAUSE_QUEUE_SIZE);
            failed_bit_is(true);
        }
    }
}

/* ADV-T02. [utest->dsn~device.queue_size~1] technique: boundary value; a PMM dictates the size, so it has to be usable */
static void test_device_step_hvl_queue_size_is_taken_exactly_or_refused(void)
{
    static const struct {
        uint32_t max;
        bool good;
    } row[] = { { 0U, false }, { 31U, false }, { 32U, true }, { 100U, false }, { 128U, true }, { 255U, false },
                { 512U, false }, { 0x10080U, false }, { 0x80000000U, false }, { 0xFFFFFFFFU, false } };

    for (size_t k = 0U; k < (sizeof row / sizeof row[0]); k++) {
        given(SKR_TRANSPORT_HVL, 0U);
        model.queues[RX].size_max = row[k].max;
        model.queues[TX].size_max = row[k].max;
        model_restart(&model);
        started(0U);
        CHECK_EQUAL(run(0U), row[k].good ? SKR_OK : SKR_FAULT);
        if (row[k].good) {
            CHECK_EQUAL(device.virtq[TX].size, row[k].max);
        } else {
            failed_with(SKR_CAUSE_QUEUE_SIZE);
        }
    }
}

/* ADV-T03. [utest->dsn~device.queue_size~1] technique: fault injection, each queue */
static void test_device_step_busy_queue_is_refused(void)
{
    for (size_t i = 0U; i < 2U; i++) {
        for (uint32_t q = 0U; q < 2U; q++) {
            given(kinds[i], 0U);
            model.faults.queue_busy = 1U << q;
            started(0U);
            CHECK_EQUAL(run(0U), SKR_FAULT);
            CHECK_EQUAL(device.placed, q);
            failed_with(SKR_CAUSE_QUEUE_BUSY);
            failed_bit_is(true);
        }
    }
}

/* [utest->dsn~device.layout~1] technique: boundary value; a window one byte too small */
static void test_device_step_window_too_small_is_refused(void)
{
    for (size_t i = 0U; i < 3U; i++) {
        given_ready(kinds[i], 0U, 0U);
        const uint32_t needed = device.offset;

        for (uint32_t k = 0U; k < 2U; k++) {
            given(kinds[i], 0U);
            transport.memory_size = needed - k;
            plan(&device);
            started(0U);
            CHECK_EQUAL(run(0U), (k == 0U) ? SKR_OK : SKR_FAULT);
        }
        failed_with(SKR_CAUSE_MEMORY_SIZE);
    }
}

/* [utest->dsn~device.layout~1] technique: equivalence class; nothing outside the window of kvmtool's console is needed */
static void test_device_step_hvl_console_fits_kvmtools_block(void)
{
    given_ready(SKR_TRANSPORT_HVL, 0U, 0U);

    CHECK(device.offset <= (MODEL_CONSOLE_BLOCK - MODEL_MEMORY_OFFSET));
    CHECK_EQUAL(device.virtq[RX].desc, 0U);
    CHECK_EQUAL(device.virtq[RX].used, 4096U);
    CHECK_EQUAL(device.virtq[TX].desc % 4096U, 0U);
}

/* ADV-P01. [utest->dsn~device.timeouts~1] technique: fault injection, boundary value, tick wrap */
static void test_device_step_hvl_queue_never_taken_times_out_to_the_tick(void)
{
    for (size_t k = 0U; k < BEGINS; k++) {
        given(SKR_TRANSPORT_HVL, 0U);
        model.faults.ack_never = true;
        started(begins[k]);
        CHECK_EQUAL(run(begins[k]), SKR_AGAIN);
        CHECK_EQUAL(device.state, SKR_DEVICE_QUEUE_ANSWER);
        times_out_exactly(SKR_CAUSE_QUEUE_TIMEOUT);
        failed_bit_is(false);
    }
}

/* ADV-P01. [utest->dsn~device.step~1] technique: fault injection; anything but page and acknowledgement is an answer, a bad one */
static void test_device_step_wrong_answer_to_queue_is_refused(void)
{
    for (size_t i = 0U; i < 3U; i++) {
        given(kinds[i], 0U);
        model.faults.queue_ready_never = true;
        model.faults.ack_wrong = true;
        model.faults.ack = 0xAABBAABAU;
        started(0U);
        CHECK_EQUAL(run(0U), SKR_FAULT);
        failed_with(SKR_CAUSE_QUEUE_ANSWER);
        CHECK_EQUAL(device.placed, 1U);
        failed_bit_is(kinds[i] != SKR_TRANSPORT_HVL);
    }
}

/* ADV-P01. [utest->dsn~device.step~1] technique: fault injection; an acknowledgement before the question does not count */
static void test_device_step_hvl_acknowledgement_before_the_page_does_not_count(void)
{
    const uint32_t early = MODEL_PFN_ACK;

    given(SKR_TRANSPORT_HVL, 0U);
    model.faults.ack_passes = 1U;
    memcpy(&model.block[SKR_REG_QUEUE_PFN], &early, sizeof early);
    started(0U);
    (void)run_to(SKR_DEVICE_QUEUE_ANSWER, 0U);
    CHECK_EQUAL(step(1U), SKR_AGAIN);
    CHECK_EQUAL(device.state, SKR_DEVICE_QUEUE_ANSWER);
    CHECK_EQUAL(step(SKR_TICKS_KICK), SKR_AGAIN);     /* rings again: a second pass, the answer */
    CHECK_EQUAL(step(SKR_TICKS_KICK + 1U), SKR_AGAIN);
    CHECK_EQUAL(device.state, SKR_DEVICE_QUEUE_SIZE);
    CHECK_EQUAL(device.placed, 1U);
}

/* --- fences --- */

/* ADV-P01, P07. [utest->dsn~device.fence~1] [utest->dsn~device.timeouts~1] technique: fault injection at each fence */
static void test_device_step_hvl_fence_never_passed_times_out_to_the_tick(void)
{
    static const skr_device_state_t states[] = { SKR_DEVICE_RESET, SKR_DEVICE_DRIVER, SKR_DEVICE_NEGOTIATE,
                                                 SKR_DEVICE_QUEUE_SIZE, SKR_DEVICE_QUEUE_START, SKR_DEVICE_FILL };

    for (size_t s = 0U; s < (sizeof states / sizeof states[0]); s++) {
        for (size_t k = 0U; k < BEGINS; k++) {
            given(SKR_TRANSPORT_HVL, 0U);
            started(begins[k]);
            (void)run_to(states[s], begins[k]);
            CHECK_EQUAL(device.fences, 2U);
            model.faults.fence_never = true;
            times_out_exactly(SKR_CAUSE_FENCE_TIMEOUT);
            CHECK_EQUAL(device.placed, (s < 4U) ? 0U : (s == 4U) ? 1U : 2U);
        }
    }
}

/* [utest->dsn~device.fence~1] technique: interface; the next word waits for two whole passes */
static void test_device_step_hvl_next_state_waits_for_two_passes(void)
{
    given(SKR_TRANSPORT_HVL, 0U);
    started(0U);
    (void)run_to(SKR_DEVICE_DRIVER, 0U); /* status 1 written, the first fence planted */
    model.manual = true;
    for (uint32_t pass = 0U; pass < 2U; pass++) {
        CHECK_EQUAL(device.fences, 2U - pass);
        CHECK_EQUAL(step((3U * pass) + 1U), SKR_AGAIN);
        CHECK_EQUAL(step((3U * pass) + 2U), SKR_AGAIN);
        CHECK_EQUAL(device.state, SKR_DEVICE_DRIVER);
        CHECK_EQUAL(watched.statuses, 1U);
        model_pass(&model);
        CHECK_EQUAL(step((3U * pass) + 3U), SKR_AGAIN);
    }
    CHECK_EQUAL(device.fences, 0U);
    CHECK_EQUAL(step(7U), SKR_AGAIN);
    settle();
    CHECK_EQUAL(watched.statuses, 2U);
}

/* ADV-P07, B14 of the PMM. [utest->dsn~device.kick~1] technique: fault injection; a lost doorbell is repeated, to the tick */
static void test_device_step_hvl_lost_doorbell_is_repeated_on_the_tick(void)
{
    for (size_t k = 0U; k < BEGINS; k++) {
        given(SKR_TRANSPORT_HVL, 0U);
        model.faults.deaf = true;
        started(begins[k]);
        (void)step(begins[k]);
        CHECK_EQUAL(hook_doorbells(), 1U);
        CHECK_EQUAL(step(begins[k] + SKR_TICKS_KICK - 1U), SKR_AGAIN);
        CHECK_EQUAL(hook_doorbells(), 1U);
        CHECK_EQUAL(step(begins[k] + SKR_TICKS_KICK), SKR_AGAIN);
        CHECK_EQUAL(hook_doorbells(), 2U);
        CHECK_EQUAL(step(begins[k] + SKR_TICKS_KICK), SKR_AGAIN);
        CHECK_EQUAL(hook_doorbells(), 2U);
        CHECK_EQUAL(device.counters.kicks_repeated, 1U);
    }
}

/* ADV-P07. [utest->dsn~device.fence~1] technique: equivalence class; seconds of sleep cost time and nothing else */
static void test_device_step_hvl_pmm_asleep_for_seconds_is_waited_for(void)
{
    given(SKR_TRANSPORT_HVL, 0U);
    model.faults.deaf = true;
    started(0U);
    for (uint32_t now = 0U; now < (SKR_TICKS_SETUP - SKR_TICKS_KICK); now++) {
        CHECK_EQUAL(step(now), SKR_AGAIN);
    }
    model.faults.deaf = false;
    CHECK_EQUAL(step(SKR_TICKS_SETUP - 1U), SKR_AGAIN);
    CHECK_EQUAL(run(SKR_TICKS_SETUP - 1U), SKR_OK);
}

/* --- attach --- */

/* Take one buffer of the transmit ring to the device. */
static void transmit_one(uint8_t byte)
{
    const uint16_t id = skr_virtq_take(&device.virtq[TX]);

    skr_shm_copy_out(transport.memory, skr_virtq_buffer(&device.virtq[TX], id), &byte, 1U);
    skr_virtq_add(&device.virtq[TX], id, 1U);
    skr_device_flush(&device, TX);
}

/* Restart of the island; B1 of the PMM. [utest->dsn~device.attach~1] technique: interface; no register is written */
static void test_device_step_hvl_running_device_is_attached_to(void)
{
    uint8_t got[TX_BYTES];

    given_ready(SKR_TRANSPORT_HVL, SKR_OPTION_EVENT_IDX, 0U);
    CHECK(model_receive(&model, RX, "a", 1U));      /* returned and never seen by the first life */
    transmit_one(0x55U);                            /* still with the device */
    const skr_virtq_t rx = device.virtq[RX];
    const skr_virtq_t tx = device.virtq[TX];

    memset(&device, 0xA5, sizeof device);
    plan(&device);
    clear_watch();
    started(1000U);
    CHECK_EQUAL(run(1000U), SKR_OK);

    CHECK_EQUAL(device.attached, 1U);
    CHECK_EQUAL(device.status, 7U);
    CHECK_EQUAL(watched.statuses, 0U);
    CHECK_EQUAL(watched.writes, 2U); /* the fence that proves the page, twice; nothing else */
    CHECK_EQUAL(device.virtq[RX].desc, rx.desc);
    CHECK_EQUAL(device.virtq[TX].buffers, tx.buffers);
    CHECK_EQUAL(device.virtq[RX].outstanding, RX_COUNT);
    CHECK_EQUAL(device.virtq[TX].outstanding, 1U);
    CHECK_EQUAL(model_transmit(&model, TX, got, sizeof got), 1);
    CHECK_EQUAL(got[0], 0x55U);
    CHECK_EQUAL(skr_device_pop(&device, TX), SKR_OK);
    CHECK(model_receive(&model, RX, "b", 1U));
    REQUIRE_EQUAL(skr_device_pop(&device, RX), SKR_OK);
    CHECK_EQUAL(transport.memory[skr_virtq_buffer(&device.virtq[RX], device.virtq[RX].popped)], 'b');
    CHECK_EQUAL(model.breaches, 0U);
}

/* [utest->dsn~device.attach~1] technique: equivalence class; bits above the known ones do not hide a running device */
static void test_device_step_hvl_running_device_with_tolerated_bits_is_attached_to(void)
{
    given_ready(SKR_TRANSPORT_HVL, 0U, 0U);
    model.faults.status_or = 0x30U;
    started(10U);
    CHECK_EQUAL(run(10U), SKR_OK);
    CHECK_EQUAL(device.attached, 1U);
}

/* SKR-ANO-002. [utest->dsn~device.attach~1] technique: fault injection; only a PMM that resets helps out of broken rings */
static void test_device_step_hvl_broken_rings_are_left_behind_where_the_pmm_resets(void)
{
    for (uint32_t resets = 0U; resets <= 1U; resets++) {
        given(SKR_TRANSPORT_HVL, (resets != 0U) ? SKR_OPTION_PMM_RESETS : 0U);
        model.pmm = (resets != 0U) ? MODEL_PMM_RESETS : MODEL_PMM_FIXED_SIZE;
        started(0U);
        REQUIRE_EQUAL(run(0U), SKR_OK);
        model_raw_used_idx(&model, RX, (uint16_t)(RX_COUNT + 1U));
        REQUIRE_EQUAL(skr_device_pop(&device, RX), SKR_FAULT);
        failed_with(SKR_CAUSE_USED_INDEX);
        for (uint32_t life = 0U; life < 2U; life++) {
            started(10U);
            if (resets != 0U) {
                CHECK_EQUAL(run(10U), SKR_OK);
                CHECK_EQUAL(device.attached, 0U);
                CHECK_EQUAL(device.virtq[RX].outstanding, RX_COUNT);
                CHECK_EQUAL(model.resets, life + 1U);
            } else {
                CHECK_EQUAL(run(10U), SKR_FAULT);
                failed_with(SKR_CAUSE_ATTACH);
            }
        }
        CHECK_EQUAL(model.breaches, 0U);
    }
}

/* B6 of the PMM. [utest->dsn~device.attach~1] technique: equivalence class; EVENT_IDX is taken over as it was negotiated */
static void test_device_step_hvl_attach_takes_over_the_features(void)
{
    given(SKR_TRANSPORT_HVL, SKR_OPTION_EVENT_IDX);
    model.offered = SKR_F_EVENT_IDX | FEATURE | (1ULL << 26U);
    model_restart(&model);
    started(0U);
    CHECK_EQUAL(run(0U), SKR_OK);
    plan(&device);
    started(0U);
    CHECK_EQUAL(run(0U), SKR_OK);
    CHECK_EQUAL(device.attached, 1U);
    CHECK_EQUAL(device.features, SKR_F_EVENT_IDX | FEATURE);
    CHECK_EQUAL(device.virtq[TX].event_idx, 1U);
}

/* [utest->dsn~device.attach~1] technique: fault injection, each ring; contradicting indices are refused */
static void test_device_step_hvl_contradicting_rings_are_refused(void)
{
    for (uint32_t q = 0U; q < 2U; q++) {
        given_ready(SKR_TRANSPORT_HVL, 0U, 0U);
        model_raw_used_idx(&model, q, 0x8000U);
        started(0U);
        CHECK_EQUAL(run(0U), SKR_FAULT);
        CHECK_EQUAL(device.placed, q);
        failed_with(SKR_CAUSE_ATTACH);
        failed_bit_is(false);
    }
}

/* [utest->dsn~device.attach~1] technique: fault injection; the size dictated has changed to an unusable one */
static void test_device_step_hvl_attach_with_unusable_size_is_refused(void)
{
    const uint32_t size = 100U;

    given_ready(SKR_TRANSPORT_HVL, 0U, 0U);
    memcpy(&model.block[SKR_REG_QUEUE_SIZE_MAX], &size, sizeof size);
    started(0U);
    CHECK_EQUAL(run(0U), SKR_FAULT);
    failed_with(SKR_CAUSE_QUEUE_SIZE);
}

/* [utest->dsn~device.attach~1] technique: fault injection; the size dictated has grown beyond what the window holds */
static void test_device_step_hvl_attach_with_rings_beyond_the_window_is_refused(void)
{
    given_ready(SKR_TRANSPORT_HVL, 0U, 0U);
    device.transport.memory_size = device.offset - 1U;
    started(0U);
    CHECK_EQUAL(run(0U), SKR_FAULT);
    failed_with(SKR_CAUSE_MEMORY_SIZE);
}

/* --- running --- */

/* ADV-T09. [utest->dsn~device.watch~1] technique: each class of the status, over each transport */
static void test_device_step_status_is_judged_while_running(void)
{
    static const struct {
        uint32_t status; /* low bits 0x0F: replaced by those of a running device where `keep` is set */
        bool keep;
        skr_cause_t cause;
    } row[] = {
        { 0x00U, true, SKR_CAUSE_NONE },          { 0x10U, true, SKR_CAUSE_NONE },         { 0x20U, true, SKR_CAUSE_NONE },
        { 0x30U, true, SKR_CAUSE_NONE },          { 0x40U, true, SKR_CAUSE_NEEDS_RESET },  { 0xFFU, false, SKR_CAUSE_NEEDS_RESET },
        { 0x00U, false, SKR_CAUSE_STATUS_LOST },  { 0x80U, true, SKR_CAUSE_STATUS_LOST },  { 0x03U, false, SKR_CAUSE_STATUS_LOST },
        { 0x40U, false, SKR_CAUSE_NEEDS_RESET },
    };

    for (size_t i = 0U; i < 3U; i++) {
        for (size_t k = 0U; k < (sizeof row / sizeof row[0]); k++) {
            given_ready(kinds[i], 0U, 0U);
            model.faults.status_wrong = true;
            model.faults.status = row[k].status | (row[k].keep ? device.status : 0U);
            CHECK_EQUAL(step(SKR_TICKS_WATCH), (row[k].cause == SKR_CAUSE_NONE) ? SKR_OK : SKR_FAULT);
            CHECK_EQUAL(device.cause, row[k].cause);
            if (row[k].cause != SKR_CAUSE_NONE) {
                failed_with(row[k].cause);
                failed_bit_is(kinds[i] != SKR_TRANSPORT_HVL);
            }
        }
    }
}

/* [utest->dsn~device.watch~1] technique: boundary value, tick wrap; nothing is looked at in between */
static void test_device_step_running_device_is_looked_at_on_the_tick(void)
{
    for (size_t i = 0U; i < 3U; i++) {
        for (size_t k = 0U; k < BEGINS; k++) {
            given_ready(kinds[i], 0U, begins[k]);
            hook_count_from_here();
            CHECK_EQUAL(step(begins[k] + SKR_TICKS_WATCH - 1U), SKR_OK);
            CHECK_EQUAL(hook_reads() + hook_writes(), 0U);
            CHECK_EQUAL(step(begins[k] + SKR_TICKS_WATCH), SKR_OK);
            CHECK_EQUAL(hook_reads() + hook_writes(), (kinds[i] == SKR_TRANSPORT_HVL) ? 2U : 1U);
            CHECK_EQUAL(step(begins[k] + (2U * SKR_TICKS_WATCH) - 1U), SKR_OK);
            CHECK_EQUAL(hook_reads() + hook_writes(), (kinds[i] == SKR_TRANSPORT_HVL) ? 2U : 1U);
        }
    }
}

/* ADV-P04. [utest->dsn~device.watch~1] technique: fault injection; the PMM is wiping, or has started anew */
static void test_device_step_hvl_pmm_restart_is_noticed(void)
{
    given_ready(SKR_TRANSPORT_HVL, 0U, 0U);
    model_wipe(&model);
    CHECK_EQUAL(step(SKR_TICKS_WATCH), SKR_FAULT);
    failed_with(SKR_CAUSE_IDENTITY_LOST);

    given_ready(SKR_TRANSPORT_HVL, 0U, 0U);
    model_restart(&model);
    CHECK_EQUAL(step(SKR_TICKS_WATCH), SKR_FAULT);
    failed_with(SKR_CAUSE_STATUS_LOST);
    started(1000U);
    CHECK_EQUAL(run(1000U), SKR_OK);
    CHECK_EQUAL(device.attached, 0U);
    CHECK_EQUAL(model_waiting(&model, RX), RX_COUNT);
    CHECK_EQUAL(model.breaches, 0U);
}

/* ADV-P05. [utest->dsn~device.watch~1] technique: fault injection; the rest of the page decides nothing while running */
static void test_device_step_hvl_page_rewritten_while_running_has_no_effect(void)
{
    given_ready(SKR_TRANSPORT_HVL, 0U, 0U);
    for (uint32_t offset = 4U; offset < 0x100U; offset += 4U) {
        if ((offset != SKR_REG_STATUS) && (offset != SKR_REG_INTERRUPT_ACK) && (offset != SKR_REG_DRIVER_FEATURES)) {
            memset(&model.block[offset], 0xFF, 4U);
        }
    }
    CHECK_EQUAL(step(SKR_TICKS_WATCH), SKR_OK);
    CHECK_EQUAL(step(SKR_TICKS_KICK), SKR_OK);
    CHECK_EQUAL(device.virtq[RX].size, 128U);
    CHECK_EQUAL(device.queues, 2U);
}

/* ADV-P02, Q19. [utest->dsn~device.kick~1] technique: boundary value, tick wrap; each queue that the device holds, or one doorbell */
static void test_device_step_outstanding_buffers_are_kicked_again_on_the_tick(void)
{
    for (size_t i = 0U; i < 3U; i++) {
        for (size_t k = 0U; k < BEGINS; k++) {
            const bool hvl = kinds[i] == SKR_TRANSPORT_HVL;
            const uint32_t begin = begins[k];

            given_ready(kinds[i], 0U, begin);
            transmit_one(1U);
            model_run(&model);
            const uint32_t bells = hook_doorbells();
            const uint32_t rx = model.notifies[RX];
            const uint32_t tx = model.notifies[TX];
            CHECK_EQUAL(step(begin + SKR_TICKS_KICK - 1U), SKR_OK);
            model_run(&model);
            CHECK_EQUAL(hook_doorbells() + model.notifies[RX] + model.notifies[TX], bells + rx + tx);
            CHECK_EQUAL(step(begin + SKR_TICKS_KICK), SKR_OK);
            model_run(&model);
            CHECK_EQUAL(hook_doorbells(), bells + (hvl ? 1U : 0U));
            CHECK_EQUAL(model.notifies[RX], rx + (hvl ? 0U : 1U));
            CHECK_EQUAL(model.notifies[TX], tx + (hvl ? 0U : 1U));
            CHECK_EQUAL(device.counters.kicks_repeated, hvl ? 1U : 2U);
            CHECK_EQUAL(step(begin + SKR_TICKS_KICK + 1U), SKR_OK);
            CHECK_EQUAL(device.counters.kicks_repeated, hvl ? 1U : 2U);
        }
    }
}

/* [utest->dsn~device.kick~1] technique: equivalence class; with nothing outstanding nobody is disturbed */
static void test_device_step_nothing_outstanding_is_not_kicked(void)
{
    given_ready(SKR_TRANSPORT_HVL, 0U, 0U);
    for (uint32_t i = 0U; i < RX_COUNT; i++) {
        CHECK(model_receive(&model, RX, "x", 1U));
        CHECK_EQUAL(skr_device_pop(&device, RX), SKR_OK);
    }
    const uint32_t bells = hook_doorbells();
    CHECK_EQUAL(step(SKR_TICKS_KICK), SKR_OK);
    CHECK_EQUAL(step(10U * SKR_TICKS_KICK), SKR_OK);
    CHECK_EQUAL(hook_doorbells(), bells);
    CHECK_EQUAL(device.counters.kicks_repeated, 0U);
}

/* ADV-T16, T17. [utest->dsn~device.step~1] technique: fault injection; interrupts decide nothing, storms cost nothing */
static void test_device_step_interrupts_at_any_time_change_nothing(void)
{
    for (size_t i = 0U; i < 2U; i++) {
        given(kinds[i], 0U);
        model.interrupts = 3U;
        started(0U);
        for (uint32_t k = 0U; (k < STEPS_MAX) && (device.state != SKR_DEVICE_READY); k++) {
            const skr_device_state_t state = device.state;

            model_run(&model);
            model.interrupts = 3U;
            CHECK_EQUAL(skr_transport_acknowledge(&device.transport), 3U);
            CHECK_EQUAL(device.state, state);
            CHECK(step(0U) != SKR_FAULT);
        }
        CHECK_EQUAL(device.state, SKR_DEVICE_READY);
        CHECK_EQUAL(model.breaches, 0U);
    }
}

/* --- fail --- */

/* [utest->dsn~device.fail~1] technique: state table; FAILED is written once, where a set-up has begun over mmio */
static void test_device_fail_in_any_state_is_latched(void)
{
    for (size_t i = 0U; i < 3U; i++) {
        for (uint32_t steps = 0U; steps < 40U; steps++) {
            given(kinds[i], 0U);
            if (steps != 0U) {
                started(0U);
            }
            for (uint32_t k = 1U; k < steps; k++) {
                (void)step(0U);
            }
            const bool begun = (device.state > SKR_DEVICE_IDENTIFY) && (kinds[i] != SKR_TRANSPORT_HVL);
            model_run(&model);
            hook_count_from_here();
            skr_device_fail(&device, SKR_CAUSE_CID);
            CHECK_EQUAL(hook_reads(), 0U);
            CHECK_EQUAL(hook_writes(), begun ? 1U : 0U);
            failed_with(SKR_CAUSE_CID);
            CHECK_EQUAL((model.status & SKR_STATUS_FAILED) != 0U, begun);
            CHECK_EQUAL(device.counters.faults, 1U);
            status_only_grew(begun ? 1U : 0U);
        }
    }
}

/* --- pop, flush --- */

/* [utest->dsn~device.pop~2] technique: fault injection; each cause of a broken ring */
static void test_device_pop_broken_ring_latches_the_fault(void)
{
    for (size_t i = 0U; i < 3U; i++) {
        for (uint32_t k = 0U; k < 4U; k++) {
            static const skr_cause_t causes[] = { SKR_CAUSE_USED_INDEX, SKR_CAUSE_USED_ID, SKR_CAUSE_USED_TWICE,
                                                  SKR_CAUSE_USED_LENGTH };
            skr_virtq_t *const q = &device.virtq[RX];

            given_ready(kinds[i], 0U, 0U);
            if (k == 0U) {
                model_raw_used_idx(&model, RX, RX_COUNT + 1U);
            } else if (k == 2U) {
                model_raw_push(&model, RX, 0U, 1U);
                model_raw_push(&model, RX, 0U, 1U);
                CHECK_EQUAL(skr_device_pop(&device, RX), SKR_OK);
            } else {
                model_raw_push(&model, RX, (k == 1U) ? RX_COUNT : 0U, (k == 1U) ? 1U : (RX_BYTES + 1U));
            }
            q->popped = 99U;
            q->popped_length = 98U;
            skr_virtq_t before = *q;
            CHECK_EQUAL(skr_device_pop(&device, RX), SKR_FAULT);
            CHECK_EQUAL(q->popped, SKR_VIRTQ_NONE);
            CHECK_EQUAL(q->popped_length, 98U);
            before.popped = SKR_VIRTQ_NONE;
            before.ready = q->ready;
            CHECK_BYTES(q, &before, sizeof before);
            failed_with(causes[k]);
            failed_bit_is(kinds[i] != SKR_TRANSPORT_HVL);
        }
    }
}

/* [utest->dsn~device.pop~2] technique: equivalence class; nothing new is no fault; only this queue's last result is forgotten */
static void test_device_pop_nothing_new_says_again_and_forgets_last_result(void)
{
    for (size_t i = 0U; i < 3U; i++) {
        skr_virtq_t *const rx = &device.virtq[RX];

        given_ready(kinds[i], 0U, 0U);
        CHECK(model_receive(&model, RX, "abc", 3U));
        REQUIRE_EQUAL(skr_device_pop(&device, RX), SKR_OK);
        const uint16_t id = rx->popped;
        CHECK(id < RX_COUNT);
        CHECK_EQUAL(rx->popped_length, 3U);
        skr_virtq_t before = *rx;

        CHECK_EQUAL(skr_device_pop(&device, TX), SKR_AGAIN);
        CHECK_EQUAL(device.virtq[TX].popped, SKR_VIRTQ_NONE);
        CHECK_BYTES(rx, &before, sizeof before);

        CHECK_EQUAL(skr_device_pop(&device, RX), SKR_AGAIN);
        before.popped = SKR_VIRTQ_NONE;
        CHECK_BYTES(rx, &before, sizeof before);
        CHECK_EQUAL(rx->owner[id], SKR_VIRTQ_DRIVER);
        CHECK_EQUAL(device.state, SKR_DEVICE_READY);
        CHECK_EQUAL(device.cause, SKR_CAUSE_NONE);
        CHECK_EQUAL(device.counters.faults, 0U);
    }
}

/* [utest->dsn~device.flush~1] technique: equivalence class */
static void test_device_flush_new_buffer_is_shown_and_kicked(void)
{
    for (size_t i = 0U; i < 3U; i++) {
        const bool hvl = kinds[i] == SKR_TRANSPORT_HVL;

        given_ready(kinds[i], 0U, 0U);
        const uint16_t id = skr_virtq_take(&device.virtq[TX]);
        skr_virtq_add(&device.virtq[TX], id, 1U);
        const uint32_t bells = hook_doorbells();
        (void)step(7U);
        hook_count_from_here();
        skr_device_flush(&device, TX);
        CHECK_TEXT(hook_order(), hvl ? "RwFrD" : "RwFrw");
        model_run(&model);
        CHECK_EQUAL(hook_doorbells() - bells, hvl ? 1U : 0U);
        CHECK_EQUAL(model.notifies[TX], hvl ? 0U : 1U);
        CHECK_EQUAL(device.counters.kicks, 2U);
        CHECK_EQUAL(device.rung, 7U);
        CHECK_EQUAL(model_waiting(&model, TX), 1U);
    }
}

/* [utest->dsn~device.flush~1] technique: equivalence class; nothing added, nothing touched */
static void test_device_flush_nothing_new_touches_nothing(void)
{
    given_ready(SKR_TRANSPORT_HVL, 0U, 0U);
    const uint32_t bells = hook_doorbells();
    hook_count_from_here();
    skr_device_flush(&device, TX);
    CHECK_EQUAL(hook_reads() + hook_writes(), 0U);
    CHECK_EQUAL(hook_doorbells(), bells);
    CHECK_EQUAL(device.counters.kicks_spared, 0U);
}

/* ADV-Q19. [utest->dsn~device.flush~1] technique: equivalence class; a kick not wanted is spared, and made good on the tick */
static void test_device_flush_unwanted_kick_is_spared_until_the_tick(void)
{
    given_ready(SKR_TRANSPORT_MMIO_V2, 0U, 0U);
    model_raw_no_notify(&model, TX, true);
    transmit_one(1U);
    model_run(&model);
    CHECK_EQUAL(model.notifies[TX], 0U);
    CHECK_EQUAL(device.counters.kicks_spared, 1U);
    CHECK_EQUAL(step(SKR_TICKS_KICK), SKR_OK);
    model_run(&model);
    CHECK_EQUAL(model.notifies[TX], 1U);
}

/* --- configuration --- */

/* [utest->dsn~device.read_config~2] technique: equivalence class, both widths */
static void test_device_read_config_gives_both_fields(void)
{
    for (size_t i = 0U; i < 3U; i++) {
        given_ready(kinds[i], 0U, 0U);
        device.field[0] = 0xA5A5A5A5U;
        device.field[1] = 0xA5A5A5A5U;
        hook_count_from_here();
        CHECK_EQUAL(skr_device_read_config(&device, 0U, 2U), SKR_OK);
        CHECK_EQUAL(device.field[0], 80U);
        CHECK_EQUAL(device.field[1], 24U);
        CHECK_EQUAL(hook_reads(), (kinds[i] == SKR_TRANSPORT_MMIO_V2) ? 6U : 4U);
        CHECK_EQUAL(hook_writes(), 0U);
        CHECK_EQUAL(skr_device_read_config(&device, 4U, 4U), SKR_OK);
        CHECK_EQUAL(device.field[0], 1U);
        CHECK_EQUAL(device.field[1], 0U);
        CHECK_EQUAL(device.counters.config_retries, 0U);
    }
}

/* ADV-T10. [utest->dsn~device.read_config~2] technique: fault injection; a bounded number of tries */
static void test_device_read_config_that_never_rests_is_given_up(void)
{
    for (size_t i = 0U; i < 3U; i++) {
        given_ready(kinds[i], 0U, 0U);
        device.field[0] = 1U;
        device.field[1] = 2U;
        model.faults.config_restless = true;
        hook_count_from_here();
        CHECK_EQUAL(skr_device_read_config(&device, 0U, 4U), SKR_AGAIN);
        CHECK_EQUAL(device.field[0], 1U);
        CHECK_EQUAL(device.field[1], 2U);
        CHECK(hook_reads() <= (6U * SKR_CONFIG_TRIES));
        CHECK_EQUAL(device.counters.config_retries, SKR_CONFIG_TRIES);
        model.faults.config_restless = false;
        CHECK_EQUAL(skr_device_read_config(&device, 0U, 4U), SKR_OK);
    }
}

/* ADV-T10. [utest->dsn~device.read_config~2] technique: fault injection; one change before each of the reads of a try */
static void test_device_read_config_changed_in_between_is_read_again(void)
{
    static const uint32_t at[] = { 4U, 5U, 6U };

    for (size_t k = 0U; k < 3U; k++) {
        given_ready(SKR_TRANSPORT_MMIO_V2, 0U, 0U);
        device.field[0] = 0U;
        device.field[1] = 0U;
        /* read 1 generation, 2 and 3 the fields, 4 and 5 again, 6 generation; the model shows before it, the poke comes last */
        if (k == 2U) {
            const uint32_t generation = 5U;
            hook_poke_at(at[k], &model.block[SKR_REG_GENERATION], &generation, 4U);
        } else {
            const uint32_t field = 0x12345678U;
            hook_poke_at(at[k], &model.block[0x100U + (4U * k)], &field, 4U);
        }
        CHECK_EQUAL(skr_device_read_config(&device, 0U, 4U), SKR_OK);
        CHECK(hook_poked());
        CHECK_EQUAL(device.counters.config_retries, 1U);
        CHECK_EQUAL(device.field[0], 80U | (24U << 16U));
        CHECK_EQUAL(device.field[1], 1U);
    }
}

/* --- ticks --- */

/* [utest->dsn~device.timeouts~1] technique: boundary value */
static void test_device_passed_is_exact_over_the_wrap(void)
{
    CHECK(!skr_passed(99U, 0U, 100U));
    CHECK(skr_passed(100U, 0U, 100U));
    CHECK(!skr_passed(4U, 0xFFFFFFFFU, 6U));
    CHECK(skr_passed(5U, 0xFFFFFFFFU, 6U));
    CHECK(skr_passed(0x80000000U, 0U, 0x40000000U));
}

/* ADV-T04, T09, I5. [utest->dsn~device.step~1] technique: fault injection; each shared read of a set-up shows a wrong word once */
static void test_device_step_any_single_wrong_read_is_bounded_and_contained(void)
{
    static const uint32_t words[] = { 0U, 1U, 0x80000000U, 0xFFFFFFFFU };

    for (size_t i = 0U; i < 3U; i++) {
        for (size_t w = 0U; w < 4U; w++) {
            for (uint32_t steps = 0U; steps < 40U; steps++) {
                given(kinds[i], SKR_OPTION_EVENT_IDX | SKR_OPTION_PMM_RESETS);
                started(0U);
                for (uint32_t k = 0U; k < steps; k++) {
                    (void)step(0U);
                }
                /* whatever is read next from a register in use shows the word, if only once */
                const uint32_t where = (steps % 10U == 0U) ? SKR_REG_STATUS : (steps % 10U == 1U) ? SKR_REG_QUEUE_SIZE_MAX
                    : (steps % 10U == 2U) ? SKR_REG_QUEUE_PFN : (steps % 10U == 3U) ? SKR_REG_QUEUE_READY
                    : (steps % 10U == 4U) ? SKR_REG_DEVICE_FEATURES : (steps % 10U == 5U) ? SKR_REG_MAGIC
                    : (steps % 10U == 6U) ? SKR_REG_INTERRUPT_STATUS : (steps % 10U == 7U) ? SKR_REG_BLOCK_BASE
                    : (steps % 10U == 8U) ? SKR_REG_VERSION : SKR_REG_DEVICE_ID;
                hook_poke_at(1U, &model.block[where], &words[w], 4U);
                for (uint32_t k = 0U; k < STEPS_MAX; k++) {
                    const skr_status_t status = step(k * SKR_TICKS_WATCH);
                    CHECK((status == SKR_OK) == (device.state == SKR_DEVICE_READY));
                    CHECK((status == SKR_FAULT) == (device.state == SKR_DEVICE_FAILED));
                }
                CHECK(device.offset <= transport.memory_size);
                CHECK_EQUAL(watched.pfn_zero, 0U);
            }
        }
    }
}

SKR_SUITE(device,
    SKR_TEST(test_device_init_good_description_is_idle_and_untouched),
    SKR_TEST(test_device_init_bad_description_fails_for_good),
    SKR_TEST(test_device_init_keeps_every_member_of_the_description),
    SKR_TEST(test_device_init_used_context_counts_from_zero),
    SKR_TEST(test_device_plan_queue_keeps_order_and_kind),
    SKR_TEST(test_device_step_before_start_is_refused_and_silent),
    SKR_TEST(test_device_start_in_any_state_begins_anew_untouched),
    SKR_TEST(test_device_step_mmio_v2_sequence_is_that_of_the_standard),
    SKR_TEST(test_device_step_mmio_v1_sequence_is_legacy),
    SKR_TEST(test_device_step_hvl_cold_start_never_resets_and_fences_every_change),
    SKR_TEST(test_device_step_ready_device_carries_data_both_ways),
    SKR_TEST(test_device_step_fill_hands_over_every_receive_buffer),
    SKR_TEST(test_device_start_running_mmio_device_is_reset_and_runs_again),
    SKR_TEST(test_device_start_after_fault_runs_again),
    SKR_TEST(test_device_step_wrong_identity_fails_with_cause_and_without_writing),
    SKR_TEST(test_device_step_hvl_wrong_page_fails_after_the_fence),
    SKR_TEST(test_device_step_hvl_wrong_magic_fails_at_once),
    SKR_TEST(test_device_step_hvl_page_completed_after_its_magic_is_accepted),
    SKR_TEST(test_device_step_hvl_without_pmm_is_silent_to_the_tick),
    SKR_TEST(test_device_step_hvl_pmm_that_comes_late_is_found),
    SKR_TEST(test_device_step_hvl_magic_gone_after_the_fence_is_identity_lost),
    SKR_TEST(test_device_step_reset_that_never_comes_times_out_to_the_tick),
    SKR_TEST(test_device_step_slow_reset_is_waited_for),
    SKR_TEST(test_device_step_hvl_half_setup_is_refused_without_reset),
    SKR_TEST(test_device_step_hvl_half_setup_is_reset_where_the_pmm_can),
    SKR_TEST(test_device_step_hvl_reset_that_never_comes_times_out_to_the_tick),
    SKR_TEST(test_device_step_all_features_offered_only_known_are_accepted),
    SKR_TEST(test_device_step_features_not_offered_are_not_accepted),
    SKR_TEST(test_device_step_mmio_v2_without_version_1_is_refused),
    SKR_TEST(test_device_step_features_ok_taken_back_is_refused),
    SKR_TEST(test_device_step_mmio_queue_size_is_largest_power_of_two),
    SKR_TEST(test_device_step_mmio_small_queue_is_refused),
    SKR_TEST(test_device_step_hvl_queue_size_is_taken_exactly_or_refused),
    SKR_TEST(test_device_step_busy_queue_is_refused),
    SKR_TEST(test_device_step_window_too_small_is_refused),
    SKR_TEST(test_device_step_hvl_console_fits_kvmtools_block),
    SKR_TEST(test_device_step_hvl_queue_never_taken_times_out_to_the_tick),
    SKR_TEST(test_device_step_wrong_answer_to_queue_is_refused),
    SKR_TEST(test_device_step_hvl_acknowledgement_before_the_page_does_not_count),
    SKR_TEST(test_device_step_hvl_fence_never_passed_times_out_to_the_tick),
    SKR_TEST(test_device_step_hvl_next_state_waits_for_two_passes),
    SKR_TEST(test_device_step_hvl_lost_doorbell_is_repeated_on_the_tick),
    SKR_TEST(test_device_step_hvl_pmm_asleep_for_seconds_is_waited_for),
    SKR_TEST(test_device_step_hvl_running_device_is_attached_to),
    SKR_TEST(test_device_step_hvl_running_device_with_tolerated_bits_is_attached_to),
    SKR_TEST(test_device_step_hvl_broken_rings_are_left_behind_where_the_pmm_resets),
    SKR_TEST(test_device_step_hvl_attach_takes_over_the_features),
    SKR_TEST(test_device_step_hvl_contradicting_rings_are_refused),
    SKR_TEST(test_device_step_hvl_attach_with_unusable_size_is_refused),
    SKR_TEST(test_device_step_hvl_attach_with_rings_beyond_the_window_is_refused),
    SKR_TEST(test_device_step_status_is_judged_while_running),
    SKR_TEST(test_device_step_running_device_is_looked_at_on_the_tick),
    SKR_TEST(test_device_step_hvl_pmm_restart_is_noticed),
    SKR_TEST(test_device_step_hvl_page_rewritten_while_running_has_no_effect),
    SKR_TEST(test_device_step_outstanding_buffers_are_kicked_again_on_the_tick),
    SKR_TEST(test_device_step_nothing_outstanding_is_not_kicked),
    SKR_TEST(test_device_step_interrupts_at_any_time_change_nothing),
    SKR_TEST(test_device_fail_in_any_state_is_latched),
    SKR_TEST(test_device_pop_broken_ring_latches_the_fault),
    SKR_TEST(test_device_pop_nothing_new_says_again_and_forgets_last_result),
    SKR_TEST(test_device_flush_new_buffer_is_shown_and_kicked),
    SKR_TEST(test_device_flush_nothing_new_touches_nothing),
    SKR_TEST(test_device_flush_unwanted_kick_is_spared_until_the_tick),
    SKR_TEST(test_device_read_config_gives_both_fields),
    SKR_TEST(test_device_read_config_that_never_rests_is_given_up),
    SKR_TEST(test_device_read_config_changed_in_between_is_read_again),
    SKR_TEST(test_device_passed_is_exact_over_the_wrap),
    SKR_TEST(test_device_step_any_single_wrong_read_is_bounded_and_contained))
