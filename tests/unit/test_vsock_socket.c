/* SPDX-License-Identifier: BSD-3-Clause */
/* The calls of an application on vsock. Attacks are named as in the hostile back-end catalogue (ADV-V..). */
#include "vsock_core.h"
#include "vsock_island.h"

#define PORT 1024U
#define HOST_PORT 5000U

static island_t a;
static uint8_t data[SKR_VSOCK_WINDOW_BYTES];
static uint32_t number;

static skr_vsock_handle_t given_accepted(void)
{
    island_run(&a);
    return island_accept(&a, PORT, HOST_PORT);
}

/* Fill the transmit ring to the last buffer: nothing can go out any more. */
static void given_full_ring(skr_vsock_handle_t handle, uint32_t host_port)
{
    CHECK_EQUAL(island_send(&a, handle, 0x10000U, &number), SKR_OK);
    for (uint32_t n = 0U; n < SKR_VSOCK_TX_RESERVE; n++) {
        CHECK(peer_send(&a.peer, SKR_VSOCK_OP_CREDIT_REQUEST, host_port, PORT));
        CHECK_EQUAL(island_step(&a), SKR_OK);
    }
    REQUIRE_EQUAL(a.v.device.virtq[SKR_VSOCK_TX].free_count, 0U);
}

/* --- listen, unlisten, accept --- */

/* [utest->dsn~vsock.listen~1] technique: boundary value */
static void test_vsock_listen_bounds_of_port_and_backlog(void)
{
    island_open(&a, SKR_TRANSPORT_MMIO_V2, false, 0U);
    hook_count_from_here();

    CHECK_EQUAL(skr_vsock_listen(&a.v, 0U, 1U), SKR_ARGUMENT);
    CHECK_EQUAL(skr_vsock_listen(&a.v, SKR_VSOCK_PORT_ANY, 1U), SKR_ARGUMENT);
    CHECK_EQUAL(skr_vsock_listen(&a.v, PORT, 0U), SKR_ARGUMENT);
    CHECK_EQUAL(skr_vsock_listen(&a.v, PORT, SKR_VSOCK_CONNECTIONS + 1U), SKR_ARGUMENT);
    CHECK_EQUAL(skr_vsock_listen(&a.v, PORT, 0xFFFFU), SKR_ARGUMENT);
    CHECK_EQUAL(skr_vsock_listen(&a.v, 1U, 1U), SKR_OK);
    CHECK_EQUAL(skr_vsock_listen(&a.v, 0xFFFFFFFEU, SKR_VSOCK_CONNECTIONS), SKR_OK);
    CHECK_EQUAL(skr_vsock_listen(&a.v, 1U, 1U), SKR_IN_USE);
    for (uint32_t n = 2U; n < SKR_VSOCK_LISTENERS; n++) {
        CHECK_EQUAL(skr_vsock_listen(&a.v, PORT + n, 1U), SKR_OK);
    }
    CHECK_EQUAL(skr_vsock_listen(&a.v, PORT, 1U), SKR_FULL);
    CHECK_EQUAL(skr_vsock_listen(&a.v, 1U, 1U), SKR_IN_USE);
    CHECK_EQUAL(skr_vsock_unlisten(&a.v, 0xFFFFFFFEU), SKR_OK);
    CHECK_EQUAL(skr_vsock_listen(&a.v, PORT, 1U), SKR_OK);

    CHECK_TEXT(hook_order(), "");
}

/* [utest->dsn~vsock.unlisten~1] technique: equivalence class: what waits is reset, what was accepted goes on, other ports too */
static void test_vsock_unlisten_resets_backlog_and_nothing_else(void)
{
    skr_vsock_handle_t handle = 0U;
    const skr_vsock_handle_t accepted = given_accepted();
    const skr_vsock_handle_t other = island_accept(&a, PORT + 1U, HOST_PORT);
    CHECK(peer_send(&a.peer, SKR_VSOCK_OP_REQUEST, 1U, PORT));
    CHECK(peer_send(&a.peer, SKR_VSOCK_OP_REQUEST, 2U, PORT));
    CHECK(peer_send(&a.peer, SKR_VSOCK_OP_REQUEST, 3U, PORT + 1U));
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(peer_drain_op(&a.peer, SKR_VSOCK_OP_RESPONSE), 3U);
    hook_count_from_here();

    CHECK_EQUAL(skr_vsock_unlisten(&a.v, PORT), SKR_OK);

    CHECK_TEXT(hook_order(), "");
    CHECK_EQUAL(skr_vsock_unlisten(&a.v, PORT), SKR_STATE);
    CHECK_EQUAL(skr_vsock_accept(&a.v, PORT, &handle, &number), SKR_STATE);
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(peer_drain_op(&a.peer, SKR_VSOCK_OP_RST), 2U);
    CHECK_EQUAL(island_events(&a, accepted), SKR_VSOCK_WRITABLE);
    CHECK_EQUAL(island_events(&a, other), SKR_VSOCK_WRITABLE);
    CHECK_EQUAL(skr_vsock_accept(&a.v, PORT + 1U, &handle, &number), SKR_OK);
    CHECK_EQUAL(number, 3U);
    CHECK_EQUAL(island_places(&a), 3U);
}

/* [utest->dsn~vsock.unlisten~1] technique: error guess: a RST that is owed already, and could not go out yet, is not forgotten */
static void test_vsock_unlisten_keeps_rst_owed_to_ended_connection(void)
{
    const skr_vsock_handle_t handle = given_accepted();
    CHECK(peer_send(&a.peer, SKR_VSOCK_OP_REQUEST, 1U, PORT));
    CHECK_EQUAL(island_step(&a), SKR_OK);
    (void)peer_drain(&a.peer);
    CHECK_EQUAL(island_step(&a), SKR_OK);
    given_full_ring(handle, HOST_PORT);
    CHECK(peer_send_data(&a.peer, 1U, PORT, "x", 1U));
    CHECK(peer_send_shutdown(&a.peer, 1U, PORT, 3U));
    CHECK_EQUAL(island_step(&a), SKR_OK);

    CHECK_EQUAL(skr_vsock_unlisten(&a.v, PORT), SKR_OK);
    (void)peer_drain(&a.peer);
    CHECK_EQUAL(island_step(&a), SKR_OK);

    CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_RST);
    CHECK_EQUAL(a.peer.got.dst_port, 1U);
    CHECK_EQUAL(island_places(&a), 1U);
}

/* [utest->dsn~vsock.accept~1] technique: boundary value: in order of arrival, though places are reused and the count wraps */
static void test_vsock_accept_gives_connections_in_order_of_arrival(void)
{
    skr_vsock_handle_t handle = 0x77U;
    const skr_vsock_handle_t first = given_accepted(); /* place 0 */
    a.v.next_order = 0xFFFFFFFEU;
    for (uint32_t n = 1U; n <= 3U; n++) {
        CHECK(peer_send(&a.peer, SKR_VSOCK_OP_REQUEST, n, PORT));
    }
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(skr_vsock_reset(&a.v, first), SKR_OK);
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK(peer_send(&a.peer, SKR_VSOCK_OP_REQUEST, 4U, PORT)); /* into place 0 */
    CHECK_EQUAL(island_step(&a), SKR_OK);
    hook_count_from_here();

    for (uint32_t n = 1U; n <= 4U; n++) {
        CHECK_EQUAL(skr_vsock_accept(&a.v, PORT, &handle, &number), SKR_OK);
        CHECK_EQUAL(number, n);
    }

    handle = 0x77U;
    number = 0x77U;
    CHECK_EQUAL(skr_vsock_accept(&a.v, PORT, &handle, &number), SKR_AGAIN);
    CHECK_EQUAL(skr_vsock_accept(&a.v, PORT + 1U, &handle, &number), SKR_STATE);
    CHECK_EQUAL(handle, 0x77U);
    CHECK_EQUAL(number, 0x77U);
    CHECK_TEXT(hook_order(), "");
}

/* --- handles --- */

/* [utest->dsn~vsock.resolve~2] [utest->dsn~vsock.close~1] technique: boundary value: guessed handles, and one not given out yet */
static void test_vsock_handle_that_was_never_given_is_stale(void)
{
    const skr_vsock_handle_t handle = given_accepted();
    CHECK(peer_send(&a.peer, SKR_VSOCK_OP_REQUEST, 1U, PORT)); /* waits in place 1 */
    CHECK_EQUAL(island_step(&a), SKR_OK);
    const uint32_t waiting = ((uint32_t)a.v.flow[1].generation * 0x10000U) + 2U;
    const uint32_t guesses[] = { 0U, 0x10000U, 0xFFFFFFFFU, handle + 0x10000U, handle - 0x10000U, waiting,
                                 (handle & 0xFFFF0000U), (handle & 0xFFFF0000U) + SKR_VSOCK_CONNECTIONS + 1U, 3U,
                                 SKR_VSOCK_CONNECTIONS };

    for (size_t n = 0U; n < (sizeof guesses / sizeof guesses[0]); n++) {
        const uint8_t *at = NULL;
        number = 0x77U;
        CHECK_EQUAL(skr_vsock_resolve(&a.v, guesses[n], skr_vsock_place(guesses[n])), SKR_STALE);
        CHECK_EQUAL(skr_vsock_close(&a.v, guesses[n]), SKR_STALE);
        CHECK_EQUAL(skr_vsock_reset(&a.v, guesses[n]), SKR_STALE);
        CHECK_EQUAL(skr_vsock_shutdown(&a.v, guesses[n], 3U), SKR_STALE);
        CHECK_EQUAL(skr_vsock_consume(&a.v, guesses[n], 0U), SKR_STALE);
        CHECK_EQUAL(skr_vsock_peek(&a.v, guesses[n], &at, &number), SKR_STALE);
        CHECK_EQUAL(skr_vsock_events(&a.v, guesses[n], &number), SKR_STALE);
        CHECK_EQUAL(number, 0x77U);
        CHECK_EQUAL(island_recv(&a, guesses[n], data, 1U, &number), SKR_STALE);
        CHECK_EQUAL(number, 0U);
        CHECK_EQUAL(island_send(&a, guesses[n], 1U, &number), SKR_STALE);
    }
    CHECK_EQUAL(island_events(&a, handle), SKR_VSOCK_WRITABLE);
}

/* [utest->dsn~vsock.resolve~2] technique: boundary value: the place is that of the low half alone, whether or not one is there */
static void test_vsock_place_of_a_handle_is_its_low_half_less_one(void)
{
    static const struct { skr_vsock_handle_t handle; uint16_t place; } row[] = {
        { 0U, SKR_VSOCK_NOWHERE }, { 1U, 0U }, { 2U, 1U }, { SKR_VSOCK_CONNECTIONS, SKR_VSOCK_CONNECTIONS - 1U },
        { SKR_VSOCK_CONNECTIONS + 1U, SKR_VSOCK_NOWHERE }, { 0xFFFFU, SKR_VSOCK_NOWHERE }, { 0x10000U, SKR_VSOCK_NOWHERE },
        { 0x10001U, 0U }, { 0xFFFF0000U, SKR_VSOCK_NOWHERE }, { 0xFFFF0001U, 0U }, { 0xFFFFFFFFU, SKR_VSOCK_NOWHERE },
    };

    for (size_t n = 0U; n < (sizeof row / sizeof row[0]); n++) {
        CHECK_EQUAL(skr_vsock_place(row[n].handle), row[n].place);
    }
}

/* [utest->dsn~vsock.resolve~2] technique: equivalence class: a handle names its place until it is closed, and no longer */
static void test_vsock_resolve_handle_in_use_names_its_place(void)
{
    const skr_vsock_handle_t first = given_accepted();
    skr_vsock_handle_t second = 0U;
    REQUIRE_EQUAL(skr_vsock_connect(&a.v, SKR_VSOCK_PORT_ANY, HOST_PORT, LONG, &second), SKR_OK);
    hook_count_from_here();

    CHECK_EQUAL(skr_vsock_resolve(&a.v, first, skr_vsock_place(first)), SKR_OK);
    CHECK_EQUAL(a.v.flow[skr_vsock_place(first)].state, SKR_FLOW_OPEN);
    CHECK_EQUAL(skr_vsock_resolve(&a.v, second, skr_vsock_place(second)), SKR_OK);
    CHECK_EQUAL(a.v.flow[skr_vsock_place(second)].state, SKR_FLOW_CONNECTING);
    CHECK(skr_vsock_place(first) != skr_vsock_place(second));

    CHECK_EQUAL(skr_vsock_close(&a.v, second), SKR_OK);
    CHECK_EQUAL(skr_vsock_resolve(&a.v, second, skr_vsock_place(second)), SKR_STALE);
    CHECK_EQUAL(skr_vsock_resolve(&a.v, first, skr_vsock_place(first)), SKR_OK);
    CHECK_TEXT(hook_order(), "");
}

/* [utest->dsn~vsock.resolve~2] technique: boundary value: the next owner of a place has another handle, also across the wrap of
 * the generation; 65536 uses later the number comes again, which is what 16 bits give */
static void test_vsock_handle_of_earlier_owner_is_stale(void)
{
    const skr_vsock_handle_t first = given_accepted();
    CHECK_EQUAL(skr_vsock_close(&a.v, first), SKR_OK);
    CHECK_EQUAL(skr_vsock_close(&a.v, first), SKR_STALE); /* closing still */
    CHECK(peer_send(&a.peer, SKR_VSOCK_OP_RST, HOST_PORT, PORT));
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(island_events(&a, island_accept(&a, PORT, 1U)), SKR_VSOCK_WRITABLE); /* place 0 again */
    CHECK_EQUAL(skr_vsock_close(&a.v, first), SKR_STALE);

    for (uint32_t n = 0xFFFEU; n <= 0x10001U; n++) {
        island_run(&a);
        a.v.flow[0].generation = (uint16_t)(n % 0x10000U);
        const skr_vsock_handle_t handle = island_accept(&a, PORT, 1U);
        CHECK(handle != 0U);
        CHECK_EQUAL(handle, (((n + 1U) % 0x10000U) * 0x10000U) + 1U);
        CHECK_EQUAL(skr_vsock_reset(&a.v, handle), SKR_OK);
        CHECK_EQUAL(island_step(&a), SKR_OK);
        CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_RST);
        const skr_vsock_handle_t next = island_accept(&a, PORT, 1U);
        CHECK_EQUAL(next % 0x10000U, 1U);
        CHECK_EQUAL(skr_vsock_reset(&a.v, handle), SKR_STALE);
    }
}

/* --- connect --- */

/* [utest->dsn~vsock.connect~1] technique: boundary value */
static void test_vsock_connect_bounds_of_port_and_time_out(void)
{
    skr_vsock_handle_t handle = 0x77U;
    island_run(&a);
    hook_count_from_here();

    CHECK_EQUAL(skr_vsock_connect(&a.v, 0U, HOST_PORT, 1U, &handle), SKR_ARGUMENT);
    CHECK_EQUAL(skr_vsock_connect(&a.v, 1U, HOST_PORT, 0U, &handle), SKR_ARGUMENT);
    CHECK_EQUAL(skr_vsock_connect(&a.v, 1U, HOST_PORT, 0x40000001U, &handle), SKR_ARGUMENT);
    CHECK_EQUAL(skr_vsock_connect(&a.v, 1U, HOST_PORT, 0xFFFFFFFFU, &handle), SKR_ARGUMENT);
    CHECK_EQUAL(handle, 0x77U);
    CHECK_EQUAL(skr_vsock_connect(&a.v, 1U, 0U, 1U, &handle), SKR_OK);
    CHECK_EQUAL(skr_vsock_connect(&a.v, 0xFFFFFFFEU, 0xFFFFFFFFU, 0x40000000U, &handle), SKR_OK);
    CHECK_EQUAL(skr_vsock_connect(&a.v, 0xFFFFFFFEU, 0xFFFFFFFFU, 1U, &handle), SKR_IN_USE);
    for (uint32_t n = 2U; n < SKR_VSOCK_CONNECTIONS; n++) {
        CHECK_EQUAL(skr_vsock_connect(&a.v, 1U, n, LONG, &handle), SKR_OK); /* one port, several peers */
    }
    CHECK_EQUAL(skr_vsock_connect(&a.v, 2U, 2U, 1U, &handle), SKR_FULL);
    CHECK_EQUAL(skr_vsock_connect(&a.v, SKR_VSOCK_PORT_ANY, 2U, 1U, &handle), SKR_FULL);
    CHECK_EQUAL(skr_vsock_connect(&a.v, 1U, 2U, 1U, &handle), SKR_IN_USE);

    CHECK_TEXT(hook_order(), "");
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(peer_drain_op(&a.peer, SKR_VSOCK_OP_REQUEST), SKR_VSOCK_CONNECTIONS - 1U); /* one tick was too short */
}

/* [utest->dsn~vsock.connect~1] [utest->dsn~vsock.events~1] technique: equivalence class: each answer */
static void test_vsock_connect_answered_opens_refused_or_cut(void)
{
    static const struct { uint16_t op; skr_status_t status; uint32_t events; uint32_t rst; } table[] = {
        { SKR_VSOCK_OP_RESPONSE, SKR_AGAIN, SKR_VSOCK_WRITABLE, 0U },
        { SKR_VSOCK_OP_RST, SKR_REFUSED, SKR_VSOCK_HANGUP | SKR_VSOCK_ERROR, 0U },
        { SKR_VSOCK_OP_SHUTDOWN, SKR_RESET, SKR_VSOCK_HANGUP | SKR_VSOCK_ERROR, 1U },   /* ADV-V35 */
        { SKR_VSOCK_OP_RW, SKR_RESET, SKR_VSOCK_HANGUP | SKR_VSOCK_ERROR, 1U },         /* ADV-V35 */
        { SKR_VSOCK_OP_REQUEST, SKR_RESET, SKR_VSOCK_HANGUP | SKR_VSOCK_ERROR, 1U },
        { SKR_VSOCK_OP_INVALID, SKR_AGAIN, 0U, 0U } };

    for (size_t n = 0U; n < (sizeof table / sizeof table[0]); n++) {
        skr_vsock_handle_t handle = 0U;
        island_run(&a);
        REQUIRE_EQUAL(skr_vsock_connect(&a.v, PORT, HOST_PORT, LONG, &handle), SKR_OK);
        CHECK_EQUAL(island_events(&a, handle), 0U);
        CHECK_EQUAL(island_step(&a), SKR_OK);
        CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_REQUEST);
        CHECK_EQUAL(a.peer.got.src_port, PORT);
        CHECK_EQUAL(a.peer.got.dst_port, HOST_PORT);
        CHECK_EQUAL(a.peer.got.buf_alloc, SKR_VSOCK_WINDOW_BYTES);

        CHECK(peer_send(&a.peer, table[n].op, HOST_PORT, PORT));
        CHECK_EQUAL(island_step(&a), SKR_OK);

        CHECK_EQUAL(island_recv(&a, handle, data, 1U, &number), table[n].status);
        CHECK_EQUAL(island_events(&a, handle), table[n].events);
        CHECK_EQUAL(peer_drain_op(&a.peer, SKR_VSOCK_OP_RST), table[n].rst);
        CHECK_EQUAL(skr_vsock_close(&a.v, handle), SKR_OK);
        CHECK_EQUAL(a.model.breaches, 0U);
    }
}

/* [utest->dsn~vsock.connect~1] technique: boundary value; ADV-V35: no answer, then one that is late; the tick wraps meanwhile */
static void test_vsock_connect_unanswered_times_out_and_late_response_gets_rst(void)
{
    skr_vsock_handle_t handle = 0U;
    island_run(&a);
    while (a.now < 0xFFFFFFF0U) { /* in strides, so that no time-out of the device is passed over */
        a.now = ((0xFFFFFFF0U - a.now) > 0x10000000U) ? (a.now + 0x10000000U) : 0xFFFFFFF0U;
        REQUIRE_EQUAL(skr_vsock_step(&a.v, a.now), SKR_OK);
    }
    REQUIRE_EQUAL(skr_vsock_connect(&a.v, PORT, HOST_PORT, 100U, &handle), SKR_OK);
    CHECK_EQUAL(island_wait(&a, 99U), SKR_OK);
    CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_REQUEST);
    CHECK_EQUAL(island_recv(&a, handle, data, 1U, &number), SKR_AGAIN);

    CHECK_EQUAL(island_step(&a), SKR_OK);

    CHECK_EQUAL(island_recv(&a, handle, data, 1U, &number), SKR_TIMEOUT);
    CHECK_EQUAL(island_events(&a, handle), SKR_VSOCK_HANGUP | SKR_VSOCK_ERROR);
    CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_RST);
    CHECK(peer_send(&a.peer, SKR_VSOCK_OP_RESPONSE, HOST_PORT, PORT));
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_RST);
    CHECK_EQUAL(skr_vsock_close(&a.v, handle), SKR_OK);
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(island_places(&a), 0U);
}

/* [utest->dsn~vsock.connect~1] technique: boundary value: ports go round, and start again behind the last */
static void test_vsock_connect_any_port_goes_round(void)
{
    skr_vsock_handle_t handle = 0U;
    island_open(&a, SKR_TRANSPORT_MMIO_V2, false, SKR_VSOCK_PORT_LAST - SKR_VSOCK_PORT_FIRST);
    island_start(&a);

    CHECK_EQUAL(skr_vsock_connect(&a.v, SKR_VSOCK_PORT_ANY, HOST_PORT, LONG, &handle), SKR_OK);
    CHECK_EQUAL(island_flow(&a, handle)->local_port, SKR_VSOCK_PORT_LAST);
    CHECK_EQUAL(skr_vsock_connect(&a.v, SKR_VSOCK_PORT_ANY, HOST_PORT, LONG, &handle), SKR_OK);
    CHECK_EQUAL(island_flow(&a, handle)->local_port, SKR_VSOCK_PORT_FIRST);
    CHECK_EQUAL(skr_vsock_connect(&a.v, SKR_VSOCK_PORT_FIRST + 1U, HOST_PORT, LONG, &handle), SKR_OK);

    CHECK_EQUAL(skr_vsock_connect(&a.v, SKR_VSOCK_PORT_ANY, HOST_PORT + 1U, LONG, &handle), SKR_OK);

    CHECK_EQUAL(island_flow(&a, handle)->local_port, SKR_VSOCK_PORT_FIRST + 2U);
}

/* [utest->dsn~vsock.connect~1] [utest->dsn~vsock.settle~2] technique: boundary value; ADV-V40: a port rests, to the tick, after its
 * connection has ended; a late RST for the old owner does not hit a new one */
static void test_vsock_connect_port_rests_after_its_connection(void)
{
    island_run(&a);
    skr_vsock_handle_t handle = island_connect(&a, SKR_VSOCK_PORT_ANY, HOST_PORT);
    const uint32_t port = island_flow(&a, handle)->local_port;
    CHECK_EQUAL(skr_vsock_reset(&a.v, handle), SKR_OK);
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(island_places(&a), 0U);

    CHECK_EQUAL(island_wait(&a, SKR_TICKS_QUARANTINE - 1U), SKR_OK);
    a.v.next_port = port;
    CHECK_EQUAL(skr_vsock_connect(&a.v, SKR_VSOCK_PORT_ANY, HOST_PORT, LONG, &handle), SKR_OK);
    CHECK_EQUAL(island_flow(&a, handle)->local_port, port + 1U);
    CHECK(peer_send(&a.peer, SKR_VSOCK_OP_RST, HOST_PORT, port));
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(island_recv(&a, handle, data, 1U, &number), SKR_AGAIN);
    a.v.next_port = port;
    CHECK_EQUAL(skr_vsock_connect(&a.v, SKR_VSOCK_PORT_ANY, HOST_PORT, LONG, &handle), SKR_OK);

    CHECK_EQUAL(island_flow(&a, handle)->local_port, port);
}

/* [utest->dsn~vsock.connect~1] technique: equivalence class: a port that the application has named does not rest */
static void test_vsock_connect_named_port_can_be_used_again_at_once(void)
{
    skr_vsock_handle_t handle = 0U;
    island_run(&a);
    for (uint32_t n = 0U; n < 3U; n++) {
        handle = island_connect(&a, PORT, HOST_PORT);
        CHECK_EQUAL(skr_vsock_reset(&a.v, handle), SKR_OK);
        CHECK_EQUAL(island_step(&a), SKR_OK);
        CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_RST);
    }
    for (uint32_t n = 0U; n < SKR_VSOCK_QUARANTINE_LIST; n++) {
        CHECK_EQUAL(a.v.resting[n].port, 0U);
    }
}

/* [utest->dsn~vsock.connect~1] technique: boundary value: as many ports taken as connections and resting ports can take, all in
 * a row; the one after them is the choice */
static void test_vsock_connect_finds_port_behind_all_that_are_taken(void)
{
    skr_vsock_handle_t handle[SKR_VSOCK_CONNECTIONS];
    const uint32_t all = SKR_VSOCK_QUARANTINE_LIST + SKR_VSOCK_CONNECTIONS;
    island_run(&a);
    for (uint32_t n = 0U; n < SKR_VSOCK_QUARANTINE_LIST; n++) {
        REQUIRE_EQUAL(skr_vsock_connect(&a.v, SKR_VSOCK_PORT_ANY, HOST_PORT, LONG, &handle[0]), SKR_OK);
        CHECK_EQUAL(skr_vsock_close(&a.v, handle[0]), SKR_OK); /* before its REQUEST: nobody is told */
        CHECK_EQUAL(island_step(&a), SKR_OK);
    }
    CHECK_EQUAL(peer_drain(&a.peer), 0U);
    for (uint32_t n = 0U; n < SKR_VSOCK_CONNECTIONS; n++) {
        REQUIRE_EQUAL(skr_vsock_connect(&a.v, SKR_VSOCK_PORT_ANY, HOST_PORT, LONG, &handle[n]), SKR_OK);
    }
    CHECK_EQUAL(a.v.next_port, SKR_VSOCK_PORT_FIRST + all);
    a.v.next_port = SKR_VSOCK_PORT_FIRST;

    CHECK_EQUAL(skr_vsock_connect(&a.v, SKR_VSOCK_PORT_ANY, HOST_PORT, LONG, &handle[0]), SKR_FULL);

    CHECK_EQUAL(a.v.next_port, SKR_VSOCK_PORT_FIRST + all + 1U);
}

/* [utest->dsn~vsock.connect~1] technique: error guess: more ports end than the list holds; the oldest is forgotten, no more */
static void test_vsock_connect_resting_list_forgets_the_oldest(void)
{
    skr_vsock_handle_t handle = 0U;
    island_run(&a);
    for (uint32_t n = 0U; n < (SKR_VSOCK_QUARANTINE_LIST + 1U); n++) {
        REQUIRE_EQUAL(skr_vsock_connect(&a.v, SKR_VSOCK_PORT_ANY, HOST_PORT, LONG, &handle), SKR_OK);
        CHECK_EQUAL(skr_vsock_close(&a.v, handle), SKR_OK);
        CHECK_EQUAL(island_step(&a), SKR_OK);
    }
    a.v.next_port = SKR_VSOCK_PORT_FIRST;

    CHECK_EQUAL(skr_vsock_connect(&a.v, SKR_VSOCK_PORT_ANY, HOST_PORT, LONG, &handle), SKR_OK);
    CHECK_EQUAL(island_flow(&a, handle)->local_port, SKR_VSOCK_PORT_FIRST);
    CHECK_EQUAL(skr_vsock_connect(&a.v, SKR_VSOCK_PORT_ANY, HOST_PORT, LONG, &handle), SKR_OK);
    CHECK_EQUAL(island_flow(&a, handle)->local_port, SKR_VSOCK_PORT_FIRST + SKR_VSOCK_QUARANTINE_LIST + 1U);
}

/* --- receive --- */

/* [utest->dsn~vsock.recv~1] technique: boundary value */
static void test_vsock_recv_in_pieces_and_without_room(void)
{
    const skr_vsock_handle_t handle = given_accepted();
    CHECK_EQUAL(island_recv(&a, handle, data, 10U, &number), SKR_AGAIN);
    CHECK_EQUAL(number, 0U);
    CHECK(peer_send_data(&a.peer, HOST_PORT, PORT, "abcdef", 6U));
    CHECK_EQUAL(island_step(&a), SKR_OK);
    hook_count_from_here();

    CHECK_EQUAL(island_recv(&a, handle, NULL, 0U, &number), SKR_OK);
    CHECK_EQUAL(number, 0U);
    CHECK_EQUAL(island_recv(&a, handle, data, 1U, &number), SKR_OK);
    CHECK_BYTES(data, "a", 1U);
    CHECK_EQUAL(island_recv(&a, handle, data, 4U, &number), SKR_OK);
    CHECK_BYTES(data, "bcde", 4U);
    CHECK_EQUAL(island_recv(&a, handle, data, sizeof data, &number), SKR_OK);
    CHECK_EQUAL(number, 1U);
    CHECK_BYTES(data, "f", 1U);
    CHECK_EQUAL(island_recv(&a, handle, data, 1U, &number), SKR_AGAIN);

    CHECK_TEXT(hook_order(), "");
}

/* [utest->dsn~vsock.peek~1] [utest->dsn~vsock.consume~1] technique: boundary value: in place, across the end of the ring */
static void test_vsock_peek_and_consume_across_end_of_ring(void)
{
    const skr_vsock_handle_t handle = given_accepted();
    const uint8_t *at = NULL;
    skr_flow_t *f = island_flow(&a, handle);
    number = 0x77U;
    CHECK_EQUAL(skr_vsock_peek(&a.v, handle, &at, &number), SKR_AGAIN);
    CHECK_EQUAL(number, 0x77U);
    CHECK(at == NULL);
    f->head = SKR_VSOCK_WINDOW_BYTES - 2U; /* as after as many bytes */
    CHECK(peer_send_data(&a.peer, HOST_PORT, PORT, "abcde", 5U));
    CHECK_EQUAL(island_step(&a), SKR_OK);
    hook_count_from_here();

    CHECK_EQUAL(skr_vsock_peek(&a.v, handle, &at, &number), SKR_OK);
    CHECK_EQUAL(number, 2U);
    CHECK_BYTES(at, "ab", 2U);
    CHECK_EQUAL(skr_vsock_consume(&a.v, handle, 6U), SKR_ARGUMENT);
    CHECK_EQUAL(skr_vsock_consume(&a.v, handle, 0xFFFFFFFFU), SKR_ARGUMENT);
    CHECK_EQUAL(skr_vsock_consume(&a.v, handle, 0U), SKR_OK);
    CHECK_EQUAL(skr_vsock_consume(&a.v, handle, 3U), SKR_OK);
    CHECK_EQUAL(skr_vsock_peek(&a.v, handle, &at, &number), SKR_OK);
    CHECK_EQUAL(number, 2U);
    CHECK_BYTES(at, "de", 2U);
    CHECK_EQUAL(skr_vsock_consume(&a.v, handle, 2U), SKR_OK);
    CHECK_EQUAL(skr_vsock_consume(&a.v, handle, 1U), SKR_ARGUMENT);
    CHECK_EQUAL(skr_vsock_peek(&a.v, handle, &at, &number), SKR_AGAIN);

    CHECK_EQUAL(f->fwd_cnt, 5U);
    CHECK_TEXT(hook_order(), "");
}

/* [utest->dsn~vsock.recv~1] technique: boundary value: both runs of the ring in one call */
static void test_vsock_recv_joins_both_runs_of_the_ring(void)
{
    const skr_vsock_handle_t handle = given_accepted();
    island_flow(&a, handle)->head = SKR_VSOCK_WINDOW_BYTES - 2U;
    CHECK(peer_send_data(&a.peer, HOST_PORT, PORT, "abcde", 5U));
    CHECK_EQUAL(island_step(&a), SKR_OK);

    CHECK_EQUAL(island_recv(&a, handle, data, sizeof data, &number), SKR_OK);

    CHECK_EQUAL(number, 5U);
    CHECK_BYTES(data, "abcde", 5U);
}

/* --- shut down, close, reset --- */

/* [utest->dsn~vsock.shutdown~1] technique: equivalence class */
static void test_vsock_shutdown_arguments_and_states(void)
{
    skr_vsock_handle_t handle = 0U;
    const skr_vsock_handle_t open = given_accepted();
    REQUIRE_EQUAL(skr_vsock_connect(&a.v, 700U, 9U, LONG, &handle), SKR_OK);
    hook_count_from_here();

    CHECK_EQUAL(skr_vsock_shutdown(&a.v, open, 0U), SKR_ARGUMENT);
    CHECK_EQUAL(skr_vsock_shutdown(&a.v, open, 4U), SKR_ARGUMENT);
    CHECK_EQUAL(skr_vsock_shutdown(&a.v, open, 0xFFFFFFFFU), SKR_ARGUMENT);
    CHECK_EQUAL(skr_vsock_shutdown(&a.v, handle, SKR_VSOCK_SHUT_SEND), SKR_AGAIN);
    CHECK_TEXT(hook_order(), "");
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK(peer_send(&a.peer, SKR_VSOCK_OP_RST, 9U, 700U));
    CHECK(peer_send(&a.peer, SKR_VSOCK_OP_RST, HOST_PORT, PORT));
    CHECK_EQUAL(island_step(&a), SKR_OK);

    CHECK_EQUAL(skr_vsock_shutdown(&a.v, handle, SKR_VSOCK_SHUT_SEND), SKR_REFUSED);
    CHECK_EQUAL(skr_vsock_shutdown(&a.v, open, SKR_VSOCK_SHUT_SEND), SKR_RESET);
}

/* [utest->dsn~vsock.shutdown~1] technique: oracle: we are done sending, the peer is not: its data come still, then its end */
static void test_vsock_shutdown_send_leaves_receiving(void)
{
    const skr_vsock_handle_t handle = given_accepted();
    CHECK_EQUAL(island_send(&a, handle, 10U, &number), SKR_OK);

    CHECK_EQUAL(skr_vsock_shutdown(&a.v, handle, SKR_VSOCK_SHUT_SEND), SKR_OK);
    CHECK_EQUAL(island_step(&a), SKR_OK);

    CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_RW); /* what was sent first goes first */
    CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_SHUTDOWN);
    CHECK_EQUAL(a.peer.got.flags, SKR_VSOCK_SHUTDOWN_SEND);
    CHECK_EQUAL(island_send(&a, handle, 1U, &number), SKR_CLOSED);
    CHECK_EQUAL(island_events(&a, handle), 0U);
    CHECK(peer_send_data(&a.peer, HOST_PORT, PORT, "more", 4U));
    CHECK(peer_send_shutdown(&a.peer, HOST_PORT, PORT, SKR_VSOCK_SHUTDOWN_SEND));
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(island_events(&a, handle), SKR_VSOCK_READABLE | SKR_VSOCK_HANGUP);
    CHECK_EQUAL(island_recv(&a, handle, data, sizeof data, &number), SKR_OK);
    CHECK_BYTES(data, "more", 4U);
    CHECK_EQUAL(island_recv(&a, handle, data, sizeof data, &number), SKR_CLOSED);
    CHECK_EQUAL(skr_vsock_close(&a.v, handle), SKR_OK);
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_SHUTDOWN);
    CHECK_EQUAL(a.peer.got.flags, 3U);
    CHECK(peer_send(&a.peer, SKR_VSOCK_OP_RST, HOST_PORT, PORT));
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(peer_drain(&a.peer), 0U);
    CHECK_EQUAL(island_places(&a), 0U);
}

/* [utest->dsn~vsock.shutdown~1] technique: oracle: we are done receiving: what came before can be read, what comes after is
 * thrown away with its credit given back, sending goes on */
static void test_vsock_shutdown_receive_leaves_sending(void)
{
    const skr_vsock_handle_t handle = given_accepted();
    CHECK(peer_send_data(&a.peer, HOST_PORT, PORT, "old", 3U));
    CHECK_EQUAL(island_step(&a), SKR_OK);

    CHECK_EQUAL(skr_vsock_shutdown(&a.v, handle, SKR_VSOCK_SHUT_RECEIVE), SKR_OK);
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_SHUTDOWN);
    CHECK_EQUAL(a.peer.got.flags, SKR_VSOCK_SHUTDOWN_RECEIVE);
    for (uint32_t n = 0U; n < 20U; n++) {
        CHECK(peer_send_data(&a.peer, HOST_PORT, PORT, data, SKR_VSOCK_PAYLOAD_BYTES));
        CHECK_EQUAL(island_step(&a), SKR_OK);
    }

    CHECK(peer_drain_op(&a.peer, SKR_VSOCK_OP_CREDIT_UPDATE) >= 4U);
    CHECK_EQUAL(island_recv(&a, handle, data, sizeof data, &number), SKR_OK);
    CHECK_EQUAL(number, 3U);
    CHECK_EQUAL(island_recv(&a, handle, data, sizeof data, &number), SKR_CLOSED);
    CHECK_EQUAL(island_send(&a, handle, 5U, &number), SKR_OK);
    CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_RW);
    CHECK_EQUAL(a.v.counters.broken_flows, 0U);
}

/* [utest->dsn~vsock.shutdown~1] technique: equivalence class: both directions by us, and the peer's RST is the orderly end */
static void test_vsock_shutdown_both_answered_by_rst_is_closed(void)
{
    const skr_vsock_handle_t handle = given_accepted();

    CHECK_EQUAL(skr_vsock_shutdown(&a.v, handle, SKR_VSOCK_SHUT_SEND | SKR_VSOCK_SHUT_RECEIVE), SKR_OK);
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_SHUTDOWN);
    CHECK_EQUAL(a.peer.got.flags, 3U);
    CHECK(peer_send(&a.peer, SKR_VSOCK_OP_RST, HOST_PORT, PORT));
    CHECK_EQUAL(island_step(&a), SKR_OK);

    CHECK_EQUAL(island_recv(&a, handle, data, 1U, &number), SKR_CLOSED);
    CHECK_EQUAL(island_send(&a, handle, 1U, &number), SKR_CLOSED);
    CHECK_EQUAL(island_events(&a, handle), SKR_VSOCK_HANGUP);
    CHECK_EQUAL(peer_drain(&a.peer), 0U);
    CHECK_EQUAL(skr_vsock_close(&a.v, handle), SKR_OK);
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(island_places(&a), 0U);
}

/* [utest->dsn~vsock.close~1] [utest->dsn~vsock.settle~2] technique: boundary value; ADV-V34: the peer never answers: a RST, and the
 * place is free */
static void test_vsock_close_unanswered_ends_with_rst_in_time(void)
{
    const skr_vsock_handle_t handle = given_accepted();
    CHECK(peer_send_data(&a.peer, HOST_PORT, PORT, "unread", 6U));
    CHECK_EQUAL(island_step(&a), SKR_OK);
    hook_count_from_here();

    CHECK_EQUAL(skr_vsock_close(&a.v, handle), SKR_OK);

    CHECK_TEXT(hook_order(), "");
    CHECK_EQUAL(island_wait(&a, SKR_TICKS_CLOSE - 1U), SKR_OK);
    CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_SHUTDOWN);
    CHECK_EQUAL(a.peer.got.flags, 3U);
    CHECK(peer_send_data(&a.peer, HOST_PORT, PORT, "still on its way", 16U));
    CHECK(peer_send_shutdown(&a.peer, HOST_PORT, PORT, SKR_VSOCK_SHUTDOWN_RECEIVE));
    a.now--;
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(peer_drain(&a.peer), 0U);
    CHECK_EQUAL(island_places(&a), 1U);
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_RST);
    CHECK_EQUAL(island_places(&a), 0U);
    CHECK_EQUAL(peer_drain(&a.peer), 0U);
}

/* [utest->dsn~vsock.close~1] [utest->dsn~vsock.reset~1] technique: equivalence class: every state; whether and what the peer is told */
static void test_vsock_close_and_reset_in_each_state(void)
{
    for (uint32_t n = 0U; n < 2U; n++) {
        skr_vsock_handle_t handle = 0U;
        skr_status_t (*const give_up)(skr_vsock_t *, skr_vsock_handle_t) = (n == 0U) ? skr_vsock_close : skr_vsock_reset;
        island_run(&a);

        REQUIRE_EQUAL(skr_vsock_connect(&a.v, 700U, 9U, LONG, &handle), SKR_OK); /* REQUEST not sent: silence */
        CHECK_EQUAL(give_up(&a.v, handle), SKR_OK);
        CHECK_EQUAL(give_up(&a.v, handle), SKR_STALE);
        CHECK_EQUAL(island_step(&a), SKR_OK);
        CHECK_EQUAL(peer_drain(&a.peer), 0U);
        CHECK_EQUAL(island_places(&a), 0U);

        REQUIRE_EQUAL(skr_vsock_connect(&a.v, 700U, 9U, LONG, &handle), SKR_OK); /* REQUEST sent: RST */
        CHECK_EQUAL(island_step(&a), SKR_OK);
        CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_REQUEST);
        CHECK_EQUAL(give_up(&a.v, handle), SKR_OK);
        CHECK_EQUAL(island_step(&a), SKR_OK);
        CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_RST);
        CHECK_EQUAL(island_places(&a), 0U);

        handle = island_accept(&a, PORT, HOST_PORT); /* open: SHUTDOWN, or RST at once */
        CHECK(peer_send_data(&a.peer, HOST_PORT, PORT, "abc", 3U));
        CHECK_EQUAL(island_step(&a), SKR_OK);
        CHECK_EQUAL(give_up(&a.v, handle), SKR_OK);
        CHECK_EQUAL(island_step(&a), SKR_OK);
        CHECK_EQUAL(peer_take_op(&a.peer), (n == 0U) ? SKR_VSOCK_OP_SHUTDOWN : SKR_VSOCK_OP_RST);
        if (n == 0U) {
            CHECK(peer_send(&a.peer, SKR_VSOCK_OP_RST, HOST_PORT, PORT));
            CHECK_EQUAL(island_step(&a), SKR_OK);
        }
        CHECK_EQUAL(island_places(&a), 0U);

        handle = island_accept(&a, PORT, HOST_PORT); /* over already: silence */
        CHECK(peer_send(&a.peer, SKR_VSOCK_OP_RST, HOST_PORT, PORT));
        CHECK_EQUAL(island_step(&a), SKR_OK);
        CHECK_EQUAL(island_places(&a), 1U);
        CHECK_EQUAL(give_up(&a.v, handle), SKR_OK);
        CHECK_EQUAL(island_step(&a), SKR_OK);
        CHECK_EQUAL(peer_drain(&a.peer), 0U);
        CHECK_EQUAL(island_places(&a), 0U);
        CHECK_EQUAL(a.model.breaches, 0U);
    }
}

/* [utest->dsn~vsock.close~1] technique: error guess: closed before the RESPONSE could go out: both, in order */
static void test_vsock_close_before_response_sends_both(void)
{
    skr_vsock_handle_t handle = 0U;
    const skr_vsock_handle_t first = given_accepted();
    given_full_ring(first, HOST_PORT);
    CHECK(peer_send(&a.peer, SKR_VSOCK_OP_REQUEST, 1U, PORT));
    CHECK_EQUAL(island_step(&a), SKR_OK);
    REQUIRE_EQUAL(skr_vsock_accept(&a.v, PORT, &handle, &number), SKR_OK);

    CHECK_EQUAL(skr_vsock_close(&a.v, handle), SKR_OK);
    (void)peer_drain(&a.peer);
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(island_step(&a), SKR_OK);

    CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_RESPONSE);
    CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_SHUTDOWN);
    CHECK_EQUAL(peer_drain(&a.peer), 0U);
}

/* [utest->dsn~vsock.events~1] [utest->dsn~vsock.is_writable~1] technique: equivalence class: each bit, with and without its reason */
static void test_vsock_events_show_each_condition(void)
{
    const skr_vsock_handle_t handle = given_accepted();
    hook_count_from_here();
    CHECK_EQUAL(island_events(&a, handle), SKR_VSOCK_WRITABLE);
    CHECK_TEXT(hook_order(), "");
    CHECK(peer_send_data(&a.peer, HOST_PORT, PORT, "x", 1U));
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(island_events(&a, handle), SKR_VSOCK_READABLE | SKR_VSOCK_WRITABLE);
    CHECK(peer_send_shutdown(&a.peer, HOST_PORT, PORT, SKR_VSOCK_SHUTDOWN_SEND));
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(island_events(&a, handle), SKR_VSOCK_READABLE | SKR_VSOCK_WRITABLE | SKR_VSOCK_HANGUP);
    CHECK_EQUAL(island_recv(&a, handle, data, 1U, &number), SKR_OK);
    CHECK_EQUAL(island_events(&a, handle), SKR_VSOCK_WRITABLE | SKR_VSOCK_HANGUP);
    CHECK(peer_send(&a.peer, SKR_VSOCK_OP_RST, HOST_PORT, PORT)); /* in order, after its SHUTDOWN */
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(island_events(&a, handle), SKR_VSOCK_HANGUP);

    const skr_vsock_handle_t other = island_accept(&a, PORT, HOST_PORT);
    CHECK(peer_send(&a.peer, SKR_VSOCK_OP_RST, HOST_PORT, PORT));
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(island_events(&a, other), SKR_VSOCK_HANGUP | SKR_VSOCK_ERROR);
    CHECK_EQUAL(island_recv(&a, other, data, 1U, &number), SKR_RESET);
}

SKR_SUITE(vsock_socket,
    SKR_TEST(test_vsock_listen_bounds_of_port_and_backlog),
    SKR_TEST(test_vsock_unlisten_resets_backlog_and_nothing_else),
    SKR_TEST(test_vsock_unlisten_keeps_rst_owed_to_ended_connection),
    SKR_TEST(test_vsock_accept_gives_connections_in_order_of_arrival),
    SKR_TEST(test_vsock_handle_that_was_never_given_is_stale),
    SKR_TEST(test_vsock_place_of_a_handle_is_its_low_half_less_one),
    SKR_TEST(test_vsock_resolve_handle_in_use_names_its_place),
    SKR_TEST(test_vsock_handle_of_earlier_owner_is_stale),
    SKR_TEST(test_vsock_connect_bounds_of_port_and_time_out),
    SKR_TEST(test_vsock_connect_answered_opens_refused_or_cut),
    SKR_TEST(test_vsock_connect_unanswered_times_out_and_late_response_gets_rst),
    SKR_TEST(test_vsock_connect_any_port_goes_round),
    SKR_TEST(test_vsock_connect_port_rests_after_its_connection),
    SKR_TEST(test_vsock_connect_named_port_can_be_used_again_at_once),
    SKR_TEST(test_vsock_connect_finds_port_behind_all_that_are_taken),
    SKR_TEST(test_vsock_connect_resting_list_forgets_the_oldest),
    SKR_TEST(test_vsock_recv_in_pieces_and_without_room),
    SKR_TEST(test_vsock_peek_and_consume_across_end_of_ring),
    SKR_TEST(test_vsock_recv_joins_both_runs_of_the_ring),
    SKR_TEST(test_vsock_shutdown_arguments_and_states),
    SKR_TEST(test_vsock_shutdown_send_leaves_receiving),
    SKR_TEST(test_vsock_shutdown_receive_leaves_sending),
    SKR_TEST(test_vsock_shutdown_both_answered_by_rst_is_closed),
    SKR_TEST(test_vsock_close_unanswered_ends_with_rst_in_time),
    SKR_TEST(test_vsock_close_and_reset_in_each_state),
    SKR_TEST(test_vsock_close_before_response_sends_both),
    SKR_TEST(test_vsock_events_show_each_condition))
