// SPDX-License-Identifier: Apache-2.0
// in: tag::TaggedBatch  out: one Native block per table
// Not thread safe: the writer's thread owns it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "server/store/table_block.h"
#include "server/tag/row.h"

namespace pano::store {

struct Block {
  std::string table;
  std::string data;
  uint64_t rows = 0;
};

class BlockBuilder {
 public:
  explicit BlockBuilder(Dialect dialect);

  void Add(const tag::TaggedBatch& batch);
  bool empty() const;
  std::vector<Block> Take();  // names before the rows that use them

 private:
  TableBlock& At(schema::TableId table) { return tables_[static_cast<size_t>(table)]; }
  void AddNames(const tag::TaggedBatch& batch);
  void AddEdges(const tag::TaggedBatch& batch);
  void AddEndpoints(const tag::TaggedBatch& batch);
  void AddRequests(const tag::TaggedBatch& batch);
  void AddHealth(const tag::TaggedBatch& batch);

  std::vector<TableBlock> tables_;
  uint64_t last_update_ = 0;  // strictly growing: the later row of one id wins
};

uint64_t RowsOf(const tag::TaggedBatch& batch);

}  // namespace pano::store
