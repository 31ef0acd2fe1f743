/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The test runner.
 *
 *     skerry-tests [--xml PREFIX] [--filter NAME] [--list]
 *
 * Runs every suite that registered itself, in the order of their names. Fails if a check fails, if a test checks
 * nothing, if two tests have one name, or if no test ran. --filter runs only the tests, or the suites, whose name
 * holds NAME. --xml writes PREFIX-Results.xml in the form of CUnit's automated mode, with one element more: the
 * number of checks in each test. CUnit's own writer is not used because it calls an empty test a success, and a
 * suite with a failed test as well.
 */
#include <CUnit/CUnit.h>
#include <CUnit/TestDB.h>
#include <CUnit/TestRun.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/hook.h"
#include "test.h"

#define TESTS_MAX 4096U

typedef struct {
    const char *suite;
    const char *name;
    unsigned int asserts;
    bool failed;
    char *failures; /* text of all failures, for the report */
} result_t;

static test_suite_t *suites;
static result_t results[TESTS_MAX];
static size_t ran;
static unsigned int asserts_before;

void test_register(test_suite_t *suite)
{
    test_suite_t **place = &suites;
    while ((*place != NULL) && (strcmp((*place)->name, suite->name) < 0)) {
        place = &(*place)->next;
    }
    suite->next = *place;
    *place = suite;
}

bool test_equal(uint64_t actual, uint64_t expected, const char *what, const char *file, unsigned int line)
{
    char text[512] = "";
    const bool good = actual == expected;

    if (!good) {
        (void)snprintf(text, sizeof text, "%s is %llu (0x%llx), expected %llu (0x%llx)", what, (unsigned long long)actual,
                       (unsigned long long)actual, (unsigned long long)expected, (unsigned long long)expected);
    }
    (void)CU_assertImplementation(good ? CU_TRUE : CU_FALSE, line, text, file, "", CU_FALSE);
    return good;
}

bool test_same_bytes(const volatile void *actual, const void *expected, size_t bytes, const char *what, const char *file,
                     unsigned int line)
{
    char text[512] = "";
    const volatile uint8_t *a = actual;
    const uint8_t *e = expected;
    size_t i = 0U;

    while ((i < bytes) && (a[i] == e[i])) {
        i++;
    }
    if (i < bytes) {
        (void)snprintf(text, sizeof text, "%s: byte %zu of %zu is 0x%02x, expected 0x%02x", what, i, bytes, (unsigned int)a[i],
                       (unsigned int)e[i]);
    }
    (void)CU_assertImplementation((i == bytes) ? CU_TRUE : CU_FALSE, line, text, file, "", CU_FALSE);
    return i == bytes;
}

bool test_same_text(const char *actual, const char *expected, const char *what, const char *file, unsigned int line)
{
    char text[768] = "";
    const bool good = strcmp(actual, expected) == 0;

    if (!good) {
        (void)snprintf(text, sizeof text, "%s is \"%s\", expected \"%s\"", what, actual, expected);
    }
    (void)CU_assertImplementation(good ? CU_TRUE : CU_FALSE, line, text, file, "", CU_FALSE);
    return good;
}

uint32_t test_random(uint32_t *state)
{
    *state ^= *state << 13U;
    *state ^= *state >> 17U;
    *state ^= *state << 5U;
    return *state;
}

static void add_text(result_t *result, const char *file, unsigned int line, const char *text)
{
    const size_t old = (result->failures == NULL) ? 0U : strlen(result->failures);
    const size_t more = strlen(file) + strlen(text) + 32U;
    char *bigger = realloc(result->failures, old + more);

    if (bigger == NULL) {
        abort();
    }
    (void)snprintf(bigger + old, more, "%s:%u: %s\n", file, line, text);
    result->failures = bigger;
    result->failed = true;
}

static void before_test(const CU_pTest test, const CU_pSuite suite)
{
    (void)test;
    (void)suite;
    asserts_before = CU_get_number_of_asserts();
    hook_reset();
}

static void after_test(const CU_pTest test, const CU_pSuite suite, const CU_pFailureRecord failures)
{
    result_t *result = &results[ran];

    ran++;
    result->suite = suite->pName;
    result->name = test->pName;
    result->asserts = CU_get_number_of_asserts() - asserts_before;
    for (CU_pFailureRecord f = failures; f != NULL; f = f->pNext) {
        /* CUnit chains the records of the whole run; those of a finished test start at `failures`. */
        add_text(result, (f->strFileName == NULL) ? "?" : f->strFileName, f->uiLineNumber,
                 (f->strCondition == NULL) ? "?" : f->strCondition);
    }
    if (result->asserts == 0U) {
        add_text(result, "runner", 0U, "the test checked nothing");
    }
    if (result->failed) {
        printf("FAIL %s.%s\n%s", result->suite, result->name, result->failures);
        (void)fflush(stdout);
    }
}

static void write_escaped(FILE *out, const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        switch (*c) {
        case '<': (void)fputs("&lt;", out); break;
        case '>': (void)fputs("&gt;", out); break;
        case '&': (void)fputs("&amp;", out); break;
        case '"': (void)fputs("&quot;", out); break;
        default: (void)fputc(*c, out); break;
        }
    }
}

static void write_result(FILE *out, const result_t *result)
{
    const char *kind = result->failed ? "FAILURE" : "SUCCESS";

    fprintf(out, "        <CUNIT_RUN_TEST_RECORD>\n          <CUNIT_RUN_TEST_%s>\n", kind);
    fprintf(out, "            <TEST_NAME> %s </TEST_NAME>\n            <ASSERTS> %u </ASSERTS>\n", result->name, result->asserts);
    if (result->failed) {
        (void)fputs("            <CONDITION> ", out);
        write_escaped(out, result->failures);
        (void)fputs(" </CONDITION>\n", out);
    }
    fprintf(out, "          </CUNIT_RUN_TEST_%s>\n        </CUNIT_RUN_TEST_RECORD>\n", kind);
}

static bool write_xml(const char *prefix, size_t failed)
{
    char path[1024];
    FILE *out = NULL;
    const char *suite = "";
    unsigned int asserts = 0U;

    (void)snprintf(path, sizeof path, "%s-Results.xml", prefix);
    out = fopen(path, "w");
    if (out != NULL) {
        (void)fputs("<?xml version=\"1.0\" ?>\n<CUNIT_TEST_RUN_REPORT>\n  <CUNIT_HEADER/>\n  <CUNIT_RESULT_LISTING>\n", out);
        for (size_t i = 0U; i < ran; i++) {
            if (strcmp(suite, results[i].suite) != 0) {
                (void)fputs((i == 0U) ? "" : "      </CUNIT_RUN_SUITE_SUCCESS>\n    </CUNIT_RUN_SUITE>\n", out);
                suite = results[i].suite;
                fprintf(out, "    <CUNIT_RUN_SUITE>\n      <CUNIT_RUN_SUITE_SUCCESS>\n        <SUITE_NAME> %s </SUITE_NAME>\n", suite);
            }
            write_result(out, &results[i]);
            asserts += results[i].asserts;
        }
        (void)fputs((ran == 0U) ? "" : "      </CUNIT_RUN_SUITE_SUCCESS>\n    </CUNIT_RUN_SUITE>\n", out);
        fprintf(out, "  </CUNIT_RESULT_LISTING>\n  <CUNIT_RUN_SUMMARY>\n    <CUNIT_RUN_SUMMARY_RECORD>\n");
        fprintf(out, "      <TYPE> Test Cases </TYPE>\n      <RUN> %zu </RUN>\n      <SUCCEEDED> %zu </SUCCEEDED>\n", ran, ran - failed);
        fprintf(out, "      <FAILED> %zu </FAILED>\n    </CUNIT_RUN_SUMMARY_RECORD>\n    <CUNIT_RUN_SUMMARY_RECORD>\n", failed);
        fprintf(out, "      <TYPE> Assertions </TYPE>\n      <RUN> %u </RUN>\n    </CUNIT_RUN_SUMMARY_RECORD>\n", asserts);
        (void)fputs("  </CUNIT_RUN_SUMMARY>\n</CUNIT_TEST_RUN_REPORT>\n", out);
    }
    return (out != NULL) && (fclose(out) == 0);
}

/* Adds what the filter lets through; false if CUnit refused something, a name used twice above all. */
static bool add_suite(const test_suite_t *suite, const char *filter, bool list)
{
    const bool whole = (filter == NULL) || (strstr(suite->name, filter) != NULL);
    CU_pSuite added = NULL;
    bool good = true;

    for (const test_case_t *c = suite->cases; good && (c->name != NULL); c++) {
        if (whole || (strstr(c->name, filter) != NULL)) {
            if (list) {
                printf("%s.%s\n", suite->name, c->name);
            }
            if (added == NULL) {
                added = CU_add_suite(suite->name, NULL, NULL);
            }
            good = (added != NULL) && (CU_add_test(added, c->name, c->run) != NULL) && (CU_get_error() == CUE_SUCCESS);
            if (!good) {
                printf("runner: cannot add %s.%s: %s\n", suite->name, c->name, CU_get_error_msg());
            }
        }
    }
    return good;
}

static int usage(void)
{
    (void)fputs("usage: skerry-tests [--xml PREFIX] [--filter NAME] [--list]\n", stderr);
    return 2;
}

int main(int argc, char **argv)
{
    const char *prefix = NULL;
    const char *filter = NULL;
    bool list = false;
    size_t failed = 0U;
    bool good = true;

    for (int i = 1; i < argc; i++) {
        if ((strcmp(argv[i], "--xml") == 0) && ((i + 1) < argc)) {
            i++;
            prefix = argv[i];
        } else if ((strcmp(argv[i], "--filter") == 0) && ((i + 1) < argc)) {
            i++;
            filter = argv[i];
        } else if (strcmp(argv[i], "--list") == 0) {
            list = true;
        } else {
            return usage();
        }
    }
    if (CU_initialize_registry() != CUE_SUCCESS) {
        (void)fputs("runner: CUnit does not start\n", stderr);
        return 2;
    }
    for (const test_suite_t *s = suites; good && (s != NULL); s = s->next) {
        good = add_suite(s, filter, list);
    }
    good = good && (CU_get_registry()->uiNumberOfTests <= TESTS_MAX);
    if (good && !list) {
        CU_set_test_start_handler(before_test);
        CU_set_test_complete_handler(after_test);
        good = CU_run_all_tests() == CUE_SUCCESS;
        good = good && (ran == CU_get_registry()->uiNumberOfTests);
        for (size_t i = 0U; i < ran; i++) {
            failed += results[i].failed ? 1U : 0U;
        }
        if (ran == 0U) {
            printf("FAIL runner: no test ran\n");
            good = false;
        }
        if (prefix != NULL) {
            good = write_xml(prefix, failed) && good;
        }
        printf("%zu passed, %zu failed\n", ran - failed, failed + ((good || (failed != 0U)) ? 0U : 1U));
    }
    CU_cleanup_registry();
    for (size_t i = 0U; i < ran; i++) {
        free(results[i].failures);
    }
    return (good && (failed == 0U)) ? 0 : 1;
}
