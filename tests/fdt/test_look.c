/* SPDX-License-Identifier: BSD-3-Clause */
/* skr_fdt_look() and skr_fdt_find(): register pages, blocks, and the description of a device. */
#include "backend/hook.h"
#include "test.h"
#include "tree.h"

#include <string.h>

#define CONSOLE 3U
#define VSOCK 19U

static skr_fdt_result_t read_and_look(void)
{
    const skr_fdt_result_t result = tree_read();

    return (result == SKR_FDT_OK) ? skr_fdt_look(&tree) : result;
}

/* [utest->dsn~fdt.look~1] [utest->dsn~fdt.find~1] technique: equivalence class; the library itself takes what was found */
static void test_fdt_find_devices_of_a_pmm_gives_descriptions_that_identify(void)
{
    skr_transport_t vsock = { .doorbell = 7U, .options = SKR_OPTION_EVENT_IDX };
    skr_transport_t console = { .doorbell = 8U };
    skr_cause_t cause = SKR_CAUSE_NONE;

    tree_reset();
    (void)tree_pmm();
    REQUIRE_EQUAL(read_and_look(), SKR_FDT_OK);

    CHECK_EQUAL(skr_fdt_find(&tree, VSOCK, 0U, &vsock), SKR_FDT_OK);
    CHECK_EQUAL(skr_fdt_find(&tree, CONSOLE, 0U, &console), SKR_FDT_OK);

    CHECK(tree_is_sound(&tree));
    CHECK_EQUAL(vsock.kind, SKR_TRANSPORT_HVL);
    CHECK(vsock.registers == &tree_memory[0x10000]);
    CHECK_EQUAL(vsock.registers_size, 0x100);
    CHECK(vsock.config == &tree_memory[0x10100]);
    CHECK_EQUAL(vsock.config_size, 0x100);
    CHECK(vsock.memory == &tree_memory[0x11000]);
    CHECK_EQUAL(vsock.memory_size, 0xF000);
    CHECK_EQUAL(vsock.memory_address, 0x60011000);
    CHECK_EQUAL(vsock.doorbell, 7);
    CHECK_EQUAL(vsock.options, SKR_OPTION_EVENT_IDX);
    CHECK(console.memory == &tree_memory[0x21000]);
    CHECK_EQUAL(console.memory_size, 0x5000);
    CHECK_EQUAL(skr_transport_check(&vsock, 8U), SKR_CAUSE_NONE);
    CHECK_EQUAL(skr_transport_identify(&vsock, VSOCK, &cause), SKR_OK);
    CHECK_EQUAL(skr_transport_check(&console, 12U), SKR_CAUSE_NONE);
    CHECK_EQUAL(skr_transport_identify(&console, CONSOLE, &cause), SKR_OK);
}

/* [utest->dsn~fdt.find~1] technique: equivalence class; pages in a row at the beginning, as the layout without a tree has them */
static void test_fdt_find_devices_whose_pages_lie_in_another_block_gives_config_of_the_block(void)
{
    skr_transport_t vsock = { .doorbell = 1U };
    skr_transport_t console = { .doorbell = 1U };
    skr_cause_t cause = SKR_CAUSE_NONE;

    tree_reset();
    tree_begin(2U, 2U);
    tree_device(TREE_ADDRESS + 0x20000U, 0x200U);
    tree_device(TREE_ADDRESS + 0x20200U, 0x200U);
    (void)tree_end();
    tree_page(0x20000U, 1U, VSOCK, TREE_ADDRESS + 0x20000U, 0x10000U);
    tree_page(0x20200U, 1U, CONSOLE, TREE_ADDRESS + 0x30000U, 0x6000U);
    REQUIRE_EQUAL(read_and_look(), SKR_FDT_OK);

    CHECK_EQUAL(skr_fdt_find(&tree, VSOCK, 0U, &vsock), SKR_FDT_OK);
    CHECK_EQUAL(skr_fdt_find(&tree, CONSOLE, 0U, &console), SKR_FDT_OK);

    CHECK(console.registers == &tree_memory[0x20200]);
    CHECK(console.config == &tree_memory[0x30100]);
    CHECK(console.memory == &tree_memory[0x31000]);
    CHECK_EQUAL(console.memory_address, 0x60031000);
    CHECK_EQUAL(skr_transport_check(&console, 12U), SKR_CAUSE_NONE);
    CHECK_EQUAL(skr_transport_identify(&console, CONSOLE, &cause), SKR_OK);
    CHECK_EQUAL(skr_transport_identify(&vsock, VSOCK, &cause), SKR_OK);
}

/* [utest->dsn~fdt.look~1] technique: structural; each register once */
static void test_fdt_look_reads_each_register_once(void)
{
    tree_reset();
    (void)tree_pmm();
    REQUIRE_EQUAL(tree_read(), SKR_FDT_OK);
    hook_count_from_here();

    CHECK_EQUAL(skr_fdt_look(&tree), SKR_FDT_OK);

    CHECK_EQUAL(hook_reads(), 14);
    CHECK_EQUAL(hook_bytes_read(), 56);
    CHECK_EQUAL(hook_writes(), 0);
}

/* [utest->dsn~fdt.find~1] technique: equivalence class; ids decide, and the order of addresses, never that of nodes */
static void test_fdt_find_second_console_is_the_one_at_the_higher_address(void)
{
    skr_transport_t where = { .doorbell = 0U };

    tree_reset();
    tree_begin(2U, 2U);
    tree_device(TREE_ADDRESS + 0x30000U, 0x200U);
    tree_device(TREE_ADDRESS + 0x10000U, 0x200U);
    tree_device(TREE_ADDRESS + 0x20000U, 0x200U);
    (void)tree_end();
    tree_page(0x30000U, 1U, CONSOLE, TREE_ADDRESS + 0x30000U, 0x6000U);
    tree_page(0x10000U, 1U, CONSOLE, TREE_ADDRESS + 0x10000U, 0x6000U);
    tree_page(0x20000U, 1U, VSOCK, TREE_ADDRESS + 0x20000U, 0x10000U);
    REQUIRE_EQUAL(read_and_look(), SKR_FDT_OK);

    CHECK_EQUAL(skr_fdt_find(&tree, CONSOLE, 0U, &where), SKR_FDT_OK);
    CHECK(where.registers == &tree_memory[0x10000]);
    CHECK_EQUAL(skr_fdt_find(&tree, CONSOLE, 1U, &where), SKR_FDT_OK);
    CHECK(where.registers == &tree_memory[0x30000]);
    CHECK_EQUAL(skr_fdt_find(&tree, VSOCK, 0U, &where), SKR_FDT_OK);
    CHECK(where.registers == &tree_memory[0x20000]);
}

/* [utest->dsn~fdt.find~1] technique: equivalence class */
static void test_fdt_find_device_that_is_not_there_changes_nothing(void)
{
    skr_transport_t where = { .doorbell = 5U };

    tree_reset();
    (void)tree_pmm();
    REQUIRE_EQUAL(tree_read(), SKR_FDT_OK);

    CHECK_EQUAL(skr_fdt_find(&tree, VSOCK, 0U, &where), SKR_FDT_NO_DEVICE); /* not looked at yet */
    CHECK_EQUAL(skr_fdt_find(&tree, 0U, 0U, &where), SKR_FDT_NO_DEVICE);
    REQUIRE_EQUAL(skr_fdt_look(&tree), SKR_FDT_OK);
    CHECK_EQUAL(skr_fdt_find(&tree, 1U, 0U, &where), SKR_FDT_NO_DEVICE);
    CHECK_EQUAL(skr_fdt_find(&tree, VSOCK, 1U, &where), SKR_FDT_NO_DEVICE);
    CHECK_EQUAL(skr_fdt_find(&tree, VSOCK, UINT32_MAX, &where), SKR_FDT_NO_DEVICE);
    CHECK_EQUAL(skr_fdt_find(&tree, 0U, 0U, &where), SKR_FDT_NO_DEVICE);
    CHECK(where.registers == NULL);
    CHECK_EQUAL(where.doorbell, 5);
}

/* [utest->dsn~fdt.look~1] technique: boundary value, equivalence class; what a page says; ADV-P06 */
static void test_fdt_look_page_that_is_wrong_is_refused_by_its_cause(void)
{
    static const struct {
        uint32_t version;
        uint32_t device_id;
        uint64_t block;
        uint64_t size;
        skr_fdt_result_t expected;
    } rows[] = {
        { 1U, CONSOLE, TREE_ADDRESS + 0x20000U, 0x6000U, SKR_FDT_OK },
        { 1U, CONSOLE, TREE_ADDRESS + 0x20000U, 0x1001U, SKR_FDT_OK },
        { 1U, CONSOLE, TREE_ADDRESS + 0x20000U, 0x1000U, SKR_FDT_BLOCK_OUTSIDE },
        { 1U, CONSOLE, TREE_ADDRESS + 0x20000U, 0U, SKR_FDT_BLOCK_OUTSIDE },
        { 1U, CONSOLE, TREE_ADDRESS + 0x20000U, TREE_BYTES - 0x20000U, SKR_FDT_OK },
        { 1U, CONSOLE, TREE_ADDRESS + 0x20000U, TREE_BYTES - 0x20000U + 1U, SKR_FDT_BLOCK_OUTSIDE },
        { 1U, CONSOLE, TREE_ADDRESS + 0x20000U, 0x100006000ULL, SKR_FDT_BLOCK_OUTSIDE },
        { 1U, CONSOLE, TREE_ADDRESS + 0x20000U, 0xFFFFFFFFFFFFFFFFULL, SKR_FDT_BLOCK_OUTSIDE },
        { 1U, CONSOLE, TREE_ADDRESS + TREE_BYTES, 0x6000U, SKR_FDT_BLOCK_OUTSIDE },
        { 1U, CONSOLE, TREE_ADDRESS - 0x1000U, 0x6000U, SKR_FDT_BLOCK_OUTSIDE },
        { 1U, CONSOLE, 0U, 0x6000U, SKR_FDT_BLOCK_OUTSIDE },
        { 1U, CONSOLE, 0xFFFFFFFFFFFFF000ULL, 0x6000U, SKR_FDT_BLOCK_OUTSIDE },
        { 1U, CONSOLE, 0x100000000ULL + TREE_ADDRESS + 0x20000U, 0x6000U, SKR_FDT_BLOCK_OUTSIDE },
        { 1U, CONSOLE, TREE_ADDRESS + 0x20200U, 0x6000U, SKR_FDT_BLOCK_OUTSIDE },
        { 1U, CONSOLE, TREE_ADDRESS + 0x20004U, 0x6000U, SKR_FDT_BLOCK_OUTSIDE },
        { 1U, CONSOLE, TREE_ADDRESS + 0x10000U, 0x6000U, SKR_FDT_BLOCK_OVERLAP }, /* vsock's */
        { 1U, CONSOLE, TREE_ADDRESS + 0x1F000U, 0x6000U, SKR_FDT_BLOCK_OVERLAP }, /* vsock's last page, rings over our page */
        { 1U, CONSOLE, TREE_ADDRESS + 0xF000U, 0x2000U, SKR_FDT_BLOCK_OVERLAP },  /* over vsock's page */
        { 1U, CONSOLE, TREE_ADDRESS, 0x21000U, SKR_FDT_BLOCK_OVERLAP },
        { 1U, CONSOLE, TREE_ADDRESS + 0x30000U, 0x6000U, SKR_FDT_OK }, /* elsewhere, as without a tree */
        { 1U, CONSOLE, TREE_ADDRESS + 0x20000U - 0x20000U, 0x10000U, SKR_FDT_OK },
        { 1U, 0U, 0U, 0U, SKR_FDT_OK },
        { 1U, 0xFFFFFFFFU, TREE_ADDRESS + 0x20000U, 0x6000U, SKR_FDT_OK }, /* none of ours: found, never asked for */
        { 2U, CONSOLE, TREE_ADDRESS + 0x20000U, 0x6000U, SKR_FDT_REGISTERS },
        { 0U, CONSOLE, TREE_ADDRESS + 0x20000U, 0x6000U, SKR_FDT_REGISTERS },
    };

    for (size_t i = 0U; i < sizeof rows / sizeof rows[0]; i++) {
        tree_reset();
        (void)tree_pmm();
        tree_page(0x20000U, rows[i].version, rows[i].device_id, rows[i].block, rows[i].size);

        const skr_fdt_result_t result = read_and_look();

        CHECK_EQUAL(result, rows[i].expected);
        CHECK((result == SKR_FDT_OK) ? tree_is_sound(&tree) : ((tree.devices[0].device_id | tree.devices[1].device_id) == 0U));
        CHECK_EQUAL(tree.node, (result == SKR_FDT_BLOCK_OVERLAP) ? 0U : 1U);
    }
}

/* [utest->dsn~fdt.look~1] technique: equivalence class; rings that would run over the page of a device that is absent */
static void test_fdt_look_rings_over_an_empty_slot_are_refused(void)
{
    tree_reset();
    tree_begin(2U, 2U);
    tree_device(TREE_ADDRESS + 0x10000U, 0x200U);
    tree_device(TREE_ADDRESS + 0x12000U, 0x200U);
    (void)tree_end();
    tree_page(0x10000U, 1U, VSOCK, TREE_ADDRESS + 0x10000U, 0x10000U);
    tree_page(0x12000U, 1U, 0U, 0U, 0U);

    CHECK_EQUAL(read_and_look(), SKR_FDT_BLOCK_OVERLAP);
    tree_page(0x10000U, 1U, VSOCK, TREE_ADDRESS + 0x10000U, 0x2000U);
    CHECK_EQUAL(read_and_look(), SKR_FDT_OK);
}

/* [utest->dsn~fdt.look~1] technique: equivalence class */
static void test_fdt_look_page_without_magic_is_refused(void)
{
    tree_reset();
    (void)tree_pmm();
    tree_memory[0x10000] = 0U;

    CHECK_EQUAL(read_and_look(), SKR_FDT_MAGIC);
    CHECK_EQUAL(tree.node, 0);
}

/* [utest->dsn~fdt.look~1] technique: fault injection; a sweep: before the n-th read, both pages become something else */
static void test_fdt_look_page_that_changes_between_reads_is_refused_or_sound(void)
{
    static const uint8_t patterns[] = { 0x00U, 0x01U, 0x60U, 0x80U, 0xFFU };
    uint32_t refused = 0U;

    for (uint32_t n = 1U; n <= 14U; n++) {
        for (size_t i = 0U; i < sizeof patterns; i++) {
            for (uint32_t page = 0x10000U; page <= 0x20000U; page += 0x10000U) {
                uint8_t garbage[16];

                tree_reset();
                (void)tree_pmm();
                REQUIRE_EQUAL(tree_read(), SKR_FDT_OK);
                memset(garbage, patterns[i], sizeof garbage);
                hook_count_from_here();
                hook_poke_at(n, &tree_memory[page + 0xB0U], garbage, 16U);

                const skr_fdt_result_t result = skr_fdt_look(&tree);

                CHECK(hook_poked() || (result != SKR_FDT_OK));
                CHECK((result != SKR_FDT_OK) || tree_is_sound(&tree));
                CHECK(hook_reads() <= 14U);
                refused += (result != SKR_FDT_OK) ? 1U : 0U;
            }
        }
    }
    CHECK(refused > 0U);
}

/* [utest->dsn~fdt.copy~1] technique: fault injection; blob and pages turn to nothing: what was found stays as it was checked */
static void test_fdt_find_after_the_memory_was_wiped_gives_what_was_checked(void)
{
    skr_transport_t where = { .doorbell = 0U };

    tree_reset();
    (void)tree_pmm();
    REQUIRE_EQUAL(read_and_look(), SKR_FDT_OK);
    memset(tree_memory, 0xFF, sizeof tree_memory);
    hook_count_from_here();

    CHECK_EQUAL(skr_fdt_find(&tree, CONSOLE, 0U, &where), SKR_FDT_OK);

    CHECK(where.memory == &tree_memory[0x21000]);
    CHECK_EQUAL(where.memory_size, 0x5000);
    CHECK_EQUAL(hook_reads(), 0);
    CHECK_EQUAL(skr_fdt_look(&tree), SKR_FDT_MAGIC);
    CHECK_EQUAL(skr_fdt_find(&tree, CONSOLE, 0U, &where), SKR_FDT_NO_DEVICE);
}

/* [utest->dsn~fdt.find~1] technique: equivalence class; a hypervisor's slots, most of them empty */
static void test_fdt_find_virtio_mmio_leaves_the_memory_to_the_integrator(void)
{
    for (uint32_t version = 1U; version <= 2U; version++) {
        const skr_transport_kind_t kind = (version == 2U) ? SKR_TRANSPORT_MMIO_V2 : SKR_TRANSPORT_MMIO_V1;
        skr_transport_t where = { .memory_size = 0x4000U, .memory_address = 0x80000000U };

        tree_reset();
        tree_window.kind = kind;
        tree_begin(2U, 2U);
        for (uint32_t i = 0U; i < 32U; i++) {
            tree_device(TREE_ADDRESS + 0x40000U + (0x200U * i), 0x200U);
            tree_page(0x40000U + (0x200U * i), version, (i == 31U) ? VSOCK : 0U, 0U, 0U);
        }
        (void)tree_end();
        REQUIRE_EQUAL(read_and_look(), SKR_FDT_OK);

        CHECK_EQUAL(skr_fdt_find(&tree, VSOCK, 0U, &where), SKR_FDT_OK);

        CHECK_EQUAL(where.kind, kind);
        CHECK(where.registers == &tree_memory[0x43E00]);
        CHECK_EQUAL(where.registers_size, 0x100);
        CHECK(where.config == &tree_memory[0x43F00]);
        CHECK_EQUAL(where.config_size, 0x100);
        CHECK(where.memory == NULL);
        CHECK_EQUAL(where.memory_size, 0x4000);
        CHECK_EQUAL(where.memory_address, 0x80000000);
    }
}

SKR_SUITE(fdt_look,
    SKR_TEST(test_fdt_find_devices_of_a_pmm_gives_descriptions_that_identify),
    SKR_TEST(test_fdt_find_devices_whose_pages_lie_in_another_block_gives_config_of_the_block),
    SKR_TEST(test_fdt_look_reads_each_register_once),
    SKR_TEST(test_fdt_find_second_console_is_the_one_at_the_higher_address),
    SKR_TEST(test_fdt_find_device_that_is_not_there_changes_nothing),
    SKR_TEST(test_fdt_look_page_that_is_wrong_is_refused_by_its_cause),
    SKR_TEST(test_fdt_look_rings_over_an_empty_slot_are_refused),
    SKR_TEST(test_fdt_look_page_without_magic_is_refused),
    SKR_TEST(test_fdt_look_page_that_changes_between_reads_is_refused_or_sound),
    SKR_TEST(test_fdt_find_after_the_memory_was_wiped_gives_what_was_checked),
    SKR_TEST(test_fdt_find_virtio_mmio_leaves_the_memory_to_the_integrator))
