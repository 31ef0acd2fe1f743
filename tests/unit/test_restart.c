/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Console and vsock over virtio-mmio when one side, or both, begin anew, and when the tick jumps. What kvmtool's PMM does in the same
 * cases is in test_kvmtool.c; which case is tested where, in spec/kvmtool.md.
 */
#include "skerry/console.h"
#include "vsock_island.h"

#define PORT 7U
#define STEPS_UP 400U

static const skr_transport_kind_t kinds[] = { SKR_TRANSPORT_MMIO_V2, SKR_TRANSPORT_MMIO_V1, SKR_TRANSPORT_HVL };
#define KINDS (sizeof kinds / sizeof kinds[0])
#define MMIO_KINDS 2U /* the first of them */

static island_t a;       /* vsock */
static model_t terminal; /* console */
static skr_console_t console;
static skr_status_t of_vsock;
static skr_status_t of_console;
static model_t saved;
static uint32_t host_port;

static void new_program(void)
{
    const skr_transport_t v = model_transport(&a.model);
    const skr_transport_t c = model_transport(&terminal);

    memset(&a.v, 0x5A, sizeof a.v);
    memset(&console, 0x5A, sizeof console);
    REQUIRE_EQUAL(skr_vsock_init(&a.v, &v, a.now), SKR_OK);
    REQUIRE_EQUAL(skr_console_init(&console, &c), SKR_OK);
}

static void start_both(void)
{
    REQUIRE_EQUAL(skr_vsock_start(&a.v, a.now), SKR_OK);
    REQUIRE_EQUAL(skr_console_start(&console, a.now), SKR_OK);
    of_vsock = SKR_AGAIN;
    of_console = SKR_AGAIN;
}

static void step_both(void)
{
    of_vsock = island_step(&a);
    of_console = skr_console_step(&console, a.now);
}

static void settle(void)
{
    for (uint32_t i = 0U; (i < STEPS_UP) && ((of_vsock == SKR_AGAIN) || (of_console == SKR_AGAIN)); i++) {
        step_both();
    }
}

static void come_up(void)
{
    settle();
    REQUIRE_EQUAL(of_vsock, SKR_OK);
    REQUIRE_EQUAL(of_console, SKR_OK);
}

static void given(skr_transport_kind_t kind)
{
    hook_reset();
    island_open(&a, kind, false, 0U);
    model_open(&terminal, kind, SKR_DEVICE_ID_CONSOLE);
    new_program();
    start_both();
}

/* Data both ways on both devices. */
static void then_both_work(void)
{
    uint8_t data[SKR_CONSOLE_TX_BYTES];
    uint32_t count = 0U;

    (void)peer_drain(&a.peer);
    host_port++;
    const skr_vsock_handle_t handle = island_accept(&a, PORT, host_port);
    CHECK(peer_send_data(&a.peer, host_port, PORT, "ping", 4U));
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(island_recv(&a, handle, data, sizeof data, &count), SKR_OK);
    CHECK_EQUAL(count, 4U);
    CHECK_BYTES(data, "ping", 4U);
    CHECK_EQUAL(island_send(&a, handle, 100U, &count), SKR_OK);
    CHECK_EQUAL(count, 100U);
    CHECK(peer_drain_op(&a.peer, SKR_VSOCK_OP_RW) == 1U);
    CHECK_EQUAL(skr_vsock_reset(&a.v, handle), SKR_OK);
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK(peer_drain_op(&a.peer, SKR_VSOCK_OP_RST) == 1U);

    while (model_transmit(&terminal, SKR_CONSOLE_TX, data, sizeof data) >= 0) {
        /* text of an earlier life */
    }
    CHECK_EQUAL(skr_console_write(&console, (const uint8_t *)"text", 4U, &count), SKR_OK);
    CHECK_EQUAL(model_transmit(&terminal, SKR_CONSOLE_TX, data, sizeof data), 4);
    CHECK_BYTES(data, "text", 4U);
    CHECK(model_receive(&terminal, SKR_CONSOLE_RX, "key", 3U));
    CHECK_EQUAL(skr_console_read(&console, data, sizeof data, &count), SKR_OK);
    CHECK_BYTES(data, "key", 3U);
}

/* Both are given up; nothing but a start touches anything again. */
static void then_only_start_helps(void)
{
    uint8_t byte = 0U;
    uint32_t count = 0U;

    REQUIRE_EQUAL(of_vsock, SKR_FAULT);
    REQUIRE_EQUAL(of_console, SKR_FAULT);
    then_every_call_faults(&a, 1U, PORT);
    CHECK_EQUAL(skr_console_step(&console, a.now + 100000U), SKR_FAULT);
    CHECK_EQUAL(skr_console_write(&console, &byte, 1U, &count), SKR_FAULT);
    CHECK_EQUAL(skr_console_read(&console, &byte, 1U, &count), SKR_FAULT);
    CHECK_EQUAL(skr_console_emergency(&console, 'e'), SKR_FAULT);
    CHECK_EQUAL(skr_console_acknowledge(&console), 0U);
    CHECK_TEXT(hook_order(), "");
}

static void then_start_helps(void)
{
    start_both();
    come_up();
    then_both_work();
    CHECK(!a.model.dead);
    CHECK(!terminal.dead);
}

/* Leave something under way in each direction. */
static void given_data_under_way(void)
{
    uint32_t count = 0U;

    host_port++;
    const skr_vsock_handle_t handle = island_accept(&a, PORT, host_port);
    CHECK_EQUAL(island_send(&a, handle, 100U, &count), SKR_OK);
    CHECK(peer_send_data(&a.peer, host_port, PORT, "unread", 6U));
    CHECK_EQUAL(skr_console_write(&console, (const uint8_t *)"under way", 9U, &count), SKR_OK);
    CHECK(model_receive(&terminal, SKR_CONSOLE_RX, "unread", 6U));
}

/* [utest->dsn~device.start~1] [utest->dsn~vsock.start~1] [utest->dsn~console.start~1] technique: scenario; data under way */
static void test_restart_island_alone_begins_anew_and_works(void)
{
    for (size_t k = 0U; k < MMIO_KINDS; k++) {
        for (uint32_t anew = 0U; anew < 2U; anew++) { /* the same program, or one that knows nothing */
            given(kinds[k]);
            come_up();
            given_data_under_way();
            const uint32_t resets = a.model.resets;
            if (anew != 0U) {
                new_program();
            }

            start_both();
            come_up();

            CHECK_EQUAL(a.model.resets, resets + 1U);
            CHECK(peer_drain(&a.peer) == 0U); /* nothing of the earlier life goes out */
            then_both_work();
            CHECK_EQUAL(a.model.breaches, 0U);
            CHECK_EQUAL(terminal.breaches, 0U);
        }
    }
}

/* The device as it was just before one access of the island. */
static void snapshot_at(void *context, const hook_access_t *access)
{
    const uint32_t *number = context;

    if (access->number == *number) {
        saved = a.model;
        saved.write_pending = false; /* it will not come */
    }
}

/* [utest->dsn~device.start~1] [utest->dsn~device.sequence~1] technique: sweep; the island dies before each single access */
static void test_restart_island_dies_at_each_access_of_a_set_up(void)
{
    for (size_t k = 0U; k < MMIO_KINDS; k++) {
        bool over = false;

        for (uint32_t at = 1U; !over; at++) {
            REQUIRE_EQUAL(at < 20000U, true);
            given(kinds[k]);
            saved.resets = 0xFFFFFFFFU;
            hook_count_from_here();
            const uint32_t number = at;
            hook_script(snapshot_at, (void *)&number);
            settle();
            hook_script(NULL, NULL);
            over = saved.resets == 0xFFFFFFFFU; /* the set-up has fewer accesses */
            if (!over) {
                a.model = saved;
            }
            new_program();
            then_start_helps();
            CHECK_EQUAL(a.model.breaches, 0U);
        }
    }
}

/* [utest->dsn~device.watch~2] technique: fault injection; the device begins anew under a running island */
static void test_restart_device_reset_underneath_is_seen_and_start_helps(void)
{
    for (size_t k = 0U; k < MMIO_KINDS; k++) {
        given(kinds[k]);
        come_up();
        given_data_under_way();
        model_restart(&a.model);
        model_restart(&terminal);
        a.now += SKR_TICKS_WATCH;
        step_both();

        CHECK_EQUAL(skr_vsock_cause(&a.v), SKR_CAUSE_STATUS_LOST);
        CHECK_EQUAL(skr_console_cause(&console), SKR_CAUSE_STATUS_LOST);
        then_only_start_helps();
        then_start_helps();
    }
}

/* [utest->dsn~device.watch~2] technique: sweep; the device begins anew between any two steps of a set-up */
static void test_restart_device_reset_during_a_set_up_is_seen(void)
{
    for (size_t k = 0U; k < MMIO_KINDS; k++) {
        uint32_t seen = 0U;

        for (uint32_t at = 0U; at < 30U; at++) {
            given(kinds[k]);
            for (uint32_t i = 0U; i < at; i++) {
                step_both();
            }
            model_restart(&a.model);
            model_restart(&terminal);
            settle();
            if (of_vsock == SKR_OK) { /* begun anew in time, or running and not looked at yet */
                a.now += SKR_TICKS_WATCH;
                step_both();
            }

            if (of_vsock == SKR_FAULT) {
                CHECK((skr_vsock_cause(&a.v) == SKR_CAUSE_STATUS_LOST) || (skr_vsock_cause(&a.v) == SKR_CAUSE_FEATURES));
                seen++;
                start_both();
                come_up();
            }
            if (of_console == SKR_FAULT) {
                start_both();
                come_up();
            }
            then_both_work();
        }
        CHECK(seen >= 10U);
    }
}

/* [utest->dsn~device.start~1] [utest->dsn~device.watch~2] technique: scenario; a new program meets a new device */
static void test_restart_both_sides_at_once(void)
{
    for (size_t k = 0U; k < MMIO_KINDS; k++) {
        for (uint32_t at = 0U; at < 30U; at++) {
            given(kinds[k]);
            for (uint32_t i = 0U; i < at; i++) {
                step_both();
            }
            model_restart(&a.model);
            model_restart(&terminal);
            new_program();

            then_start_helps();
            CHECK_EQUAL(a.model.breaches, 0U);
        }
    }
}

/* [utest->dsn~device.watch~2] technique: fault injection; asked for by a running device, and in each step of a set-up */
static void test_restart_needs_reset_is_a_fault_and_start_helps(void)
{
    for (size_t k = 0U; k < KINDS; k++) {
        uint32_t told = 0U;

        for (uint32_t at = 0U; at < 80U; at += (k < MMIO_KINDS) ? 1U : 5U) {
            given(kinds[k]);
            for (uint32_t i = 0U; i < at; i++) {
                step_both();
            }
            a.model.faults.status_or = SKR_STATUS_NEEDS_RESET;
            terminal.faults.status_or = SKR_STATUS_NEEDS_RESET;
            settle();
            a.now += SKR_TICKS_SETUP; /* a reset that does not come */
            settle();
            step_both();

            told += (skr_vsock_cause(&a.v) == SKR_CAUSE_NEEDS_RESET) ? 1U : 0U;
            then_only_start_helps();
            a.model.faults.status_or = 0U;
            terminal.faults.status_or = 0U;
            if (kinds[k] == SKR_TRANSPORT_HVL) { /* this PMM has no reset but its own */
                model_restart(&a.model);
                model_restart(&terminal);
            }
            then_start_helps();
        }
        CHECK(told != 0U);
    }
}

/* [utest->dsn~device.step~1] [utest->dsn~vsock.step~1] technique: boundary value; the tick jumps, stands or runs back */
static void test_restart_tick_that_jumps_costs_no_more_than_a_start(void)
{
    static const uint32_t jump[] = { 0x80000000U, 0x7FFFFFFFU, 0xFFFFFFFFU, 0xFFFF0000U, 0U };

    for (size_t k = 0U; k < KINDS; k++) {
        for (size_t j = 0U; j < (sizeof jump / sizeof jump[0]); j++) {
            for (uint32_t at = 0U; at < 80U; at += 4U) {
                given(kinds[k]);
                for (uint32_t i = 0U; i < at; i++) {
                    step_both();
                }
                const bool up = (of_vsock == SKR_OK) && (of_console == SKR_OK);
                skr_vsock_handle_t handle = 0U;
                if (up) {
                    host_port++;
                    handle = island_accept(&a, PORT, host_port);
                }
                a.now += jump[j];
                for (uint32_t i = 0U; i < 5U; i++) { /* and then it stands */
                    a.now--;
                    step_both();
                }
                settle();

                if (up) { /* whoever runs goes on, and so does an open connection */
                    CHECK_EQUAL(of_vsock, SKR_OK);
                    CHECK_EQUAL(of_console, SKR_OK);
                    CHECK_EQUAL(island_events(&a, handle), SKR_VSOCK_WRITABLE);
                } else if ((of_vsock == SKR_FAULT) || (of_console == SKR_FAULT)) { /* a wait that the tick has ended */
                    model_restart(&a.model);
                    model_restart(&terminal);
                    start_both();
                    come_up();
                } else {
                    /* up in spite of it */
                }
                then_both_work();
            }
        }
    }
}

SKR_SUITE(restart,
    SKR_TEST(test_restart_island_alone_begins_anew_and_works),
    SKR_TEST(test_restart_island_dies_at_each_access_of_a_set_up),
    SKR_TEST(test_restart_device_reset_underneath_is_seen_and_start_helps),
    SKR_TEST(test_restart_device_reset_during_a_set_up_is_seen),
    SKR_TEST(test_restart_both_sides_at_once),
    SKR_TEST(test_restart_needs_reset_is_a_fault_and_start_helps),
    SKR_TEST(test_restart_tick_that_jumps_costs_no_more_than_a_start))
