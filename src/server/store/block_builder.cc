// SPDX-License-Identifier: Apache-2.0
#include "server/store/block_builder.h"

#include <algorithm>

#include "base/clock.h"

namespace pano::store {
namespace {

using schema::TableId;

template <typename Enum>
uint64_t Value(Enum value) {
  return static_cast<uint64_t>(value);
}

void PutPath(TableBlock& block, const tag::EdgeId& edge) {
  block.Number(edge.server_service)
      .Number(edge.client_service)
      .Number(edge.server_port)
      .Number(Value(edge.l7_protocol))
      .Number(Value(edge.l4_protocol));
}

// What is asked for by name comes first, what refers to it later.
constexpr std::array kOrder{
    TableId::kServiceName, TableId::kInstanceName, TableId::kEndpointName, TableId::kEdge,
    TableId::kEndpoint,    TableId::kInstance,     TableId::kRequest,      TableId::kEvent,
    TableId::kLoss,        TableId::kAgentHealth,
};

}  // namespace

BlockBuilder::BlockBuilder(Dialect dialect) {
  for (const schema::Table& table : schema::Tables()) tables_.emplace_back(table.id, dialect);
}

void BlockBuilder::Add(const tag::TaggedBatch& batch) {
  AddNames(batch);
  AddEdges(batch);
  AddEndpoints(batch);
  AddRequests(batch);
  for (const tag::InstanceRow& row : batch.saturation) {
    TableBlock& block = At(TableId::kInstance);
    block.Number(batch.second).Number(row.service).Number(row.instance);
    for (const uint64_t value : row.values) block.Number(value);
    block.EndRow();
  }
  for (const tag::EventRow& row : batch.events) {
    At(TableId::kEvent)
        .Number(row.time_ns / 1'000)
        .Number(Value(row.kind))
        .Number(row.service)
        .Number(row.instance)
        .Text(row.text)
        .EndRow();
  }
  AddHealth(batch);
}

void BlockBuilder::AddNames(const tag::TaggedBatch& batch) {
  const auto updated = [this] { return last_update_ = std::max(last_update_ + 1, WallNs()); };
  for (const tag::Service& service : batch.new_services) {
    At(TableId::kServiceName)
        .Number(service.id)
        .Text(service.name)
        .Text(service.name_space)
        .Number(Value(service.kind))
        .Number(updated())
        .EndRow();
  }
  for (const tag::Instance& instance : batch.new_instances) {
    const wire::InstanceInfo& info = instance.info;
    At(TableId::kInstanceName)
        .Number(instance.id)
        .Number(instance.service)
        .Text(info.instance)
        .Text(instance.agent)
        .Number(info.id)
        .Text(info.service)
        .Text(info.name_source)
        .Text(info.name_space)
        .Text(info.container_id)
        .Text(info.pod_uid)
        .Text(info.executable)
        .Text(info.command)
        .Text(info.cgroup)
        .Number(info.pid)
        .Number(info.netns)
        .Ips(info.addresses)
        .Number(Value(info.kind))
        .Number(info.start_time_ns)
        .Number(instance.first_second)
        .Number(instance.last_second)
        .Number(instance.gone ? 1 : 0)
        .Number(updated())
        .EndRow();
  }
  for (const auto& [id, name] : batch.new_endpoints) {
    At(TableId::kEndpointName).Number(id).Text(name).Number(updated()).EndRow();
  }
}

void BlockBuilder::AddEdges(const tag::TaggedBatch& batch) {
  TableBlock& block = At(TableId::kEdge);
  for (const tag::EdgeRow& row : batch.edges) {
    block.Number(batch.second);
    PutPath(block, row.edge);
    block.Number(row.server_instance).Number(row.client_instance).Number(Value(row.point));
    for (const uint64_t value : row.values) block.Number(value);
    block.Histogram(row.rrt).Histogram(row.rtt).EndRow();
  }
}

void BlockBuilder::AddEndpoints(const tag::TaggedBatch& batch) {
  TableBlock& block = At(TableId::kEndpoint);
  for (const tag::EndpointRow& row : batch.endpoints) {
    const wire::EndpointSample& sample = row.sample;
    block.Number(batch.second);
    PutPath(block, row.edge);
    block.Number(Value(row.point))
        .Number(row.endpoint)
        .Number(sample.request)
        .Number(sample.response)
        .Number(sample.client_error)
        .Number(sample.server_error)
        .Number(sample.timeout)
        .Number(sample.rrt_sum)
        .Number(sample.rrt_max)
        .Histogram(sample.rrt)
        .EndRow();
  }
}

void BlockBuilder::AddRequests(const tag::TaggedBatch& batch) {
  TableBlock& block = At(TableId::kRequest);
  for (const auto& [edge, request] : batch.requests) {
    block.Number(request.time_ns / 1'000);
    PutPath(block, edge);
    block.Number(Value(request.key.point))
        .Ip(request.client_ip)
        .Number(request.client_port)
        .Ip(request.server_ip)
        .Text(request.version)
        .Text(request.request_type)
        .Text(request.request_domain)
        .Text(request.request_resource)
        .Text(request.endpoint)
        .Text(request.request_id)
        .Number(request.request_length)
        .Number(request.response_length)
        .Number(Value(request.status))
        .Signed(request.response_code)
        .Text(request.response_exception)
        .Text(request.response_result)
        .Number(request.rrt_us)
        .Text(request.trace_id)
        .Text(request.span_id)
        .Text(request.parent_span_id)
        .Text(request.x_request_id)
        .EndRow();
  }
}

void BlockBuilder::AddHealth(const tag::TaggedBatch& batch) {
  for (const wire::LossCount& loss : batch.losses) {
    At(TableId::kLoss)
        .Number(batch.second)
        .Text(batch.agent)
        .Text(loss.cause)
        .Number(loss.count)
        .EndRow();
  }
  if (batch.health.tier.empty()) return;  // the server's own events come without an agent
  At(TableId::kAgentHealth)
      .Number(batch.second)
      .Text(batch.agent)
      .Text(batch.health.tier)
      .Text(batch.health.stage)
      .Number(batch.health.cpu_us)
      .Number(batch.health.memory_bytes)
      .Number(batch.health.events)
      .Number(batch.health.connections)
      .EndRow();
}

bool BlockBuilder::empty() const {
  return std::all_of(tables_.begin(), tables_.end(),
                     [](const TableBlock& block) { return block.rows() == 0; });
}

std::vector<Block> BlockBuilder::Take() {
  std::vector<Block> out;
  for (const TableId id : kOrder) {
    TableBlock& block = At(id);
    const uint64_t rows = block.rows();
    if (rows > 0) out.push_back({block.table(), block.Take(), rows});
  }
  return out;
}

uint64_t RowsOf(const tag::TaggedBatch& batch) {
  return batch.new_services.size() + batch.new_instances.size() + batch.new_endpoints.size() +
         batch.edges.size() + batch.endpoints.size() + batch.saturation.size() +
         batch.events.size() + batch.requests.size() + batch.losses.size() +
         (batch.health.tier.empty() ? 0 : 1);
}

}  // namespace pano::store
