/* SPDX-License-Identifier: BSD-3-Clause */
/* The 44-byte header: each field in its place, little-endian, each word touched once. */
#include <stdalign.h>

#include "backend/hook.h"
#include "skerry/vsock_packet.h"
#include "test.h"

/* Written by hand from VIRTIO 1.4, 5.10.6; the same values as in `known`. */
static const uint8_t known_bytes[44] = {
    0x03, 0x00, 0x00, 0x00, 0x0D, 0x0C, 0x0B, 0x0A, /* src_cid */
    0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x80, /* dst_cid */
    0x44, 0x33, 0x22, 0x11,                         /* src_port */
    0x88, 0x77, 0x66, 0x55,                         /* dst_port */
    0x04, 0x03, 0x02, 0x01,                         /* len */
    0x01, 0xF0,                                     /* type */
    0x05, 0x0F,                                     /* op */
    0xCC, 0xBB, 0xAA, 0x99,                         /* flags */
    0x00, 0x10, 0x00, 0xFE,                         /* buf_alloc */
    0xFF, 0xEE, 0xDD, 0xCC,                         /* fwd_cnt */
};
static const skr_vsock_packet_t known = {.src_cid = 0x0A0B0C0D00000003U, .dst_cid = 0x8000000000000002U,
    .src_port = 0x11223344U, .dst_port = 0x55667788U, .length = 0x01020304U, .flags = 0x99AABBCCU, .buf_alloc = 0xFE001000U,
    .fwd_cnt = 0xCCDDEEFFU, .type = 0xF001U, .op = 0x0F05U};

static alignas(8) skr_shm_t window[64];

static void fill(uint8_t with)
{
    for (uint32_t i = 0U; i < sizeof window; i++) {
        window[i] = with;
    }
}

static void check_alike(const skr_vsock_packet_t *actual, const skr_vsock_packet_t *expected)
{
    CHECK_EQUAL(actual->src_cid, expected->src_cid);
    CHECK_EQUAL(actual->dst_cid, expected->dst_cid);
    CHECK_EQUAL(actual->src_port, expected->src_port);
    CHECK_EQUAL(actual->dst_port, expected->dst_port);
    CHECK_EQUAL(actual->length, expected->length);
    CHECK_EQUAL(actual->flags, expected->flags);
    CHECK_EQUAL(actual->buf_alloc, expected->buf_alloc);
    CHECK_EQUAL(actual->fwd_cnt, expected->fwd_cnt);
    CHECK_EQUAL(actual->type, expected->type);
    CHECK_EQUAL(actual->op, expected->op);
}

/* [utest->dsn~vsock.packet_read~1] technique: equivalence class */
static void test_vsock_packet_read_takes_each_field_from_its_place(void)
{
    skr_vsock_packet_t packet;
    fill(0xEEU);
    for (uint32_t i = 0U; i < 44U; i++) {
        window[12U + i] = known_bytes[i];
    }

    skr_vsock_packet_read(window, 12U, &packet);

    check_alike(&packet, &known);
}

static void turn_at(void *context, const hook_access_t *access)
{
    if (access->number == *(const uint32_t *)context) {
        fill(0x22U);
    }
}

/* How many of the header's eleven words are 0x22222222, the others being 0x11111111; 99 if one is neither. */
static uint32_t new_words(const skr_vsock_packet_t *packet)
{
    const uint32_t words[11] = {(uint32_t)packet->src_cid, (uint32_t)(packet->src_cid >> 32U), (uint32_t)packet->dst_cid,
        (uint32_t)(packet->dst_cid >> 32U), packet->src_port, packet->dst_port, packet->length, packet->flags,
        packet->buf_alloc, packet->fwd_cnt, ((uint32_t)packet->op << 16U) | packet->type};
    uint32_t count = 0U;
    for (uint32_t i = 0U; i < 11U; i++) {
        if (words[i] == 0x22222222U) {
            count++;
        } else if (words[i] != 0x11111111U) {
            count = 99U;
        } else {
            /* an old word */
        }
    }
    return count;
}

/* ADV-V42. [utest->dsn~vsock.packet_read~1] technique: fault injection */
static void test_vsock_packet_read_header_changing_between_reads_takes_each_word_once(void)
{
    for (uint32_t n = 1U; n <= 11U; n++) {
        skr_vsock_packet_t packet;
        fill(0x11U);
        hook_script(turn_at, &n);
        hook_count_from_here();

        skr_vsock_packet_read(window, 4U, &packet);

        CHECK_EQUAL(hook_reads(), 11U);
        CHECK_EQUAL(hook_bytes_read(), 44U);
        CHECK_EQUAL(hook_writes(), 0U);
        CHECK_EQUAL(new_words(&packet), 12U - n);
    }
}

/* [utest->dsn~vsock.packet_write~1] technique: equivalence class */
static void test_vsock_packet_write_puts_each_field_into_its_place_and_nothing_else(void)
{
    fill(0xEEU);
    hook_count_from_here();

    skr_vsock_packet_write(window, 8U, &known);

    CHECK_EQUAL(hook_writes(), 11U);
    CHECK_EQUAL(hook_bytes_written(), 44U);
    CHECK_EQUAL(hook_reads(), 0U);
    CHECK_BYTES(&window[8], known_bytes, 44U);
    CHECK_EQUAL(window[7], 0xEEU);
    CHECK_EQUAL(window[8U + 44U], 0xEEU);
}

/* [utest->dsn~vsock.packet_read~1] [utest->dsn~vsock.packet_write~1] technique: random */
static void test_vsock_packet_written_header_reads_back_the_same(void)
{
    uint32_t seed = 0x5EED0001U;

    for (uint32_t i = 0U; i < 200U; i++) {
        skr_vsock_packet_t packet;
        skr_vsock_packet_t back;
        packet.src_cid = ((uint64_t)test_random(&seed) << 32U) | test_random(&seed);
        packet.dst_cid = ((uint64_t)test_random(&seed) << 32U) | test_random(&seed);
        packet.src_port = test_random(&seed);
        packet.dst_port = test_random(&seed);
        packet.length = test_random(&seed);
        packet.flags = test_random(&seed);
        packet.buf_alloc = test_random(&seed);
        packet.fwd_cnt = test_random(&seed);
        packet.type = (uint16_t)test_random(&seed);
        packet.op = (uint16_t)test_random(&seed);

        skr_vsock_packet_write(window, 4U * (i % 5U), &packet);
        skr_vsock_packet_read(window, 4U * (i % 5U), &back);

        check_alike(&back, &packet);
    }
}

SKR_SUITE(vsock_packet,
    SKR_TEST(test_vsock_packet_read_takes_each_field_from_its_place),
    SKR_TEST(test_vsock_packet_read_header_changing_between_reads_takes_each_word_once),
    SKR_TEST(test_vsock_packet_write_puts_each_field_into_its_place_and_nothing_else),
    SKR_TEST(test_vsock_packet_written_header_reads_back_the_same))
