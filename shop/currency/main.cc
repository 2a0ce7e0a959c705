// SPDX-License-Identifier: Apache-2.0
// currency converts between what shoppers pay in; rates are units of the currency's smallest coin
// per euro cent.
#include <grpcpp/grpcpp.h>

#include <cmath>
#include <map>
#include <string>

#include "shop.grpc.pb.h"
#include "shop/service/fault.h"

namespace {

const std::map<std::string, double>& Rates() {
  static const std::map<std::string, double> rates = {
      {"EUR", 1.0},  {"USD", 1.08}, {"GBP", 0.86}, {"JPY", 1.62}, {"CHF", 0.96}, {"SEK", 11.4},
      {"NOK", 11.6}, {"PLN", 4.32}, {"CZK", 24.9}, {"INR", 89.7}, {"CNY", 7.81}, {"BRL", 5.35}};
  return rates;
}

class CurrencyService final : public shop::Currency::CallbackService {
 public:
  grpc::ServerUnaryReactor* ListCurrencies(grpc::CallbackServerContext* context, const shop::Empty*,
                                           shop::CurrencyList* reply) override {
    for (const auto& [code, rate] : Rates()) {
      reply->add_codes(code);
    }
    return Finish(context, grpc::Status::OK);
  }

  grpc::ServerUnaryReactor* Convert(grpc::CallbackServerContext* context,
                                    const shop::ConversionRequest* request,
                                    shop::Money* reply) override {
    const auto from = Rates().find(request->from().currency());
    const auto to = Rates().find(request->to_currency());
    if (from == Rates().end() || to == Rates().end()) {
      return Finish(context, {grpc::StatusCode::INVALID_ARGUMENT, "unknown currency"});
    }
    const double amount = static_cast<double>(request->from().minor_units());
    reply->set_currency(to->first);
    reply->set_minor_units(std::llround(amount / from->second * to->second));
    return Finish(context, grpc::Status::OK);
  }

 private:
  static grpc::ServerUnaryReactor* Finish(grpc::CallbackServerContext* context,
                                          grpc::Status status) {
    if (shop::Faults::Instance().Suffer()) {
      status = {grpc::StatusCode::INTERNAL, "fault: errors"};
    }
    auto* reactor = context->DefaultReactor();
    reactor->Finish(std::move(status));
    return reactor;
  }
};

}  // namespace

int main() {
  CurrencyService service;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("0.0.0.0:" + shop::Setting("SHOP_PORT", "7001"),
                           grpc::InsecureServerCredentials());
  builder.RegisterService(&service);
  const auto server = builder.BuildAndStart();
  if (server == nullptr) {
    return 1;
  }
  server->Wait();
}
