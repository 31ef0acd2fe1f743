/* SPDX-License-Identifier: BSD-3-Clause */
#include <stddef.h>
#include <string.h>

#include "skerry/skerry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

void skr_port_doorbell(uint32_t doorbell)
{
    (void)doorbell;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t table[SKR_SIZE] = { 0U };
    skr_word_t id = (size > 0U) ? data[0] : 0U;

    for (uint32_t i = 0U; (i < SKR_SIZE) && ((i + 1U) < size); i++) {
        table[i] = data[i + 1U];
    }
    if ((skr_look_up(&id, table, 100U) > 100U) || (skr_count(table) > SKR_SIZE)) {
        __builtin_trap();
    }
    return 0;
}
