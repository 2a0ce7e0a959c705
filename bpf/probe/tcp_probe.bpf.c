// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// Each segment received on an established connection: closings of the receive window that the walk
// once a second would miss. Switched on by hand: it costs every segment.
#include "../lib/conn.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("tp_btf/tcp_probe")
int BPF_PROG(tcp_segment, struct sock* sk) {
  struct conn_state* state = conn_find(sk);
  const struct tcp_sock* tp = tcp_of(sk);
  if (state && tp) note_window(state, tp);
  return 0;
}
