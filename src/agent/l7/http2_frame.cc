// SPDX-License-Identifier: Apache-2.0
#include "agent/l7/http2_frame.h"

#include "bpf/infer/http2.h"

namespace pano::l7 {

Frame ReadFrame(Bytes bytes) {
  const auto* p = reinterpret_cast<const unsigned char*>(bytes.data());
  return {infer_be32(p) >> 8, p[3], p[4], infer_be32(p + 5)};
}

bool BelievableFrame(Bytes bytes) {
  return infer_http2_frame(reinterpret_cast<const unsigned char*>(bytes.data())) != 0;
}

bool LooksGrpc(Bytes bytes, const Frame& f) {
  if (f.length < 5 || bytes.size() < kFrameHead + 5 || (f.flags & kPadded)) return false;
  const auto* p = reinterpret_cast<const unsigned char*>(bytes.data()) + kFrameHead;
  return p[0] <= 1 && infer_be32(p + 1) + 5 == f.length;
}

bool Unwrap(const Frame& f, Bytes& fragment) {
  Cursor in(fragment);
  const size_t pad = (f.flags & kPadded) ? in.U8() : 0;
  if (f.type == kHeaders && (f.flags & kPriorityFlag)) in.Skip(5);
  if (f.type == kPushPromise) in.Skip(4);
  if (in.failed() || pad > in.remaining()) return false;
  fragment = in.rest().first(in.remaining() - pad);
  return true;
}

}  // namespace pano::l7
