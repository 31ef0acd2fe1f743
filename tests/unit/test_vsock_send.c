/* SPDX-License-Identifier: BSD-3-Clause */
/* The packet at work: more follows, reserve and commit. Attacks are named as in the hostile back-end catalogue (ADV-V..). */
#include "vsock_core.h"
#include "vsock_island.h"

#define PORT 1024U
#define HOST_PORT 5000U
#define PAYLOAD SKR_VSOCK_PAYLOAD_BYTES
#define MORE SKR_VSOCK_MORE

static island_t a;
static uint32_t taken;
static skr_shm_t *place;
static uint32_t room;

static skr_vsock_handle_t given_accepted(void)
{
    island_run(&a);
    place = NULL;
    room = 0xDEADU;
    return island_accept(&a, PORT, HOST_PORT);
}

static skr_vsock_handle_t given_messages(void)
{
    island_run_messages(&a);
    return island_accept(&a, PORT, HOST_PORT);
}

static skr_status_t say(skr_vsock_handle_t handle, const char *text, uint32_t flags)
{
    taken = 0xDEADU;
    return skr_vsock_send(&a.v, handle, (const uint8_t *)text, (uint32_t)strlen(text), flags, &taken);
}

/* Write into the room that was reserved, as an application does. */
static void build(const char *text)
{
    for (uint32_t n = 0U; text[n] != '\0'; n++) {
        place[n] = (uint8_t)text[n];
    }
}

static void then_packet(const char *text, uint32_t flags)
{
    REQUIRE_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_RW);
    CHECK_EQUAL(a.peer.got.length, strlen(text));
    CHECK_BYTES(a.peer.payload, text, (uint32_t)strlen(text));
    CHECK_EQUAL(a.peer.got.flags, flags);
}

static skr_virtq_t *ring(void)
{
    return &a.v.device.virtq[SKR_VSOCK_TX];
}

/* The peer says what credit it has, and the island hears it. */
static void given_credit(uint32_t buf_alloc)
{
    a.peer.buf_alloc = buf_alloc;
    CHECK(peer_send(&a.peer, SKR_VSOCK_OP_CREDIT_UPDATE, HOST_PORT, PORT));
    CHECK_EQUAL(island_step(&a), SKR_OK);
    (void)peer_drain(&a.peer);
}

/* --- more follows --- */

/* [utest->dsn~vsock.send~2] technique: equivalence class */
static void test_vsock_send_more_follows_shares_packet_and_doorbell(void)
{
    const skr_vsock_handle_t handle = given_accepted();
    const uint32_t kicks = a.model.notifies[SKR_VSOCK_TX];

    CHECK_EQUAL(say(handle, "one, ", MORE), SKR_OK);
    CHECK_EQUAL(taken, 5U);
    CHECK_EQUAL(say(handle, "two, ", MORE), SKR_OK);
    CHECK_EQUAL(say(handle, "", MORE), SKR_OK);
    CHECK_EQUAL(peer_drain(&a.peer), 0U);
    CHECK_EQUAL(say(handle, "three", 0U), SKR_OK);

    model_run(&a.model);
    CHECK_EQUAL(a.model.notifies[SKR_VSOCK_TX], kicks + 1U);
    then_packet("one, two, three", 0U);
    CHECK_EQUAL(peer_drain(&a.peer), 0U);
    CHECK_EQUAL(a.model.breaches, 0U);
}

/* [utest->dsn~vsock.finish~1] [utest->dsn~vsock.flush~1] technique: error guess: the call that was to follow never comes */
static void test_vsock_send_more_follows_goes_out_with_the_next_step(void)
{
    const skr_vsock_handle_t handle = given_accepted();
    CHECK_EQUAL(say(handle, "alone", MORE), SKR_OK);

    CHECK_EQUAL(island_step(&a), SKR_OK);

    then_packet("alone", 0U);
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(peer_drain(&a.peer), 0U);
}

/* [utest->dsn~vsock.send~2] technique: boundary value: a full packet does not wait, but its doorbell does */
static void test_vsock_send_more_follows_delays_the_doorbell_of_full_packets(void)
{
    const skr_vsock_handle_t handle = given_accepted();
    const uint32_t kicks = a.model.notifies[SKR_VSOCK_TX];
    const uint32_t first = ring()->avail_idx;

    CHECK_EQUAL(skr_vsock_send(&a.v, handle, a.peer.payload, PAYLOAD - 1U, MORE, &taken), SKR_OK);
    CHECK_EQUAL(ring()->avail_idx, first + 0U);
    CHECK_EQUAL(skr_vsock_send(&a.v, handle, a.peer.payload, 1U, MORE, &taken), SKR_OK);
    CHECK_EQUAL(ring()->avail_idx, first + 1U);
    CHECK_EQUAL(skr_vsock_send(&a.v, handle, a.peer.payload, (2U * PAYLOAD) + 1U, MORE, &taken), SKR_OK);
    CHECK_EQUAL(taken, (2U * PAYLOAD) + 1U);
    CHECK_EQUAL(ring()->avail_idx, first + 3U);
    CHECK_EQUAL(model_waiting(&a.model, PEER_TX), 0U);
    CHECK_EQUAL(island_step(&a), SKR_OK);

    model_run(&a.model);
    CHECK_EQUAL(a.model.notifies[SKR_VSOCK_TX], kicks + 1U);
    CHECK_EQUAL(peer_drain_op(&a.peer, SKR_VSOCK_OP_RW), 4U);
    CHECK_EQUAL(a.peer.got.length, 1U);
}

/* [utest->dsn~vsock.finish~1] technique: error guess: two connections, one packet at work */
static void test_vsock_send_of_another_connection_sends_packet_at_work_first(void)
{
    const skr_vsock_handle_t handle = given_accepted();
    const skr_vsock_handle_t other = island_accept(&a, PORT, HOST_PORT + 1U);
    CHECK_EQUAL(say(handle, "first", MORE), SKR_OK);
    CHECK_EQUAL(say(other, "second", MORE), SKR_OK);

    CHECK_EQUAL(say(handle, "third", 0U), SKR_OK);

    then_packet("first", 0U);
    CHECK_EQUAL(a.peer.got.dst_port, HOST_PORT);
    then_packet("second", 0U);
    CHECK_EQUAL(a.peer.got.dst_port, HOST_PORT + 1U);
    then_packet("third", 0U);
    CHECK_EQUAL(a.peer.got.dst_port, HOST_PORT);
}

/* [utest->dsn~vsock.finish~1] technique: error guess: what was taken is delivered in front of the end */
static void test_vsock_close_and_shutdown_send_packet_at_work_first(void)
{
    const skr_vsock_handle_t handle = given_accepted();
    const skr_vsock_handle_t other = island_accept(&a, PORT, HOST_PORT + 1U);

    CHECK_EQUAL(say(handle, "last words", MORE), SKR_OK);
    CHECK_EQUAL(skr_vsock_shutdown(&a.v, handle, SKR_VSOCK_SHUT_SEND), SKR_OK);
    CHECK_EQUAL(island_step(&a), SKR_OK);
    then_packet("last words", 0U);
    CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_SHUTDOWN);
    CHECK_EQUAL(say(other, "farewell", MORE), SKR_OK);
    CHECK_EQUAL(skr_vsock_close(&a.v, other), SKR_OK);
    CHECK_EQUAL(island_step(&a), SKR_OK);

    then_packet("farewell", 0U);
    CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_SHUTDOWN);
}

/* [utest->dsn~vsock.finish~1] technique: fault injection: nobody wants it any more; the buffer comes back */
static void test_vsock_packet_at_work_is_dropped_with_its_connection(void)
{
    for (uint32_t n = 0U; n < 3U; n++) {
        const skr_vsock_handle_t handle = given_accepted();
        (void)peer_drain(&a.peer);
        CHECK_EQUAL(say(handle, "unheard", MORE), SKR_OK);
        if (n == 0U) {
            CHECK_EQUAL(skr_vsock_reset(&a.v, handle), SKR_OK);
        } else if (n == 1U) {
            CHECK(peer_send(&a.peer, SKR_VSOCK_OP_RST, HOST_PORT, PORT));
        } else {
            CHECK(peer_send_shutdown(&a.peer, HOST_PORT, PORT, SKR_VSOCK_SHUTDOWN_RECEIVE));
        }

        CHECK_EQUAL(island_step(&a), SKR_OK);

        CHECK_EQUAL(peer_drain_op(&a.peer, SKR_VSOCK_OP_RW), 0U);
        CHECK_EQUAL(island_step(&a), SKR_OK);
        CHECK_EQUAL(ring()->free_count + ring()->outstanding, SKR_VSOCK_TX_COUNT);
        CHECK_EQUAL(a.v.build.id, SKR_VIRTQ_NONE);
    }
}

/* [utest->dsn~vsock.send~2] technique: boundary value */
static void test_vsock_send_unknown_flag_is_refused(void)
{
    const skr_vsock_handle_t handle = given_accepted();

    CHECK_EQUAL(say(handle, "x", 4U), SKR_ARGUMENT);
    CHECK_EQUAL(taken, 0U);
    CHECK_EQUAL(say(handle, "x", 0x80000000U), SKR_ARGUMENT);
    CHECK_EQUAL(say(handle, "x", MORE | SKR_VSOCK_RECORD), SKR_OK); /* a record means nothing in a stream */

    CHECK_EQUAL(island_step(&a), SKR_OK);
    then_packet("x", 0U);
}

/* [utest->dsn~vsock.send~2] technique: error guess: a message in parts over steps ends once, with the record if it was said at its end */
static void test_vsock_send_message_in_parts_over_steps_ends_once(void)
{
    const skr_vsock_handle_t handle = given_messages();
    CHECK_EQUAL(say(handle, "part", MORE), SKR_OK);
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(say(handle, " and ", MORE | SKR_VSOCK_RECORD), SKR_OK);
    CHECK_EQUAL(island_step(&a), SKR_OK);

    CHECK_EQUAL(say(handle, "end", SKR_VSOCK_RECORD), SKR_OK);

    then_packet("part", 0U);
    then_packet(" and ", 0U);
    then_packet("end", SKR_VSOCK_SEQ_EOM | SKR_VSOCK_SEQ_EOR);
}

/* [utest->dsn~vsock.send~2] technique: boundary value: a full packet goes out at once, and does not end the message that goes on */
static void test_vsock_send_message_full_packet_does_not_end_it(void)
{
    const skr_vsock_handle_t handle = given_messages();

    CHECK_EQUAL(skr_vsock_send(&a.v, handle, a.peer.payload, PAYLOAD, MORE, &taken), SKR_OK);
    CHECK_EQUAL(skr_vsock_send(&a.v, handle, a.peer.payload, PAYLOAD, 0U, &taken), SKR_OK);

    for (uint32_t n = 0U; n < 2U; n++) {
        CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_RW);
        CHECK_EQUAL(a.peer.got.length, PAYLOAD);
        CHECK_EQUAL(a.peer.got.flags, (n == 0U) ? 0U : SKR_VSOCK_SEQ_EOM);
    }
}

/* ADV-V20. [utest->dsn~flow.charge~1] technique: fault injection: credit is taken back while a packet waits; what was taken goes out,
 * nothing more is taken */
static void test_vsock_packet_at_work_was_charged_when_it_was_taken(void)
{
    const skr_vsock_handle_t handle = given_accepted();
    CHECK_EQUAL(say(handle, "taken", MORE), SKR_OK);

    given_credit(0U);

    CHECK_EQUAL(a.peer.got.length, 5U);
    CHECK_EQUAL(say(handle, "x", 0U), SKR_AGAIN);
}

/* --- reserve and commit --- */

/* [utest->dsn~vsock.reserve~1] [utest->dsn~vsock.commit~1] technique: oracle: the peer decodes the packet */
static void test_vsock_reserve_builds_in_the_buffer_that_is_sent(void)
{
    const skr_vsock_handle_t handle = given_accepted();

    CHECK_EQUAL(skr_vsock_reserve(&a.v, handle, &place, &room), SKR_OK);
    CHECK_EQUAL(room, PAYLOAD);
    build("built in place");
    hook_count_from_here();
    CHECK_EQUAL(skr_vsock_commit(&a.v, handle, 14U, 0U), SKR_OK);

    CHECK_EQUAL(hook_bytes_written(), SKR_VSOCK_HEADER_BYTES + 4U + 2U + 2U + 4U); /* header, length, slot, index, notify: no copy */
    then_packet("built in place", 0U);
    CHECK_EQUAL(skr_vsock_commit(&a.v, handle, 0U, 0U), SKR_STATE);
    CHECK_EQUAL(a.model.breaches, 0U);
}

/* [utest->dsn~vsock.commit~1] technique: boundary value: pieces, up to a full packet, mixed with send */
static void test_vsock_commit_in_pieces_fills_the_packet(void)
{
    const skr_vsock_handle_t handle = given_accepted();
    const uint32_t first = ring()->avail_idx;
    CHECK_EQUAL(skr_vsock_reserve(&a.v, handle, &place, &room), SKR_OK);
    build("abc");
    CHECK_EQUAL(skr_vsock_commit(&a.v, handle, 3U, MORE), SKR_OK);
    CHECK_EQUAL(say(handle, "def", MORE), SKR_OK);
    CHECK_EQUAL(skr_vsock_reserve(&a.v, handle, &place, &room), SKR_OK);
    CHECK_EQUAL(room, PAYLOAD - 6U);
    build("ghi");
    CHECK_EQUAL(skr_vsock_commit(&a.v, handle, room - 1U, MORE), SKR_OK);
    CHECK_EQUAL(ring()->avail_idx, first + 0U);
    CHECK_EQUAL(skr_vsock_commit(&a.v, handle, 1U, MORE), SKR_OK); /* the rest of the room */
    CHECK_EQUAL(ring()->avail_idx, first + 1U);
    CHECK_EQUAL(model_waiting(&a.model, PEER_TX), 0U);

    CHECK_EQUAL(island_step(&a), SKR_OK);

    CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_RW);
    CHECK_EQUAL(a.peer.got.length, PAYLOAD);
    CHECK_BYTES(a.peer.payload, "abcdefghi", 9U);
}

/* [utest->dsn~vsock.commit~1] technique: boundary value */
static void test_vsock_commit_bounds(void)
{
    const skr_vsock_handle_t handle = given_accepted();
    given_credit(10U);
    CHECK_EQUAL(skr_vsock_commit(&a.v, handle, 0U, 0U), SKR_STATE);
    CHECK_EQUAL(skr_vsock_reserve(&a.v, handle, &place, &room), SKR_OK);
    CHECK_EQUAL(room, 10U);
    build("0123456789");

    CHECK_EQUAL(skr_vsock_commit(&a.v, handle, 11U, 0U), SKR_ARGUMENT);
    CHECK_EQUAL(skr_vsock_commit(&a.v, handle, 0xFFFFFFFFU, 0U), SKR_ARGUMENT);
    CHECK_EQUAL(skr_vsock_commit(&a.v, handle, 10U, 4U), SKR_ARGUMENT);
    CHECK_EQUAL(skr_vsock_commit(&a.v, handle + 1U, 10U, 0U), SKR_STALE);
    CHECK_EQUAL(skr_vsock_commit(&a.v, handle, 10U, 0U), SKR_OK);

    then_packet("0123456789", 0U);
    CHECK_EQUAL(skr_vsock_reserve(&a.v, handle, &place, &room), SKR_AGAIN);
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(ring()->free_count, SKR_VSOCK_TX_COUNT - ring()->outstanding);
}

/* [utest->dsn~vsock.commit~1] technique: boundary value: nothing of a stream is nothing, of a message it is an empty one */
static void test_vsock_commit_of_nothing(void)
{
    skr_vsock_handle_t handle = given_accepted();
    CHECK_EQUAL(skr_vsock_reserve(&a.v, handle, &place, &room), SKR_OK);
    CHECK_EQUAL(skr_vsock_commit(&a.v, handle, 0U, 0U), SKR_OK);
    CHECK_EQUAL(peer_drain(&a.peer), 0U);
    CHECK_EQUAL(say(handle, "waits", MORE), SKR_OK);
    CHECK_EQUAL(skr_vsock_commit(&a.v, handle, 0U, 0U), SKR_OK);
    then_packet("waits", 0U);
    handle = given_messages();
    CHECK_EQUAL(skr_vsock_reserve(&a.v, handle, &place, &room), SKR_OK);

    CHECK_EQUAL(skr_vsock_commit(&a.v, handle, 0U, 0U), SKR_OK);

    then_packet("", SKR_VSOCK_SEQ_EOM);
    given_credit(5U);
    CHECK_EQUAL(skr_vsock_reserve(&a.v, handle, &place, &room), SKR_OK);
    CHECK_EQUAL(skr_vsock_commit(&a.v, handle, 6U, 0U), SKR_ARGUMENT);
    CHECK_EQUAL(skr_vsock_commit(&a.v, handle, 5U, SKR_VSOCK_RECORD), SKR_OK);
    CHECK_EQUAL(peer_take_op(&a.peer), SKR_VSOCK_OP_RW);
    CHECK_EQUAL(a.peer.got.flags, SKR_VSOCK_SEQ_EOM | SKR_VSOCK_SEQ_EOR);
}

/* [utest->dsn~vsock.reserve~1] [utest->dsn~vsock.finish~1] technique: error guess: a room does not outlive the calls that are said to end it */
static void test_vsock_reserve_lapses(void)
{
    const skr_vsock_handle_t handle = given_accepted();
    const skr_vsock_handle_t other = island_accept(&a, PORT, HOST_PORT + 1U);

    CHECK_EQUAL(skr_vsock_reserve(&a.v, handle, &place, &room), SKR_OK);
    CHECK_EQUAL(skr_vsock_commit(&a.v, other, 0U, 0U), SKR_STATE);
    CHECK_EQUAL(island_step(&a), SKR_OK);
    CHECK_EQUAL(skr_vsock_commit(&a.v, handle, 1U, 0U), SKR_STATE);
    CHECK_EQUAL(skr_vsock_reserve(&a.v, handle, &place, &room), SKR_OK);
    CHECK_EQUAL(skr_vsock_reserve(&a.v, other, &place, &room), SKR_OK);
    CHECK_EQUAL(skr_vsock_commit(&a.v, handle, 1U, 0U), SKR_STATE);
    CHECK_EQUAL(say(handle, "send takes the packet over", 0U), SKR_OK);
    CHECK_EQUAL(skr_vsock_commit(&a.v, other, 1U, 0U), SKR_STATE);
    CHECK_EQUAL(skr_vsock_reserve(&a.v, handle, &place, &room), SKR_OK);
    CHECK_EQUAL(skr_vsock_start(&a.v, a.now), SKR_OK);
    CHECK_EQUAL(skr_vsock_commit(&a.v, handle, 1U, 0U), SKR_RESET);

    CHECK_EQUAL(peer_drain_op(&a.peer, SKR_VSOCK_OP_RW), 1U);
}

/* [utest->dsn~vsock.reserve~1] technique: equivalence class: every reason why not, and the outputs are untouched */
static void test_vsock_reserve_says_why_not(void)
{
    skr_vsock_handle_t handle = given_accepted();
    const skr_vsock_handle_t other = island_accept(&a, PORT, HOST_PORT + 1U);
    skr_vsock_handle_t young = 0U;
    CHECK_EQUAL(skr_vsock_connect(&a.v, 1U, PORT + 1U, HOST_PORT, LONG, &young), SKR_OK);

    CHECK_EQUAL(skr_vsock_reserve(&a.v, young, &place, &room), SKR_AGAIN);
    CHECK_EQUAL(skr_vsock_reserve(&a.v, handle + 0x10000U, &place, &room), SKR_STALE);
    CHECK_EQUAL(skr_vsock_shutdown(&a.v, other, SKR_VSOCK_SHUT_SEND), SKR_OK);
    CHECK_EQUAL(skr_vsock_reserve(&a.v, other, &place, &room), SKR_CLOSED);
    for (uint32_t n = 0U; n < (SKR_VSOCK_TX_COUNT - SKR_VSOCK_TX_RESERVE); n++) {
        CHECK_EQUAL(say(handle, "x", 0U), SKR_OK);
    }
    CHECK_EQUAL(skr_vsock_reserve(&a.v, handle, &place, &room), SKR_AGAIN);

    CHECK(place == NULL);
    CHECK_EQUAL(room, 0xDEADU);
}

/* ADV-Q05. [utest->dsn~vsock.reserve~1] technique: fault injection: the ring is found broken while a buffer is looked for */
static void test_vsock_reserve_over_broken_ring_is_fault(void)
{
    const skr_vsock_handle_t handle = given_accepted();
    while (ring()->free_count > SKR_VSOCK_TX_RESERVE) {
        CHECK_EQUAL(say(handle, "x", 0U), SKR_OK);
    }
    model_raw_push(&a.model, PEER_TX, SKR_VSOCK_TX_COUNT, 0U);

    CHECK_EQUAL(skr_vsock_reserve(&a.v, handle, &place, &room), SKR_FAULT);

    CHECK(place == NULL);
    CHECK_EQUAL(skr_vsock_cause(&a.v), SKR_CAUSE_USED_ID);
    then_every_call_faults(&a, handle, PORT);
}

/* [utest->dsn~vsock.reserve~1] [utest->dsn~vsock.commit~1] technique: structural: no more accesses than the headers say */
static void test_vsock_reserve_and_commit_stay_within_bounds(void)
{
    const skr_vsock_handle_t handle = given_accepted();
    CHECK_EQUAL(say(island_accept(&a, PORT, HOST_PORT + 1U), "waits", MORE), SKR_OK);
    hook_count_from_here();
    CHECK_EQUAL(skr_vsock_reserve(&a.v, handle, &place, &room), SKR_OK);
    CHECK(hook_reads() + hook_writes() <= 15U);
    hook_count_from_here();
    CHECK_EQUAL(skr_vsock_reserve(&a.v, handle, &place, &room), SKR_OK);
    CHECK_TEXT(hook_order(), "");

    CHECK_EQUAL(skr_vsock_commit(&a.v, handle, room, 0U), SKR_OK);

    CHECK(hook_reads() + hook_writes() <= 18U);
}

SKR_SUITE(vsock_send,
    SKR_TEST(test_vsock_send_more_follows_shares_packet_and_doorbell),
    SKR_TEST(test_vsock_send_more_follows_goes_out_with_the_next_step),
    SKR_TEST(test_vsock_send_more_follows_delays_the_doorbell_of_full_packets),
    SKR_TEST(test_vsock_send_of_another_connection_sends_packet_at_work_first),
    SKR_TEST(test_vsock_close_and_shutdown_send_packet_at_work_first),
    SKR_TEST(test_vsock_packet_at_work_is_dropped_with_its_connection),
    SKR_TEST(test_vsock_send_unknown_flag_is_refused),
    SKR_TEST(test_vsock_send_message_in_parts_over_steps_ends_once),
    SKR_TEST(test_vsock_send_message_full_packet_does_not_end_it),
    SKR_TEST(test_vsock_packet_at_work_was_charged_when_it_was_taken),
    SKR_TEST(test_vsock_reserve_builds_in_the_buffer_that_is_sent),
    SKR_TEST(test_vsock_commit_in_pieces_fills_the_packet),
    SKR_TEST(test_vsock_commit_bounds),
    SKR_TEST(test_vsock_commit_of_nothing),
    SKR_TEST(test_vsock_reserve_lapses),
    SKR_TEST(test_vsock_reserve_says_why_not),
    SKR_TEST(test_vsock_reserve_over_broken_ring_is_fault),
    SKR_TEST(test_vsock_reserve_and_commit_stay_within_bounds))
