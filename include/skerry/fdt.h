/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Discovery: where the devices lie, from a device-tree blob that the other side wrote.
 *
 * This header belongs to libskerry-fdt.a, which needs libfdt and is no part of the certified image: `skerry.h` does not
 * include it. An island that wants no parser takes a table that `skerry-dtb2c` made beforehand.
 *
 *     static uint64_t room[SKR_FDT_BLOB_BYTES / 8U];
 *     static skr_fdt_t tree;
 *     skr_transport_t where = { .doorbell = 1U };
 *
 *     if ((skr_fdt_read(&tree, &allowed, blob, blob_bytes, room, sizeof room) == SKR_FDT_OK) &&
 *         (skr_fdt_look(&tree) == SKR_FDT_OK) && (skr_fdt_find(&tree, SKR_DEVICE_ID_VSOCK, 0U, &where) == SKR_FDT_OK)) {
 *         ... skr_vsock_init(&vsock, &where, seed) ...
 *     }
 *
 * Nothing in the blob or in a register is believed. The blob is copied first, each byte read once, and only the copy is
 * looked at. An address is taken only if all that it leads to lies inside the window that the integrator allows; accesses
 * then go to the window's own pointer plus that checked offset. What is refused is refused as a whole: no part of a result
 * is handed out. While a PMM starts, refusals are to be expected; ask again on a later tick.
 *
 * Every call is one bounded pass: no allocation, no recursion, no waiting, no static data.
 */
#ifndef SKERRY_FDT_H
#define SKERRY_FDT_H

#include "skerry/transport.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Room that hypervisor-less PMMs leave for their blob. A smaller buffer will do if the blob is known to be smaller. */
#define SKR_FDT_BLOB_BYTES 0x10000U

/** Most `virtio,mmio` nodes in a blob. */
#define SKR_FDT_DEVICES_MAX 32U
/** Most nodes of any kind in a blob. */
#define SKR_FDT_NODES_MAX 512U
/** Deepest node; the root has depth 1. */
#define SKR_FDT_DEPTH_MAX 16U
/** Longest name of a property, as the device-tree specification has it. */
#define SKR_FDT_NAME_MAX 31U
/** Smallest `virtio,mmio` page: 0x100 bytes of registers and 0x100 bytes of configuration. */
#define SKR_FDT_PAGE_BYTES 0x200U

/** Why a blob, a node or a page was refused. Values are fixed and never reused. */
typedef enum {
    SKR_FDT_OK = 0,
    SKR_FDT_ARGUMENT = 1,       /**< window or buffer is not as documented: mend the caller */
    /* the blob as a whole */
    SKR_FDT_NO_BLOB = 10,       /**< no magic value: nothing there, or not yet */
    SKR_FDT_TRUNCATED = 11,     /**< what the header names ends behind the blob, or the blob behind its place */
    SKR_FDT_TOO_LARGE = 12,     /**< the blob is larger than the buffer */
    SKR_FDT_VERSION = 13,       /**< not readable as version 17 */
    SKR_FDT_BLOCKS = 14,        /**< header, reservations, structure and strings overlap, or are not aligned */
    SKR_FDT_STRUCTURE = 15,     /**< tags or lengths contradict each other */
    SKR_FDT_NAME = 16,          /**< a name or string without its end, or longer than allowed */
    SKR_FDT_TOO_DEEP = 17,      /**< deeper than SKR_FDT_DEPTH_MAX */
    SKR_FDT_TOO_MANY = 18,      /**< more than SKR_FDT_NODES_MAX nodes, or SKR_FDT_DEVICES_MAX `virtio,mmio` nodes */
    /* a node */
    SKR_FDT_NO_NODE = 20,       /**< no `virtio,mmio` node */
    SKR_FDT_CELLS = 21,         /**< the root's #address-cells or #size-cells is neither 1 nor 2 */
    SKR_FDT_BUS = 22,           /**< the node is no child of the root: its address would have to be translated */
    SKR_FDT_REG = 23,           /**< `reg` is not one address and one size, or its size is below SKR_FDT_PAGE_BYTES */
    SKR_FDT_OUTSIDE = 24,       /**< the page is not whole inside the window */
    SKR_FDT_ALIGNMENT = 25,     /**< the page is not 4-aligned */
    SKR_FDT_OVERLAP = 26,       /**< the page overlaps that of another node */
    /* a register page */
    SKR_FDT_MAGIC = 30,         /**< the page does not begin with "virt" */
    SKR_FDT_REGISTERS = 31,     /**< the register version is not that of the window's kind */
    SKR_FDT_BLOCK_OUTSIDE = 32, /**< the PMM's block is not whole inside the window, not on a page, or has no room for rings */
    SKR_FDT_BLOCK_OVERLAP = 33, /**< the block overlaps another block, or its ring memory a register page */
    /* a question */
    SKR_FDT_NO_DEVICE = 40      /**< no such device among those found */
} skr_fdt_result_t;

/** What the integrator allows, from the memory map of the item. Hypervisor-less, any part of it can become the rings of a device:
 *  nothing else that counts may lie in it. */
typedef struct {
    skr_transport_kind_t kind; /**< of all devices in the window */
    skr_shm_t *base;           /**< first byte as this side sees it, 4096-aligned. Hypervisor-less: the shared memory;
                                    virtio-mmio: where register pages may lie */
    uint32_t size;             /**< bytes in it, all accessible */
    uint64_t address;          /**< first byte as the blob, and the device, name it; a multiple of 4096 */
} skr_fdt_window_t;

/** One device. Places are offsets in the window, and checked. */
typedef struct {
    uint32_t page;       /**< register page */
    uint32_t page_size;  /**< at least SKR_FDT_PAGE_BYTES */
    uint32_t device_id;  /**< 0: nobody there, or not looked at */
    uint32_t block;      /**< hypervisor-less: the device's block, a multiple of 4096 */
    uint32_t block_size; /**< more than SKR_HVL_HEADER_BYTES; 0 where there is none */
} skr_fdt_device_t;

/** What was found. Belongs to the caller, who reads it. */
typedef struct {
    skr_fdt_window_t window;
    uint32_t count;  /**< devices */
    uint32_t node;   /**< with a refusal: at which it was; for _read the n-th `virtio,mmio` node of the blob, from 1 (0: none
                          reached yet), for _look the place in `devices` */
    skr_fdt_device_t devices[SKR_FDT_DEVICES_MAX]; /**< in the order of their addresses */
} skr_fdt_t;

/**
 * Copy the blob, check it, and find its `virtio,mmio` nodes.
 *
 * Nodes of other kinds are passed over, and so are nodes whose status is neither "okay" nor "ok".
 *
 * @param tree        out: `devices` without their ids and blocks; with a refusal `count` is 0
 * @param allowed     copied
 * @param blob        where the blob begins, 8-aligned; need not lie in the window
 * @param blob_bytes  accessible bytes there
 * @param buffer      private memory for the copy; free again after the call
 * @param capacity    bytes in it
 *
 * @return SKR_FDT_OK, _ARGUMENT, and _NO_BLOB .. _OVERLAP
 *
 * Bound: time in proportion to the smaller of capacity and the blob; at most that many bytes of shared memory are read, each
 * once. Blocks: never. Context: task.
 * [impl->dsn~fdt.read~1]
 */
SKR_MUST_CHECK skr_fdt_result_t skr_fdt_read(skr_fdt_t *tree, const skr_fdt_window_t *allowed, const skr_shm_t *blob,
                                             uint32_t blob_bytes, uint64_t *buffer, uint32_t capacity);

/**
 * Look at each register page that was found: who is there and, hypervisor-less, where its block lies.
 *
 * @param tree  in and out: ids and blocks are filled in; with a refusal all ids are 0
 *
 * @return SKR_FDT_OK, and _MAGIC .. _BLOCK_OVERLAP
 *
 * Bound: 7 shared reads for each device, and one comparison for each two. Blocks: never. Context: task.
 * [impl->dsn~fdt.look~1]
 */
SKR_MUST_CHECK skr_fdt_result_t skr_fdt_look(skr_fdt_t *tree);

/**
 * Describe one device.
 *
 * @param device_id  SKR_DEVICE_ID_...; never 0
 * @param index      0 for the first of this id, in the order of addresses, 1 for the next ...
 * @param where      out, with SKR_FDT_OK: hypervisor-less all but `doorbell` and `options`; virtio-mmio kind, registers and
 *                   configuration, the memory being the integrator's to give
 *
 * @return SKR_FDT_OK | SKR_FDT_NO_DEVICE
 *
 * Bound: SKR_FDT_DEVICES_MAX passes, no shared access. Blocks: never. Context: any.
 * [impl->dsn~fdt.find~1]
 */
SKR_MUST_CHECK skr_fdt_result_t skr_fdt_find(const skr_fdt_t *tree, uint32_t device_id, uint32_t index, skr_transport_t *where);

#ifdef __cplusplus
}
#endif

#endif
