/* SPDX-License-Identifier: BSD-3-Clause */
#include "skerry/console.h"

/* Configuration of a console, VIRTIO 1.4, 5.3.4. */
#define CONFIG_COLS 0U /* rows follow */
#define CONFIG_COLS_BYTES 2U
#define CONFIG_EMERG_WR 8U
#define CONFIG_BYTES 12U

/* More bytes than a ring has room for. */
#define ALL 0xFFFFFFFFU

/* sound: between any two calls. running: and the device is READY. left: READY, or given up. transmits: a ring that text fits. */
#ifdef __FRAMAC__
#define console_sound(c) (skr_console_sound(c) && skr_console_reading(c))
#define console_running(c) (console_sound(c) && (c)->device.state == SKR_DEVICE_READY)
#define console_left(c) \
    (console_sound(c) && ((c)->device.state == SKR_DEVICE_READY || (c)->device.state == SKR_DEVICE_FAILED))
#define console_transmits(q) (skr_virtq_sound(q) && (q)->stride == SKR_CONSOLE_TX_BYTES)
#endif

/** The smaller of two. */
/*@ terminates \true; exits \false; assigns \nothing;
  @ ensures \result == (a < b ? a : b);
  @*/
static uint32_t least(uint32_t a, uint32_t b)
{
    return (a < b) ? a : b;
}

/** Start counting. Field by field: the proofs must not meet a structure by value. */
/*@ requires \valid(counters);
  @ terminates \true; exits \false; assigns *counters;
  @*/
static void reset_counters(skr_console_counters_t *counters)
{
    counters->written = 0U;
    counters->read = 0U;
    counters->dropped = 0U;
    counters->empty_buffers = 0U;
}

skr_status_t skr_console_init(skr_console_t *c, const skr_transport_t *transport)
{
    const uint64_t wanted = SKR_CONSOLE_F_SIZE | SKR_CONSOLE_F_EMERG_WRITE;
    skr_status_t status = SKR_FAULT;

    status = skr_device_init(&c->device, transport, SKR_DEVICE_ID_CONSOLE, CONFIG_BYTES, wanted);
    /*@ assert apart: skr_console_windows(c); */
    skr_device_plan_queue(&c->device, true, SKR_CONSOLE_RX_COUNT, SKR_CONSOLE_RX_BYTES);
    skr_device_plan_queue(&c->device, false, SKR_CONSOLE_TX_COUNT, SKR_CONSOLE_TX_BYTES);
    reset_counters(&c->counters);
    c->rx_at = 0U;
    c->rx_length = 0U;
    c->rx_id = SKR_VIRTQ_NONE;
    c->columns = 0U;
    c->rows = 0U;
    c->sized = 0U;
    return status;
}

/** Bytes given to the device that it has not returned. Before the queue is placed, its books mean nothing. */
/*@ requires skr_console_sound(c);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures c->device.placed <= SKR_CONSOLE_TX ==> \result == 0;
  @*/
static uint32_t in_flight(const skr_console_t *c)
{
    const skr_virtq_t *q = &c->device.virtq[SKR_CONSOLE_TX];
    uint32_t bytes = 0U;

    if (c->device.placed > SKR_CONSOLE_TX) {
        /*@ loop invariant 0 <= i <= SKR_CONSOLE_TX_COUNT;
          @ loop assigns i, bytes;
          @ loop variant SKR_CONSOLE_TX_COUNT - i;
          @*/
        for (uint16_t i = 0U; i < SKR_CONSOLE_TX_COUNT; i++) {
            if (q->owner[i] == SKR_VIRTQ_DEVICE) {
                bytes += q->length[i];
            }
        }
    }
    return bytes;
}

skr_status_t skr_console_start(skr_console_t *c, uint32_t now)
{
    c->counters.dropped += in_flight(c);
    return skr_device_start(&c->device, now);
}

/** Free the transmit buffer that came back last. */
/*@ requires console_running(c);
  @ requires skr_virtq_taken(&c->device.virtq[SKR_CONSOLE_TX], c->device.virtq[SKR_CONSOLE_TX].popped);
  @ terminates \true; exits \false;
  @ assigns c->device.virtq[SKR_CONSOLE_TX];
  @ ensures console_running(c);
  @*/
static void free_sent(skr_console_t *c)
{
    skr_virtq_t *q = &c->device.virtq[SKR_CONSOLE_TX];

    skr_virtq_release(q, q->popped);
}

/** Take back all buffers that the device has transmitted, unless there is room for `bytes` bytes already. */
/*@ requires console_running(c);
  @ terminates \true; exits \false;
  @ assigns c->device.virtq[SKR_CONSOLE_TX], c->device.state, c->device.cause, c->device.counters, c->device.status,
  @         c->device.transport.registers[0 .. c->device.transport.registers_size - 1];
  @ ensures console_left(c);
  @ ensures \result == (c->device.state == SKR_DEVICE_READY ? SKR_OK : SKR_FAULT);
  @*/
static skr_status_t reclaim(skr_console_t *c, uint32_t bytes)
{
    const skr_virtq_t *q = &c->device.virtq[SKR_CONSOLE_TX];
    skr_status_t status = SKR_OK;
    bool more = (q->outstanding != 0U) && (((uint32_t)q->free_count * SKR_CONSOLE_TX_BYTES) < bytes);

    /*@ loop invariant 0 <= i <= SKR_CONSOLE_TX_COUNT;
      @ loop invariant console_left(c);
      @ loop invariant status == SKR_OK || status == SKR_AGAIN || status == SKR_FAULT;
      @ loop invariant status == SKR_FAULT <==> c->device.state == SKR_DEVICE_FAILED;
      @ loop invariant more ==> status == SKR_OK;
      @ loop assigns i, more, status, c->device.virtq[SKR_CONSOLE_TX], c->device.state, c->device.cause,
      @      c->device.counters, c->device.status,
      @      c->device.transport.registers[0 .. c->device.transport.registers_size - 1];
      @ loop variant SKR_CONSOLE_TX_COUNT - i;
      @*/
    for (uint16_t i = 0U; (i < SKR_CONSOLE_TX_COUNT) && more; i++) {
        status = skr_device_pop(&c->device, SKR_CONSOLE_TX);
        /*@ assert popped: console_left(c); */
        if (status == SKR_OK) {
            free_sent(c);
            /*@ assert freed: console_running(c); */
        }
        more = (status == SKR_OK);
        /*@ assert looked: console_left(c); */
    }
    return (status == SKR_FAULT) ? SKR_FAULT : SKR_OK;
}

/** The device has begun to run: nothing of an earlier life counts, and transmitting needs no interrupts. */
/*@ requires skr_console_sound(c) && c->device.state == SKR_DEVICE_READY;
  @ terminates \true; exits \false;
  @ assigns c->rx_id, c->columns, c->rows, c->sized, c->device.transport.memory[0 .. c->device.transport.memory_size - 1];
  @ ensures console_running(c);
  @*/
static void begin_running(skr_console_t *c)
{
    c->rx_id = SKR_VIRTQ_NONE;
    c->columns = 0U;
    c->rows = 0U;
    c->sized = 0U;
    /* Buffers are taken back when they are needed or on a step, so an interrupt for each would be for nothing. */
    skr_virtq_interrupts(&c->device.virtq[SKR_CONSOLE_TX], false);
}

/** Read the size of the terminal, if the device tells one and it was not read yet. */
/*@ requires console_running(c);
  @ terminates \true; exits \false;
  @ assigns c->columns, c->rows, c->sized, c->device.counters, c->device.field[0 .. 1];
  @ ensures console_running(c);
  @*/
static void read_size(skr_console_t *c)
{
    if ((c->sized == 0U) && ((c->device.features & SKR_CONSOLE_F_SIZE) != 0U)) {
        /* A size that changed at every try is no fault: it is data, and the next step tries again. */
        if (skr_device_read_config(&c->device, CONFIG_COLS, CONFIG_COLS_BYTES) == SKR_OK) {
            c->columns = (uint16_t)c->device.field[0];
            c->rows = (uint16_t)c->device.field[1];
            c->sized = 1U;
        }
    }
}

skr_status_t skr_console_step(skr_console_t *c, uint32_t now)
{
    const bool running = (c->device.state == SKR_DEVICE_READY);
    skr_status_t status = skr_device_step(&c->device, now);

    if (status == SKR_OK) {
        if (!running) {
            begin_running(c);
            /*@ assert begun: console_running(c); */
        }
        /*@ assert runs: console_running(c); */
        status = reclaim(c, ALL);
    }
    if (status == SKR_OK) {
        read_size(c);
    }
    return status;
}

/** Fill one free buffer with text and make it available; the bytes taken, 0 if none is free. */
/*@ requires console_transmits(q) && 1 <= bytes && \valid_read(text + (0 .. bytes - 1));
  @ requires \separated(text + (0 .. bytes - 1), q->base + (0 .. q->limit - 1));
  @ terminates \true; exits \false;
  @ assigns *q, q->base[0 .. q->limit - 1];
  @ ensures skr_virtq_sound(q) && skr_virtq_settled(q);
  @ ensures \result <= bytes;
  @*/
static uint32_t put(skr_virtq_t *q, const uint8_t *text, uint32_t bytes)
{
    const uint16_t id = skr_virtq_take(q);
    uint32_t part = 0U;

    if (id != SKR_VIRTQ_NONE) {
        part = least(bytes, SKR_CONSOLE_TX_BYTES);
        skr_shm_copy_out(q->base, skr_virtq_buffer(q, id), text, part);
        skr_virtq_add(q, id, part);
    }
    return part;
}

/** Fill free buffers until the text or the buffers end; the bytes taken. */
/*@ requires console_transmits(q) && \valid_read(data + (0 .. length - 1));
  @ requires \separated(data + (0 .. length - 1), q->base + (0 .. q->limit - 1)) && \separated(data + (0 .. length - 1), q);
  @ terminates \true; exits \false;
  @ assigns *q, q->base[0 .. q->limit - 1];
  @ ensures skr_virtq_sound(q) && skr_virtq_settled(q);
  @ ensures \result <= length;
  @*/
static uint32_t put_all(skr_virtq_t *q, const uint8_t *data, uint32_t length)
{
    uint32_t done = 0U;
    bool more = (length != 0U);

    /*@ loop invariant 0 <= i <= SKR_CONSOLE_TX_COUNT;
      @ loop invariant done <= length && (more ==> done < length);
      @ loop invariant skr_virtq_sound(q) && skr_virtq_settled(q);
      @ loop assigns i, more, done, *q, \at(q->base[0 .. q->limit - 1], Pre);
      @ loop variant SKR_CONSOLE_TX_COUNT - i;
      @*/
    for (uint16_t i = 0U; (i < SKR_CONSOLE_TX_COUNT) && more; i++) {
        const uint32_t part = put(q, &data[done], length - done);
        done += part;
        more = (part != 0U) && (done < length);
    }
    return done;
}

/** Write on a running console; the number of bytes taken, 0 with a fault. */
/*@ requires console_running(c) && \valid_read(data + (0 .. length - 1));
  @ requires skr_console_apart(c, (uint8_t *)data, length);
  @ terminates \true; exits \false;
  @ assigns c->counters.written, c->device.virtq[SKR_CONSOLE_TX], c->device.state, c->device.cause, c->device.counters,
  @         c->device.status, c->device.rung,
  @         c->device.transport.registers[0 .. c->device.transport.registers_size - 1],
  @         c->device.transport.memory[0 .. c->device.transport.memory_size - 1];
  @ ensures console_left(c);
  @ ensures c->device.state == SKR_DEVICE_FAILED ==> \result == 0;
  @ ensures \result <= length;
  @ ensures c->counters.written == (uint32_t)(\old(c->counters.written) + \result);
  @*/
static uint32_t transmit(skr_console_t *c, const uint8_t *data, uint32_t length)
{
    uint32_t done = 0U;

    if (reclaim(c, length) == SKR_OK) {
        done = put_all(&c->device.virtq[SKR_CONSOLE_TX], data, length);
        /*@ assert put: console_running(c); */
        if (done != 0U) {
            skr_device_flush(&c->device, SKR_CONSOLE_TX);
            c->counters.written += done;
            /*@ assert told: console_running(c); */
        }
    }
    return done;
}

/** Tell how many of the `wanted` bytes were passed on, and answer for it. */
/*@ requires console_sound(c) && skr_console_result(c, told);
  @ terminates \true; exits \false;
  @ assigns *told;
  @ ensures console_sound(c) && *told == done;
  @ ensures c->device.state == SKR_DEVICE_FAILED ==> \result == SKR_FAULT;
  @ ensures c->device.state == SKR_DEVICE_READY && (done != 0 || wanted == 0) ==> \result == SKR_OK;
  @ ensures c->device.state == SKR_DEVICE_READY && done == 0 && wanted != 0 ==> \result == SKR_AGAIN;
  @ ensures c->device.state != SKR_DEVICE_FAILED && c->device.state != SKR_DEVICE_READY ==> \result == SKR_AGAIN;
  @ ensures skr_since_pre(c->device.state) && skr_since_pre(c->counters.written) && skr_since_pre(c->counters.read);
  @*/
static skr_status_t tell(const skr_console_t *c, uint32_t done, uint32_t wanted, uint32_t *told)
{
    skr_status_t status = SKR_AGAIN;

    if (c->device.state == SKR_DEVICE_FAILED) {
        status = SKR_FAULT;
    } else if ((c->device.state == SKR_DEVICE_READY) && ((done != 0U) || (wanted == 0U))) {
        status = SKR_OK;
    } else {
        /* set-up goes on, no buffer is free, or nothing was delivered */
    }
    *told = done;
    return status;
}

skr_status_t skr_console_write(skr_console_t *c, const uint8_t *data, uint32_t length, uint32_t *taken)
{
    uint32_t done = 0U;

    if (c->device.state == SKR_DEVICE_READY) {
        done = transmit(c, data, length);
        /*@ assert passed: console_left(c); */
    }
    return tell(c, done, length, taken);
}

/** Count the receive buffer that came back last as empty, and give it back. */
/*@ requires console_running(c) && c->rx_id == SKR_VIRTQ_NONE;
  @ requires skr_virtq_taken(&c->device.virtq[SKR_CONSOLE_RX], c->device.virtq[SKR_CONSOLE_RX].popped);
  @ terminates \true; exits \false;
  @ assigns c->counters.empty_buffers, c->device.virtq[SKR_CONSOLE_RX],
  @         c->device.transport.memory[0 .. c->device.transport.memory_size - 1];
  @ ensures console_running(c);
  @*/
static void return_empty(skr_console_t *c)
{
    skr_virtq_t *q = &c->device.virtq[SKR_CONSOLE_RX];

    c->counters.empty_buffers++;
    skr_virtq_add(q, q->popped, SKR_CONSOLE_RX_BYTES);
}

/** Take the next receive buffer if none is being read; one without a byte is counted and given back. */
/*@ requires console_running(c);
  @ terminates \true; exits \false;
  @ assigns c->counters.empty_buffers, c->rx_at, c->rx_length, c->rx_id,
  @         c->device.virtq[SKR_CONSOLE_RX], c->device.state, c->device.cause, c->device.counters, c->device.status,
  @         c->device.transport.registers[0 .. c->device.transport.registers_size - 1],
  @         c->device.transport.memory[0 .. c->device.transport.memory_size - 1];
  @ ensures console_left(c);
  @ ensures \result == SKR_OK || \result == SKR_AGAIN || \result == SKR_FAULT;
  @ ensures \result == SKR_FAULT <==> c->device.state == SKR_DEVICE_FAILED;
  @ ensures \result != SKR_OK ==> c->rx_id == SKR_VIRTQ_NONE;
  @*/
static skr_status_t fetch(skr_console_t *c)
{
    const skr_virtq_t *q = &c->device.virtq[SKR_CONSOLE_RX];
    skr_status_t status = SKR_OK;

    if (c->rx_id == SKR_VIRTQ_NONE) {
        status = skr_device_pop(&c->device, SKR_CONSOLE_RX);
        /*@ assert popped: console_left(c); */
        if (status == SKR_OK) {
            if (q->popped_length == 0U) {
                return_empty(c);
                /*@ assert given_back: console_running(c); */
            } else {
                /* The queue has compared the length with what was posted; that this is never more than a buffer is said
                 * here once more, where the reading depends on it. */
                c->rx_id = q->popped;
                c->rx_at = 0U;
                c->rx_length = least(q->popped_length, SKR_CONSOLE_RX_BYTES);
                /*@ assert fetched: console_running(c); */
            }
        }
        /*@ assert looked: console_left(c) && (status == SKR_FAULT <==> c->device.state == SKR_DEVICE_FAILED); */
    }
    return status;
}

/** Copy out of the buffer being read, behind the `done` bytes that are there, and give it back when it is read to the end. */
/*@ requires console_running(c);
  @ requires c->rx_id != SKR_VIRTQ_NONE && done < capacity;
  @ requires \valid(data + (0 .. capacity - 1)) && skr_console_apart(c, data, capacity);
  @ terminates \true; exits \false;
  @ assigns data[0 .. capacity - 1], c->rx_at, c->rx_id, c->device.virtq[SKR_CONSOLE_RX],
  @         c->device.transport.memory[0 .. c->device.transport.memory_size - 1];
  @ ensures console_running(c);
  @ ensures done < \result <= capacity;
  @*/
static uint32_t drain(skr_console_t *c, uint8_t *data, uint32_t capacity, uint32_t done)
{
    skr_virtq_t *q = &c->device.virtq[SKR_CONSOLE_RX];
    const uint16_t id = c->rx_id;
    const uint32_t part = least(capacity - done, c->rx_length - c->rx_at);

    skr_shm_copy_in(&data[done], q->base, skr_virtq_buffer(q, id) + c->rx_at, part);
    c->rx_at += part;
    if (c->rx_at >= c->rx_length) {
        c->rx_id = SKR_VIRTQ_NONE;
        skr_virtq_add(q, id, SKR_CONSOLE_RX_BYTES);
        /*@ assert given_back: console_running(c); */
    }
    return done + part;
}

/** Read until the room or the buffers end; the number of bytes read, 0 with a fault. */
/*@ requires console_running(c) && \valid(data + (0 .. capacity - 1)) && skr_console_apart(c, data, capacity);
  @ terminates \true; exits \false;
  @ assigns data[0 .. capacity - 1], c->counters.empty_buffers, c->rx_at, c->rx_length, c->rx_id,
  @         c->device.virtq[SKR_CONSOLE_RX], c->device.state, c->device.cause, c->device.counters, c->device.status,
  @         c->device.transport.registers[0 .. c->device.transport.registers_size - 1],
  @         c->device.transport.memory[0 .. c->device.transport.memory_size - 1];
  @ ensures console_left(c);
  @ ensures c->device.state == SKR_DEVICE_FAILED ==> \result == 0;
  @ ensures \result <= capacity;
  @*/
static uint32_t drain_all(skr_console_t *c, uint8_t *data, uint32_t capacity)
{
    skr_status_t status = SKR_OK;
    uint32_t done = 0U;
    bool more = (capacity != 0U);

    /*@ loop invariant 0 <= i <= SKR_CONSOLE_RX_COUNT;
      @ loop invariant done <= capacity && (more ==> done < capacity);
      @ loop invariant console_left(c);
      @ loop invariant status == SKR_FAULT <==> c->device.state == SKR_DEVICE_FAILED;
      @ loop invariant more ==> status == SKR_OK;
      @ loop assigns i, more, done, status, data[0 .. capacity - 1], c->counters.empty_buffers, c->rx_at, c->rx_length,
      @      c->rx_id, c->device.virtq[SKR_CONSOLE_RX], c->device.state, c->device.cause, c->device.counters,
      @      c->device.status, c->device.transport.registers[0 .. c->device.transport.registers_size - 1],
      @      c->device.transport.memory[0 .. c->device.transport.memory_size - 1];
      @ loop variant SKR_CONSOLE_RX_COUNT - i;
      @*/
    for (uint16_t i = 0U; (i < SKR_CONSOLE_RX_COUNT) && more; i++) {
        status = fetch(c);
        if (c->rx_id != SKR_VIRTQ_NONE) {
            done = drain(c, data, capacity, done);
            /*@ assert drained: console_running(c); */
        }
        more = (status == SKR_OK) && (done < capacity);
    }
    return (status == SKR_FAULT) ? 0U : done;
}

/** Let the device find what was given back, without telling it. */
/*@ requires console_running(c);
  @ terminates \true; exits \false;
  @ assigns c->device.virtq[SKR_CONSOLE_RX].kicked_idx, c->device.transport.memory[0 .. c->device.transport.memory_size - 1];
  @ ensures console_running(c);
  @*/
static void show_quietly(skr_console_t *c)
{
    (void)skr_virtq_publish(&c->device.virtq[SKR_CONSOLE_RX]);
}

/** Read on a running console, and give the device its buffers back; the number of bytes read, 0 with a fault. */
/*@ requires console_running(c) && \valid(data + (0 .. capacity - 1)) && skr_console_apart(c, data, capacity);
  @ terminates \true; exits \false;
  @ assigns data[0 .. capacity - 1], c->counters, c->rx_at, c->rx_length, c->rx_id, c->device.rung,
  @         c->device.virtq[SKR_CONSOLE_RX], c->device.state, c->device.cause, c->device.counters, c->device.status,
  @         c->device.transport.registers[0 .. c->device.transport.registers_size - 1],
  @         c->device.transport.memory[0 .. c->device.transport.memory_size - 1];
  @ ensures console_left(c);
  @ ensures c->device.state == SKR_DEVICE_FAILED ==> \result == 0;
  @ ensures \result <= capacity;
  @ ensures c->counters.read == (uint32_t)(\old(c->counters.read) + \result);
  @*/
static uint32_t receive(skr_console_t *c, uint8_t *data, uint32_t capacity)
{
    const uint32_t done = drain_all(c, data, capacity);

    if (done != 0U) {
        skr_device_flush(&c->device, SKR_CONSOLE_RX);
        c->counters.read += done;
        /*@ assert told: console_running(c); */
    } else if (c->device.state == SKR_DEVICE_READY) {
        /* Nothing but empty buffers, if any. A back-end at the end of its input would answer the notification with the
         * next one: let it find the buffers by itself, or with the notification that is repeated on the tick. */
        show_quietly(c);
    } else {
        /* given up: nothing shared is touched any more */
    }
    return done;
}

skr_status_t skr_console_read(skr_console_t *c, uint8_t *data, uint32_t capacity, uint32_t *got)
{
    uint32_t done = 0U;

    if (c->device.state == SKR_DEVICE_READY) {
        done = receive(c, data, capacity);
        /*@ assert passed: console_left(c); */
    }
    return tell(c, done, capacity, got);
}

/** Whether the device that is there offers the emergency register: for the time before negotiation. */
/*@ requires skr_console_sound(c) && c->device.linked != 0;
  @ terminates \true; exits \false;
  @ assigns c->device.transport.registers[0 .. c->device.transport.registers_size - 1];
  @*/
static bool offers_emergency(const skr_console_t *c)
{
    const skr_transport_t *t = &c->device.transport;
    skr_cause_t cause = SKR_CAUSE_NONE; /* not latched: it is the set-up that judges the device */
    bool offered = false;

    if (skr_transport_identify(t, SKR_DEVICE_ID_CONSOLE, &cause) == SKR_OK) {
        offered = (skr_transport_features(t) & SKR_CONSOLE_F_EMERG_WRITE) != 0U;
    }
    return offered;
}

/** Write the emergency register, if there is one. */
/*@ requires skr_console_sound(c) && c->device.linked != 0;
  @ terminates \true; exits \false;
  @ assigns c->device.transport.registers[0 .. c->device.transport.registers_size - 1],
  @         c->device.transport.config[8 .. 11];
  @ ensures \result == SKR_OK || \result == SKR_STATE;
  @*/
static skr_status_t write_emergency(skr_console_t *c, uint8_t character)
{
    skr_status_t status = SKR_STATE;
    bool usable = false;

    if (c->device.state == SKR_DEVICE_READY) {
        usable = (c->device.features & SKR_CONSOLE_F_EMERG_WRITE) != 0U;
    } else {
        usable = offers_emergency(c);
    }
    if (usable) {
        skr_shm_write32(c->device.transport.config, CONFIG_EMERG_WR, character);
        status = SKR_OK;
    }
    return status;
}

skr_status_t skr_console_emergency(skr_console_t *c, uint8_t character)
{
    skr_status_t status = SKR_STATE;

    if (c->device.state == SKR_DEVICE_FAILED) {
        status = SKR_FAULT;
    } else if (c->device.transport.kind != SKR_TRANSPORT_HVL) {
        status = write_emergency(c, character);
    } else {
        /* plain memory: a PMM looks at the rings, not at this field */
    }
    return status;
}

void skr_console_size(const skr_console_t *c, uint16_t *columns, uint16_t *rows)
{
    *columns = c->columns;
    *rows = c->rows;
}

void skr_console_resized(skr_console_t *c)
{
    c->sized = 0U;
}

skr_cause_t skr_console_cause(const skr_console_t *c)
{
    return (c->device.state == SKR_DEVICE_FAILED) ? c->device.cause : SKR_CAUSE_NONE;
}

uint32_t skr_console_acknowledge(const skr_console_t *c)
{
    uint32_t bits = 0U;

    if ((c->device.state != SKR_DEVICE_FAILED) && (c->device.state != SKR_DEVICE_IDLE)) {
        bits = skr_transport_acknowledge(&c->device.transport);
    }
    return bits;
}
