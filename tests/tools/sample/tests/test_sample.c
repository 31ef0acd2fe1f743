/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>

#include "skerry/skerry.h"

static unsigned int failures;
static FILE *report;

void skr_port_doorbell(uint32_t doorbell)
{
    (void)doorbell;
}

static void verdict(const char *name, int good)
{
    const char *word = good ? "SUCCESS" : "FAILURE";

    failures += good ? 0U : 1U;
    fprintf(report, "<CUNIT_RUN_TEST_%s>\n<TEST_NAME> %s </TEST_NAME>\n</CUNIT_RUN_TEST_%s>\n", word, name, word);
}

/* [utest->dsn~look-up~1] */
static void test_look_up(void)
{
    const uint32_t table[SKR_SIZE] = { 1U, 9U };
    const skr_word_t inside = 0U, beyond = 8U, large = 1U;

    verdict("test_look_up", skr_look_up(&inside, table, 5U) == 1U && skr_look_up(&beyond, table, 5U) == 0U &&
                            skr_look_up(&large, table, 5U) == 0U);
}

/* [utest->dsn~count~1] */
static void test_count(void)
{
    const uint32_t table[SKR_SIZE] = { 1U, 9U };

    verdict("test_count", skr_count(table) == 2U);
}

int main(void)
{
    report = fopen("skerry-tests-Results.xml", "w");
    test_look_up();
    test_count();
    fclose(report);
    printf("%u passed, %u failed\n", 2U - failures, failures);
    return failures == 0U ? 0 : 1;
}
