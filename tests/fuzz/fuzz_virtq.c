/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ring (virtq.h) with the fuzzer as the device: it decides what stands in the shared memory, when it changes, and which
 * call comes next. Books of our own say after every call who has which buffer, and, as long as nothing changes in the middle
 * of a call, what skr_virtq_pop() and skr_virtq_publish() have to answer.
 */
#include <stdalign.h>
#include <string.h>

#include "fuzz.h"
#include "skerry/virtq.h"

#define WINDOW 0x3000U
#define ADDRESS 0x40000000ULL
#define MOST_ACTIONS 200U

typedef enum { FREE, DEVICE, DRIVER } owner_t;

static alignas(4096) uint8_t window[WINDOW];
static skr_virtq_t q;
static fuzz_input_t in;

/* Our books. Indices as in the standard. */
static struct {
    owner_t owner[SKR_VIRTQ_SIZE_MAX];
    uint32_t length[SKR_VIRTQ_SIZE_MAX];
    uint16_t slot[SKR_VIRTQ_SIZE_MAX];  /* what the available ring has to hold */
    uint32_t count;
    uint32_t stride;
    uint32_t size;
    uint32_t align;
    bool from_device;
    bool event_idx;
    uint16_t avail_idx;
    uint16_t shown_idx;
    uint16_t last_used;
    uint16_t ready;      /* used elements known to be there */
    bool poke_armed;     /* memory will change in the middle of the next call that touches it */
    bool spoiled;        /* the device has written to descriptors or available ring */
    bool broken;         /* the last pop found the ring broken */
} books;

/* --- the device's view --- */

static uint32_t peek(uint32_t offset, uint32_t bytes)
{
    uint32_t value = 0U;

    memcpy(&value, &window[offset], bytes);
    return value;
}

static void put(uint32_t offset, uint32_t value, uint32_t bytes)
{
    memcpy(&window[offset], &value, bytes);
}

static uint32_t number_of(owner_t owner)
{
    uint32_t number = 0U;

    for (uint32_t i = 0U; i < books.count; i++) {
        number += (books.owner[i] == owner) ? 1U : 0U;
    }
    return number;
}

/* The n-th buffer of an owner, counted round and round; the owner has some. */
static uint16_t nth_of(owner_t owner, uint32_t n)
{
    uint32_t left = n % number_of(owner);
    uint16_t id = 0U;

    while ((books.owner[id] != owner) || (left != 0U)) {
        left -= (books.owner[id] == owner) ? 1U : 0U;
        id++;
    }
    return id;
}

/* --- begin --- */

static void allow_ring(bool attaching)
{
    guard_open();
    guard_allow(&window[q.desc], 16U * books.size, GUARD_WRITE);
    guard_allow(&window[q.avail], 6U + (2U * books.size), attaching ? (GUARD_READ | GUARD_WRITE) : GUARD_WRITE);
    guard_allow(&window[q.used], 6U + (8U * books.size), GUARD_READ);
    books.poke_armed = false;
}

static void expect_placed(uint32_t begin, uint32_t end)
{
    EXPECT("the ring begins behind what was placed before", q.desc >= begin);
    EXPECT_EQUAL("alignment of the ring", q.desc % books.align, 0U);
    EXPECT_EQUAL("alignment of the used ring", q.used % books.align, 0U);
    EXPECT_EQUAL("place of the available ring", q.avail, q.desc + (16U * books.size));
    EXPECT("the used ring lies behind the available ring", q.used >= (q.avail + 6U + (2U * books.size)));
    EXPECT("the buffers lie behind the used ring", q.buffers >= (q.used + 6U + (8U * books.size)));
    EXPECT_EQUAL("alignment of the buffers", q.buffers % 4U, 0U);
    EXPECT("the buffers end in time", (q.buffers + (books.count * books.stride)) <= end);
    EXPECT_AT_MOST("end of the ring", end, WINDOW);
    EXPECT_EQUAL("alignment of what follows", end % 16U, 0U);
}

/* Descriptors for ever: after format or attach each free one says where its buffer lies, and who writes it. */
static void expect_descriptors(void)
{
    for (uint32_t n = 0U; n < number_of(FREE); n++) {
        const uint32_t i = nth_of(FREE, n);
        const uint32_t at = q.desc + (16U * i);

        EXPECT_EQUAL("address in a descriptor, low", peek(at, 4U), (uint32_t)ADDRESS + q.buffers + (i * books.stride));
        EXPECT_EQUAL("address in a descriptor, high", peek(at + 4U, 4U), ADDRESS >> 32U);
        EXPECT_EQUAL("flags of a descriptor", peek(at + 12U, 2U), books.from_device ? 2U : 0U);
        EXPECT_EQUAL("next of a descriptor", peek(at + 14U, 2U), 0U);
    }
}

/* What attach has to make of the available ring, by the device's own words. */
static bool attach_expected(void)
{
    const uint16_t avail = (uint16_t)peek(q.avail + 2U, 2U);
    const uint16_t used = (uint16_t)peek(q.used + 2U, 2U);
    bool good = (uint16_t)(avail - used) <= books.count;

    for (uint16_t i = used; good && (i != avail); i++) {
        const uint32_t id = peek(q.avail + 4U + (2U * (i % books.size)), 2U);

        good = (id < books.count) && (books.owner[id] == FREE);
        if (good) {
            books.owner[id] = DEVICE;
            books.length[id] = books.stride;
            books.slot[i % books.size] = (uint16_t)id;
        }
    }
    books.avail_idx = avail;
    books.shown_idx = avail;
    books.last_used = used;
    return good;
}

static void format(void)
{
    memset(window, (int)fuzz_bytes(&in, 1U), sizeof window);
    guard_open();
    guard_allow(&window[q.desc], (q.used + 6U + (8U * books.size)) - q.desc, GUARD_WRITE);
    guard_begin(false);
    skr_virtq_format(&q);
    guard_end("accesses of format", 0U, 3U + (4U * books.count)); /* each of the three parts is cleared by one */
    EXPECT_EQUAL("avail.idx of an empty ring", peek(q.avail + 2U, 2U), 0U);
    EXPECT_EQUAL("used.idx of an empty ring", peek(q.used + 2U, 2U), 0U);
}

/* An earlier life left something: mostly consistent indices anywhere, so that they wrap soon. */
static bool attach(void)
{
    const uint32_t left = fuzz_below(&in, books.count + 2U);
    const uint16_t used = (uint16_t)fuzz_number(&in);
    bool good = false;

    memset(window, 0, sizeof window);
    put(q.used + 2U, used, 2U);
    put(q.avail + 2U, used + left, 2U);
    for (uint32_t i = 0U; i < books.count; i++) {
        put(q.desc + (16U * i) + 8U, books.stride, 4U); /* the length; nobody looks at the rest of a descriptor in flight */
    }
    for (uint32_t i = 0U; i < left; i++) {
        put(q.avail + 4U + (2U * ((used + i) % books.size)), (fuzz_below(&in, 16U) == 0U) ? fuzz_number(&in) : i, 2U);
    }
    good = attach_expected();
    allow_ring(true);
    guard_begin(false);
    EXPECT_EQUAL("attach", skr_virtq_attach(&q), good ? SKR_CAUSE_NONE : SKR_CAUSE_ATTACH);
    guard_end("accesses of attach", books.count + 2U, 4U * books.count);
    return good;
}

static bool begin(void)
{
    static const uint32_t aligns[4] = { 16U, 64U, 4096U, 16U };
    const uint32_t start = fuzz_below(&in, 64U);
    uint32_t offset = start;

    memset(&books, 0, sizeof books);
    books.size = 1U << fuzz_below(&in, 5U);
    books.count = 1U + fuzz_below(&in, SKR_VIRTQ_SIZE_MAX);
    books.stride = 4U * (1U + fuzz_below(&in, 16U));
    books.align = aligns[fuzz_below(&in, 4U)];
    books.from_device = fuzz_below(&in, 2U) == 0U;
    books.event_idx = fuzz_below(&in, 2U) == 0U;
    memset(&q, 0xA5, sizeof q);
    skr_virtq_plan(&q, books.from_device, (uint16_t)books.count, books.stride);
    guard_open();
    guard_begin(true);
    const skr_cause_t cause = skr_virtq_place(&q, window, ADDRESS, WINDOW, &offset, (uint16_t)books.size, books.align);
    guard_end("accesses of place", 0U, 0U);
    EXPECT_EQUAL("place", cause, (books.count > books.size) ? SKR_CAUSE_QUEUE_SIZE : SKR_CAUSE_NONE);
    if (cause != SKR_CAUSE_NONE) {
        EXPECT_EQUAL("offset after a refusal", offset, start);
        return false;
    }
    expect_placed(start, offset);
    if (fuzz_below(&in, 2U) == 0U) {
        format();
    } else if (!attach()) {
        return false;
    } else {
        /* taken over */
    }
    expect_descriptors();
    q.event_idx = books.event_idx ? 1U : 0U;
    allow_ring(false);
    return true;
}

/* --- after every call --- */

static void expect_books(void)
{
    EXPECT_EQUAL("free buffers", q.free_count, number_of(FREE));
    EXPECT_EQUAL("outstanding buffers", q.outstanding, number_of(DEVICE));
    EXPECT_AT_MOST("used elements known", q.ready, q.outstanding);
    EXPECT_EQUAL("avail_idx", q.avail_idx, books.avail_idx);
    EXPECT_EQUAL("last_used", q.last_used, books.last_used);
    for (uint32_t i = 0U; i < books.count; i++) {
        EXPECT_EQUAL("owner of a buffer", q.owner[i], books.owner[i]); /* the same numbers */
    }
    for (uint32_t i = 0U; (i < books.size) && !books.spoiled; i++) {
        const uint16_t back = (uint16_t)(i + 1U);

        if (back <= q.outstanding) { /* the last ones made available */
            const uint32_t slot = (uint16_t)(books.avail_idx - back) % books.size;

            EXPECT_EQUAL("entry of the available ring", peek(q.avail + 4U + (2U * slot), 2U), books.slot[slot]);
        }
    }
}

static void call_begins(void)
{
    guard_begin(false);
}

static void call_ends(const char *call, uint32_t reads, uint32_t writes)
{
    guard_end(call, reads, writes);
    books.poke_armed = books.poke_armed && !hook_poked();
    expect_books();
}

/* --- calls --- */

static void added(uint16_t id, uint32_t length)
{
    books.owner[id] = DEVICE;
    books.length[id] = length;
    books.slot[books.avail_idx % books.size] = id;
    books.avail_idx++;
}

static void do_take(void)
{
    const bool some = number_of(FREE) != 0U;

    call_begins();
    const uint16_t id = skr_virtq_take(&q);
    if (some) {
        EXPECT("an id that was taken is below the number of buffers", id < books.count);
        EXPECT_EQUAL("owner of the buffer before it is taken", books.owner[id], FREE);
        books.owner[id] = DRIVER;
    } else {
        EXPECT_EQUAL("take without a free buffer", id, SKR_VIRTQ_NONE);
    }
    call_ends("accesses of take", 0U, 0U);
}

static void do_add(void)
{
    if (number_of(DRIVER) != 0U) {
        const uint16_t id = nth_of(DRIVER, fuzz_below(&in, 16U));
        const uint32_t length = 1U + fuzz_below(&in, books.stride);

        call_begins();
        skr_virtq_add(&q, id, length);
        added(id, length);
        call_ends("accesses of add", 0U, 2U);
        if (!books.spoiled && !hook_poked()) {
            EXPECT_EQUAL("length in a descriptor", peek(q.desc + (16U * id) + 8U, 4U), length);
        }
    }
}

static void do_release(void)
{
    if (number_of(DRIVER) != 0U) {
        const uint16_t id = nth_of(DRIVER, fuzz_below(&in, 16U));

        call_begins();
        skr_virtq_release(&q, id);
        books.owner[id] = FREE;
        call_ends("accesses of release", 0U, 0U);
    }
}

static void do_fill(void)
{
    const uint32_t free = number_of(FREE);
    uint16_t id = 0U;

    call_begins();
    skr_virtq_fill(&q);
    for (uint32_t i = 0U; i < free; i++) {
        /* in which order is the ring's business: read it from the ring if nobody has changed it, and from the books if not */
        id = (uint16_t)peek(q.avail + 4U + (2U * (books.avail_idx % books.size)), 2U);
        if ((id >= books.count) || (books.owner[id] != FREE)) {
            EXPECT("an entry of fill names a free buffer", books.spoiled || books.poke_armed);
            id = nth_of(FREE, 0U);
            books.spoiled = true;
        }
        added(id, books.stride);
    }
    call_ends("accesses of fill", 0U, 2U * books.count);
}

/* VIRTIO 1.4, 2.7.7 and 2.7.10. */
static bool kick_expected(void)
{
    bool kick = books.avail_idx != books.shown_idx;

    if (kick && books.event_idx) {
        const uint16_t event = (uint16_t)peek(q.used + 4U + (8U * books.size), 2U);

        kick = (uint16_t)(books.avail_idx - event - 1U) < (uint16_t)(books.avail_idx - books.shown_idx);
    } else if (kick) {
        kick = (peek(q.used, 2U) & 1U) == 0U;
    } else {
        /* nothing new */
    }
    return kick;
}

static void do_publish(void)
{
    const bool sure = !books.poke_armed;
    const bool expected = kick_expected();
    const bool news = books.avail_idx != books.shown_idx;

    call_begins();
    const bool kick = skr_virtq_publish(&q);
    if (sure) {
        EXPECT_EQUAL("whether to kick", kick, expected);
    } else {
        EXPECT("no kick without anything new", news || !kick);
    }
    books.shown_idx = books.avail_idx;
    call_ends("accesses of publish", news ? 1U : 0U, news ? 2U : 0U);
    if (sure && news) {
        EXPECT_EQUAL("avail.idx as shown", peek(q.avail + 2U, 2U), books.avail_idx);
    }
}

/* What the next used element says, by the rules of virtq.h. */
static skr_cause_t pop_expected(uint16_t *id, uint32_t *length)
{
    skr_cause_t cause = SKR_CAUSE_NONE;

    *id = SKR_VIRTQ_NONE;
    if (books.ready == 0U) {
        const uint16_t ahead = (uint16_t)(peek(q.used + 2U, 2U) - books.last_used);

        if (ahead > number_of(DEVICE)) {
            cause = SKR_CAUSE_USED_INDEX;
        } else {
            books.ready = ahead;
        }
    }
    if ((cause == SKR_CAUSE_NONE) && (books.ready != 0U)) {
        const uint32_t at = q.used + 4U + (8U * (books.last_used % books.size));
        const uint32_t named = peek(at, 4U);

        *length = books.from_device ? peek(at + 4U, 4U) : 0U;
        if (named >= books.count) {
            cause = SKR_CAUSE_USED_ID;
        } else if (books.owner[named] != DEVICE) {
            cause = SKR_CAUSE_USED_TWICE;
        } else if (*length > books.length[named]) {
            cause = SKR_CAUSE_USED_LENGTH;
        } else {
            *id = (uint16_t)named;
        }
    }
    return cause;
}

static void do_pop(void)
{
    const bool sure = !books.poke_armed;
    uint16_t id = SKR_VIRTQ_NONE;
    uint32_t length = 0U;
    const skr_cause_t expected = pop_expected(&id, &length);

    call_begins();
    const skr_cause_t cause = skr_virtq_pop(&q);
    if (sure) {
        EXPECT_EQUAL("cause of pop", cause, expected);
        EXPECT_EQUAL("buffer that came back", q.popped, id);
    }
    if (q.popped != SKR_VIRTQ_NONE) {
        EXPECT_EQUAL("cause with a buffer", cause, SKR_CAUSE_NONE);
        EXPECT("the buffer that came back exists", q.popped < books.count);
        EXPECT_EQUAL("its owner before", books.owner[q.popped], DEVICE);
        EXPECT_AT_MOST("its length", q.popped_length, books.from_device ? books.length[q.popped] : 0U);
        if (sure) {
            EXPECT_EQUAL("bytes that came back", q.popped_length, length);
        }
        books.owner[q.popped] = DRIVER;
        books.last_used++;
    }
    books.broken = cause != SKR_CAUSE_NONE;
    books.ready = q.ready; /* how many are left to be looked at is the ring's to know */
    call_ends("accesses of pop", books.from_device ? 3U : 2U, 0U);
}

static void do_interrupts(void)
{
    call_begins();
    skr_virtq_interrupts(&q, fuzz_below(&in, 2U) == 0U);
    call_ends("accesses of interrupts", 0U, 1U);
}

/* --- the device --- */

/* As it should: a buffer that it holds, a length that fits. */
static void device_returns(void)
{
    const uint16_t used = (uint16_t)peek(q.used + 2U, 2U);

    if (number_of(DEVICE) != 0U) {
        const uint16_t id = nth_of(DEVICE, fuzz_below(&in, 16U));
        const uint32_t at = q.used + 4U + (8U * (used % books.size));

        put(at, id, 4U);
        put(at + 4U, fuzz_below(&in, books.length[id] + 1U), 4U);
        put(q.used + 2U, used + 1U, 2U);
    }
}

static void device_lies(void)
{
    const uint16_t used = (uint16_t)peek(q.used + 2U, 2U);
    const uint32_t at = q.used + 4U + (8U * (used % books.size));

    put(at, fuzz_number(&in), 4U);
    put(at + 4U, fuzz_number(&in), 4U);
    put(q.used + 2U, used + fuzz_number(&in), 2U);
}

/* Nearly as it should: an id or a length at the border, with no, one or two elements more. */
static void device_errs(void)
{
    const uint16_t used = (uint16_t)peek(q.used + 2U, 2U);
    const uint32_t at = q.used + 4U + (8U * (used % books.size));
    const uint32_t id = (books.count - 1U) + fuzz_below(&in, 2U);

    if (number_of(DEVICE) != 0U) {
        const uint16_t held = nth_of(DEVICE, fuzz_below(&in, 16U));
        const bool by_length = fuzz_below(&in, 2U) == 0U;

        put(at, by_length ? held : id, 4U);
        put(at + 4U, books.length[held] + fuzz_below(&in, 2U), 4U);
        put(q.used + 2U, used + fuzz_below(&in, 3U), 2U);
    }
}

static void device_speaks(void)
{
    put(q.used, fuzz_number(&in), 2U);
    put(q.used + 4U + (8U * books.size), (fuzz_below(&in, 2U) == 0U) ? (books.shown_idx + fuzz_below(&in, 20U)) : fuzz_number(&in),
        2U);
}

static uint32_t anywhere(void)
{
    return (fuzz_below(&in, 4U) == 0U) ? (fuzz_bytes(&in, 2U) % (WINDOW - 4U))
                                       : (q.used + (fuzz_bytes(&in, 1U) % (6U + (8U * books.size))));
}

static void device_pokes(void)
{
    const uint32_t at = anywhere();

    put(at, fuzz_number(&in), 1U + fuzz_below(&in, 4U));
    books.spoiled = books.spoiled || (at < q.used);
}

static void device_pokes_later(void)
{
    const uint32_t at = anywhere();
    const uint32_t value = fuzz_number(&in);

    hook_count_from_here();
    hook_poke_at(1U + fuzz_below(&in, 8U), &window[at], &value, 1U + fuzz_below(&in, 4U));
    books.poke_armed = true;
    books.spoiled = books.spoiled || (at < q.used);
}

static void nothing(void)
{
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const fuzz_action_t table[] = {
        do_take, do_add, do_release, do_fill, do_publish, do_pop, do_interrupts, device_returns, device_lies, device_errs,
        device_speaks,
        device_pokes, device_pokes_later, do_pop, do_add, device_returns, do_take, do_pop,
    };

    in = (fuzz_input_t){ data, size };
    if (begin()) {
        expect_books();
        for (uint32_t i = 0U; (i < MOST_ACTIONS) && (in.left != 0U) && !books.broken; i++) {
            fuzz_run(&in, table, sizeof table / sizeof table[0], 1U, nothing);
        }
    }
    return 0;
}
