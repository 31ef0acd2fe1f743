/* SPDX-License-Identifier: BSD-3-Clause */
/* Transports: which registers each operation touches, in which order, with which words. No device model: plain pages. */
#include <stdalign.h>
#include <string.h>

#include "backend/hook.h"
#include "skerry/transport.h"
#include "test.h"
#include "transports.h"

#define ACKNOWLEDGED 0xAABBAABBU
#define ADDRESS 0x40001000ULL
#define BELL 7U
#define LOG_MAX 16U

static alignas(4096) uint8_t page[0x200];
static alignas(4096) uint8_t memory[0x8000];

/* Every access: 'r' or 'w' and the offset. */
static struct {
    bool write;
    uint32_t offset;
} seen[LOG_MAX];
static uint32_t seen_count;

static const skr_transport_kind_t kinds[] = { SKR_TRANSPORT_MMIO_V2, SKR_TRANSPORT_MMIO_V1, SKR_TRANSPORT_HVL };

static void note(void *context, const hook_access_t *access)
{
    (void)context;
    if ((access->base == page) && (seen_count < LOG_MAX)) {
        seen[seen_count].write = access->write;
        seen[seen_count].offset = access->offset;
        seen_count++;
    }
}

static uint32_t get(uint32_t offset)
{
    uint32_t word;
    memcpy(&word, &page[offset], sizeof word);
    return word;
}

static void put(uint32_t offset, uint32_t word)
{
    memcpy(&page[offset], &word, sizeof word);
}

static skr_transport_t given(skr_transport_kind_t kind)
{
    const skr_transport_t t = {
        .kind = kind, .registers = page, .registers_size = 0x100U, .config = &page[0x100], .config_size = 12U,
        .memory = memory, .memory_size = sizeof memory, .memory_address = ADDRESS, .doorbell = BELL, .options = 0U
    };
    memset(page, 0, sizeof page);
    put(SKR_REG_MAGIC, 0x74726976U);
    put(SKR_REG_VERSION, (kind == SKR_TRANSPORT_MMIO_V2) ? 2U : 1U);
    put(SKR_REG_DEVICE_ID, 3U);
    put(SKR_REG_BLOCK_LENGTH, (uint32_t)sizeof memory + SKR_HVL_HEADER_BYTES);
    put(SKR_REG_BLOCK_BASE, (uint32_t)ADDRESS - SKR_HVL_HEADER_BYTES);
    hook_script(note, NULL);
    hook_count_from_here();
    seen_count = 0U;
    return t;
}

/* A placed queue; its ring is at the second page of the window. */
static skr_virtq_t placed(const skr_transport_t *t)
{
    skr_virtq_t q;
    uint32_t offset = 0x1000U;

    memset(&q, 0, sizeof q);
    skr_virtq_plan(&q, true, 4U, 64U);
    CHECK_EQUAL(skr_virtq_place(&q, t->memory, t->memory_address, t->memory_size, &offset, 8U, 4096U), SKR_CAUSE_NONE);
    return q;
}

/* The accesses were exactly these: "w030 r044", offsets in hex. */
static void accesses_are(const char *expected)
{
    char text[LOG_MAX * 5U + 1U] = "";
    size_t at = 0U;

    for (uint32_t i = 0U; i < seen_count; i++) {
        static const char digits[] = "0123456789abcdef";
        text[at++] = seen[i].write ? 'w' : 'r';
        text[at++] = digits[(seen[i].offset >> 8U) & 15U];
        text[at++] = digits[(seen[i].offset >> 4U) & 15U];
        text[at++] = digits[seen[i].offset & 15U];
        text[at++] = ' ';
    }
    text[(at == 0U) ? 0U : (at - 1U)] = '\0';
    CHECK_TEXT(text, expected);
    CHECK_EQUAL(hook_reads() + hook_writes(), seen_count);
}

/* --- check --- */

/* [utest->dsn~transport.check~1] technique: equivalence class */
static void test_transport_check_good_description_is_accepted_untouched(void)
{
    for (size_t i = 0U; i < 3U; i++) {
        const skr_transport_t t = given(kinds[i]);

        CHECK_EQUAL(skr_transport_check(&t, 12U), SKR_CAUSE_NONE);
        accesses_are("");
    }
}

/* [utest->dsn~transport.check~1] technique: boundary value; kinds next to the known ones */
static void test_transport_check_unknown_kind_is_refused(void)
{
    static const uint32_t values[] = { 0U, 4U, 0x7FFFFFFFU };

    for (size_t i = 0U; i < 3U; i++) {
        skr_transport_t t = given(SKR_TRANSPORT_HVL);
        memcpy(&t.kind, &values[i], sizeof t.kind);
        CHECK_EQUAL(skr_transport_check(&t, 12U), SKR_CAUSE_CONFIGURATION);
    }
}

/* [utest->dsn~transport.check~1] technique: each condition alone */
static void test_transport_check_missing_pointer_is_refused(void)
{
    skr_transport_t t = given(SKR_TRANSPORT_MMIO_V2);
    t.registers = NULL;
    CHECK_EQUAL(skr_transport_check(&t, 12U), SKR_CAUSE_CONFIGURATION);
    t = given(SKR_TRANSPORT_MMIO_V2);
    t.config = NULL;
    CHECK_EQUAL(skr_transport_check(&t, 12U), SKR_CAUSE_CONFIGURATION);
    t = given(SKR_TRANSPORT_MMIO_V2);
    t.memory = NULL;
    CHECK_EQUAL(skr_transport_check(&t, 12U), SKR_CAUSE_CONFIGURATION);
}

/* ADV-T15. [utest->dsn~transport.check~1] technique: boundary value */
static void test_transport_check_small_register_window_is_refused(void)
{
    skr_transport_t t = given(SKR_TRANSPORT_MMIO_V1);
    t.registers_size = 0xFFU;
    CHECK_EQUAL(skr_transport_check(&t, 12U), SKR_CAUSE_REGISTERS_SIZE);
    t = given(SKR_TRANSPORT_MMIO_V1);
    CHECK_EQUAL(skr_transport_check(&t, 13U), SKR_CAUSE_REGISTERS_SIZE);
    t.config_size = 13U;
    CHECK_EQUAL(skr_transport_check(&t, 13U), SKR_CAUSE_NONE);
}

/* [utest->dsn~transport.check~1] technique: each condition alone, smallest offence */
static void test_transport_check_misaligned_window_is_refused(void)
{
    skr_transport_t t = given(SKR_TRANSPORT_HVL);
    t.registers = &page[2];
    CHECK_EQUAL(skr_transport_check(&t, 12U), SKR_CAUSE_ALIGNMENT);
    t = given(SKR_TRANSPORT_HVL);
    t.config = &page[0x102];
    CHECK_EQUAL(skr_transport_check(&t, 12U), SKR_CAUSE_ALIGNMENT);
    t = given(SKR_TRANSPORT_HVL);
    t.memory = &memory[2048];
    CHECK_EQUAL(skr_transport_check(&t, 12U), SKR_CAUSE_ALIGNMENT);
    t = given(SKR_TRANSPORT_HVL);
    t.memory_address += 2048U;
    CHECK_EQUAL(skr_transport_check(&t, 12U), SKR_CAUSE_ALIGNMENT);
}

/* [utest->dsn~transport.check~1] technique: boundary value; the last page number stays below the acknowledgement word */
static void test_transport_check_address_at_limit_is_accepted_and_above_refused(void)
{
    skr_transport_t t = given(SKR_TRANSPORT_HVL);
    t.memory_address = (1ULL << 43U) - sizeof memory;
    CHECK_EQUAL(skr_transport_check(&t, 12U), SKR_CAUSE_NONE);
    t.memory_address += 4096U;
    CHECK_EQUAL(skr_transport_check(&t, 12U), SKR_CAUSE_MEMORY_ADDRESS);
    t.memory_address = 0xFFFFFFFFFFFFF000ULL;
    CHECK_EQUAL(skr_transport_check(&t, 12U), SKR_CAUSE_MEMORY_ADDRESS);
}

/* --- identify --- */

/* [utest->dsn~transport.identify~1] technique: equivalence class */
static void test_transport_identify_right_device_is_found(void)
{
    static const char *const order[] = { "r000 r004 r008", "r000 r004 r008", "r000 r004 r008 r0b0 r0b4 r0b8 r0bc" };

    for (size_t i = 0U; i < 3U; i++) {
        const skr_transport_t t = given(kinds[i]);
        skr_cause_t cause = SKR_CAUSE_CID;

        CHECK_EQUAL(skr_transport_identify(&t, 3U, &cause), SKR_OK);
        CHECK_EQUAL(cause, SKR_CAUSE_CID);
        accesses_are(order[i]);
    }
}

/* ADV-T01. [utest->dsn~transport.identify~1] technique: fault injection; nothing is read behind the wrong word */
static void test_transport_identify_wrong_words_are_refused_with_cause(void)
{
    static const struct {
        uint32_t offset;
        uint32_t word;
        skr_cause_t cause;
        const char *order;
    } row[] = {
        { SKR_REG_MAGIC, 0x76697274U, SKR_CAUSE_MAGIC, "r000" },
        { SKR_REG_MAGIC, 0xFFFFFFFFU, SKR_CAUSE_MAGIC, "r000" },
        { SKR_REG_VERSION, 0U, SKR_CAUSE_VERSION, "r000 r004" },
        { SKR_REG_VERSION, 3U, SKR_CAUSE_VERSION, "r000 r004" },
        { SKR_REG_DEVICE_ID, 0U, SKR_CAUSE_ABSENT, "r000 r004 r008" },
        { SKR_REG_DEVICE_ID, 19U, SKR_CAUSE_DEVICE_ID, "r000 r004 r008" },
        { SKR_REG_DEVICE_ID, 0x10003U, SKR_CAUSE_DEVICE_ID, "r000 r004 r008" },
    };

    for (size_t i = 0U; i < 3U; i++) {
        for (size_t k = 0U; k < (sizeof row / sizeof row[0]); k++) {
            const skr_transport_t t = given(kinds[i]);
            skr_cause_t cause = SKR_CAUSE_NONE;

            put(row[k].offset, row[k].word);
            CHECK_EQUAL(skr_transport_identify(&t, 3U, &cause), SKR_FAULT);
            CHECK_EQUAL(cause, row[k].cause);
            accesses_are(row[k].order);
        }
    }
}

/* ADV-T01. [utest->dsn~transport.identify~1] technique: each transport's own version is the other's wrong one */
static void test_transport_identify_version_of_the_other_registers_is_refused(void)
{
    for (size_t i = 0U; i < 3U; i++) {
        const skr_transport_t t = given(kinds[i]);
        skr_cause_t cause = SKR_CAUSE_NONE;

        put(SKR_REG_VERSION, (kinds[i] == SKR_TRANSPORT_MMIO_V2) ? 1U : 2U);
        CHECK_EQUAL(skr_transport_identify(&t, 3U, &cause), SKR_FAULT);
        CHECK_EQUAL(cause, SKR_CAUSE_VERSION);
    }
}

/* [utest->dsn~transport.identify~1] technique: equivalence class; only a PMM may still have to come */
static void test_transport_identify_magic_zero_is_waited_for_only_without_hypervisor(void)
{
    for (size_t i = 0U; i < 3U; i++) {
        const skr_transport_t t = given(kinds[i]);
        const bool hvl = kinds[i] == SKR_TRANSPORT_HVL;
        skr_cause_t cause = SKR_CAUSE_NONE;

        put(SKR_REG_MAGIC, 0U);
        CHECK_EQUAL(skr_transport_identify(&t, 3U, &cause), hvl ? SKR_AGAIN : SKR_FAULT);
        CHECK_EQUAL(cause, hvl ? SKR_CAUSE_NONE : SKR_CAUSE_MAGIC);
    }
}

/* ADV-P06. [utest->dsn~transport.identify~1] technique: boundary value; compared, never followed */
static void test_transport_identify_block_elsewhere_or_short_is_refused(void)
{
    static const struct {
        uint32_t offset;
        uint32_t word;
        skr_status_t status;
    } row[] = {
        { SKR_REG_BLOCK_BASE, (uint32_t)ADDRESS, SKR_FAULT },
        { SKR_REG_BLOCK_BASE + 4U, 1U, SKR_FAULT },
        { SKR_REG_BLOCK_LENGTH, (uint32_t)sizeof memory + SKR_HVL_HEADER_BYTES - 1U, SKR_FAULT },
        { SKR_REG_BLOCK_LENGTH, (uint32_t)sizeof memory + SKR_HVL_HEADER_BYTES + 1U, SKR_OK },
        { SKR_REG_BLOCK_LENGTH + 4U, 1U, SKR_OK },
    };

    for (size_t k = 0U; k < (sizeof row / sizeof row[0]); k++) {
        const skr_transport_t t = given(SKR_TRANSPORT_HVL);
        skr_cause_t cause = SKR_CAUSE_NONE;

        put(row[k].offset, row[k].word);
        CHECK_EQUAL(skr_transport_identify(&t, 3U, &cause), row[k].status);
        CHECK_EQUAL(cause, (row[k].status == SKR_OK) ? SKR_CAUSE_NONE : SKR_CAUSE_BLOCK);
    }
}

/* [utest->dsn~transport.magic~1] technique: equivalence class */
static void test_transport_magic_present_and_gone_are_told_apart(void)
{
    const skr_transport_t t = given(SKR_TRANSPORT_HVL);

    CHECK(skr_transport_magic(&t));
    put(SKR_REG_MAGIC, 0U);
    CHECK(!skr_transport_magic(&t));
    accesses_are("r000 r000");
}

/* --- status --- */

/* [utest->dsn~transport.status~1] technique: boundary value; only eight bits are the status */
static void test_transport_status_is_low_byte_in_one_read(void)
{
    const skr_transport_t t = given(SKR_TRANSPORT_MMIO_V2);

    put(SKR_REG_STATUS, 0xFFFFFF8FU);
    CHECK_EQUAL(skr_transport_status(&t), 0x8FU);
    accesses_are("r070");
}

/* [utest->dsn~transport.set_status~1] technique: equivalence class */
static void test_transport_set_status_is_one_write_and_no_doorbell(void)
{
    for (size_t i = 0U; i < 3U; i++) {
        const skr_transport_t t = given(kinds[i]);

        skr_transport_set_status(&t, 3U);
        CHECK_EQUAL(get(SKR_REG_STATUS), 3U);
        accesses_are("w070");
        CHECK_EQUAL(hook_doorbells(), 0U);
    }
}

/* --- features --- */

/* Shows the feature word that is selected: low 0x11111111, high 0x22222222. */
static void show_selected(void *context, const hook_access_t *access)
{
    if (!access->write && (access->offset == SKR_REG_DEVICE_FEATURES)) {
        put(SKR_REG_DEVICE_FEATURES, (get(SKR_REG_DEVICE_FEATURES_SEL) == 0U) ? 0x11111111U : 0x22222222U);
    }
    note(context, access);
}

/* ADV-T07. [utest->dsn~transport.features~1] technique: equivalence class; each word is read once */
static void test_transport_features_words_are_selected_then_read(void)
{
    static const char *const order[] = { "w014 r010 w014 r010", "w014 r010", "r010" };

    for (size_t i = 0U; i < 3U; i++) {
        const skr_transport_t t = given(kinds[i]);

        hook_script(show_selected, NULL);
        CHECK_EQUAL(skr_transport_features(&t), (i == 0U) ? 0x2222222211111111ULL : 0x11111111ULL);
        accesses_are(order[i]);
    }
}

/* Keeps what is written for each selected word. */
static uint32_t accepted[2];
static void keep_accepted(void *context, const hook_access_t *access)
{
    if (access->write && (access->offset == SKR_REG_DRIVER_FEATURES_SEL)) {
        accepted[get(SKR_REG_DRIVER_FEATURES_SEL)] = get(SKR_REG_DRIVER_FEATURES);
    }
    note(context, access);
}

/* [utest->dsn~transport.accept~1] technique: equivalence class */
static void test_transport_accept_words_are_selected_then_written(void)
{
    static const char *const order[] = { "w024 w020 w024 w020", "w024 w020 w028", "w020" };

    for (size_t i = 0U; i < 3U; i++) {
        const skr_transport_t t = given(kinds[i]);

        hook_script(keep_accepted, NULL);
        skr_transport_accept(&t, 0x0000000112345678ULL);
        accesses_are(order[i]);
        CHECK_EQUAL(hook_doorbells(), 0U);
        if (kinds[i] == SKR_TRANSPORT_MMIO_V2) {
            CHECK_EQUAL(accepted[0], 0x12345678U);
            CHECK_EQUAL(get(SKR_REG_DRIVER_FEATURES_SEL), 1U);
            CHECK_EQUAL(get(SKR_REG_DRIVER_FEATURES), 1U);
        } else {
            CHECK_EQUAL(get(SKR_REG_DRIVER_FEATURES_SEL), 0U);
            CHECK_EQUAL(get(SKR_REG_DRIVER_FEATURES), 0x12345678U);
        }
        CHECK_EQUAL(get(SKR_REG_GUEST_PAGE_SIZE), (kinds[i] == SKR_TRANSPORT_MMIO_V1) ? 4096U : 0U);
    }
}

/* --- queues --- */

/* [utest->dsn~transport.queue_max~1] technique: equivalence class */
static void test_transport_queue_max_selects_and_reads_without_hypervisor_only_reads(void)
{
    static const char *const order[] = { "w030 r044 r034", "w030 r040 r034", "r034" };

    for (size_t i = 0U; i < 3U; i++) {
        const skr_transport_t t = given(kinds[i]);
        bool busy = true;

        put(SKR_REG_QUEUE_SIZE_MAX, 0x80000001U);
        CHECK_EQUAL(skr_transport_queue_max(&t, 1U, &busy), 0x80000001U);
        CHECK(!busy);
        CHECK_EQUAL(get(SKR_REG_QUEUE_SEL), (kinds[i] == SKR_TRANSPORT_HVL) ? 0U : 1U);
        accesses_are(order[i]);
    }
}

/* ADV-T03. [utest->dsn~transport.queue_max~1] technique: fault injection; a PMM leaves its word of the queue before */
static void test_transport_queue_max_used_queue_is_busy_over_mmio(void)
{
    for (size_t i = 0U; i < 3U; i++) {
        const skr_transport_t t = given(kinds[i]);
        bool busy = false;

        put((kinds[i] == SKR_TRANSPORT_MMIO_V2) ? SKR_REG_QUEUE_READY : SKR_REG_QUEUE_PFN, 0x80000000U);
        (void)skr_transport_queue_max(&t, 0U, &busy);
        CHECK_EQUAL(busy, kinds[i] != SKR_TRANSPORT_HVL);
    }
}

/* [utest->dsn~transport.queue_size~1] technique: equivalence class */
static void test_transport_queue_size_is_written_after_selection(void)
{
    static const char *const order[] = { "w030 w038", "w030 w038 w03c", "w030 w038 w03c" };

    for (size_t i = 0U; i < 3U; i++) {
        const skr_transport_t t = given(kinds[i]);

        skr_transport_queue_size(&t, 2U, 128U);
        CHECK_EQUAL(get(SKR_REG_QUEUE_SEL), 2U);
        CHECK_EQUAL(get(SKR_REG_QUEUE_SIZE), 128U);
        CHECK_EQUAL(get(SKR_REG_QUEUE_ALIGN), (kinds[i] == SKR_TRANSPORT_MMIO_V2) ? 0U : 4096U);
        accesses_are(order[i]);
        CHECK_EQUAL(hook_doorbells(), 0U);
    }
}

/* [utest->dsn~transport.queue_start~1] technique: equivalence class; a barrier stands before the word that starts */
static void test_transport_queue_start_version_2_writes_addresses_then_ready(void)
{
    const skr_transport_t t = given(SKR_TRANSPORT_MMIO_V2);
    const skr_virtq_t q = placed(&t);

    skr_transport_queue_start(&t, &q);

    CHECK_EQUAL(get(SKR_REG_QUEUE_DESC), (uint32_t)ADDRESS + 0x1000U);
    CHECK_EQUAL(get(SKR_REG_QUEUE_DESC + 4U), 0U);
    CHECK_EQUAL(get(SKR_REG_QUEUE_DRIVER), (uint32_t)ADDRESS + 0x1080U);
    CHECK_EQUAL(get(SKR_REG_QUEUE_DEVICE), (uint32_t)ADDRESS + 0x2000U);
    CHECK_EQUAL(get(SKR_REG_QUEUE_READY), 1U);
    accesses_are("w080 w084 w090 w094 w0a0 w0a4 w044");
    CHECK_TEXT(hook_order(), "wwwwwwFw");
}

/* [utest->dsn~transport.queue_start~1] technique: boundary value; addresses above 4 GiB */
static void test_transport_queue_start_version_2_high_address_is_written_in_halves(void)
{
    skr_transport_t t = given(SKR_TRANSPORT_MMIO_V2);
    t.memory_address = 0x500001000ULL;
    const skr_virtq_t q = placed(&t);

    skr_transport_queue_start(&t, &q);

    CHECK_EQUAL(get(SKR_REG_QUEUE_DESC), 0x2000U);
    CHECK_EQUAL(get(SKR_REG_QUEUE_DESC + 4U), 5U);
    CHECK_EQUAL(get(SKR_REG_QUEUE_DRIVER + 4U), 5U);
    CHECK_EQUAL(get(SKR_REG_QUEUE_DEVICE + 4U), 5U);
}

/* [utest->dsn~transport.queue_start~1] technique: equivalence class; the doorbell comes after page and barrier */
static void test_transport_queue_start_version_1_writes_page_and_pmm_is_rung(void)
{
    static const char *const events[] = { "Fw", "RwFD" };

    for (size_t i = 1U; i < 3U; i++) {
        const skr_transport_t t = given(kinds[i]);
        const skr_virtq_t q = placed(&t);

        skr_transport_queue_start(&t, &q);
        CHECK_EQUAL(get(SKR_REG_QUEUE_PFN), ((uint32_t)ADDRESS + 0x1000U) / 4096U);
        accesses_are("w040");
        CHECK_TEXT(hook_order(), events[i - 1U]);
    }
    CHECK_EQUAL(hook_doorbells(), 1U);
    CHECK_EQUAL(hook_last_doorbell(), BELL);
}

/* ADV-P01. [utest->dsn~transport.queue_answer~1] technique: every class of the word that is read back */
static void test_transport_queue_answer_judges_word(void)
{
    static const struct {
        skr_transport_kind_t kind;
        uint32_t word; /* 1: own page number */
        skr_status_t status;
    } row[] = {
        { SKR_TRANSPORT_MMIO_V2, 1U, SKR_OK },           { SKR_TRANSPORT_MMIO_V2, 0U, SKR_FAULT },
        { SKR_TRANSPORT_MMIO_V2, 3U, SKR_FAULT },        { SKR_TRANSPORT_MMIO_V1, 1U, SKR_OK },
        { SKR_TRANSPORT_MMIO_V1, 0U, SKR_FAULT },        { SKR_TRANSPORT_MMIO_V1, ACKNOWLEDGED, SKR_FAULT },
        { SKR_TRANSPORT_HVL, ACKNOWLEDGED, SKR_OK },     { SKR_TRANSPORT_HVL, 1U, SKR_AGAIN },
        { SKR_TRANSPORT_HVL, 0U, SKR_FAULT },            { SKR_TRANSPORT_HVL, 0xAABBAABAU, SKR_FAULT },
        { SKR_TRANSPORT_HVL, 0x2ABBAABBU, SKR_FAULT },
    };

    for (size_t k = 0U; k < (sizeof row / sizeof row[0]); k++) {
        const skr_transport_t t = given(row[k].kind);
        const skr_virtq_t q = placed(&t);
        const bool v2 = row[k].kind == SKR_TRANSPORT_MMIO_V2;
        skr_cause_t cause = SKR_CAUSE_NONE;

        put(v2 ? SKR_REG_QUEUE_READY : SKR_REG_QUEUE_PFN, ((row[k].word == 1U) && !v2) ? skr_mmio_v1_page(&q) : row[k].word);
        CHECK_EQUAL(skr_transport_queue_answer(&t, &q, &cause), row[k].status);
        CHECK_EQUAL(cause, (row[k].status == SKR_FAULT) ? SKR_CAUSE_QUEUE_ANSWER : SKR_CAUSE_NONE);
        accesses_are(v2 ? "r044" : "r040");
    }
}

/* --- running --- */

/* [utest->dsn~transport.notify~1] technique: equivalence class */
static void test_transport_notify_writes_index_or_rings(void)
{
    for (size_t i = 0U; i < 3U; i++) {
        const skr_transport_t t = given(kinds[i]);
        const bool hvl = kinds[i] == SKR_TRANSPORT_HVL;

        skr_transport_notify(&t, 2U);
        CHECK_EQUAL(get(SKR_REG_QUEUE_NOTIFY), hvl ? 0U : 2U);
        accesses_are(hvl ? "" : "w050");
        CHECK_EQUAL(hook_doorbells(), hvl ? 1U : 0U);
    }
    CHECK_EQUAL(hook_last_doorbell(), BELL);
}

/* [utest->dsn~transport.fence~1] technique: equivalence class; every store before the bit, the bit before the doorbell */
static void test_transport_fence_plants_bit_and_rings_without_hypervisor_only(void)
{
    for (size_t i = 0U; i < 3U; i++) {
        const skr_transport_t t = given(kinds[i]);
        const bool hvl = kinds[i] == SKR_TRANSPORT_HVL;

        skr_transport_fence(&t);
        CHECK_EQUAL(get(SKR_REG_INTERRUPT_STATUS), hvl ? 0x80000000U : 0U);
        CHECK_TEXT(hook_order(), hvl ? "RwFD" : "");
    }
}

/* [utest->dsn~transport.fence_gone~1] technique: boundary value; the PMM's own bit means nothing */
static void test_transport_fence_gone_looks_at_planted_bit_alone(void)
{
    const skr_transport_t t = given(SKR_TRANSPORT_HVL);

    put(SKR_REG_INTERRUPT_STATUS, 0x80000000U);
    CHECK(!skr_transport_fence_gone(&t));
    put(SKR_REG_INTERRUPT_STATUS, 0x80000001U);
    CHECK(!skr_transport_fence_gone(&t));
    put(SKR_REG_INTERRUPT_STATUS, 0x7FFFFFFFU);
    CHECK(skr_transport_fence_gone(&t));
    accesses_are("r060 r060 r060");
    CHECK_TEXT(hook_order(), "rArArA");
}

/* [utest->dsn~transport.fence_gone~1] technique: equivalence class */
static void test_transport_fence_gone_over_mmio_is_always_true(void)
{
    for (size_t i = 0U; i < 2U; i++) {
        const skr_transport_t t = given(kinds[i]);

        put(SKR_REG_INTERRUPT_STATUS, 0xFFFFFFFFU);
        CHECK(skr_transport_fence_gone(&t));
        accesses_are("");
    }
}

/* [utest->dsn~transport.generation~1] technique: equivalence class */
static void test_transport_generation_is_read_where_there_is_one(void)
{
    for (size_t i = 0U; i < 3U; i++) {
        const skr_transport_t t = given(kinds[i]);
        const bool v2 = kinds[i] == SKR_TRANSPORT_MMIO_V2;

        put(SKR_REG_GENERATION, 0xFFFFFFFFU);
        CHECK_EQUAL(skr_transport_generation(&t), v2 ? 0xFFFFFFFFU : 0U);
        accesses_are(v2 ? "r0fc" : "");
    }
}

/* ADV-T16, T18. [utest->dsn~transport.acknowledge~1] technique: boundary value; undefined bits are never acknowledged */
static void test_transport_acknowledge_known_bits_only(void)
{
    static const uint32_t words[] = { 0U, 1U, 2U, 3U, 4U, 0xFFFFFFFCU, 0xFFFFFFFFU };

    for (size_t i = 0U; i < 2U; i++) {
        for (size_t k = 0U; k < (sizeof words / sizeof words[0]); k++) {
            const skr_transport_t t = given(kinds[i]);

            put(SKR_REG_INTERRUPT_STATUS, words[k]);
            put(SKR_REG_INTERRUPT_ACK, 0xFFFFFFFFU);
            CHECK_EQUAL(skr_transport_acknowledge(&t), words[k] & 3U);
            CHECK_EQUAL(get(SKR_REG_INTERRUPT_ACK), words[k] & 3U);
            accesses_are("r060 w064");
            CHECK_TEXT(hook_order(), "rwF");
        }
    }
}

/* ADV-P02, P03. [utest->dsn~transport.acknowledge~1] technique: equivalence class; an acknowledgement would eat a doorbell */
static void test_transport_acknowledge_without_hypervisor_touches_nothing(void)
{
    const skr_transport_t t = given(SKR_TRANSPORT_HVL);

    put(SKR_REG_INTERRUPT_STATUS, 1U);
    CHECK_EQUAL(skr_transport_acknowledge(&t), 3U);
    accesses_are("");
    CHECK_EQUAL(get(SKR_REG_INTERRUPT_ACK), 0U);
}

SKR_SUITE(transport,
    SKR_TEST(test_transport_check_good_description_is_accepted_untouched),
    SKR_TEST(test_transport_check_unknown_kind_is_refused),
    SKR_TEST(test_transport_check_missing_pointer_is_refused),
    SKR_TEST(test_transport_check_small_register_window_is_refused),
    SKR_TEST(test_transport_check_misaligned_window_is_refused),
    SKR_TEST(test_transport_check_address_at_limit_is_accepted_and_above_refused),
    SKR_TEST(test_transport_identify_right_device_is_found),
    SKR_TEST(test_transport_identify_wrong_words_are_refused_with_cause),
    SKR_TEST(test_transport_identify_version_of_the_other_registers_is_refused),
    SKR_TEST(test_transport_identify_magic_zero_is_waited_for_only_without_hypervisor),
    SKR_TEST(test_transport_identify_block_elsewhere_or_short_is_refused),
    SKR_TEST(test_transport_magic_present_and_gone_are_told_apart),
    SKR_TEST(test_transport_status_is_low_byte_in_one_read),
    SKR_TEST(test_transport_set_status_is_one_write_and_no_doorbell),
    SKR_TEST(test_transport_features_words_are_selected_then_read),
    SKR_TEST(test_transport_accept_words_are_selected_then_written),
    SKR_TEST(test_transport_queue_max_selects_and_reads_without_hypervisor_only_reads),
    SKR_TEST(test_transport_queue_max_used_queue_is_busy_over_mmio),
    SKR_TEST(test_transport_queue_size_is_written_after_selection),
    SKR_TEST(test_transport_queue_start_version_2_writes_addresses_then_ready),
    SKR_TEST(test_transport_queue_start_version_2_high_address_is_written_in_halves),
    SKR_TEST(test_transport_queue_start_version_1_writes_page_and_pmm_is_rung),
    SKR_TEST(test_transport_queue_answer_judges_word),
    SKR_TEST(test_transport_notify_writes_index_or_rings),
    SKR_TEST(test_transport_fence_plants_bit_and_rings_without_hypervisor_only),
    SKR_TEST(test_transport_fence_gone_looks_at_planted_bit_alone),
    SKR_TEST(test_transport_fence_gone_over_mmio_is_always_true),
    SKR_TEST(test_transport_generation_is_read_where_there_is_one),
    SKR_TEST(test_transport_acknowledge_known_bits_only),
    SKR_TEST(test_transport_acknowledge_without_hypervisor_touches_nothing))
