/* SPDX-License-Identifier: BSD-3-Clause */
/* skr_fdt_read(): blobs that are right, the window they are held against, and what changes under the copy. */
#include "backend/hook.h"
#include "test.h"
#include "tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST (TREE_ADDRESS + 0x10000U)

/* [utest->dsn~fdt.read~1] technique: equivalence class */
static void test_fdt_read_tree_of_a_pmm_gives_both_nodes(void)
{
    uint32_t bytes;

    tree_reset();
    bytes = tree_pmm();

    const skr_fdt_result_t result = tree_read();

    REQUIRE_EQUAL(result, SKR_FDT_OK);
    CHECK_EQUAL(tree.count, 2);
    CHECK_EQUAL(tree.devices[0].page, 0x10000);
    CHECK_EQUAL(tree.devices[0].page_size, 0x200);
    CHECK_EQUAL(tree.devices[0].device_id, 0);
    CHECK_EQUAL(tree.devices[1].page, 0x20000);
    CHECK(tree_is_sound(&tree));
    CHECK_EQUAL(hook_bytes_read(), bytes);
    CHECK_EQUAL(hook_writes(), 0);
}

static void load(const char *name)
{
    char path[1024];
    FILE *file;

    (void)snprintf(path, sizeof path, TREES "/%s", name);
    file = fopen(path, "rb");
    if ((file == NULL) || (fread(tree_memory, 1U, SKR_FDT_BLOB_BYTES, file) == 0U)) {
        printf("no %s\n", path);
        abort();
    }
    (void)fclose(file);
}

/* [utest->dsn~fdt.read~1] technique: equivalence class; a blob by another writer than libfdt */
static void test_fdt_read_tree_by_dtc_gives_both_nodes(void)
{
    tree_reset();
    load("pmm.dtb");

    const skr_fdt_result_t result = tree_read();

    REQUIRE_EQUAL(result, SKR_FDT_OK);
    CHECK_EQUAL(tree.count, 2);
    CHECK_EQUAL(tree.devices[0].page, 0x10000);
    CHECK_EQUAL(tree.devices[1].page, 0x20000);
}

/* [utest->dsn~fdt.nodes~1] technique: equivalence class */
static void test_fdt_read_board_with_other_nodes_gives_enabled_virtio_nodes_in_order(void)
{
    tree_reset();
    load("board.dtb");

    const skr_fdt_result_t result = tree_read();

    REQUIRE_EQUAL(result, SKR_FDT_OK);
    CHECK_EQUAL(tree.count, 2);
    CHECK_EQUAL(tree.node, 2);
    CHECK_EQUAL(tree.devices[0].page, 0x70000);
    CHECK_EQUAL(tree.devices[1].page, 0x70200);
}

/* [utest->dsn~fdt.read~1] technique: boundary value */
static void test_fdt_read_one_device_more_than_fits_is_too_many(void)
{
    for (uint32_t n = 0U; n <= (SKR_FDT_DEVICES_MAX + 1U); n++) {
        tree_reset();
        tree_begin(2U, 2U);
        for (uint32_t i = 0U; i < n; i++) {
            /* from the highest down: the order of nodes is not that of addresses */
            tree_device(FIRST + (0x200U * (n - i)), 0x200U);
        }
        (void)tree_end();

        const skr_fdt_result_t result = tree_read();

        CHECK_EQUAL(result, (n == 0U) ? SKR_FDT_NO_NODE : ((n > SKR_FDT_DEVICES_MAX) ? SKR_FDT_TOO_MANY : SKR_FDT_OK));
        CHECK_EQUAL(tree.count, (result == SKR_FDT_OK) ? n : 0U);
        CHECK((result != SKR_FDT_OK) || tree_is_sound(&tree));
    }
}

/* [utest->dsn~fdt.nodes~1] technique: equivalence class, boundary value */
static void test_fdt_read_cells_other_than_one_or_two_are_refused(void)
{
    for (uint32_t address = 0U; address <= 5U; address++) {
        for (uint32_t size = 0U; size <= 5U; size++) {
            const bool good = (address >= 1U) && (address <= 2U) && (size >= 1U) && (size <= 2U);

            tree_reset();
            tree_begin(address, size);
            if ((address + size) <= 8U) {
                tree_device(FIRST, 0x200U);
            }
            (void)tree_end();

            const skr_fdt_result_t result = tree_read();

            CHECK_EQUAL(result, good ? SKR_FDT_OK : (((address + size) <= 8U) ? SKR_FDT_CELLS : SKR_FDT_NO_NODE));
            CHECK(!good || (tree.devices[0].page == 0x10000U));
        }
    }
}

/* [utest->dsn~fdt.nodes~1] technique: error guess; the specification's defaults are 2 and 1 */
static void test_fdt_read_without_cells_takes_the_defaults(void)
{
    uint32_t at;

    tree_reset();
    tree_begin(2U, 1U);
    tree_device(FIRST, 0x200U);
    (void)tree_end();
    at = tree_search("#address-cells", 15U, 0U);
    tree_memory[at] = 'x';
    at = tree_search("#size-cells", 12U, 0U);
    tree_memory[at] = 'x';

    const skr_fdt_result_t result = tree_read();

    REQUIRE_EQUAL(result, SKR_FDT_OK);
    CHECK_EQUAL(tree.devices[0].page, 0x10000);
}

/* [utest->dsn~fdt.nodes~1] technique: error guess */
static void test_fdt_read_cells_that_are_no_cell_are_refused(void)
{
    tree_reset();
    tree_begin(2U, 2U);
    tree_device(FIRST, 0x200U);
    (void)tree_end();
    /* the first two properties of the root: tag, length, name, value */
    tree_set_word(tree_word(8U) + 12U, 3U);

    const skr_fdt_result_t result = tree_read();

    CHECK_EQUAL(result, SKR_FDT_CELLS);
    CHECK_EQUAL(tree.node, 1);
}

/* [utest->dsn~fdt.nodes~1] technique: boundary value */
static void test_fdt_read_reg_of_another_length_is_refused(void)
{
    for (uint32_t bytes = 0U; bytes <= 36U; bytes++) {
        const uint8_t reg[36] = { 0, 0, 0, 0, 0x60, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0 };

        tree_reset();
        tree_begin(2U, 2U);
        tree_open("virtio@60010000");
        tree_property("compatible", "virtio,mmio", 12U);
        if (bytes <= 35U) {
            tree_property("reg", reg, bytes);
        }
        tree_close();
        (void)tree_end();

        const skr_fdt_result_t result = tree_read();

        CHECK_EQUAL(result, (bytes == 16U) ? SKR_FDT_OK : SKR_FDT_REG);
    }
}

/* [utest->dsn~fdt.nodes~1] technique: equivalence class */
static void test_fdt_read_virtio_node_below_a_bus_is_refused(void)
{
    tree_reset();
    tree_begin(2U, 2U);
    tree_device(FIRST, 0x200U);
    tree_open("bus");
    tree_device(FIRST + 0x1000U, 0x200U);
    tree_close();
    (void)tree_end();

    const skr_fdt_result_t result = tree_read();

    CHECK_EQUAL(result, SKR_FDT_BUS);
    CHECK_EQUAL(tree.node, 2);
    CHECK_EQUAL(tree.count, 0);
}

/* [utest->dsn~fdt.window~1] technique: boundary value; ADV-P06 */
static void test_fdt_read_page_that_leaves_the_window_is_refused(void)
{
    static const struct {
        uint64_t address;
        uint64_t size;
        skr_fdt_result_t expected;
    } rows[] = {
        { TREE_ADDRESS, 0x200U, SKR_FDT_OK },
        { TREE_ADDRESS, TREE_BYTES, SKR_FDT_OK },
        { TREE_ADDRESS, TREE_BYTES + 1U, SKR_FDT_OUTSIDE },
        { TREE_ADDRESS + TREE_BYTES - 0x200U, 0x200U, SKR_FDT_OK },
        { TREE_ADDRESS + TREE_BYTES - 0x1FCU, 0x200U, SKR_FDT_OUTSIDE },
        { TREE_ADDRESS + TREE_BYTES - 0x200U, 0x201U, SKR_FDT_OUTSIDE },
        { TREE_ADDRESS + TREE_BYTES, 0x200U, SKR_FDT_OUTSIDE },
        { TREE_ADDRESS - 4U, 0x200U, SKR_FDT_OUTSIDE },
        { TREE_ADDRESS - 0x200U, 0x200U, SKR_FDT_OUTSIDE },
        { 0U, 0x200U, SKR_FDT_OUTSIDE },
        { 0x100000000ULL + FIRST, 0x200U, SKR_FDT_OUTSIDE },
        { FIRST, 0x100000200ULL, SKR_FDT_OUTSIDE },
        { 0xFFFFFFFFFFFFFE00ULL, 0x200U, SKR_FDT_OUTSIDE },
        { 0xFFFFFFFFFFFFF000ULL, 0x2000U, SKR_FDT_OUTSIDE },
        { FIRST, 0xFFFFFFFFFFFFFFFFULL, SKR_FDT_OUTSIDE },
        { FIRST, 0xFFFFFFFFFFFFFFFFULL - FIRST + 1U, SKR_FDT_OUTSIDE },
        { 0xFFFFFFFFFFFFFFFCULL, 0xFFFFFFFFFFFFFFFFULL, SKR_FDT_OUTSIDE },
        { FIRST, 0x1FFU, SKR_FDT_REG },
        { FIRST, 0U, SKR_FDT_REG },
        { FIRST + 1U, 0x200U, SKR_FDT_ALIGNMENT },
        { FIRST + 2U, 0x200U, SKR_FDT_ALIGNMENT },
        { FIRST + 4U, 0x200U, SKR_FDT_OK },
    };

    for (size_t i = 0U; i < sizeof rows / sizeof rows[0]; i++) {
        tree_reset();
        tree_begin(2U, 2U);
        tree_device(rows[i].address, rows[i].size);
        (void)tree_end();

        const skr_fdt_result_t result = tree_read();

        CHECK_EQUAL(result, rows[i].expected);
        CHECK_EQUAL(tree.node, 1);
        CHECK((result != SKR_FDT_OK) || tree_is_sound(&tree));
    }
}

/* [utest->dsn~fdt.window~1] technique: boundary value; a window that ends with the address space */
static void test_fdt_read_window_at_the_end_of_the_address_space_does_not_wrap(void)
{
    static const struct {
        uint64_t address;
        uint64_t size;
        skr_fdt_result_t expected;
    } rows[] = {
        { 0xFFFFFFFFFFF80000ULL - 0x1000U, 0x200U, SKR_FDT_OK },
        { 0xFFFFFFFFFFFFEE00ULL, 0x200U, SKR_FDT_OK },
        { 0xFFFFFFFFFFFFEE00ULL, 0x204U, SKR_FDT_OUTSIDE },
        { 0xFFFFFFFFFFFFFE00ULL, 0x400U, SKR_FDT_OUTSIDE },
        { 0x0ULL, 0x200U, SKR_FDT_OUTSIDE },
    };

    for (size_t i = 0U; i < sizeof rows / sizeof rows[0]; i++) {
        tree_reset();
        tree_window.address = 0xFFFFFFFFFFF80000ULL - 0x1000U;
        tree_begin(2U, 2U);
        tree_device(rows[i].address, rows[i].size);
        (void)tree_end();

        const skr_fdt_result_t result = tree_read();

        CHECK_EQUAL(result, rows[i].expected);
    }
}

/* [utest->dsn~fdt.window~1] technique: boundary value */
static void test_fdt_read_pages_that_overlap_are_refused(void)
{
    static const struct {
        uint64_t first;
        uint64_t first_size;
        uint64_t second;
        uint64_t second_size;
        skr_fdt_result_t expected;
    } rows[] = {
        { FIRST, 0x200U, FIRST + 0x200U, 0x200U, SKR_FDT_OK },
        { FIRST + 0x200U, 0x200U, FIRST, 0x200U, SKR_FDT_OK },
        { FIRST, 0x200U, FIRST, 0x200U, SKR_FDT_OVERLAP },
        { FIRST, 0x200U, FIRST + 0x1FCU, 0x200U, SKR_FDT_OVERLAP },
        { FIRST + 0x1FCU, 0x200U, FIRST, 0x200U, SKR_FDT_OVERLAP },
        { FIRST, 0x1000U, FIRST + 0x400U, 0x200U, SKR_FDT_OVERLAP },
        { FIRST + 0x400U, 0x200U, FIRST, 0x1000U, SKR_FDT_OVERLAP },
        { TREE_ADDRESS, TREE_BYTES, FIRST, 0x200U, SKR_FDT_OVERLAP },
        { FIRST, 0x204U, FIRST + 0x200U, 0x200U, SKR_FDT_OVERLAP },
    };

    for (size_t i = 0U; i < sizeof rows / sizeof rows[0]; i++) {
        tree_reset();
        tree_begin(2U, 2U);
        tree_device(rows[i].first, rows[i].first_size);
        tree_device(rows[i].second, rows[i].second_size);
        (void)tree_end();

        const skr_fdt_result_t result = tree_read();

        CHECK_EQUAL(result, rows[i].expected);
        CHECK_EQUAL(tree.node, 2);
    }
}

/* [utest->dsn~fdt.nodes~1] technique: equivalence class */
static void test_fdt_read_node_is_taken_only_if_okay(void)
{
    static const struct {
        const char *status;
        uint32_t bytes;
        skr_fdt_result_t expected;
    } rows[] = {
        { "okay", 5U, SKR_FDT_OK },        { "ok", 3U, SKR_FDT_OK },          { "disabled", 9U, SKR_FDT_NO_NODE },
        { "fail", 5U, SKR_FDT_NO_NODE },   { "okay", 4U, SKR_FDT_NO_NODE },   { "", 0U, SKR_FDT_NO_NODE },
        { "okayed", 7U, SKR_FDT_NO_NODE },
    };

    for (size_t i = 0U; i < sizeof rows / sizeof rows[0]; i++) {
        const uint8_t reg[16] = { 0, 0, 0, 0, 0x60, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0 };

        tree_reset();
        tree_begin(2U, 2U);
        tree_open("virtio@60010000");
        tree_property("status", rows[i].status, rows[i].bytes);
        tree_property("compatible", "virtio,mmio", 12U);
        tree_property("reg", reg, 16U);
        tree_close();
        (void)tree_end();

        const skr_fdt_result_t result = tree_read();

        CHECK_EQUAL(result, rows[i].expected);
    }
}

/* [utest->dsn~fdt.read~1] technique: boundary value */
static void test_fdt_read_argument_that_is_not_as_documented_is_refused_untouched(void)
{
    static uint64_t buffer[512];

    for (uint32_t i = 0U; i <= 8U; i++) {
        const skr_shm_t *blob = tree_memory;
        uint64_t *room = buffer;

        tree_reset();
        (void)tree_pmm();
        switch (i) {
        case 0U: tree_window.kind = (skr_transport_kind_t)0; break;
        case 1U: tree_window.kind = (skr_transport_kind_t)4; break;
        case 2U: tree_window.base = NULL; break;
        case 3U: tree_window.base += 4; break;
        case 4U: tree_window.size = 0U; break;
        case 5U: tree_window.address += 4U; break;
        case 6U: tree_window.address = 0xFFFFFFFFFFF81000ULL; break;
        case 7U: blob = &tree_memory[4]; break;
        default: room = NULL; break;
        }
        hook_count_from_here();

        const skr_fdt_result_t result = skr_fdt_read(&tree, &tree_window, blob, SKR_FDT_BLOB_BYTES, room, sizeof buffer);

        CHECK_EQUAL(result, SKR_FDT_ARGUMENT);
        CHECK_EQUAL(tree.count, 0);
        CHECK_EQUAL(hook_reads(), 0);
    }
    tree_reset();
    (void)tree_pmm();
    CHECK_EQUAL(skr_fdt_read(&tree, &tree_window, NULL, SKR_FDT_BLOB_BYTES, buffer, sizeof buffer), SKR_FDT_ARGUMENT);
    CHECK_EQUAL(skr_fdt_read(&tree, &tree_window, tree_memory, SKR_FDT_BLOB_BYTES, buffer, sizeof buffer), SKR_FDT_OK);
}

static void spoil_blob(void)
{
    memset(tree_memory, 0xEE, SKR_FDT_BLOB_BYTES);
}

/* [utest->dsn~fdt.copy~1] technique: fault injection; the blob is wiped as soon as it is copied */
static void test_fdt_read_blob_that_changes_after_the_copy_changes_nothing(void)
{
    tree_reset();
    (void)tree_pmm();
    tree_after_copy = spoil_blob;

    const skr_fdt_result_t result = tree_read();

    REQUIRE_EQUAL(result, SKR_FDT_OK);
    CHECK_EQUAL(tree.count, 2);
    CHECK_EQUAL(tree.devices[1].page, 0x20000);
    CHECK_EQUAL(tree_memory[0], 0xEE);
}

/* [utest->dsn~fdt.copy~1] technique: fault injection; double fetch of the size, grown and shrunk, between its reading and the copy */
static void test_fdt_read_size_that_changes_while_copying_is_read_once(void)
{
    static const uint32_t sizes[] = { 0U, 8U, 40U, 0x100000U, 0xFFFFFFFFU };

    for (size_t i = 0U; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint8_t big_endian[4];
        uint32_t bytes;

        tree_reset();
        bytes = tree_pmm();
        for (uint32_t k = 0U; k < 4U; k++) {
            big_endian[k] = (uint8_t)(sizes[i] >> (24U - (8U * k)));
        }
        hook_count_from_here();
        hook_poke_at(3U, &tree_memory[4], big_endian, 4U);

        const skr_fdt_result_t result = tree_read();

        CHECK(hook_poked());
        CHECK_EQUAL(result, SKR_FDT_OK);
        CHECK_EQUAL(tree.count, 2);
        CHECK_EQUAL(hook_reads(), 3);
        CHECK_EQUAL(hook_bytes_read(), bytes);
        CHECK_TEXT(hook_order(), "rArr");
    }
}

/* [utest->dsn~fdt.copy~1] technique: fault injection; a page moves out of the window between the header and the copy */
static void test_fdt_read_address_that_changes_while_copying_is_checked_as_copied(void)
{
    const uint8_t reg[8] = { 0, 0, 0, 0, 0x60, 1, 0, 0 };
    const uint8_t far[8] = { 0, 0, 0, 1, 0x60, 1, 0, 0 };

    tree_reset();
    (void)tree_pmm();
    const uint32_t at = tree_search(reg, 8U, 0U);
    hook_count_from_here();
    hook_poke_at(3U, &tree_memory[at], far, 8U);

    const skr_fdt_result_t result = tree_read();

    CHECK(hook_poked());
    CHECK_EQUAL(result, SKR_FDT_OUTSIDE);
    CHECK_EQUAL(tree.count, 0);
}

SKR_SUITE(fdt,
    SKR_TEST(test_fdt_read_tree_of_a_pmm_gives_both_nodes),
    SKR_TEST(test_fdt_read_tree_by_dtc_gives_both_nodes),
    SKR_TEST(test_fdt_read_board_with_other_nodes_gives_enabled_virtio_nodes_in_order),
    SKR_TEST(test_fdt_read_one_device_more_than_fits_is_too_many),
    SKR_TEST(test_fdt_read_cells_other_than_one_or_two_are_refused),
    SKR_TEST(test_fdt_read_without_cells_takes_the_defaults),
    SKR_TEST(test_fdt_read_cells_that_are_no_cell_are_refused),
    SKR_TEST(test_fdt_read_reg_of_another_length_is_refused),
    SKR_TEST(test_fdt_read_virtio_node_below_a_bus_is_refused),
    SKR_TEST(test_fdt_read_page_that_leaves_the_window_is_refused),
    SKR_TEST(test_fdt_read_window_at_the_end_of_the_address_space_does_not_wrap),
    SKR_TEST(test_fdt_read_pages_that_overlap_are_refused),
    SKR_TEST(test_fdt_read_node_is_taken_only_if_okay),
    SKR_TEST(test_fdt_read_argument_that_is_not_as_documented_is_refused_untouched),
    SKR_TEST(test_fdt_read_blob_that_changes_after_the_copy_changes_nothing),
    SKR_TEST(test_fdt_read_size_that_changes_while_copying_is_read_once),
    SKR_TEST(test_fdt_read_address_that_changes_while_copying_is_checked_as_copied))
