// SPDX-License-Identifier: Apache-2.0
// Accept queues of a network namespace by sock_diag (NETLINK_SOCK_DIAG, inet_diag.h): for a
// listening socket idiag_rqueue is the queue's length and idiag_wqueue its limit.
#pragma once

#include <cstdint>
#include <vector>

namespace pano::entity {

struct AcceptQueue {
  uint16_t port = 0;
  uint32_t length = 0;
  uint32_t limit = 0;
  uint32_t inode = 0;  // of the listening socket
};

// Of the namespace that process `pid` lives in; empty when it cannot be entered.
std::vector<AcceptQueue> ReadAcceptQueues(uint32_t pid);

}  // namespace pano::entity
