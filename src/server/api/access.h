// SPDX-License-Identifier: Apache-2.0
// Who may ask. On loopback without a token, only names of this host are taken as Host (a page of
// elsewhere whose name was pointed here must not read the map) and only this page may write. With a
// token, every request but /healthz must bring it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "server/api/exchange.h"

namespace pano::api {

class Access {
 public:
  explicit Access(std::string token) : token_(std::move(token)) {}

  // The answer to give instead, when the request may not pass.
  std::optional<Response> Refuse(const Request& request) const;

 private:
  bool HasToken(const Request& request) const;

  std::string token_;  // empty: none wanted
};

bool IsLoopbackHost(std::string_view host_header);

}  // namespace pano::api
