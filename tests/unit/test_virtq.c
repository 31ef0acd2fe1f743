/* SPDX-License-Identifier: BSD-3-Clause */
/* Split virtqueue with a private twin. Attacks are named as in the hostile back-end catalogue (ADV-Q..). */
#include <string.h>

#include "backend/hook.h"
#include "backend/model.h"
#include "skerry/virtq.h"
#include "test.h"

#define SIZE 8U
#define COUNT 5U
#define STRIDE 64U
#define WINDOW (MODEL_BLOCK_BYTES - MODEL_MEMORY_OFFSET)

/* What stands in `popped` and `popped_length` before a pop: no pop gives it. */
#define STALE 0x7777U
#define STALE_LENGTH 0x77777777U

static model_t model;
static skr_virtq_t ring;

/* --- given --- */

static void given_stale_result(void)
{
    ring.popped = STALE;
    ring.popped_length = STALE_LENGTH;
}

static skr_shm_t *window(void)
{
    return &model.block[MODEL_MEMORY_OFFSET];
}

static void given_placed(bool from_device, uint16_t count, uint16_t size, uint32_t align)
{
    uint32_t offset = 0U;

    memset(&ring, 0xA5, sizeof ring);
    skr_virtq_plan(&ring, from_device, count, STRIDE);
    REQUIRE_EQUAL(skr_virtq_place(&ring, window(), MODEL_ADDRESS + MODEL_MEMORY_OFFSET, WINDOW, &offset, size, align),
                  SKR_CAUSE_NONE);
}

static void given_ring(bool from_device, uint16_t count, uint16_t size)
{
    model_open(&model, SKR_TRANSPORT_MMIO_V2, 3U);
    given_placed(from_device, count, size, 16U);
    skr_virtq_format(&ring);
    model_place_virtq(&model, 0U, &ring);
    given_stale_result();
}

/* Every index of both sides stands at `index`, nothing is on the way. */
static void given_indices_at(uint16_t index)
{
    ring.avail_idx = index;
    ring.kicked_idx = index;
    ring.last_used = index;
    model.queues[0].next_avail = index;
    model_raw_used_idx(&model, 0U, index);
}

static void given_posted(uint16_t number, uint32_t bytes)
{
    for (uint16_t i = 0U; i < number; i++) {
        skr_virtq_add(&ring, skr_virtq_take(&ring), bytes);
    }
    (void)skr_virtq_publish(&ring);
    for (uint16_t i = 0U; i < number; i++) {
        (void)model_pop_avail(&model, 0U);
    }
}

/* --- when --- */

static skr_cause_t pop(void)
{
    return skr_virtq_pop(&ring);
}

/* A pop that gives a buffer, or finds nothing new: for loops. */
static bool pop_gives_one(void)
{
    return (pop() == SKR_CAUSE_NONE) && (ring.popped != SKR_VIRTQ_NONE);
}

static bool pop_gives_none(void)
{
    return (pop() == SKR_CAUSE_NONE) && (ring.popped == SKR_VIRTQ_NONE);
}

/* --- then --- */

/* The books agree with themselves: each buffer has one owner, and the counts are those of the owners. */
static bool books_hold(const skr_virtq_t *q)
{
    uint16_t owned[3] = { 0U, 0U, 0U };
    bool good = (q->ready <= q->outstanding) && (((uint32_t)q->free_count + q->outstanding) <= q->count);

    for (uint16_t i = 0U; i < q->count; i++) {
        good = good && (q->owner[i] >= SKR_VIRTQ_FREE) && (q->owner[i] <= SKR_VIRTQ_DRIVER);
        if (good) {
            owned[q->owner[i]]++;
        }
    }
    good = good && (owned[SKR_VIRTQ_FREE] == q->free_count) && (owned[SKR_VIRTQ_DEVICE] == q->outstanding);
    for (uint16_t i = 0U; good && (i < q->free_count); i++) {
        good = (q->free_ids[i] >= 0) && ((uint32_t)q->free_ids[i] < q->count) && (q->owner[q->free_ids[i]] == SKR_VIRTQ_FREE);
        for (uint16_t j = 0U; good && (j < i); j++) {
            good = q->free_ids[j] != q->free_ids[i];
        }
    }
    return good;
}

/* A pop without a buffer: the result says so, the books are untouched but for `ready`. */
static void then_pop_ends_without_buffer(skr_cause_t expected)
{
    skr_virtq_t before;

    given_stale_result();
    before = ring;
    CHECK_EQUAL(pop(), expected);
    CHECK_EQUAL(ring.popped, SKR_VIRTQ_NONE);
    CHECK_EQUAL(ring.popped_length, STALE_LENGTH);
    before.popped = SKR_VIRTQ_NONE;
    before.ready = ring.ready;
    CHECK_BYTES(&ring, &before, sizeof ring);
    CHECK(books_hold(&ring));
}

/* A pop that must end in a fault. */
static void then_pop_faults(skr_cause_t expected)
{
    CHECK(expected != SKR_CAUSE_NONE);
    then_pop_ends_without_buffer(expected);
}

/* A pop that must find nothing new; it has seen that nothing is ready. */
static void then_pop_finds_nothing(void)
{
    then_pop_ends_without_buffer(SKR_CAUSE_NONE);
    CHECK_EQUAL(ring.ready, 0U);
}

static void then_pop_gives(uint16_t expected_id, uint32_t expected_length)
{
    given_stale_result();
    CHECK_EQUAL(pop(), SKR_CAUSE_NONE);
    CHECK_EQUAL(ring.popped, expected_id);
    CHECK_EQUAL(ring.popped_length, expected_length);
    CHECK_EQUAL(ring.owner[expected_id], SKR_VIRTQ_DRIVER);
}

/* --- plan and place --- */

/* [utest->dsn~virtq.plan~2] technique: equivalence class */
static void test_virtq_plan_either_direction_notes_buffers_without_access(void)
{
    hook_count_from_here();
    for (uint16_t direction = 0U; direction <= 1U; direction++) {
        memset(&ring, 0xA5, sizeof ring);

        skr_virtq_plan(&ring, direction == 1U, 7U, 128U);

        CHECK_EQUAL(ring.from_device, direction);
        CHECK_EQUAL(ring.count, 7U);
        CHECK_EQUAL(ring.stride, 128U);
        CHECK_EQUAL(ring.size, 0U);
        CHECK_EQUAL(ring.popped, SKR_VIRTQ_NONE);
        CHECK_EQUAL(ring.popped_length, 0U);
    }
    CHECK_TEXT(hook_order(), "");
}

/* [utest->dsn~virtq.place~1] technique: boundary value; the offsets are those of the standard's table for a legacy ring */
static void test_virtq_place_legacy_layout_agrees_with_table(void)
{
    static const struct { uint16_t size; uint32_t used; } table[] = { { 16U, 4096U }, { 128U, 4096U }, { 256U, 8192U } };

    for (size_t i = 0U; i < (sizeof table / sizeof table[0]); i++) {
        given_placed(true, 1U, table[i].size, 4096U);

        CHECK_EQUAL(ring.desc, 0U);
        CHECK_EQUAL(ring.avail, 16U * table[i].size);
        CHECK_EQUAL(ring.used, table[i].used);
        CHECK_EQUAL(SKR_VIRTQ_USED_OFFSET((uint32_t)table[i].size, 4096U), table[i].used);
        CHECK(ring.buffers >= (ring.used + 6U + (8U * table[i].size)));
    }
}

/* [utest->dsn~virtq.place~1] technique: boundary value */
static void test_virtq_place_every_offset_aligns_and_separates_parts(void)
{
    bool good = true;

    for (uint32_t align = 16U; align <= 4096U; align *= 2U) {
        for (uint16_t size = 1U; size <= SKR_VIRTQ_SIZE_MAX; size = (uint16_t)(size * 2U)) {
            for (uint32_t start = 0U; start <= 4096U; start += 13U) {
                uint32_t offset = start;
                skr_virtq_plan(&ring, true, 1U, 100U);
                good = good && (skr_virtq_place(&ring, window(), 0U, WINDOW, &offset, size, align) == SKR_CAUSE_NONE);
                good = good && (ring.desc >= start) && ((ring.desc - start) < align) && ((ring.desc % align) == 0U);
                good = good && (ring.avail == (ring.desc + (16U * size)));
                good = good && (ring.used == (ring.desc + SKR_VIRTQ_USED_OFFSET((uint32_t)size, align)));
                good = good && (ring.buffers >= (ring.used + 6U + (8U * size))) && ((ring.buffers % 16U) == 0U);
                good = good && (offset >= (ring.buffers + 100U)) && ((offset % 16U) == 0U) && (ring.size == size);
            }
        }
    }

    CHECK(good);
}

/* [utest->dsn~virtq.place~1] technique: boundary value */
static void test_virtq_place_window_just_large_enough_or_one_short_decides(void)
{
    uint32_t offset = 0U;
    skr_virtq_plan(&ring, true, COUNT, STRIDE);
    REQUIRE_EQUAL(skr_virtq_place(&ring, window(), 0U, WINDOW, &offset, SIZE, 16U), SKR_CAUSE_NONE);
    const uint32_t needed = offset;

    offset = 0U;
    const skr_cause_t fits = skr_virtq_place(&ring, window(), 0U, needed, &offset, SIZE, 16U);
    CHECK_EQUAL(fits, SKR_CAUSE_NONE);
    CHECK_EQUAL(offset, needed);
    CHECK_EQUAL(ring.limit, needed);

    const skr_virtq_t before = ring;
    offset = 0U;
    const skr_cause_t too_small = skr_virtq_place(&ring, window(), 0U, needed - 1U, &offset, SIZE, 16U);
    CHECK_EQUAL(too_small, SKR_CAUSE_MEMORY_SIZE);
    CHECK_EQUAL(offset, 0U);
    CHECK_BYTES(&ring, &before, sizeof ring);
}

/* [utest->dsn~virtq.place~1] technique: boundary value; no sum wraps at 32 bits */
static void test_virtq_place_at_end_of_largest_window_refuses(void)
{
    for (uint32_t back = 0U; back < 0x40000U; back += 4095U) {
        uint32_t offset = 0xFFFFFFFFU - back;
        skr_virtq_plan(&ring, true, 256U, 0x20000U);

        const skr_cause_t refused = skr_virtq_place(&ring, window(), 0U, 0xFFFFFFFFU, &offset, 256U, 4096U);

        CHECK_EQUAL(refused, SKR_CAUSE_MEMORY_SIZE);
        CHECK_EQUAL(offset, 0xFFFFFFFFU - back);
    }
}

/* [utest->dsn~virtq.place~1] technique: boundary value (ADV-T02) */
static void test_virtq_place_ring_smaller_than_buffers_refused(void)
{
    uint32_t offset = 16U;
    skr_virtq_plan(&ring, true, 9U, STRIDE);

    const skr_cause_t refused = skr_virtq_place(&ring, window(), 0U, WINDOW, &offset, 8U, 16U);
    CHECK_EQUAL(refused, SKR_CAUSE_QUEUE_SIZE);
    CHECK_EQUAL(offset, 16U);

    skr_virtq_plan(&ring, true, 8U, STRIDE);
    const skr_cause_t taken = skr_virtq_place(&ring, window(), 0U, WINDOW, &offset, 8U, 16U);
    CHECK_EQUAL(taken, SKR_CAUSE_NONE);
}

/* [utest->dsn~virtq.place~1] technique: equivalence class */
static void test_virtq_place_leaves_every_buffer_free_without_access(void)
{
    hook_count_from_here();

    given_placed(false, COUNT, SIZE, 16U);

    CHECK_EQUAL(ring.free_count, COUNT);
    CHECK_EQUAL(ring.outstanding, 0U);
    CHECK_EQUAL(ring.ready, 0U);
    CHECK_EQUAL(ring.avail_idx, 0U);
    CHECK_EQUAL(ring.kicked_idx, 0U);
    CHECK_EQUAL(ring.last_used, 0U);
    CHECK_EQUAL(ring.event_idx, 0U);
    CHECK_EQUAL(ring.address, MODEL_ADDRESS + MODEL_MEMORY_OFFSET);
    CHECK(ring.base == window());
    CHECK(books_hold(&ring));
    CHECK_TEXT(hook_order(), "");
}

/* --- format --- */

/* [utest->dsn~virtq.format~1] technique: equivalence class */
static void test_virtq_format_writes_empty_ring_and_fixed_descriptors(void)
{
    for (uint16_t direction = 0U; direction <= 1U; direction++) {
        model_open(&model, SKR_TRANSPORT_MMIO_V2, 3U);
        memset(model.block, 0xEE, sizeof model.block);
        given_placed(direction == 1U, COUNT, SIZE, 64U);
        model_place_virtq(&model, 0U, &ring);
        hook_count_from_here();

        skr_virtq_format(&ring);

        CHECK_EQUAL(hook_reads(), 0U);
        CHECK_EQUAL(hook_writes(), 3U + (4U * COUNT));
        for (uint16_t i = 0U; i < COUNT; i++) {
            uint32_t bytes = 0U;
            bool writable = false;
            const uint8_t *buffer = model_buffer(&model, 0U, i, &bytes, &writable);
            CHECK(buffer == (const uint8_t *)&model.block[MODEL_MEMORY_OFFSET + skr_virtq_buffer(&ring, i)]);
            CHECK_EQUAL(bytes, STRIDE);
            CHECK_EQUAL(writable, direction == 1U);
            CHECK_EQUAL(ring.length[i], STRIDE);
        }
        for (uint32_t i = 16U * COUNT; i < (16U * SIZE); i++) {
            CHECK_EQUAL(window()[ring.desc + i], 0U);
        }
        for (uint32_t i = 0U; i < (6U + (2U * SIZE)); i++) {
            CHECK_EQUAL(window()[ring.avail + i], 0U);
        }
        for (uint32_t i = 0U; i < (6U + (8U * SIZE)); i++) {
            CHECK_EQUAL(window()[ring.used + i], 0U);
        }
        CHECK_EQUAL(model.breaches, 0U);
    }
}

/* [utest->dsn~virtq.format~1] technique: boundary value */
static void test_virtq_format_touches_nothing_outside_ring(void)
{
    model_open(&model, SKR_TRANSPORT_MMIO_V2, 3U);
    memset(model.block, 0xEE, sizeof model.block);
    given_placed(true, COUNT, SIZE, 4096U);

    skr_virtq_format(&ring);

    bool good = true;
    for (uint32_t i = 0U; i < WINDOW; i++) {
        const bool inside = (i < (ring.avail + 6U + (2U * SIZE))) || ((i >= ring.used) && (i < (ring.used + 6U + (8U * SIZE))));
        good = good && (inside || (window()[i] == 0xEEU));
    }
    CHECK(good);
}

/* --- take, release, add, fill --- */

/* [utest->dsn~virtq.take~1] technique: boundary value (ADV-Q21: the device never gives back) */
static void test_virtq_take_until_none_is_left_gives_each_once(void)
{
    bool seen[COUNT] = { false };
    given_ring(false, COUNT, SIZE);
    hook_count_from_here();

    for (uint16_t i = 0U; i < COUNT; i++) {
        const uint16_t taken = skr_virtq_take(&ring);
        REQUIRE_EQUAL(taken < COUNT, true);
        CHECK(!seen[taken]);
        seen[taken] = true;
        CHECK_EQUAL(ring.owner[taken], SKR_VIRTQ_DRIVER);
        CHECK(books_hold(&ring));
    }

    CHECK_EQUAL(skr_virtq_take(&ring), SKR_VIRTQ_NONE);
    CHECK_EQUAL(ring.free_count, 0U);
    CHECK_TEXT(hook_order(), "");
}

/* [utest->dsn~virtq.release~1] technique: equivalence class */
static void test_virtq_release_buffer_is_taken_first_again(void)
{
    given_ring(false, COUNT, SIZE);
    const uint16_t first = skr_virtq_take(&ring);
    const uint16_t second = skr_virtq_take(&ring);
    hook_count_from_here();

    skr_virtq_release(&ring, first);

    CHECK_EQUAL(ring.owner[first], SKR_VIRTQ_FREE);
    CHECK_EQUAL(ring.owner[second], SKR_VIRTQ_DRIVER);
    CHECK_EQUAL(ring.free_count, COUNT - 1U);
    CHECK(books_hold(&ring));
    CHECK_EQUAL(skr_virtq_take(&ring), first);
    CHECK_TEXT(hook_order(), "");
}

/* [utest->dsn~virtq.add~1] technique: structural; the descriptor is written only if its length changes */
static void test_virtq_add_writes_length_only_when_it_changes(void)
{
    given_ring(false, COUNT, SIZE);
    const uint16_t mine = skr_virtq_take(&ring);

    hook_count_from_here();
    skr_virtq_add(&ring, mine, 17U);
    CHECK_TEXT(hook_order(), "ww");
    CHECK_EQUAL(ring.length[mine], 17U);
    CHECK_EQUAL(ring.outstanding, 1U);
    CHECK_EQUAL(ring.avail_idx, 1U);

    (void)skr_virtq_publish(&ring);
    model_push_used(&model, 0U, model_pop_avail(&model, 0U), 0U);
    then_pop_gives(mine, 0U);
    hook_count_from_here();
    skr_virtq_add(&ring, mine, 17U);
    CHECK_TEXT(hook_order(), "w");

    uint32_t bytes = 0U;
    bool writable = true;
    (void)model_buffer(&model, 0U, mine, &bytes, &writable);
    CHECK_EQUAL(bytes, 17U);
    CHECK(!writable);
}

/* [utest->dsn~virtq.add~1] technique: boundary value */
static void test_virtq_add_shows_nothing_before_publish(void)
{
    given_ring(false, COUNT, SIZE);
    given_indices_at(0xFFFFU);
    const uint16_t mine = skr_virtq_take(&ring);

    skr_virtq_add(&ring, mine, STRIDE);

    CHECK_EQUAL(model_avail_idx(&model, 0U), 0U);
    CHECK_EQUAL(model_avail_slot(&model, 0U, 0xFFFFU), mine);
    CHECK_EQUAL(ring.avail_idx, 0U);
    CHECK_EQUAL(ring.owner[mine], SKR_VIRTQ_DEVICE);
}

/* [utest->dsn~virtq.fill~1] technique: boundary value */
static void test_virtq_fill_every_number_of_free_buffers_posts_all(void)
{
    for (uint16_t kept = 0U; kept <= COUNT; kept++) {
        given_ring(true, COUNT, SIZE);
        for (uint16_t i = 0U; i < kept; i++) {
            (void)skr_virtq_take(&ring);
        }
        hook_count_from_here();

        skr_virtq_fill(&ring);

        CHECK_EQUAL(hook_writes(), COUNT - kept);
        CHECK_EQUAL(hook_reads(), 0U);
        CHECK_EQUAL(ring.free_count, 0U);
        CHECK_EQUAL(ring.outstanding, COUNT - kept);
        CHECK_EQUAL(ring.avail_idx, COUNT - kept);
        CHECK(books_hold(&ring));
    }
}

/* [utest->dsn~virtq.fill~1] technique: boundary value; the bound of two writes for each buffer is reached */
static void test_virtq_fill_after_short_buffers_restores_lengths(void)
{
    given_ring(true, COUNT, SIZE);
    given_posted(COUNT, 4U);
    for (uint16_t i = 0U; i < COUNT; i++) {
        model_push_used(&model, 0U, i, 1U);
        REQUIRE_EQUAL(pop_gives_one(), true);
        skr_virtq_release(&ring, ring.popped);
    }
    hook_count_from_here();

    skr_virtq_fill(&ring);

    CHECK_EQUAL(hook_writes(), 2U * COUNT);
    for (uint16_t i = 0U; i < COUNT; i++) {
        CHECK_EQUAL(ring.length[i], STRIDE);
    }
}

/* --- publish --- */

/* [utest->dsn~virtq.publish~1] technique: structural; order of barriers and accesses */
static void test_virtq_publish_orders_slot_index_and_wish(void)
{
    given_ring(false, COUNT, SIZE);
    skr_virtq_add(&ring, skr_virtq_take(&ring), STRIDE);
    hook_count_from_here();

    const bool wanted = skr_virtq_publish(&ring);

    CHECK(wanted);
    CHECK_TEXT(hook_order(), "RwFr");
    CHECK_EQUAL(hook_bytes_written(), 2U);
    CHECK_EQUAL(hook_bytes_read(), 2U);
    CHECK_EQUAL(model_avail_idx(&model, 0U), 1U);
}

/* [utest->dsn~virtq.publish~1] technique: boundary value */
static void test_virtq_publish_without_news_touches_nothing(void)
{
    given_ring(false, COUNT, SIZE);
    skr_virtq_add(&ring, skr_virtq_take(&ring), STRIDE);
    (void)skr_virtq_publish(&ring);
    hook_count_from_here();

    const bool wanted = skr_virtq_publish(&ring);

    CHECK(!wanted);
    CHECK_TEXT(hook_order(), "");
}

/* [utest->dsn~virtq.publish~1] technique: equivalence class (ADV-Q19: the flag can be stuck, it only decides about a kick) */
static void test_virtq_publish_every_flag_word_only_bit_0_decides(void)
{
    bool good = true;
    given_ring(false, COUNT, SIZE);

    for (uint32_t flags = 0U; flags <= 0xFFFFU; flags++) {
        const uint16_t word = (uint16_t)flags;
        memcpy(&model.block[MODEL_MEMORY_OFFSET + ring.used], &word, sizeof word);
        ring.avail_idx = (uint16_t)(ring.kicked_idx + 1U);
        good = good && (skr_virtq_publish(&ring) == ((flags % 2U) == 0U)) && (ring.kicked_idx == ring.avail_idx);
    }

    CHECK(good);
}

/* The prose of the standard, 2.7.7.2, word by word: kick if one of the entries just made available is the one asked for. */
static bool oracle_wants_kick(uint16_t event, uint16_t from, uint16_t number)
{
    bool wanted = false;
    for (uint32_t i = 0U; i < number; i++) {
        wanted = wanted || ((uint16_t)(from + i) == event);
    }
    return wanted;
}

/* [utest->dsn~virtq.publish~1] technique: oracle (ADV-Q20, ADV-Q26) */
static void test_virtq_publish_every_event_index_agrees_with_prose(void)
{
    static const uint16_t starts[] = { 0U, 1U, 0x7FFEU, 0x7FFFU, 0x8000U, 0xFFF0U, 0xFFFEU, 0xFFFFU };
    uint32_t differing = 0U;
    given_ring(false, COUNT, SIZE);
    ring.event_idx = 1U;

    for (size_t s = 0U; s < (sizeof starts / sizeof starts[0]); s++) {
        for (uint16_t number = 1U; number <= COUNT; number += 2U) {
            for (uint32_t event = 0U; event <= 0xFFFFU; event++) {
                ring.kicked_idx = starts[s];
                ring.avail_idx = (uint16_t)(starts[s] + number);
                model_raw_avail_event(&model, 0U, (uint16_t)event);
                differing += (skr_virtq_publish(&ring) != oracle_wants_kick((uint16_t)event, starts[s], number)) ? 1U : 0U;
            }
        }
    }

    CHECK_EQUAL(differing, 0U);
}

/* [utest->dsn~virtq.publish~1] technique: structural */
static void test_virtq_publish_with_event_index_reads_one_word(void)
{
    given_ring(false, COUNT, SIZE);
    ring.event_idx = 1U;
    skr_virtq_add(&ring, skr_virtq_take(&ring), STRIDE);
    hook_count_from_here();

    const bool wanted = skr_virtq_publish(&ring);

    CHECK(wanted);
    CHECK_TEXT(hook_order(), "RwFr");
}

/* --- pop --- */

/* [utest->dsn~virtq.pop~2] technique: equivalence class */
static void test_virtq_pop_empty_ring_gives_none_after_one_read(void)
{
    given_ring(true, COUNT, SIZE);
    given_posted(COUNT, STRIDE);
    skr_virtq_t before = ring;
    hook_count_from_here();

    const skr_cause_t found = pop();

    CHECK_EQUAL(found, SKR_CAUSE_NONE);
    CHECK_TEXT(hook_order(), "rA");
    CHECK_EQUAL(ring.popped, SKR_VIRTQ_NONE);
    CHECK_EQUAL(ring.popped_length, STALE_LENGTH);
    before.popped = SKR_VIRTQ_NONE;
    CHECK_BYTES(&ring, &before, sizeof ring);
}

/* [utest->dsn~virtq.pop~2] technique: structural; each word is read once, the index before the element */
static void test_virtq_pop_reads_index_once_for_a_batch(void)
{
    given_ring(true, COUNT, SIZE);
    given_posted(COUNT, STRIDE);
    model_push_used(&model, 0U, 3U, 10U);
    model_push_used(&model, 0U, 1U, 20U);

    hook_count_from_here();
    then_pop_gives(3U, 10U);
    CHECK_TEXT(hook_order(), "rArr");

    hook_count_from_here();
    then_pop_gives(1U, 20U);
    CHECK_TEXT(hook_order(), "rr");

    hook_count_from_here();
    then_pop_finds_nothing();
    CHECK_TEXT(hook_order(), "rA");
    CHECK_EQUAL(ring.outstanding, COUNT - 2U);
    CHECK(books_hold(&ring));
}

/* [utest->dsn~virtq.pop~2] technique: boundary value (ADV-Q06, ADV-Q07) */
static void test_virtq_pop_index_further_than_outstanding_is_fault(void)
{
    bool good = true;

    for (uint16_t posted = 0U; posted <= COUNT; posted++) {
        given_ring(true, COUNT, SIZE);
        given_posted(posted, STRIDE);
        for (uint16_t i = 0U; i < SIZE; i++) {
            model_raw_element(&model, 0U, i, ring.count - 1U, 0U);
        }
        const skr_virtq_t before = ring;
        for (uint32_t ahead = 0U; ahead <= 0xFFFFU; ahead++) {
            ring = before;
            model_raw_used_idx(&model, 0U, (uint16_t)ahead);
            const skr_cause_t found = pop();
            if (ahead == 0U) {
                good = good && (found == SKR_CAUSE_NONE) && (ring.popped == SKR_VIRTQ_NONE);
            } else if (ahead <= posted) {
                good = good && (found != SKR_CAUSE_USED_INDEX);
            } else {
                good = good && (found == SKR_CAUSE_USED_INDEX) && (ring.popped == SKR_VIRTQ_NONE);
            }
        }
    }

    CHECK(good);
}

/* [utest->dsn~virtq.pop~2] technique: boundary value (ADV-Q06): no element is looked at when the index is impossible */
static void test_virtq_pop_impossible_index_reads_no_element(void)
{
    static const uint16_t jumps[] = { COUNT + 1U, SIZE, SIZE + 1U, 0x7FFFU, 0x8000U, 0xFFFFU };

    for (size_t i = 0U; i < (sizeof jumps / sizeof jumps[0]); i++) {
        given_ring(true, COUNT, SIZE);
        given_posted(COUNT, STRIDE);
        model_raw_used_idx(&model, 0U, jumps[i]);
        hook_count_from_here();

        then_pop_faults(SKR_CAUSE_USED_INDEX);

        CHECK_TEXT(hook_order(), "rA");
    }
}

/* [utest->dsn~virtq.pop~2] technique: error guess (ADV-Q07): the index steps back after a completion, as after a restart */
static void test_virtq_pop_index_stepping_back_is_fault(void)
{
    given_ring(true, COUNT, SIZE);
    given_posted(COUNT, STRIDE);
    model_push_used(&model, 0U, 0U, 1U);
    model_push_used(&model, 0U, 1U, 1U);
    then_pop_gives(0U, 1U);
    then_pop_gives(1U, 1U);

    model_raw_used_idx(&model, 0U, 1U);
    then_pop_faults(SKR_CAUSE_USED_INDEX);

    model_raw_used_idx(&model, 0U, 0U);
    then_pop_faults(SKR_CAUSE_USED_INDEX);
}

/* [utest->dsn~virtq.pop~2] technique: boundary value (ADV-Q01, ADV-Q02, ADV-Q03: there are no chains, so every other index is wrong) */
static void test_virtq_pop_id_not_of_a_buffer_is_fault(void)
{
    static const uint32_t ids[] = { COUNT, SIZE - 1U, SIZE, 0xFFFFU, 0x10000U, 0x10001U, 0x80000000U, 0xFFFF0000U, 0xFFFFFFFFU };

    for (size_t i = 0U; i < (sizeof ids / sizeof ids[0]); i++) {
        given_ring(true, COUNT, SIZE);
        given_posted(COUNT, STRIDE);
        model_raw_push(&model, 0U, ids[i], 1U);

        then_pop_faults(SKR_CAUSE_USED_ID);
    }
}

/* [utest->dsn~virtq.pop~2] technique: boundary value (ADV-Q02): each bit above the id is looked at */
static void test_virtq_pop_id_with_any_upper_bit_is_fault(void)
{
    for (uint32_t bit = 3U; bit < 32U; bit++) {
        given_ring(true, COUNT, SIZE);
        given_posted(COUNT, STRIDE);
        model_raw_push(&model, 0U, 1U | (1U << bit), 1U);

        then_pop_faults(SKR_CAUSE_USED_ID);
    }
}

/* [utest->dsn~virtq.pop~2] technique: boundary value */
static void test_virtq_pop_first_and_last_id_are_accepted(void)
{
    given_ring(true, COUNT, SIZE);
    given_posted(COUNT, STRIDE);
    model_push_used(&model, 0U, COUNT - 1U, 1U);
    model_push_used(&model, 0U, 0U, 2U);

    then_pop_gives(COUNT - 1U, 1U);
    then_pop_gives(0U, 2U);
    CHECK(books_hold(&ring));
}

/* [utest->dsn~virtq.pop~2] technique: error guess (ADV-Q04) */
static void test_virtq_pop_same_id_twice_is_fault_at_second(void)
{
    given_ring(true, COUNT, SIZE);
    given_posted(COUNT, STRIDE);
    model_raw_push(&model, 0U, 2U, 1U);
    model_raw_push(&model, 0U, 2U, 1U);

    then_pop_gives(2U, 1U);

    then_pop_faults(SKR_CAUSE_USED_TWICE);
}

/* [utest->dsn~virtq.pop~2] technique: error guess (ADV-Q05): free, taken, or returned and released */
static void test_virtq_pop_id_that_device_does_not_hold_is_fault(void)
{
    given_ring(true, COUNT, SIZE);
    given_posted(2U, STRIDE);
    const uint16_t taken = skr_virtq_take(&ring);
    const uint16_t still_free = (uint16_t)ring.free_ids[0];
    const uint16_t both[] = { taken, still_free };

    for (size_t i = 0U; i < 2U; i++) {
        model_raw_element(&model, 0U, 0U, both[i], 1U);
        model_raw_used_idx(&model, 0U, 1U);
        then_pop_faults(SKR_CAUSE_USED_TWICE);
    }
    ring.ready = 0U;
    const uint16_t held = model_avail_slot(&model, 0U, 0U);
    model_raw_element(&model, 0U, 0U, held, 1U);
    then_pop_gives(held, 1U);
    skr_virtq_release(&ring, held);
    model_raw_push(&model, 0U, held, 1U);
    then_pop_faults(SKR_CAUSE_USED_TWICE);
}

/* [utest->dsn~virtq.pop~2] technique: boundary value (ADV-Q09, ADV-Q10) */
static void test_virtq_pop_receive_length_above_posted_is_fault(void)
{
    static const uint32_t posted[] = { 1U, 17U, STRIDE - 1U, STRIDE };

    for (size_t i = 0U; i < (sizeof posted / sizeof posted[0]); i++) {
        const uint32_t bad[] = { posted[i] + 1U, 0x10000U, 0x80000000U, 0xFFFFFFFFU };
        for (size_t k = 0U; k < (sizeof bad / sizeof bad[0]); k++) {
            given_ring(true, COUNT, SIZE);
            given_posted(1U, posted[i]);
            model_raw_push(&model, 0U, model_avail_slot(&model, 0U, 0U), bad[k]);

            then_pop_faults(SKR_CAUSE_USED_LENGTH);
        }
        given_ring(true, COUNT, SIZE);
        given_posted(2U, posted[i]);
        model_raw_push(&model, 0U, model_avail_slot(&model, 0U, 0U), posted[i]);
        model_raw_push(&model, 0U, model_avail_slot(&model, 0U, 1U), 0U);

        then_pop_gives(model_avail_slot(&model, 0U, 0U), posted[i]);
        then_pop_gives(model_avail_slot(&model, 0U, 1U), 0U);
    }
}

/* [utest->dsn~virtq.pop~2] technique: equivalence class (ADV-Q12) */
static void test_virtq_pop_transmit_length_is_ignored(void)
{
    static const uint32_t lengths[] = { 0U, 1U, STRIDE, STRIDE + 1U, 0xFFFFFFFFU };

    for (size_t i = 0U; i < (sizeof lengths / sizeof lengths[0]); i++) {
        given_ring(false, COUNT, SIZE);
        given_posted(1U, 9U);
        model_raw_push(&model, 0U, model_avail_slot(&model, 0U, 0U), lengths[i]);
        hook_count_from_here();

        then_pop_gives(model_avail_slot(&model, 0U, 0U), 0U);
        CHECK_TEXT(hook_order(), "rAr"); /* index and id: it is not even read */
    }
}

/* [utest->dsn~virtq.pop~2] technique: fault injection (ADV-Q16): each shared word changes right after it was read */
static void test_virtq_pop_words_changed_after_reading_have_no_effect(void)
{
    static const uint32_t nonsense[2] = { 0xFFFFFFFFU, 0xFFFFFFFFU };
    static const uint16_t far = 0x4000U;

    given_ring(true, COUNT, SIZE);
    given_posted(COUNT, STRIDE);
    model_push_used(&model, 0U, 4U, 12U);
    hook_poke_at(2U, &window()[ring.used + 2U], &far, 2U);
    then_pop_gives(4U, 12U);
    CHECK(hook_poked());

    given_ring(true, COUNT, SIZE);
    given_posted(COUNT, STRIDE);
    model_push_used(&model, 0U, 4U, 12U);
    hook_poke_at(3U, &window()[ring.used + 4U], nonsense, 4U);
    then_pop_gives(4U, 12U);
    CHECK(hook_poked());

    given_ring(true, COUNT, SIZE);
    given_posted(COUNT, STRIDE);
    model_push_used(&model, 0U, 4U, 12U);
    hook_poke_at(3U, &window()[ring.used + 8U], nonsense, 4U);
    then_pop_faults(SKR_CAUSE_USED_LENGTH);
    CHECK(hook_poked());
}

/* [utest->dsn~virtq.pop~2] technique: fault injection (ADV-Q13, ADV-Q14, ADV-Q15) */
static void test_virtq_pop_driver_area_overwritten_has_no_effect(void)
{
    for (uint32_t value = 0U; value <= 0xFFU; value += 0x55U) {
        given_ring(true, COUNT, SIZE);
        given_posted(COUNT, STRIDE);
        model_raw_scribble_driver_area(&model, 0U, (uint8_t)value);
        for (uint16_t i = 0U; i < COUNT; i++) {
            model_raw_push(&model, 0U, i, STRIDE);
        }

        for (uint16_t i = 0U; i < COUNT; i++) {
            then_pop_gives(i, STRIDE);
        }

        skr_virtq_add(&ring, 2U, STRIDE);
        (void)skr_virtq_publish(&ring);
        CHECK_EQUAL(model_avail_idx(&model, 0U), COUNT + 1U);
        CHECK_EQUAL(model_avail_slot(&model, 0U, COUNT), 2U);
        CHECK(books_hold(&ring));
    }
}

/* [utest->dsn~virtq.pop~2] technique: fault injection (ADV-Q08): the index grows while the ring is drained */
static void test_virtq_pop_index_growing_while_draining_is_bounded(void)
{
    uint32_t pops = 0U;
    given_ring(true, COUNT, SIZE);
    given_posted(COUNT, STRIDE);

    for (uint16_t i = 0U; i < COUNT; i++) {
        model_raw_push(&model, 0U, i, 1U);
    }
    skr_cause_t found = pop();
    while ((pops < 100U) && (found == SKR_CAUSE_NONE) && (ring.popped != SKR_VIRTQ_NONE)) {
        pops++;
        model_raw_push(&model, 0U, ring.popped, 1U);
        found = pop();
    }

    CHECK_EQUAL(pops, COUNT);
    CHECK_EQUAL(found, SKR_CAUSE_USED_INDEX);
    CHECK_EQUAL(ring.popped, SKR_VIRTQ_NONE);
}

/* [utest->dsn~virtq.pop~2] technique: equivalence class (ADV-Q22, ADV-Q24): all at once, in any order */
static void test_virtq_pop_every_order_of_return_is_accepted(void)
{
    uint32_t orders = 0U;

    for (uint32_t code = 0U; code < 3125U; code++) { /* 5^5 sequences, of which 5! are orders */
        uint16_t order[COUNT];
        uint32_t used = 0U;
        uint32_t rest = code;
        for (uint16_t i = 0U; i < COUNT; i++) {
            order[i] = (uint16_t)(rest % COUNT);
            used |= 1U << order[i];
            rest /= COUNT;
        }
        if (used == ((1U << COUNT) - 1U)) {
            orders++;
            given_ring(true, COUNT, SIZE);
            given_posted(COUNT, STRIDE);
            for (uint16_t i = 0U; i < COUNT; i++) {
                model_push_used(&model, 0U, order[i], i);
            }
            for (uint16_t i = 0U; i < COUNT; i++) {
                then_pop_gives(order[i], i);
            }
        }
    }

    CHECK_EQUAL(orders, 120U);
}

/* [utest->dsn~virtq.pop~2] technique: error guess (ADV-Q23): polled completions before any kick */
static void test_virtq_pop_completion_before_kick_is_accepted(void)
{
    given_ring(false, COUNT, SIZE);
    const uint16_t mine = skr_virtq_take(&ring);
    skr_virtq_add(&ring, mine, 8U);
    model_raw_push(&model, 0U, mine, 0U);

    then_pop_gives(mine, 0U);

    CHECK(skr_virtq_publish(&ring));
    CHECK(books_hold(&ring));
}

/* [utest->dsn~virtq.pop~2] technique: state table: what came back before is forgotten, its buffer and the books are not */
static void test_virtq_pop_nothing_new_forgets_last_result(void)
{
    for (uint16_t direction = 0U; direction <= 1U; direction++) {
        given_ring(direction == 1U, COUNT, SIZE);
        given_posted(COUNT, STRIDE);
        model_push_used(&model, 0U, 2U, 0U);
        then_pop_gives(2U, 0U);
        skr_virtq_t before = ring;

        const skr_cause_t found = pop();

        CHECK_EQUAL(found, SKR_CAUSE_NONE);
        CHECK_EQUAL(ring.popped, SKR_VIRTQ_NONE);
        CHECK_EQUAL(ring.owner[2], SKR_VIRTQ_DRIVER);
        before.popped = SKR_VIRTQ_NONE;
        CHECK_BYTES(&ring, &before, sizeof ring);

        CHECK(pop_gives_none());
        CHECK_BYTES(&ring, &before, sizeof ring);
    }
}

/* [utest->dsn~virtq.pop~2] technique: fault injection, each cause: a broken element leaves no older result to be taken for it */
static void test_virtq_pop_fault_forgets_last_result(void)
{
    static const struct { uint32_t id; uint32_t length; skr_cause_t cause; } row[] = {
        { COUNT, 1U, SKR_CAUSE_USED_ID },
        { 2U, 1U, SKR_CAUSE_USED_TWICE },
        { 1U, STRIDE + 1U, SKR_CAUSE_USED_LENGTH },
        { 1U, 1U, SKR_CAUSE_USED_INDEX },
    };

    for (size_t i = 0U; i < (sizeof row / sizeof row[0]); i++) {
        given_ring(true, COUNT, SIZE);
        given_posted(COUNT, STRIDE);
        model_raw_push(&model, 0U, 2U, 7U);
        then_pop_gives(2U, 7U);
        model_raw_push(&model, 0U, row[i].id, row[i].length);
        if (row[i].cause == SKR_CAUSE_USED_INDEX) {
            model_raw_used_idx(&model, 0U, COUNT + 1U);
        }
        skr_virtq_t before = ring;

        const skr_cause_t found = pop();

        CHECK_EQUAL(found, row[i].cause);
        CHECK_EQUAL(ring.popped, SKR_VIRTQ_NONE);
        CHECK_EQUAL(ring.owner[2], SKR_VIRTQ_DRIVER);
        before.popped = SKR_VIRTQ_NONE;
        before.ready = ring.ready;
        CHECK_BYTES(&ring, &before, sizeof ring);
        CHECK(books_hold(&ring));
    }
}

/* [utest->dsn~virtq.pop~2] technique: state table: a result is the last pop's until the next one, whatever is done in between */
static void test_virtq_pop_result_stands_until_next_pop(void)
{
    given_ring(true, COUNT, SIZE);
    given_posted(3U, STRIDE);
    const uint16_t first = model_avail_slot(&model, 0U, 0U);
    const uint16_t second = model_avail_slot(&model, 0U, 1U);
    model_push_used(&model, 0U, first, 11U);
    model_push_used(&model, 0U, second, 22U);
    then_pop_gives(first, 11U);

    skr_virtq_add(&ring, first, STRIDE);
    CHECK(skr_virtq_publish(&ring));
    const uint16_t taken = skr_virtq_take(&ring);
    skr_virtq_release(&ring, taken);
    skr_virtq_fill(&ring);
    skr_virtq_interrupts(&ring, false);
    (void)skr_virtq_buffer(&ring, second);
    CHECK_EQUAL(ring.popped, first);
    CHECK_EQUAL(ring.popped_length, 11U);

    then_pop_gives(second, 22U);
    CHECK(books_hold(&ring));
}

/* Each access lies in the ring's own part that the call may touch. */
static void check_used_ring_only(void *context, const hook_access_t *access)
{
    uint32_t *outside = context;
    const uint32_t end = access->offset + access->bytes;
    const bool inside = (access->offset >= ring.used) && (end <= (ring.used + 4U + (8U * ring.size)));

    if ((access->base != ring.base) || access->write || !inside) {
        (*outside)++;
    }
}

/* [utest->dsn~virtq.pop~2] technique: structural (ADV-Q17, ADV-Q18): buffers and driver area are never read */
static void test_virtq_pop_reads_used_ring_alone(void)
{
    uint32_t outside = 0U;
    given_ring(true, COUNT, SIZE);
    hook_script(check_used_ring_only, &outside);

    for (uint16_t i = 0U; i < 100U; i++) {
        hook_script(NULL, NULL);
        given_posted(1U, STRIDE);
        model_push_used(&model, 0U, model_avail_slot(&model, 0U, i), i % STRIDE);
        hook_script(check_used_ring_only, &outside);
        REQUIRE_EQUAL(pop_gives_one(), true);
        skr_virtq_release(&ring, ring.popped);
    }

    CHECK_EQUAL(outside, 0U);
}

/* --- wrap --- */

/* [utest->dsn~virtq.pop~2] technique: boundary value (ADV-Q26): every start of the three indices, every fill of the ring */
static void test_virtq_pop_every_start_of_indices_delivers_in_order(void)
{
    bool good = true;
    given_ring(true, 3U, 4U);

    for (uint32_t start = 0U; start <= 0xFFFFU; start++) {
        const uint16_t number = (uint16_t)(1U + (start % 3U));
        uint16_t posted[3];
        given_indices_at((uint16_t)start);
        for (uint16_t i = 0U; i < number; i++) {
            posted[i] = skr_virtq_take(&ring);
            skr_virtq_add(&ring, posted[i], STRIDE);
        }
        good = good && skr_virtq_publish(&ring) && (ring.avail_idx == (uint16_t)(start + number));
        for (uint16_t i = 0U; i < number; i++) {
            good = good && (model_pop_avail(&model, 0U) == posted[i]);
            model_raw_push(&model, 0U, posted[i], i);
        }
        good = good && (model_pop_avail(&model, 0U) == MODEL_NO_HEAD);
        for (uint16_t i = 0U; i < number; i++) {
            good = good && pop_gives_one() && (ring.popped == posted[i]) && (ring.popped_length == i);
            skr_virtq_release(&ring, posted[i]);
        }
        good = good && pop_gives_none() && (ring.last_used == (uint16_t)(start + number));
    }

    CHECK(good);
    CHECK(books_hold(&ring));
    CHECK_EQUAL(model.breaches, 0U);
}

/* [utest->dsn~virtq.pop~2] technique: boundary value (ADV-Q26): checks hold on both sides of the wrap */
static void test_virtq_pop_faults_around_wrap_are_found(void)
{
    for (uint32_t start = 0xFFF8U; start <= 0x10008U; start++) {
        given_ring(true, COUNT, SIZE);
        given_indices_at((uint16_t)start);
        given_posted(COUNT, STRIDE);
        model_raw_used_idx(&model, 0U, (uint16_t)(start + COUNT + 1U));
        then_pop_faults(SKR_CAUSE_USED_INDEX);
        model_raw_used_idx(&model, 0U, (uint16_t)(start - 1U));
        then_pop_faults(SKR_CAUSE_USED_INDEX);
        model_raw_used_idx(&model, 0U, (uint16_t)start);
        model_raw_push(&model, 0U, 1U, STRIDE);
        then_pop_gives(1U, STRIDE);
        model_raw_push(&model, 0U, 1U, STRIDE);
        then_pop_faults(SKR_CAUSE_USED_TWICE);
    }
}

/* [utest->dsn~virtq.add~1] technique: boundary value (ADV-Q26): more than a whole turn without any preset */
static void test_virtq_add_run_of_200000_buffers_keeps_step(void)
{
    bool good = true;
    given_ring(false, COUNT, SIZE);

    for (uint32_t i = 0U; i < 200000U; i++) {
        const uint16_t mine = skr_virtq_take(&ring);
        skr_virtq_add(&ring, mine, 1U + (i % STRIDE));
        good = good && skr_virtq_publish(&ring) && (model_pop_avail(&model, 0U) == mine);
        model_push_used(&model, 0U, mine, 0U);
        good = good && pop_gives_one() && (ring.popped == mine);
        skr_virtq_release(&ring, mine);
    }

    CHECK(good);
    CHECK_EQUAL(ring.avail_idx, 200000U % 0x10000U);
    CHECK_EQUAL(ring.last_used, 200000U % 0x10000U);
    CHECK(books_hold(&ring));
}

/* --- interrupts --- */

/* [utest->dsn~virtq.interrupts~1] technique: equivalence class */
static void test_virtq_interrupts_without_event_index_sets_flag(void)
{
    given_ring(true, COUNT, SIZE);

    hook_count_from_here();
    skr_virtq_interrupts(&ring, false);
    CHECK_TEXT(hook_order(), "wF");
    CHECK_EQUAL(model_avail_flags(&model, 0U), 1U);

    hook_count_from_here();
    skr_virtq_interrupts(&ring, true);
    CHECK_TEXT(hook_order(), "wF");
    CHECK_EQUAL(model_avail_flags(&model, 0U), 0U);
}

/* [utest->dsn~virtq.interrupts~1] technique: boundary value */
static void test_virtq_interrupts_with_event_index_names_next_or_last_element(void)
{
    static const uint16_t positions[] = { 0U, 1U, 0x7FFFU, 0x8000U, 0xFFFFU };

    for (size_t i = 0U; i < (sizeof positions / sizeof positions[0]); i++) {
        given_ring(true, COUNT, SIZE);
        ring.event_idx = 1U;
        model.accepted = 1ULL << 29U;
        given_indices_at(positions[i]);
        given_posted(2U, STRIDE);

        hook_count_from_here();
        skr_virtq_interrupts(&ring, false);
        CHECK_TEXT(hook_order(), "wF");
        CHECK_EQUAL(model_used_event(&model, 0U), (uint16_t)(positions[i] - 1U));
        model_push_used(&model, 0U, model_avail_slot(&model, 0U, positions[i]), 0U);
        CHECK_EQUAL(model.interrupts_raised, 0U);

        CHECK(pop_gives_one());
        skr_virtq_interrupts(&ring, true);
        CHECK_EQUAL(model_used_event(&model, 0U), (uint16_t)(positions[i] + 1U));
        model_push_used(&model, 0U, model_avail_slot(&model, 0U, (uint16_t)(positions[i] + 1U)), 0U);
        CHECK_EQUAL(model.interrupts_raised, 1U);
    }
}

/* --- buffer --- */

/* [utest->dsn~virtq.buffer~1] technique: boundary value */
static void test_virtq_buffer_every_id_lies_in_window_apart_from_others(void)
{
    given_ring(true, COUNT, SIZE);
    hook_count_from_here();

    for (uint16_t i = 0U; i < COUNT; i++) {
        CHECK_EQUAL(skr_virtq_buffer(&ring, i), ring.buffers + (STRIDE * i));
        CHECK((skr_virtq_buffer(&ring, i) + STRIDE) <= ring.limit);
    }

    CHECK_TEXT(hook_order(), "");
}

/* --- attach --- */

/* An earlier life with its indices at `start` posted `posted` buffers of `bytes` bytes, of which the device returned the
 * first `returned`; then this side lost its memory. */
static void given_earlier_life(bool from_device, uint16_t start, uint16_t posted, uint16_t returned, uint32_t bytes)
{
    given_ring(from_device, COUNT, SIZE);
    given_indices_at(start);
    memcpy(&model.block[MODEL_MEMORY_OFFSET + ring.avail + 2U], &start, sizeof start);
    given_posted(posted, bytes);
    for (uint16_t i = 0U; i < returned; i++) {
        model_push_used(&model, 0U, model_avail_slot(&model, 0U, (uint16_t)(start + i)), 0U);
    }
    given_placed(from_device, COUNT, SIZE, 16U);
}

/* [utest->dsn~virtq.attach~1] technique: boundary value (ADV-Q26): every fill of the ring, on both sides of the wrap */
static void test_virtq_attach_sound_ring_is_taken_over(void)
{
    static const uint16_t starts[] = { 0U, 1U, 7U, 0xFFFBU, 0xFFFDU, 0xFFFFU };

    for (size_t s = 0U; s < (sizeof starts / sizeof starts[0]); s++) {
        for (uint16_t posted = 0U; posted <= COUNT; posted++) {
            for (uint16_t returned = 0U; returned <= posted; returned++) {
                given_earlier_life(true, starts[s], posted, returned, STRIDE);
                const uint16_t held = (uint16_t)(posted - returned);
                hook_count_from_here();

                const skr_cause_t result = skr_virtq_attach(&ring);

                CHECK_EQUAL(result, SKR_CAUSE_NONE);
                CHECK_EQUAL(hook_reads(), 2U + held);
                CHECK_EQUAL(hook_writes(), 4U * (COUNT - held));
                CHECK_EQUAL(ring.outstanding, held);
                CHECK_EQUAL(ring.free_count, COUNT - held);
                CHECK_EQUAL(ring.last_used, (uint16_t)(starts[s] + returned));
                CHECK_EQUAL(ring.avail_idx, (uint16_t)(starts[s] + posted));
                CHECK_EQUAL(ring.kicked_idx, ring.avail_idx);
                CHECK(books_hold(&ring));
            }
        }
    }
}

/* [utest->dsn~virtq.attach~1] technique: equivalence class; traffic goes on after taking over */
static void test_virtq_attach_then_traffic_loses_no_buffer(void)
{
    given_earlier_life(true, 0xFFFEU, 4U, 1U, STRIDE);
    REQUIRE_EQUAL(skr_virtq_attach(&ring), SKR_CAUSE_NONE);

    skr_virtq_fill(&ring);
    (void)skr_virtq_publish(&ring);
    for (uint16_t i = 0U; i < 2U; i++) {
        REQUIRE_EQUAL(model_pop_avail(&model, 0U) != MODEL_NO_HEAD, true);
    }
    for (uint16_t i = 0U; i < COUNT; i++) {
        model_push_used(&model, 0U, model_avail_slot(&model, 0U, (uint16_t)(0xFFFFU + i)), STRIDE);
    }

    uint32_t seen = 0U;
    for (uint16_t i = 0U; i < COUNT; i++) {
        REQUIRE_EQUAL(pop_gives_one(), true);
        CHECK_EQUAL(ring.popped_length, STRIDE);
        seen |= 1U << ring.popped;
    }
    CHECK_EQUAL(seen, (1U << COUNT) - 1U);
    then_pop_finds_nothing();
    CHECK_EQUAL(model.breaches, 0U);
}

/* [utest->dsn~virtq.attach~1] technique: equivalence class; what is being sent is not touched, its next use is whole */
static void test_virtq_attach_transmit_in_flight_keeps_its_descriptor(void)
{
    given_earlier_life(false, 0U, 2U, 1U, 9U);
    const uint16_t held = model_avail_slot(&model, 0U, 1U);
    uint8_t before[16];
    memcpy(before, &model.block[MODEL_MEMORY_OFFSET + ring.desc + (16U * held)], sizeof before);

    REQUIRE_EQUAL(skr_virtq_attach(&ring), SKR_CAUSE_NONE);

    CHECK_BYTES(&window()[ring.desc + (16U * held)], before, sizeof before);
    model_push_used(&model, 0U, held, 0U);
    then_pop_gives(held, 0U);
    hook_count_from_here();
    skr_virtq_add(&ring, held, STRIDE);
    CHECK_TEXT(hook_order(), "ww");
    uint32_t bytes = 0U;
    bool writable = true;
    (void)model_buffer(&model, 0U, held, &bytes, &writable);
    CHECK_EQUAL(bytes, STRIDE);
}

/* [utest->dsn~virtq.attach~1] technique: boundary value; lengths are checked after taking over as before */
static void test_virtq_attach_then_length_above_buffer_is_fault(void)
{
    given_earlier_life(true, 0U, 2U, 0U, STRIDE);
    REQUIRE_EQUAL(skr_virtq_attach(&ring), SKR_CAUSE_NONE);
    model_raw_push(&model, 0U, model_avail_slot(&model, 0U, 0U), STRIDE + 1U);

    then_pop_faults(SKR_CAUSE_USED_LENGTH);
}

static void then_attach_refuses(void)
{
    CHECK_EQUAL(skr_virtq_attach(&ring), SKR_CAUSE_ATTACH);
    CHECK_EQUAL(ring.free_count, 0U);
    CHECK_EQUAL(ring.outstanding, 0U);
    CHECK_EQUAL(skr_virtq_take(&ring), SKR_VIRTQ_NONE);
}

/* [utest->dsn~virtq.attach~1] technique: boundary value (ADV-Q06, ADV-P04) */
static void test_virtq_attach_indices_too_far_apart_refused(void)
{
    static const uint16_t apart[] = { COUNT + 1U, SIZE, 0x8000U, 0xFFFFU };

    for (size_t i = 0U; i < (sizeof apart / sizeof apart[0]); i++) {
        given_earlier_life(true, 0U, COUNT, 0U, STRIDE);
        model_raw_used_idx(&model, 0U, (uint16_t)(COUNT - apart[i]));
        hook_count_from_here();

        then_attach_refuses();

        CHECK_TEXT(hook_order(), "rr");
    }
}

/* [utest->dsn~virtq.attach~1] technique: boundary value (ADV-Q15): the available ring came back spoilt */
static void test_virtq_attach_entry_naming_no_buffer_refused(void)
{
    static const uint16_t ids[] = { COUNT, SIZE, 0x7FFFU, 0xFFFFU };

    for (size_t i = 0U; i < (sizeof ids / sizeof ids[0]); i++) {
        for (uint32_t slot = 0U; slot < COUNT; slot++) {
            given_earlier_life(true, 0U, COUNT, 0U, STRIDE);
            memcpy(&model.block[MODEL_MEMORY_OFFSET + ring.avail + 4U + (2U * slot)], &ids[i], 2U);
            ring.owner[COUNT] = SKR_VIRTQ_DRIVER; /* what lies behind the buffers' owners must not matter */

            then_attach_refuses();
        }
    }
}

/* [utest->dsn~virtq.attach~1] technique: boundary value (ADV-Q04) */
static void test_virtq_attach_entry_named_twice_refused(void)
{
    for (uint16_t slot = 1U; slot < COUNT; slot++) {
        given_earlier_life(true, 0U, COUNT, 0U, STRIDE);
        const uint16_t first = model_avail_slot(&model, 0U, 0U);
        memcpy(&model.block[MODEL_MEMORY_OFFSET + ring.avail + 4U + (2U * (uint32_t)slot)], &first, 2U);

        then_attach_refuses();
    }
}

/* --- random --- */

/* A ring as a child would keep it: who has each buffer, and a queue of what was made available. */
typedef struct {
    skr_virtq_book_t owner[SKR_VIRTQ_SIZE_MAX]; /* of the ring's own type: compared as bytes */
    uint32_t length[SKR_VIRTQ_SIZE_MAX];
    uint16_t added[0x400];  /* circular: made available, in order */
    uint32_t added_first;
    uint32_t published;
    uint32_t added_last;
    uint16_t held[SKR_VIRTQ_SIZE_MAX]; /* with the device */
    uint16_t held_count;
    uint16_t back[0x400];   /* circular: returned by the device, not popped */
    uint32_t back_length[0x400];
    uint32_t back_first;
    uint32_t back_last;
    uint16_t mine[SKR_VIRTQ_SIZE_MAX];
    uint16_t mine_count;
    uint16_t free_count;
} reference_t;

static reference_t reference;

static bool step_driver(uint32_t choice, uint32_t value)
{
    reference_t *r = &reference;
    bool good = true;

    if (choice == 0U) {
        const uint16_t taken = skr_virtq_take(&ring);
        if (r->free_count == 0U) {
            good = taken == SKR_VIRTQ_NONE;
        } else {
            good = (taken < ring.count) && (r->owner[taken] == SKR_VIRTQ_FREE);
            r->owner[taken % SKR_VIRTQ_SIZE_MAX] = SKR_VIRTQ_DRIVER;
            r->mine[r->mine_count++] = taken;
            r->free_count--;
        }
    } else if ((choice == 1U) && (r->mine_count != 0U)) {
        const uint16_t mine = r->mine[--r->mine_count];
        skr_virtq_release(&ring, mine);
        r->owner[mine] = SKR_VIRTQ_FREE;
        r->free_count++;
    } else if ((choice <= 4U) && (r->mine_count != 0U)) {
        const uint16_t mine = r->mine[--r->mine_count];
        r->length[mine] = 1U + (value % STRIDE);
        skr_virtq_add(&ring, mine, r->length[mine]);
        r->owner[mine] = SKR_VIRTQ_DEVICE;
        r->added[r->added_last++ % 0x400U] = mine;
    } else if (choice <= 6U) {
        const bool news = r->published != r->added_last;
        good = skr_virtq_publish(&ring) == news;
        r->published = r->added_last;
    } else {
        if (r->back_first == r->back_last) {
            good = pop_gives_none();
        } else {
            const uint32_t at = r->back_first++ % 0x400U;
            good = pop_gives_one() && (ring.popped == r->back[at]) && (ring.popped_length == r->back_length[at]);
            r->owner[r->back[at]] = SKR_VIRTQ_DRIVER;
            r->mine[r->mine_count++] = r->back[at];
        }
    }
    return good;
}

static bool step_device(uint32_t choice, uint32_t value)
{
    reference_t *r = &reference;
    bool good = true;

    if (choice == 0U) {
        const uint16_t head = model_pop_avail(&model, 0U);
        if (r->added_first == r->published) {
            good = head == MODEL_NO_HEAD;
        } else {
            good = head == r->added[r->added_first++ % 0x400U];
            r->held[r->held_count++] = head;
        }
    } else if (r->held_count != 0U) {
        const uint16_t pick = (uint16_t)(value % r->held_count);
        const uint16_t head = r->held[pick];
        const uint32_t at = r->back_last++ % 0x400U;
        r->held[pick] = r->held[--r->held_count];
        r->back[at] = head;
        r->back_length[at] = (ring.from_device != 0U) ? (value % (r->length[head] + 1U)) : 0U;
        model_raw_push(&model, 0U, head, (ring.from_device != 0U) ? r->back_length[at] : value);
    } else {
        /* nothing to return */
    }
    return good;
}

static void run_random(bool from_device, uint16_t count, uint16_t size, uint32_t steps, uint32_t seed)
{
    uint32_t state = seed;
    uint32_t good_steps = 0U;
    bool good = true;

    given_ring(from_device, count, size);
    memset(&reference, 0, sizeof reference);
    reference.free_count = count;
    while (good && (good_steps < steps)) {
        const uint32_t draw = test_random(&state);
        const uint32_t value = test_random(&state);
        good = ((draw % 3U) == 0U) ? step_device((draw >> 8U) % 2U, value) : step_driver((draw >> 8U) % 10U, value);
        good = good && (ring.free_count == reference.free_count);
        if ((good_steps % 1024U) == 0U) {
            good = good && books_hold(&ring) && (memcmp(ring.owner, reference.owner, count * sizeof ring.owner[0]) == 0);
        }
        good_steps++;
    }
    CHECK(good);
    CHECK_EQUAL(good_steps, steps);
    CHECK_EQUAL(model.breaches, 0U);
}

/* [utest->dsn~virtq.pop~2] technique: random, against a reference model (ADV-Q22) */
static void test_virtq_pop_million_random_steps_agree_with_reference(void)
{
    run_random(true, COUNT, SIZE, 400000U, 0x1234567U);
    run_random(false, 3U, 4U, 300000U, 0x89ABCDEU);
    run_random(true, SKR_VIRTQ_SIZE_MAX, SKR_VIRTQ_SIZE_MAX, 200000U, 0xCAFEU);
    run_random(false, 1U, 1U, 100000U, 0xBEEFU);
}

static void spoil_random_word(void *context, const hook_access_t *access)
{
    uint32_t *state = context;

    if ((test_random(state) % 8U) == 0U) {
        const uint32_t where = test_random(state) % (ring.buffers / 4U);
        const uint32_t value = ((test_random(state) % 2U) == 0U) ? (test_random(state) % 8U) : test_random(state);
        memcpy(&model.block[MODEL_MEMORY_OFFSET + (4U * where)], &value, sizeof value);
    }
    (void)access;
}

/* [utest->dsn~virtq.pop~2] technique: random fault injection: ring memory changes before any access */
static void test_virtq_pop_random_memory_keeps_books_and_neighbours(void)
{
    static struct { uint8_t before[64]; skr_virtq_t q; uint8_t after[64]; } guarded;
    uint32_t state = 0xD00DU;
    uint32_t faults = 0U;
    uint32_t returned = 0U;
    bool good = true;

    memset(&guarded, 0x3C, sizeof guarded);
    for (uint32_t life = 0U; life < 4000U; life++) {
        given_ring((life % 2U) == 0U, COUNT, SIZE);
        memset(&model.block[MODEL_MEMORY_OFFSET + ring.buffers], 0x66, 4096U);
        guarded.q = ring;
        guarded.q.event_idx = (uint16_t)((life / 2U) % 2U);
        hook_script(spoil_random_word, &state);
        bool alive = true;
        for (uint32_t i = 0U; alive && (i < 60U); i++) {
            hook_count_from_here();
            skr_virtq_fill(&guarded.q);
            (void)skr_virtq_publish(&guarded.q);
            good = good && ((hook_reads() + hook_writes()) <= ((2U * COUNT) + 2U));
            if ((test_random(&state) % 2U) == 0U) {
                model_raw_push(&model, 0U, test_random(&state) % COUNT, test_random(&state) % (STRIDE + 1U));
            }
            hook_count_from_here();
            const skr_cause_t found = skr_virtq_pop(&guarded.q);
            good = good && (hook_reads() <= 3U) && (hook_writes() == 0U) && books_hold(&guarded.q);
            if (guarded.q.popped != SKR_VIRTQ_NONE) {
                returned++;
                good = good && (found == SKR_CAUSE_NONE) && (guarded.q.popped < COUNT) && (guarded.q.popped_length <= STRIDE);
                skr_virtq_release(&guarded.q, guarded.q.popped);
            }
            alive = found == SKR_CAUSE_NONE;
        }
        faults += alive ? 0U : 1U;
        hook_script(NULL, NULL);
        const uint32_t end = guarded.q.buffers;
        for (uint32_t i = 0U; i < 4096U; i++) {
            good = good && (model.block[MODEL_MEMORY_OFFSET + end + i] == 0x66U);
        }
    }

    CHECK(good);
    CHECK(faults > 1000U);
    CHECK(returned > 1000U);
    for (size_t i = 0U; i < 64U; i++) {
        CHECK_EQUAL(guarded.before[i], 0x3CU);
        CHECK_EQUAL(guarded.after[i], 0x3CU);
    }
}

/* [utest->dsn~virtq.attach~1] technique: random fault injection */
static void test_virtq_attach_random_memory_keeps_books(void)
{
    uint32_t state = 0xFEEDU;
    uint32_t taken_over = 0U;
    bool good = true;

    given_ring(true, COUNT, SIZE);
    for (uint32_t life = 0U; life < 200000U; life++) {
        const uint32_t bytes = ring.used + 4U;
        for (uint32_t i = ring.avail; i < bytes; i += 2U) {
            const uint16_t value = (uint16_t)(((test_random(&state) % 16U) == 0U) ? test_random(&state) : (test_random(&state) % 6U));
            memcpy(&model.block[MODEL_MEMORY_OFFSET + i], &value, sizeof value);
        }
        uint32_t offset = 0U;
        good = good && (skr_virtq_place(&ring, window(), 0U, WINDOW, &offset, SIZE, 16U) == SKR_CAUSE_NONE);
        hook_count_from_here();
        const skr_cause_t result = skr_virtq_attach(&ring);
        good = good && (hook_reads() <= (COUNT + 2U)) && (hook_writes() <= (4U * COUNT));
        if (result == SKR_CAUSE_NONE) {
            taken_over++;
            good = good && books_hold(&ring) && (((uint32_t)ring.free_count + ring.outstanding) == COUNT);
        } else {
            good = good && (result == SKR_CAUSE_ATTACH) && (ring.free_count == 0U) && (ring.outstanding == 0U);
        }
    }

    CHECK(good);
    CHECK(taken_over > 1000U);
}

SKR_SUITE(virtq,
    SKR_TEST(test_virtq_plan_either_direction_notes_buffers_without_access),
    SKR_TEST(test_virtq_place_legacy_layout_agrees_with_table),
    SKR_TEST(test_virtq_place_every_offset_aligns_and_separates_parts),
    SKR_TEST(test_virtq_place_window_just_large_enough_or_one_short_decides),
    SKR_TEST(test_virtq_place_at_end_of_largest_window_refuses),
    SKR_TEST(test_virtq_place_ring_smaller_than_buffers_refused),
    SKR_TEST(test_virtq_place_leaves_every_buffer_free_without_access),
    SKR_TEST(test_virtq_format_writes_empty_ring_and_fixed_descriptors),
    SKR_TEST(test_virtq_format_touches_nothing_outside_ring),
    SKR_TEST(test_virtq_take_until_none_is_left_gives_each_once),
    SKR_TEST(test_virtq_release_buffer_is_taken_first_again),
    SKR_TEST(test_virtq_add_writes_length_only_when_it_changes),
    SKR_TEST(test_virtq_add_shows_nothing_before_publish),
    SKR_TEST(test_virtq_fill_every_number_of_free_buffers_posts_all),
    SKR_TEST(test_virtq_fill_after_short_buffers_restores_lengths),
    SKR_TEST(test_virtq_publish_orders_slot_index_and_wish),
    SKR_TEST(test_virtq_publish_without_news_touches_nothing),
    SKR_TEST(test_virtq_publish_every_flag_word_only_bit_0_decides),
    SKR_TEST(test_virtq_publish_every_event_index_agrees_with_prose),
    SKR_TEST(test_virtq_publish_with_event_index_reads_one_word),
    SKR_TEST(test_virtq_pop_empty_ring_gives_none_after_one_read),
    SKR_TEST(test_virtq_pop_reads_index_once_for_a_batch),
    SKR_TEST(test_virtq_pop_index_further_than_outstanding_is_fault),
    SKR_TEST(test_virtq_pop_impossible_index_reads_no_element),
    SKR_TEST(test_virtq_pop_index_stepping_back_is_fault),
    SKR_TEST(test_virtq_pop_id_not_of_a_buffer_is_fault),
    SKR_TEST(test_virtq_pop_id_with_any_upper_bit_is_fault),
    SKR_TEST(test_virtq_pop_first_and_last_id_are_accepted),
    SKR_TEST(test_virtq_pop_same_id_twice_is_fault_at_second),
    SKR_TEST(test_virtq_pop_id_that_device_does_not_hold_is_fault),
    SKR_TEST(test_virtq_pop_receive_length_above_posted_is_fault),
    SKR_TEST(test_virtq_pop_transmit_length_is_ignored),
    SKR_TEST(test_virtq_pop_words_changed_after_reading_have_no_effect),
    SKR_TEST(test_virtq_pop_driver_area_overwritten_has_no_effect),
    SKR_TEST(test_virtq_pop_index_growing_while_draining_is_bounded),
    SKR_TEST(test_virtq_pop_every_order_of_return_is_accepted),
    SKR_TEST(test_virtq_pop_completion_before_kick_is_accepted),
    SKR_TEST(test_virtq_pop_nothing_new_forgets_last_result),
    SKR_TEST(test_virtq_pop_fault_forgets_last_result),
    SKR_TEST(test_virtq_pop_result_stands_until_next_pop),
    SKR_TEST(test_virtq_pop_reads_used_ring_alone),
    SKR_TEST(test_virtq_pop_every_start_of_indices_delivers_in_order),
    SKR_TEST(test_virtq_pop_faults_around_wrap_are_found),
    SKR_TEST(test_virtq_add_run_of_200000_buffers_keeps_step),
    SKR_TEST(test_virtq_interrupts_without_event_index_sets_flag),
    SKR_TEST(test_virtq_interrupts_with_event_index_names_next_or_last_element),
    SKR_TEST(test_virtq_buffer_every_id_lies_in_window_apart_from_others),
    SKR_TEST(test_virtq_attach_sound_ring_is_taken_over),
    SKR_TEST(test_virtq_attach_then_traffic_loses_no_buffer),
    SKR_TEST(test_virtq_attach_transmit_in_flight_keeps_its_descriptor),
    SKR_TEST(test_virtq_attach_then_length_above_buffer_is_fault),
    SKR_TEST(test_virtq_attach_indices_too_far_apart_refused),
    SKR_TEST(test_virtq_attach_entry_naming_no_buffer_refused),
    SKR_TEST(test_virtq_attach_entry_named_twice_refused),
    SKR_TEST(test_virtq_pop_million_random_steps_agree_with_reference),
    SKR_TEST(test_virtq_pop_random_memory_keeps_books_and_neighbours),
    SKR_TEST(test_virtq_attach_random_memory_keeps_books))
