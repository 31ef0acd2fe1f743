/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The hostile back-end.
 *
 *     skerry-hostile catalogue FILE [--csv OUT] [--filter ID] [--packets N]
 *     skerry-hostile sweep [--csv OUT] [--filter NAME] [--patterns N] [--stride N] [--offset N]
 *
 * catalogue plays every row of FILE on each device and transport that it names, and holds FILE against the functions that
 * are there: each id is a test or has a reason why not. sweep: see sweep.h. The last line is `N passed, N failed`.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rows.h"
#include "sweep.h"

#define FIELDS 8U
#define LINE 1024U
#define ROWS_MAX 256U
#define SECONDS 1200U /* that a row may take: ADV-V42 can be told to send very many packets */

enum { F_ID, F_DESCRIPTION, F_REACTION, F_DEVICES, F_TRANSPORTS, F_VERDICT, F_TEST, F_REASON };

typedef struct {
    char text[LINE];
    const char *field[FIELDS];
} record_t;

static record_t records[ROWS_MAX];
static size_t record_count;
static unsigned int passed;
static unsigned int failed;
static FILE *table;

const char *const transport_names[] = { "mmio-v2", "mmio-v1", "hvl" };
const skr_transport_kind_t transport_kinds[] = { SKR_TRANSPORT_MMIO_V2, SKR_TRANSPORT_MMIO_V1, SKR_TRANSPORT_HVL };

/* How many rows each part of the catalogue has: what is missing in the file is missed. */
static const struct { char part; unsigned int rows; } parts[] = {
    { 'T', 18U }, { 'P', 7U }, { 'Q', 26U }, { 'C', 14U }, { 'V', 44U } };

void count_check(bool good, const char *what, const char *detail)
{
    if (good) {
        passed++;
    } else {
        failed++;
        printf("FAIL %s: %s\n", what, detail);
    }
}

/* Cut one line into fields; a field with commas stands in quotes. */
static bool cut(record_t *r)
{
    char *at = r->text;
    size_t count = 0U;

    at[strcspn(at, "\r\n")] = '\0';
    while ((at != NULL) && (count < FIELDS)) {
        char *end = NULL;

        if (*at == '"') {
            at++;
            end = strchr(at, '"');
            if (end == NULL) {
                return false;
            }
            *end = '\0';
            r->field[count] = at;
            end = (end[1] == ',') ? &end[1] : NULL;
        } else {
            r->field[count] = at;
            end = strchr(at, ',');
        }
        if (end != NULL) {
            *end = '\0';
        }
        at = (end != NULL) ? &end[1] : NULL;
        count++;
    }
    return (count == FIELDS) && (at == NULL);
}

static bool read_catalogue(const char *path)
{
    FILE *in = fopen(path, "r");
    bool good = in != NULL;

    record_count = 0U;
    while (good && (record_count < ROWS_MAX) && (fgets(records[record_count].text, LINE, in) != NULL)) {
        record_t *r = &records[record_count];
        good = cut(r);
        if (!good) {
            printf("FAIL %s: line %zu is not %u fields\n", path, record_count + 1U, FIELDS);
        } else {
            record_count++;
        }
    }
    if (in != NULL) {
        (void)fclose(in);
    }
    return good && (record_count > 1U);
}

static const row_t *find_in(const row_t *rows, const char *name)
{
    while ((rows->name != NULL) && (strcmp(rows->name, name) != 0)) {
        rows++;
    }
    return (rows->name != NULL) ? rows : NULL;
}

static const row_t *const tables[] = { rows_transport, rows_ring, rows_console, rows_vsock };
#define TABLES (sizeof tables / sizeof tables[0])

static const row_t *find_row(const char *name)
{
    const row_t *found = NULL;

    for (size_t i = 0U; (i < TABLES) && (found == NULL); i++) {
        found = find_in(tables[i], name);
    }
    return found;
}

/* The record of an id; NULL if there is none or more than one. */
static const record_t *find_record(const char *id)
{
    const record_t *found = NULL;
    unsigned int count = 0U;

    for (size_t i = 1U; i < record_count; i++) {
        if (strcmp(records[i].field[F_ID], id) == 0) {
            found = &records[i];
            count++;
        }
    }
    return (count == 1U) ? found : NULL;
}

/* adv_q01 for ADV-Q01. */
static void name_of(const char *id, char name[16])
{
    (void)snprintf(name, 16U, "adv_%c%s", id[4] + ('a' - 'A'), &id[5]);
}

/* Each id of the catalogue is in the file once, as a test of its name or with a reason; each test is in the file. */
static void compare(void)
{
    unsigned int expected = 0U;
    unsigned int tests = 0U;
    unsigned int written = 0U;
    char text[64];

    for (size_t p = 0U; p < (sizeof parts / sizeof parts[0]); p++) {
        for (unsigned int n = 1U; n <= parts[p].rows; n++) {
            char id[16];
            char name[16];
            const record_t *r = NULL;
            bool good = false;

            (void)snprintf(id, sizeof id, "ADV-%c%02u", parts[p].part, n);
            name_of(id, name);
            r = find_record(id);
            expected++;
            if (r != NULL) {
                const bool test = r->field[F_TEST][0] != '\0';
                good = test ? ((strcmp(r->field[F_TEST], name) == 0) && (find_row(name) != NULL))
                            : ((strlen(r->field[F_REASON]) > 10U) && (find_row(name) == NULL));
                tests += test ? 1U : 0U;
            }
            count_check(good, id, "neither a test nor an exception with a reason, or both");
        }
    }
    for (size_t i = 0U; i < TABLES; i++) {
        for (const row_t *row = tables[i]; row->name != NULL; row++) {
            written++;
        }
    }
    (void)snprintf(text, sizeof text, "%zu rows, expected %u", record_count - 1U, expected);
    count_check((record_count - 1U) == expected, "catalogue", text);
    (void)snprintf(text, sizeof text, "%u tests written, %u named", written, tests);
    count_check(written == tests, "catalogue", text);
    printf("catalogue: %u ids, %u tests, %u exceptions\n", expected, tests, expected - tests);
}

static void spell(unsigned int verdict, char text[64])
{
    static const char *const words[] = { "contained", "refused", "reset", "dropped", "wedged", "memory fault" };

    text[0] = '\0';
    for (unsigned int i = 0U; i < 6U; i++) {
        if ((verdict & (1U << i)) != 0U) {
            if (text[0] != '\0') {
                (void)strcat(text, "+");
            }
            (void)strcat(text, words[i]);
        }
    }
}

/* One row on one device and transport, with a neighbour beside it and a new start at the end. */
static unsigned int play(const record_t *r, const row_t *row, bool vsock, size_t transport)
{
    char label[64];
    char verdict[64];

    (void)snprintf(label, sizeof label, "%s %s %s", r->field[F_ID], vsock ? "vsock" : "console", transport_names[transport]);
    scene.label = label;
    scene.kind = transport_kinds[transport];
    scene.victim.is_vsock = vsock;
    scene.verdict = 0U;
    scene.failures = 0U;
    hook_script(NULL, NULL);
    between_accesses = NULL;
    watch_over(SECONDS);
    neighbour_open();
    neighbour_before();
    afresh();
    scene.checks = 0U;
    row->run();
    EXPECT(scene.checks != 0U);
    neighbour_after();
    recovers();
    spell(scene.verdict, verdict);
    count_check((scene.failures == 0U) && (scene.verdict != 0U) && (scene.verdict < (unsigned int)WEDGED), label, verdict);
    fprintf(table, "%s,%s,%s,%s,%s\n", r->field[F_ID], vsock ? "vsock" : "console", transport_names[transport], verdict,
            (scene.failures == 0U) ? "passed" : "failed");
    (void)fflush(table);
    return scene.verdict;
}

static void play_all(const char *filter)
{
    for (size_t i = 1U; i < record_count; i++) {
        const record_t *r = &records[i];
        const row_t *row = find_row(r->field[F_TEST]);
        unsigned int verdict = 0U;
        unsigned int runs = 0U;
        char text[64];

        if ((row == NULL) || ((filter != NULL) && (strstr(r->field[F_ID], filter) == NULL))) {
            if (row == NULL) {
                fprintf(table, "%s,,,not applicable,\"%s\"\n", r->field[F_ID], r->field[F_REASON]);
            }
            continue;
        }
        for (unsigned int vsock = 0U; vsock < 2U; vsock++) {
            for (size_t t = 0U; t < 3U; t++) {
                if ((strstr(r->field[F_DEVICES], (vsock != 0U) ? "vsock" : "console") != NULL) &&
                    (strstr(r->field[F_TRANSPORTS], transport_names[t]) != NULL)) {
                    verdict |= play(r, row, vsock != 0U, t);
                    runs++;
                }
            }
        }
        spell(verdict, text);
        count_check((runs != 0U) && (strcmp(text, r->field[F_VERDICT]) == 0), r->field[F_ID], text);
    }
}

static int usage(void)
{
    (void)fputs("usage: skerry-hostile catalogue FILE [--csv OUT] [--filter ID] [--packets N]\n"
                "       skerry-hostile sweep [--csv OUT] [--filter NAME] [--patterns N] [--stride N] [--offset N]\n", stderr);
    return 2;
}

int main(int argc, char **argv)
{
    const bool catalogue = (argc >= 3) && (strcmp(argv[1], "catalogue") == 0);
    const bool sweep = (argc >= 2) && (strcmp(argv[1], "sweep") == 0);
    const char *csv = "/dev/null";
    const char *filter = NULL;
    sweep_plan_t plan = { 0U, 1U, 0U };

    if (!catalogue && !sweep) {
        return usage();
    }
    for (int i = catalogue ? 3 : 2; i < argc; i += 2) {
        if ((i + 1) >= argc) {
            return usage();
        } else if (strcmp(argv[i], "--csv") == 0) {
            csv = argv[i + 1];
        } else if (strcmp(argv[i], "--filter") == 0) {
            filter = argv[i + 1];
        } else if (catalogue && (strcmp(argv[i], "--packets") == 0)) {
            random_packets = (uint32_t)strtoul(argv[i + 1], NULL, 10);
        } else if (sweep && (strcmp(argv[i], "--patterns") == 0)) {
            plan.patterns = (uint32_t)strtoul(argv[i + 1], NULL, 10);
        } else if (sweep && (strcmp(argv[i], "--stride") == 0)) {
            plan.stride = (uint32_t)strtoul(argv[i + 1], NULL, 10);
        } else if (sweep && (strcmp(argv[i], "--offset") == 0)) {
            plan.offset = (uint32_t)strtoul(argv[i + 1], NULL, 10);
        } else {
            return usage();
        }
    }
    table = fopen(csv, "w");
    if ((table == NULL) || (plan.stride == 0U)) {
        return usage();
    }
    if (catalogue) {
        fprintf(table, "id,device,transport,verdict,result\n");
        if (read_catalogue(argv[2])) {
            compare();
            play_all(filter);
        } else {
            count_check(false, "catalogue", "cannot be read");
        }
    } else {
        sweep_all(table, filter, &plan);
    }
    print_longest();
    (void)fclose(table);
    count_check(passed != 0U, "skerry-hostile", "nothing ran");
    printf("%u passed, %u failed\n", passed, failed);
    return (failed == 0U) ? 0 : 1;
}
