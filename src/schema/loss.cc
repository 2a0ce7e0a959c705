// SPDX-License-Identifier: Apache-2.0
#include "schema/loss.h"

#include <algorithm>
#include <array>

namespace pano::schema {
namespace {

constexpr auto kLost = LossEffect::kLost;
constexpr auto kUnread = LossEffect::kUnread;
constexpr auto kExact = LossEffect::kExact;

constexpr std::array kTable = std::to_array<LossInfo>({
    {"ring_full", kLost, "events", "kernel records that found no room: the agent fell behind"},
    {"state_full", kLost, "events", "no kernel memory for a socket's state: its calls went unseen"},
    {"udp_peer_unresolved", kLost, "events", "datagrams whose other end never became known"},
    {"malformed_record", kLost, "events", "kernel records that do not have the agreed form"},
    {"undecodable_record", kLost, "events", "records that could not be decoded"},
    {"failed_walk", kLost, "walks", "walks over the sockets that the kernel refused"},
    {"shard_queue_full", kLost, "events", "events dropped between reader and shard"},
    {"batch_queue_full", kLost, "batches", "seconds of a shard dropped on the way to the server"},
    {"connection_table_full", kLost, "connections", "forgotten for lack of room"},
    {"l7_connection_table_full", kLost, "connections", "not parsed for lack of room"},
    {"l7_connection_evicted", kLost, "connections", "parsing state dropped for lack of room"},
    {"l7_in_flight_overflow", kLost, "requests", "more requests in flight than are tracked"},
    {"unknown_socket", kLost, "events", "counted on a socket whose ends are not known"},
    {"process_queue_full", kLost, "events", "process starts and ends dropped"},
    {"process_table_full", kLost, "processes", "not named for lack of room"},
    {"translation_table_full", kLost, "translations", "address translations not kept"},
    {"translation_events_lost", kLost, "events", "conntrack messages the kernel dropped"},
    {"peer_index_full", kLost, "sockets", "not joined with their other end"},
    {"stream_gap", kUnread, "gaps", "bytes of a connection that no event showed"},
    {"user_fault", kUnread, "calls", "payload could not be read; its length is counted"},
    {"vector_too_long", kUnread, "calls", "payload in too many pieces; its length is counted"},
    {"io_uring_overlap", kUnread, "calls", "payload of overlapping operations; length is counted"},
    {"l7_gap_in_headers", kUnread, "gaps", "bytes missing where a request or response was named"},
    {"l7_buffer_overflow", kUnread, "messages", "heads larger than what is held"},
    {"l7_invalid", kUnread, "messages", "bytes that do not fit the protocol"},
    {"l7_unparsed_bytes", kUnread, "bytes", "passed over until the next message was found"},
    {"l7_request_lost", kUnread, "requests", "whose response was out of step"},
    {"l7_orphan_response", kUnread, "responses", "whose request was not seen"},
    {"l7_unknown_protocol", kUnread, "connections", "in no protocol that is known"},
    {"l7_wrong_inference", kUnread, "connections", "first taken for another protocol"},
    {"l7_protocol_abandoned", kUnread, "connections", "that stopped making sense"},
    {"failed_set_capture", kExact, "sockets", "closed before their capture length was set"},
    {"open_missed", kExact, "connections", "first seen when they moved bytes"},
    {"stream_duplicate", kExact, "events", "bytes seen twice, counted once"},
    {"role_guessed", kExact, "connections", "client and server told apart by port only"},
    {"late_event", kExact, "events", "counted in the second after their own"},
    {"endpoint_limit", kExact, "requests", "counted on the edge and under endpoint \"other\""},
    {"request_record_limit", kExact, "requests", "counted, not kept one by one"},
    {"l7_gap_in_body", kExact, "gaps", "bytes not copied where only their number matters"},
    {"l7_resync", kExact, "times", "a message start was found again"},
});

}  // namespace

std::string_view Name(LossEffect effect) {
  constexpr std::array<std::string_view, 3> kNames{"lost", "unread", "exact"};
  return kNames[static_cast<size_t>(effect)];
}

std::span<const LossInfo> LossTable() { return kTable; }

const LossInfo* FindLoss(std::string_view cause) {
  const auto* at = std::ranges::find(kTable, cause, &LossInfo::cause);
  return at == kTable.end() ? nullptr : at;
}

}  // namespace pano::schema
