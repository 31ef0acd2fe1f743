/* SPDX-License-Identifier: BSD-3-Clause */
/* Whatever the other side writes. */
#include "__fc_builtin.h"
#include "skerry/skerry.h"

static skr_word_t id;

int main(void)
{
    uint32_t table[SKR_SIZE];

    for (uint32_t i = 0U; i < SKR_SIZE; i++) {
        table[i] = Frama_C_unsigned_int_interval(0U, 0xFFFFFFFFU);
    }
    return (int)((skr_look_up(&id, table, 64U) + skr_count(table)) % 2U);
}
