// SPDX-License-Identifier: Apache-2.0
#include "server/store/http_clickhouse.h"

#include <curl/curl.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <mutex>
#include <random>
#include <tuple>
#include <utility>

#include "base/clock.h"
#include "server/store/engine_error.h"
#include "server/store/native_block.h"

namespace pano::store {
namespace {

constexpr uint64_t kMaxAnswer = uint64_t{256} << 20;
constexpr uint32_t kOldestModern = 23;

struct Answer {
  std::string body;
  bool too_long = false;
};

size_t Collect(char* data, size_t size, size_t count, void* user) {
  auto* answer = static_cast<Answer*>(user);
  if (answer->body.size() + size * count > kMaxAnswer) {
    answer->too_long = true;
    return 0;
  }
  answer->body.append(data, size * count);
  return size * count;
}

std::string UrlEncode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '_' || c == '-' || c == '.') {
      out += c;
    } else {
      out += fmt::format("%{:02X}", byte);
    }
  }
  return out;
}

// What a {name:Type} of the statement becomes where the server knows no parameters.
Result<std::string> Literal(std::string_view type, const std::string& value) {
  if (type == "String") return Quote(value);
  const bool number =
      !value.empty() && value.find_first_not_of("0123456789.-") == std::string::npos;
  if (!number) return Fail(Code::kInvalid, "{} is not a {}", value, type);
  return value;
}

Result<std::string> Substitute(std::string_view sql, const Params& params) {
  std::string out;
  while (!sql.empty()) {
    const size_t open = sql.find('{');
    out += sql.substr(0, open);
    if (open == std::string_view::npos) break;
    const size_t colon = sql.find(':', open);
    const size_t close = sql.find('}', open);
    const bool whole =
        colon != std::string_view::npos && close != std::string_view::npos && colon < close;
    if (!whole) return Fail(Code::kInvalid, "a parameter is {{name:Type}}");
    const std::string_view name = sql.substr(open + 1, colon - open - 1);
    const auto param = std::find_if(params.begin(), params.end(),
                                    [name](const auto& p) { return p.first == name; });
    if (param == params.end()) return Fail(Code::kInvalid, "the parameter {} is not given", name);
    PANO_ASSIGN(const std::string literal,
                Literal(sql.substr(colon + 1, close - colon - 1), param->second));
    out += literal;
    sql.remove_prefix(close + 1);
  }
  return out;
}

class HttpClickHouse final : public Store {
 public:
  explicit HttpClickHouse(HttpOptions options) : options_(std::move(options)) {}

  // Version, dialect, database.
  Status Connect();

  Status Execute(std::string_view sql) override {
    PANO_TRY(Post(Base(), sql, options_.insert_timeout_ms));
    return {};
  }
  Result<std::string> Query(std::string_view sql, const Params& params, std::string_view format,
                            const QueryLimits& limits) override;
  Status InsertNative(std::string_view table, std::string_view block,
                      std::string_view token) override;
  StoreHealth Health() const override;
  Dialect dialect() const override { return dialect_; }
  const std::string& database() const override { return options_.database; }

 private:
  std::string Base() const;
  Result<std::string> Post(const std::string& url, std::string_view body, uint32_t timeout_ms);
  Result<std::string> Exchange(const std::string& url, std::string_view body,
                               uint32_t timeout_ms) const;

  const HttpOptions options_;
  Dialect dialect_ = Dialect::kModern;
  std::atomic<uint64_t> next_query_{std::random_device()()};
  mutable std::mutex mutex_;
  StoreHealth health_;
};

std::string HttpClickHouse::Base() const {
  std::string url = options_.url + "/?database=" + UrlEncode(options_.database);
  if (dialect_ == Dialect::kLegacy18) url += "&allow_experimental_low_cardinality_type=1";
  return url;
}

Result<std::string> HttpClickHouse::Exchange(const std::string& url, std::string_view body,
                                             uint32_t timeout_ms) const {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> handle(curl_easy_init(),
                                                                   &curl_easy_cleanup);
  if (handle == nullptr) return Fail(Code::kInternal, "curl_easy_init failed");
  CURL* curl = handle.get();
  Answer answer;
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout_ms));
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout_ms));
  curl_easy_setopt(curl, CURLOPT_POST, 1L);
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &Collect);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
  if (!options_.user.empty()) {
    curl_easy_setopt(curl, CURLOPT_USERNAME, options_.user.c_str());
    curl_easy_setopt(curl, CURLOPT_PASSWORD, options_.password.c_str());
  }
  // No "Expect: 100-continue" round trip, no form's content type.
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(
      curl_slist_append(curl_slist_append(nullptr, "Expect:"),
                        "Content-Type: application/octet-stream"),
      &curl_slist_free_all);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  const CURLcode code = curl_easy_perform(curl);
  if (answer.too_long) return Fail(Code::kExhausted, "the answer is over {} bytes", kMaxAnswer);
  if (code == CURLE_OPERATION_TIMEDOUT) {
    return Fail(Code::kTimeout, "{} did not answer in {} ms", options_.url, timeout_ms);
  }
  if (code != CURLE_OK) {
    return Fail(Code::kUnavailable, "{}: {}", options_.url, curl_easy_strerror(code));
  }
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  if (status == 200) return std::move(answer.body);
  if (answer.body.find("Code: ") == std::string::npos) {
    return Fail(Code::kUnavailable, "{} answered {}: {}", options_.url, status,
                answer.body.substr(0, 200));
  }
  return std::unexpected(EngineError(answer.body));
}

Result<std::string> HttpClickHouse::Post(const std::string& url, std::string_view body,
                                         uint32_t timeout_ms) {
  Result<std::string> answer = Exchange(url, body, timeout_ms);
  const std::lock_guard lock(mutex_);
  const bool reached = answer || answer.error().code != Code::kUnavailable;
  health_.up = reached;
  if (!answer) health_.last_error = answer.error().text;
  return answer;
}

Status HttpClickHouse::Connect() {
  PANO_ASSIGN(const std::string version,
              Exchange(options_.url + "/", "SELECT version()", options_.connect_timeout_ms));
  uint32_t major = 0;
  std::from_chars(version.data(), version.data() + version.size(), major);
  dialect_ = major >= kOldestModern ? Dialect::kModern : Dialect::kLegacy18;
  {
    const std::lock_guard lock(mutex_);
    health_.up = true;
    health_.engine = "clickhouse " + version.substr(0, version.find('\n'));
  }
  PANO_TRY(Post(options_.url + "/", "CREATE DATABASE IF NOT EXISTS " + QuoteName(options_.database),
                options_.insert_timeout_ms));
  return {};
}

Result<std::string> HttpClickHouse::Query(std::string_view sql, const Params& params,
                                          std::string_view format, const QueryLimits& limits) {
  const std::string id = fmt::format("pano-{:x}", next_query_++);
  std::string url = Base() + "&query_id=" + id + "&default_format=" + UrlEncode(format);
  url += fmt::format(
      "&max_execution_time={}&max_memory_usage={}&max_result_rows={}&result_overflow_mode=throw"
      "&output_format_json_quote_64bit_integers=0",
      limits.max_seconds, limits.max_memory_bytes, limits.max_result_rows);
  std::string text(sql);
  if (dialect_ == Dialect::kLegacy18) {
    PANO_ASSIGN(text, Substitute(sql, params));
  } else {
    for (const auto& [name, value] : params) {
      url += "&param_" + UrlEncode(name) + "=" + UrlEncode(EscapeParameter(value));
    }
  }
  // Last: settings after it would be refused.
  if (limits.read_only) url += "&readonly=1";
  auto answer = Post(url, text, (limits.max_seconds + 2) * 1'000);
  if (!answer && answer.error().code == Code::kTimeout) {
    std::ignore = Exchange(Base(), "KILL QUERY WHERE query_id = " + Quote(id) + " ASYNC",
                           options_.connect_timeout_ms);
  }
  return answer;
}

Status HttpClickHouse::InsertNative(std::string_view table, std::string_view block,
                                    std::string_view token) {
  std::string url =
      Base() + "&query=" + UrlEncode("INSERT INTO " + QuoteName(table) + " FORMAT Native");
  if (dialect_ == Dialect::kModern) {
    url +=
        "&async_insert=0&insert_deduplicate=1"
        "&deduplicate_blocks_in_dependent_materialized_views=1";
    if (!token.empty()) url += "&insert_deduplication_token=" + UrlEncode(token);
  }
  const auto answer = Post(url, block, options_.insert_timeout_ms);
  const std::lock_guard lock(mutex_);
  if (!answer) {
    if (IsDiskFull(answer.error())) health_.disk_full = true;
    return std::unexpected(answer.error());
  }
  health_.disk_full = false;
  health_.last_error.clear();
  health_.rows_written += BlockRows(block);
  return {};
}

StoreHealth HttpClickHouse::Health() const {
  const std::lock_guard lock(mutex_);
  return health_;
}

}  // namespace

Result<std::unique_ptr<Store>> OpenHttpClickHouse(HttpOptions options) {
  static const CURLcode kReady = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (kReady != CURLE_OK) return Fail(Code::kInternal, "curl: {}", curl_easy_strerror(kReady));
  while (options.url.ends_with('/')) options.url.pop_back();
  auto store = std::make_unique<HttpClickHouse>(std::move(options));
  PANO_TRY(store->Connect());
  return store;
}

}  // namespace pano::store
