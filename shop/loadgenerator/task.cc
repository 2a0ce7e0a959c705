// SPDX-License-Identifier: Apache-2.0
#include "shop/loadgenerator/task.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

namespace shop {

namespace {

constexpr std::array<std::string_view, 20> kProducts = {
    "LAMP-ALPACA",  "MUG-TIDE",    "PEN-HERON",  "BAG-COURIER",  "CLOCK-ORBIT",
    "SOAP-CEDAR",   "KETTLE-SWAN", "RUG-DUNE",   "NOTE-MOSS",    "SCARF-FJORD",
    "BOARD-ELM",    "RADIO-ATTIC", "TENT-WREN",  "SOCKS-PEBBLE", "GLASS-DEW",
    "GAME-HARBOUR", "CHAIR-REED",  "BULB-EMBER", "APRON-SLATE",  "PRINT-COMET"};
constexpr std::array<std::string_view, 6> kCurrencies = {"EUR", "USD", "GBP", "CHF", "SEK", "JPY"};
constexpr std::array<std::string_view, 5> kContexts = {"kitchen", "desk", "travel", "home",
                                                       "light"};

template <typename Choices>
std::string_view Pick(const Choices& choices, Random& random) {
  return choices[std::uniform_int_distribution<size_t>(0, choices.size() - 1)(random)];
}

enum Kind {
  kIndex,
  kProduct,
  kRecommendations,
  kAds,
  kViewCart,
  kAddToCart,
  kCheckout,
  kCheckoutMany
};
// In the order of Kind.
constexpr std::array<double, 8> kWeights = {1, 10, 3, 3, 3, 2, 1, 1};
constexpr int kManyItems = 3;

}  // namespace

TaskSource::TaskSource(std::string host) : host_(std::move(host)) {}

std::string TaskSource::Get(const std::string& path) const {
  return fmt::format(
      "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: shopper/1.0\r\nAccept: application/json\r\n\r\n",
      path, host_);
}

std::string TaskSource::Post(const std::string& path, const std::string& body) const {
  return fmt::format(
      "POST {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: shopper/1.0\r\nAccept: application/json\r\n"
      "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
      path, host_, body.size(), body);
}

std::string TaskSource::AddToCart(const std::string& user, Random& random) const {
  const int quantity = std::uniform_int_distribution(1, 4)(random);
  return Post("/api/cart", fmt::format(R"({{"userId":"{}","productId":"{}","quantity":{}}})", user,
                                       Pick(kProducts, random), quantity));
}

// A buyer is a new user each time, so that an order has the items of this visit and no others.
Task TaskSource::Buy(int items, Random& random) const {
  const std::string user = fmt::format("buyer-{:016x}", random());
  Task task;
  for (int i = 0; i < items; ++i) {
    task.push_back(AddToCart(user, random));
  }
  task.push_back(Post(
      "/api/checkout",
      fmt::format(
          R"({{"userId":"{0}","currency":"{1}","email":"{0}@shop.example",)"
          R"("address":{{"street":"1 Quay Street","city":"Harbourton","country":"NO","postcode":"0150"}},)"
          R"("card":{{"number":"4929000000006","expiryYear":2031,"expiryMonth":4}}}})",
          user, Pick(kCurrencies, random))));
  return task;
}

Task TaskSource::Draw(std::uint64_t user, Random& random) const {
  const std::string name = fmt::format("shopper-{}", user);
  std::discrete_distribution<int> kinds(kWeights.begin(), kWeights.end());
  switch (kinds(random)) {
    case kIndex:
      return {Get("/")};
    case kProduct:
      return {Get(fmt::format("/api/products/{}?currency={}", Pick(kProducts, random),
                              Pick(kCurrencies, random)))};
    case kRecommendations:
      return {Get(
          fmt::format("/api/recommendations?user={}&product={}", name, Pick(kProducts, random)))};
    case kAds:
      return {Get(fmt::format("/api/ads?context={}", Pick(kContexts, random)))};
    case kViewCart:
      return {Get(fmt::format("/api/cart?user={}", name))};
    case kAddToCart:
      return {AddToCart(name, random)};
    case kCheckout:
      return Buy(1, random);
    default:
      return Buy(kManyItems, random);
  }
}

}  // namespace shop
