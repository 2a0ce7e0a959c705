// SPDX-License-Identifier: Apache-2.0
// TLS is recognised and left alone: there is nothing to parse without the keys.
#include "bpf/infer/tls.h"

#include "agent/l7/protocol.h"

namespace pano::l7 {

extern const Protocol kTls;
constinit const Protocol kTls{
    .id = schema::L7Protocol::kTls,
    .name = "tls",
    .default_port = 443,
    .capture_bytes = 0,
    .sniff = infer_tls,
    .make = nullptr,
};

}  // namespace pano::l7
