// SPDX-License-Identifier: Apache-2.0
// in: the fields of one HTTP/2 header block  out: what they say of a request or a response
#pragma once

#include <string_view>

#include "agent/l7/hpack.h"
#include "agent/l7/message.h"

namespace pano::l7 {

std::string_view GrpcStatusName(int code);
// Which gRPC codes blame the caller: 1, 3, 5, 6, 7, 9, 11, 16.
schema::ResponseStatus GrpcStatus(int code);
schema::ResponseStatus HttpStatus(int code);

// What one header block said; texts are kept in the message.
class Http2Block final : public FieldSink {
 public:
  explicit Http2Block(Message& message) : m_(message) {}

  void OnField(const HeaderField& field) override;

  int fields = 0;
  bool unresolved = false;
  bool grpc = false;
  int status = 0;
  int grpc_status = -1;
  int nameless_number = -1;  // a short number whose name is an index from before we looked
  std::string_view method;
  std::string_view path;

 private:
  Message& m_;
};

}  // namespace pano::l7
