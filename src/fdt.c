/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Discovery from a device-tree blob, with libfdt. An archive of its own: third-party code never enters the certified image.
 *
 * libfdt is handed only a private copy, and only after the passes below have taken out of it what libfdt 1.6.1 does not stand:
 * a property of nearly 2^32 bytes, whose end wraps round, lets its walk go in circles or back. A name without an end makes each
 * look at it as long as the strings are, so that time would grow with the square of the blob.
 */
#include "skerry/fdt.h"

#include "transports.h"

#include <libfdt.h>
#include <string.h>

#define BLOB_MAGIC 0xEDFE0DD0U /* 0xD00DFEED, big-endian, as a little-endian word */
#define BLOB_VERSION 17U
#define PAGE_MAGIC 0x74726976U /* "virt" */
#define VERSION_MODERN 2U
#define VERSION_LEGACY 1U
#define REGISTERS_BYTES 0x100U
#define CONFIG_AT 0x100U
#define CONFIG_BYTES 0x100U
#define CELL_BYTES 4U

/** A part of the window or of the blob. */
typedef struct {
    uint32_t first;
    uint32_t bytes;
} part_t;

static bool is_apart(part_t a, part_t b)
{
    return ((a.first <= b.first) ? (a.bytes <= (b.first - a.first)) : (b.bytes <= (a.first - b.first)))
        || (a.bytes == 0U) || (b.bytes == 0U);
}

/** Whether [address, address + bytes) lies whole in the window; then also where. No sum is made that can wrap.
 *  [impl->dsn~fdt.window~1] */
static bool is_inside(const skr_fdt_window_t *window, uint64_t address, uint64_t bytes, part_t *part)
{
    const bool inside = (address >= window->address) && (bytes <= window->size)
        && ((address - window->address) <= (window->size - bytes));

    if (inside) {
        part->first = (uint32_t)(address - window->address);
        part->bytes = (uint32_t)bytes;
    }
    return inside;
}

static bool is_window(const skr_fdt_window_t *window)
{
    const bool kind = (window->kind == SKR_TRANSPORT_HVL) || (window->kind == SKR_TRANSPORT_MMIO_V1)
        || (window->kind == SKR_TRANSPORT_MMIO_V2);

    return kind && (window->base != NULL) && skr_shm_is_aligned(window->base, SKR_PAGE_BYTES) && (window->size != 0U)
        && ((window->address % SKR_PAGE_BYTES) == 0U) && (window->address <= (UINT64_MAX - window->size));
}

static uint32_t reversed(uint32_t word)
{
    return (word >> 24U) | ((word >> 8U) & 0xFF00U) | ((word << 8U) & 0xFF0000U) | (word << 24U);
}

/** Copy the blob. Each shared byte is read once: its size is what the copy says, for ever.
 *  [impl->dsn~fdt.copy~1] */
static skr_fdt_result_t copy_blob(const skr_shm_t *blob, uint32_t blob_bytes, uint64_t *buffer, uint32_t capacity)
{
    const uint32_t head = 2U * CELL_BYTES;
    skr_fdt_result_t result = SKR_FDT_OK;

    if (blob_bytes < head) {
        result = SKR_FDT_TRUNCATED;
    } else if (skr_shm_read32(blob, 0U) != BLOB_MAGIC) {
        result = SKR_FDT_NO_BLOB;
    } else {
        uint32_t total;

        skr_port_barrier_acquire(); /* the magic before all else; pairs with the PMM's storing it last */
        total = reversed(skr_shm_read32(blob, CELL_BYTES));
        if ((total < sizeof(struct fdt_header)) || (total > blob_bytes)) {
            result = SKR_FDT_TRUNCATED;
        } else if (total > capacity) {
            result = SKR_FDT_TOO_LARGE;
        } else {
            fdt_set_magic(buffer, FDT_MAGIC);
            fdt_set_totalsize(buffer, total);
            skr_shm_copy_in((uint8_t *)&buffer[1], blob, head, total - head);
        }
    }
    return result;
}

/** The header: its version, its blocks inside the blob, aligned (libfdt reads whole words of them), and apart. */
static skr_fdt_result_t check_header(const void *copy)
{
    const int header = fdt_check_header(copy);
    skr_fdt_result_t result = SKR_FDT_STRUCTURE;

    if ((fdt_version(copy) < BLOB_VERSION) || (header == -FDT_ERR_BADVERSION)) {
        result = SKR_FDT_VERSION;
    } else if (header == -FDT_ERR_TRUNCATED) {
        result = SKR_FDT_TRUNCATED;
    } else if (header == 0) {
        const int reservations = fdt_num_mem_rsv(copy);

        if (reservations >= 0) {
            const part_t blocks[] = {
                { 0U, (uint32_t)sizeof(struct fdt_header) },
                { fdt_off_mem_rsvmap(copy), ((uint32_t)reservations + 1U) * (uint32_t)sizeof(struct fdt_reserve_entry) },
                { fdt_off_dt_struct(copy), fdt_size_dt_struct(copy) },
                { fdt_off_dt_strings(copy), fdt_size_dt_strings(copy) },
            };
            const bool aligned = ((blocks[1].first % 8U) == 0U) && ((blocks[2].first % CELL_BYTES) == 0U);
            const bool apart = is_apart(blocks[0], blocks[1]) && is_apart(blocks[0], blocks[2]) && is_apart(blocks[0], blocks[3])
                && is_apart(blocks[1], blocks[2]) && is_apart(blocks[1], blocks[3]) && is_apart(blocks[2], blocks[3]);

            result = (aligned && apart) ? SKR_FDT_OK : SKR_FDT_BLOCKS;
        }
    } else {
        /* whatever else libfdt says */
    }
    return result;
}

/** One property: it ends where the next tag begins, and its name is there and short. */
static skr_fdt_result_t check_property(const uint64_t *copy, int offset, int next)
{
    int length = 0;
    const struct fdt_property *property = fdt_get_property_by_offset(copy, offset, &length);
    skr_fdt_result_t result = SKR_FDT_STRUCTURE;

    if ((property != NULL) && (length >= 0) && (length <= (next - offset - (int)sizeof *property))) {
        const uint32_t strings = fdt_size_dt_strings(copy);
        const uint32_t name = fdt32_to_cpu(property->nameoff);

        result = SKR_FDT_NAME;
        if (name < strings) {
            const uint32_t left = strings - name;
            const uint8_t *text = &((const uint8_t *)copy)[fdt_off_dt_strings(copy) + name];

            if (memchr(text, 0, (left <= SKR_FDT_NAME_MAX) ? left : (SKR_FDT_NAME_MAX + 1U)) != NULL) {
                result = SKR_FDT_OK;
            }
        }
    }
    return result;
}

/** Walk over all tags, once: forward only, not too deep, not too many. After it, libfdt's own walks are safe. */
static skr_fdt_result_t check_tags(const uint64_t *copy)
{
    skr_fdt_result_t result = SKR_FDT_OK;
    uint32_t depth = 0U;
    uint32_t nodes = 0U;
    uint32_t tag = FDT_NOP;
    int next = 0;

    while ((result == SKR_FDT_OK) && (tag != FDT_END)) {
        const int offset = next;

        tag = fdt_next_tag(copy, offset, &next);
        if (next <= offset) { /* an error, or a length that wraps */
            result = SKR_FDT_STRUCTURE;
        } else if (tag == FDT_BEGIN_NODE) {
            depth++;
            nodes++;
            if (depth > SKR_FDT_DEPTH_MAX) {
                result = SKR_FDT_TOO_DEEP;
            } else if (nodes > SKR_FDT_NODES_MAX) {
                result = SKR_FDT_TOO_MANY;
            } else {
                /* one more */
            }
        } else if (tag == FDT_END_NODE) {
            result = (depth > 0U) ? SKR_FDT_OK : SKR_FDT_STRUCTURE;
            depth--;
        } else if (tag == FDT_PROP) {
            result = check_property(copy, offset, next);
        } else {
            /* NOP, or the end */
        }
    }
    return result;
}

/** Header, tags, and all that libfdt knows to check.
 *  [impl->dsn~fdt.blob~1] */
static skr_fdt_result_t check_blob(const uint64_t *copy, uint32_t capacity)
{
    skr_fdt_result_t result = check_header(copy);

    if (result == SKR_FDT_OK) {
        result = check_tags(copy);
    }
    if ((result == SKR_FDT_OK) && (fdt_check_full(copy, capacity) != 0)) {
        result = SKR_FDT_STRUCTURE;
    }
    return result;
}

/** Up to two cells, big-endian. */
static uint64_t number(const uint8_t *bytes, uint32_t cells)
{
    uint64_t value = 0U;

    for (uint32_t i = 0U; i < (cells * CELL_BYTES); i++) {
        value = (value << 8U) | bytes[i];
    }
    return value;
}

static bool is_enabled(const void *copy, int node)
{
    return (fdt_getprop(copy, node, "status", NULL) == NULL) || (fdt_stringlist_search(copy, node, "status", "okay") == 0)
        || (fdt_stringlist_search(copy, node, "status", "ok") == 0);
}

/** Keep a page, in the order of addresses: which device is the first must not hang on the order of nodes. */
static skr_fdt_result_t keep(skr_fdt_t *tree, part_t page)
{
    skr_fdt_result_t result = SKR_FDT_OK;
    uint32_t place = 0U;

    for (uint32_t i = 0U; i < tree->count; i++) {
        const part_t other = { tree->devices[i].page, tree->devices[i].page_size };

        if (!is_apart(page, other)) {
            result = SKR_FDT_OVERLAP;
        }
        if (other.first < page.first) {
            place = i + 1U;
        }
    }
    if ((result == SKR_FDT_OK) && (tree->count == SKR_FDT_DEVICES_MAX)) {
        result = SKR_FDT_TOO_MANY;
    }
    if (result == SKR_FDT_OK) {
        for (uint32_t i = tree->count; i > place; i--) {
            tree->devices[i] = tree->devices[i - 1U];
        }
        tree->devices[place] = (skr_fdt_device_t){ page.first, page.bytes, 0U, 0U, 0U };
        tree->count++;
    }
    return result;
}

/** How many cells the root gives an address and a size. */
typedef struct {
    int address;
    int size;
} cells_t;

static skr_fdt_result_t take_node(skr_fdt_t *tree, const void *copy, int node, cells_t cells)
{
    int bytes = 0;
    const uint8_t *reg = fdt_getprop(copy, node, "reg", &bytes);
    skr_fdt_result_t result = SKR_FDT_REG;

    if ((reg != NULL) && (bytes == ((cells.address + cells.size) * (int)CELL_BYTES))) {
        const uint64_t address = number(reg, (uint32_t)cells.address);
        const uint64_t size = number(&reg[(uint32_t)cells.address * CELL_BYTES], (uint32_t)cells.size);
        part_t page;

        if (size < SKR_FDT_PAGE_BYTES) {
            result = SKR_FDT_REG;
        } else if (!is_inside(&tree->window, address, size, &page)) {
            result = SKR_FDT_OUTSIDE;
        } else if ((page.first % CELL_BYTES) != 0U) {
            result = SKR_FDT_ALIGNMENT;
        } else {
            result = keep(tree, page);
        }
    }
    return result;
}

/** Go over all nodes; a node is ours by its compatible strings alone.
 *  [impl->dsn~fdt.nodes~1] */
static skr_fdt_result_t take_nodes(skr_fdt_t *tree, const void *copy)
{
    int depth = -1;
    int node = fdt_next_node(copy, -1, &depth);
    const cells_t cells = { fdt_address_cells(copy, node), fdt_size_cells(copy, node) };
    skr_fdt_result_t result = SKR_FDT_OK;

    while ((result == SKR_FDT_OK) && (node >= 0) && (depth >= 0)) {
        const int match = fdt_stringlist_search(copy, node, "compatible", "virtio,mmio");

        if (match == -FDT_ERR_BADVALUE) {
            result = SKR_FDT_NAME;
        } else if ((match >= 0) && is_enabled(copy, node)) {
            tree->node++;
            if (depth != 1) {
                result = SKR_FDT_BUS;
            } else if ((cells.address < 1) || (cells.address > 2) || (cells.size < 1) || (cells.size > 2)) {
                result = SKR_FDT_CELLS;
            } else {
                result = take_node(tree, copy, node, cells);
            }
        } else {
            /* not for us */
        }
        node = fdt_next_node(copy, node, &depth);
    }
    if ((result == SKR_FDT_OK) && (tree->count == 0U)) {
        result = SKR_FDT_NO_NODE;
    }
    return result;
}

skr_fdt_result_t skr_fdt_read(skr_fdt_t *tree, const skr_fdt_window_t *allowed, const skr_shm_t *blob, uint32_t blob_bytes,
                              uint64_t *buffer, uint32_t capacity)
{
    skr_fdt_result_t result = SKR_FDT_ARGUMENT;

    tree->window = *allowed;
    tree->count = 0U;
    tree->node = 0U;
    if (is_window(allowed) && (blob != NULL) && skr_shm_is_aligned(blob, 8U) && (buffer != NULL)) {
        result = copy_blob(blob, blob_bytes, buffer, capacity);
    }
    if (result == SKR_FDT_OK) {
        result = check_blob(buffer, capacity);
    }
    if (result == SKR_FDT_OK) {
        result = take_nodes(tree, buffer);
    }
    if (result != SKR_FDT_OK) {
        tree->count = 0U;
    }
    return result;
}

/** Where a PMM says the block of a device is. Ring memory needs both its offset and its address on a page: the window is. */
static skr_fdt_result_t look_at_block(const skr_fdt_t *tree, skr_fdt_device_t *device)
{
    const uint64_t length = skr_shm_read64(tree->window.base, device->page + SKR_REG_BLOCK_LENGTH);
    const uint64_t first = skr_shm_read64(tree->window.base, device->page + SKR_REG_BLOCK_BASE);
    skr_fdt_result_t result = SKR_FDT_BLOCK_OUTSIDE;
    part_t block;

    if ((length > SKR_HVL_HEADER_BYTES) && is_inside(&tree->window, first, length, &block)
        && ((block.first % SKR_PAGE_BYTES) == 0U)) {
        device->block = block.first;
        device->block_size = block.bytes;
        result = SKR_FDT_OK;
    }
    return result;
}

static skr_fdt_result_t look_at_page(const skr_fdt_t *tree, skr_fdt_device_t *device)
{
    const skr_shm_t *const window = tree->window.base;
    uint32_t version = VERSION_LEGACY;
    skr_fdt_result_t result = SKR_FDT_OK;

    if (tree->window.kind == SKR_TRANSPORT_MMIO_V2) {
        version = VERSION_MODERN;
    }
    /* Each register is looked at only if what stands before it is right: the place may hold anything. */
    if (skr_shm_read32(window, device->page + SKR_REG_MAGIC) != PAGE_MAGIC) {
        result = SKR_FDT_MAGIC;
    } else if (skr_shm_read32(window, device->page + SKR_REG_VERSION) != version) {
        result = SKR_FDT_REGISTERS;
    } else {
        device->device_id = skr_shm_read32(window, device->page + SKR_REG_DEVICE_ID);
        if ((device->device_id != 0U) && (tree->window.kind == SKR_TRANSPORT_HVL)) {
            result = look_at_block(tree, device);
        }
    }
    return result;
}

/** Whether a device could be given rings without touching what belongs to another, or any register page. */
static bool has_own_block(const skr_fdt_t *tree, uint32_t which)
{
    const part_t block = { tree->devices[which].block, tree->devices[which].block_size };
    const part_t rings = { block.first + SKR_HVL_HEADER_BYTES, block.bytes - SKR_HVL_HEADER_BYTES };
    bool own = true;

    for (uint32_t i = 0U; i < tree->count; i++) {
        const part_t other = { tree->devices[i].block, tree->devices[i].block_size };
        const part_t page = { tree->devices[i].page, tree->devices[i].page_size };

        own = own && ((i == which) || is_apart(block, other)) && is_apart(rings, page);
    }
    return own;
}

skr_fdt_result_t skr_fdt_look(skr_fdt_t *tree)
{
    skr_fdt_result_t result = SKR_FDT_OK;
    uint32_t i;

    for (i = 0U; i < tree->count; i++) {
        tree->devices[i].device_id = 0U;
        tree->devices[i].block = 0U;
        tree->devices[i].block_size = 0U;
    }
    for (i = 0U; (i < tree->count) && (result == SKR_FDT_OK); i++) {
        tree->node = i;
        result = look_at_page(tree, &tree->devices[i]);
    }
    for (i = 0U; (i < tree->count) && (result == SKR_FDT_OK); i++) {
        tree->node = i;
        if ((tree->devices[i].block_size != 0U) && !has_own_block(tree, i)) {
            result = SKR_FDT_BLOCK_OVERLAP;
        }
    }
    for (i = 0U; (i < tree->count) && (result != SKR_FDT_OK); i++) {
        tree->devices[i].device_id = 0U;
    }
    return result;
}

/** Hypervisor-less: the configuration lies in the block, wherever the page is, and the rings behind it. */
static void describe_block(const skr_fdt_window_t *window, const skr_fdt_device_t *device, skr_transport_t *where)
{
    const uint32_t memory = device->block + SKR_HVL_HEADER_BYTES;

    where->config = &window->base[device->block + CONFIG_AT];
    where->config_size = CONFIG_BYTES;
    where->memory = &window->base[memory];
    where->memory_size = device->block_size - SKR_HVL_HEADER_BYTES;
    where->memory_address = window->address + memory;
}

skr_fdt_result_t skr_fdt_find(const skr_fdt_t *tree, uint32_t device_id, uint32_t index, skr_transport_t *where)
{
    skr_fdt_result_t result = SKR_FDT_NO_DEVICE;
    uint32_t before = 0U;

    for (uint32_t i = 0U; (i < tree->count) && (result != SKR_FDT_OK); i++) {
        const skr_fdt_device_t *device = &tree->devices[i];

        if ((device->device_id != device_id) || (device_id == 0U)) {
            /* somebody else */
        } else if (before < index) {
            before++;
        } else {
            where->kind = tree->window.kind;
            where->registers = &tree->window.base[device->page];
            where->registers_size = REGISTERS_BYTES;
            where->config = &tree->window.base[device->page + CONFIG_AT];
            where->config_size = device->page_size - CONFIG_AT;
            if (tree->window.kind == SKR_TRANSPORT_HVL) {
                describe_block(&tree->window, device, where);
            }
            result = SKR_FDT_OK;
        }
    }
    return result;
}
