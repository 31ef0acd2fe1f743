/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Any bytes as a device-tree blob, and as the register pages behind it. What is accepted has to lie inside the window, apart,
 * and in order; what is refused leaves nothing behind.
 *
 * Input: the last 64 bytes, if there are so many, are words that the register pages are made of; the rest is the blob.
 */
#include "skerry/device.h"
#include "skerry/fdt.h"

#include <stdlib.h>
#include <string.h>

#define WINDOW 0x40000U
#define ADDRESS 0x60000000ULL
#define PAGES_AT 0x10000U
#define TAIL 64U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int condition)
{
    if (condition == 0) {
        abort();
    }
}

static int is_apart(uint64_t a, uint64_t a_bytes, uint64_t b, uint64_t b_bytes)
{
    return (a_bytes == 0U) || (b_bytes == 0U) || ((a + a_bytes) <= b) || ((b + b_bytes) <= a);
}

static void check_sound(const skr_fdt_t *tree)
{
    must((tree->count > 0U) && (tree->count <= SKR_FDT_DEVICES_MAX));
    for (uint32_t i = 0U; i < tree->count; i++) {
        const skr_fdt_device_t *d = &tree->devices[i];
        const uint64_t rings = (d->block_size > 4096U) ? (d->block_size - 4096U) : 0U;

        must((d->page_size >= SKR_FDT_PAGE_BYTES) && (((uint64_t)d->page + d->page_size) <= WINDOW) && ((d->page % 4U) == 0U));
        must((((uint64_t)d->block + d->block_size) <= WINDOW) && ((d->block % 4096U) == 0U));
        for (uint32_t j = 0U; j < tree->count; j++) {
            const skr_fdt_device_t *e = &tree->devices[j];

            must((j <= i) || (d->page < e->page));
            must((j == i) || (is_apart(d->page, d->page_size, e->page, e->page_size)
                              && is_apart(d->block, d->block_size, e->block, e->block_size)));
            must(is_apart((uint64_t)d->block + 4096U, rings, e->page, e->page_size));
        }
    }
}

/* Pages that a PMM could have written, with as much of them spoilt as the input says: a byte each chooses. */
static void play_pages(const skr_fdt_t *tree, uint8_t *memory, const uint8_t *words)
{
    for (uint32_t i = 0U; i < tree->count; i++) {
        uint8_t *page = &memory[tree->devices[i].page];
        const uint8_t choice = words[(i * 5U) % TAIL];
        const uint32_t magic = 0x74726976U;
        const uint32_t version = 1U;
        const uint32_t id = ((choice % 4U) == 0U) ? 0U : (((choice % 4U) == 1U) ? 3U : 19U);
        uint64_t block = ADDRESS + ((tree->devices[i].page / 4096U) * 4096U);
        uint64_t length = 0x1000ULL * (words[((i * 5U) + 1U) % TAIL] % 32U); /* small numbers meet more often */

        if ((choice & 0x10U) != 0U) {
            block = ADDRESS + (0x1000ULL * (words[((i * 5U) + 2U) % TAIL] % 64U));
        }
        if ((choice & 0x08U) != 0U) {
            memcpy(&block, &words[((i * 5U) + 2U) % (TAIL - 8U)], 8U);
        }
        if ((choice & 0x20U) != 0U) {
            memcpy(&length, &words[((i * 5U) + 3U) % (TAIL - 8U)], 8U);
        }
        if ((choice & 0xC0U) != 0xC0U) {
            memcpy(page, &magic, 4U);
        }
        memcpy(&page[4], &version, 4U);
        memcpy(&page[8], &id, 4U);
        memcpy(&page[0xB0], &length, 8U);
        memcpy(&page[0xB8], &block, 8U);
    }
}

static void check_description(const skr_fdt_t *tree, uint8_t *memory, uint32_t id)
{
    skr_transport_t where = { .doorbell = 9U };

    for (uint32_t n = 0U; skr_fdt_find(tree, id, n, &where) == SKR_FDT_OK; n++) {
        must(n < SKR_FDT_DEVICES_MAX);
        must((where.registers >= memory) && ((where.registers + where.registers_size) <= (memory + WINDOW)));
        must((where.config >= memory) && ((where.config + where.config_size) <= (memory + WINDOW)));
        must((where.memory >= memory) && ((where.memory + where.memory_size) <= (memory + WINDOW)));
        must(where.memory_address == (ADDRESS + (uint64_t)(where.memory - memory)));
        must(((where.memory_address % 4096U) == 0U) && (where.doorbell == 9U));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t memory[WINDOW] __attribute__((aligned(4096)));
    static const uint8_t zeros[TAIL];
    static skr_fdt_t tree;
    const skr_fdt_window_t allowed = { SKR_TRANSPORT_HVL, memory, WINDOW, ADDRESS };
    const uint8_t *words = (size >= TAIL) ? &data[size - TAIL] : zeros;
    const uint32_t bytes = (size >= TAIL) ? (uint32_t)(size - TAIL) : (uint32_t)size;
    const uint32_t room = (bytes < PAGES_AT) ? bytes : PAGES_AT;
    const uint32_t less = (words[TAIL - 1U] < 16U) ? (4U * words[TAIL - 1U]) : 0U;
    const uint32_t capacity = (room > less) ? (room - less) : 0U;
    uint64_t *copy = malloc((capacity < 8U) ? 8U : capacity); /* no larger than needed: the sanitizer sees each byte too many */
    uint8_t *blob = aligned_alloc(8U, (room + 8U) & ~7U);
    skr_fdt_result_t result;

    must((copy != NULL) && (blob != NULL));
    memcpy(blob, data, room);
    memset(&tree, 0xA5, sizeof tree);
    result = skr_fdt_read(&tree, &allowed, blob, room, copy, capacity);
    free(blob);
    free(copy);
    if (result == SKR_FDT_OK) {
        check_sound(&tree);
        memset(memory, 0, sizeof memory);
        play_pages(&tree, memory, words);
        result = skr_fdt_look(&tree);
        if (result == SKR_FDT_OK) {
            check_sound(&tree);
            check_description(&tree, memory, SKR_DEVICE_ID_CONSOLE);
            check_description(&tree, memory, SKR_DEVICE_ID_VSOCK);
        } else {
            for (uint32_t i = 0U; i < tree.count; i++) {
                must(tree.devices[i].device_id == 0U);
            }
        }
    } else {
        must((tree.count == 0U) && (result != SKR_FDT_ARGUMENT));
    }
    return 0;
}
