// SPDX-License-Identifier: Apache-2.0
#include "server/store/chdb_library.h"

#include <dlfcn.h>

#include <utility>

#include "server/store/engine_error.h"

namespace pano::store {

// The C ABI of chDB 26.7. A connection is a pointer to a handle; a result owns its buffer and
// error.
struct ChdbFunctions {
  void** (*chdb_connect)(int argc, char** argv);
  void (*chdb_close_conn)(void** connection);
  void* (*chdb_query_n)(void* connection, const char* sql, size_t sql_size, const char* format,
                        size_t format_size);
  void* (*chdb_query_with_params)(void* connection, const char* sql, const char* format,
                                  const char* const* names, const char* const* values,
                                  size_t count);
  void* (*chdb_stream_insert)(void* connection, const char* sql, const char* format);
  int (*chdb_stream_append)(void* stream, const void* data, size_t size);
  void* (*chdb_stream_done)(void* stream);
  void (*chdb_destroy_insert_stream)(void* stream);
  const char* (*chdb_stream_insert_error)(void* stream);
  void (*chdb_destroy_query_result)(void* result);
  char* (*chdb_result_buffer)(void* result);
  size_t (*chdb_result_length)(void* result);
  const char* (*chdb_result_error)(void* result);
  void (*chdb_set_signal_handlers_enabled)(int enabled);
  const char* (*chdb_version)();
  int (*chdb_shutdown)();
};

namespace {

template <typename Function>
bool Find(void* library, const char* name, Function& into, std::string& missing) {
  into = reinterpret_cast<Function>(dlsym(library, name));
  if (into == nullptr) missing = name;
  return into != nullptr;
}

bool FindAll(void* lib, ChdbFunctions& f, std::string& missing) {
#define PANO_FIND(name) Find(lib, #name, f.name, missing)
  return PANO_FIND(chdb_stream_insert) && PANO_FIND(chdb_stream_append) &&
         PANO_FIND(chdb_stream_done) && PANO_FIND(chdb_destroy_insert_stream) &&
         PANO_FIND(chdb_stream_insert_error) && PANO_FIND(chdb_connect) &&
         PANO_FIND(chdb_close_conn) && PANO_FIND(chdb_query_n) &&
         PANO_FIND(chdb_query_with_params) && PANO_FIND(chdb_destroy_query_result) &&
         PANO_FIND(chdb_result_buffer) && PANO_FIND(chdb_result_length) &&
         PANO_FIND(chdb_result_error) && PANO_FIND(chdb_set_signal_handlers_enabled) &&
         PANO_FIND(chdb_version) && PANO_FIND(chdb_shutdown);
#undef PANO_FIND
}

// Takes the result: its error, or a copy of its buffer.
Result<std::string> Take(const ChdbFunctions& f, void* result) {
  if (result == nullptr) return Fail(Code::kInternal, "the engine gave no result");
  Result<std::string> out;
  if (const char* error = f.chdb_result_error(result); error != nullptr && *error != '\0') {
    out = std::unexpected(EngineError(error));
  } else if (const char* buffer = f.chdb_result_buffer(result); buffer != nullptr) {
    out->assign(buffer, f.chdb_result_length(result));
  }
  f.chdb_destroy_query_result(result);
  return out;
}

}  // namespace

ChdbLibrary::ChdbLibrary(std::unique_ptr<ChdbFunctions> functions)
    : functions_(std::move(functions)) {}
ChdbLibrary::ChdbLibrary(ChdbLibrary&&) noexcept = default;
ChdbLibrary::~ChdbLibrary() = default;  // the library itself stays loaded: it cannot be unloaded

Result<ChdbLibrary> ChdbLibrary::Load(const std::string& path) {
  void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return Fail(Code::kUnavailable, "cannot load {}: {}", path, dlerror());
  auto functions = std::make_unique<ChdbFunctions>();
  std::string missing;
  if (!FindAll(handle, *functions, missing)) {
    return Fail(Code::kUnsupported, "{} is not chDB 26.7.3 or newer: it has no {}", path, missing);
  }
  // Its handlers would take over the process's crash and stop signals.
  functions->chdb_set_signal_handlers_enabled(0);
  return ChdbLibrary(std::move(functions));
}

std::string ChdbLibrary::version() const {
  const char* version = functions_->chdb_version();
  return version == nullptr ? "unknown" : version;
}

void ChdbLibrary::Shutdown() { functions_->chdb_shutdown(); }

Result<ChdbSession> ChdbLibrary::Connect(const std::string& folder,
                                         const std::vector<std::string>& arguments) {
  std::vector<std::string> words{"clickhouse", "--path=" + folder};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  argv.reserve(words.size());
  for (std::string& word : words) argv.push_back(word.data());
  void** connection = functions_->chdb_connect(static_cast<int>(argv.size()), argv.data());
  if (connection == nullptr || *connection == nullptr) {
    return Fail(Code::kUnavailable, "the engine cannot open {}", folder);
  }
  return ChdbSession(functions_.get(), connection);
}

ChdbSession::ChdbSession(ChdbSession&& other) noexcept
    : functions_(other.functions_), connection_(std::exchange(other.connection_, nullptr)) {}

ChdbSession::~ChdbSession() {
  if (connection_ != nullptr) functions_->chdb_close_conn(connection_);
}

Result<std::string> ChdbSession::Query(std::string_view sql, const char* format) {
  return Take(*functions_, functions_->chdb_query_n(*connection_, sql.data(), sql.size(), format,
                                                    std::char_traits<char>::length(format)));
}

Result<std::string> ChdbSession::Query(const std::string& sql, const char* format,
                                       const Params& params) {
  if (params.empty()) return Query(sql, format);
  if (sql.find('\0') != std::string::npos) {
    return Fail(Code::kInvalid, "a statement with parameters cannot hold a NUL byte");
  }
  std::vector<std::string> escaped;
  std::vector<const char*> names;
  std::vector<const char*> values;
  escaped.reserve(params.size());
  for (const auto& [name, value] : params) {
    escaped.push_back(EscapeParameter(value));
    names.push_back(name.c_str());
    values.push_back(escaped.back().c_str());
  }
  return Take(*functions_,
              functions_->chdb_query_with_params(*connection_, sql.c_str(), format, names.data(),
                                                 values.data(), params.size()));
}

Status ChdbSession::Insert(const std::string& statement, const char* format,
                           std::string_view data) {
  const ChdbFunctions& f = *functions_;
  void* stream = f.chdb_stream_insert(*connection_, statement.c_str(), format);
  if (stream == nullptr) return Fail(Code::kInternal, "the engine gave no insert stream");
  const char* error = f.chdb_stream_insert_error(stream);
  if (error != nullptr && *error != '\0') {
    Error out = EngineError(error);
    f.chdb_destroy_insert_stream(stream);
    return std::unexpected(std::move(out));
  }
  const int appended = f.chdb_stream_append(stream, data.data(), data.size());
  // `done` is called even when `append` failed: it carries the reason and ends the statement.
  const Result<std::string> done = Take(f, f.chdb_stream_done(stream));
  f.chdb_destroy_insert_stream(stream);
  if (!done) return std::unexpected(done.error());
  if (appended != 0) return Fail(Code::kInternal, "the engine refused the block");
  return {};
}

}  // namespace pano::store
