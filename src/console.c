/* SPDX-License-Identifier: BSD-3-Clause */
#include "skerry/console.h"

/* Configuration of a console, VIRTIO 1.4, 5.3.4. */
#define CONFIG_COLS 0U /* rows follow */
#define CONFIG_COLS_BYTES 2U
#define CONFIG_EMERG_WR 8U
#define CONFIG_BYTES 12U

/* In the proofs the two rings are spoken of by name: that is what the solvers take from, and give back to, the invariant
 * over all rings of a device. Where one ring was changed, they are led over the books of the other, which stayed. */
/*@ predicate console_running(skr_console_t *c) =
  @      skr_console_sound(c) && skr_console_reading(c) && c->device.state == SKR_DEVICE_READY;
  @
  @ predicate console_ring(skr_console_t *c, skr_virtq_t *q) =
  @      skr_virtq_sound(q) && q->base == c->device.transport.memory && q->limit == c->device.transport.memory_size;
  @
  @ predicate console_rings(skr_console_t *c) =
  @      console_ring(c, &c->device.virtq[SKR_CONSOLE_RX]) && console_ring(c, &c->device.virtq[SKR_CONSOLE_TX]);
  @
  @ predicate console_same_books{Before, After}(skr_virtq_t *q) =
  @      \at(q->count, Before) == \at(q->count, After) && \at(q->ready, Before) == \at(q->ready, After)
  @   && \at(q->outstanding, Before) == \at(q->outstanding, After)
  @   && \at(q->free_count, Before) == \at(q->free_count, After)
  @   && (\forall integer i; 0 <= i < SKR_VIRTQ_SIZE_MAX ==> \at(q->owner[i], Before) == \at(q->owner[i], After))
  @   && (\forall integer i; 0 <= i < SKR_VIRTQ_SIZE_MAX ==> \at(q->free_ids[i], Before) == \at(q->free_ids[i], After));
  @
  @ lemma console_books_kept{Before, After}: \forall skr_virtq_t *q;
  @      skr_virtq_books{Before}(q) && \at(q->count, Before) <= SKR_VIRTQ_SIZE_MAX && console_same_books{Before, After}(q)
  @   ==> skr_virtq_books{After}(q);
  @
  @ lemma console_all_rings: \forall skr_console_t *c;
  @      console_rings(c) && c->device.placed <= 2 ==> skr_device_rings(&c->device);
  @*/

/** The smaller of two. */
/*@ terminates \true; exits \false; assigns \nothing;
  @ ensures \result == (a < b ? a : b);
  @*/
static uint32_t least(uint32_t a, uint32_t b)
{
    return (a < b) ? a : b;
}

/** Note which receive buffer is being read, how far, and how much is in it. */
/*@ requires skr_console_sound(c) && c->device.state == SKR_DEVICE_READY;
  @ terminates \true; exits \false;
  @ assigns c->rx_id, c->rx_at, c->rx_length;
  @ ensures skr_console_sound(c);
  @ ensures c->rx_id == id && c->rx_at == at && c->rx_length == length;
  @*/
static void mark(skr_console_t *c, uint16_t id, uint32_t at, uint32_t length)
{
    /*@ assert console_rings(c); */
    /*@ assert c->device.queues == 2; */
    /*@ assert skr_virtq_placed(&c->device.virtq[SKR_CONSOLE_RX]); */
    /*@ assert skr_virtq_books(&c->device.virtq[SKR_CONSOLE_RX]); */
    /*@ assert skr_virtq_placed(&c->device.virtq[SKR_CONSOLE_TX]); */
    /*@ assert skr_virtq_books(&c->device.virtq[SKR_CONSOLE_TX]); */
    c->rx_id = id;
    c->rx_at = at;
    c->rx_length = length;
    /*@ assert \forall integer i; 0 <= i < SKR_VIRTQ_SIZE_MAX ==> c->device.virtq[SKR_CONSOLE_RX].owner[i] == \at(c->device.virtq[SKR_CONSOLE_RX].owner[i], Pre); */
    /*@ assert \forall integer i; 0 <= i < SKR_VIRTQ_SIZE_MAX ==>
      @     c->device.virtq[SKR_CONSOLE_RX].free_ids[i] == \at(c->device.virtq[SKR_CONSOLE_RX].free_ids[i], Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_RX].count == \at(c->device.virtq[SKR_CONSOLE_RX].count, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_RX].ready == \at(c->device.virtq[SKR_CONSOLE_RX].ready, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_RX].outstanding == \at(c->device.virtq[SKR_CONSOLE_RX].outstanding, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_RX].free_count == \at(c->device.virtq[SKR_CONSOLE_RX].free_count, Pre); */
    /*@ assert console_same_books{Pre, Here}(&c->device.virtq[SKR_CONSOLE_RX]); */
    /*@ assert c->device.virtq[SKR_CONSOLE_RX].desc == \at(c->device.virtq[SKR_CONSOLE_RX].desc, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_RX].avail == \at(c->device.virtq[SKR_CONSOLE_RX].avail, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_RX].used == \at(c->device.virtq[SKR_CONSOLE_RX].used, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_RX].buffers == \at(c->device.virtq[SKR_CONSOLE_RX].buffers, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_RX].stride == \at(c->device.virtq[SKR_CONSOLE_RX].stride, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_RX].limit == \at(c->device.virtq[SKR_CONSOLE_RX].limit, Pre); */
    /*@ assert skr_virtq_placed(&c->device.virtq[SKR_CONSOLE_RX]); */
    /*@ assert skr_virtq_books(&c->device.virtq[SKR_CONSOLE_RX]); */
    /*@ assert skr_virtq_sound(&c->device.virtq[SKR_CONSOLE_RX]); */
    /*@ assert \forall integer i; 0 <= i < SKR_VIRTQ_SIZE_MAX ==> c->device.virtq[SKR_CONSOLE_TX].owner[i] == \at(c->device.virtq[SKR_CONSOLE_TX].owner[i], Pre); */
    /*@ assert \forall integer i; 0 <= i < SKR_VIRTQ_SIZE_MAX ==>
      @     c->device.virtq[SKR_CONSOLE_TX].free_ids[i] == \at(c->device.virtq[SKR_CONSOLE_TX].free_ids[i], Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_TX].count == \at(c->device.virtq[SKR_CONSOLE_TX].count, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_TX].ready == \at(c->device.virtq[SKR_CONSOLE_TX].ready, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_TX].outstanding == \at(c->device.virtq[SKR_CONSOLE_TX].outstanding, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_TX].free_count == \at(c->device.virtq[SKR_CONSOLE_TX].free_count, Pre); */
    /*@ assert console_same_books{Pre, Here}(&c->device.virtq[SKR_CONSOLE_TX]); */
    /*@ assert c->device.virtq[SKR_CONSOLE_TX].desc == \at(c->device.virtq[SKR_CONSOLE_TX].desc, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_TX].avail == \at(c->device.virtq[SKR_CONSOLE_TX].avail, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_TX].used == \at(c->device.virtq[SKR_CONSOLE_TX].used, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_TX].buffers == \at(c->device.virtq[SKR_CONSOLE_TX].buffers, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_TX].stride == \at(c->device.virtq[SKR_CONSOLE_TX].stride, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_TX].limit == \at(c->device.virtq[SKR_CONSOLE_TX].limit, Pre); */
    /*@ assert skr_virtq_placed(&c->device.virtq[SKR_CONSOLE_TX]); */
    /*@ assert skr_virtq_books(&c->device.virtq[SKR_CONSOLE_TX]); */
    /*@ assert skr_virtq_sound(&c->device.virtq[SKR_CONSOLE_TX]); */
    /*@ assert console_rings(c); */
    /*@ assert skr_device_rings(&c->device); */
    /*@ assert c->device.queues == 2; */
    /*@ assert skr_device_planned(&c->device); */
    /*@ assert skr_device_progress(&c->device); */
    /*@ assert skr_device_linked(&c->device); */
    /*@ assert skr_device_sound(&c->device); */
    /*@ assert skr_console_queues(c); */
    /*@ assert skr_console_windows(c); */
    /*@ assert skr_console_sound(c); */
}

/** Note the size of the terminal, and whether it was read. */
/*@ requires console_running(c);
  @ terminates \true; exits \false;
  @ assigns c->columns, c->rows, c->sized;
  @ ensures skr_console_sound(c);
  @ ensures skr_console_reading(c);
  @*/
static void set_size(skr_console_t *c, uint16_t columns, uint16_t rows, uint16_t sized)
{
    /*@ assert console_rings(c); */
    /*@ assert c->device.queues == 2; */
    /*@ assert skr_virtq_placed(&c->device.virtq[SKR_CONSOLE_RX]); */
    /*@ assert skr_virtq_books(&c->device.virtq[SKR_CONSOLE_RX]); */
    /*@ assert skr_virtq_placed(&c->device.virtq[SKR_CONSOLE_TX]); */
    /*@ assert skr_virtq_books(&c->device.virtq[SKR_CONSOLE_TX]); */
    c->columns = columns;
    c->rows = rows;
    c->sized = sized;
    /*@ assert \forall integer i; 0 <= i < SKR_VIRTQ_SIZE_MAX ==> c->device.virtq[SKR_CONSOLE_RX].owner[i] == \at(c->device.virtq[SKR_CONSOLE_RX].owner[i], Pre); */
    /*@ assert \forall integer i; 0 <= i < SKR_VIRTQ_SIZE_MAX ==>
      @     c->device.virtq[SKR_CONSOLE_RX].free_ids[i] == \at(c->device.virtq[SKR_CONSOLE_RX].free_ids[i], Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_RX].count == \at(c->device.virtq[SKR_CONSOLE_RX].count, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_RX].ready == \at(c->device.virtq[SKR_CONSOLE_RX].ready, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_RX].outstanding == \at(c->device.virtq[SKR_CONSOLE_RX].outstanding, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_RX].free_count == \at(c->device.virtq[SKR_CONSOLE_RX].free_count, Pre); */
    /*@ assert console_same_books{Pre, Here}(&c->device.virtq[SKR_CONSOLE_RX]); */
    /*@ assert skr_virtq_placed(&c->device.virtq[SKR_CONSOLE_RX]); */
    /*@ assert skr_virtq_books(&c->device.virtq[SKR_CONSOLE_RX]); */
    /*@ assert skr_virtq_sound(&c->device.virtq[SKR_CONSOLE_RX]); */
    /*@ assert \forall integer i; 0 <= i < SKR_VIRTQ_SIZE_MAX ==> c->device.virtq[SKR_CONSOLE_TX].owner[i] == \at(c->device.virtq[SKR_CONSOLE_TX].owner[i], Pre); */
    /*@ assert \forall integer i; 0 <= i < SKR_VIRTQ_SIZE_MAX ==>
      @     c->device.virtq[SKR_CONSOLE_TX].free_ids[i] == \at(c->device.virtq[SKR_CONSOLE_TX].free_ids[i], Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_TX].count == \at(c->device.virtq[SKR_CONSOLE_TX].count, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_TX].ready == \at(c->device.virtq[SKR_CONSOLE_TX].ready, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_TX].outstanding == \at(c->device.virtq[SKR_CONSOLE_TX].outstanding, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_TX].free_count == \at(c->device.virtq[SKR_CONSOLE_TX].free_count, Pre); */
    /*@ assert console_same_books{Pre, Here}(&c->device.virtq[SKR_CONSOLE_TX]); */
    /*@ assert skr_virtq_placed(&c->device.virtq[SKR_CONSOLE_TX]); */
    /*@ assert skr_virtq_books(&c->device.virtq[SKR_CONSOLE_TX]); */
    /*@ assert skr_virtq_sound(&c->device.virtq[SKR_CONSOLE_TX]); */
    /*@ assert console_rings(c); */
    /*@ assert skr_device_rings(&c->device); */
    /*@ assert c->device.queues == 2; */
    /*@ assert skr_device_planned(&c->device); */
    /*@ assert skr_device_progress(&c->device); */
    /*@ assert skr_device_linked(&c->device); */
    /*@ assert skr_device_sound(&c->device); */
    /*@ assert skr_console_queues(c); */
    /*@ assert skr_console_windows(c); */
    /*@ assert skr_console_sound(c); */
    /*@ assert skr_console_reading(c); */
}

/** Add to the console's own counters. */
/*@ requires skr_console_sound(c) && skr_console_reading(c);
  @ terminates \true; exits \false;
  @ assigns c->counters;
  @ ensures skr_console_sound(c);
  @ ensures skr_console_reading(c);
  @ ensures c->counters.written == (uint32_t)(\old(c->counters.written) + more.written);
  @ ensures c->counters.read == (uint32_t)(\old(c->counters.read) + more.read);
  @ ensures c->counters.dropped == (uint32_t)(\old(c->counters.dropped) + more.dropped);
  @ ensures c->counters.empty_buffers == (uint32_t)(\old(c->counters.empty_buffers) + more.empty_buffers);
  @*/
static void count(skr_console_t *c, skr_console_counters_t more)
{
    /*@ assert skr_console_queues(c); */
    /*@ assert skr_console_windows(c); */
    /*@ assert skr_device_ring(&c->device, 0); */
    /*@ assert skr_device_ring(&c->device, 1); */
    /*@ assert skr_device_ring(&c->device, 2); */
    c->counters.written += more.written;
    c->counters.read += more.read;
    c->counters.dropped += more.dropped;
    c->counters.empty_buffers += more.empty_buffers;
    /*@ assert c->device.transport.registers_size == \at(c->device.transport.registers_size, Pre); */
    /*@ assert c->device.transport.config_size == \at(c->device.transport.config_size, Pre); */
    /*@ assert c->device.transport.memory_size == \at(c->device.transport.memory_size, Pre); */
    /*@ assert c->device.linked == \at(c->device.linked, Pre); */
    /*@ assert c->device.placed == \at(c->device.placed, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_RX].desc == \at(c->device.virtq[SKR_CONSOLE_RX].desc, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_RX].avail == \at(c->device.virtq[SKR_CONSOLE_RX].avail, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_RX].used == \at(c->device.virtq[SKR_CONSOLE_RX].used, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_RX].buffers == \at(c->device.virtq[SKR_CONSOLE_RX].buffers, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_RX].stride == \at(c->device.virtq[SKR_CONSOLE_RX].stride, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_RX].limit == \at(c->device.virtq[SKR_CONSOLE_RX].limit, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_TX].desc == \at(c->device.virtq[SKR_CONSOLE_TX].desc, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_TX].avail == \at(c->device.virtq[SKR_CONSOLE_TX].avail, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_TX].used == \at(c->device.virtq[SKR_CONSOLE_TX].used, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_TX].buffers == \at(c->device.virtq[SKR_CONSOLE_TX].buffers, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_TX].stride == \at(c->device.virtq[SKR_CONSOLE_TX].stride, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_TX].limit == \at(c->device.virtq[SKR_CONSOLE_TX].limit, Pre); */
    /*@ assert skr_device_ring(&c->device, 0); */
    /*@ assert skr_device_ring(&c->device, 1); */
    /*@ assert skr_device_ring(&c->device, 2); */
    /*@ assert skr_device_planned(&c->device); */
    /*@ assert skr_device_rings(&c->device); */
    /*@ assert skr_device_progress(&c->device); */
    /*@ assert c->device.linked != 0 ==> skr_device_linked(&c->device); */
    /*@ assert skr_device_sound(&c->device); */
    /*@ assert skr_console_queues(c); */
    /*@ assert skr_console_windows(c); */
    /*@ assert skr_console_sound(c); */
    /*@ assert skr_console_reading(c); */
}

skr_status_t skr_console_init(skr_console_t *c, const skr_transport_t *transport)
{
    const skr_console_counters_t zero = { 0U, 0U, 0U, 0U };
    const uint64_t wanted = SKR_CONSOLE_F_SIZE | SKR_CONSOLE_F_EMERG_WRITE;
    skr_status_t status = SKR_FAULT;

    c->counters = zero;
    c->rx_at = 0U;
    c->rx_length = 0U;
    c->rx_id = SKR_VIRTQ_NONE;
    c->columns = 0U;
    c->rows = 0U;
    c->sized = 0U;
    status = skr_device_init(&c->device, transport, SKR_DEVICE_ID_CONSOLE, CONFIG_BYTES, wanted);
    /*@ assert c->device.transport.registers == transport->registers; */
    /*@ assert c->device.transport.registers_size == transport->registers_size; */
    /*@ assert c->device.transport.config == transport->config; */
    /*@ assert c->device.transport.config_size == transport->config_size; */
    /*@ assert c->device.transport.memory == transport->memory; */
    /*@ assert c->device.transport.memory_size == transport->memory_size; */
    /*@ assert c->device.queues == 0 && c->device.placed == 0 && c->device.fences == 0 && c->device.offset == 0; */
    /*@ assert c->device.config_bytes == 12; */
    /*@ assert c->device.linked != 0 ==> skr_device_linked(&c->device); */
    /*@ assert (c->device.linked != 0 && c->device.state == SKR_DEVICE_IDLE) || (c->device.linked == 0 && c->device.state == SKR_DEVICE_FAILED); */
    skr_device_plan_queue(&c->device, true, SKR_CONSOLE_RX_COUNT, SKR_CONSOLE_RX_BYTES);
    /*@ assert c->device.transport.registers == transport->registers; */
    /*@ assert c->device.transport.registers_size == transport->registers_size; */
    /*@ assert c->device.transport.config == transport->config; */
    /*@ assert c->device.transport.config_size == transport->config_size; */
    /*@ assert c->device.transport.memory == transport->memory; */
    /*@ assert c->device.transport.memory_size == transport->memory_size; */
    /*@ assert c->device.queues == 1 && c->device.placed == 0 && c->device.fences == 0 && c->device.offset == 0; */
    /*@ assert c->device.config_bytes == 12; */
    /*@ assert c->device.linked != 0 ==> skr_device_linked(&c->device); */
    /*@ assert (c->device.linked != 0 && c->device.state == SKR_DEVICE_IDLE) || (c->device.linked == 0 && c->device.state == SKR_DEVICE_FAILED); */
    /*@ assert c->device.virtq[SKR_CONSOLE_RX].count == SKR_CONSOLE_RX_COUNT && c->device.virtq[SKR_CONSOLE_RX].stride == SKR_CONSOLE_RX_BYTES && c->device.virtq[SKR_CONSOLE_RX].from_device == 1; */
    skr_device_plan_queue(&c->device, false, SKR_CONSOLE_TX_COUNT, SKR_CONSOLE_TX_BYTES);
    /*@ assert c->device.transport.registers == transport->registers; */
    /*@ assert c->device.transport.registers_size == transport->registers_size; */
    /*@ assert c->device.transport.config == transport->config; */
    /*@ assert c->device.transport.config_size == transport->config_size; */
    /*@ assert c->device.transport.memory == transport->memory; */
    /*@ assert c->device.transport.memory_size == transport->memory_size; */
    /*@ assert c->device.queues == 2 && c->device.placed == 0 && c->device.fences == 0 && c->device.offset == 0; */
    /*@ assert c->device.config_bytes == 12; */
    /*@ assert c->device.linked != 0 ==> skr_device_linked(&c->device); */
    /*@ assert (c->device.linked != 0 && c->device.state == SKR_DEVICE_IDLE) || (c->device.linked == 0 && c->device.state == SKR_DEVICE_FAILED); */
    /*@ assert c->device.virtq[SKR_CONSOLE_RX].count == SKR_CONSOLE_RX_COUNT && c->device.virtq[SKR_CONSOLE_RX].stride == SKR_CONSOLE_RX_BYTES && c->device.virtq[SKR_CONSOLE_RX].from_device == 1; */
    /*@ assert c->device.virtq[SKR_CONSOLE_TX].count == SKR_CONSOLE_TX_COUNT && c->device.virtq[SKR_CONSOLE_TX].stride == SKR_CONSOLE_TX_BYTES && c->device.virtq[SKR_CONSOLE_TX].from_device == 0; */
    /*@ assert skr_device_planned(&c->device); */
    /*@ assert skr_device_rings(&c->device); */
    /*@ assert skr_device_progress(&c->device); */
    /*@ assert skr_device_sound(&c->device); */
    /*@ assert skr_console_queues(c); */
    /*@ assert skr_console_windows(c); */
    /*@ assert skr_console_sound(c); */
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
    const skr_console_counters_t more = { .dropped = in_flight(c) };
    skr_status_t status = SKR_FAULT;

    count(c, more);
    /*@ assert skr_console_queues(c); */
    /*@ assert skr_console_windows(c); */
    status = skr_device_start(&c->device, now);
    /*@ assert c->device.transport.registers_size == \at(c->device.transport.registers_size, Pre); */
    /*@ assert c->device.transport.config_size == \at(c->device.transport.config_size, Pre); */
    /*@ assert c->device.transport.memory_size == \at(c->device.transport.memory_size, Pre); */
    /*@ assert c->device.linked == \at(c->device.linked, Pre); */
    /*@ assert c->device.config_bytes == 12; */
    /*@ assert c->device.queues == 2; */
    /*@ assert skr_device_queue_same{Pre, Here}(&c->device, 0); */
    /*@ assert skr_device_queue_same{Pre, Here}(&c->device, 1); */
    /*@ assert c->device.virtq[SKR_CONSOLE_RX].count == SKR_CONSOLE_RX_COUNT && c->device.virtq[SKR_CONSOLE_RX].stride == SKR_CONSOLE_RX_BYTES && c->device.virtq[SKR_CONSOLE_RX].from_device == 1; */
    /*@ assert c->device.virtq[SKR_CONSOLE_TX].count == SKR_CONSOLE_TX_COUNT && c->device.virtq[SKR_CONSOLE_TX].stride == SKR_CONSOLE_TX_BYTES && c->device.virtq[SKR_CONSOLE_TX].from_device == 0; */
    /*@ assert skr_console_queues(c); */
    /*@ assert skr_console_windows(c); */
    /*@ assert skr_console_sound(c); */
    return status;
}

/** Put a transmit buffer on the free stack. */
/*@ requires console_running(c) && skr_virtq_taken(&c->device.virtq[SKR_CONSOLE_TX], id);
  @ terminates \true; exits \false;
  @ assigns c->device.virtq[SKR_CONSOLE_TX].free_count,
  @         c->device.virtq[SKR_CONSOLE_TX].free_ids[0 .. SKR_VIRTQ_SIZE_MAX - 1],
  @         c->device.virtq[SKR_CONSOLE_TX].owner[0 .. SKR_VIRTQ_SIZE_MAX - 1];
  @ ensures console_running(c);
  @*/
static void set_free(skr_console_t *c, uint16_t id)
{
    /*@ assert console_rings(c); */
    /*@ assert c->device.queues == 2; */
    /*@ assert skr_virtq_placed(&c->device.virtq[SKR_CONSOLE_RX]); */
    /*@ assert skr_virtq_books(&c->device.virtq[SKR_CONSOLE_RX]); */
    skr_virtq_release(&c->device.virtq[SKR_CONSOLE_TX], id);
    /*@ assert \forall integer i; 0 <= i < SKR_VIRTQ_SIZE_MAX ==> c->device.virtq[SKR_CONSOLE_RX].owner[i] == \at(c->device.virtq[SKR_CONSOLE_RX].owner[i], Pre); */
    /*@ assert \forall integer i; 0 <= i < SKR_VIRTQ_SIZE_MAX ==>
      @     c->device.virtq[SKR_CONSOLE_RX].free_ids[i] == \at(c->device.virtq[SKR_CONSOLE_RX].free_ids[i], Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_RX].count == \at(c->device.virtq[SKR_CONSOLE_RX].count, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_RX].ready == \at(c->device.virtq[SKR_CONSOLE_RX].ready, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_RX].outstanding == \at(c->device.virtq[SKR_CONSOLE_RX].outstanding, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_RX].free_count == \at(c->device.virtq[SKR_CONSOLE_RX].free_count, Pre); */
    /*@ assert console_same_books{Pre, Here}(&c->device.virtq[SKR_CONSOLE_RX]); */
    /*@ assert skr_virtq_placed(&c->device.virtq[SKR_CONSOLE_RX]); */
    /*@ assert skr_virtq_books(&c->device.virtq[SKR_CONSOLE_RX]); */
    /*@ assert skr_virtq_sound(&c->device.virtq[SKR_CONSOLE_RX]); */
    /*@ assert console_rings(c); */
    /*@ assert skr_device_rings(&c->device); */
    /*@ assert c->device.queues == 2; */
    /*@ assert skr_device_planned(&c->device); */
    /*@ assert skr_device_progress(&c->device); */
    /*@ assert skr_device_linked(&c->device); */
    /*@ assert skr_device_sound(&c->device); */
    /*@ assert skr_console_queues(c); */
    /*@ assert skr_console_windows(c); */
    /*@ assert skr_console_sound(c); */
    /*@ assert skr_console_reading(c); */
}

/** Take back one buffer that the device has transmitted. */
/*@ requires console_running(c);
  @ terminates \true; exits \false;
  @ assigns c->device.state, c->device.cause, c->device.counters, c->device.status,
  @         c->device.virtq[SKR_CONSOLE_TX].last_used, c->device.virtq[SKR_CONSOLE_TX].ready,
  @         c->device.virtq[SKR_CONSOLE_TX].outstanding, c->device.virtq[SKR_CONSOLE_TX].free_count,
  @         c->device.virtq[SKR_CONSOLE_TX].free_ids[0 .. SKR_VIRTQ_SIZE_MAX - 1],
  @         c->device.virtq[SKR_CONSOLE_TX].owner[0 .. SKR_VIRTQ_SIZE_MAX - 1],
  @         c->device.transport.registers[0 .. c->device.transport.registers_size - 1];
  @ ensures skr_console_sound(c);
  @ ensures skr_console_reading(c);
  @ ensures \result == SKR_OK || \result == SKR_AGAIN || \result == SKR_FAULT;
  @ ensures \result == SKR_FAULT <==> c->device.state == SKR_DEVICE_FAILED;
  @ ensures \result != SKR_FAULT ==> c->device.state == SKR_DEVICE_READY;
  @*/
static skr_status_t reclaim_one(skr_console_t *c)
{
    /*@ assert skr_console_queues(c); */
    /*@ assert skr_console_windows(c); */
    uint16_t id = SKR_VIRTQ_NONE;
    uint32_t length = 0U; /* means nothing on a queue that the device only reads */
    const skr_status_t status = skr_device_pop(&c->device, SKR_CONSOLE_TX, &id, &length);
    /*@ assert c->device.transport.registers_size == \at(c->device.transport.registers_size, Pre); */
    /*@ assert c->device.transport.config_size == \at(c->device.transport.config_size, Pre); */
    /*@ assert c->device.transport.memory_size == \at(c->device.transport.memory_size, Pre); */
    /*@ assert c->device.linked == \at(c->device.linked, Pre); */
    /*@ assert skr_console_queues(c); */
    /*@ assert skr_console_windows(c); */
    /*@ assert skr_console_sound(c); */
    /*@ assert \forall integer i; 0 <= i < SKR_VIRTQ_SIZE_MAX ==> c->device.virtq[SKR_CONSOLE_RX].owner[i] == \at(c->device.virtq[SKR_CONSOLE_RX].owner[i], Pre); */
    /*@ assert skr_console_reading(c); */

    if (status == SKR_OK) {
        set_free(c, id);
    }
    return status;
}

/** Take back all buffers that the device has transmitted. */
/*@ requires console_running(c);
  @ terminates \true; exits \false;
  @ assigns c->device.state, c->device.cause, c->device.counters, c->device.status,
  @         c->device.virtq[SKR_CONSOLE_TX].last_used, c->device.virtq[SKR_CONSOLE_TX].ready,
  @         c->device.virtq[SKR_CONSOLE_TX].outstanding, c->device.virtq[SKR_CONSOLE_TX].free_count,
  @         c->device.virtq[SKR_CONSOLE_TX].free_ids[0 .. SKR_VIRTQ_SIZE_MAX - 1],
  @         c->device.virtq[SKR_CONSOLE_TX].owner[0 .. SKR_VIRTQ_SIZE_MAX - 1],
  @         c->device.transport.registers[0 .. c->device.transport.registers_size - 1];
  @ ensures skr_console_sound(c);
  @ ensures skr_console_reading(c);
  @ ensures \result == SKR_OK || \result == SKR_FAULT;
  @ ensures \result == SKR_OK ==> c->device.state == SKR_DEVICE_READY;
  @ ensures \result == SKR_FAULT ==> c->device.state == SKR_DEVICE_FAILED;
  @*/
static skr_status_t reclaim(skr_console_t *c)
{
    skr_status_t status = SKR_OK;
    bool more = c->device.virtq[SKR_CONSOLE_TX].outstanding != 0U;

    /*@ loop invariant 0 <= i <= SKR_CONSOLE_TX_COUNT;
      @ loop invariant skr_console_sound(c);
      @ loop invariant skr_console_reading(c);
      @ loop invariant status == SKR_OK || status == SKR_AGAIN || status == SKR_FAULT;
      @ loop invariant status == SKR_FAULT <==> c->device.state == SKR_DEVICE_FAILED;
      @ loop invariant status != SKR_FAULT ==> c->device.state == SKR_DEVICE_READY;
      @ loop invariant more ==> status == SKR_OK;
      @ loop assigns i, more, status, c->device.state, c->device.cause, c->device.counters, c->device.status,
      @         c->device.virtq[SKR_CONSOLE_TX].last_used, c->device.virtq[SKR_CONSOLE_TX].ready,
      @         c->device.virtq[SKR_CONSOLE_TX].outstanding, c->device.virtq[SKR_CONSOLE_TX].free_count,
      @         c->device.virtq[SKR_CONSOLE_TX].free_ids[0 .. SKR_VIRTQ_SIZE_MAX - 1],
      @         c->device.virtq[SKR_CONSOLE_TX].owner[0 .. SKR_VIRTQ_SIZE_MAX - 1],
      @         c->device.transport.registers[0 .. c->device.transport.registers_size - 1];
      @ loop variant SKR_CONSOLE_TX_COUNT - i;
      @*/
    for (uint16_t i = 0U; (i < SKR_CONSOLE_TX_COUNT) && more; i++) {
        status = reclaim_one(c);
        more = (status == SKR_OK);
    }
    return (status == SKR_FAULT) ? SKR_FAULT : SKR_OK;
}

/** The device has begun to run: nothing of an earlier life counts, and transmitting needs no interrupts. */
/*@ requires skr_console_sound(c) && c->device.state == SKR_DEVICE_READY;
  @ terminates \true; exits \false;
  @ assigns c->rx_at, c->rx_length, c->rx_id, c->columns, c->rows, c->sized,
  @         c->device.transport.memory[0 .. c->device.transport.memory_size - 1];
  @ ensures console_running(c);
  @*/
static void begin(skr_console_t *c)
{
    mark(c, SKR_VIRTQ_NONE, 0U, 0U);
    set_size(c, 0U, 0U, 0U);
    /* Buffers are taken back when they are needed or on a step, so an interrupt for each would be for nothing. */
    skr_virtq_interrupts(&c->device.virtq[SKR_CONSOLE_TX], false);
}

/** Read the size of the terminal, if the device tells one and it was not read yet. */
/*@ requires console_running(c);
  @ terminates \true; exits \false;
  @ assigns c->columns, c->rows, c->sized, c->device.counters;
  @ ensures console_running(c);
  @*/
static void read_size(skr_console_t *c)
{
    if ((c->sized == 0U) && ((c->device.features & SKR_CONSOLE_F_SIZE) != 0U)) {
        uint32_t size[2] = { 0U, 0U };

        /* A size that changed at every try is no fault: it is data, and the next step tries again. */
        if (skr_device_read_config(&c->device, CONFIG_COLS, CONFIG_COLS_BYTES, size) == SKR_OK) {
            set_size(c, (uint16_t)size[0], (uint16_t)size[1], 1U);
        }
    }
}

skr_status_t skr_console_step(skr_console_t *c, uint32_t now)
{
    const bool running = (c->device.state == SKR_DEVICE_READY);
    /*@ assert skr_console_queues(c); */
    /*@ assert skr_console_windows(c); */
    skr_status_t status = skr_device_step(&c->device, now);
    /*@ assert c->device.transport.registers_size == \at(c->device.transport.registers_size, Pre); */
    /*@ assert c->device.transport.config_size == \at(c->device.transport.config_size, Pre); */
    /*@ assert c->device.transport.memory_size == \at(c->device.transport.memory_size, Pre); */
    /*@ assert c->device.linked == \at(c->device.linked, Pre); */
    /*@ assert c->device.transport.registers == \at(c->device.transport.registers, Pre); */
    /*@ assert c->device.transport.config == \at(c->device.transport.config, Pre); */
    /*@ assert c->device.transport.memory == \at(c->device.transport.memory, Pre); */
    /*@ assert c->device.config_bytes == 12; */
    /*@ assert c->device.queues == 2; */
    /*@ assert skr_device_queue_same{Pre, Here}(&c->device, 0); */
    /*@ assert skr_device_queue_same{Pre, Here}(&c->device, 1); */
    /*@ assert c->device.virtq[SKR_CONSOLE_RX].count == SKR_CONSOLE_RX_COUNT && c->device.virtq[SKR_CONSOLE_RX].stride == SKR_CONSOLE_RX_BYTES && c->device.virtq[SKR_CONSOLE_RX].from_device == 1; */
    /*@ assert c->device.virtq[SKR_CONSOLE_TX].count == SKR_CONSOLE_TX_COUNT && c->device.virtq[SKR_CONSOLE_TX].stride == SKR_CONSOLE_TX_BYTES && c->device.virtq[SKR_CONSOLE_TX].from_device == 0; */
    /*@ assert skr_console_queues(c); */
    /*@ assert skr_console_windows(c); */
    /*@ assert skr_console_sound(c); */
    /*@ assert running && status == SKR_OK ==> skr_queue_counts_kept{Pre, Here}(&c->device.virtq[SKR_CONSOLE_RX]); */
    /*@ assert running && status == SKR_OK ==> skr_queue_ids_kept{Pre, Here}(&c->device.virtq[SKR_CONSOLE_RX]); */
    /*@ assert running && status == SKR_OK ==> skr_console_reading(c); */

    if (status == SKR_OK) {
        if (!running) {
            begin(c);
        }
        status = reclaim(c);
    }
    if (status == SKR_OK) {
        read_size(c);
    }
    return status;
}

/** Take a free transmit buffer; SKR_VIRTQ_NONE if there is none. */
/*@ requires console_running(c);
  @ terminates \true; exits \false;
  @ assigns c->device.virtq[SKR_CONSOLE_TX].free_count,
  @         c->device.virtq[SKR_CONSOLE_TX].owner[0 .. SKR_VIRTQ_SIZE_MAX - 1];
  @ ensures console_running(c);
  @ ensures \result != SKR_VIRTQ_NONE ==> skr_virtq_taken(&c->device.virtq[SKR_CONSOLE_TX], \result);
  @*/
static uint16_t claim(skr_console_t *c)
{
    /*@ assert console_rings(c); */
    /*@ assert c->device.queues == 2; */
    /*@ assert skr_virtq_placed(&c->device.virtq[SKR_CONSOLE_RX]); */
    /*@ assert skr_virtq_books(&c->device.virtq[SKR_CONSOLE_RX]); */
    const uint16_t id = skr_virtq_take(&c->device.virtq[SKR_CONSOLE_TX]);
    /*@ assert \forall integer i; 0 <= i < SKR_VIRTQ_SIZE_MAX ==> c->device.virtq[SKR_CONSOLE_RX].owner[i] == \at(c->device.virtq[SKR_CONSOLE_RX].owner[i], Pre); */
    /*@ assert \forall integer i; 0 <= i < SKR_VIRTQ_SIZE_MAX ==>
      @     c->device.virtq[SKR_CONSOLE_RX].free_ids[i] == \at(c->device.virtq[SKR_CONSOLE_RX].free_ids[i], Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_RX].count == \at(c->device.virtq[SKR_CONSOLE_RX].count, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_RX].ready == \at(c->device.virtq[SKR_CONSOLE_RX].ready, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_RX].outstanding == \at(c->device.virtq[SKR_CONSOLE_RX].outstanding, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_RX].free_count == \at(c->device.virtq[SKR_CONSOLE_RX].free_count, Pre); */
    /*@ assert console_same_books{Pre, Here}(&c->device.virtq[SKR_CONSOLE_RX]); */
    /*@ assert skr_virtq_placed(&c->device.virtq[SKR_CONSOLE_RX]); */
    /*@ assert skr_virtq_books(&c->device.virtq[SKR_CONSOLE_RX]); */
    /*@ assert skr_virtq_sound(&c->device.virtq[SKR_CONSOLE_RX]); */
    /*@ assert console_rings(c); */
    /*@ assert skr_device_rings(&c->device); */
    /*@ assert c->device.queues == 2; */
    /*@ assert skr_device_planned(&c->device); */
    /*@ assert skr_device_progress(&c->device); */
    /*@ assert skr_device_linked(&c->device); */
    /*@ assert skr_device_sound(&c->device); */
    /*@ assert skr_console_queues(c); */
    /*@ assert skr_console_windows(c); */
    /*@ assert skr_console_sound(c); */
    /*@ assert skr_console_reading(c); */
    return id;
}

/** Make a transmit buffer available. */
/*@ requires console_running(c) && skr_virtq_taken(&c->device.virtq[SKR_CONSOLE_TX], id);
  @ requires 1 <= bytes <= SKR_CONSOLE_TX_BYTES;
  @ terminates \true; exits \false;
  @ assigns c->device.virtq[SKR_CONSOLE_TX].avail_idx, c->device.virtq[SKR_CONSOLE_TX].outstanding,
  @         c->device.virtq[SKR_CONSOLE_TX].owner[0 .. SKR_VIRTQ_SIZE_MAX - 1],
  @         c->device.virtq[SKR_CONSOLE_TX].length[0 .. SKR_VIRTQ_SIZE_MAX - 1],
  @         c->device.transport.memory[0 .. c->device.transport.memory_size - 1];
  @ ensures console_running(c);
  @*/
static void post(skr_console_t *c, uint16_t id, uint32_t bytes)
{
    /*@ assert id < SKR_VIRTQ_SIZE_MAX; */
    /*@ assert console_rings(c); */
    /*@ assert c->device.queues == 2; */
    /*@ assert skr_virtq_placed(&c->device.virtq[SKR_CONSOLE_RX]); */
    /*@ assert skr_virtq_books(&c->device.virtq[SKR_CONSOLE_RX]); */
    skr_virtq_add(&c->device.virtq[SKR_CONSOLE_TX], id, bytes);
    /*@ assert \forall integer i; 0 <= i < SKR_VIRTQ_SIZE_MAX ==> c->device.virtq[SKR_CONSOLE_RX].owner[i] == \at(c->device.virtq[SKR_CONSOLE_RX].owner[i], Pre); */
    /*@ assert \forall integer i; 0 <= i < SKR_VIRTQ_SIZE_MAX ==>
      @     c->device.virtq[SKR_CONSOLE_RX].free_ids[i] == \at(c->device.virtq[SKR_CONSOLE_RX].free_ids[i], Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_RX].count == \at(c->device.virtq[SKR_CONSOLE_RX].count, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_RX].ready == \at(c->device.virtq[SKR_CONSOLE_RX].ready, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_RX].outstanding == \at(c->device.virtq[SKR_CONSOLE_RX].outstanding, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_RX].free_count == \at(c->device.virtq[SKR_CONSOLE_RX].free_count, Pre); */
    /*@ assert console_same_books{Pre, Here}(&c->device.virtq[SKR_CONSOLE_RX]); */
    /*@ assert c->device.virtq[SKR_CONSOLE_RX].desc == \at(c->device.virtq[SKR_CONSOLE_RX].desc, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_RX].avail == \at(c->device.virtq[SKR_CONSOLE_RX].avail, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_RX].used == \at(c->device.virtq[SKR_CONSOLE_RX].used, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_RX].buffers == \at(c->device.virtq[SKR_CONSOLE_RX].buffers, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_RX].stride == \at(c->device.virtq[SKR_CONSOLE_RX].stride, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_RX].limit == \at(c->device.virtq[SKR_CONSOLE_RX].limit, Pre); */
    /*@ assert skr_virtq_placed(&c->device.virtq[SKR_CONSOLE_RX]); */
    /*@ assert skr_virtq_books(&c->device.virtq[SKR_CONSOLE_RX]); */
    /*@ assert skr_virtq_sound(&c->device.virtq[SKR_CONSOLE_RX]); */
    /*@ assert console_rings(c); */
    /*@ assert skr_device_rings(&c->device); */
    /*@ assert c->device.queues == 2; */
    /*@ assert skr_device_planned(&c->device); */
    /*@ assert skr_device_progress(&c->device); */
    /*@ assert skr_device_linked(&c->device); */
    /*@ assert skr_device_sound(&c->device); */
    /*@ assert skr_console_queues(c); */
    /*@ assert skr_console_windows(c); */
    /*@ assert skr_console_sound(c); */
    /*@ assert skr_console_reading(c); */
}

/** Fill one free buffer with text and make it available; 0 if none is free. */
/*@ requires console_running(c) && 1 <= bytes && \valid_read(text + (0 .. bytes - 1));
  @ requires skr_console_apart(c, (uint8_t *)text, bytes);
  @ terminates \true; exits \false;
  @ assigns c->device.virtq[SKR_CONSOLE_TX].avail_idx, c->device.virtq[SKR_CONSOLE_TX].outstanding,
  @         c->device.virtq[SKR_CONSOLE_TX].free_count,
  @         c->device.virtq[SKR_CONSOLE_TX].owner[0 .. SKR_VIRTQ_SIZE_MAX - 1],
  @         c->device.virtq[SKR_CONSOLE_TX].length[0 .. SKR_VIRTQ_SIZE_MAX - 1],
  @         c->device.transport.memory[0 .. c->device.transport.memory_size - 1];
  @ ensures console_running(c);
  @ ensures \result <= bytes;
  @*/
static uint32_t put(skr_console_t *c, const uint8_t *text, uint32_t bytes)
{
    const skr_virtq_t *q = &c->device.virtq[SKR_CONSOLE_TX];
    const uint16_t id = claim(c);
    uint32_t part = 0U;

    if (id != SKR_VIRTQ_NONE) {
        part = least(bytes, SKR_CONSOLE_TX_BYTES);
        /*@ assert console_rings(c); */
        skr_shm_copy_out(c->device.transport.memory, skr_virtq_buffer(q, id), text, part);
        post(c, id, part);
    }
    return part;
}

/** Fill free buffers until the text or the buffers end. */
/*@ requires console_running(c) && \valid_read(data + (0 .. length - 1));
  @ requires skr_console_apart(c, (uint8_t *)data, length);
  @ terminates \true; exits \false;
  @ assigns c->device.virtq[SKR_CONSOLE_TX].avail_idx, c->device.virtq[SKR_CONSOLE_TX].outstanding,
  @         c->device.virtq[SKR_CONSOLE_TX].free_count,
  @         c->device.virtq[SKR_CONSOLE_TX].owner[0 .. SKR_VIRTQ_SIZE_MAX - 1],
  @         c->device.virtq[SKR_CONSOLE_TX].length[0 .. SKR_VIRTQ_SIZE_MAX - 1],
  @         c->device.transport.memory[0 .. c->device.transport.memory_size - 1];
  @ ensures console_running(c);
  @ ensures \result <= length;
  @*/
static uint32_t put_all(skr_console_t *c, const uint8_t *data, uint32_t length)
{
    uint32_t done = 0U;
    bool more = (length != 0U);

    /*@ loop invariant 0 <= i <= SKR_CONSOLE_TX_COUNT;
      @ loop invariant done <= length && (more ==> done < length);
      @ loop invariant console_running(c);
      @ loop assigns i, more, done, c->device.virtq[SKR_CONSOLE_TX].avail_idx, c->device.virtq[SKR_CONSOLE_TX].outstanding,
      @         c->device.virtq[SKR_CONSOLE_TX].free_count,
      @         c->device.virtq[SKR_CONSOLE_TX].owner[0 .. SKR_VIRTQ_SIZE_MAX - 1],
      @         c->device.virtq[SKR_CONSOLE_TX].length[0 .. SKR_VIRTQ_SIZE_MAX - 1],
      @         c->device.transport.memory[0 .. c->device.transport.memory_size - 1];
      @ loop variant SKR_CONSOLE_TX_COUNT - i;
      @*/
    for (uint16_t i = 0U; (i < SKR_CONSOLE_TX_COUNT) && more; i++) {
        const uint32_t part = put(c, &data[done], length - done);
        done += part;
        more = (part != 0U) && (done < length);
    }
    return done;
}

/** Show the device what was made available in one ring. */
/*@ requires console_running(c) && (queue == SKR_CONSOLE_RX || queue == SKR_CONSOLE_TX);
  @ terminates \true; exits \false;
  @ assigns c->device.virtq[queue].kicked_idx, c->device.counters, c->device.rung,
  @         c->device.transport.registers[0 .. c->device.transport.registers_size - 1],
  @         c->device.transport.memory[0 .. c->device.transport.memory_size - 1];
  @ ensures console_running(c);
  @*/
static void flush(skr_console_t *c, uint16_t queue)
{
    /*@ assert skr_console_queues(c); */
    /*@ assert skr_console_windows(c); */
    skr_device_flush(&c->device, queue);
    /*@ assert c->device.transport.registers_size == \at(c->device.transport.registers_size, Pre); */
    /*@ assert c->device.transport.config_size == \at(c->device.transport.config_size, Pre); */
    /*@ assert c->device.transport.memory_size == \at(c->device.transport.memory_size, Pre); */
    /*@ assert c->device.linked == \at(c->device.linked, Pre); */
    /*@ assert skr_console_queues(c); */
    /*@ assert skr_console_windows(c); */
    /*@ assert skr_console_sound(c); */
    /*@ assert \forall integer i; 0 <= i < SKR_VIRTQ_SIZE_MAX ==> c->device.virtq[SKR_CONSOLE_RX].owner[i] == \at(c->device.virtq[SKR_CONSOLE_RX].owner[i], Pre); */
    /*@ assert skr_console_reading(c); */
}

/** Tell how many bytes were passed on, and answer for it. */
/*@ requires skr_console_sound(c) && skr_console_reading(c) && skr_console_result(c, told);
  @ terminates \true; exits \false;
  @ assigns *told;
  @ ensures skr_console_sound(c);
  @ ensures skr_console_reading(c);
  @ ensures *told == done;
  @ ensures c->counters.written == \old(c->counters.written) && c->counters.read == \old(c->counters.read);
  @ ensures c->device.state == SKR_DEVICE_FAILED ==> \result == SKR_FAULT;
  @ ensures c->device.state == SKR_DEVICE_READY && (done != 0 || wanted == 0) ==> \result == SKR_OK;
  @ ensures c->device.state == SKR_DEVICE_READY && done == 0 && wanted != 0 ==> \result == SKR_AGAIN;
  @ ensures c->device.state != SKR_DEVICE_FAILED && c->device.state != SKR_DEVICE_READY ==> \result == SKR_AGAIN;
  @*/
static skr_status_t tell(const skr_console_t *c, uint32_t done, uint32_t wanted, uint32_t *told)
{
    skr_status_t status = SKR_AGAIN;

    /*@ assert skr_console_queues(c); */
    /*@ assert skr_console_windows(c); */
    /*@ assert skr_device_ring(&c->device, 0); */
    /*@ assert skr_device_ring(&c->device, 1); */
    /*@ assert skr_device_ring(&c->device, 2); */
    *told = done;
    /*@ assert c->device.transport.registers_size == \at(c->device.transport.registers_size, Pre); */
    /*@ assert c->device.transport.config_size == \at(c->device.transport.config_size, Pre); */
    /*@ assert c->device.transport.memory_size == \at(c->device.transport.memory_size, Pre); */
    /*@ assert c->device.linked == \at(c->device.linked, Pre); */
    /*@ assert c->device.placed == \at(c->device.placed, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_RX].desc == \at(c->device.virtq[SKR_CONSOLE_RX].desc, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_RX].avail == \at(c->device.virtq[SKR_CONSOLE_RX].avail, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_RX].used == \at(c->device.virtq[SKR_CONSOLE_RX].used, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_RX].buffers == \at(c->device.virtq[SKR_CONSOLE_RX].buffers, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_RX].stride == \at(c->device.virtq[SKR_CONSOLE_RX].stride, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_RX].limit == \at(c->device.virtq[SKR_CONSOLE_RX].limit, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_TX].desc == \at(c->device.virtq[SKR_CONSOLE_TX].desc, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_TX].avail == \at(c->device.virtq[SKR_CONSOLE_TX].avail, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_TX].used == \at(c->device.virtq[SKR_CONSOLE_TX].used, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_TX].buffers == \at(c->device.virtq[SKR_CONSOLE_TX].buffers, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_TX].stride == \at(c->device.virtq[SKR_CONSOLE_TX].stride, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_TX].limit == \at(c->device.virtq[SKR_CONSOLE_TX].limit, Pre); */
    /*@ assert skr_device_ring(&c->device, 0); */
    /*@ assert skr_device_ring(&c->device, 1); */
    /*@ assert skr_device_ring(&c->device, 2); */
    /*@ assert skr_device_planned(&c->device); */
    /*@ assert skr_device_rings(&c->device); */
    /*@ assert skr_device_progress(&c->device); */
    /*@ assert c->device.linked != 0 ==> skr_device_linked(&c->device); */
    /*@ assert skr_device_sound(&c->device); */
    /*@ assert skr_console_queues(c); */
    /*@ assert skr_console_windows(c); */
    /*@ assert skr_console_sound(c); */
    /*@ assert skr_console_reading(c); */
    if (c->device.state == SKR_DEVICE_FAILED) {
        status = SKR_FAULT;
    } else if ((c->device.state == SKR_DEVICE_READY) && ((done != 0U) || (wanted == 0U))) {
        status = SKR_OK;
    } else {
        /* set-up goes on, no buffer is free, or nothing was delivered */
    }
    return status;
}

/** Write on a running console; the number of bytes taken, 0 with a fault. */
/*@ requires console_running(c) && \valid_read(data + (0 .. length - 1));
  @ requires skr_console_apart(c, (uint8_t *)data, length);
  @ terminates \true; exits \false;
  @ assigns c->counters, c->device.state, c->device.cause, c->device.counters, c->device.status,
  @         c->device.rung, c->device.virtq[SKR_CONSOLE_TX].avail_idx, c->device.virtq[SKR_CONSOLE_TX].kicked_idx,
  @         c->device.virtq[SKR_CONSOLE_TX].last_used, c->device.virtq[SKR_CONSOLE_TX].ready,
  @         c->device.virtq[SKR_CONSOLE_TX].outstanding, c->device.virtq[SKR_CONSOLE_TX].free_count,
  @         c->device.virtq[SKR_CONSOLE_TX].free_ids[0 .. SKR_VIRTQ_SIZE_MAX - 1],
  @         c->device.virtq[SKR_CONSOLE_TX].owner[0 .. SKR_VIRTQ_SIZE_MAX - 1],
  @         c->device.virtq[SKR_CONSOLE_TX].length[0 .. SKR_VIRTQ_SIZE_MAX - 1],
  @         c->device.transport.registers[0 .. c->device.transport.registers_size - 1],
  @         c->device.transport.memory[0 .. c->device.transport.memory_size - 1];
  @ ensures skr_console_sound(c);
  @ ensures skr_console_reading(c);
  @ ensures c->device.state == SKR_DEVICE_READY || c->device.state == SKR_DEVICE_FAILED;
  @ ensures c->device.state == SKR_DEVICE_FAILED ==> \result == 0;
  @ ensures \result <= length;
  @ ensures c->counters.written == (uint32_t)(\old(c->counters.written) + \result);
  @*/
static uint32_t transmit(skr_console_t *c, const uint8_t *data, uint32_t length)
{
    skr_status_t status = SKR_OK;
    uint32_t done = 0U;

    if (((uint32_t)c->device.virtq[SKR_CONSOLE_TX].free_count * SKR_CONSOLE_TX_BYTES) < length) {
        status = reclaim(c);
    }
    if (status == SKR_OK) {
        done = put_all(c, data, length);
        if (done != 0U) {
            const skr_console_counters_t more = { .written = done };

            /*@ assert c->counters.written == \at(c->counters.written, Pre); */
            flush(c, SKR_CONSOLE_TX);
            /*@ assert c->counters.written == \at(c->counters.written, Pre); */
            count(c, more);
        }
    }
    return done;
}

skr_status_t skr_console_write(skr_console_t *c, const uint8_t *data, uint32_t length, uint32_t *taken)
{
    /*@ assert skr_console_result(c, taken); */
    uint32_t done = 0U;

    if (c->device.state == SKR_DEVICE_READY) {
        done = transmit(c, data, length);
    }
    /*@ assert c->device.transport.registers_size == \at(c->device.transport.registers_size, Pre); */
    /*@ assert c->device.transport.config_size == \at(c->device.transport.config_size, Pre); */
    /*@ assert c->device.transport.memory_size == \at(c->device.transport.memory_size, Pre); */
    /*@ assert c->device.linked == \at(c->device.linked, Pre); */
    /*@ assert skr_console_result(c, taken); */
    return tell(c, done, length, taken);
}

/** Make a receive buffer available again. */
/*@ requires console_running(c) && c->rx_id == SKR_VIRTQ_NONE && skr_virtq_taken(&c->device.virtq[SKR_CONSOLE_RX], id);
  @ terminates \true; exits \false;
  @ assigns c->device.virtq[SKR_CONSOLE_RX].avail_idx, c->device.virtq[SKR_CONSOLE_RX].outstanding,
  @         c->device.virtq[SKR_CONSOLE_RX].owner[0 .. SKR_VIRTQ_SIZE_MAX - 1],
  @         c->device.virtq[SKR_CONSOLE_RX].length[0 .. SKR_VIRTQ_SIZE_MAX - 1],
  @         c->device.transport.memory[0 .. c->device.transport.memory_size - 1];
  @ ensures console_running(c);
  @*/
static void give_back(skr_console_t *c, uint16_t id)
{
    /*@ assert id < SKR_VIRTQ_SIZE_MAX; */
    /*@ assert console_rings(c); */
    /*@ assert c->device.queues == 2; */
    /*@ assert skr_virtq_placed(&c->device.virtq[SKR_CONSOLE_TX]); */
    /*@ assert skr_virtq_books(&c->device.virtq[SKR_CONSOLE_TX]); */
    skr_virtq_add(&c->device.virtq[SKR_CONSOLE_RX], id, SKR_CONSOLE_RX_BYTES);
    /*@ assert \forall integer i; 0 <= i < SKR_VIRTQ_SIZE_MAX ==> c->device.virtq[SKR_CONSOLE_TX].owner[i] == \at(c->device.virtq[SKR_CONSOLE_TX].owner[i], Pre); */
    /*@ assert \forall integer i; 0 <= i < SKR_VIRTQ_SIZE_MAX ==>
      @     c->device.virtq[SKR_CONSOLE_TX].free_ids[i] == \at(c->device.virtq[SKR_CONSOLE_TX].free_ids[i], Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_TX].count == \at(c->device.virtq[SKR_CONSOLE_TX].count, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_TX].ready == \at(c->device.virtq[SKR_CONSOLE_TX].ready, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_TX].outstanding == \at(c->device.virtq[SKR_CONSOLE_TX].outstanding, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_TX].free_count == \at(c->device.virtq[SKR_CONSOLE_TX].free_count, Pre); */
    /*@ assert console_same_books{Pre, Here}(&c->device.virtq[SKR_CONSOLE_TX]); */
    /*@ assert c->device.virtq[SKR_CONSOLE_TX].desc == \at(c->device.virtq[SKR_CONSOLE_TX].desc, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_TX].avail == \at(c->device.virtq[SKR_CONSOLE_TX].avail, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_TX].used == \at(c->device.virtq[SKR_CONSOLE_TX].used, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_TX].buffers == \at(c->device.virtq[SKR_CONSOLE_TX].buffers, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_TX].stride == \at(c->device.virtq[SKR_CONSOLE_TX].stride, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_TX].limit == \at(c->device.virtq[SKR_CONSOLE_TX].limit, Pre); */
    /*@ assert skr_virtq_placed(&c->device.virtq[SKR_CONSOLE_TX]); */
    /*@ assert skr_virtq_books(&c->device.virtq[SKR_CONSOLE_TX]); */
    /*@ assert skr_virtq_sound(&c->device.virtq[SKR_CONSOLE_TX]); */
    /*@ assert console_rings(c); */
    /*@ assert skr_device_rings(&c->device); */
    /*@ assert c->device.queues == 2; */
    /*@ assert skr_device_planned(&c->device); */
    /*@ assert skr_device_progress(&c->device); */
    /*@ assert skr_device_linked(&c->device); */
    /*@ assert skr_device_sound(&c->device); */
    /*@ assert skr_console_queues(c); */
    /*@ assert skr_console_windows(c); */
    /*@ assert skr_console_sound(c); */
    /*@ assert skr_console_reading(c); */
}

/** Take the next receive buffer; one without a byte is counted and given back. */
/*@ requires console_running(c) && c->rx_id == SKR_VIRTQ_NONE;
  @ terminates \true; exits \false;
  @ assigns c->counters, c->rx_at, c->rx_length, c->rx_id,
  @         c->device.state, c->device.cause, c->device.counters, c->device.status,
  @         c->device.virtq[SKR_CONSOLE_RX].avail_idx,
  @         c->device.virtq[SKR_CONSOLE_RX].last_used, c->device.virtq[SKR_CONSOLE_RX].ready,
  @         c->device.virtq[SKR_CONSOLE_RX].outstanding,
  @         c->device.virtq[SKR_CONSOLE_RX].owner[0 .. SKR_VIRTQ_SIZE_MAX - 1],
  @         c->device.virtq[SKR_CONSOLE_RX].length[0 .. SKR_VIRTQ_SIZE_MAX - 1],
  @         c->device.transport.registers[0 .. c->device.transport.registers_size - 1],
  @         c->device.transport.memory[0 .. c->device.transport.memory_size - 1];
  @ ensures skr_console_sound(c);
  @ ensures skr_console_reading(c);
  @ ensures \result == SKR_OK || \result == SKR_AGAIN || \result == SKR_FAULT;
  @ ensures \result == SKR_FAULT <==> c->device.state == SKR_DEVICE_FAILED;
  @ ensures \result != SKR_FAULT ==> c->device.state == SKR_DEVICE_READY;
  @ ensures \result != SKR_OK ==> c->rx_id == SKR_VIRTQ_NONE;
  @ ensures c->counters.read == \old(c->counters.read);
  @*/
static skr_status_t fetch(skr_console_t *c)
{
    /*@ assert skr_console_queues(c); */
    /*@ assert skr_console_windows(c); */
    uint16_t id = SKR_VIRTQ_NONE;
    uint32_t length = 0U;
    const skr_status_t status = skr_device_pop(&c->device, SKR_CONSOLE_RX, &id, &length);
    /*@ assert c->device.transport.registers_size == \at(c->device.transport.registers_size, Pre); */
    /*@ assert c->device.transport.config_size == \at(c->device.transport.config_size, Pre); */
    /*@ assert c->device.transport.memory_size == \at(c->device.transport.memory_size, Pre); */
    /*@ assert c->device.linked == \at(c->device.linked, Pre); */
    /*@ assert skr_console_queues(c); */
    /*@ assert skr_console_windows(c); */
    /*@ assert skr_console_sound(c); */
    /*@ assert skr_console_reading(c); */

    if (status == SKR_OK) {
        if (length == 0U) {
            const skr_console_counters_t more = { .empty_buffers = 1U };

            give_back(c, id);
            count(c, more);
        } else {
            /* The queue has compared the length with what was posted; that this is never more than a buffer is said here
             * once more, where the reading depends on it. */
            mark(c, id, 0U, least(length, SKR_CONSOLE_RX_BYTES));
        }
    }
    return status;
}

/** Copy out of the buffer being read, behind the `done` bytes that are there, and give it back when it is read to the end. */
/*@ requires console_running(c);
  @ requires c->rx_id != SKR_VIRTQ_NONE && done < capacity;
  @ requires \valid(data + (0 .. capacity - 1));
  @ requires skr_console_apart(c, data, capacity);
  @ terminates \true; exits \false;
  @ assigns data[0 .. capacity - 1], c->rx_at, c->rx_length, c->rx_id,
  @         c->device.virtq[SKR_CONSOLE_RX].avail_idx, c->device.virtq[SKR_CONSOLE_RX].outstanding,
  @         c->device.virtq[SKR_CONSOLE_RX].owner[0 .. SKR_VIRTQ_SIZE_MAX - 1],
  @         c->device.virtq[SKR_CONSOLE_RX].length[0 .. SKR_VIRTQ_SIZE_MAX - 1],
  @         c->device.transport.memory[0 .. c->device.transport.memory_size - 1];
  @ ensures console_running(c);
  @ ensures done < \result <= capacity;
  @ ensures c->counters.read == \old(c->counters.read);
  @*/
static uint32_t drain(skr_console_t *c, uint8_t *data, uint32_t capacity, uint32_t done)
{
    const skr_virtq_t *q = &c->device.virtq[SKR_CONSOLE_RX];
    const uint16_t id = c->rx_id;
    const uint32_t at = c->rx_at;
    const uint32_t part = least(capacity - done, c->rx_length - at);

    /*@ assert console_rings(c); */
    skr_shm_copy_in(&data[done], q->base, skr_virtq_buffer(q, id) + at, part);
    if ((at + part) < c->rx_length) {
        mark(c, id, at + part, c->rx_length);
    } else {
        mark(c, SKR_VIRTQ_NONE, 0U, 0U);
        give_back(c, id);
    }
    return done + part;
}

/** Read until the room or the buffers end; the number of bytes read, 0 with a fault. */
/*@ requires console_running(c) && \valid(data + (0 .. capacity - 1));
  @ requires skr_console_apart(c, data, capacity);
  @ terminates \true; exits \false;
  @ assigns data[0 .. capacity - 1], c->counters, c->rx_at, c->rx_length, c->rx_id,
  @         c->device.state, c->device.cause, c->device.counters, c->device.status,
  @         c->device.virtq[SKR_CONSOLE_RX].avail_idx,
  @         c->device.virtq[SKR_CONSOLE_RX].last_used, c->device.virtq[SKR_CONSOLE_RX].ready,
  @         c->device.virtq[SKR_CONSOLE_RX].outstanding,
  @         c->device.virtq[SKR_CONSOLE_RX].owner[0 .. SKR_VIRTQ_SIZE_MAX - 1],
  @         c->device.virtq[SKR_CONSOLE_RX].length[0 .. SKR_VIRTQ_SIZE_MAX - 1],
  @         c->device.transport.registers[0 .. c->device.transport.registers_size - 1],
  @         c->device.transport.memory[0 .. c->device.transport.memory_size - 1];
  @ ensures skr_console_sound(c);
  @ ensures skr_console_reading(c);
  @ ensures c->device.state == SKR_DEVICE_READY || c->device.state == SKR_DEVICE_FAILED;
  @ ensures c->device.state == SKR_DEVICE_FAILED ==> \result == 0;
  @ ensures \result <= capacity;
  @ ensures c->counters.read == \old(c->counters.read);
  @*/
static uint32_t drain_all(skr_console_t *c, uint8_t *data, uint32_t capacity)
{
    skr_status_t status = SKR_OK;
    uint32_t done = 0U;
    bool more = (capacity != 0U);

    /*@ loop invariant 0 <= i <= SKR_CONSOLE_RX_COUNT;
      @ loop invariant done <= capacity && (more ==> done < capacity);
      @ loop invariant c->counters.read == \at(c->counters.read, Pre);
      @ loop invariant c->device.transport.registers_size == \at(c->device.transport.registers_size, Pre);
      @ loop invariant c->device.transport.memory_size == \at(c->device.transport.memory_size, Pre);
      @ loop invariant c->device.linked == \at(c->device.linked, Pre);
      @ loop invariant skr_console_sound(c);
      @ loop invariant skr_console_reading(c);
      @ loop invariant status == SKR_OK || status == SKR_AGAIN || status == SKR_FAULT;
      @ loop invariant status == SKR_FAULT <==> c->device.state == SKR_DEVICE_FAILED;
      @ loop invariant status != SKR_FAULT ==> c->device.state == SKR_DEVICE_READY;
      @ loop invariant more ==> status == SKR_OK;
      @ loop assigns i, more, done, status, data[0 .. capacity - 1], c->counters, c->rx_at, c->rx_length, c->rx_id,
      @         c->device.state, c->device.cause, c->device.counters, c->device.status,
      @         c->device.virtq[SKR_CONSOLE_RX].avail_idx,
      @         c->device.virtq[SKR_CONSOLE_RX].last_used, c->device.virtq[SKR_CONSOLE_RX].ready,
      @         c->device.virtq[SKR_CONSOLE_RX].outstanding,
      @         c->device.virtq[SKR_CONSOLE_RX].owner[0 .. SKR_VIRTQ_SIZE_MAX - 1],
      @         c->device.virtq[SKR_CONSOLE_RX].length[0 .. SKR_VIRTQ_SIZE_MAX - 1],
      @         c->device.transport.registers[0 .. c->device.transport.registers_size - 1],
      @         c->device.transport.memory[0 .. c->device.transport.memory_size - 1];
      @ loop variant SKR_CONSOLE_RX_COUNT - i;
      @*/
    for (uint16_t i = 0U; (i < SKR_CONSOLE_RX_COUNT) && more; i++) {
        if (c->rx_id == SKR_VIRTQ_NONE) {
            status = fetch(c);
        }
        if (c->rx_id != SKR_VIRTQ_NONE) {
            /*@ assert status == SKR_OK; */
            /*@ assert c->device.state == SKR_DEVICE_READY; */
            /*@ assert console_running(c); */
            done = drain(c, data, capacity, done);
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
    /*@ assert skr_console_queues(c); */
    /*@ assert skr_console_windows(c); */
    /*@ assert console_rings(c); */
    /*@ assert skr_virtq_placed(&c->device.virtq[SKR_CONSOLE_TX]); */
    /*@ assert skr_virtq_books(&c->device.virtq[SKR_CONSOLE_TX]); */
    (void)skr_virtq_publish(&c->device.virtq[SKR_CONSOLE_RX]);
    /*@ assert \forall integer i; 0 <= i < SKR_VIRTQ_SIZE_MAX ==> c->device.virtq[SKR_CONSOLE_TX].owner[i] == \at(c->device.virtq[SKR_CONSOLE_TX].owner[i], Pre); */
    /*@ assert \forall integer i; 0 <= i < SKR_VIRTQ_SIZE_MAX ==> c->device.virtq[SKR_CONSOLE_TX].free_ids[i] == \at(c->device.virtq[SKR_CONSOLE_TX].free_ids[i], Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_TX].count == \at(c->device.virtq[SKR_CONSOLE_TX].count, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_TX].ready == \at(c->device.virtq[SKR_CONSOLE_TX].ready, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_TX].outstanding == \at(c->device.virtq[SKR_CONSOLE_TX].outstanding, Pre); */
    /*@ assert c->device.virtq[SKR_CONSOLE_TX].free_count == \at(c->device.virtq[SKR_CONSOLE_TX].free_count, Pre); */
    /*@ assert console_same_books{Pre, Here}(&c->device.virtq[SKR_CONSOLE_TX]); */
    /*@ assert skr_virtq_books(&c->device.virtq[SKR_CONSOLE_TX]); */
    /*@ assert skr_virtq_sound(&c->device.virtq[SKR_CONSOLE_TX]); */
    /*@ assert console_rings(c); */
    /*@ assert skr_device_planned(&c->device); */
    /*@ assert skr_device_rings(&c->device); */
    /*@ assert skr_device_progress(&c->device); */
    /*@ assert c->device.linked != 0 ==> skr_device_linked(&c->device); */
    /*@ assert skr_device_sound(&c->device); */
    /*@ assert skr_console_queues(c); */
    /*@ assert skr_console_windows(c); */
    /*@ assert skr_console_sound(c); */
    /*@ assert skr_console_reading(c); */
}

/** Read on a running console, and give the device its buffers back; the number of bytes read, 0 with a fault. */
/*@ requires console_running(c) && \valid(data + (0 .. capacity - 1));
  @ requires skr_console_apart(c, data, capacity);
  @ terminates \true; exits \false;
  @ assigns data[0 .. capacity - 1], c->device.rung, c->device.virtq[SKR_CONSOLE_RX].kicked_idx,
  @         c->counters, c->rx_at, c->rx_length, c->rx_id,
  @         c->device.state, c->device.cause, c->device.counters, c->device.status,
  @         c->device.virtq[SKR_CONSOLE_RX].avail_idx,
  @         c->device.virtq[SKR_CONSOLE_RX].last_used, c->device.virtq[SKR_CONSOLE_RX].ready,
  @         c->device.virtq[SKR_CONSOLE_RX].outstanding,
  @         c->device.virtq[SKR_CONSOLE_RX].owner[0 .. SKR_VIRTQ_SIZE_MAX - 1],
  @         c->device.virtq[SKR_CONSOLE_RX].length[0 .. SKR_VIRTQ_SIZE_MAX - 1],
  @         c->device.transport.registers[0 .. c->device.transport.registers_size - 1],
  @         c->device.transport.memory[0 .. c->device.transport.memory_size - 1];
  @ ensures skr_console_sound(c);
  @ ensures skr_console_reading(c);
  @ ensures c->device.state == SKR_DEVICE_READY || c->device.state == SKR_DEVICE_FAILED;
  @ ensures c->device.state == SKR_DEVICE_FAILED ==> \result == 0;
  @ ensures \result <= capacity;
  @ ensures c->counters.read == (uint32_t)(\old(c->counters.read) + \result);
  @*/
static uint32_t receive(skr_console_t *c, uint8_t *data, uint32_t capacity)
{
    const uint32_t done = drain_all(c, data, capacity);

    if (done != 0U) {
        const skr_console_counters_t more = { .read = done };

        /*@ assert c->counters.read == \at(c->counters.read, Pre); */
        flush(c, SKR_CONSOLE_RX);
        /*@ assert c->counters.read == \at(c->counters.read, Pre); */
        count(c, more);
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
    /*@ assert skr_console_result(c, got); */
    uint32_t done = 0U;

    if (c->device.state == SKR_DEVICE_READY) {
        done = receive(c, data, capacity);
    }
    /*@ assert c->device.transport.registers_size == \at(c->device.transport.registers_size, Pre); */
    /*@ assert c->device.transport.config_size == \at(c->device.transport.config_size, Pre); */
    /*@ assert c->device.transport.memory_size == \at(c->device.transport.memory_size, Pre); */
    /*@ assert c->device.linked == \at(c->device.linked, Pre); */
    /*@ assert skr_console_result(c, got); */
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
