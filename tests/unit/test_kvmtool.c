/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Console and vsock against kvmtool's PMM as it is (backend/kvmtool.h): each of its traps B1 to B18 is played by a test that
 * has its number, and the whole life of an island and a PMM that die and come back in every order.
 *
 * Where a trap could be avoided by chance, a clumsy front-end, a few writes by hand, shows first that it snaps.
 */
#include <string.h>

#include "backend/hook.h"
#include "backend/kvmtool.h"
#include "skerry/console.h"
#include "skerry/vsock.h"
#include "test.h"
#include "transports.h"

/* Two rings of 256, legacy layout, and the page in front take this of vsock's 64 KiB. */
#define RINGS_BYTES 0x7000U

#if ((SKR_VSOCK_RX_COUNT + SKR_VSOCK_TX_COUNT) * SKR_VSOCK_BUFFER_BYTES) > (0x10000U - RINGS_BYTES)

/* [utest->dsn~virtq.place~1] technique: boundary value: a configuration for larger windows is refused by its cause, not by chance */
static void test_kvmtool_block_too_small_for_the_configuration_is_refused(void)
{
    static kvmtool_t k;
    static skr_vsock_t v;
    skr_status_t status = SKR_AGAIN;
    hook_reset();
    kvmtool_open(&k, KVMTOOL_STAGING, false);
    kvmtool_boot(&k, KVMTOOL_STAGES);
    const skr_transport_t t = kvmtool_transport(&k, KVMTOOL_VSOCK);
    REQUIRE_EQUAL(skr_vsock_init(&v, &t, 0U), SKR_OK);
    REQUIRE_EQUAL(skr_vsock_start(&v, 0U), SKR_OK);

    for (uint32_t now = 1U; (now < 1000U) && (status == SKR_AGAIN); now++) {
        status = skr_vsock_step(&v, now);
    }

    CHECK_EQUAL(status, SKR_FAULT);
    CHECK_EQUAL(skr_vsock_cause(&v), SKR_CAUSE_MEMORY_SIZE);
    CHECK(k.dead == NULL);
}

SKR_SUITE(kvmtool,
    SKR_TEST(test_kvmtool_block_too_small_for_the_configuration_is_refused))

#else

#define PORT 7U
#define HOST_PORT 5000U
#define PATIENCE 12000U /* turns, a tick each: more than a set-up takes that loses every other doorbell */
#define SOON 3U         /* turns in which something that need not wait has happened */
#define HOST_BUFFER 262144U

typedef struct {
    kvmtool_t k;
    skr_console_t c;
    skr_vsock_t v;
    skr_status_t console;     /* of the last step */
    skr_status_t vsock;
    uint32_t now;
    uint32_t fwd_cnt;         /* bytes of the present connection that the host has taken */
    skr_vsock_handle_t handle;
} lab_t;

static const struct {
    kvmtool_tree_t tree;
    bool no_dtb;
} flavour[] = { { KVMTOOL_MASTER, false }, { KVMTOOL_STAGING, false }, { KVMTOOL_STAGING, true } };

#define FLAVOURS (sizeof flavour / sizeof flavour[0])

static lab_t lab;
static kvmtool_t saved;

/* --- an island --- */

/* A new program: its memory holds whatever the last one left. */
static void new_island(uint32_t options)
{
    skr_transport_t console = kvmtool_transport(&lab.k, KVMTOOL_CONSOLE);
    skr_transport_t vsock = kvmtool_transport(&lab.k, KVMTOOL_VSOCK);

    console.options = options;
    vsock.options = options;
    memset(&lab.c, 0xA5, sizeof lab.c);
    memset(&lab.v, 0xA5, sizeof lab.v);
    REQUIRE_EQUAL(skr_console_init(&lab.c, &console), SKR_OK);
    REQUIRE_EQUAL(skr_vsock_init(&lab.v, &vsock, lab.now), SKR_OK);
    REQUIRE_EQUAL(skr_vsock_listen(&lab.v, PORT, 1U), SKR_OK);
    lab.console = SKR_STATE;
    lab.vsock = SKR_STATE;
}

static void start_both(void)
{
    REQUIRE_EQUAL(skr_console_start(&lab.c, lab.now), SKR_OK);
    REQUIRE_EQUAL(skr_vsock_start(&lab.v, lab.now), SKR_OK);
    lab.console = SKR_AGAIN;
    lab.vsock = SKR_AGAIN;
}

/* One turn of the island's main loop and, after it, of what else the PMM does. */
static void turn(void)
{
    lab.now++;
    lab.console = skr_console_step(&lab.c, lab.now);
    lab.vsock = skr_vsock_step(&lab.v, lab.now);
    kvmtool_run(&lab.k);
}

static void turns(uint32_t count)
{
    for (uint32_t i = 0U; i < count; i++) {
        turn();
    }
}

/* Until both run or have failed. */
static void settle(void)
{
    for (uint32_t i = 0U; (i < PATIENCE) && ((lab.console == SKR_AGAIN) || (lab.vsock == SKR_AGAIN)); i++) {
        turn();
    }
}

static void come_up(void)
{
    settle();
    REQUIRE_EQUAL(lab.console, SKR_OK);
    REQUIRE_EQUAL(lab.vsock, SKR_OK);
}

static void given_pmm(size_t f)
{
    hook_reset();
    kvmtool_open(&lab.k, flavour[f].tree, flavour[f].no_dtb);
    kvmtool_boot(&lab.k, KVMTOOL_STAGES);
    lab.now = 1000U;
}

static void given_running(size_t f, uint32_t options)
{
    given_pmm(f);
    new_island(options);
    start_both();
    come_up();
}

/* Nothing was done to the PMM that it does not bear. */
static void then_pmm_is_well(void)
{
    CHECK(lab.k.dead == NULL);
    CHECK_EQUAL(lab.k.breaches, 0U);
    CHECK_EQUAL(lab.k.foreign, 0U);
    CHECK_EQUAL(lab.k.swallowed_passes, 0U);
}

/* --- a host --- */

static bool host_sends(uint16_t op, uint32_t host_port, uint32_t island_port, const void *data, uint32_t bytes)
{
    const skr_vsock_packet_t header = {
        .src_cid = SKR_VSOCK_CID_HOST, .dst_cid = KVMTOOL_CID, .src_port = host_port, .dst_port = island_port, .length = bytes,
        .flags = (op == SKR_VSOCK_OP_SHUTDOWN) ? 3U : 0U, .buf_alloc = HOST_BUFFER, .fwd_cnt = lab.fwd_cnt,
        .type = SKR_VSOCK_TYPE_STREAM, .op = op };

    return kvmtool_send(&lab.k, &header, data, bytes);
}

/* The next packet of this kind within so many turns; what comes before it is the host's business and not the test's. */
static const kvmtool_packet_t *host_gets(uint16_t op, uint32_t patience)
{
    const kvmtool_packet_t *p = NULL;
    bool found = false;

    for (uint32_t i = 0U; (i <= patience) && !found; i++) {
        if (i != 0U) {
            turn();
        }
        do {
            p = kvmtool_take(&lab.k);
            if ((p != NULL) && (p->header.op == SKR_VSOCK_OP_RW)) {
                lab.fwd_cnt += p->bytes;
            }
            found = (p != NULL) && (p->header.op == op);
        } while ((p != NULL) && !found);
    }
    return found ? p : NULL;
}

static void host_connects(uint32_t host_port, uint32_t patience)
{
    uint32_t from = 0U;

    lab.fwd_cnt = 0U;
    CHECK(host_sends(SKR_VSOCK_OP_REQUEST, host_port, PORT, NULL, 0U));
    CHECK(host_gets(SKR_VSOCK_OP_RESPONSE, patience) != NULL);
    REQUIRE_EQUAL(skr_vsock_accept(&lab.v, PORT, &lab.handle, &from), SKR_OK);
    CHECK_EQUAL(from, host_port);
}

static skr_status_t island_sends(const char *text, uint32_t bytes)
{
    uint32_t taken = 0U;

    return skr_vsock_send(&lab.v, lab.handle, (const uint8_t *)text, bytes, 0U, &taken);
}

/* --- data both ways --- */

static void console_carries(uint32_t patience)
{
    static const char out[] = "island: up\n";
    uint8_t in[8] = { 0U };
    uint32_t count = 0U;
    uint32_t got = 0U;

    lab.k.shown_count = 0U;
    REQUIRE_EQUAL(skr_console_write(&lab.c, (const uint8_t *)out, sizeof out - 1U, &count), SKR_OK);
    CHECK_EQUAL(count, sizeof out - 1U);
    kvmtool_type(&lab.k, "help");
    for (uint32_t i = 0U; (i < patience) && ((got < 4U) || (lab.k.shown_count < (sizeof out - 1U))); i++) {
        turn();
        CHECK(skr_console_read(&lab.c, &in[got], 4U - got, &count) != SKR_FAULT);
        got += count;
    }
    CHECK_EQUAL(got, 4U);
    CHECK_BYTES(in, "help", 4U);
    CHECK_EQUAL(lab.k.shown_count, sizeof out - 1U);
    CHECK_BYTES(lab.k.shown, out, sizeof out - 1U);
}

static void vsock_carries(uint32_t host_port, uint32_t patience)
{
    uint8_t in[16] = { 0U };
    uint32_t got = 0U;
    skr_status_t status = SKR_AGAIN;

    host_connects(host_port, patience);
    CHECK(host_sends(SKR_VSOCK_OP_RW, host_port, PORT, "ping", 4U));
    for (uint32_t i = 0U; (i < patience) && (status == SKR_AGAIN); i++) {
        turn();
        status = skr_vsock_recv(&lab.v, lab.handle, in, sizeof in, &got);
    }
    CHECK_EQUAL(status, SKR_OK);
    CHECK_EQUAL(got, 4U);
    CHECK_BYTES(in, "ping", 4U);
    CHECK_EQUAL(island_sends("pong!", 5U), SKR_OK);
    const kvmtool_packet_t *p = host_gets(SKR_VSOCK_OP_RW, patience);
    CHECK((p != NULL) && (p->bytes == 5U) && (memcmp(p->payload, "pong!", 5U) == 0));
    CHECK_EQUAL(skr_vsock_close(&lab.v, lab.handle), SKR_OK);
    CHECK(host_gets(SKR_VSOCK_OP_SHUTDOWN, patience) != NULL);
    CHECK(host_sends(SKR_VSOCK_OP_RST, host_port, PORT, NULL, 0U));
    turn();
}

static void both_carry(uint32_t patience)
{
    console_carries(patience);
    vsock_carries(HOST_PORT + lab.now, patience);
}

/* --- a clumsy front-end --- */

/* Write a register of a device, and ring. */
static void pokes(uint32_t device, uint32_t offset, uint32_t value)
{
    kvmtool_set_register(&lab.k, device, offset, value);
    skr_port_doorbell(0U);
    kvmtool_run(&lab.k);
}

static uint32_t page_of(uint32_t device)
{
    return (uint32_t)(kvmtool_transport(&lab.k, device).memory_address / 4096U);
}

/* --- B1 .. B18 --- */

/* B1. [utest->dsn~device.attach~1] technique: fault injection; a reset kills, so a running device is attached to */
static void test_kvmtool_b01_running_device_is_never_reset(void)
{
    for (size_t f = 0U; f < FLAVOURS; f++) {
        given_running(f, SKR_OPTIONS_KVMTOOL);
        saved = lab.k;
        pokes(KVMTOOL_CONSOLE, SKR_REG_STATUS, 0U);
        pokes(KVMTOOL_CONSOLE, SKR_REG_STATUS, 3U);
        pokes(KVMTOOL_CONSOLE, SKR_REG_QUEUE_PFN, page_of(KVMTOOL_CONSOLE));
        CHECK(lab.k.dead != NULL);
        lab.k = saved;

        for (uint32_t life = 0U; life < 4U; life++) {
            if (life >= 2U) {
                new_island(SKR_OPTIONS_KVMTOOL);
            }
            start_both();
            come_up();

            CHECK_EQUAL(lab.c.device.attached, 1U);
            CHECK_EQUAL(lab.v.device.attached, 1U);
            both_carry(SOON);
            CHECK_EQUAL(skr_vsock_close(&lab.v, lab.handle), SKR_STALE); /* both_carry() has closed it */
        }
        CHECK_EQUAL(lab.k.device[KVMTOOL_VSOCK].num_vqs, 2U);
        CHECK_EQUAL(lab.k.device[KVMTOOL_CONSOLE].num_vqs, 2U);
        then_pmm_is_well();
    }
}

/* B2. [utest->dsn~transport.acknowledge~1] technique: fault injection; an acknowledgement would swallow the doorbell */
static void test_kvmtool_b02_interrupt_is_never_acknowledged(void)
{
    for (size_t f = 0U; f < FLAVOURS; f++) {
        uint32_t count = 0U;

        given_running(f, SKR_OPTIONS_KVMTOOL);
        saved = lab.k;
        lab.k.lazy = true;
        REQUIRE_EQUAL(skr_console_write(&lab.c, (const uint8_t *)"x", 1U, &count), SKR_OK);
        pokes(KVMTOOL_CONSOLE, SKR_REG_INTERRUPT_ACK, 1U);
        CHECK_EQUAL(lab.k.swallowed_passes, 1U);
        CHECK_EQUAL(lab.k.shown_count, 0U);
        lab.k = saved;
        start_both();
        come_up();

        for (uint32_t i = 0U; i < 50U; i++) {
            REQUIRE_EQUAL(skr_console_write(&lab.c, (const uint8_t *)"y", 1U, &count), SKR_OK);
            hook_count_from_here();
            (void)skr_console_acknowledge(&lab.c);
            (void)skr_vsock_acknowledge(&lab.v);
            CHECK_TEXT(hook_order(), "");
            turn();
            CHECK_EQUAL(lab.k.shown_count, i + 1U);
        }
        both_carry(SOON);
        then_pmm_is_well();
    }
}

/* B3. [utest->dsn~device.fence~1] [utest->dsn~device.queue_size~1] technique: fault injection; a pass before each access */
static void test_kvmtool_b03_size_is_taken_before_the_page(void)
{
    given_pmm(1U);
    pokes(KVMTOOL_CONSOLE, SKR_REG_STATUS, 3U);
    pokes(KVMTOOL_CONSOLE, SKR_REG_QUEUE_PFN, page_of(KVMTOOL_CONSOLE));
    CHECK(lab.k.dead != NULL);

    for (size_t f = 0U; f < FLAVOURS; f++) {
        for (uint32_t slow = 0U; slow < 60U; slow++) { /* a page must never meet the size that was looked at before */
            given_pmm(f);
            lab.k.busy = true;
            lab.k.slow = slow;
            new_island(SKR_OPTIONS_KVMTOOL);
            start_both();
            come_up();

            for (uint32_t q = 0U; q < 2U; q++) {
                CHECK_EQUAL(lab.k.device[KVMTOOL_CONSOLE].queue[q].size, 128U);
                CHECK_EQUAL(lab.k.device[KVMTOOL_VSOCK].queue[q].size, 256U);
                CHECK_EQUAL(kvmtool_get_register(&lab.k, KVMTOOL_CONSOLE, SKR_REG_QUEUE_SIZE), 128U);
            }
            both_carry(100U);
            then_pmm_is_well();
        }
    }
}

/* Send one byte after another, each alone; how many were not there soon. Stops at the first of these. */
static uint32_t first_stalled_transmit(uint32_t count)
{
    uint32_t stalled = 0U;

    for (uint32_t i = 1U; (i <= count) && (stalled == 0U); i++) {
        REQUIRE_EQUAL(island_sends("z", 1U), SKR_OK);
        if (host_gets(SKR_VSOCK_OP_RW, SOON) == NULL) {
            stalled = i;
        }
        if ((i % 100U) == 0U) {
            (void)host_sends(SKR_VSOCK_OP_CREDIT_UPDATE, HOST_PORT, PORT, NULL, 0U);
        }
    }
    return stalled;
}

/* B4. [utest->dsn~device.pad~1] [utest->dsn~device.flush~2] [utest->dsn~virtq.show~1] [utest->dsn~virtq.pad~1]
 * technique: boundary value, error guess; 70 000 transmit buffers, each the last one for the time being */
static void test_kvmtool_b04_transmit_buffer_65536_does_not_wait(void)
{
    for (size_t f = 0U; f < FLAVOURS; f++) {
        given_running(f, 0U);
        host_connects(HOST_PORT, SOON);
        CHECK_EQUAL(first_stalled_transmit(70000U), 65536U - 1U); /* the RESPONSE was the first buffer */
        CHECK_EQUAL(kvmtool_avail_idx(&lab.k, KVMTOOL_VSOCK, SKR_VSOCK_TX), 0U);
        CHECK(host_gets(SKR_VSOCK_OP_RW, 10U * SKR_TICKS_KICK) == NULL); /* no doorbell helps */
        CHECK_EQUAL(island_sends("z", 1U), SKR_OK);
        CHECK(host_gets(SKR_VSOCK_OP_RW, SOON) != NULL); /* but a further buffer does */

        for (uint32_t option = 0U; option < 2U; option++) {
            given_running(f, SKR_OPTIONS_KVMTOOL | ((option == 0U) ? 0U : SKR_OPTION_EVENT_IDX));
            host_connects(HOST_PORT, SOON);
            CHECK_EQUAL(first_stalled_transmit(140000U), 0U);
            CHECK_EQUAL(lab.k.zeros, 2U);
            both_carry(SOON);
            then_pmm_is_well();
        }
    }
}

/* The host sends bytes, a packet each; how many of them have arrived soon. */
static uint32_t arrive_soon(uint32_t packets)
{
    uint8_t in[2U * SKR_VSOCK_RX_COUNT];
    uint32_t got = 0U;

    for (uint32_t n = 0U; n < packets; n++) {
        REQUIRE_EQUAL(host_sends(SKR_VSOCK_OP_RW, HOST_PORT, PORT, "r", 1U), true);
    }
    for (uint32_t n = 0U; n < (2U * SOON); n++) {
        uint32_t count = 0U;

        turn();
        CHECK(skr_vsock_recv(&lab.v, lab.handle, &in[got], (uint32_t)sizeof in - got, &count) != SKR_FAULT);
        got += count;
        (void)host_gets(SKR_VSOCK_OP_CREDIT_UPDATE, 0U);
    }
    return got;
}

/* As many packets as the island has buffers and one more, again and again: vhost needs the kick of each refill. Once around the
 * indices one refill ends at 0. The first round in which a packet did not arrive; 0: all did. */
static uint32_t first_stalled_refill(void)
{
    const uint32_t packets = SKR_VSOCK_RX_COUNT + 1U;
    const uint32_t around = 2U * 0x10000U;
    uint32_t stalled = 0U;

    while (((around - SKR_VSOCK_RX_COUNT - kvmtool_avail_idx(&lab.k, KVMTOOL_VSOCK, SKR_VSOCK_RX)) % packets) != 0U) {
        REQUIRE_EQUAL(arrive_soon(1U), 1U);
    }
    for (uint32_t i = 1U; (i <= (around / packets)) && (stalled == 0U); i++) {
        stalled = (arrive_soon(packets) == packets) ? 0U : i;
    }
    return stalled;
}

/* B4. [utest->dsn~device.flush~2] [utest->dsn~virtq.show~1] technique: boundary value, error guess; the refill that ends at 0 */
static void test_kvmtool_b04_receive_refill_at_65536_does_not_wait(void)
{
    for (size_t f = 0U; f < FLAVOURS; f++) {
        for (uint32_t option = 0U; option < 2U; option++) {
            given_running(f, (option == 0U) ? 0U : SKR_OPTIONS_KVMTOOL);
            host_connects(HOST_PORT, SOON);
            const uint32_t stalled = first_stalled_refill();
            const uint32_t overlooked = lab.k.kicks_overlooked;

            if (option == 0U) {
                CHECK(stalled != 0U);
                turns(5U * SKR_TICKS_KICK);
                CHECK_EQUAL(lab.k.outbox.count, 1U); /* it waits for ever */
                CHECK(lab.k.kicks_overlooked > overlooked);
            } else {
                CHECK_EQUAL(stalled, 0U);
                then_pmm_is_well();
            }
        }
    }
}

/* B4. [utest->dsn~device.pad~1] [utest->dsn~virtq.pad~1] technique: boundary value; no buffer is free when one has to wait */
static void test_kvmtool_b04_no_buffer_free_waits_for_one_and_goes_on(void)
{
    skr_virtq_t *q = &lab.v.device.virtq[SKR_VSOCK_TX];
    uint16_t held[SKR_VSOCK_TX_COUNT];
    uint32_t holding = 0U;

    given_running(2U, SKR_OPTIONS_KVMTOOL);
    host_connects(HOST_PORT, SOON);
    CHECK_EQUAL(first_stalled_transmit(65536U - 9U), 0U);
    lab.k.lose_one_in = 1U; /* nothing is transmitted meanwhile */
    while (q->avail_idx != 0U) {
        REQUIRE_EQUAL(island_sends((q->avail_idx == 0xFFFFU) ? "L" : "b", 1U), SKR_OK);
    }
    for (; q->free_count != 0U; holding++) {
        held[holding] = skr_virtq_take(q);
    }

    turns(5U);

    CHECK_EQUAL(q->kicked_idx, 0xFFFFU);
    CHECK_EQUAL(kvmtool_avail_idx(&lab.k, KVMTOOL_VSOCK, SKR_VSOCK_TX), 0xFFFFU);
    lab.k.lose_one_in = 0U;
    uint8_t last = 0U;
    for (const kvmtool_packet_t *got = host_gets(SKR_VSOCK_OP_RW, SOON); got != NULL; got = host_gets(SKR_VSOCK_OP_RW, SOON)) {
        last = got->payload[0];
    }
    CHECK_EQUAL(last, 'L');
    CHECK_EQUAL(q->kicked_idx, q->avail_idx);
    CHECK_EQUAL(lab.k.zeros, 1U);
    for (uint32_t i = 0U; i < holding; i++) {
        skr_virtq_release(q, held[i]);
    }
    both_carry(SOON);
    then_pmm_is_well();
}

/* B4. [utest->dsn~device.pad~1] [utest->dsn~device.flush~2] technique: equivalence class; who must not get zeros gets none */
static void test_kvmtool_b04_console_never_gets_zeros(void)
{
    uint32_t count = 0U;

    given_running(1U, SKR_OPTIONS_KVMTOOL);
    for (uint32_t i = 0U; i < 70000U; i++) {
        lab.k.shown_count = 0U;
        REQUIRE_EQUAL(skr_console_write(&lab.c, (const uint8_t *)"t", 1U, &count), SKR_OK);
        turn();
        REQUIRE_EQUAL(lab.k.shown_count, 1U);
        REQUIRE_EQUAL(lab.k.shown[0], 't');
    }
    then_pmm_is_well();
}

/* B5. [utest->dsn~device.features~1] [utest->dsn~vsock.init~1] technique: fault injection; garbage before the status is taken */
static void test_kvmtool_b05_features_are_read_when_they_are_true_and_no_third_queue(void)
{
    for (size_t f = 0U; f < FLAVOURS; f++) {
        given_pmm(f);
        CHECK(kvmtool_get_register(&lab.k, KVMTOOL_VSOCK, SKR_REG_DEVICE_FEATURES) != 0x3D000002U);
        new_island(SKR_OPTIONS_KVMTOOL | SKR_OPTION_EVENT_IDX);
        start_both();
        come_up();

        CHECK_EQUAL(lab.k.device[KVMTOOL_VSOCK].accepted, SKR_F_EVENT_IDX | SKR_F_ANY_LAYOUT | SKR_VSOCK_F_SEQPACKET);
        CHECK_EQUAL(lab.k.device[KVMTOOL_VSOCK].num_vqs, 2U);
        both_carry(SOON);
        CHECK_EQUAL(lab.k.device[KVMTOOL_VSOCK].num_vqs, 2U);
        then_pmm_is_well();
    }
}

/* B6. [utest->dsn~device.attach~1] technique: interface; the second life finds what the first has accepted */
static void test_kvmtool_b06_second_life_takes_over_fewer_features(void)
{
    for (size_t f = 0U; f < FLAVOURS; f++) {
        given_running(f, SKR_OPTIONS_KVMTOOL | SKR_OPTION_EVENT_IDX);
        CHECK_EQUAL(kvmtool_get_register(&lab.k, KVMTOOL_VSOCK, SKR_REG_DEVICE_FEATURES), SKR_F_EVENT_IDX | SKR_F_ANY_LAYOUT | SKR_VSOCK_F_SEQPACKET);
        new_island(SKR_OPTIONS_KVMTOOL | SKR_OPTION_EVENT_IDX);
        start_both();
        come_up();

        CHECK_EQUAL(lab.v.device.features, SKR_F_EVENT_IDX | SKR_F_ANY_LAYOUT | SKR_VSOCK_F_SEQPACKET);
        CHECK_EQUAL(lab.v.device.virtq[SKR_VSOCK_RX].event_idx, 1U);
        both_carry(SOON);
        then_pmm_is_well();
    }
}

/* B7. [utest->dsn~console.acknowledge~1] [utest->dsn~console.read~1] technique: fault injection; 200 000 doorbells a turn */
static void test_kvmtool_b07_storm_of_doorbells_costs_nothing_and_loses_nothing(void)
{
    for (size_t f = 0U; f < FLAVOURS; f++) {
        char text[3U * SKR_CONSOLE_RX_COUNT + 1U];
        uint8_t in[sizeof text];
        uint32_t got = 0U;
        uint32_t count = 0U;

        memset(text, 'k', sizeof text - 1U);
        text[sizeof text - 1U] = '\0';
        text[sizeof text - 2U] = '.';
        given_running(f, SKR_OPTIONS_KVMTOOL);
        const uint32_t before = lab.k.interrupts;
        kvmtool_type(&lab.k, text);
        turns(10U); /* nobody reads */
        if (lab.k.tree == KVMTOOL_STAGING) {
            CHECK((lab.k.interrupts - before) > 1000000U);
        }
        const uint32_t rung = hook_doorbells();
        hook_count_from_here();
        for (uint32_t i = 0U; i < 100000U; i++) {
            (void)skr_console_acknowledge(&lab.c);
            (void)skr_vsock_acknowledge(&lab.v);
        }
        CHECK_TEXT(hook_order(), "");
        turn();
        CHECK(hook_reads() <= 8U);
        CHECK(hook_doorbells() <= (rung + 2U));
        vsock_carries(HOST_PORT, SOON); /* the neighbour goes on */

        for (uint32_t i = 0U; i < 10U; i++) {
            CHECK(skr_console_read(&lab.c, &in[got], (uint32_t)sizeof in - got, &count) != SKR_FAULT);
            got += count;
            turn();
        }
        CHECK_EQUAL(got, sizeof text - 1U);
        CHECK_BYTES(in, text, got);
        then_pmm_is_well();
    }
}

/* B8. [utest->dsn~console.read_empty~1] technique: fault injection; the end of the input, an empty buffer for each doorbell */
static void test_kvmtool_b08_end_of_input_makes_no_circle(void)
{
    for (size_t f = 0U; f < FLAVOURS; f++) {
        uint8_t in[8];
        uint32_t count = 0U;

        given_running(f, SKR_OPTIONS_KVMTOOL);
        lab.k.end_of_file = true;
        const uint32_t rung = hook_doorbells();
        for (uint32_t i = 0U; i < (20U * SKR_TICKS_KICK); i++) {
            CHECK_EQUAL(skr_console_read(&lab.c, in, sizeof in, &count), SKR_AGAIN);
            turn();
        }

        CHECK((hook_doorbells() - rung) <= (2U * 21U)); /* both devices repeat theirs, and no more */
        CHECK(lab.c.counters.empty_buffers != 0U);
        both_carry(2U * SKR_TICKS_KICK);
        then_pmm_is_well();
    }
}

/* B9. [utest->dsn~console.step~1] [utest->dsn~console.write~1] technique: fault injection; no doorbell tells of text transmitted */
static void test_kvmtool_b09_transmit_buffers_come_back_without_a_doorbell(void)
{
    for (size_t f = 0U; f < FLAVOURS; f++) {
        uint32_t count = 0U;

        given_running(f, SKR_OPTIONS_KVMTOOL);
        const uint32_t interrupts = lab.k.interrupts;
        for (uint32_t i = 0U; i < (5U * SKR_CONSOLE_TX_COUNT); i++) {
            REQUIRE_EQUAL(skr_console_write(&lab.c, (const uint8_t *)"line\n", 5U, &count), SKR_OK);
            CHECK_EQUAL(count, 5U);
            kvmtool_run(&lab.k);
        }

        CHECK_EQUAL(lab.k.shown_count, 5U * 5U * SKR_CONSOLE_TX_COUNT);
        CHECK_EQUAL(lab.k.interrupts, interrupts);
        turn();
        CHECK_EQUAL(lab.c.device.virtq[SKR_CONSOLE_TX].free_count, SKR_CONSOLE_TX_COUNT);
        then_pmm_is_well();
    }
}

/* B10. [utest->dsn~device.read_config~2] [utest->dsn~console.size~1] technique: equivalence class; each tree and layout */
static void test_kvmtool_b10_configuration_is_read_in_the_block(void)
{
    for (size_t f = 0U; f < FLAVOURS; f++) {
        uint16_t columns = 1U;
        uint16_t rows = 1U;

        given_running(f, SKR_OPTIONS_KVMTOOL);
        const skr_transport_t t = kvmtool_transport(&lab.k, KVMTOOL_CONSOLE);

        CHECK_EQUAL(skr_vsock_cid(&lab.v), KVMTOOL_CID);
        CHECK_EQUAL((t.registers + 0x100 == t.config) ? 1U : 0U, lab.k.no_dtb ? 0U : 1U);
        CHECK_EQUAL(t.config[0], (lab.k.tree == KVMTOOL_STAGING) ? 80U : 0U);
        skr_console_size(&lab.c, &columns, &rows); /* the size is no feature of this console, wherever it may stand */
        CHECK_EQUAL(columns, 0U);
        CHECK_EQUAL(rows, 0U);
        CHECK_EQUAL(skr_console_emergency(&lab.c, 'e'), SKR_STATE);
        then_pmm_is_well();
    }
}

/* How a wiped memory shows: in the header, or sooner in a ring. */
static bool is_loss(skr_cause_t cause)
{
    return (cause == SKR_CAUSE_IDENTITY_LOST) || (cause == SKR_CAUSE_STATUS_LOST) || (cause == SKR_CAUSE_USED_INDEX);
}

/* The PMM went under a running or starting island: it is found out, latched, and a start leads back to work. */
static void then_loss_is_seen_and_start_helps(void)
{
    uint32_t count = 0U;

    for (uint32_t i = 0U; (i < (SKR_TICKS_WATCH + SOON)) && ((lab.console != SKR_FAULT) || (lab.vsock != SKR_FAULT)); i++) {
        turn();
    }
    REQUIRE_EQUAL(lab.console, SKR_FAULT);
    REQUIRE_EQUAL(lab.vsock, SKR_FAULT);
    CHECK(is_loss(skr_console_cause(&lab.c)));
    CHECK(is_loss(skr_vsock_cause(&lab.v)));
    hook_count_from_here();
    turns(2U * SKR_TICKS_SETUP);
    CHECK_EQUAL(skr_console_write(&lab.c, (const uint8_t *)"x", 1U, &count), SKR_FAULT);
    CHECK_TEXT(hook_order(), ""); /* hands off until the start */
    start_both();
}

/* B11. [utest->dsn~device.watch~2] [utest->dsn~device.step~1] technique: fault injection; the memory is wiped under a running
 * island, and the PMM gets no further than each stage of its start for a while */
static void test_kvmtool_b11_wiped_memory_and_half_a_header_are_waited_out(void)
{
    for (size_t f = 0U; f < FLAVOURS; f++) {
        for (uint32_t stages = 1U; stages <= KVMTOOL_STAGES; stages++) {
            given_running(f, SKR_OPTIONS_KVMTOOL);
            both_carry(SOON);
            kvmtool_boot(&lab.k, stages);

            then_loss_is_seen_and_start_helps();
            if (stages < KVMTOOL_STAGES) {
                turns(SKR_TICKS_SETUP / 2U);
                CHECK_EQUAL(lab.console, SKR_AGAIN);
                CHECK_EQUAL(lab.vsock, SKR_AGAIN);
                for (uint32_t i = stages; i < KVMTOOL_STAGES; i++) {
                    kvmtool_boot_stage(&lab.k, i);
                    turn();
                }
            }
            come_up();
            CHECK_EQUAL(lab.v.device.attached, 0U);
            both_carry(SOON);
            then_pmm_is_well();
        }
    }
}

/* B12. [utest->dsn~vsock.connect~1] [utest->dsn~console.write~1] technique: fault injection; the PMM takes queues that do not work */
static void test_kvmtool_b12_queue_that_fails_unseen_ends_in_the_callers_time(void)
{
    for (size_t f = 0U; f < FLAVOURS; f++) {
        uint32_t taken = 0U;
        uint32_t texts = 0U;
        uint8_t byte = 0U;

        given_pmm(f);
        lab.k.init_fails = true;
        new_island(SKR_OPTIONS_KVMTOOL);
        start_both();
        come_up(); /* nobody can tell */
        REQUIRE_EQUAL(skr_vsock_connect(&lab.v, SKR_VSOCK_TYPE_STREAM, SKR_VSOCK_PORT_ANY, 80U, 500U, &lab.handle), SKR_OK);
        while (skr_console_write(&lab.c, (const uint8_t *)"x", 1U, &taken) == SKR_OK) {
            texts++;
        }
        turns(501U);

        CHECK_EQUAL(texts, SKR_CONSOLE_TX_COUNT);
        CHECK_EQUAL(skr_vsock_recv(&lab.v, lab.handle, &byte, 1U, &taken), SKR_TIMEOUT);
        CHECK_EQUAL(lab.console, SKR_OK);
        then_pmm_is_well();
    }
}

/* B13. [utest->dsn~device.timeouts~1] [utest->dsn~device.watch~2] technique: fault injection; the PMM dies at each step of a
 * set-up, and later */
static void test_kvmtool_b13_dead_pmm_is_silence_and_a_new_one_is_found(void)
{
    for (size_t f = 0U; f < FLAVOURS; f++) {
        for (uint32_t at = 0U; at < 60U; at += 4U) {
            uint32_t taken = 0U;

            given_pmm(f);
            new_island(SKR_OPTIONS_KVMTOOL);
            start_both();
            turns(at);
            const bool was_up = lab.vsock == SKR_OK;
            lab.k.dead = "exit";
            turns(SKR_TICKS_SETUP + SOON);

            if (was_up) { /* its memory stands: no call can tell it from a slow one */
                CHECK_EQUAL(lab.vsock, SKR_OK);
                CHECK_EQUAL(skr_vsock_send(&lab.v, 1U, (const uint8_t *)"x", 1U, 0U, &taken), SKR_STALE);
            } else {
                CHECK_EQUAL(lab.vsock, SKR_FAULT);
                CHECK((skr_vsock_cause(&lab.v) == SKR_CAUSE_FENCE_TIMEOUT) ||
                      (skr_vsock_cause(&lab.v) == SKR_CAUSE_QUEUE_TIMEOUT));
            }
            kvmtool_boot(&lab.k, KVMTOOL_STAGES);
            turns(SKR_TICKS_WATCH + SOON);
            start_both();
            come_up();
            both_carry(SOON);
            then_pmm_is_well();
        }
    }
}

/* B14. [utest->dsn~device.kick~1] technique: fault injection; doorbells lost, merged, or never alone */
static void test_kvmtool_b14_lost_and_merged_doorbells_cost_time_only(void)
{
    for (size_t f = 0U; f < FLAVOURS; f++) {
        for (uint32_t lost = 0U; lost < 4U; lost++) {
            for (uint32_t lazy = 0U; lazy < 2U; lazy++) {
                given_pmm(f);
                lab.k.lazy = lazy != 0U;
                lab.k.lose_one_in = (lost == 1U) ? 0U : lost; /* every second, every third */
                lab.k.busy = lost == 1U;
                new_island(SKR_OPTIONS_KVMTOOL);
                start_both();
                come_up();
                for (uint32_t i = 0U; i < 10U; i++) {
                    both_carry(3U * SKR_TICKS_KICK);
                }
                then_pmm_is_well();
            }
        }
    }
}

/* B15. [utest->dsn~virtq.format~1] [utest->dsn~virtq.attach~1] technique: oracle; each descriptor of each life lies in its block */
static void test_kvmtool_b15_every_descriptor_is_one_that_the_pmm_may_believe(void)
{
    static const uint32_t devices[] = { KVMTOOL_VSOCK, KVMTOOL_CONSOLE };

    for (size_t f = 0U; f < FLAVOURS; f++) {
        given_running(f, SKR_OPTIONS_KVMTOOL);
        for (uint32_t life = 0U; life < 2U; life++) {
            both_carry(SOON);
            for (uint32_t n = 0U; n < 4U; n++) {
                const kvmtool_device_t *d = &lab.k.device[devices[n / 2U]];
                const kvmtool_queue_t *q = &d->queue[n % 2U];
                const uint64_t low = KVMTOOL_ADDRESS + d->block + SKR_HVL_HEADER_BYTES;
                uint32_t used = 0U;

                for (uint32_t i = 0U; i < q->size; i++) {
                    const uint8_t *desc = &lab.k.shm[(q->desc - KVMTOOL_ADDRESS) + (16U * i)];
                    uint64_t address = 0U;
                    uint32_t length = 0U;
                    uint32_t flags = 0U;

                    memcpy(&address, desc, 8U);
                    memcpy(&length, desc + 8, 4U);
                    memcpy(&flags, desc + 12, 4U);
                    if (address != 0U) {
                        used++;
                        CHECK((address >= low) && ((address + length) <= (KVMTOOL_ADDRESS + d->block + d->length)));
                        CHECK_EQUAL(flags, ((n % 2U) == 0U) ? 2U : 0U);
                    } else {
                        CHECK((length == 0U) && (flags == 0U));
                    }
                }
                CHECK((used != 0U) && (used < q->size));
            }
            new_island(SKR_OPTIONS_KVMTOOL);
            start_both();
            come_up();
        }
        then_pmm_is_well();
    }
}

/* B16. [utest->dsn~device.sequence~1] [utest->dsn~transport.queue_start~1] technique: fault injection; 0 tears down another queue */
static void test_kvmtool_b16_page_of_zero_is_never_written(void)
{
    given_pmm(0U);
    pokes(KVMTOOL_VSOCK, SKR_REG_STATUS, 3U);
    pokes(KVMTOOL_VSOCK, SKR_REG_QUEUE_PFN, page_of(KVMTOOL_VSOCK));
    CHECK_EQUAL(lab.k.device[KVMTOOL_VSOCK].num_vqs, 1U);
    pokes(KVMTOOL_VSOCK, SKR_REG_QUEUE_PFN, 0U);
    CHECK(lab.k.device[KVMTOOL_VSOCK].queue[0].live); /* the selected one lives on */
    CHECK_EQUAL(lab.k.device[KVMTOOL_VSOCK].num_vqs, 1U);

    for (size_t f = 0U; f < FLAVOURS; f++) {
        given_running(f, SKR_OPTIONS_KVMTOOL);
        new_island(SKR_OPTIONS_KVMTOOL);
        start_both();
        come_up();
        both_carry(SOON);
        CHECK_EQUAL(kvmtool_get_register(&lab.k, KVMTOOL_VSOCK, SKR_REG_QUEUE_PFN), 0xAABBAABBU);
        CHECK_EQUAL(kvmtool_get_register(&lab.k, KVMTOOL_CONSOLE, SKR_REG_QUEUE_PFN), 0xAABBAABBU);
        then_pmm_is_well(); /* counts each write of 0 */
    }
}

/* B17. [utest->dsn~virtq.pop~2] [utest->dsn~console.write~1] technique: fault injection; half of each text is lost without a word */
static void test_kvmtool_b17_short_write_is_no_fault(void)
{
    for (size_t f = 0U; f < FLAVOURS; f++) {
        uint32_t taken = 0U;

        given_running(f, SKR_OPTIONS_KVMTOOL);
        lab.k.short_writes = true;
        for (uint32_t i = 0U; i < (3U * SKR_CONSOLE_TX_COUNT); i++) {
            REQUIRE_EQUAL(skr_console_write(&lab.c, (const uint8_t *)"halfhalf", 8U, &taken), SKR_OK);
            turn();
        }
        CHECK_EQUAL(lab.k.shown_count, 4U * 3U * SKR_CONSOLE_TX_COUNT);
        lab.k.short_writes = false;
        both_carry(SOON);
        then_pmm_is_well();
    }
}

/* B18. [utest->dsn~device.step~1] technique: interface; devices are set up in any order, each doorbell reaching all of them */
static void test_kvmtool_b18_devices_are_set_up_in_any_order(void)
{
    for (size_t f = 0U; f < FLAVOURS; f++) {
        for (uint32_t order = 0U; order < 3U; order++) {
            given_pmm(f);
            new_island(SKR_OPTIONS_KVMTOOL);
            if (order == 0U) {
                REQUIRE_EQUAL(skr_console_start(&lab.c, lab.now), SKR_OK);
                turns(200U);
                CHECK_EQUAL(lab.console, SKR_OK);
                CHECK_EQUAL(lab.vsock, SKR_STATE);
                console_carries(SOON);
                REQUIRE_EQUAL(skr_vsock_start(&lab.v, lab.now), SKR_OK);
                lab.vsock = SKR_AGAIN;
            } else if (order == 1U) {
                REQUIRE_EQUAL(skr_vsock_start(&lab.v, lab.now), SKR_OK);
                turns(200U);
                CHECK_EQUAL(lab.vsock, SKR_OK);
                CHECK_EQUAL(lab.console, SKR_STATE);
                vsock_carries(HOST_PORT, SOON);
                REQUIRE_EQUAL(skr_console_start(&lab.c, lab.now), SKR_OK);
                lab.console = SKR_AGAIN;
            } else {
                start_both();
            }
            come_up();
            both_carry(SOON);
            then_pmm_is_well();
        }
    }
}

/* --- restart in every order --- */

/* [utest->dsn~device.attach~1] [utest->dsn~vsock.start~1] [utest->dsn~console.start~1] technique: scenario; the island dies with
 * text and packets under way in both directions */
static void test_kvmtool_island_restart_attaches_with_buffers_in_flight(void)
{
    for (size_t f = 0U; f < FLAVOURS; f++) {
        uint8_t in[8];
        uint32_t count = 0U;

        given_running(f, SKR_OPTIONS_KVMTOOL);
        host_connects(HOST_PORT, SOON);
        lab.k.lazy = true;
        lab.k.lose_one_in = 1U;
        CHECK_EQUAL(island_sends("last words", 10U), SKR_OK);
        CHECK_EQUAL(skr_console_write(&lab.c, (const uint8_t *)"bye", 3U, &count), SKR_OK);
        kvmtool_type(&lab.k, "key");
        kvmtool_run(&lab.k);
        CHECK(host_sends(SKR_VSOCK_OP_RW, HOST_PORT, PORT, "unread", 6U));
        lab.k.lose_one_in = 0U;

        new_island(SKR_OPTIONS_KVMTOOL);
        start_both();
        come_up();

        CHECK_EQUAL(lab.c.device.attached, 1U);
        const kvmtool_packet_t *p = host_gets(SKR_VSOCK_OP_RW, SOON); /* what was in flight still goes out */
        CHECK((p != NULL) && (p->bytes == 10U) && (memcmp(p->payload, "last words", 10U) == 0));
        CHECK_EQUAL(lab.k.shown_count, 3U);
        CHECK_BYTES(lab.k.shown, "bye", 3U);
        CHECK_EQUAL(skr_console_read(&lab.c, in, sizeof in, &count), SKR_AGAIN); /* what came in is gone */
        CHECK(host_sends(SKR_VSOCK_OP_RW, HOST_PORT, PORT, "still there?", 12U));
        p = host_gets(SKR_VSOCK_OP_RST, SOON);
        CHECK((p != NULL) && (p->header.dst_port == HOST_PORT) && (p->header.src_port == PORT));
        both_carry(SOON);
        then_pmm_is_well();
    }
}

/* [utest->dsn~device.watch~2] technique: scenario; the PMM restarts between two turns, in each step of a set-up and after it */
static void test_kvmtool_pmm_restart_between_two_turns_is_seen_in_every_step(void)
{
    for (size_t f = 0U; f < FLAVOURS; f++) {
        bool ran = false;
        uint32_t lost = 0U;

        for (uint32_t at = 0U; !ran; at++) {
            REQUIRE_EQUAL(at < 500U, true);
            given_pmm(f);
            new_island(SKR_OPTIONS_KVMTOOL);
            start_both();
            turns(at);
            ran = (lab.console == SKR_OK) && (lab.vsock == SKR_OK);
            kvmtool_boot(&lab.k, KVMTOOL_STAGES);
            turns(PATIENCE / 10U);

            CHECK(lab.k.dead == NULL);
            CHECK((lab.console == SKR_OK) || (skr_console_cause(&lab.c) == SKR_CAUSE_STATUS_LOST));
            CHECK((lab.vsock == SKR_OK) || (skr_vsock_cause(&lab.v) == SKR_CAUSE_STATUS_LOST));
            lost += (lab.vsock == SKR_FAULT) ? 1U : 0U;
            if (lab.console == SKR_FAULT) {
                REQUIRE_EQUAL(skr_console_start(&lab.c, lab.now), SKR_OK);
                lab.console = SKR_AGAIN;
            }
            if (lab.vsock == SKR_FAULT) {
                REQUIRE_EQUAL(skr_vsock_start(&lab.v, lab.now), SKR_OK);
                lab.vsock = SKR_AGAIN;
            }
            come_up();
            both_carry(SOON);
            then_pmm_is_well();
        }
        CHECK(lost > 10U);
    }
}

/* [utest->dsn~device.attach~1] [utest->dsn~device.watch~2] technique: scenario; island and PMM come back in either order */
static void test_kvmtool_both_restart_in_either_order(void)
{
    for (size_t f = 0U; f < FLAVOURS; f++) {
        for (uint32_t stages = 0U; stages <= KVMTOOL_STAGES; stages++) {
            given_running(f, SKR_OPTIONS_KVMTOOL);
            both_carry(SOON);
            kvmtool_boot(&lab.k, stages); /* 0: it has not begun yet, and the memory is the old one */
            new_island(SKR_OPTIONS_KVMTOOL);
            start_both();
            turns(5U);
            if (stages == 0U) {
                kvmtool_boot(&lab.k, KVMTOOL_STAGES);
                then_loss_is_seen_and_start_helps();
            } else {
                for (uint32_t i = stages; i < KVMTOOL_STAGES; i++) {
                    kvmtool_boot_stage(&lab.k, i);
                    turn();
                }
            }
            come_up();
            CHECK_EQUAL(lab.v.device.attached, 0U);
            CHECK_EQUAL(lab.c.device.attached, 0U);
            both_carry(SOON);
            then_pmm_is_well();
        }
    }
}

/* The memory and the PMM as they were just before one access of the island. */
static void snapshot_at(void *context, const hook_access_t *access)
{
    const uint32_t *number = context;

    if (access->number == *number) {
        saved = lab.k;
        saved.write_pending = false; /* it will not come */
    }
}

/* [utest->dsn~device.attach~1] technique: sweep; the island dies before each single access of its set-up, and a new program starts */
static void test_kvmtool_island_death_at_each_access_of_the_set_up_is_survived(void)
{
    for (size_t f = 0U; f < FLAVOURS; f++) {
        uint32_t half = 0U;
        uint32_t attached = 0U;
        uint32_t cold = 0U;
        bool over = false;

        for (uint32_t at = 1U; !over; at++) {
            REQUIRE_EQUAL(at < 2000U, true);
            given_pmm(f);
            saved.passes = 0xFFFFFFFFU;
            new_island(SKR_OPTIONS_KVMTOOL);
            hook_script(snapshot_at, &at);
            start_both();
            settle();
            hook_script(NULL, NULL);
            over = saved.passes == 0xFFFFFFFFU; /* the set-up has fewer accesses */
            if (!over) {
                lab.k = saved;
            }
            lab.now += 10U;
            new_island(SKR_OPTIONS_KVMTOOL);
            start_both();
            settle();

            CHECK(lab.k.dead == NULL);
            CHECK_EQUAL(lab.k.breaches, 0U);
            for (uint32_t n = 0U; n < 2U; n++) {
                const skr_device_t *d = (n == 0U) ? &lab.c.device : &lab.v.device;

                CHECK((d->state == SKR_DEVICE_READY) || (d->cause == SKR_CAUSE_HALF_SETUP));
                half += (d->cause == SKR_CAUSE_HALF_SETUP) ? 1U : 0U;
                attached += ((d->state == SKR_DEVICE_READY) && (d->attached != 0U)) ? 1U : 0U;
                cold += ((d->state == SKR_DEVICE_READY) && (d->attached == 0U)) ? 1U : 0U;
            }
            if ((lab.console == SKR_FAULT) || (lab.vsock == SKR_FAULT)) {
                kvmtool_boot(&lab.k, KVMTOOL_STAGES); /* what HALF_SETUP asks for */
                turns(SKR_TICKS_WATCH + SOON);
                start_both();
            }
            come_up();
            both_carry(SOON);
            then_pmm_is_well();
        }
        CHECK((half != 0U) && (attached != 0U) && (cold != 0U));
    }
}

/* [utest->dsn~device.attach~1] [utest->dsn~virtq.attach~1] technique: sweep; the island dies before each single access of an
 * attaching set-up and of data in both directions */
static void test_kvmtool_island_death_at_each_access_of_running_is_attached_to(void)
{
    for (size_t f = 0U; f < FLAVOURS; f++) {
        bool over = false;

        for (uint32_t at = 1U; !over; at++) {
            REQUIRE_EQUAL(at < 4000U, true);
            given_running(f, SKR_OPTIONS_KVMTOOL);
            saved.passes = 0xFFFFFFFFU;
            hook_count_from_here();
            hook_script(snapshot_at, &at);
            new_island(SKR_OPTIONS_KVMTOOL);
            start_both();
            come_up();
            both_carry(SOON);
            hook_script(NULL, NULL);
            over = saved.passes == 0xFFFFFFFFU;
            if (!over) {
                lab.k = saved;
            }
            lab.now += 10U;
            new_island(SKR_OPTIONS_KVMTOOL);
            start_both();
            come_up();

            CHECK_EQUAL(lab.c.device.attached, 1U);
            CHECK_EQUAL(lab.v.device.attached, 1U);
            for (uint32_t i = 0U; i < 3U; i++) { /* the host and the terminal finish what they were about */
                uint8_t in[8];
                uint32_t count = 0U;

                CHECK(skr_console_read(&lab.c, in, sizeof in, &count) != SKR_FAULT);
                turn();
                while (kvmtool_take(&lab.k) != NULL) {
                }
            }
            both_carry(SOON);
            then_pmm_is_well();
        }
    }
}

/* [utest->dsn~device.step~1] technique: boundary value; the tick jumps, stands or runs back, as after a snapshot */
static void test_kvmtool_tick_that_jumps_costs_no_more_than_a_start(void)
{
    static const uint32_t jump[] = { 0x80000000U, 0x7FFFFFFFU, 0xFFFFFFFFU, 0xFFFF0000U, 0U };

    for (size_t f = 0U; f < FLAVOURS; f++) {
        for (size_t j = 0U; j < (sizeof jump / sizeof jump[0]); j++) {
            for (uint32_t at = 0U; at < 120U; at += 3U) {
                given_pmm(f);
                new_island(SKR_OPTIONS_KVMTOOL);
                start_both();
                turns(at);
                const bool up = (lab.console == SKR_OK) && (lab.vsock == SKR_OK);
                lab.now += jump[j];
                for (uint32_t i = 0U; i < 5U; i++) { /* and then it stands */
                    lab.now--;
                    turn();
                }
                if (up) {
                    CHECK_EQUAL(lab.console, SKR_OK);
                    CHECK_EQUAL(lab.vsock, SKR_OK);
                }
                settle();
                if ((lab.console == SKR_FAULT) || (lab.vsock == SKR_FAULT)) { /* a wait that the tick has ended */
                    CHECK(!up);
                    kvmtool_boot(&lab.k, KVMTOOL_STAGES);
                    turns(SKR_TICKS_WATCH + SOON);
                    start_both();
                }
                come_up();
                both_carry(SOON);
                then_pmm_is_well();
            }
        }
    }
}

SKR_SUITE(kvmtool,
    SKR_TEST(test_kvmtool_b01_running_device_is_never_reset),
    SKR_TEST(test_kvmtool_b02_interrupt_is_never_acknowledged),
    SKR_TEST(test_kvmtool_b03_size_is_taken_before_the_page),
    SKR_TEST(test_kvmtool_b04_transmit_buffer_65536_does_not_wait),
    SKR_TEST(test_kvmtool_b04_receive_refill_at_65536_does_not_wait),
    SKR_TEST(test_kvmtool_b04_no_buffer_free_waits_for_one_and_goes_on),
    SKR_TEST(test_kvmtool_b04_console_never_gets_zeros),
    SKR_TEST(test_kvmtool_b05_features_are_read_when_they_are_true_and_no_third_queue),
    SKR_TEST(test_kvmtool_b06_second_life_takes_over_fewer_features),
    SKR_TEST(test_kvmtool_b07_storm_of_doorbells_costs_nothing_and_loses_nothing),
    SKR_TEST(test_kvmtool_b08_end_of_input_makes_no_circle),
    SKR_TEST(test_kvmtool_b09_transmit_buffers_come_back_without_a_doorbell),
    SKR_TEST(test_kvmtool_b10_configuration_is_read_in_the_block),
    SKR_TEST(test_kvmtool_b11_wiped_memory_and_half_a_header_are_waited_out),
    SKR_TEST(test_kvmtool_b12_queue_that_fails_unseen_ends_in_the_callers_time),
    SKR_TEST(test_kvmtool_b13_dead_pmm_is_silence_and_a_new_one_is_found),
    SKR_TEST(test_kvmtool_b14_lost_and_merged_doorbells_cost_time_only),
    SKR_TEST(test_kvmtool_b15_every_descriptor_is_one_that_the_pmm_may_believe),
    SKR_TEST(test_kvmtool_b16_page_of_zero_is_never_written),
    SKR_TEST(test_kvmtool_b17_short_write_is_no_fault),
    SKR_TEST(test_kvmtool_b18_devices_are_set_up_in_any_order),
    SKR_TEST(test_kvmtool_island_restart_attaches_with_buffers_in_flight),
    SKR_TEST(test_kvmtool_pmm_restart_between_two_turns_is_seen_in_every_step),
    SKR_TEST(test_kvmtool_both_restart_in_either_order),
    SKR_TEST(test_kvmtool_island_death_at_each_access_of_the_set_up_is_survived),
    SKR_TEST(test_kvmtool_island_death_at_each_access_of_running_is_attached_to),
    SKR_TEST(test_kvmtool_tick_that_jumps_costs_no_more_than_a_start))

#endif
