/* SPDX-License-Identifier: BSD-3-Clause */
/* Virtqueues: ADV-Q01 .. Q26, on the rings of running devices. Queue 0 receives and queue 1 transmits on both devices. */
#include <string.h>

#include "rows.h"

#define RX 0U
#define TX 1U
#define COUNT(list) (sizeof(list) / sizeof(list)[0])

/* Used elements of a ring: offsets in the window. */
#define USED_IDX(q) ((q)->used + 2U)
#define USED_RING(q) ((q)->used + 4U)
#define USED_RING_END(q) ((q)->used + 4U + (8U * (q)->size))
#define AVAIL_EVENT(q) USED_RING_END(q)

static uint8_t *window(void)
{
    return &MODEL->block[MODEL_MEMORY_OFFSET];
}

/* Where an access lies in the memory window; not in it: beyond any offset. */
static uint32_t offset_of(const hook_access_t *access)
{
    return (uint32_t)((uintptr_t)access->base + access->offset - (uintptr_t)window());
}

static bool is_read_of(const hook_access_t *access, uint32_t from, uint32_t to)
{
    const uint32_t offset = offset_of(access);

    return !access->write && (offset >= from) && (offset < to);
}

/* A buffer of the ring that nobody but the device has. */
static uint16_t outstanding_id(uint32_t queue)
{
    const skr_virtq_t *q = party_ring(VICTIM, queue);
    uint16_t id = 0U;

    while ((id < (q->count - 1U)) && (q->owner[id] != SKR_VIRTQ_DEVICE)) {
        id++;
    }
    EXPECT(q->owner[id] == SKR_VIRTQ_DEVICE);
    return id;
}

/* What the device may honestly write into a receive buffer; with a header over vsock. */
static bool give(const char *text, uint32_t bytes)
{
    bool good = false;

    if (VICTIM->is_vsock) {
        PEER->fwd_cnt = VICTIM->taken;
        good = peer_send_data(PEER, HOST_PORT, PORT, text, bytes);
        PEER->fwd_cnt = 0U;
    } else {
        good = model_receive(MODEL, RX, text, bytes);
    }
    return good;
}

/* Those bytes arrive. */
static void arrives(const char *text, uint32_t bytes)
{
    uint8_t data[16] = { 0U };
    uint32_t got = 0U;

    EXPECT(call_step(VICTIM, 1U) == SKR_OK);
    EXPECT(call_read(VICTIM, data, sizeof data, &got) == SKR_OK);
    EXPECT(got == bytes);
    EXPECT(memcmp(data, text, bytes) == 0);
}

/* Take back everything that the host has got, honestly. */
static void drain(void)
{
    uint8_t bytes[SKR_CONSOLE_TX_BYTES];

    if (VICTIM->is_vsock) {
        while (peer_take(PEER)) {
            VICTIM->taken += (PEER->got.op == SKR_VSOCK_OP_RW) ? PEER->got.length : 0U;
        }
    } else {
        while (model_transmit(MODEL, TX, bytes, sizeof bytes) >= 0) {
            /* thrown away */
        }
    }
}

/* The host tells of the bytes it has taken, so that the ordinary connection goes on. */
static void forward(void)
{
    if (VICTIM->is_vsock) {
        PEER->fwd_cnt = VICTIM->taken;
        EXPECT(peer_send(PEER, SKR_VSOCK_OP_CREDIT_UPDATE, HOST_PORT, PORT));
        PEER->fwd_cnt = 0U;
        EXPECT(call_step(VICTIM, 1U) == SKR_OK);
    }
}

static void q_id(uint32_t queue, uint32_t id)
{
    load();
    model_raw_push(MODEL, queue, id, 1U);
    broken(SKR_CAUSE_USED_ID);
}

static void adv_q01(void)
{
    for (uint32_t queue = RX; queue <= TX; queue++) {
        q_id(queue, SKR_VIRTQ_SIZE_MAX);
        q_id(queue, party_ring(VICTIM, queue)->size);
        q_id(queue, 0xFFFFU);
        q_id(queue, 0xFFFFFFFFU);
    }
}

static void adv_q02(void)
{
    for (uint32_t queue = RX; queue <= TX; queue++) {
        for (uint32_t bit = 16U; bit < 32U; bit++) {
            load();
            model_raw_push(MODEL, queue, outstanding_id(queue) | (1U << bit), 1U);
            broken(SKR_CAUSE_USED_ID);
        }
    }
}

/* There are no chains: every descriptor that heads none lies behind the last buffer. */
static void adv_q03(void)
{
    for (uint32_t queue = RX; queue <= TX; queue++) {
        const uint32_t count = party_ring(VICTIM, queue)->count;

        q_id(queue, count);
        q_id(queue, count + 1U);
        q_id(queue, party_ring(VICTIM, queue)->size - 1U);
    }
}

static void adv_q04(void)
{
    uint16_t id = 0U;

    load();
    id = outstanding_id(TX);
    model_raw_push(MODEL, TX, id, 0U);
    model_raw_push(MODEL, TX, id, 0U);
    broken(SKR_CAUSE_USED_TWICE);

    /* A receive buffer has been given back to the device before its second return is looked at: no rule is broken that this
     * side could see, and what is in the buffer then is nobody's packet, or the same text once more. */
    running();
    EXPECT(give("abcd", 4U));
    id = (uint16_t)MODEL->block[MODEL_MEMORY_OFFSET + USED_RING(party_ring(VICTIM, RX)) +
                                (8U * ((uint32_t)(MODEL->queues[RX].next_used - 1U) % party_ring(VICTIM, RX)->size))];
    model_raw_push(MODEL, RX, id, VICTIM->is_vsock ? 48U : 4U);
    EXPECT(call_step(VICTIM, 1U) == SKR_OK);
    if (VICTIM->is_vsock) {
        EXPECT(VSOCK->counters.foreign_packets == 1U);
        arrives("abcd", 4U);
    } else {
        arrives("abcdabcd", 8U);
    }
    conclude(CONTAINED);
}

static void adv_q05(void)
{
    const uint8_t byte = 1U;
    uint32_t taken = 0U;

    for (uint32_t held = 1U; held <= 3U; held += 2U) {
        const skr_virtq_t *q = NULL;

        running();
        q = party_ring(VICTIM, TX);
        while (q->free_count > (VICTIM->is_vsock ? SKR_VSOCK_TX_RESERVE : held)) {
            EXPECT(call_write(VICTIM, &byte, 1U, &taken) == SKR_OK);
        }
        model_raw_push(MODEL, TX, (uint32_t)q->free_ids[0], 0U);
        broken(SKR_CAUSE_USED_TWICE);
    }
}

static unsigned int elements_read;
static const skr_virtq_t *watched;

static void watch_elements(void *context, const hook_access_t *access)
{
    (void)context;
    if (is_read_of(access, USED_RING(watched), USED_RING_END(watched))) {
        elements_read++;
    }
}

static void q_jump(uint32_t queue, uint32_t ahead)
{
    load();
    watched = party_ring(VICTIM, queue);
    elements_read = 0U;
    hook_script(watch_elements, NULL);
    model_raw_used_idx(MODEL, queue, (uint16_t)(watched->last_used + ahead));
    EXPECT(party_poll(VICTIM) == SKR_FAULT);
    EXPECT(elements_read == 0U);
    hook_script(NULL, NULL);
    latched(SKR_CAUSE_USED_INDEX);
    conclude(CONTAINED);
}

static void adv_q06(void)
{
    for (uint32_t queue = RX; queue <= TX; queue++) {
        load();
        const uint32_t outstanding = party_ring(VICTIM, queue)->outstanding;
        const uint32_t size = party_ring(VICTIM, queue)->size;

        q_jump(queue, outstanding + 1U);
        q_jump(queue, size + 1U);
        q_jump(queue, 0x8000U);
        q_jump(queue, 0xFFFFU);
    }
}

static void adv_q07(void)
{
    for (uint32_t queue = RX; queue <= TX; queue++) {
        q_jump(queue, 0U - 1U);
        q_jump(queue, 0U - 2U);
    }
}

static void add_while_draining(void *context, const hook_access_t *access)
{
    const skr_virtq_t *q = party_ring(VICTIM, RX);

    (void)context;
    if (is_read_of(access, q->used, USED_RING_END(q))) {
        (void)give("x", 1U);
    }
}

/* ... and returns what it was not even shown yet. */
static void return_while_draining(void *context, const hook_access_t *access)
{
    const skr_virtq_t *q = party_ring(VICTIM, RX);

    (void)context;
    if (is_read_of(access, USED_IDX(q), USED_RING(q))) {
        model_raw_push(MODEL, RX, outstanding_id(RX), VICTIM->is_vsock ? SKR_VSOCK_HEADER_BYTES : 1U);
    }
}

static void adv_q08(void)
{
    uint8_t data[16];
    uint32_t got = 0U;

    comes_up();
    hook_script(return_while_draining, NULL);
    for (uint32_t i = 0U; i < 200U; i++) {
        EXPECT(call_step(VICTIM, 1U) == SKR_OK);
        EXPECT(call_read(VICTIM, data, sizeof data, &got) != SKR_FAULT);
    }
    afresh();

    comes_up();
    hook_script(add_while_draining, NULL);
    for (uint32_t i = 0U; i < 200U; i++) {
        EXPECT(call_step(VICTIM, 1U) == SKR_OK);
        EXPECT(call_read(VICTIM, data, sizeof data, &got) != SKR_FAULT);
    }
    hook_script(NULL, NULL);
    for (uint32_t i = 0U; i < 500U; i++) { /* what is still under way */
        EXPECT(call_step(VICTIM, 1U) == SKR_OK);
        (void)call_read(VICTIM, data, sizeof data, &got);
    }
    drain();
    goes_on(CONTAINED);
}

static void adv_q09(void)
{
    const uint32_t stride = party_ring(VICTIM, RX)->stride;
    const uint32_t lengths[] = { stride + 1U, 0x10000U + stride, 0x80000000U, 0xFFFFFFFFU };

    for (size_t i = 0U; i < COUNT(lengths); i++) {
        load();
        model_raw_push(MODEL, RX, outstanding_id(RX), lengths[i]);
        broken(SKR_CAUSE_USED_LENGTH);
    }
}

/* Return a receive buffer with this length and nothing written to it. */
static void return_empty(uint32_t length)
{
    const uint16_t id = model_pop_avail(MODEL, RX);

    EXPECT(id != MODEL_NO_HEAD);
    model_push_used(MODEL, RX, id, length);
}

static void adv_q10(void)
{
    uint32_t seen = 0U;

    comes_up();
    for (uint32_t i = 0U; i < 100U; i++) {
        return_empty(0U);
        EXPECT(party_poll(VICTIM) == SKR_OK);
    }
    seen = VICTIM->is_vsock ? VSOCK->counters.short_packets : CONSOLE->counters.empty_buffers;
    EXPECT(seen == 100U);
    EXPECT(party_ring(VICTIM, RX)->outstanding == party_ring(VICTIM, RX)->count);
    goes_on(DROPPED);
}

static void adv_q11(void)
{
    static const uint32_t lengths[] = { 1U, 4U, 43U };

    comes_up();
    for (size_t i = 0U; i < COUNT(lengths); i++) {
        return_empty(lengths[i]);
        EXPECT(call_step(VICTIM, 1U) == SKR_OK);
        EXPECT(VSOCK->counters.short_packets == (i + 1U));
    }
    goes_on(DROPPED);
}

static void adv_q12(void)
{
    static const uint32_t lengths[] = { 1U, 0x10000U, 0xFFFFFFFFU };
    const uint8_t byte = 1U;
    uint32_t taken = 0U;

    comes_up();
    for (uint32_t i = 0U; i < 100U; i++) {
        uint16_t id = MODEL_NO_HEAD;

        EXPECT(call_write(VICTIM, &byte, 1U, &taken) == SKR_OK);
        id = model_pop_avail(MODEL, TX);
        EXPECT(id != MODEL_NO_HEAD);
        model_push_used(MODEL, TX, id, lengths[i % COUNT(lengths)]);
        VICTIM->taken++;
        EXPECT(party_poll(VICTIM) == SKR_OK);
    }
    goes_on(CONTAINED);
}

/* --- what the driver wrote is changed --- */

static uint8_t saved[0x4000];

static void spoil(uint32_t offset, uint32_t bytes, uint8_t value)
{
    memcpy(saved, &window()[offset], bytes);
    memset(&window()[offset], value, bytes);
}

/* Put right what the driver has not written anew. */
static void mend(uint32_t offset, uint32_t bytes, uint8_t value)
{
    for (uint32_t i = 0U; i < bytes; i++) {
        if (window()[offset + i] == value) {
            window()[offset + i] = saved[i];
        }
    }
}

/* While a part of the driver's area is full of `value`, bytes pass both ways. */
static void spoiled(uint32_t queue, bool descriptors, uint8_t value)
{
    const skr_virtq_t *q = party_ring(VICTIM, queue);
    const uint32_t offset = descriptors ? q->desc : q->avail;
    const uint32_t bytes = descriptors ? (16U * q->size) : (4U + (2U * q->size));
    const uint8_t byte = 0x77U;
    uint32_t taken = 0U;

    EXPECT(give("abcd", 4U));
    EXPECT(call_write(VICTIM, &byte, 1U, &taken) == SKR_OK);
    drain();
    spoil(offset, bytes, value);
    arrives("abcd", 4U);
    mend(offset, bytes, value);
    forward();
    drain();
}

static void adv_q13(void)
{
    comes_up();
    for (uint32_t i = 0U; i < 8U; i++) {
        spoiled(i % 2U, true, ((i / 2U) % 2U == 0U) ? 0xFFU : 0xEEU);
        EXPECT(party_exchange(VICTIM));
    }
    goes_on(CONTAINED);
}

static void adv_q14(void)
{
    comes_up();
    for (uint32_t queue = RX; queue <= TX; queue++) {
        const skr_virtq_t *q = party_ring(VICTIM, queue);
        const uint32_t bytes = 16U * q->size;

        EXPECT(give("abcd", 4U));
        memcpy(saved, &window()[q->desc], bytes);
        for (uint32_t i = 0U; i < q->size; i++) { /* NEXT, and next is the descriptor itself */
            window()[q->desc + (16U * i) + 12U] |= 1U;
            window()[q->desc + (16U * i) + 14U] = (uint8_t)i;
        }
        arrives("abcd", 4U);
        memcpy(&window()[q->desc], saved, bytes);
        forward();
        EXPECT(party_exchange(VICTIM));
    }
    goes_on(CONTAINED);
}

static void adv_q15(void)
{
    comes_up();
    for (uint32_t i = 0U; i < 8U; i++) {
        spoiled(i % 2U, false, 0xEEU);
        EXPECT(model_avail_idx(MODEL, RX) == party_ring(VICTIM, RX)->avail_idx); /* written from the private index */
        EXPECT(party_exchange(VICTIM));
    }
    goes_on(CONTAINED);
}

static struct {
    uint32_t offset; /* of the word read last, in the window */
    uint8_t value[8];
    uint32_t bytes;
    bool twice;
    uint32_t last;
} fetch;

/* Whatever was just read in the used ring, or of a received packet, is something else right after. */
static void change_behind(void *context, const hook_access_t *access)
{
    const skr_virtq_t *q = party_ring(VICTIM, RX);

    (void)context;
    if (fetch.bytes != 0U) {
        for (uint32_t i = 0U; i < fetch.bytes; i++) {
            window()[fetch.offset + i] = (uint8_t)~fetch.value[i];
        }
        fetch.bytes = 0U;
    }
    if (is_read_of(access, USED_RING(q), USED_RING_END(q)) ||
        is_read_of(access, q->buffers, q->buffers + (q->count * q->stride))) {
        fetch.twice = fetch.twice || (fetch.last == offset_of(access));
        fetch.last = offset_of(access);
        if (access->bytes <= sizeof fetch.value) {
            fetch.offset = offset_of(access);
            fetch.bytes = access->bytes;
            memcpy(fetch.value, &window()[fetch.offset], fetch.bytes);
        }
    }
}

static void adv_q16(void)
{
    comes_up();
    for (uint32_t i = 0U; i < 16U; i++) {
        memset(&fetch, 0, sizeof fetch);
        fetch.last = 0xFFFFFFFFU;
        EXPECT(give("abcd", 4U));
        hook_script(change_behind, NULL);
        arrives("abcd", 4U);
        hook_script(NULL, NULL);
        EXPECT(!fetch.twice);
        drain();
    }
    goes_on(CONTAINED);
}

static unsigned int payload_reads;

/* Just after the payload was copied, and at every access from then on, the buffers say something else. */
static void rewrite_buffers(void *context, const hook_access_t *access)
{
    const skr_virtq_t *q = party_ring(VICTIM, RX);

    (void)context;
    if (payload_reads != 0U) {
        memset(&window()[q->buffers], 0xEE, q->count * q->stride);
    }
    if (is_read_of(access, q->buffers, q->buffers + (q->count * q->stride)) && (access->bytes == 8U)) {
        payload_reads++;
    }
}

static void adv_q17(void)
{
    comes_up();
    for (uint32_t i = 0U; i < 16U; i++) {
        payload_reads = 0U;
        EXPECT(give("abcdefgh", 8U));
        hook_script(rewrite_buffers, NULL);
        arrives("abcdefgh", 8U);
        hook_script(NULL, NULL);
        EXPECT(payload_reads == 1U);
        drain();
    }
    goes_on(CONTAINED);
}

static void adv_q18(void)
{
    const skr_virtq_t *q = NULL;
    uint8_t data[16] = { 0U };
    uint32_t got = 0U;

    comes_up();
    q = party_ring(VICTIM, RX);
    for (uint32_t i = 0U; i < 16U; i++) {
        EXPECT(give("abcd", 4U));
        EXPECT(call_step(VICTIM, 1U) == SKR_OK);
        if (!VICTIM->is_vsock) { /* its text stays in the window until it is read */
            EXPECT(call_read(VICTIM, data, sizeof data, &got) == SKR_OK);
        }
        memset(&window()[q->buffers], 0xEE, q->count * q->stride); /* returned, and posted again */
        if (VICTIM->is_vsock) {
            EXPECT(call_read(VICTIM, data, sizeof data, &got) == SKR_OK);
        }
        EXPECT((got == 4U) && (memcmp(data, "abcd", 4U) == 0));
        drain();
    }
    goes_on(CONTAINED);
}

/* The device says "no notification", always; the driver kicks on the tick all the same. */
static void unwanted(uint32_t options)
{
    const uint8_t byte = 1U;
    uint32_t taken = 0U;
    uint32_t rung = 0U;

    afresh_with(options);
    comes_up();
    if (options == 0U) {
        model_raw_no_notify(MODEL, TX, true);
    } else {
        EXPECT(party_ring(VICTIM, TX)->event_idx == 1U);
        model_raw_avail_event(MODEL, TX, (uint16_t)(model_avail_idx(MODEL, TX) + 0x8000U));
    }
    model_run(MODEL);
    rung = party_rung(VICTIM);
    EXPECT(call_write(VICTIM, &byte, 1U, &taken) == SKR_OK);
    model_run(MODEL);
    EXPECT(party_rung(VICTIM) == rung);
    EXPECT(party_device(VICTIM)->counters.kicks_spared >= 1U);
    for (uint32_t i = 0U; i < 4U; i++) {
        EXPECT(call_step(VICTIM, SKR_TICKS_KICK) == SKR_OK);
    }
    model_run(MODEL);
    EXPECT(party_rung(VICTIM) > rung);
    EXPECT(party_device(VICTIM)->counters.kicks_repeated >= 1U);
    drain();
    model_raw_no_notify(MODEL, TX, false);
    forward();
    goes_on(CONTAINED);
}

static void adv_q19(void)
{
    unwanted(0U);
    unwanted(SKR_OPTION_EVENT_IDX);
}

static void random_event(void *context, const hook_access_t *access)
{
    (void)context;
    for (uint32_t queue = RX; queue <= TX; queue++) {
        const skr_virtq_t *q = party_ring(VICTIM, queue);

        if (is_read_of(access, AVAIL_EVENT(q), AVAIL_EVENT(q) + 2U) || is_read_of(access, q->used, q->used + 2U)) {
            const uint16_t word = (uint16_t)hostile_random();
            memcpy(&window()[offset_of(access)], &word, sizeof word);
        }
    }
}

static void adv_q20(void)
{
    for (uint32_t options = 0U; options <= SKR_OPTION_EVENT_IDX; options += SKR_OPTION_EVENT_IDX) {
        afresh_with(options);
        comes_up();
        hook_script(random_event, NULL);
        for (uint32_t i = 0U; i < 200U; i++) {
            EXPECT(party_exchange(VICTIM));
        }
        goes_on(CONTAINED);
    }
}

static void adv_q21(void)
{
    const uint8_t byte = 1U;
    uint32_t taken = 0U;

    load();
    for (uint32_t i = 0U; i < 1000U; i++) {
        EXPECT(call_write(VICTIM, &byte, 1U, &taken) == SKR_AGAIN);
        EXPECT(call_step(VICTIM, SKR_TICKS_KICK) == SKR_OK);
    }
    EXPECT(party_device(VICTIM)->counters.kicks_repeated >= 100U);
    drain();
    forward();
    drain();
    goes_on(CONTAINED);
}

static void adv_q22(void)
{
    uint16_t ids[SKR_VIRTQ_SIZE_MAX];
    uint32_t count = 0U;
    uint32_t bytes = 0U;

    load();
    for (uint16_t id = model_pop_avail(MODEL, TX); id != MODEL_NO_HEAD; id = model_pop_avail(MODEL, TX)) {
        uint32_t length = 0U;
        bool writable = false;

        (void)model_buffer(MODEL, TX, id, &length, &writable);
        bytes += length - SKR_VSOCK_HEADER_BYTES;
        ids[count++] = id;
    }
    EXPECT(count >= 3U);
    for (uint32_t i = 0U; i < 600U; i++) { /* minutes later */
        EXPECT(call_step(VICTIM, 1000U) == SKR_OK);
    }
    while (count != 0U) {
        count--;
        model_push_used(MODEL, TX, ids[count], 0U);
    }
    VICTIM->taken += bytes;
    EXPECT(party_poll(VICTIM) == SKR_OK);
    drain();
    forward();
    drain();
    goes_on(CONTAINED);
}

/* The device was quick: it has the buffer back in the ring before it is told of it. */
static void complete_early(void *context, const hook_access_t *access)
{
    const skr_virtq_t *q = party_ring(VICTIM, TX);

    (void)context;
    if (is_read_of(access, q->used, q->used + 2U)) {
        drain();
    }
}

static void adv_q23(void)
{
    const uint8_t byte = 1U;
    uint32_t taken = 0U;

    comes_up();
    hook_script(complete_early, NULL);
    for (uint32_t i = 0U; i < 200U; i++) {
        EXPECT(call_write(VICTIM, &byte, 1U, &taken) == SKR_OK);
        EXPECT(call_step(VICTIM, 1U) == SKR_OK);
    }
    hook_script(NULL, NULL);
    forward();
    drain();
    goes_on(CONTAINED);
}

static void adv_q24(void)
{
    comes_up();
    for (uint32_t i = 0U; i < SKR_VSOCK_EVENT_COUNT; i++) {
        EXPECT(peer_send_event(PEER, 0x55U, 4U));
    }
    EXPECT(!peer_send_event(PEER, 0x55U, 4U)); /* all are back */
    EXPECT(call_step(VICTIM, 1U) == SKR_OK);
    EXPECT(VSOCK->counters.odd_events == SKR_VSOCK_EVENT_COUNT);
    EXPECT(model_waiting(MODEL, PEER_EVENT) == SKR_VSOCK_EVENT_COUNT); /* and posted again, once */
    for (uint32_t i = 0U; i < 100U; i++) {
        EXPECT(call_step(VICTIM, 1U) == SKR_OK);
    }
    EXPECT(model_avail_idx(MODEL, PEER_EVENT) == (2U * SKR_VSOCK_EVENT_COUNT));
    goes_on(DROPPED);
}

/* A stale cache line is an old word where a new one was meant. Index without elements: what stood in the slots before is looked
 * at. Elements without payload: what stood in the buffers before. No index for a long time, then all at once. */
static void adv_q25(void)
{
    const uint8_t byte = 1U;
    uint32_t taken = 0U;
    uint32_t bytes = 0U;

    comes_up(); /* a slot used for the first time names buffer 0, no bytes */
    for (uint32_t i = 0U; i < 20U; i++) {
        model_raw_used_idx(MODEL, RX, (uint16_t)(MODEL->queues[RX].next_used + 1U));
        EXPECT(party_poll(VICTIM) == SKR_OK);
    }
    EXPECT((VICTIM->is_vsock ? VSOCK->counters.short_packets : CONSOLE->counters.empty_buffers) == 20U);
    conclude(DROPPED);

    load(); /* and the same of what was transmitted: twice is once too often */
    model_raw_used_idx(MODEL, TX, (uint16_t)(MODEL->queues[TX].next_used + 2U));
    model_raw_element(MODEL, TX, (uint16_t)(MODEL->queues[TX].next_used - 2U), 0U, 0U);
    model_raw_element(MODEL, TX, (uint16_t)(MODEL->queues[TX].next_used - 1U), 0U, 0U);
    broken(SKR_CAUSE_USED_TWICE);

    if (VICTIM->is_vsock) {
        running();
        for (uint32_t i = 0U; i < 40U; i++) {
            return_empty(SKR_VSOCK_HEADER_BYTES + 4U);
            EXPECT(call_step(VICTIM, 1U) == SKR_OK);
        }
        EXPECT(VSOCK->counters.foreign_packets == 40U);
        goes_on(DROPPED);
    }

    running();
    while (party_ring(VICTIM, TX)->free_count > SKR_VSOCK_TX_RESERVE) {
        EXPECT(call_write(VICTIM, &byte, 1U, &taken) == SKR_OK);
        bytes++;
    }
    drain();
    MODEL->queues[TX].next_used = (uint16_t)(MODEL->queues[TX].next_used - bytes);
    model_raw_used_idx(MODEL, TX, MODEL->queues[TX].next_used); /* nothing seems to have happened ... */
    for (uint32_t i = 0U; i < 100U; i++) {
        EXPECT(call_step(VICTIM, 1000U) == SKR_OK);
    }
    EXPECT(party_ring(VICTIM, TX)->outstanding >= bytes);
    model_raw_used_idx(MODEL, TX, (uint16_t)(MODEL->queues[TX].next_used + bytes)); /* ... until the line is fetched again */
    EXPECT(call_step(VICTIM, 1U) == SKR_OK);
    drain();
    forward();
    goes_on(CONTAINED);
}

/* Once round all of the 16-bit indices and over the wrap, in steps of one buffer. */
static void adv_q26(void)
{
    const skr_virtq_t *rx = NULL;
    const skr_virtq_t *tx = NULL;
    bool good = true;

    comes_up();
    rx = party_ring(VICTIM, RX);
    tx = party_ring(VICTIM, TX);
    for (uint32_t i = 0U; (i < 0x10100U) && good; i++) {
        good = party_exchange(VICTIM);
    }
    EXPECT(good);
    EXPECT((rx->last_used < 0x8000U) && (tx->last_used < 0x8000U)); /* they have wrapped */
    EXPECT((rx->avail_idx < 0x8000U) && (tx->avail_idx < 0x8000U));
    EXPECT(MODEL->breaches == 0U);
    goes_on(CONTAINED);
}

const row_t rows_ring[] = {
    ROW(adv_q01), ROW(adv_q02), ROW(adv_q03), ROW(adv_q04), ROW(adv_q05), ROW(adv_q06), ROW(adv_q07), ROW(adv_q08),
    ROW(adv_q09), ROW(adv_q10), ROW(adv_q11), ROW(adv_q12), ROW(adv_q13), ROW(adv_q14), ROW(adv_q15), ROW(adv_q16),
    ROW(adv_q17), ROW(adv_q18), ROW(adv_q19), ROW(adv_q20), ROW(adv_q21), ROW(adv_q22), ROW(adv_q23), ROW(adv_q24),
    ROW(adv_q25), ROW(adv_q26), { NULL, NULL } };
