// SPDX-License-Identifier: Apache-2.0
// in: a recording made by Recorder  out: RawRecord
// Raw records in a file, so that everything behind the source runs again without root or kernel.
// Layout, little-endian: "PANOREC\n", u32 version of the file, u32 version of the abi; then blocks:
// u32 mark, u32 bytes unpacked, u32 bytes packed, u32 FNV-1a of the packed bytes, one zstd frame. A
// block unpacked is records: u32 length, bytes.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "agent/source/source.h"
#include "base/result.h"

namespace pano::source {

class Recorder {
 public:
  static Result<std::unique_ptr<Recorder>> Create(const std::string& path);
  ~Recorder();  // finishes the file; call Finish to learn of errors

  // Adds one record. A full disk shows here or in Finish.
  Status Write(const RawRecord& record);
  Status Finish();

  uint64_t records() const { return records_; }

 private:
  explicit Recorder(std::FILE* file) : file_(file) {}
  Status WriteBlock();

  std::FILE* file_;
  std::vector<std::byte> block_;
  uint64_t records_ = 0;
};

class RecordingSource final : public Source {
 public:
  static Result<std::unique_ptr<RecordingSource>> Open(const std::string& path);
  ~RecordingSource() override;

  // Hands over the records of one block at a time. kNotFound at the end; kInvalid names the offset
  // of a damaged block: what came before it was read and is good.
  Result<uint64_t> Poll(const RecordSink& sink, int timeout_ms) override;
  void SetCapture(uint64_t, uint32_t) override {}
  std::string tier() const override { return "recording"; }
  std::vector<LossCounter> Losses() const override { return {}; }

 private:
  RecordingSource(std::string path, std::FILE* file) : path_(std::move(path)), file_(file) {}
  Status ReadBlock();

  const std::string path_;
  std::FILE* file_;
  uint64_t offset_ = 0;  // of the block being read
  std::vector<std::byte> packed_;
  std::vector<std::byte> block_;
};

}  // namespace pano::source
