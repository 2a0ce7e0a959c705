// SPDX-License-Identifier: Apache-2.0
// The store behind api::Archive: writer and reader of one data folder.
#pragma once

#include <memory>
#include <string>

#include "server/api/archive.h"
#include "server/live/live_state.h"
#include "server/query/query.h"
#include "server/store/embedded.h"
#include "server/store/store.h"
#include "server/store/writer.h"
#include "server/tag/directory.h"

namespace pano::server {

class StoreArchive final : public api::Archive {
 public:
  // `live` names edges; it must outlive the archive.
  static Result<std::unique_ptr<StoreArchive>> Open(store::EmbeddedOptions options,
                                                    const store::Retention& retention,
                                                    live::LiveState& live);

  bool Add(std::shared_ptr<const tag::TaggedBatch> batch) { return writer_->Add(std::move(batch)); }
  Result<tag::Dictionary> LoadDictionaries() const;

  Result<live::WindowSet> Map(uint64_t from, uint64_t to) override;
  Result<std::vector<EdgePoint>> Edges(const std::optional<tag::EdgeId>& edge, uint64_t from,
                                       uint64_t to, uint32_t step) override;
  Result<std::vector<EdgePoint>> EdgesOf(uint32_t service, uint64_t from, uint64_t to,
                                         uint32_t step) override;
  Result<std::vector<NodePoint>> Nodes(uint32_t service, uint64_t from, uint64_t to,
                                       uint32_t step) override;
  Result<std::vector<tag::EventRow>> Events(uint64_t from, uint64_t to) override;
  Result<std::string> Sql(const std::string& sql, const store::Params& params) override;
  store::StoreHealth Health() override { return writer_->Health(); }

 private:
  StoreArchive(std::unique_ptr<store::Store> store, const store::Retention& retention,
               live::LiveState& live);
  Result<std::vector<EdgePoint>> Points(const query::EdgeFilter& filter, uint64_t from, uint64_t to,
                                        uint32_t step) const;

  const store::Retention retention_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<store::Writer> writer_;
  query::Reader reader_;
  live::LiveState& live_;
};

}  // namespace pano::server
