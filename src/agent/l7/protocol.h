// SPDX-License-Identifier: Apache-2.0
// in: bytes of one direction  out: l7::Message
// One protocol is one file: a Parser and, at the file's bottom, its descriptor. The driver owns the
// loop, the buffers, the holes and the times; a parser only says what the bytes at hand are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "agent/l7/message.h"
#include "base/cursor.h"
#include "bpf/infer/infer.h"
#include "schema/tag.h"

namespace pano::l7 {

enum class Verdict : uint8_t {
  kMessage,   // `message` holds a piece to hand on; consumed may be 0 if the parser's state moved
  kPart,      // bytes of a message that goes on
  kSkip,      // bytes that belong to no message
  kNeedMore,  // nothing consumed: the bytes end inside something that must be seen whole
  kOpaque,    // from here on the connection carries something that is not read
  kInvalid,   // not this protocol, or lost in it: resynchronise
};

// consumed may exceed the bytes given: the rest of a known length passes unparsed, seen or not. A
// message whose consumed does so is complete once they have passed.
struct Step {
  Verdict verdict = Verdict::kNeedMore;
  size_t consumed = 0;
};

inline constexpr size_t kNoSync = static_cast<size_t>(-1);

// State of one connection, both directions. Used by one thread.
class Parser {
 public:
  virtual ~Parser() = default;

  virtual Step Parse(Toward toward, Bytes bytes, Message& message) = 0;
  // The same where kNeedMore was the answer and no more will be seen: what follows `bytes` moved
  // without passing through memory (sendfile). kNeedMore: it cannot do with less.
  virtual Step ParseCut(Toward /*toward*/, Bytes /*bytes*/, Message& /*message*/) { return {}; }
  // The same for a datagram, complete in itself.
  virtual Step ParseDatagram(Toward toward, Bytes bytes, Message& message) {
    return Parse(toward, bytes, message);
  }
  // After a loss: offset of the next plausible message start, or kNoSync. The parser forgets what
  // the lost bytes may have changed.
  virtual size_t Resync(Toward toward, Bytes bytes) = 0;
  // Bytes of this direction are missing where the parser stands. True: it can go on (a body of
  // unknown length); false: resynchronise.
  virtual bool Lose(Toward /*toward*/) { return false; }
  // The connection ended: true when that completes the response being received (`message` is set).
  virtual bool Close(Message& /*message*/) { return false; }
};

enum class Pairing : uint8_t { kFifo, kKey };

enum Transport : uint8_t { kTcpOnly = 1, kUdpOnly = 2, kTcpAndUdp = 3 };

using SniffFunction = infer_verdict (*)(const unsigned char* buf, unsigned len);

struct Protocol {
  schema::L7Protocol id = schema::L7Protocol::kUnknown;
  std::string_view name;
  Transport transport = kTcpOnly;
  Pairing pairing = Pairing::kFifo;
  // Its messages alone tell client from server, whatever the socket's role was taken for.
  bool sure_of_roles = false;
  uint16_t default_port = 0;      // breaks ties between sniffers; never decides alone
  uint32_t capture_bytes = 4096;  // payload per I/O that parsing needs; 0: nothing more to see
  SniffFunction sniff = nullptr;
  SniffFunction sniff_udp = nullptr;  // where datagrams are framed differently
  std::unique_ptr<Parser> (*make)(bool joined_late) = nullptr;
};

}  // namespace pano::l7
