/* SPDX-License-Identifier: BSD-3-Clause */
/* Whatever the other side writes. */
#include "skerry/skerry.h"

static skr_word_t id;
static volatile uint32_t anything;

void skr_port_doorbell(uint32_t count)
{
    (void)count;
}

int main(void)
{
    uint32_t table[SKR_SIZE];

    for (uint32_t i = 0U; i < SKR_SIZE; i++) {
        table[i] = anything;
    }
    return (int)((skr_look_up(&id, table, 64U) + skr_count(table)) % 2U);
}
