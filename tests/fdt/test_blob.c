/* SPDX-License-Identifier: BSD-3-Clause */
/* skr_fdt_read(): blobs that are broken. Every one has to be refused for the reason that is its own, and end. */
#include "backend/hook.h"
#include "test.h"
#include "tree.h"

#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#define FIRST (TREE_ADDRESS + 0x10000U)
#define RANDOM_BLOBS 20000U

/* [utest->dsn~fdt.blob~1] technique: boundary value; the place ends before the blob does */
static void test_fdt_blob_cut_at_every_byte_is_truncated(void)
{
    uint64_t *room = malloc(SKR_FDT_BLOB_BYTES);
    uint32_t bytes;

    tree_reset();
    bytes = tree_pmm();
    for (uint32_t n = 0U; n < bytes; n++) {
        CHECK_EQUAL(skr_fdt_read(&tree, &tree_window, tree_memory, n, room, SKR_FDT_BLOB_BYTES), SKR_FDT_TRUNCATED);
        CHECK_EQUAL(tree.count, 0);
    }
    CHECK_EQUAL(skr_fdt_read(&tree, &tree_window, tree_memory, bytes, room, SKR_FDT_BLOB_BYTES), SKR_FDT_OK);
    free(room);
}

/* [utest->dsn~fdt.blob~1] technique: boundary value; the header admits to every shorter size, the blocks do not */
static void test_fdt_blob_that_says_it_is_shorter_is_truncated(void)
{
    uint32_t bytes;

    tree_reset();
    bytes = tree_pmm();
    for (uint32_t n = 0U; n < bytes; n++) {
        tree_set_word(4U, n);

        const skr_fdt_result_t result = tree_read();

        CHECK_EQUAL(result, SKR_FDT_TRUNCATED);
    }
}

/* [utest->dsn~fdt.copy~1] technique: boundary value */
static void test_fdt_blob_larger_than_the_buffer_is_too_large(void)
{
    uint64_t *room = malloc(SKR_FDT_BLOB_BYTES);
    uint32_t bytes;

    tree_reset();
    bytes = tree_pmm();
    memset(room, 0x5A, SKR_FDT_BLOB_BYTES);
    for (uint32_t n = 0U; n < bytes; n++) {
        CHECK_EQUAL(skr_fdt_read(&tree, &tree_window, tree_memory, SKR_FDT_BLOB_BYTES, room, n), SKR_FDT_TOO_LARGE);
    }
    CHECK_EQUAL(room[0], 0x5A5A5A5A5A5A5A5AULL);
    CHECK_EQUAL(skr_fdt_read(&tree, &tree_window, tree_memory, SKR_FDT_BLOB_BYTES, room, bytes), SKR_FDT_OK);
    CHECK_BYTES(room, tree_memory, bytes);
    CHECK_EQUAL(((uint8_t *)room)[bytes], 0x5A);
    free(room);
}

/* [utest->dsn~fdt.blob~1] technique: boundary value */
static void test_fdt_blob_of_a_huge_size_is_refused_before_the_copy(void)
{
    static const uint32_t sizes[] = { 0x7FFFFFFFU, 0x80000000U, 0xFFFFFFF8U, 0xFFFFFFFFU };
    static uint64_t room[512];

    for (size_t i = 0U; i < sizeof sizes / sizeof sizes[0]; i++) {
        tree_reset();
        (void)tree_pmm();
        tree_set_word(4U, sizes[i]);
        hook_count_from_here();

        CHECK_EQUAL(skr_fdt_read(&tree, &tree_window, tree_memory, SKR_FDT_BLOB_BYTES, room, sizeof room), SKR_FDT_TRUNCATED);
        CHECK_EQUAL(skr_fdt_read(&tree, &tree_window, tree_memory, UINT32_MAX, room, sizeof room), SKR_FDT_TOO_LARGE);
        CHECK_EQUAL(hook_bytes_read(), 16);
    }
}

/* [utest->dsn~fdt.blob~1] technique: equivalence class */
static void test_fdt_blob_without_its_magic_is_none(void)
{
    for (uint32_t bit = 0U; bit < 32U; bit++) {
        tree_reset();
        (void)tree_pmm();
        tree_memory[bit / 8U] ^= (uint8_t)(1U << (bit % 8U));
        hook_count_from_here();

        const skr_fdt_result_t result = tree_read();

        CHECK_EQUAL(result, SKR_FDT_NO_BLOB);
        CHECK_EQUAL(hook_reads(), 1);
    }
}

/* [utest->dsn~fdt.blob~1] technique: equivalence class, boundary value; each field of the header */
static void test_fdt_blob_with_a_wrong_field_is_refused_by_that_field(void)
{
    enum { STRUCTURE = 8, STRINGS = 12, RESERVED = 16, VERSION = 20, LAST = 24, STRINGS_SIZE = 32, STRUCTURE_SIZE = 36 };
    static const struct {
        uint32_t field;
        uint32_t value;
        skr_fdt_result_t expected;
    } rows[] = {
        { STRUCTURE, 0U, SKR_FDT_TRUNCATED },          { STRUCTURE, 4U, SKR_FDT_TRUNCATED },
        { STRUCTURE, 40U, SKR_FDT_BLOCKS },            { STRUCTURE, 0xFFFFU, SKR_FDT_TRUNCATED },
        { STRUCTURE, 0x80000000U, SKR_FDT_TRUNCATED }, { STRUCTURE, 0xFFFFFFFCU, SKR_FDT_TRUNCATED },
        { STRINGS, 0U, SKR_FDT_TRUNCATED },            { STRINGS, 0x48U, SKR_FDT_BLOCKS },
        { STRINGS, 0xFFFFU, SKR_FDT_TRUNCATED },       { STRINGS, 0xFFFFFFFFU, SKR_FDT_TRUNCATED },
        { RESERVED, 0U, SKR_FDT_TRUNCATED },           { RESERVED, 0x80000000U, SKR_FDT_TRUNCATED },
        { RESERVED, 0xFFFFFFF8U, SKR_FDT_TRUNCATED },  { RESERVED, 44U, SKR_FDT_BLOCKS },   
        { VERSION, 0U, SKR_FDT_VERSION },              { VERSION, 1U, SKR_FDT_VERSION },
        { VERSION, 15U, SKR_FDT_VERSION },             { VERSION, 16U, SKR_FDT_VERSION },
        { LAST, 18U, SKR_FDT_VERSION },                { LAST, 0xFFFFFFFFU, SKR_FDT_VERSION },
        { STRINGS_SIZE, 0xFFFFU, SKR_FDT_TRUNCATED },  { STRINGS_SIZE, 0xFFFFFFFFU, SKR_FDT_TRUNCATED },
        { STRINGS_SIZE, 0U, SKR_FDT_NAME },            { STRINGS_SIZE, 3U, SKR_FDT_NAME },
        { STRUCTURE_SIZE, 0U, SKR_FDT_STRUCTURE },     { STRUCTURE_SIZE, 4U, SKR_FDT_STRUCTURE },
        { STRUCTURE_SIZE, 0xFFFFU, SKR_FDT_TRUNCATED }, { STRUCTURE_SIZE, 0xFFFFFFFFU, SKR_FDT_TRUNCATED },
    };

    for (size_t i = 0U; i < sizeof rows / sizeof rows[0]; i++) {
        tree_reset();
        (void)tree_pmm();
        tree_set_word(rows[i].field, rows[i].value);

        const skr_fdt_result_t result = tree_read();

        CHECK_EQUAL(result, rows[i].expected);
        CHECK_EQUAL(tree.count, 0);
    }
}

/* [utest->dsn~fdt.blob~1] technique: equivalence class; fields that mean nothing here */
static void test_fdt_blob_of_a_later_compatible_version_is_read(void)
{
    tree_reset();
    (void)tree_pmm();
    tree_set_word(20U, 18U);
    tree_set_word(28U, 0xFFFFFFFFU); /* the processor that boots */

    const skr_fdt_result_t result = tree_read();

    CHECK_EQUAL(result, SKR_FDT_OK);
    CHECK_EQUAL(tree.count, 2);
}

/* [utest->dsn~fdt.blob~1] technique: boundary value; all pairs of blocks moved onto one another */
static void test_fdt_blob_with_overlapping_blocks_is_refused(void)
{
    uint32_t bytes;
    uint32_t structure;
    uint32_t strings;

    tree_reset();
    bytes = tree_pmm();
    structure = tree_word(8U);
    strings = tree_word(12U);
    for (uint32_t at = 40U; at < bytes; at += 4U) {
        /* the strings, put at each place: only where they were, nothing else is under them */
        tree_set_word(12U, at);
        if (at + tree_word(32U) <= bytes) {
            CHECK_EQUAL(tree_read(), (at == strings) ? SKR_FDT_OK : SKR_FDT_BLOCKS);
        }
    }
    tree_set_word(12U, strings);
    tree_set_word(36U, strings - structure + 4U); /* the structure runs into the strings */
    CHECK_EQUAL(tree_read(), SKR_FDT_BLOCKS);
    tree_set_word(36U, strings - structure);
    tree_memory[tree_word(16U) + 15U] = 1U; /* the reservations' end is none: they go on through the structure, without end */
    CHECK_EQUAL(tree_read(), SKR_FDT_STRUCTURE);

    tree_reset();
    tree_begin(2U, 2U);
    tree_property("zeros", &tree_memory[TREE_BYTES - 64U], 64U);
    tree_device(FIRST, 0x200U);
    (void)tree_end();
    CHECK_EQUAL(tree_read(), SKR_FDT_OK);
    tree_memory[tree_word(16U) + 15U] = 1U; /* now they end inside the structure */
    CHECK_EQUAL(tree_read(), SKR_FDT_BLOCKS);
}

/* [utest->dsn~fdt.blob~1] technique: boundary value; a core that faults on unaligned words must not be led to one */
static void test_fdt_blob_with_unaligned_blocks_is_refused(void)
{
    for (uint32_t shift = 0U; shift <= 8U; shift++) {
        tree_reset();
        (void)tree_pmm();
        tree_set_word(8U, tree_word(8U) + shift);
        tree_set_word(36U, tree_word(36U) - 12U);

        CHECK_EQUAL(tree_read(), ((shift % 4U) == 0U) ? SKR_FDT_STRUCTURE : SKR_FDT_BLOCKS);

        tree_reset();
        (void)tree_pmm();
        tree_set_word(16U, 48U - shift);

        CHECK_EQUAL(tree_read(), ((shift % 8U) == 0U) ? SKR_FDT_OK : SKR_FDT_BLOCKS);
    }
}

/* The tag of the n-th property whose value is the compatible string. */
static uint32_t compatible_at(uint32_t n)
{
    return tree_search("virtio,mmio", 12U, n) - 12U;
}

/* [utest->dsn~fdt.blob~1] technique: boundary value; lengths that wrap lead a walk back, or nowhere */
static void test_fdt_blob_with_a_property_that_runs_in_a_circle_is_refused(void)
{
    static const uint32_t lengths[] = { 0xFFFFFFFFU, 0xFFFFFFFCU, 0xFFFFFFF8U, 0xFFFFFFF5U, 0xFFFFFFF4U, 0xFFFFFFF3U, 0xFFFFFFF0U,
                                        0xFFFFFFE0U, 0xFFFFFF80U, 0x80000000U, 0x7FFFFFFFU, 0x7FFFFFF0U, 0x10000U, 0x1000U };

    for (size_t i = 0U; i < sizeof lengths / sizeof lengths[0]; i++) {
        tree_reset();
        (void)tree_pmm();
        tree_set_word(compatible_at(1U) + 4U, lengths[i]);

        const skr_fdt_result_t result = tree_read();

        CHECK_EQUAL(result, SKR_FDT_STRUCTURE);
    }
}

/* [utest->dsn~fdt.blob~1] technique: error guess; a length of -4, behind which everything reads as good tags once more */
static void test_fdt_blob_with_a_property_that_ends_inside_itself_is_refused(void)
{
    const uint8_t gaps[8] = { 0, 0, 0, FDT_NOP, 0, 0, 0, FDT_NOP };

    tree_reset();
    tree_begin(2U, 2U);
    tree_property("pad", gaps, 8U);
    tree_device(FIRST, 0x200U);
    (void)tree_end();
    const uint32_t at = tree_search(gaps, 8U, 0U) - 12U;
    tree_set_word(at + 4U, 0xFFFFFFFCU);
    tree_set_word(at + 8U, FDT_NOP); /* a name, "ress-cells", and a tag */

    const skr_fdt_result_t result = tree_read();

    CHECK_EQUAL(result, SKR_FDT_STRUCTURE);
}

/* [utest->dsn~fdt.blob~1] technique: equivalence class */
static void test_fdt_blob_with_tags_out_of_order_is_refused(void)
{
    static const uint32_t tags[] = { 0U, 5U, 6U, 8U, 10U, 0xFFFFFFFFU, FDT_BEGIN_NODE, FDT_END_NODE, FDT_END };
    uint32_t node;

    for (size_t i = 0U; i < sizeof tags / sizeof tags[0]; i++) {
        /* instead of the first node's beginning, of a property, and of the structure's last tag */
        for (uint32_t place = 0U; place < 3U; place++) {
            tree_reset();
            (void)tree_pmm();
            node = tree_search("virtio@", 7U, 0U) - 4U;
            const uint32_t at = (place == 0U) ? node : ((place == 1U) ? compatible_at(0U) : (tree_word(12U) - 4U));
            const uint32_t before = tree_word(at);

            tree_set_word(at, tags[i]);

            const skr_fdt_result_t result = tree_read();

            CHECK_EQUAL(result, (before == tags[i]) ? SKR_FDT_OK : SKR_FDT_STRUCTURE);
        }
    }
}

/* [utest->dsn~fdt.blob~1] technique: error guess */
static void test_fdt_blob_that_goes_on_behind_its_root_is_refused(void)
{
    tree_reset();
    tree_begin(2U, 2U);
    tree_device(FIRST, 0x200U);
    tree_close();
    (void)tree_end(); /* one end more than beginnings */
    CHECK_EQUAL(tree_read(), SKR_FDT_STRUCTURE);

    tree_reset();
    tree_begin(2U, 2U);
    tree_device(FIRST, 0x200U);
    tree_close();
    tree_open("another");
    (void)tree_end();

    const skr_fdt_result_t result = tree_read();

    CHECK_EQUAL(result, SKR_FDT_STRUCTURE);
}

/* [utest->dsn~fdt.blob~1] technique: equivalence class */
static void test_fdt_blob_without_any_node_is_refused(void)
{
    tree_reset();
    (void)tree_pmm();
    tree_set_word(tree_word(8U), FDT_END);
    tree_set_word(36U, 4U);

    const skr_fdt_result_t result = tree_read();

    CHECK_EQUAL(result, SKR_FDT_NO_NODE);
}

/* [utest->dsn~fdt.blob~1] technique: equivalence class; NOPs are what a boot loader leaves where it takes something out */
static void test_fdt_blob_with_gaps_is_read(void)
{
    tree_reset();
    tree_begin(2U, 2U);
    tree_device(FIRST, 0x200U);
    tree_device(FIRST + 0x200U, 0x200U);
    (void)tree_end();
    (void)fdt_nop_node(tree_memory, fdt_first_subnode(tree_memory, 0));

    const skr_fdt_result_t result = tree_read();

    REQUIRE_EQUAL(result, SKR_FDT_OK);
    CHECK_EQUAL(tree.count, 1);
    CHECK_EQUAL(tree.devices[0].page, 0x10200);
}

/* [utest->dsn~fdt.blob~1] technique: boundary value; depth bomb */
static void test_fdt_blob_deeper_than_allowed_is_refused(void)
{
    static const uint32_t depths[] = { SKR_FDT_DEPTH_MAX, SKR_FDT_DEPTH_MAX + 1U, 4000U };

    for (size_t i = 0U; i < sizeof depths / sizeof depths[0]; i++) {
        tree_reset();
        tree_begin(2U, 2U);
        tree_device(FIRST, 0x200U);
        for (uint32_t k = 1U; k < depths[i]; k++) {
            tree_open("a");
        }
        for (uint32_t k = 1U; k < depths[i]; k++) {
            tree_close();
        }
        (void)tree_end();

        const skr_fdt_result_t result = tree_read();

        CHECK_EQUAL(result, (depths[i] <= SKR_FDT_DEPTH_MAX) ? SKR_FDT_OK : SKR_FDT_TOO_DEEP);
    }
}

/* [utest->dsn~fdt.blob~1] technique: boundary value */
static void test_fdt_blob_with_more_nodes_than_allowed_is_refused(void)
{
    for (uint32_t nodes = SKR_FDT_NODES_MAX; nodes <= (SKR_FDT_NODES_MAX + 1U); nodes++) {
        tree_reset();
        tree_begin(2U, 2U);
        tree_device(FIRST, 0x200U);
        for (uint32_t k = 2U; k < nodes; k++) {
            tree_open("a");
            tree_close();
        }
        (void)tree_end();

        const skr_fdt_result_t result = tree_read();

        CHECK_EQUAL(result, (nodes <= SKR_FDT_NODES_MAX) ? SKR_FDT_OK : SKR_FDT_TOO_MANY);
    }
}

/* [utest->dsn~fdt.blob~1] technique: boundary value */
static void test_fdt_blob_with_a_long_property_name_is_refused(void)
{
    static const char name[] = "a234567890123456789012345678901x";

    for (uint32_t length = 30U; length <= 32U; length++) {
        char shorter[33] = { 0 };

        memcpy(shorter, name, length);
        tree_reset();
        tree_begin(2U, 2U);
        tree_property(shorter, NULL, 0U);
        tree_device(FIRST, 0x200U);
        (void)tree_end();

        const skr_fdt_result_t result = tree_read();

        CHECK_EQUAL(result, (length <= SKR_FDT_NAME_MAX) ? SKR_FDT_OK : SKR_FDT_NAME);
    }
}

/* [utest->dsn~fdt.blob~1] technique: fault injection; names that do not end, each string of the blob */
static void test_fdt_blob_with_a_name_without_end_is_refused(void)
{
    uint32_t bytes;

    /* the last property's name ends with the blob: take its last byte away */
    tree_reset();
    bytes = tree_pmm();
    tree_memory[bytes - 1U] = 'x';
    CHECK_EQUAL(tree_read(), SKR_FDT_NAME);

    /* a property's name lies behind the strings */
    tree_reset();
    (void)tree_pmm();
    tree_set_word(compatible_at(0U) + 8U, tree_word(32U));
    CHECK_EQUAL(tree_read(), SKR_FDT_NAME);
    tree_set_word(compatible_at(0U) + 8U, 0xFFFFFFFFU);
    CHECK_EQUAL(tree_read(), SKR_FDT_NAME);

    /* a compatible string of exactly its letters */
    tree_reset();
    (void)tree_pmm();
    tree_set_word(compatible_at(1U) + 4U, 11U);
    CHECK_EQUAL(tree_read(), SKR_FDT_NAME);
    CHECK_EQUAL(tree.node, 1);

    /* a node's name that goes on to the end of the structure */
    tree_reset();
    tree_begin(2U, 2U);
    tree_open("last");
    tree_close();
    bytes = tree_end();
    memset(&tree_memory[tree_search("last", 5U, 0U)], 'x', tree_word(12U) - tree_search("last", 5U, 0U));
    CHECK_EQUAL(tree_read(), SKR_FDT_STRUCTURE);
}

/* What is accepted has to be sound, whatever the blob was. */
static bool is_handled(skr_fdt_result_t result)
{
    return (result == SKR_FDT_OK) ? tree_is_sound(&tree) : (tree.count == 0U);
}

/* [utest->dsn~fdt.read~1] technique: fault injection; every byte of a good blob, several values */
static void test_fdt_blob_with_any_one_byte_changed_is_refused_or_sound(void)
{
    static const uint8_t values[] = { 0x00U, 0x01U, 0x02U, 0x03U, 0x04U, 0x09U, 0x7FU, 0x80U, 0xF4U, 0xFFU };
    uint32_t refused = 0U;
    uint32_t bytes;

    tree_reset();
    bytes = tree_pmm();
    for (uint32_t at = 0U; at < bytes; at++) {
        const uint8_t before = tree_memory[at];

        for (size_t i = 0U; i < sizeof values; i++) {
            tree_memory[at] = values[i];

            const skr_fdt_result_t result = tree_read();

            CHECK(is_handled(result));
            refused += (result != SKR_FDT_OK) ? 1U : 0U;
        }
        tree_memory[at] = before;
    }
    CHECK(refused > bytes);
    CHECK_EQUAL(tree_read(), SKR_FDT_OK);
}

/* [utest->dsn~fdt.read~1] technique: random, seeded; noise behind a magic value, and good blobs with a few words spoilt */
static void test_fdt_blob_of_random_content_is_refused_or_sound(void)
{
    uint32_t state = 0x5EED1234U;
    uint32_t accepted = 0U;
    uint32_t refused = 0U;

    tree_reset();
    for (uint32_t n = 0U; n < RANDOM_BLOBS; n++) {
        uint32_t bytes = 64U + (test_random(&state) % 512U);

        if ((n % 2U) == 0U) {
            for (uint32_t i = 0U; i < bytes; i++) {
                tree_memory[i] = (uint8_t)test_random(&state);
            }
            tree_set_word(0U, FDT_MAGIC);
            tree_set_word(4U, bytes);
        } else {
            bytes = tree_pmm();
            for (uint32_t i = 0U; i <= (test_random(&state) % 3U); i++) {
                const uint32_t word = test_random(&state);

                tree_set_word(8U + (4U * (test_random(&state) % ((bytes / 4U) - 2U))),
                              ((word % 2U) == 0U) ? word : (word % 64U));
            }
        }

        const skr_fdt_result_t result = tree_read();

        CHECK(is_handled(result));
        accepted += (result == SKR_FDT_OK) ? 1U : 0U;
        refused += (result != SKR_FDT_OK) ? 1U : 0U;
    }
    CHECK(accepted > 0U);
    CHECK(refused > (RANDOM_BLOBS / 2U));
}

SKR_SUITE(fdt_blob,
    SKR_TEST(test_fdt_blob_cut_at_every_byte_is_truncated),
    SKR_TEST(test_fdt_blob_that_says_it_is_shorter_is_truncated),
    SKR_TEST(test_fdt_blob_larger_than_the_buffer_is_too_large),
    SKR_TEST(test_fdt_blob_of_a_huge_size_is_refused_before_the_copy),
    SKR_TEST(test_fdt_blob_without_its_magic_is_none),
    SKR_TEST(test_fdt_blob_with_a_wrong_field_is_refused_by_that_field),
    SKR_TEST(test_fdt_blob_of_a_later_compatible_version_is_read),
    SKR_TEST(test_fdt_blob_with_overlapping_blocks_is_refused),
    SKR_TEST(test_fdt_blob_with_unaligned_blocks_is_refused),
    SKR_TEST(test_fdt_blob_with_a_property_that_runs_in_a_circle_is_refused),
    SKR_TEST(test_fdt_blob_with_a_property_that_ends_inside_itself_is_refused),
    SKR_TEST(test_fdt_blob_with_tags_out_of_order_is_refused),
    SKR_TEST(test_fdt_blob_that_goes_on_behind_its_root_is_refused),
    SKR_TEST(test_fdt_blob_without_any_node_is_refused),
    SKR_TEST(test_fdt_blob_with_gaps_is_read),
    SKR_TEST(test_fdt_blob_deeper_than_allowed_is_refused),
    SKR_TEST(test_fdt_blob_with_more_nodes_than_allowed_is_refused),
    SKR_TEST(test_fdt_blob_with_a_long_property_name_is_refused),
    SKR_TEST(test_fdt_blob_with_a_name_without_end_is_refused),
    SKR_TEST(test_fdt_blob_with_any_one_byte_changed_is_refused_or_sound),
    SKR_TEST(test_fdt_blob_of_random_content_is_refused_or_sound))
