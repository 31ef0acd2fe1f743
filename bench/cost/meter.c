/* SPDX-License-Identifier: BSD-3-Clause */
#include "meter.h"

static void print_number(uint32_t value)
{
    char text[11];
    uint32_t at = sizeof text - 1U;

    text[at] = '\0';
    do {
        at--;
        text[at] = (char)('0' + (value % 10U));
        value /= 10U;
    } while (value != 0U);
    target_print(&text[at]);
}

/* name,metric,samples,sum,most,intervals */
static void print_line(const char *name, const char *metric, uint32_t samples, uint32_t sum, uint32_t most,
                       uint32_t intervals)
{
    const uint32_t numbers[4] = { samples, sum, most, intervals };

    target_print("row,");
    target_print(name);
    target_print(",");
    target_print(metric);
    for (uint32_t i = 0U; i < 4U; i++) {
        target_print(",");
        print_number(numbers[i]);
    }
    target_print("\n");
}

void meter_open(meter_row_t *row, const char *name)
{
    row->name = name;
    row->samples = 0U;
    row->intervals = 0U;
    for (uint32_t i = 0U; i < METER_METRICS; i++) {
        row->now[i] = 0U;
        row->sum[i] = 0U;
        row->most[i] = 0U;
    }
}

void meter_start(void)
{
    target_start();
}

void meter_stop(meter_row_t *row)
{
    target_stop(row->now);
    row->intervals++;
}

void meter_sample(meter_row_t *row)
{
    target_sample(row->now);
    for (uint32_t i = 0U; i < METER_METRICS; i++) {
        row->sum[i] += row->now[i];
        row->most[i] = (row->now[i] > row->most[i]) ? row->now[i] : row->most[i];
        row->now[i] = 0U;
    }
    row->samples++;
}

void meter_close(const meter_row_t *row)
{
    for (uint32_t i = 0U; target_metrics[i] != 0; i++) {
        print_line(row->name, target_metrics[i], row->samples, row->sum[i], row->most[i], row->intervals);
    }
}

void meter_value(const char *name, const char *metric, uint32_t value)
{
    print_line(name, metric, 1U, value, value, 0U);
}

void meter_require(bool good, const char *what)
{
    if (!good) {
        target_print("not measured: ");
        target_print(what);
        target_print("\n");
        target_end(1);
    }
}

/* What the meter says of runs whose length is known; cost.py compares. */
static void check_rows(void)
{
    meter_row_t none;
    meter_row_t ten;
    meter_row_t thousand;
    meter_row_t loop;

    meter_open(&none, "check.0");
    meter_open(&ten, "check.10");
    meter_open(&thousand, "check.1000");
    meter_open(&loop, "check.401");
    for (uint32_t i = 0U; i < 4U; i++) {
        meter_start();
        target_nops_0();
        meter_stop(&none);
        meter_sample(&none);
        meter_start();
        target_nops_10();
        meter_stop(&ten);
        meter_sample(&ten);
        meter_start();
        target_nops_1000();
        meter_stop(&thousand);
        meter_sample(&thousand);
        meter_start();
        target_loop_401();
        meter_stop(&loop);
        meter_sample(&loop);
    }
    meter_close(&none);
    meter_close(&ten);
    meter_close(&thousand);
    meter_close(&loop);
}

int main(void)
{
    target_prepare();
    check_rows();
    rows();
    target_print("end\n");
    target_end(0);
    return 0;
}
