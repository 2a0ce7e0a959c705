// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "server/api/resources.h"

namespace pano::api {
namespace {
constexpr size_t kMaxSql = 100'000;
constexpr size_t kMaxParams = 100;
}  // namespace

Response PostQuery(Context& context, const Request& request) {
  const auto body = nlohmann::json::parse(request.body, nullptr, false);
  const auto sql = body.is_object() ? body.find("sql") : body.end();
  if (!body.is_object() || sql == body.end() || !sql->is_string()) {
    return ErrorResponse({Code::kInvalid, "the body is {\"sql\": \"...\"}", ""});
  }
  if (sql->get_ref<const std::string&>().size() > kMaxSql) {
    return ErrorResponse({Code::kInvalid, "the statement is too long", ""});
  }
  if (const auto format = body.find("format"); format != body.end() && *format != "json") {
    return ErrorResponse({Code::kUnsupported, "format: only json", ""});
  }
  store::Params params;
  if (const auto given = body.find("params"); given != body.end()) {
    if (!given->is_object() || given->size() > kMaxParams) {
      return ErrorResponse({Code::kInvalid, "params: an object of at most 100", ""});
    }
    for (const auto& [name, value] : given->items()) {
      params.emplace_back(name, value.is_string() ? value.get<std::string>() : value.dump());
    }
  }
  if (context.archive == nullptr) {
    return ErrorResponse({Code::kUnavailable, "there is no store to ask",
                          "start without --no-store; `panoscope doctor` tells what is missing"});
  }
  auto result = context.archive->Sql(sql->get<std::string>(), params);
  return result ? JsonResponse(std::move(*result)) : ErrorResponse(result.error());
}

}  // namespace pano::api
