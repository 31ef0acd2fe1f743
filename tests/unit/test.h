/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a test file needs. It ends with
 *
 *     SKR_SUITE(virtq,
 *         SKR_TEST(test_virtq_empty_ring_says_again),
 *         SKR_TEST(test_virtq_...))
 *
 * and is found by the runner without being named anywhere else. A test that is written and not listed does not compile
 * (unused function); one that checks nothing fails.
 */
#ifndef SKERRY_TEST_H
#define SKERRY_TEST_H

#include <CUnit/CUnit.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    const char *name;
    void (*run)(void);
} test_case_t;

typedef struct test_suite {
    const char *name;
    const test_case_t *cases;
    struct test_suite *next;
} test_suite_t;

void test_register(test_suite_t *suite);

/* Compare and, if not alike, say both values. The word of the macro goes into the failure. */
bool test_equal(uint64_t actual, uint64_t expected, const char *what, const char *file, unsigned int line);
bool test_same_bytes(const volatile void *actual, const void *expected, size_t bytes, const char *what,
                     const char *file, unsigned int line);
bool test_same_text(const char *actual, const char *expected, const char *what, const char *file, unsigned int line);

/** The condition holds. */
#define CHECK(condition) \
    ((void)CU_assertImplementation((condition) ? CU_TRUE : CU_FALSE, __LINE__, #condition, __FILE__, "", CU_FALSE))
/** Two whole numbers (or enumeration values) are alike. */
#define CHECK_EQUAL(actual, expected) \
    ((void)test_equal((uint64_t)(actual), (uint64_t)(expected), #actual, __FILE__, __LINE__))
/** `bytes` bytes at two places are alike. */
#define CHECK_BYTES(actual, expected, bytes) \
    ((void)test_same_bytes((actual), (expected), (bytes), #actual, __FILE__, __LINE__))
/** Two strings are alike. */
#define CHECK_TEXT(actual, expected) ((void)test_same_text((actual), (expected), #actual, __FILE__, __LINE__))
/** As CHECK_EQUAL, and the test ends here if not: for what the rest of the test stands on. */
#define REQUIRE_EQUAL(actual, expected) \
    ((void)CU_assertImplementation( \
        test_equal((uint64_t)(actual), (uint64_t)(expected), #actual, __FILE__, __LINE__) ? CU_TRUE : CU_FALSE, __LINE__, \
        "required: " #actual " == " #expected, __FILE__, "", CU_TRUE))

/** Deterministic pseudo-random numbers (xorshift32); `state` is not 0. */
uint32_t test_random(uint32_t *state);

#define SKR_TEST(function) { #function, function }
#define SKR_SUITE(suite, ...) \
    static const test_case_t suite##_cases[] = { __VA_ARGS__, { NULL, NULL } }; \
    static test_suite_t suite##_suite = { #suite, suite##_cases, NULL }; \
    __attribute__((constructor)) static void suite##_register(void) { test_register(&suite##_suite); }

#endif
