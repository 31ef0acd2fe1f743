/* SPDX-License-Identifier: BSD-3-Clause */
#include "tree.h"

#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

skr_fdt_t tree;
uint8_t tree_memory[TREE_BYTES] __attribute__((aligned(4096)));
skr_fdt_window_t tree_window;
void (*tree_after_copy)(void);

static uint32_t address_cells;
static uint32_t size_cells;

void skr_port_copy_in(uint8_t *to, const skr_shm_t *from, uint32_t bytes)
{
    memcpy(to, (const uint8_t *)from, bytes);
    if (tree_after_copy != NULL) {
        tree_after_copy();
    }
}

static void must(int result)
{
    if (result != 0) {
        printf("tree: libfdt says %s\n", fdt_strerror(result));
        abort();
    }
}

void tree_reset(void)
{
    memset(tree_memory, 0, sizeof tree_memory);
    memset(&tree, 0xA5, sizeof tree);
    tree_window = (skr_fdt_window_t){ SKR_TRANSPORT_HVL, tree_memory, TREE_BYTES, TREE_ADDRESS };
    tree_after_copy = NULL;
}

void tree_begin(uint32_t new_address_cells, uint32_t new_size_cells)
{
    address_cells = new_address_cells;
    size_cells = new_size_cells;
    must(fdt_create(tree_memory, SKR_FDT_BLOB_BYTES));
    must(fdt_finish_reservemap(tree_memory));
    must(fdt_begin_node(tree_memory, ""));
    must(fdt_property_u32(tree_memory, "#address-cells", address_cells));
    must(fdt_property_u32(tree_memory, "#size-cells", size_cells));
}

void tree_open(const char *name)
{
    must(fdt_begin_node(tree_memory, name));
}

void tree_property(const char *name, const void *value, uint32_t bytes)
{
    must(fdt_property(tree_memory, name, value, (int)bytes));
}

void tree_close(void)
{
    must(fdt_end_node(tree_memory));
}

static uint32_t put_cells(fdt32_t *to, uint64_t value, uint32_t cells)
{
    for (uint32_t i = 0U; i < cells; i++) {
        const uint32_t shift = 32U * (cells - 1U - i);

        to[i] = cpu_to_fdt32((shift < 64U) ? (uint32_t)(value >> shift) : 0U);
    }
    return cells;
}

void tree_device(uint64_t address, uint64_t size)
{
    fdt32_t reg[8];
    char name[32];
    uint32_t used = put_cells(reg, address, address_cells);

    used += put_cells(&reg[used], size, size_cells);
    (void)snprintf(name, sizeof name, "virtio@%llx", (unsigned long long)address);
    tree_open(name);
    tree_property("compatible", "virtio,mmio", sizeof "virtio,mmio");
    tree_property("reg", reg, used * 4U);
    tree_property("dma-coherent", NULL, 0U);
    tree_close();
}

uint32_t tree_end(void)
{
    must(fdt_end_node(tree_memory));
    must(fdt_finish(tree_memory));
    return fdt_totalsize(tree_memory);
}

uint32_t tree_pmm(void)
{
    uint32_t bytes;

    tree_begin(2U, 2U);
    tree_device(TREE_ADDRESS + 0x10000U, 0x200U);
    tree_device(TREE_ADDRESS + 0x20000U, 0x200U);
    bytes = tree_end();
    tree_page(0x10000U, 1U, 19U, TREE_ADDRESS + 0x10000U, 0x10000U);
    tree_page(0x20000U, 1U, 3U, TREE_ADDRESS + 0x20000U, 0x6000U);
    return bytes;
}

void tree_page(uint32_t page, uint32_t version, uint32_t device_id, uint64_t block, uint64_t block_size)
{
    const uint32_t magic = 0x74726976U;

    memcpy(&tree_memory[page], &magic, 4U);
    memcpy(&tree_memory[page + 4U], &version, 4U);
    memcpy(&tree_memory[page + 8U], &device_id, 4U);
    memcpy(&tree_memory[page + 0xB0U], &block_size, 8U);
    memcpy(&tree_memory[page + 0xB8U], &block, 8U);
}

uint32_t tree_word(uint32_t offset)
{
    return fdt32_ld((const fdt32_t *)(const void *)&tree_memory[offset]);
}

void tree_set_word(uint32_t offset, uint32_t value)
{
    fdt32_st(&tree_memory[offset], value);
}

uint32_t tree_search(const void *bytes, uint32_t count, uint32_t n)
{
    for (uint32_t i = 0U; i < (SKR_FDT_BLOB_BYTES - count); i++) {
        if (memcmp(&tree_memory[i], bytes, count) == 0) {
            if (n == 0U) {
                return i;
            }
            n--;
        }
    }
    return UINT32_MAX;
}

skr_fdt_result_t tree_read(void)
{
    const uint32_t claimed = tree_word(4U);
    const uint32_t capacity = (claimed < SKR_FDT_BLOB_BYTES) ? claimed : SKR_FDT_BLOB_BYTES;
    uint64_t *buffer = malloc((capacity < 8U) ? 8U : capacity);
    skr_fdt_result_t result;

    if (buffer == NULL) {
        abort();
    }
    result = skr_fdt_read(&tree, &tree_window, tree_memory, SKR_FDT_BLOB_BYTES, buffer, capacity);
    free(buffer);
    return result;
}

static bool is_apart(uint64_t a, uint64_t a_bytes, uint64_t b, uint64_t b_bytes)
{
    return (a + a_bytes <= b) || (b + b_bytes <= a);
}

bool tree_is_sound(const skr_fdt_t *found)
{
    bool sound = (found->count > 0U) && (found->count <= SKR_FDT_DEVICES_MAX);

    for (uint32_t i = 0U; sound && (i < found->count); i++) {
        const skr_fdt_device_t *d = &found->devices[i];

        sound = (d->page % 4U == 0U) && (d->page_size >= SKR_FDT_PAGE_BYTES)
            && ((uint64_t)d->page + d->page_size <= found->window.size)
            && ((uint64_t)d->block + d->block_size <= found->window.size) && (d->block % 4096U == 0U);
        for (uint32_t j = 0U; sound && (j < found->count); j++) {
            const skr_fdt_device_t *e = &found->devices[j];
            const bool rings = d->block_size > 4096U;

            sound = ((i >= j) || ((d->page < e->page) && is_apart(d->page, d->page_size, e->page, e->page_size)))
                && ((i == j) || (d->block_size == 0U) || (e->block_size == 0U)
                    || is_apart(d->block, d->block_size, e->block, e->block_size))
                && (!rings || is_apart(d->block + 4096U, d->block_size - 4096U, e->page, e->page_size));
        }
    }
    return sound;
}
