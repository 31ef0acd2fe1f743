/* SPDX-License-Identifier: BSD-3-Clause */
/* vsock: set-up, CID, events of the device, step, start. Attacks are named as in the hostile back-end catalogue (ADV-V..). */
#include "vsock_core.h"
#include "vsock_island.h"

#define PORT 1024U
#define HOST_PORT 5000U

static const skr_transport_kind_t kinds[3] = { SKR_TRANSPORT_MMIO_V2, SKR_TRANSPORT_MMIO_V1, SKR_TRANSPORT_HVL };

static island_t a;
static island_t b;

/* One connection in each state that a connection can be in, and two listening ports. */
typedef struct {
    skr_vsock_handle_t connecting;
    skr_vsock_handle_t asking;   /* connecting, REQUEST not sent yet */
    skr_vsock_handle_t open;     /* with 3 bytes unread */
    skr_vsock_handle_t ended;    /* reset by the peer, with 2 bytes unread */
    skr_vsock_handle_t closing;  /* given up: stale */
} zoo_t;

static zoo_t given_zoo(island_t *i)
{
    zoo_t z;

    z.open = island_accept(i, PORT, 1U);
    CHECK(peer_send_data(&i->peer, 1U, PORT, "abc", 3U));
    z.ended = island_accept(i, PORT, 2U);
    CHECK(peer_send_data(&i->peer, 2U, PORT, "de", 2U));
    CHECK(peer_send(&i->peer, SKR_VSOCK_OP_RST, 2U, PORT));
    z.closing = island_accept(i, PORT, 3U);
    REQUIRE_EQUAL(skr_vsock_connect(&i->v, 700U, 9U, LONG, &z.connecting), SKR_OK);
    CHECK(peer_send(&i->peer, SKR_VSOCK_OP_REQUEST, 4U, PORT)); /* waits in the backlog */
    REQUIRE_EQUAL(skr_vsock_listen(&i->v, PORT + 1U, 1U), SKR_OK);
    REQUIRE_EQUAL(island_step(i), SKR_OK);
    REQUIRE_EQUAL(skr_vsock_connect(&i->v, 701U, 9U, LONG, &z.asking), SKR_OK);
    REQUIRE_EQUAL(skr_vsock_close(&i->v, z.closing), SKR_OK);
    (void)peer_drain(&i->peer);
    CHECK_EQUAL(island_places(i), 6U);
    return z;
}

static void then_zoo_is_over(island_t *i, const zoo_t *z)
{
    uint8_t bytes[8];
    uint32_t got = 0U;
    skr_vsock_handle_t none = 0U;
    uint32_t from = 0U;

    CHECK_EQUAL(island_recv(i, z->connecting, bytes, 8U, &got), SKR_RESET);
    CHECK_EQUAL(island_recv(i, z->asking, bytes, 8U, &got), SKR_RESET);
    CHECK_EQUAL(island_events(i, z->open), SKR_VSOCK_READABLE | SKR_VSOCK_HANGUP | SKR_VSOCK_ERROR);
    CHECK_EQUAL(island_send(i, z->open, 1U, &got), SKR_RESET);
    CHECK_EQUAL(island_recv(i, z->open, bytes, 8U, &got), SKR_OK);
    CHECK_EQUAL(got, 3U);
    CHECK_BYTES(bytes, "abc", 3U);
    CHECK_EQUAL(island_recv(i, z->open, bytes, 8U, &got), SKR_RESET);
    CHECK_EQUAL(island_recv(i, z->ended, bytes, 8U, &got), SKR_OK);
    CHECK_BYTES(bytes, "de", 2U);
    CHECK_EQUAL(island_recv(i, z->ended, bytes, 8U, &got), SKR_RESET);
    CHECK_EQUAL(skr_vsock_close(&i->v, z->closing), SKR_STALE);
    CHECK_EQUAL(skr_vsock_accept(&i->v, PORT, &none, &from), SKR_AGAIN);
    CHECK_EQUAL(skr_vsock_listen(&i->v, PORT, 1U), SKR_IN_USE);
    CHECK_EQUAL(skr_vsock_listen(&i->v, PORT + 1U, 1U), SKR_IN_USE);
    CHECK_EQUAL(skr_vsock_close(&i->v, z->connecting), SKR_OK);
    CHECK_EQUAL(skr_vsock_close(&i->v, z->asking), SKR_OK);
    CHECK_EQUAL(skr_vsock_close(&i->v, z->open), SKR_OK);
    CHECK_EQUAL(skr_vsock_close(&i->v, z->ended), SKR_OK);
}

/* --- init --- */

/* [utest->dsn~vsock.init~1] technique: equivalence class; the context holds garbage before */
static void test_vsock_init_good_description_is_idle_without_access(void)
{
    static const skr_vsock_counters_t zero = { 0U };

    for (size_t k = 0U; k < 3U; k++) {
        hook_count_from_here();

        island_open(&a, kinds[k], false, 0U);

        CHECK_TEXT(hook_order(), "");
        CHECK_EQUAL(a.v.device.state, SKR_DEVICE_IDLE);
        CHECK_EQUAL(a.v.device.queues, (kinds[k] == SKR_TRANSPORT_HVL) ? 2U : 3U);
        CHECK_EQUAL(skr_vsock_cid(&a.v), 0U);
        CHECK_EQUAL(skr_vsock_cause(&a.v), SKR_CAUSE_NONE);
        CHECK_EQUAL(island_places(&a), 0U);
        CHECK_BYTES(&a.v.counters, &zero, sizeof zero);
        CHECK_EQUAL(skr_vsock_find(&a.v, 0xA5A5A5A5U, 0xA5A5A5A5U), 0xFFFFU);
        CHECK_EQUAL(skr_vsock_listener(&a.v, 0xA5A5A5A5U), 0xFFFFU);
    }
}

/* [utest->dsn~vsock.init~1] technique: boundary value */
static void test_vsock_init_seed_chooses_first_local_port(void)
{
    static const struct { uint32_t seed; uint32_t port; } table[] = {
        { 0U, SKR_VSOCK_PORT_FIRST }, { SKR_VSOCK_PORT_LAST - SKR_VSOCK_PORT_FIRST, SKR_VSOCK_PORT_LAST },
        { SKR_VSOCK_PORT_LAST - SKR_VSOCK_PORT_FIRST + 1U, SKR_VSOCK_PORT_FIRST },
        { 0xFFFFFFFFU, SKR_VSOCK_PORT_FIRST + (0xFFFFFFFFU % (SKR_VSOCK_PORT_LAST - SKR_VSOCK_PORT_FIRST + 1U)) } };

    for (size_t n = 0U; n < (sizeof table / sizeof table[0]); n++) {
        skr_vsock_handle_t handle = 0U;
        island_open(&a, SKR_TRANSPORT_MMIO_V2, false, table[n].seed);
        island_start(&a);

        CHECK_EQUAL(skr_vsock_connect(&a.v, SKR_VSOCK_PORT_ANY, HOST_PORT, LONG, &handle), SKR_OK);

        CHECK_EQUAL(island_flow(&a, handle)->local_port, table[n].port);
    }
}

/* [utest->dsn~vsock.init~1] [utest->dsn~vsock.cause~1] technique: fault injection */
static void test_vsock_init_bad_description_is_fault_for_good(void)
{
    model_open(&a.model, SKR_TRANSPORT_MMIO_V2, SKR_DEVICE_ID_VSOCK);
    skr_transport_t t = model_transport(&a.model);
    t.memory = NULL;
    memset(&a.v, 0xA5, sizeof a.v);
    hook_count_from_here();

    CHECK_EQUAL(skr_vsock_init(&a.v, &t, 7U), SKR_FAULT);

    CHECK_EQUAL(skr_vsock_cause(&a.v), SKR_CAUSE_CONFIGURATION);
    CHECK_EQUAL(skr_vsock_start(&a.v, 0U), SKR_FAULT);
    CHECK_EQUAL(skr_vsock_cause(&a.v), SKR_CAUSE_CONFIGURATION);
    then_every_call_faults(&a, 1U, PORT);
}

/* --- set-up --- */

/* [utest->dsn~vsock.step~1] [utest->dsn~vsock.acknowledge~1] technique: equivalence class */
static void test_vsock_step_before_start_is_state_without_access(void)
{
    skr_vsock_handle_t handle = 0U;
    island_open(&a, SKR_TRANSPORT_MMIO_V2, false, 0U);
    hook_count_from_here();

    CHECK_EQUAL(island_step(&a), SKR_STATE);

    CHECK_EQUAL(skr_vsock_acknowledge(&a.v), 0U);
    CHECK_EQUAL(skr_vsock_connect(&a.v, 1U, 1U, 1U, &handle), SKR_AGAIN);
    CHECK_TEXT(hook_order(), "");
}

/* [utest->dsn~vsock.start~1] [utest->dsn~vsock.step~1] [utest->dsn~vsock.cid~1] technique: equivalence class: every transport,
 * EVENT_IDX offered or not; ends with bytes in both directions */
static void test_vsock_step_every_transport_comes_up_and_moves_data(void)
{
    for (size_t n = 0U; n < 6U; n++) {
        uint8_t bytes[8];
        uint32_t number = 0U;
        island_open(&a, kinds[n % 3U], n >= 3U, 0U);
        REQUIRE_EQUAL(skr_vsock_start(&a.v, a.now), SKR_OK);
        CHECK_EQUAL(island_step(&a), SKR_AGAIN);
        CHECK_EQUAL(skr_vsock_cid(&a.v), 0U);

        island_start(&a);

        CHECK_EQUAL(skr_vsock_cid(&a.v), CID);
        CHECK_EQUAL(skr_vsock_cause(&a.v), SKR_CAUSE_NONE);
        CHECK_EQUAL(a.v.device.virtq[SKR_VSOCK_RX].event_idx, (n >= 3U) ? 1U : 0U);
        const skr_vsock_handle_t handle = island_accept(&a, PORT, HOST_PORT);
        CHECK(peer_send_data(&a.peer, HOST_PORT, PORT, "hello", 5U));
        CHECK_EQUAL(island_step(&a), SKR_OK);
        CHECK_EQUAL(island_recv(&a, handle, bytes, sizeof bytes, &number), SKR_OK);
        CHECK_EQUAL(number, 5U);
        CHECK_BYTES(bytes, "hello", 5U);
        CHECK_EQUAL(skr_vsock_send(&a.v, handle, bytes, 5U, &number), SKR_OK);
        CHECK_EQUAL(number, 5U);
        CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_RW);
        CHECK_BYTES(a.peer.payload, "hello", 5U);
        CHECK_EQUAL(a.model.breaches, 0U);
        CHECK(!a.model.dead);
    }
}

/* [utest->dsn~vsock.step~1] [utest->dsn~vsock.cid~1] technique: boundary value; VIRTIO 1.4, 5.10.4 */
static void test_vsock_step_reserved_or_large_cid_is_fault(void)
{
    static const struct { uint64_t cid; bool good; } table[] = {
        { 0U, false }, { 1U, false }, { 2U, false }, { 3U, true }, { 0xFFFFFFFEU, true }, { 0xFFFFFFFFU, false },
        { 0x100000000ULL, false }, { 0x100000003ULL, false }, { 0x8000000000000003ULL, false }, { ~0ULL, false } };

    for (size_t n = 0U; n < (sizeof table / sizeof table[0]); n++) {
        skr_status_t status = SKR_AGAIN;
        island_open(&a, kinds[n % 3U], false, 0U);
        memcpy(a.model.config, &table[n].cid, 8U);
        model_restart(&a.model);
        REQUIRE_EQUAL(skr_vsock_start(&a.v, a.now), SKR_OK);

        for (uint32_t k = 0U; (k < STEPS_MAX) && (status == SKR_AGAIN); k++) {
            status = island_step(&a);
        }

        CHECK_EQUAL(status, table[n].good ? SKR_OK : SKR_FAULT);
        CHECK_EQUAL(skr_vsock_cause(&a.v), table[n].good ? SKR_CAUSE_NONE : SKR_CAUSE_CID);
        CHECK_EQUAL(skr_vsock_cid(&a.v), table[n].good ? (uint32_t)table[n].cid : 0U);
        CHECK_EQUAL(a.v.up, table[n].good ? 1U : 0U);
    }
}

/* [utest->dsn~vsock.step~1] technique: fault injection */
static void test_vsock_step_restless_configuration_is_fault(void)
{
    skr_status_t status = SKR_AGAIN;
    island_open(&a, SKR_TRANSPORT_MMIO_V2, false, 0U);
    a.model.faults.config_restless = true;
    REQUIRE_EQUAL(skr_vsock_start(&a.v, a.now), SKR_OK);

    for (uint32_t k = 0U; (k < STEPS_MAX) && (status == SKR_AGAIN); k++) {
        status = island_step(&a);
    }

    CHECK_EQUAL(status, SKR_FAULT);
    CHECK_EQUAL(skr_vsock_cause(&a.v), SKR_CAUSE_CONFIG_UNSTABLE);
    then_every_call_faults(&a, 1U, PORT);
}

/* [utest->dsn~vsock.step~1] technique: fault injection; a PMM that never comes ends in a time-out, and the island goes on */
static void test_vsock_step_silent_pmm_is_fault_in_time(void)
{
    island_open(&a, SKR_TRANSPORT_HVL, false, 0U);
    model_wipe(&a.model);
    REQUIRE_EQUAL(skr_vsock_start(&a.v, a.now), SKR_OK);

    CHECK_EQUAL(island_wait(&a, SKR_TICKS_SETUP - 1U), SKR_AGAIN);
    CHECK_EQUAL(island_step(&a), SKR_FAULT);

    CHECK_EQUAL(skr_vsock_cause(&a.v), SKR_CAUSE_SILENT);
    then_every_call_faults(&a, 1U, PORT);
}

/* [utest->dsn~vsock.acknowledge~1] technique: equivalence class; two shared accesses, none by hypervisor-less transport */
static void test_vsock_acknowledge_running_device_gives_and_clears_reasons(void)
{
    for (size_t k = 0U; k < 3U; k++) {
        const bool hvl = kinds[k] == SKR_TRANSPORT_HVL;
        island_open(&a, kinds[k], false, 0U);
        island_start(&a);
        (void)skr_vsock_acknowledge(&a.v);
        model_config_changed(&a.model);
        hook_count_from_here();

        CHECK_EQUAL(skr_vsock_acknowledge(&a.v), hvl ? 3U : 2U);

        CHECK_EQUAL(hook_reads() + hook_writes(), hvl ? 0U : 2U);
        model_run(&a.model);
        CHECK_EQUAL(skr_vsock_acknowledge(&a.v), hvl ? 3U : 0U);
        CHECK_EQUAL(a.model.breaches, 0U);
    }
}

/* --- start anew --- */

/* [utest->dsn~vsock.start~1] [utest->dsn~vsock.end_all~2] technique: equivalence class: connections in every state */
static void test_vsock_start_running_device_ends_connections_keeps_listeners(void)
{
    for (size_t k = 0U; k < 2U; k++) { /* virtio-mmio: a hypervisor-less device is attached to, see below */
        island_open(&a, kinds[k], false, 0U);
        island_start(&a);
        const zoo_t z = given_zoo(&a);
        hook_count_from_here();

        REQUIRE_EQUAL(skr_vsock_start(&a.v, a.now), SKR_OK);

        CHECK_TEXT(hook_order(), "");
        CHECK_EQUAL(skr_vsock_cid(&a.v), 0U);
        then_zoo_is_over(&a, &z);
        island_start(&a);
        CHECK_EQUAL(island_places(&a), 0U);
        CHECK_EQUAL(peer_drain(&a.peer), 0U);
        (void)island_accept(&a, PORT, 50U);
        (void)island_accept(&a, PORT + 1U, 51U);
        CHECK_EQUAL(a.model.breaches, 0U);
    }
}

/* [utest->dsn~vsock.start~1] technique: equivalence class; a new life attaches to the running rings of a PMM */
static void test_vsock_start_running_pmm_attaches_and_works(void)
{
    island_open(&a, SKR_TRANSPORT_HVL, false, 0U);
    island_start(&a);
    (void)island_accept(&a, PORT, HOST_PORT);
    CHECK(peer_send(&a.peer, SKR_VSOCK_OP_CREDIT_REQUEST, HOST_PORT, PORT));
    CHECK_EQUAL(island_step(&a), SKR_OK); /* the answer lies in the ring when the island dies */
    const skr_transport_t t = model_transport(&a.model);
    memset(&a.v, 0x5A, sizeof a.v);
    REQUIRE_EQUAL(skr_vsock_init(&a.v, &t, 9U), SKR_OK);

    island_start(&a);

    CHECK_EQUAL(a.v.device.attached, 1U);
    CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_CREDIT_UPDATE);
    CHECK(peer_send_data(&a.peer, HOST_PORT, PORT, "old", 3U)); /* for a connection of the earlier life */
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_RST);
    (void)island_accept(&a, PORT, HOST_PORT + 1U);
    CHECK_EQUAL(a.model.breaches, 0U);
    CHECK(!a.model.dead);
}

/* [utest->dsn~vsock.start~1] [utest->dsn~vsock.cause~1] technique: fault injection */
static void test_vsock_start_after_fault_ends_handles_and_listeners_work(void)
{
    skr_vsock_handle_t handle = 0U;
    uint8_t byte = 0U;
    uint32_t got = 0U;
    island_run(&a);
    handle = island_accept(&a, PORT, HOST_PORT);
    a.model.faults.status_wrong = true;
    a.model.faults.status = 0U;
    CHECK_EQUAL(island_wait(&a, SKR_TICKS_WATCH), SKR_FAULT);
    CHECK_EQUAL(skr_vsock_cause(&a.v), SKR_CAUSE_STATUS_LOST);
    then_every_call_faults(&a, handle, PORT);
    CHECK_EQUAL(skr_vsock_listen(&a.v, PORT, 1U), SKR_IN_USE); /* no business of the device */

    a.model.faults.status_wrong = false;
    island_start(&a);

    CHECK_EQUAL(skr_vsock_cause(&a.v), SKR_CAUSE_NONE);
    CHECK_EQUAL(island_recv(&a, handle, &byte, 1U, &got), SKR_RESET);
    CHECK_EQUAL(island_events(&a, handle), SKR_VSOCK_HANGUP | SKR_VSOCK_ERROR);
    CHECK_EQUAL(skr_vsock_close(&a.v, handle), SKR_OK);
    CHECK_EQUAL(skr_vsock_close(&a.v, handle), SKR_STALE);
    (void)island_accept(&a, PORT, HOST_PORT);
}

/* [utest->dsn~vsock.close~1] [utest->dsn~vsock.reset~1] technique: fault injection */
static void test_vsock_close_and_reset_after_fault_free_handles_without_access(void)
{
    island_run(&a);
    const skr_vsock_handle_t first = island_accept(&a, PORT, 1U);
    const skr_vsock_handle_t second = island_accept(&a, PORT, 2U);
    model_raw_used_idx(&a.model, SKR_VSOCK_RX, 0x4000U);
    CHECK_EQUAL(island_step(&a), SKR_FAULT);
    hook_count_from_here();

    CHECK_EQUAL(skr_vsock_close(&a.v, first), SKR_OK);
    CHECK_EQUAL(skr_vsock_reset(&a.v, second), SKR_OK);

    CHECK_EQUAL(skr_vsock_close(&a.v, first), SKR_STALE);
    CHECK_EQUAL(skr_vsock_reset(&a.v, second), SKR_STALE);
    CHECK_TEXT(hook_order(), "");
    island_start(&a);
    CHECK_EQUAL(island_places(&a), 0U);
    CHECK_EQUAL(peer_drain(&a.peer), 0U);
}

/* --- events of the device --- */

/* [utest->dsn~vsock.take_events~1] [utest->dsn~vsock.end_all~2] technique: equivalence class; ADV-V36 */
static void test_vsock_transport_reset_ends_connections_keeps_listeners_reads_cid(void)
{
    island_run(&a);
    const zoo_t z = given_zoo(&a);
    const uint32_t cid = 77U;
    memcpy(a.model.config, &cid, 4U);
    CHECK(peer_send(&a.peer, SKR_VSOCK_OP_RST, 123U, 456U)); /* still to the old CID: the model's word decides, so to the new */

    CHECK(peer_send_event(&a.peer, 0U, 4U));
    CHECK_EQUAL(island_step(&a), SKR_OK);

    CHECK_EQUAL(skr_vsock_cid(&a.v), 77U);
    CHECK_EQUAL(a.v.counters.transport_resets, 1U);
    then_zoo_is_over(&a, &z);
    CHECK_EQUAL(peer_drain(&a.peer), 0U); /* nobody is told: the peer has forgotten them as well */
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(island_places(&a), 0U);
    (void)island_accept(&a, PORT, 50U);
    (void)island_accept(&a, PORT + 1U, 51U);
    CHECK_EQUAL(a.model.breaches, 0U);
}

/* [utest->dsn~vsock.take_events~1] technique: fault injection; ADV-V36, a storm: as many as there are buffers in each step */
static void test_vsock_transport_reset_storm_is_bounded_and_survived(void)
{
    uint32_t most = 0U;
    island_run(&a);

    for (uint32_t n = 0U; n < 1000U; n++) {
        for (uint32_t e = 0U; e < SKR_VSOCK_EVENT_COUNT; e++) {
            CHECK(peer_send_event(&a.peer, 0U, 4U));
        }
        CHECK(!peer_send_event(&a.peer, 0U, 4U));
        hook_count_from_here();
        CHECK_EQUAL(island_step(&a), SKR_OK);
        most = ((hook_reads() + hook_writes()) > most) ? (hook_reads() + hook_writes()) : most;
    }

    CHECK_EQUAL(a.v.counters.transport_resets, 1000U * SKR_VSOCK_EVENT_COUNT);
    CHECK(most <= (16U + (6U * SKR_VSOCK_EVENT_COUNT) + 3U + 6U + 1U));
    (void)island_accept(&a, PORT, 50U);
}

/* [utest->dsn~vsock.take_events~1] [utest->dsn~vsock.step~1] technique: boundary value; ADV-V38 */
static void test_vsock_transport_reset_with_reserved_cid_is_fault(void)
{
    static const uint64_t cids[] = { 0U, 1U, 2U, 0xFFFFFFFFU, 0x100000003ULL };

    for (size_t n = 0U; n < (sizeof cids / sizeof cids[0]); n++) {
        island_run(&a);
        const skr_vsock_handle_t handle = island_accept(&a, PORT, HOST_PORT);
        memcpy(a.model.config, &cids[n], 8U);

        CHECK(peer_send_event(&a.peer, 0U, 4U));
        CHECK_EQUAL(island_step(&a), SKR_FAULT);

        CHECK_EQUAL(skr_vsock_cause(&a.v), SKR_CAUSE_CID);
        then_every_call_faults(&a, handle, PORT);
    }
}

/* [utest->dsn~vsock.take_events~1] technique: boundary value; ADV-V37 */
static void test_vsock_event_of_wrong_size_or_kind_is_counted_and_ignored(void)
{
    island_run(&a);
    const skr_vsock_handle_t handle = island_accept(&a, PORT, HOST_PORT);
    uint32_t odd = 0U;

    for (uint32_t bytes = 0U; bytes <= 8U; bytes++) {
        for (uint32_t event = 0U; event <= 2U; event++) {
            if ((bytes != 4U) || (event != 0U)) {
                CHECK(peer_send_event(&a.peer, event, bytes));
                CHECK_EQUAL(island_step(&a), SKR_OK);
                odd++;
            }
        }
    }

    CHECK_EQUAL(a.v.counters.odd_events, odd);
    CHECK_EQUAL(a.v.counters.transport_resets, 0U);
    CHECK_EQUAL(island_events(&a, handle), SKR_VSOCK_WRITABLE);
    CHECK_EQUAL(a.model.breaches, 0U);
}

/* [utest->dsn~vsock.take_events~1] technique: fault injection; the first element is good, the second is not */
static void test_vsock_event_ring_broken_is_fault(void)
{
    island_run(&a);
    const skr_vsock_handle_t handle = island_accept(&a, PORT, HOST_PORT);
    CHECK(peer_send_event(&a.peer, 0U, 4U));
    model_raw_push(&a.model, SKR_VSOCK_EVENT, 0x10000U, 4U);

    CHECK_EQUAL(island_step(&a), SKR_FAULT);

    CHECK_EQUAL(skr_vsock_cause(&a.v), SKR_CAUSE_USED_ID);
    CHECK_EQUAL(a.v.counters.transport_resets, 1U);
    then_every_call_faults(&a, handle, PORT);
}

/* [utest->dsn~vsock.take_events~1] technique: fault injection; an event longer than its buffer */
static void test_vsock_event_longer_than_buffer_is_fault(void)
{
    island_run(&a);
    const uint16_t id = model_pop_avail(&a.model, SKR_VSOCK_EVENT);
    model_raw_push(&a.model, SKR_VSOCK_EVENT, id, 9U);

    CHECK_EQUAL(island_step(&a), SKR_FAULT);

    CHECK_EQUAL(skr_vsock_cause(&a.v), SKR_CAUSE_USED_LENGTH);
}

/* --- side by side, and bounds --- */

/* [utest->dsn~vsock.step~1] technique: fault injection; two devices share nothing */
static void test_vsock_two_devices_fault_in_one_leaves_other_alone(void)
{
    uint8_t bytes[4];
    uint32_t number = 0U;
    island_run(&a);
    island_open(&b, SKR_TRANSPORT_HVL, false, 0U);
    island_start(&b);
    const skr_vsock_handle_t first = island_accept(&a, PORT, HOST_PORT);
    const skr_vsock_handle_t second = island_accept(&b, PORT, HOST_PORT);
    CHECK_EQUAL(first, second); /* the same place of two tables */
    model_raw_used_idx(&a.model, SKR_VSOCK_RX, 0x8000U);
    CHECK(peer_send_data(&b.peer, HOST_PORT, PORT, "left", 4U));

    CHECK_EQUAL(island_step(&a), SKR_FAULT);
    const skr_vsock_t broken = a.v;
    CHECK_EQUAL(island_step(&b), SKR_OK);

    CHECK_EQUAL(island_recv(&b, second, bytes, 4U, &number), SKR_OK);
    CHECK_BYTES(bytes, "left", 4U);
    CHECK_EQUAL(skr_vsock_send(&b.v, second, bytes, 4U, &number), SKR_OK);
    CHECK_EQUAL(peer_take_op(&b.peer), SKR_VSOCK_OP_RW);
    CHECK_EQUAL(skr_vsock_cause(&a.v), SKR_CAUSE_USED_INDEX);
    CHECK_EQUAL(skr_vsock_cause(&b.v), SKR_CAUSE_NONE);
    CHECK_BYTES(&a.v, &broken, sizeof broken);
    CHECK_EQUAL(b.model.breaches, 0U);
}

/* What the doc comment of skr_vsock_step() promises. */
static uint32_t step_bound(void)
{
    const uint32_t sent = SKR_VSOCK_CONNECTIONS + SKR_VSOCK_RESET_LIST;

    return 16U /* skr_device_step() */
           + (6U * SKR_VSOCK_EVENT_COUNT) + (6U * SKR_CONFIG_TRIES) + (21U * SKR_VSOCK_STEP_PACKETS) + (15U * sent)
           + (3U * (sent + SKR_VSOCK_TX_COUNT)) + 9U + 1U;
}

/* [utest->dsn~vsock.step~1] technique: boundary value: everything that a step can have to do at once, over every transport.
 * Received: full buffers for one connection, and what needs a RST; due: a reply of each connection, the whole list of RST,
 * every transmit buffer to be taken back, the watch and the repeated kick */
static void test_vsock_step_busiest_stays_within_bound(void)
{
    static uint8_t bytes[SKR_VSOCK_BUFFER_BYTES];
    for (size_t k = 0U; k < 3U; k++) {
        skr_vsock_handle_t handle[SKR_VSOCK_CONNECTIONS];
        uint32_t taken = 0U;
        uint32_t used = 0U;
        island_open(&a, kinds[k], false, 0U);
        island_start(&a);
        for (uint32_t n = 0U; n < SKR_VSOCK_CONNECTIONS; n++) {
            handle[n] = island_accept(&a, PORT, n + 1U);
        }
        CHECK_EQUAL(island_send(&a, handle[0], 0x10000U, &taken), SKR_OK); /* as far as the buffers go */
        while (model_waiting(&a.model, SKR_VSOCK_TX) != 0U) {
            (void)peer_take(&a.peer);
        }
        for (uint32_t n = 1U; n < SKR_VSOCK_CONNECTIONS; n++) {
            CHECK_EQUAL(skr_vsock_shutdown(&a.v, handle[n], SKR_VSOCK_SHUT_SEND), SKR_OK);
        }
        for (uint32_t n = 0U; n < 3U; n++) {
            CHECK(peer_send_data(&a.peer, 1U, PORT, bytes, SKR_VSOCK_BUFFER_BYTES - 44U));
        }
        while (peer_send(&a.peer, SKR_VSOCK_OP_RW, 999U, 999U)) {
            /* each posted buffer */
        }
        hook_count_from_here();

        CHECK_EQUAL(island_wait(&a, 1000U), SKR_OK);

        used = hook_reads() + hook_writes();
        CHECK(used <= step_bound());
        CHECK(used >= 300U);
        CHECK(peer_drain(&a.peer) >= (SKR_VSOCK_RESET_LIST + SKR_VSOCK_CONNECTIONS - 1U));
        CHECK_EQUAL(a.v.counters.resets_dropped, (SKR_VSOCK_RX_COUNT - 3U) - SKR_VSOCK_RESET_LIST);
        CHECK_EQUAL(a.model.breaches, 0U);
    }
}

/* A device that returns buffers of both rings at each look, shown to it or not, a transmit buffer just when none is free. */
static void return_everything(void *context, const hook_access_t *access)
{
    const island_t *i = context;

    for (uint32_t queue = SKR_VSOCK_RX; queue <= SKR_VSOCK_TX; queue++) {
        const skr_virtq_t *q = &i->v.device.virtq[queue];
        bool done = access->write || (access->base != q->base) || (access->offset != (q->used + 2U));

        for (uint16_t n = 0U; (n < q->count) && !done; n++) {
            if (q->owner[n] == SKR_VIRTQ_DEVICE) {
                model_raw_element(&a.model, queue, q->last_used, n, (queue == SKR_VSOCK_RX) ? 44U : 0U);
                model_raw_used_idx(&a.model, queue, (uint16_t)(q->last_used + 1U));
                done = true;
            }
        }
    }
}

/* [utest->dsn~vsock.step~1] technique: fault injection; a device faster than the island, in both directions, with everything due */
static void test_vsock_step_device_returning_at_once_stays_within_bound(void)
{
    uint32_t taken = 0U;
    skr_vsock_handle_t handle = 0U;
    island_run(&a);
    for (uint32_t n = 0U; n < SKR_VSOCK_CONNECTIONS; n++) {
        handle = island_accept(&a, PORT, n + 1U);
    }
    CHECK_EQUAL(island_send(&a, handle, 0x10000U, &taken), SKR_OK);
    for (uint32_t n = 0U; n < SKR_VSOCK_TX_RESERVE; n++) { /* the last buffers too */
        CHECK(peer_send(&a.peer, SKR_VSOCK_OP_CREDIT_REQUEST, 1U, PORT));
        CHECK_EQUAL(island_step(&a), SKR_OK);
    }
    for (uint32_t n = 0U; n < SKR_VSOCK_CONNECTIONS; n++) {
        a.v.flow[n].owed = SKR_OWE_CREDIT_UPDATE;
    }
    a.v.resets = SKR_VSOCK_RESET_LIST;
    hook_script(return_everything, &a);
    hook_count_from_here();

    CHECK_EQUAL(island_wait(&a, 1000U), SKR_OK);

    CHECK((hook_reads() + hook_writes()) <= step_bound());
    CHECK_EQUAL(a.v.resets, 0U);
}

SKR_SUITE(vsock,
    SKR_TEST(test_vsock_init_good_description_is_idle_without_access),
    SKR_TEST(test_vsock_init_seed_chooses_first_local_port),
    SKR_TEST(test_vsock_init_bad_description_is_fault_for_good),
    SKR_TEST(test_vsock_step_before_start_is_state_without_access),
    SKR_TEST(test_vsock_step_every_transport_comes_up_and_moves_data),
    SKR_TEST(test_vsock_step_reserved_or_large_cid_is_fault),
    SKR_TEST(test_vsock_step_restless_configuration_is_fault),
    SKR_TEST(test_vsock_step_silent_pmm_is_fault_in_time),
    SKR_TEST(test_vsock_acknowledge_running_device_gives_and_clears_reasons),
    SKR_TEST(test_vsock_start_running_device_ends_connections_keeps_listeners),
    SKR_TEST(test_vsock_start_running_pmm_attaches_and_works),
    SKR_TEST(test_vsock_start_after_fault_ends_handles_and_listeners_work),
    SKR_TEST(test_vsock_close_and_reset_after_fault_free_handles_without_access),
    SKR_TEST(test_vsock_transport_reset_ends_connections_keeps_listeners_reads_cid),
    SKR_TEST(test_vsock_transport_reset_storm_is_bounded_and_survived),
    SKR_TEST(test_vsock_transport_reset_with_reserved_cid_is_fault),
    SKR_TEST(test_vsock_event_of_wrong_size_or_kind_is_counted_and_ignored),
    SKR_TEST(test_vsock_event_ring_broken_is_fault),
    SKR_TEST(test_vsock_event_longer_than_buffer_is_fault),
    SKR_TEST(test_vsock_two_devices_fault_in_one_leaves_other_alone),
    SKR_TEST(test_vsock_step_busiest_stays_within_bound),
    SKR_TEST(test_vsock_step_device_returning_at_once_stays_within_bound))
