/* SPDX-License-Identifier: BSD-3-Clause */
/* Shared-memory accessors: one access each, of its width, little-endian. */
#include <stdalign.h>
#include <string.h>

#include "backend/hook.h"
#include "skerry/shm.h"
#include "test.h"

static alignas(8) skr_shm_t window[64];

static void fill(void)
{
    for (uint32_t i = 0U; i < sizeof window; i++) {
        window[i] = (uint8_t)(0x80U + i);
    }
    hook_count_from_here();
}

static void only_changed(uint32_t offset, const uint8_t *expected, uint32_t bytes)
{
    for (uint32_t i = 0U; i < sizeof window; i++) {
        const bool inside = (i >= offset) && (i < (offset + bytes));
        CHECK_EQUAL(window[i], inside ? expected[i - offset] : (0x80U + i));
    }
}

static void access_is(uint32_t reads, uint32_t writes, uint32_t bytes)
{
    CHECK_EQUAL(hook_reads(), reads);
    CHECK_EQUAL(hook_writes(), writes);
    CHECK_EQUAL(hook_bytes_read() + hook_bytes_written(), bytes);
}

/* [utest->dsn~shm.read8~1] technique: equivalence class */
static void test_shm_read8_gives_byte_in_one_read(void)
{
    fill();

    const uint8_t value = skr_shm_read8(window, 5U);

    CHECK_EQUAL(value, 0x85U);
    access_is(1U, 0U, 1U);
}

/* [utest->dsn~shm.read16~1] technique: equivalence class */
static void test_shm_read16_gives_little_endian_in_one_read(void)
{
    fill();

    const uint16_t value = skr_shm_read16(window, 6U);

    CHECK_EQUAL(value, 0x8786U);
    access_is(1U, 0U, 2U);
}

/* [utest->dsn~shm.read32~1] technique: equivalence class */
static void test_shm_read32_gives_little_endian_in_one_read(void)
{
    fill();

    const uint32_t value = skr_shm_read32(window, 12U);

    CHECK_EQUAL(value, 0x8F8E8D8CU);
    access_is(1U, 0U, 4U);
}

/* [utest->dsn~shm.read64~1] technique: equivalence class */
static void test_shm_read64_gives_little_endian_in_two_reads(void)
{
    fill();

    const uint64_t value = skr_shm_read64(window, 4U);

    CHECK_EQUAL(value, 0x8B8A898887868584ULL);
    access_is(2U, 0U, 8U);
}

/* [utest->dsn~shm.read64~1] technique: fault injection */
static void test_shm_read64_word_changed_between_halves_reads_each_half_once(void)
{
    const uint32_t zero[2] = { 0U, 0U };
    fill();
    hook_poke_at(2U, &window[8], zero, 8U);

    const uint64_t value = skr_shm_read64(window, 8U);

    CHECK(hook_poked());
    CHECK_EQUAL(value, 0x000000008B8A8988ULL);
}

/* [utest->dsn~shm.write8~1] technique: equivalence class */
static void test_shm_write8_changes_one_byte_in_one_write(void)
{
    const uint8_t expected[] = { 0x11U };
    fill();

    skr_shm_write8(window, 63U, 0x11U);

    only_changed(63U, expected, 1U);
    access_is(0U, 1U, 1U);
}

/* [utest->dsn~shm.write16~1] technique: equivalence class */
static void test_shm_write16_changes_two_bytes_in_one_write(void)
{
    const uint8_t expected[] = { 0x22U, 0x11U };
    fill();

    skr_shm_write16(window, 62U, 0x1122U);

    only_changed(62U, expected, 2U);
    access_is(0U, 1U, 2U);
}

/* [utest->dsn~shm.write32~1] technique: equivalence class */
static void test_shm_write32_changes_four_bytes_in_one_write(void)
{
    const uint8_t expected[] = { 0x44U, 0x33U, 0x22U, 0x11U };
    fill();

    skr_shm_write32(window, 0U, 0x11223344U);

    only_changed(0U, expected, 4U);
    access_is(0U, 1U, 4U);
}

/* [utest->dsn~shm.write64~1] technique: equivalence class */
static void test_shm_write64_changes_eight_bytes_in_two_writes(void)
{
    const uint8_t expected[] = { 0x88U, 0x77U, 0x66U, 0x55U, 0x44U, 0x33U, 0x22U, 0x11U };
    fill();

    skr_shm_write64(window, 4U, 0x1122334455667788ULL);

    only_changed(4U, expected, 8U);
    access_is(0U, 2U, 8U);
}

/* [utest->dsn~shm.copy_in~1] technique: boundary value */
static void test_shm_copy_in_every_length_takes_just_those_bytes(void)
{
    fill();
    for (uint32_t bytes = 0U; bytes <= 16U; bytes++) {
        uint8_t to[18];
        (void)memset(to, 0x5A, sizeof to);
        hook_count_from_here();

        skr_shm_copy_in(&to[1], window, 3U, bytes);

        for (uint32_t i = 0U; i < sizeof to; i++) {
            CHECK_EQUAL(to[i], ((i >= 1U) && (i <= bytes)) ? (0x83U + (i - 1U)) : 0x5AU);
        }
        access_is(1U, 0U, bytes);
    }
}

/* [utest->dsn~shm.copy_out~1] technique: boundary value */
static void test_shm_copy_out_every_length_changes_just_those_bytes(void)
{
    const uint8_t from[16] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };

    for (uint32_t bytes = 0U; bytes <= 16U; bytes++) {
        fill();

        skr_shm_copy_out(window, 5U, from, bytes);

        only_changed(5U, from, bytes);
        access_is(0U, 1U, bytes);
    }
}

/* [utest->dsn~shm.clear~1] technique: boundary value */
static void test_shm_clear_every_length_changes_just_those_bytes(void)
{
    const uint8_t zero[16] = { 0 };

    for (uint32_t bytes = 0U; bytes <= 16U; bytes++) {
        fill();

        skr_shm_clear(window, 7U, bytes);

        only_changed(7U, zero, bytes);
        access_is(0U, 1U, bytes);
    }
}

/* [utest->dsn~shm.is_aligned~1] technique: boundary value */
static void test_shm_is_aligned_every_low_bit_decides_without_access(void)
{
    hook_count_from_here();
    for (uint32_t alignment = 1U; alignment <= 8U; alignment *= 2U) {
        for (uint32_t i = 0U; i <= 8U; i++) {
            CHECK_EQUAL(skr_shm_is_aligned(&window[i], alignment), (i % alignment) == 0U);
        }
    }

    access_is(0U, 0U, 0U);
}

SKR_SUITE(shm,
    SKR_TEST(test_shm_read8_gives_byte_in_one_read),
    SKR_TEST(test_shm_read16_gives_little_endian_in_one_read),
    SKR_TEST(test_shm_read32_gives_little_endian_in_one_read),
    SKR_TEST(test_shm_read64_gives_little_endian_in_two_reads),
    SKR_TEST(test_shm_read64_word_changed_between_halves_reads_each_half_once),
    SKR_TEST(test_shm_write8_changes_one_byte_in_one_write),
    SKR_TEST(test_shm_write16_changes_two_bytes_in_one_write),
    SKR_TEST(test_shm_write32_changes_four_bytes_in_one_write),
    SKR_TEST(test_shm_write64_changes_eight_bytes_in_two_writes),
    SKR_TEST(test_shm_copy_in_every_length_takes_just_those_bytes),
    SKR_TEST(test_shm_copy_out_every_length_changes_just_those_bytes),
    SKR_TEST(test_shm_clear_every_length_changes_just_those_bytes),
    SKR_TEST(test_shm_is_aligned_every_low_bit_decides_without_access))
