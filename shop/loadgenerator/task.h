// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace shop {

using Random = std::mt19937_64;

// One visit: requests a shopper sends one after the other, each ready for the wire.
using Task = std::vector<std::string>;

// Draws what a shopper does next: look around mostly, fill the cart sometimes, buy rarely.
class TaskSource {
 public:
  explicit TaskSource(std::string host);

  Task Draw(std::uint64_t user, Random& random) const;

 private:
  std::string Get(const std::string& path) const;
  std::string Post(const std::string& path, const std::string& body) const;
  std::string AddToCart(const std::string& user, Random& random) const;
  Task Buy(int items, Random& random) const;

  std::string host_;
};

}  // namespace shop
