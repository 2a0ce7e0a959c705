// SPDX-License-Identifier: Apache-2.0
// Kafka: requests by api key and version, responses by correlation id. Compact encodings and tagged
// fields where a version is flexible. Topics, groups and error codes are read, records are not.
#include "bpf/infer/kafka.h"

#include <array>
#include <vector>

#include "agent/l7/kafka_fields.h"
#include "agent/l7/kafka_offsets.h"
#include "agent/l7/protocol.h"

namespace pano::l7 {
namespace {

constexpr size_t kHeadWindow = 1024;  // of a message that must be seen, if it is that long
constexpr uint32_t kMaxSize = 128u << 20;
constexpr size_t kMaxWaiting = 4096;
constexpr uint8_t kNever = 127;

enum Api : int16_t {
  kProduce = 0,
  kFetch = 1,
  kListOffsets = 2,
  kMetadata = 3,
  kOffsetCommit = 8,
  kOffsetFetch = 9,
  kFindCoordinator = 10,
  kJoinGroup = 11,
  kHeartbeat = 12,
  kLeaveGroup = 13,
  kSyncGroup = 14,
  kSaslHandshake = 17,
  kApiVersions = 18,
  kInitProducerId = 22,
  kSaslAuthenticate = 36,
};

// Where the response's first error code is, after the header.
enum class ErrorAt : uint8_t { kNowhere, kStart, kAfterThrottle, kTopics, kFetchBody };

struct ApiInfo {
  std::string_view name;
  uint8_t flexible_since = kNever;
  ErrorAt error = ErrorAt::kNowhere;
  uint8_t throttle_since = 0;  // first version whose response starts with a throttle time
};

constexpr std::array kApis{
    ApiInfo{"Produce", 9, ErrorAt::kTopics, kNever},
    ApiInfo{"Fetch", 12, ErrorAt::kFetchBody, 1},
    ApiInfo{"ListOffsets", 6},
    ApiInfo{"Metadata", 9},
    ApiInfo{"LeaderAndIsr", 4},
    ApiInfo{"StopReplica", 2},
    ApiInfo{"UpdateMetadata", 6},
    ApiInfo{"ControlledShutdown", 3},
    ApiInfo{"OffsetCommit", 8, ErrorAt::kTopics, 3},
    ApiInfo{"OffsetFetch", 6},
    ApiInfo{"FindCoordinator", 3, ErrorAt::kAfterThrottle, 1},
    ApiInfo{"JoinGroup", 6, ErrorAt::kAfterThrottle, 2},
    ApiInfo{"Heartbeat", 4, ErrorAt::kAfterThrottle, 1},
    ApiInfo{"LeaveGroup", 4, ErrorAt::kAfterThrottle, 1},
    ApiInfo{"SyncGroup", 4, ErrorAt::kAfterThrottle, 1},
    ApiInfo{"DescribeGroups", 5},
    ApiInfo{"ListGroups", 3, ErrorAt::kAfterThrottle, 1},
    ApiInfo{"SaslHandshake", kNever, ErrorAt::kStart},
    ApiInfo{"ApiVersions", 3, ErrorAt::kStart},
    ApiInfo{"CreateTopics", 5},
    ApiInfo{"DeleteTopics", 4},
    ApiInfo{"DeleteRecords", 2},
    ApiInfo{"InitProducerId", 2, ErrorAt::kAfterThrottle},
    ApiInfo{"OffsetForLeaderEpoch", 4},
    ApiInfo{"AddPartitionsToTxn", 3},
    ApiInfo{"AddOffsetsToTxn", 3, ErrorAt::kAfterThrottle},
    ApiInfo{"EndTxn", 3, ErrorAt::kAfterThrottle},
    ApiInfo{"WriteTxnMarkers", 1},
    ApiInfo{"TxnOffsetCommit", 3},
    ApiInfo{"DescribeAcls", 2},
    ApiInfo{"CreateAcls", 2},
    ApiInfo{"DeleteAcls", 2},
    ApiInfo{"DescribeConfigs", 4},
    ApiInfo{"AlterConfigs", 2},
    ApiInfo{"AlterReplicaLogDirs", 2},
    ApiInfo{"DescribeLogDirs", 2},
    ApiInfo{"SaslAuthenticate", 2, ErrorAt::kStart},
    ApiInfo{"CreatePartitions", 2},
    ApiInfo{"CreateDelegationToken", 2},
    ApiInfo{"RenewDelegationToken", 2},
    ApiInfo{"ExpireDelegationToken", 2},
    ApiInfo{"DescribeDelegationToken", 2},
    ApiInfo{"DeleteGroups", 2},
    ApiInfo{"ElectLeaders", 2},
    ApiInfo{"IncrementalAlterConfigs", 1},
};

ApiInfo InfoOf(int16_t key) {
  if (key >= 0 && static_cast<size_t>(key) < kApis.size()) return kApis[static_cast<size_t>(key)];
  return {key == 60 ? "DescribeCluster" : key == 68 ? "ConsumerGroupHeartbeat" : "Other", 0};
}

// Codes that are steps of the protocol, not failures: rebalance in progress, member id required.
bool IsRoutine(int code) { return code == 0 || code == 27 || code == 79; }
constexpr int kUnsupportedVersion = 35;

schema::ResponseStatus CodeStatus(int code) {
  constexpr std::array kServerCodes{-1, 2,  5,  6,  7,  8,  9,  13, 14,
                                    15, 16, 19, 20, 41, 56, 72, 75, 87};
  if (IsRoutine(code)) return schema::ResponseStatus::kOk;
  for (const int c : kServerCodes) {
    if (c == code) return schema::ResponseStatus::kServerError;
  }
  return schema::ResponseStatus::kClientError;
}

class KafkaParser final : public Parser {
 public:
  Step Parse(Toward toward, Bytes bytes, Message& m) override {
    if (bytes.size() < 4) return {};
    const auto length = Cursor(bytes).Big<uint32_t>();
    if (length < 4 || length > kMaxSize) return {Verdict::kInvalid, 0};
    const size_t size = size_t{4} + length;
    if (bytes.size() < std::min(size, kHeadWindow)) return {};
    const Bytes body = bytes.first(std::min(size, bytes.size())).subspan(4);
    return toward == Toward::kServer ? Request(body, size, m) : Response(body, size, m);
  }

  // A broker answers Fetch with a head of its own and the records straight from its files.
  Step ParseCut(Toward toward, Bytes bytes, Message& m) override {
    if (toward == Toward::kServer || bytes.size() < 8) return {};
    const auto length = Cursor(bytes).Big<uint32_t>();
    if (length < bytes.size() - 4 || length > kMaxSize) return {};
    return Response(bytes.subspan(4), size_t{4} + length, m);
  }

  size_t Resync(Toward toward, Bytes bytes) override {
    const auto* p = reinterpret_cast<const unsigned char*>(bytes.data());
    const auto size = static_cast<unsigned>(bytes.size());
    if (toward == Toward::kServer) return infer_kafka(p, size) == INFER_REQUEST ? 0 : kNoSync;
    if (size < 8) return kNoSync;
    const bool awaited = Find(static_cast<int32_t>(infer_be32(p + 4))) < waiting_.size();
    return awaited && infer_be32(p) <= kMaxSize ? 0 : kNoSync;
  }

 private:
  struct Waiting {
    int32_t correlation;
    int16_t api;
    int16_t version;
  };

  size_t Find(int32_t correlation) const {
    for (size_t i = 0; i < waiting_.size(); ++i) {
      if (waiting_[i].correlation == correlation) return i;
    }
    return waiting_.size();
  }

  Step Request(Bytes body, size_t size, Message& m) {
    Cursor in(body);
    const auto api = in.Big<int16_t>();
    const auto version = in.Big<int16_t>();
    const auto correlation = in.Big<int32_t>();
    if (in.failed() || api < 0 || api > 92 || version < 0 || version > 20) {
      return {Verdict::kInvalid, 0};
    }
    const ApiInfo info = InfoOf(api);
    const bool flexible = version >= info.flexible_since;
    const auto client_size = in.Big<int16_t>();  // never compact, in header version 2 either
    const std::string_view client =
        client_size > 0 ? in.Text(static_cast<size_t>(client_size)) : std::string_view();
    if (in.failed() || client_size < -1) return {Verdict::kInvalid, 0};
    KafkaFields f(in.rest(), flexible);
    f.SkipTags();
    m.key = static_cast<uint32_t>(correlation);
    // Fetch waits for records, JoinGroup and SyncGroup for the other members.
    m.patient = api == kFetch || api == kJoinGroup || api == kSyncGroup;
    m.request_type = info.name;
    m.request_id = client.substr(0, 64);
    std::array<char, 8> text{};
    m.version = m.Keep(VersionText(version, text));
    if (api == kFetch) offsets_.OnFetch(version, f, m);
    m.resource = Subject(api, version, f, m);
    m.endpoint = m.Join(info.name, m.resource.empty() ? "" : " ", m.resource);
    if (m.one_way) return {Verdict::kMessage, size};
    if (waiting_.size() >= kMaxWaiting) waiting_.erase(waiting_.begin());
    waiting_.push_back({correlation, api, version});
    return {Verdict::kMessage, size};
  }

  static std::string_view VersionText(int16_t version, std::array<char, 8>& text) {
    size_t size = 0;
    if (version >= 10) text[size++] = static_cast<char>('0' + version / 10);
    text[size++] = static_cast<char>('0' + version % 10);
    return {text.data(), size};
  }

  // The topic or the group a request is about.
  static std::string_view Subject(int16_t api, int16_t version, KafkaFields& f, Message& m) {
    switch (api) {
      case kProduce:
        if (version >= 3) f.Text();                                  // transactional id
        m.one_way = f.in().Big<int16_t>() == 0 && !f.in().failed();  // acks
        f.in().Skip(4);
        return version >= 13 ? std::string_view() : FirstTopic(f);
      case kFetch:
        return version >= 13 ? std::string_view() : FetchTopic(version, f);
      case kListOffsets:
        f.in().Skip(version >= 2 ? 5 : 4);
        return FirstTopic(f);
      case kMetadata:
        if (f.Array() == 0 || f.in().failed()) return {};
        if (version >= 10) f.in().Skip(16);  // topic id
        return f.in().failed() ? std::string_view() : f.Text();
      case kOffsetCommit:
      case kOffsetFetch:
        if (api == kOffsetFetch && version >= 8) f.Array();
        [[fallthrough]];
      case kFindCoordinator:
      case kJoinGroup:
      case kHeartbeat:
      case kLeaveGroup:
      case kSyncGroup: {
        if (api == kFindCoordinator && version >= 4) return {};
        const std::string_view group = f.Text();
        return f.in().failed() ? std::string_view() : group;
      }
      default:
        return {};
    }
  }

  static std::string_view FirstTopic(KafkaFields& f) {
    if (f.Array() == 0 || f.in().failed()) return {};
    const std::string_view topic = f.Text();
    return f.in().failed() ? std::string_view() : topic;
  }

  static std::string_view FetchTopic(int16_t version, KafkaFields& f) {
    f.in().Skip(12);                   // replica, longest wait, fewest bytes
    if (version >= 3) f.in().Skip(4);  // most bytes
    if (version >= 4) f.in().Skip(1);  // isolation
    if (version >= 7) f.in().Skip(8);  // session
    return FirstTopic(f);
  }

  Step Response(Bytes body, size_t size, Message& m) {
    Cursor in(body);
    const auto correlation = in.Big<int32_t>();
    const size_t at = Find(correlation);
    if (at == waiting_.size()) return {Verdict::kSkip, size};  // asked before we looked
    const Waiting request = waiting_[at];
    waiting_.erase(waiting_.begin() + static_cast<ptrdiff_t>(at));
    m.type = MessageType::kResponse;
    m.key = static_cast<uint32_t>(correlation);
    const ApiInfo info = InfoOf(request.api);
    const bool flexible = request.version >= info.flexible_since;
    KafkaFields f(in.rest(), flexible);
    if (request.api != kApiVersions) f.SkipTags();  // KIP-511: its response header never has tags
    if (request.api == kFetch) offsets_.OnFetched(request.version, f, m);
    const int code = ErrorCode(info, request, f);
    m.code = code;
    // Clients ask for the newest version first; being told otherwise is how they agree on one.
    const bool agreeing = request.api == kApiVersions && code == kUnsupportedVersion;
    m.status = agreeing ? schema::ResponseStatus::kOk : CodeStatus(code);
    if (!IsRoutine(code) && !agreeing) m.exception = m.Join("error code ", CodeText(code, m));
    return {Verdict::kMessage, size};
  }

  static std::string_view CodeText(int code, Message& m) {
    if (code < 0) return "-1";
    std::array<char, 8> text{};
    size_t size = 0;
    if (code >= 100) text[size++] = static_cast<char>('0' + code / 100 % 10);
    if (code >= 10) text[size++] = static_cast<char>('0' + code / 10 % 10);
    text[size++] = static_cast<char>('0' + code % 10);
    return m.Keep({text.data(), size});
  }

  // The first error a response tells; 0 if it tells none in the bytes at hand.
  static int ErrorCode(const ApiInfo& info, const Waiting& request, KafkaFields& f) {
    if (request.version >= info.throttle_since && info.error != ErrorAt::kStart) f.in().Skip(4);
    int code = 0;
    switch (info.error) {
      case ErrorAt::kNowhere:
        return 0;
      case ErrorAt::kStart:
      case ErrorAt::kAfterThrottle:
        code = f.in().Big<int16_t>();
        break;
      case ErrorAt::kFetchBody:
        if (request.version >= 7) {
          code = f.in().Big<int16_t>();
          f.in().Skip(4);  // session id
        }
        if (code == 0 && !f.in().failed()) code = FirstPartitionError(request, f);
        break;
      case ErrorAt::kTopics:
        code = FirstPartitionError(request, f);
        break;
    }
    return f.in().failed() ? 0 : code;
  }

  static int FirstPartitionError(const Waiting& request, KafkaFields& f) {
    if (f.Array() == 0) return 0;
    if (request.api == kFetch ? request.version >= 13
                              : request.api == kProduce && request.version >= 13) {
      f.in().Skip(16);  // topic id
    } else {
      f.Text();
    }
    if (f.Array() == 0) return 0;
    f.in().Skip(4);  // partition
    const auto code = f.in().Big<int16_t>();
    return f.in().failed() ? 0 : code;
  }

  std::vector<Waiting> waiting_;
  KafkaOffsets offsets_;
};

std::unique_ptr<Parser> Make(bool /*joined_late*/) { return std::make_unique<KafkaParser>(); }

}  // namespace

extern const Protocol kKafka;
constinit const Protocol kKafka{
    .id = schema::L7Protocol::kKafka,
    .name = "kafka",
    .pairing = Pairing::kKey,
    .default_port = 9092,
    .capture_bytes = 16384,
    .sniff = infer_kafka,
    .make = Make,
};

}  // namespace pano::l7
