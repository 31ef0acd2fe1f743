/* SPDX-License-Identifier: BSD-3-Clause */
/* The rows of the sample that the self-test puts its faults into. */
#include "meter.h"

#include "skerry/skerry.h"

void rows(void)
{
    static const uint32_t table[SKR_SIZE] = { 1U, 0U, 2U };
    meter_row_t row;
    uint32_t used = 0U;

    meter_open(&row, "count");
    meter_start();
    used = skr_count(table);
    meter_stop(&row);
    meter_sample(&row);
    meter_close(&row);
    meter_require(used == 2U, "two entries are in use");
}
