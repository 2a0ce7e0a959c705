// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "shop/cart/basket.h"

struct redisContext;

namespace shop {

// Carts in Redis: one hash per user, product to quantity. One thread; reconnects when the link
// breaks.
class CartStore {
 public:
  CartStore(std::string host, int port);
  ~CartStore();

  std::optional<std::vector<Line>> Read(const std::string& user);
  bool Add(const std::string& user, const Line& line);
  bool Clear(const std::string& user);

 private:
  struct Closer {
    void operator()(redisContext* context) const;
  };

  bool Connect();
  template <typename... Arguments>
  bool Run(const char* format, Arguments... arguments);

  std::string host_;
  int port_;
  std::unique_ptr<redisContext, Closer> redis_;
};

}  // namespace shop
