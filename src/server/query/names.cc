// SPDX-License-Identifier: Apache-2.0
// The Reader's dictionaries and small documents: rows of tables that keep the newest per id.
#include "base/clock.h"
#include "server/query/query.h"
#include "server/query/row_binary.h"
#include "server/store/table_block.h"

namespace pano::query {
namespace {

constexpr store::QueryLimits kLimits{.max_seconds = 20,
                                     .max_memory_bytes = uint64_t{512} << 20,
                                     .max_result_rows = 5'000'000,
                                     .read_only = true};

Error Malformed() { return {Code::kInternal, "the store's answer is malformed", {}}; }

tag::Service ReadService(RowReader& row) {
  tag::Service service;
  service.id = row.Number<uint32_t>();
  service.name = row.Text();
  service.name_space = row.Text();
  service.kind = static_cast<schema::NodeKind>(row.Number<int8_t>());
  return service;
}

tag::Instance ReadInstance(RowReader& row) {
  tag::Instance instance;
  wire::InstanceInfo& info = instance.info;
  instance.id = row.Number<uint32_t>();
  instance.service = row.Number<uint32_t>();
  info.instance = row.Text();
  instance.agent = row.Text();
  info.id = row.Number<uint32_t>();
  for (std::string* text : {&info.service, &info.name_source, &info.name_space, &info.container_id,
                            &info.pod_uid, &info.executable, &info.command, &info.cgroup}) {
    *text = row.Text();
  }
  info.pid = row.Number<uint32_t>();
  info.netns = row.Number<uint32_t>();
  const uint64_t addresses = row.Varint();
  for (uint64_t i = 0; i < addresses && row.ok(); ++i) info.addresses.push_back(row.Ip());
  info.kind = static_cast<schema::NodeKind>(row.Number<int8_t>());
  info.start_time_ns = row.Number<uint64_t>();
  instance.first_second = row.Number<uint64_t>();
  instance.last_second = row.Number<uint64_t>();
  instance.gone = row.Number<uint8_t>() != 0;
  info.gone = instance.gone;
  return instance;
}

template <typename Row, typename Read>
Result<std::vector<Row>> ReadAll(store::Store& store, const char* sql, Read read) {
  PANO_ASSIGN(const std::string bytes, store.Query(sql, {}, "RowBinary", kLimits));
  std::vector<Row> out;
  RowReader row(bytes);
  while (!row.Done()) out.push_back(read(row));
  if (!row.ok()) return std::unexpected(Malformed());
  return out;
}

}  // namespace

Result<Dictionaries> Reader::LoadDictionaries() const {
  Dictionaries out;
  PANO_ASSIGN(out.services,
              ReadAll<tag::Service>(store_,
                                    "SELECT id, name, namespace, kind FROM service_name FINAL "
                                    "ORDER BY id",
                                    ReadService));
  PANO_ASSIGN(out.instances,
              ReadAll<tag::Instance>(
                  store_,
                  "SELECT id, service, name, agent, agent_instance, service_name, name_source, "
                  "namespace, container_id, pod_uid, executable, command, cgroup, pid, netns, "
                  "addresses, kind, start_time, first_second, last_second, gone "
                  "FROM instance_name FINAL ORDER BY id",
                  ReadInstance));
  using Endpoint = std::pair<uint32_t, std::string>;
  PANO_ASSIGN(out.endpoints,
              ReadAll<Endpoint>(store_, "SELECT id, name FROM endpoint_name FINAL ORDER BY id",
                                [](RowReader& row) {
                                  const auto id = row.Number<uint32_t>();
                                  return Endpoint(id, row.Text());
                                }));
  return out;
}

Result<std::optional<std::string>> Reader::LoadConfig(const std::string& key) const {
  PANO_ASSIGN(const std::string bytes,
              store_.Query("SELECT value FROM config FINAL WHERE key = {key:String}",
                           {{"key", key}}, "RowBinary", kLimits));
  if (bytes.empty()) return std::optional<std::string>();
  RowReader row(bytes);
  std::string value = row.Text();
  if (!row.ok()) return std::unexpected(Malformed());
  return std::optional(std::move(value));
}

Status Reader::SaveConfig(const std::string& key, const std::string& value) const {
  store::TableBlock block(schema::TableId::kConfig, store_.dialect());
  block.Text(key).Text(value).Number(WallNs()).EndRow();
  return store_.InsertNative(block.table(), block.Take());
}

}  // namespace pano::query
