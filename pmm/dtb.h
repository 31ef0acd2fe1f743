/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef PMM_DTB_H
#define PMM_DTB_H

#include "mmio.h"

#define DTB_SPACE 0x10000U

/* Builds the flattened tree naming the COUNT devices' headers at the start of the shared memory; its magic word last. */
void dtb_publish(const shm_t *m, device_t *const *devices, unsigned count);

#endif
