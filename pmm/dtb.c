/* SPDX-License-Identifier: BSD-3-Clause */
#include "dtb.h"
#include "util.h"

#include <libfdt.h>
#include <stdio.h>
#include <string.h>

static int add_device(void *fdt, const shm_t *m, const device_t *d)
{
    uint64_t address = m->phys + (uint64_t)(d->header - m->base);
    fdt32_t reg[4] = {cpu_to_fdt32((uint32_t)(address >> 32)), cpu_to_fdt32((uint32_t)address), 0,
                      cpu_to_fdt32(MMIO_HEADER_LEN)};
    char name[32];
    int node;

    snprintf(name, sizeof name, "virtio@%llx", (unsigned long long)address);
    node = fdt_add_subnode(fdt, 0, name);
    if (node < 0) {
        return node;
    }
    node = fdt_setprop_string(fdt, node, "compatible", "virtio,mmio") | fdt_setprop(fdt, node, "reg", reg, sizeof reg) |
           fdt_setprop_empty(fdt, node, "dma-coherent");
    return node;
}

void dtb_publish(const shm_t *m, device_t *const *devices, unsigned count)
{
    static uint32_t tree[4096 / sizeof(uint32_t)];
    int bad = fdt_create_empty_tree(tree, sizeof tree);

    bad |= fdt_setprop_u32(tree, 0, "#address-cells", 2);
    bad |= fdt_setprop_u32(tree, 0, "#size-cells", 2);
    for (unsigned i = count; i > 0U; i--) { /* libfdt puts each new node before its sisters */
        bad |= add_device(tree, m, devices[i - 1U]);
    }
    bad |= fdt_pack(tree);
    if (bad != 0) {
        die("cannot build the device tree");
    }
    memcpy(m->base + 4, &tree[1], fdt_totalsize(tree) - 4U);
    wr32_release(m->base, tree[0]);
}
