/* SPDX-License-Identifier: BSD-3-Clause */
#include "console_core.h"

/* More bytes than a ring has room for. */
#define ALL 0xFFFFFFFFU

#if SKR_CONSOLE_PORTS > 1U
#define WANTED (SKR_CONSOLE_F_SIZE | SKR_CONSOLE_F_MULTIPORT | SKR_CONSOLE_F_EMERG_WRITE)
#else
#define WANTED (SKR_CONSOLE_F_SIZE | SKR_CONSOLE_F_EMERG_WRITE)
#endif

/* transmits: a ring that text fits. marked: a port of which nothing is being read and no size is known.
 * wrote, read: what the call for a port answers. */
#ifdef __FRAMAC__
#define console_transmits(q) (skr_virtq_sound(q) && (q)->stride == SKR_CONSOLE_TX_BYTES)

#define console_unmarked(p) ((p).rx_id == SKR_VIRTQ_NONE && (p).columns == 0 && (p).rows == 0)
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
#if SKR_CONSOLE_PORTS > 1U
    counters->late = 0U;
    counters->odd_messages = 0U;
#endif
}

/** Nothing of a port is known, and nothing of it is being read. */
/*@ requires \valid(port + (0 .. SKR_CONSOLE_PORTS - 1));
  @ terminates \true; exits \false; assigns port[0 .. SKR_CONSOLE_PORTS - 1];
  @ ensures \forall integer k; 0 <= k < SKR_CONSOLE_PORTS ==> console_unmarked(port[k]);
  @*/
static void unmark(skr_console_port_t port[SKR_CONSOLE_PORTS])
{
    /*@ loop invariant 0 <= i <= SKR_CONSOLE_PORTS;
      @ loop invariant \forall integer k; 0 <= k < i ==> console_unmarked(port[k]);
      @ loop assigns i, port[0 .. SKR_CONSOLE_PORTS - 1];
      @ loop variant SKR_CONSOLE_PORTS - i;
      @*/
    for (uint16_t i = 0U; i < SKR_CONSOLE_PORTS; i++) {
        port[i].rx_at = 0U;
        port[i].rx_length = 0U;
        port[i].rx_id = SKR_VIRTQ_NONE;
        port[i].columns = 0U;
        port[i].rows = 0U;
        port[i].sized = 0U;
    }
}

skr_status_t skr_console_init(skr_console_t *c, const skr_transport_t *transport)
{
    skr_status_t status = SKR_FAULT;

    status = skr_device_init(&c->device, transport, SKR_DEVICE_ID_CONSOLE, SKR_CONSOLE_CONFIG_BYTES, WANTED);
    /*@ assert apart: skr_console_windows(c); */
    skr_device_plan_queue(&c->device, true, SKR_CONSOLE_RX_COUNT, SKR_CONSOLE_RX_BYTES);
    skr_device_plan_queue(&c->device, false, SKR_CONSOLE_TX_COUNT, SKR_CONSOLE_TX_BYTES);
#if SKR_CONSOLE_PORTS > 1U
    skr_console_plan_ports(c);
#endif
    reset_counters(&c->counters);
    unmark(c->port);
    return status;
}

/** Bytes of a port given to the device that it has not returned. Before the queue is placed, its books mean nothing. */
/*@ requires skr_console_sound(c) && skr_console_there(c, port);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures c->device.placed <= SKR_CONSOLE_TX ==> \result == 0;
  @*/
static uint32_t in_flight(const skr_console_t *c, uint16_t port)
{
    const uint16_t tx = skr_console_tx_of(port);
    const skr_virtq_t *q = &c->device.virtq[tx];
    uint32_t bytes = 0U;

    if (c->device.placed > tx) {
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

/** The same of all ports. */
/*@ requires skr_console_sound(c);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures c->device.placed <= SKR_CONSOLE_TX ==> \result == 0;
  @*/
static uint32_t all_in_flight(const skr_console_t *c)
{
    uint32_t bytes = 0U;

    /*@ loop invariant 0 <= i <= SKR_CONSOLE_PORTS;
      @ loop invariant c->device.placed <= SKR_CONSOLE_TX ==> bytes == 0;
      @ loop assigns i, bytes;
      @ loop variant SKR_CONSOLE_PORTS - i;
      @*/
    for (uint16_t i = 0U; i < skr_console_ports(c); i++) {
        bytes += in_flight(c, i);
    }
    return bytes;
}

skr_status_t skr_console_start(skr_console_t *c, uint32_t now)
{
    skr_status_t status = SKR_FAULT;

    c->counters.dropped += all_in_flight(c);
    status = skr_device_start(&c->device, now);
#if SKR_CONSOLE_PORTS > 1U
    skr_console_forget_ports(c);
#endif
    return status;
}

/** Take back all buffers that the device has transmitted, unless there is room for `bytes` bytes already. */
/*@ requires skr_console_running(c) && skr_console_there(c, port);
  @ terminates \true; exits \false;
  @ assigns c->device.virtq[0 .. SKR_DEVICE_QUEUES - 1], c->device.state, c->device.cause, c->device.counters,
  @         c->device.status, c->device.transport.registers[0 .. c->device.transport.registers_size - 1];
  @ ensures skr_console_left(c);
  @ ensures \result == (c->device.state == SKR_DEVICE_READY ? SKR_OK : SKR_FAULT);
  @*/
static skr_status_t reclaim(skr_console_t *c, uint16_t port, uint32_t bytes)
{
    const uint16_t tx = skr_console_tx_of(port);
    const skr_virtq_t *q = &c->device.virtq[tx];
    skr_status_t status = SKR_OK;

    if ((q->outstanding != 0U) && (((uint32_t)q->free_count * SKR_CONSOLE_TX_BYTES) < bytes)) {
        status = skr_console_reclaim(c, tx, SKR_CONSOLE_TX_COUNT);
    }
    /*@ assert taken_back: skr_console_left(c); */
    return status;
}

/** The same for all ports, whatever room there is. */
/*@ requires skr_console_running(c);
  @ terminates \true; exits \false;
  @ assigns c->device.virtq[0 .. SKR_DEVICE_QUEUES - 1], c->device.state, c->device.cause, c->device.counters,
  @         c->device.status, c->device.transport.registers[0 .. c->device.transport.registers_size - 1];
  @ ensures skr_console_left(c);
  @ ensures \result == (c->device.state == SKR_DEVICE_READY ? SKR_OK : SKR_FAULT);
  @*/
static skr_status_t reclaim_all(skr_console_t *c)
{
    skr_status_t status = SKR_OK;

    /*@ loop invariant 0 <= i <= SKR_CONSOLE_PORTS;
      @ loop invariant skr_console_left(c);
      @ loop invariant status == (c->device.state == SKR_DEVICE_READY ? SKR_OK : SKR_FAULT);
      @ loop assigns i, status, c->device.virtq[0 .. SKR_DEVICE_QUEUES - 1], c->device.state, c->device.cause,
      @      c->device.counters, c->device.status,
      @      c->device.transport.registers[0 .. c->device.transport.registers_size - 1];
      @ loop variant SKR_CONSOLE_PORTS - i;
      @*/
    for (uint16_t i = 0U; (i < skr_console_ports(c)) && (status == SKR_OK); i++) {
        status = reclaim(c, i, ALL);
    }
    return status;
}

/** The device has begun to run: nothing of an earlier life counts, and transmitting needs no interrupts. */
/*@ requires skr_console_sound(c) && c->device.state == SKR_DEVICE_READY;
  @ terminates \true; exits \false;
  @ assigns c->port[0 .. SKR_CONSOLE_PORTS - 1], c->device.transport.memory[0 .. c->device.transport.memory_size - 1];
  @ ensures skr_console_running(c);
  @*/
static void begin_running(skr_console_t *c)
{
    unmark(c->port);
    /*@ assert forgotten: skr_console_running(c); */
    /*@ loop invariant 0 <= i <= SKR_CONSOLE_PORTS;
      @ loop invariant skr_console_running(c);
      @ loop assigns i, c->device.transport.memory[0 .. c->device.transport.memory_size - 1];
      @ loop variant SKR_CONSOLE_PORTS - i;
      @*/
    for (uint16_t i = 0U; i < skr_console_ports(c); i++) {
        /* Buffers are taken back when they are needed or on a step, so an interrupt for each would be for nothing. */
        skr_virtq_interrupts(&c->device.virtq[skr_console_tx_of(i)], false);
    }
}

/** Read the size of the terminal of port 0, if the device tells one and it was not read yet. */
/*@ requires skr_console_running(c);
  @ terminates \true; exits \false;
  @ assigns c->port[0].columns, c->port[0].rows, c->port[0].sized, c->device.counters, c->device.field[0 .. 1];
  @ ensures skr_console_running(c);
  @*/
static void read_size(skr_console_t *c)
{
    if ((c->port[0].sized == 0U) && ((c->device.features & SKR_CONSOLE_F_SIZE) != 0U)) {
        /* A size that changed at every try is no fault: it is data, and the next step tries again. */
        if (skr_device_read_config(&c->device, SKR_CONSOLE_CONFIG_COLS, SKR_CONSOLE_CONFIG_COLS_BYTES) == SKR_OK) {
            c->port[0].columns = (uint16_t)c->device.field[0];
            c->port[0].rows = (uint16_t)c->device.field[1];
            c->port[0].sized = 1U;
        }
    }
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

/** Fill free buffers of a port; the bytes taken. */
/*@ requires skr_console_running(c) && skr_console_there(c, port) && \valid_read(data + (0 .. length - 1));
  @ requires skr_console_apart(c, (uint8_t *)data, length);
  @ terminates \true; exits \false;
  @ assigns c->device.virtq[0 .. SKR_DEVICE_QUEUES - 1],
  @         c->device.transport.memory[0 .. c->device.transport.memory_size - 1];
  @ ensures skr_console_running(c);
  @ ensures \result <= length;
  @*/
static uint32_t fill(skr_console_t *c, uint16_t port, const uint8_t *data, uint32_t length)
{
    const uint32_t done = put_all(&c->device.virtq[skr_console_tx_of(port)], data, length);

    /*@ assert first_books: port == 0 ==> skr_virtq_books_stay(&c->device.virtq[0], Pre); */
    /*@ assert first_rings: port == 0 ==> skr_device_rings(&c->device); */
    /*@ assert first: port == 0 ==> skr_console_running(c); */
    /*@ assert second: port == 1 ==> skr_console_running(c); */
    return done;
}

/** Write on a port of a running console; the number of bytes taken, 0 with a fault. */
/*@ requires skr_console_running(c) && skr_console_there(c, port) && \valid_read(data + (0 .. length - 1));
  @ requires skr_console_apart(c, (uint8_t *)data, length);
  @ terminates \true; exits \false;
  @ assigns c->counters.written, c->device.virtq[0 .. SKR_DEVICE_QUEUES - 1], c->device.state, c->device.cause,
  @         c->device.counters, c->device.status, c->device.rung,
  @         c->device.transport.registers[0 .. c->device.transport.registers_size - 1],
  @         c->device.transport.memory[0 .. c->device.transport.memory_size - 1];
  @ ensures skr_console_left(c);
  @ ensures c->device.state == SKR_DEVICE_FAILED ==> \result == 0;
  @ ensures \result <= length;
  @ ensures c->counters.written == (uint32_t)(\old(c->counters.written) + \result);
  @*/
static uint32_t transmit(skr_console_t *c, uint16_t port, const uint8_t *data, uint32_t length)
{
    uint32_t done = 0U;

    if (reclaim(c, port, length) == SKR_OK) {
        done = fill(c, port, data, length);
        if (done != 0U) {
            skr_console_flush(c, skr_console_tx_of(port));
            c->counters.written += done;
            /*@ assert told: skr_console_running(c); */
        }
    }
    return done;
}

/** Tell how many of the `wanted` bytes were passed on, and answer for it. */
/*@ requires skr_console_going(c) && skr_console_result(c, told);
  @ terminates \true; exits \false;
  @ assigns *told;
  @ ensures skr_console_going(c) && *told == done;
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

    if (skr_console_writable(c, 0U)) {
        done = transmit(c, 0U, data, length);
        /*@ assert passed: skr_console_left(c); */
    }
    return tell(c, done, length, taken);
}

/** Count the receive buffer that came back last as empty, and give it back. */
/*@ requires skr_console_running(c) && skr_console_there(c, port) && c->port[port].rx_id == SKR_VIRTQ_NONE;
  @ requires skr_console_has_popped(c, port == 0 ? 0 : 2 * port + 2);
  @ terminates \true; exits \false;
  @ assigns c->counters.empty_buffers, c->device.virtq[0 .. SKR_DEVICE_QUEUES - 1],
  @         c->device.transport.memory[0 .. c->device.transport.memory_size - 1];
  @ ensures skr_console_running(c);
  @*/
static void return_empty(skr_console_t *c, uint16_t port)
{
    const uint16_t rx = skr_console_rx_of(port);

    c->counters.empty_buffers++;
    skr_console_give_back(c, rx, c->device.virtq[rx].popped, SKR_CONSOLE_RX_BYTES);
}

/** Begin to read the receive buffer that came back last. */
/*@ requires skr_console_running(c) && skr_console_there(c, port);
  @ requires skr_console_has_popped(c, port == 0 ? 0 : 2 * port + 2);
  @ requires c->device.virtq[port == 0 ? 0 : 2 * port + 2].popped_length != 0;
  @ terminates \true; exits \false;
  @ assigns c->port[0 .. SKR_CONSOLE_PORTS - 1];
  @ ensures skr_console_running(c) && c->port[port].rx_id != SKR_VIRTQ_NONE;
  @*/
static void open_buffer(skr_console_t *c, uint16_t port)
{
    const skr_virtq_t *q = &c->device.virtq[skr_console_rx_of(port)];

    /* The queue has compared the length with what was posted; that this is never more than a buffer is said here once more, where
     * the reading depends on it. */
    c->port[port].rx_id = q->popped;
    c->port[port].rx_at = 0U;
    c->port[port].rx_length = least(q->popped_length, SKR_CONSOLE_RX_BYTES);
    /*@ assert first: port == 0 ==> skr_console_running(c); */
    /*@ assert second: port == 1 ==> skr_console_running(c); */
}

/** Take the next receive buffer if none is being read; one without a byte is counted and given back. */
/*@ requires skr_console_running(c) && skr_console_there(c, port);
  @ terminates \true; exits \false;
  @ assigns c->counters.empty_buffers, c->port[0 .. SKR_CONSOLE_PORTS - 1],
  @         c->device.virtq[0 .. SKR_DEVICE_QUEUES - 1], c->device.state, c->device.cause, c->device.counters,
  @         c->device.status, c->device.transport.registers[0 .. c->device.transport.registers_size - 1],
  @         c->device.transport.memory[0 .. c->device.transport.memory_size - 1];
  @ ensures skr_console_left(c);
  @ ensures \result == SKR_OK || \result == SKR_AGAIN || \result == SKR_FAULT;
  @ ensures \result == SKR_FAULT <==> c->device.state == SKR_DEVICE_FAILED;
  @ ensures \result != SKR_OK ==> c->port[port].rx_id == SKR_VIRTQ_NONE;
  @*/
static skr_status_t fetch(skr_console_t *c, uint16_t port)
{
    const uint16_t rx = skr_console_rx_of(port);
    skr_status_t status = SKR_OK;

    if (c->port[port].rx_id == SKR_VIRTQ_NONE) {
        status = skr_console_pop(c, rx);
        if (status == SKR_OK) {
            if (c->device.virtq[rx].popped_length == 0U) {
                return_empty(c, port);
            } else {
                open_buffer(c, port);
            }
            /*@ assert taken: skr_console_running(c); */
        }
        /*@ assert looked: skr_console_left(c) && (status == SKR_FAULT <==> c->device.state == SKR_DEVICE_FAILED); */
    }
    return status;
}

/** Give the buffer being read back. */
/*@ requires skr_console_running(c) && skr_console_there(c, port) && c->port[port].rx_id != SKR_VIRTQ_NONE;
  @ terminates \true; exits \false;
  @ assigns c->port[0 .. SKR_CONSOLE_PORTS - 1], c->device.virtq[0 .. SKR_DEVICE_QUEUES - 1],
  @         c->device.transport.memory[0 .. c->device.transport.memory_size - 1];
  @ ensures skr_console_running(c);
  @*/
static void close_buffer(skr_console_t *c, uint16_t port)
{
    const uint16_t rx = skr_console_rx_of(port);
    const uint16_t id = c->port[port].rx_id;

    c->port[port].rx_id = SKR_VIRTQ_NONE;
    /*@ assert first: port == 0 ==> skr_console_running(c) && skr_console_has(c, rx, id); */
    /*@ assert second: port == 1 ==> skr_console_running(c) && skr_console_has(c, rx, id); */
    skr_console_give_back(c, rx, id, SKR_CONSOLE_RX_BYTES);
}

/** Copy the next bytes out of the buffer being read; `part` of them are there. */
/*@ requires skr_console_running(c) && skr_console_there(c, port) && c->port[port].rx_id != SKR_VIRTQ_NONE;
  @ requires part <= c->port[port].rx_length - c->port[port].rx_at;
  @ requires \valid(to + (0 .. part - 1)) && skr_console_apart(c, to, part);
  @ terminates \true; exits \false;
  @ assigns to[0 .. part - 1];
  @ ensures skr_console_running(c);
  @*/
static void copy(const skr_console_t *c, uint16_t port, uint8_t *to, uint32_t part)
{
    const skr_virtq_t *q = &c->device.virtq[skr_console_rx_of(port)];

    skr_shm_copy_in(to, q->base, skr_virtq_buffer(q, c->port[port].rx_id) + c->port[port].rx_at, part);
}

/** Copy out of the buffer being read, behind the `done` bytes that are there, and give it back when it is read to the end. */
/*@ requires skr_console_running(c) && skr_console_there(c, port);
  @ requires c->port[port].rx_id != SKR_VIRTQ_NONE && done < capacity;
  @ requires \valid(data + (0 .. capacity - 1)) && skr_console_apart(c, data, capacity);
  @ terminates \true; exits \false;
  @ assigns data[0 .. capacity - 1], c->port[0 .. SKR_CONSOLE_PORTS - 1], c->device.virtq[0 .. SKR_DEVICE_QUEUES - 1],
  @         c->device.transport.memory[0 .. c->device.transport.memory_size - 1];
  @ ensures skr_console_running(c);
  @ ensures done < \result <= capacity;
  @*/
static uint32_t drain(skr_console_t *c, uint16_t port, uint8_t *data, uint32_t capacity, uint32_t done)
{
    const uint32_t left = c->port[port].rx_length - c->port[port].rx_at;
    const uint32_t part = least(capacity - done, left);

    copy(c, port, &data[done], part);
    if (part < left) {
        c->port[port].rx_at += part;
        /*@ assert first: port == 0 ==> skr_console_running(c); */
        /*@ assert second: port == 1 ==> skr_console_running(c); */
    } else {
        close_buffer(c, port);
        /*@ assert given_back: skr_console_running(c); */
    }
    return done + part;
}

/** Read until the room or the buffers end; the number of bytes read, 0 with a fault. */
/*@ requires skr_console_running(c) && skr_console_there(c, port);
  @ requires \valid(data + (0 .. capacity - 1)) && skr_console_apart(c, data, capacity);
  @ terminates \true; exits \false;
  @ assigns data[0 .. capacity - 1], c->counters.empty_buffers, c->port[0 .. SKR_CONSOLE_PORTS - 1],
  @         c->device.virtq[0 .. SKR_DEVICE_QUEUES - 1], c->device.state, c->device.cause, c->device.counters,
  @         c->device.status, c->device.transport.registers[0 .. c->device.transport.registers_size - 1],
  @         c->device.transport.memory[0 .. c->device.transport.memory_size - 1];
  @ ensures skr_console_left(c);
  @ ensures c->device.state == SKR_DEVICE_FAILED ==> \result == 0;
  @ ensures \result <= capacity;
  @*/
static uint32_t drain_all(skr_console_t *c, uint16_t port, uint8_t *data, uint32_t capacity)
{
    skr_status_t status = SKR_OK;
    uint32_t done = 0U;
    bool more = (capacity != 0U);

    /*@ loop invariant 0 <= i <= SKR_CONSOLE_RX_COUNT;
      @ loop invariant done <= capacity && (more ==> done < capacity);
      @ loop invariant skr_console_left(c);
      @ loop invariant status == SKR_FAULT <==> c->device.state == SKR_DEVICE_FAILED;
      @ loop invariant more ==> status == SKR_OK;
      @ loop assigns i, more, done, status, data[0 .. capacity - 1], c->counters.empty_buffers,
      @      c->port[0 .. SKR_CONSOLE_PORTS - 1], c->device.virtq[0 .. SKR_DEVICE_QUEUES - 1], c->device.state,
      @      c->device.cause, c->device.counters,
      @      c->device.status, c->device.transport.registers[0 .. c->device.transport.registers_size - 1],
      @      c->device.transport.memory[0 .. c->device.transport.memory_size - 1];
      @ loop variant SKR_CONSOLE_RX_COUNT - i;
      @*/
    for (uint16_t i = 0U; (i < SKR_CONSOLE_RX_COUNT) && more; i++) {
        status = fetch(c, port);
        if (c->port[port].rx_id != SKR_VIRTQ_NONE) {
            done = drain(c, port, data, capacity, done);
            /*@ assert drained: skr_console_running(c); */
        }
        more = (status == SKR_OK) && (done < capacity);
    }
    return (status == SKR_FAULT) ? 0U : done;
}

/** Read on a port of a running console, and give the device its buffers back; the number of bytes read, 0 with a fault. */
/*@ requires skr_console_running(c) && skr_console_there(c, port);
  @ requires \valid(data + (0 .. capacity - 1)) && skr_console_apart(c, data, capacity);
  @ terminates \true; exits \false;
  @ assigns data[0 .. capacity - 1], c->counters, c->port[0 .. SKR_CONSOLE_PORTS - 1], c->device.rung,
  @         c->device.virtq[0 .. SKR_DEVICE_QUEUES - 1], c->device.state, c->device.cause, c->device.counters,
  @         c->device.status, c->device.transport.registers[0 .. c->device.transport.registers_size - 1],
  @         c->device.transport.memory[0 .. c->device.transport.memory_size - 1];
  @ ensures skr_console_left(c);
  @ ensures c->device.state == SKR_DEVICE_FAILED ==> \result == 0;
  @ ensures \result <= capacity;
  @ ensures c->counters.read == (uint32_t)(\old(c->counters.read) + \result);
  @*/
static uint32_t receive(skr_console_t *c, uint16_t port, uint8_t *data, uint32_t capacity)
{
    const uint16_t rx = skr_console_rx_of(port);
    const uint32_t done = drain_all(c, port, data, capacity);

    if (done != 0U) {
        skr_console_flush(c, rx);
        c->counters.read += done;
        /*@ assert told: skr_console_running(c); */
    } else if (c->device.state == SKR_DEVICE_READY) {
        /* Nothing but empty buffers, if any. A back-end at the end of its input would answer the notification with the
         * next one: let it find the buffers by itself, or with the notification that is repeated on the tick. */
        skr_console_show(c, rx);
    } else {
        /* given up: nothing shared is touched any more */
    }
    return done;
}

skr_status_t skr_console_read(skr_console_t *c, uint8_t *data, uint32_t capacity, uint32_t *got)
{
    uint32_t done = 0U;

    if (skr_console_readable(c, 0U)) {
        done = receive(c, 0U, data, capacity);
        /*@ assert passed: skr_console_left(c); */
    }
    return tell(c, done, capacity, got);
}

#if SKR_CONSOLE_PORTS > 1U

skr_status_t skr_console_port_write(skr_console_t *c, uint16_t port, const uint8_t *data, uint32_t length, uint32_t *taken)
{
    skr_status_t status = SKR_ARGUMENT;

    if (port < SKR_CONSOLE_PORTS) {
        uint32_t done = 0U;

        if (skr_console_writable(c, port)) {
            done = transmit(c, port, data, length);
            /*@ assert passed: skr_console_left(c); */
        }
        status = tell(c, done, length, taken);
    } else {
        *taken = 0U;
    }
    return status;
}

skr_status_t skr_console_port_read(skr_console_t *c, uint16_t port, uint8_t *data, uint32_t capacity, uint32_t *got)
{
    skr_status_t status = SKR_ARGUMENT;

    if (port < SKR_CONSOLE_PORTS) {
        uint32_t done = 0U;

        if (skr_console_readable(c, port)) {
            done = receive(c, port, data, capacity);
            /*@ assert passed: skr_console_left(c); */
        }
        status = tell(c, done, capacity, got);
    } else {
        *got = 0U;
    }
    return status;
}

/** Throw away what came in on a port: the buffer being read, and those behind it; SKR_FAULT if the ring is broken. */
/*@ requires skr_console_running(c) && skr_console_there(c, port);
  @ terminates \true; exits \false;
  @ assigns c->counters, c->port[0 .. SKR_CONSOLE_PORTS - 1],
  @         c->device.virtq[0 .. SKR_DEVICE_QUEUES - 1], c->device.state, c->device.cause, c->device.counters,
  @         c->device.status, c->device.transport.registers[0 .. c->device.transport.registers_size - 1],
  @         c->device.transport.memory[0 .. c->device.transport.memory_size - 1];
  @ ensures skr_console_left(c);
  @ ensures \result == (c->device.state == SKR_DEVICE_READY ? SKR_OK : SKR_FAULT);
  @*/
static skr_status_t discard(skr_console_t *c, uint16_t port)
{
    skr_status_t status = SKR_OK;

    /*@ loop invariant 0 <= i <= SKR_CONSOLE_RX_COUNT;
      @ loop invariant skr_console_left(c);
      @ loop invariant status == SKR_OK || status == SKR_AGAIN || status == SKR_FAULT;
      @ loop invariant status == SKR_FAULT <==> c->device.state == SKR_DEVICE_FAILED;
      @ loop assigns i, status, c->counters, c->port[0 .. SKR_CONSOLE_PORTS - 1],
      @      c->device.virtq[0 .. SKR_DEVICE_QUEUES - 1], c->device.state, c->device.cause, c->device.counters,
      @      c->device.status, c->device.transport.registers[0 .. c->device.transport.registers_size - 1],
      @      c->device.transport.memory[0 .. c->device.transport.memory_size - 1];
      @ loop variant SKR_CONSOLE_RX_COUNT - i;
      @*/
    for (uint16_t i = 0U; (i < SKR_CONSOLE_RX_COUNT) && (status == SKR_OK); i++) {
        status = fetch(c, port);
        if (c->port[port].rx_id != SKR_VIRTQ_NONE) {
            c->counters.late += c->port[port].rx_length - c->port[port].rx_at;
            close_buffer(c, port);
            /*@ assert thrown: skr_console_running(c); */
        }
    }
    if (status != SKR_FAULT) {
        skr_console_show(c, skr_console_rx_of(port)); /* not told: nobody reads here, so nothing is urgent */
        status = SKR_OK;
    }
    return status;
}

/** Keep the ports in step with the device: control messages, and what came in where nobody reads. */
/*@ requires skr_console_running(c);
  @ terminates \true; exits \false;
  @ assigns c->counters, c->greet, c->port[0 .. SKR_CONSOLE_PORTS - 1],
  @         c->device.virtq[0 .. SKR_DEVICE_QUEUES - 1], c->device.state, c->device.cause, c->device.counters,
  @         c->device.status, c->device.rung,
  @         c->device.transport.registers[0 .. c->device.transport.registers_size - 1],
  @         c->device.transport.memory[0 .. c->device.transport.memory_size - 1];
  @ ensures skr_console_left(c);
  @ ensures \result == (c->device.state == SKR_DEVICE_READY ? SKR_OK : SKR_FAULT);
  @*/
static skr_status_t serve_ports(skr_console_t *c)
{
    skr_status_t status = skr_console_converse(c);

    /*@ loop invariant 0 <= i <= SKR_CONSOLE_PORTS;
      @ loop invariant skr_console_left(c);
      @ loop invariant status == (c->device.state == SKR_DEVICE_READY ? SKR_OK : SKR_FAULT);
      @ loop assigns i, status, c->counters, c->port[0 .. SKR_CONSOLE_PORTS - 1],
      @      c->device.virtq[0 .. SKR_DEVICE_QUEUES - 1], c->device.state, c->device.cause, c->device.counters,
      @      c->device.status, c->device.transport.registers[0 .. c->device.transport.registers_size - 1],
      @      c->device.transport.memory[0 .. c->device.transport.memory_size - 1];
      @ loop variant SKR_CONSOLE_PORTS - i;
      @*/
    for (uint16_t i = 0U; (i < skr_console_ports(c)) && (status == SKR_OK); i++) {
        if (!skr_console_readable(c, i)) {
            status = discard(c, i);
        }
        /*@ assert kept: skr_console_left(c); */
    }
    return status;
}

#endif

skr_status_t skr_console_step(skr_console_t *c, uint32_t now)
{
    const bool running = (c->device.state == SKR_DEVICE_READY);
    skr_status_t status = skr_device_step(&c->device, now);

#if SKR_CONSOLE_PORTS > 1U
    if (status == SKR_AGAIN) {
        status = skr_console_learn_ports(c);
        /*@ assert learned: skr_console_going(c); */
    }
#endif
    if (status == SKR_OK) {
        if (!running) {
            begin_running(c);
#if SKR_CONSOLE_PORTS > 1U
            skr_console_begin_ports(c);
#endif
            /*@ assert begun: skr_console_running(c); */
        }
        /*@ assert runs: skr_console_running(c); */
        status = reclaim_all(c);
    }
#if SKR_CONSOLE_PORTS > 1U
    if (status == SKR_OK) {
        status = serve_ports(c);
    }
#endif
    if (status == SKR_OK) {
        read_size(c);
    }
    return status;
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
        skr_shm_write32(c->device.transport.config, SKR_CONSOLE_CONFIG_EMERG_WR, character);
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
    *columns = c->port[0].columns;
    *rows = c->port[0].rows;
}

void skr_console_resized(skr_console_t *c)
{
    c->port[0].sized = 0U;
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
