// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// Writing records into the ring of this CPU.
#pragma once

#include "../maps/rings.h"
#include "../maps/settings.h"
#include "user_buffer.h"

inline_fn void* this_ring(void) {
  __u32 cpu = bpf_get_smp_processor_id();
  return bpf_map_lookup_elem(&rings, &cpu);
}

// The reader polls; it is woken only when so much is pending that it could come too late.
inline_fn __u64 wake_flag(void* ring, __u32 order) {
  if (order & 15) return BPF_RB_NO_WAKEUP;
  return bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA) > settings.wake_bytes ? BPF_RB_FORCE_WAKEUP
                                                                          : BPF_RB_NO_WAKEUP;
}

inline_fn int emit(const void* record, __u32 bytes) {
  void* ring = this_ring();
  if (!ring || bpf_ringbuf_output(ring, (void*)record, bytes, BPF_RB_NO_WAKEUP)) {
    count_loss(PANO_LOSS_RING_FULL);
    return -1;
  }
  return 0;
}

// Straight into the ring, in a slot of fixed size: the verifier wants the size known.
inline_fn void emit_slot(void* ring, const struct pano_data* head, __u64 base, __u32 want,
                         const __u32 room) {
  struct pano_data* slot = bpf_ringbuf_reserve(ring, sizeof(*head) + room, 0);
  if (!slot) {
    count_loss(PANO_LOSS_RING_FULL);
    return;
  }
  *slot = *head;
  if (room) {
    __u32 length = want;
    asm volatile("" : "+r"(length));
    if (length > room) length = room;
    if (bpf_probe_read_user(slot + 1, length, (void*)base)) {
      count_loss(PANO_LOSS_USER_FAULT);
      slot->header.flags |= PANO_FLAG_FAULT;
      length = 0;
    }
    slot->captured = length;
  }
  bpf_ringbuf_submit(slot, wake_flag(ring, head->header.order));
}

// Several pieces, or an address in front: gathered first, then copied in its exact size.
cold_fn int emit_gathered(const struct pano_data* head, const struct pano_tuple* tuple,
                          const struct user_buffer* from, __u32 want, __u32 slot) {
  struct scratch* room = scratch_of(slot);
  void* ring = this_ring();
  if (!room || !ring) return 0;
  const __u32 head_bytes = tuple ? sizeof(struct pano_data_addressed) : sizeof(struct pano_data);
  struct pano_data_addressed* out = (struct pano_data_addressed*)room->bytes;
  __u8* payload = room->bytes + head_bytes;
  __u32 got = 0;
  out->data = *head;
  if (tuple) out->tuple = *tuple;
  if (from->vector) {
    got = gather(room, slot, head_bytes, from, want);
  } else if (from->base && want) {
    got = want;
    asm volatile("" : "+r"(got));
    if (got > PAYLOAD_MAX) got = PAYLOAD_MAX;
    if (bpf_probe_read_user(payload, got, (void*)from->base)) got = 0;
  }
  if (got < want) out->data.header.flags |= PANO_FLAG_FAULT;
  out->data.captured = got;
  asm volatile("" : "+r"(got));
  if (got > PAYLOAD_MAX) got = PAYLOAD_MAX;
  if (bpf_ringbuf_output(ring, room->bytes, head_bytes + got, wake_flag(ring, head->header.order)))
    count_loss(PANO_LOSS_RING_FULL);
  return 0;
}

// One call that moved bytes: header, and up to `want` bytes of payload from `from`.
inline_fn void emit_data(const struct pano_data* head, const struct pano_tuple* tuple,
                         struct user_buffer* from, __u32 want, __u32 slot) {
  void* ring = this_ring();
  if (!ring) return;
  if (want > PAYLOAD_MAX) want = PAYLOAD_MAX;
  flatten(from, want);
  if (from->base && from->room < want) want = from->room;
  if (!from->base && !from->vector) want = 0;
  if (tuple || from->vector) {
    emit_gathered(head, tuple, from, want, slot);
  } else if (want == 0) {
    emit_slot(ring, head, 0, 0, 0);
  } else if (want <= 64) {
    emit_slot(ring, head, from->base, want, 64);
  } else if (want <= 256) {
    emit_slot(ring, head, from->base, want, 256);
  } else if (want <= 1024) {
    emit_slot(ring, head, from->base, want, 1024);
  } else if (want <= 4096) {
    emit_slot(ring, head, from->base, want, 4096);
  } else if (want <= 16384) {
    emit_slot(ring, head, from->base, want, 16384);
  } else {
    emit_slot(ring, head, from->base, want, PAYLOAD_MAX);
  }
}
