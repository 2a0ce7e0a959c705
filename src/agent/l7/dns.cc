// SPDX-License-Identifier: Apache-2.0
// DNS, RFC 1035, over UDP and TCP. NXDOMAIN blames the client, SERVFAIL and REFUSED the server.
#include "bpf/infer/dns.h"

#include <arpa/inet.h>

#include <array>

#include "agent/l7/protocol.h"

namespace pano::l7 {
namespace {

constexpr size_t kMaxName = 255;  // RFC 1035 2.3.4
constexpr int kMaxAnswers = 16;   // looked at for addresses

std::string_view TypeName(uint16_t type) {
  switch (type) {
    case 1:
      return "A";
    case 2:
      return "NS";
    case 5:
      return "CNAME";
    case 6:
      return "SOA";
    case 12:
      return "PTR";
    case 15:
      return "MX";
    case 16:
      return "TXT";
    case 28:
      return "AAAA";
    case 33:
      return "SRV";
    case 35:
      return "NAPTR";
    case 64:
      return "SVCB";
    case 65:
      return "HTTPS";
    case 255:
      return "ANY";
    default:
      return "OTHER";
  }
}

std::string_view CodeName(int code) {
  constexpr std::array<std::string_view, 11> kNames{"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN",
                                                    "NOTIMP",  "REFUSED", "YXDOMAIN", "YXRRSET",
                                                    "NXRRSET", "NOTAUTH", "NOTZONE"};
  return static_cast<size_t>(code) < kNames.size() ? kNames[static_cast<size_t>(code)] : "RCODE";
}

schema::ResponseStatus CodeStatus(int code) {
  if (code == 0) return schema::ResponseStatus::kOk;
  return code == 2 || code == 4 || code == 5 ? schema::ResponseStatus::kServerError
                                             : schema::ResponseStatus::kClientError;
}

// A name in text, lower case; compression pointers are not followed: the question has none.
struct Name {
  std::array<char, kMaxName> text;
  size_t size = 0;
};

bool ReadName(Cursor& in, Name& name) {
  while (!in.failed()) {
    const uint8_t length = in.U8();
    if (length == 0) return !in.failed();
    if (length > 63) return false;
    const std::string_view label = in.Text(length);
    if (name.size + label.size() + 1 > name.text.size()) return false;
    if (name.size > 0) name.text[name.size++] = '.';
    for (const char c : label) {
      name.text[name.size++] = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    }
  }
  return false;
}

void SkipName(Cursor& in) {
  while (!in.failed()) {
    const uint8_t length = in.U8();
    if (length >= 0xc0) return in.Skip(1);
    if (length == 0) return;
    in.Skip(length);
  }
}

class DnsParser final : public Parser {
 public:
  Step Parse(Toward toward, Bytes bytes, Message& m) override {
    if (bytes.size() < 2) return {};
    const size_t size = Cursor(bytes).Big<uint16_t>();
    if (size < 12) return {Verdict::kInvalid, 0};
    if (bytes.size() < size + 2) return {};
    const Step step = ParseDatagram(toward, bytes.subspan(2, size), m);
    return {step.verdict, step.verdict == Verdict::kInvalid ? 0 : size + 2};
  }

  Step ParseDatagram(Toward toward, Bytes bytes, Message& m) override {
    Cursor in(bytes);
    const auto id = in.Big<uint16_t>();
    const auto flags = in.Big<uint16_t>();
    const auto questions = in.Big<uint16_t>();
    const auto answers = in.Big<uint16_t>();
    in.Skip(4);
    if (in.failed()) return {Verdict::kInvalid, 0};
    const bool response = (flags & 0x8000) != 0;
    if (response == (toward == Toward::kServer)) return {Verdict::kInvalid, 0};
    if (questions == 0) return {Verdict::kSkip, bytes.size()};
    Name name;
    if (!ReadName(in, name)) return {Verdict::kInvalid, 0};
    const auto type = in.Big<uint16_t>();
    in.Skip(2);
    if (in.failed()) return {Verdict::kInvalid, 0};
    const std::string_view text(name.text.data(), name.size);
    // One socket of a server talks to many clients, whose ids may meet.
    m.key = id | (std::hash<std::string_view>()(text) ^ type) << 16;
    if (response) {
      Answer(in, flags & 15, answers, m);
    } else {
      m.request_type = TypeName(type);
      m.resource = m.Keep(text);
      m.endpoint = m.request_type;
    }
    return {Verdict::kMessage, bytes.size()};
  }

  size_t Resync(Toward toward, Bytes bytes) override {
    // Only at the start of a segment: messages are small and sent whole.
    const infer_verdict v = infer_dns_tcp(reinterpret_cast<const unsigned char*>(bytes.data()),
                                          static_cast<unsigned>(bytes.size()));
    return v == (toward == Toward::kServer ? INFER_REQUEST : INFER_RESPONSE) ? 0 : kNoSync;
  }

 private:
  static void Answer(Cursor& in, int code, int answers, Message& m) {
    m.type = MessageType::kResponse;
    m.code = code;
    m.status = CodeStatus(code);
    if (code != 0) m.exception = CodeName(code);
    std::string_view addresses;
    for (int i = 0; i < std::min(answers, kMaxAnswers); ++i) {
      SkipName(in);
      const auto type = in.Big<uint16_t>();
      in.Skip(6);  // class, time to live
      const Bytes data = in.Take(in.Big<uint16_t>());
      if (in.failed()) break;
      std::array<char, INET6_ADDRSTRLEN> text{};
      const int family = type == 1 && data.size() == 4     ? AF_INET
                         : type == 28 && data.size() == 16 ? AF_INET6
                                                           : 0;
      if (family == 0 || !inet_ntop(family, data.data(), text.data(), text.size())) continue;
      addresses = m.Join(addresses, addresses.empty() ? "" : ",", text.data());
    }
    m.result = addresses;
  }
};

std::unique_ptr<Parser> Make(bool /*joined_late*/) { return std::make_unique<DnsParser>(); }

}  // namespace

extern const Protocol kDns;
constinit const Protocol kDns{
    .id = schema::L7Protocol::kDns,
    .name = "dns",
    .transport = kTcpAndUdp,
    .pairing = Pairing::kKey,
    .sure_of_roles = true,
    .default_port = 53,
    .capture_bytes = 4096,
    .sniff = infer_dns_tcp,
    .sniff_udp = infer_dns,
    .make = Make,
};

}  // namespace pano::l7
