/* SPDX-License-Identifier: BSD-3-Clause */
/* What is owed for an earlier life of two ports must not hit a later connection between them. */
#include "vsock_island.h"

#define PORT 1024U
#define HOST_PORT 5000U

static island_t a;

/* ADV-V40. [utest->dsn~vsock.owes_reset~1] technique: error guess: late data of a connection that is gone, then the host takes its port anew */
static void test_vsock_request_behind_late_data_is_refused_and_the_next_is_not(void)
{
    island_run(&a);
    CHECK_EQUAL(skr_vsock_listen(&a.v, PORT, 1U), SKR_OK);
    CHECK(peer_send_data(&a.peer, HOST_PORT, PORT, "x", 1U));
    CHECK(peer_send_data(&a.peer, HOST_PORT, PORT + 1U, "x", 1U));
    CHECK(peer_send_data(&a.peer, HOST_PORT + 1U, PORT, "x", 1U));
    CHECK(peer_send(&a.peer, SKR_VSOCK_OP_REQUEST, HOST_PORT, PORT));
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(peer_drain_op(&a.peer, SKR_VSOCK_OP_RST), 4U); /* a RESPONSE in front of them would have been in vain */

    CHECK(peer_send(&a.peer, SKR_VSOCK_OP_REQUEST, HOST_PORT, PORT));
    CHECK_EQUAL(island_step(&a), SKR_OK);

    CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_RESPONSE);
    CHECK_EQUAL(peer_drain(&a.peer), 0U);
}

/* ADV-V40. [utest->dsn~vsock.owes_reset~1] technique: error guess: no transmit buffer in the step in which both are owed */
static void test_vsock_reset_of_old_connection_goes_before_request_of_new(void)
{
    skr_vsock_handle_t handle = 0U;
    island_run(&a);
    const skr_vsock_handle_t old = island_connect(&a, PORT, HOST_PORT);
    for (uint32_t n = 0U; n < (SKR_VSOCK_TX_COUNT + 1U); n++) { /* an update each; nobody takes them */
        CHECK(peer_send(&a.peer, SKR_VSOCK_OP_CREDIT_REQUEST, HOST_PORT, PORT));
        CHECK_EQUAL(island_step(&a), SKR_OK);
    }
    CHECK_EQUAL(skr_vsock_reset(&a.v, old), SKR_OK);
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(skr_vsock_connect(&a.v, SKR_VSOCK_TYPE_STREAM, PORT, HOST_PORT, LONG, &handle), SKR_IN_USE);
    CHECK_EQUAL(skr_vsock_connect(&a.v, SKR_VSOCK_TYPE_STREAM, PORT, HOST_PORT + 1U, LONG, &handle), SKR_OK);
    CHECK_EQUAL(skr_vsock_connect(&a.v, SKR_VSOCK_TYPE_STREAM, PORT + 1U, HOST_PORT, LONG, &handle), SKR_OK);
    (void)peer_drain(&a.peer);
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(peer_drain_op(&a.peer, SKR_VSOCK_OP_RST), 1U);

    CHECK_EQUAL(skr_vsock_connect(&a.v, SKR_VSOCK_TYPE_STREAM, PORT, HOST_PORT, LONG, &handle), SKR_OK);
    CHECK_EQUAL(island_step(&a), SKR_OK);

    CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_REQUEST);
    CHECK_EQUAL(a.peer.got.dst_port, HOST_PORT);
}

SKR_SUITE(vsock_order,
    SKR_TEST(test_vsock_request_behind_late_data_is_refused_and_the_next_is_not),
    SKR_TEST(test_vsock_reset_of_old_connection_goes_before_request_of_new))
