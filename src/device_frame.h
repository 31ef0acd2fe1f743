/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * For the proofs alone: a device of which nothing has changed is as sound as it was, and so is one of which a single ring
 * has changed and is known to be sound. Stated and proved once, the lemmas spare the solvers to find this anew, through
 * all the fields of all the rings, at each store to another member of the context.
 */
#ifndef SKERRY_DEVICE_FRAME_H
#define SKERRY_DEVICE_FRAME_H

#include "skerry/device.h"

/* Names: ring_kept - nothing that the soundness of a ring hangs on has changed; held - nor of the description. */
/*@ predicate skr_ring_kept{A, B}(skr_virtq_t *q) =
  @      \at(q->base, A) == \at(q->base, B) && \at(q->limit, A) == \at(q->limit, B)
  @   && \at(q->desc, A) == \at(q->desc, B) && \at(q->avail, A) == \at(q->avail, B)
  @   && \at(q->used, A) == \at(q->used, B) && \at(q->buffers, A) == \at(q->buffers, B)
  @   && \at(q->stride, A) == \at(q->stride, B) && \at(q->count, A) == \at(q->count, B)
  @   && \at(q->size, A) == \at(q->size, B) && \at(q->ready, A) == \at(q->ready, B)
  @   && \at(q->outstanding, A) == \at(q->outstanding, B) && \at(q->free_count, A) == \at(q->free_count, B)
  @   && \at(q->from_device, A) == \at(q->from_device, B)
  @   && 0 <= \at(q->outstanding, A)
  @   && (\forall integer i; 0 <= i < SKR_VIRTQ_SIZE_MAX ==> 0 <= \at(q->free_ids[i], A) == \at(q->free_ids[i], B))
  @   && (\forall integer i; 0 <= i < SKR_VIRTQ_SIZE_MAX ==> \at(q->owner[i], A) == \at(q->owner[i], B));
  @
  @ predicate skr_description_kept{A, B}(skr_device_t *d) =
  @      \at(d->transport.kind, A) == \at(d->transport.kind, B)
  @   && \at(d->transport.registers, A) == \at(d->transport.registers, B)
  @   && \at(d->transport.registers_size, A) == \at(d->transport.registers_size, B)
  @   && \at(d->transport.config, A) == \at(d->transport.config, B)
  @   && \at(d->transport.config_size, A) == \at(d->transport.config_size, B)
  @   && \at(d->transport.memory, A) == \at(d->transport.memory, B)
  @   && \at(d->transport.memory_size, A) == \at(d->transport.memory_size, B)
  @   && \at(d->transport.memory_address, A) == \at(d->transport.memory_address, B)
  @   && \at(d->config_bytes, A) == \at(d->config_bytes, B) && \at(d->linked, A) == \at(d->linked, B)
  @   && \at(d->queues, A) == \at(d->queues, B);
  @
  @ predicate skr_device_kept{A, B}(skr_device_t *d) =
  @      skr_description_kept{A, B}(d)
  @   && \at(d->placed, A) == \at(d->placed, B) && \at(d->fences, A) == \at(d->fences, B)
  @   && \at(d->offset, A) == \at(d->offset, B) && \at(d->state, A) == \at(d->state, B)
  @   && skr_ring_kept{A, B}(\at(&d->virtq[0], A)) && skr_ring_kept{A, B}(\at(&d->virtq[1], A))
  @   && skr_ring_kept{A, B}(\at(&d->virtq[2], A));
  @
  @ lemma skr_ring_kept_books{A, B}: \forall skr_virtq_t *q; skr_ring_kept{A, B}(q) && skr_virtq_books{A}(q)
  @   && \at(q->count, A) <= SKR_VIRTQ_SIZE_MAX ==> skr_virtq_books{B}(q);
  @
  @ lemma skr_ring_kept_sound{A, B}: \forall skr_virtq_t *q; skr_ring_kept{A, B}(q) && skr_virtq_sound{A}(q) && \valid{B}(q)
  @   && \valid{B}(\at(q->base, B) + (0 .. \at(q->limit, B) - 1)) ==> skr_virtq_sound{B}(q);
  @
  @ lemma skr_device_kept_ring{A, B}: \forall skr_device_t *d, integer i; 0 <= i < SKR_DEVICE_QUEUES
  @   && skr_device_kept{A, B}(d) && skr_ring_kept{A, B}(\at(&d->virtq[i], A)) && skr_device_ring{A}(d, i) && \valid{B}(d)
  @   && \valid{B}(\at(d->transport.memory, B) + (0 .. \at(d->transport.memory_size, B) - 1)) ==> skr_device_ring{B}(d, i);
  @
  @ lemma skr_device_kept_planned{A, B}: \forall skr_device_t *d; skr_device_kept{A, B}(d) && skr_device_planned{A}(d)
  @   && \valid{B}(d) ==> skr_device_planned{B}(d);
  @
  @ lemma skr_device_kept_rings{A, B}: \forall skr_device_t *d; skr_device_kept{A, B}(d) && skr_device_rings{A}(d)
  @   && \valid{B}(d) && \valid{B}(\at(d->transport.memory, B) + (0 .. \at(d->transport.memory_size, B) - 1)) ==>
  @      skr_device_rings{B}(d);
  @
  @ lemma skr_device_kept_unplaced{A, B}: \forall skr_device_t *d; skr_device_kept{A, B}(d) && \at(d->placed, B) == 0 ==>
  @      skr_device_rings{B}(d);
  @
  @ lemma skr_device_kept_progress{A, B}: \forall skr_device_t *d; skr_device_kept{A, B}(d) && skr_device_progress{A}(d) ==>
  @      skr_device_progress{B}(d);
  @
  @ lemma skr_device_kept_sound{A, B}: \forall skr_device_t *d; skr_device_kept{A, B}(d) && skr_device_sound{A}(d)
  @   && \valid{B}(d) && (\at(d->linked, B) != 0 ==> skr_device_linked{B}(d)) ==> skr_device_sound{B}(d);
  @
  @ lemma skr_device_kept_same{A, B}: \forall skr_device_t *d; skr_device_kept{A, B}(d) ==> skr_device_same{A, B}(d);
  @*/
#endif
