// SPDX-License-Identifier: Apache-2.0
// cart keeps what shoppers chose, in Redis. One worker takes the calls in order of arrival; each
// prices the basket, which is where its CPU time goes: the shop's second bottleneck.
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "shop.grpc.pb.h"
#include "shop/cart/store.h"
#include "shop/service/budget.h"
#include "shop/service/fault.h"

namespace {

using grpc::Status;
using grpc::StatusCode;

// Tasks in order of arrival, run by one thread.
class Worker {
 public:
  void Post(std::function<void()> task) {
    {
      std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(task));
    }
    ready_.notify_one();
  }

 private:
  void Run(const std::stop_token& stop) {
    while (true) {
      std::unique_lock lock(mutex_);
      if (!ready_.wait(lock, stop, [this] { return !tasks_.empty(); })) {
        return;
      }
      const auto task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
    }
  }

  std::mutex mutex_;
  std::condition_variable_any ready_;
  std::deque<std::function<void()>> tasks_;
  std::jthread thread_{[this](const std::stop_token& stop) { Run(stop); }};
};

class CartService final : public shop::CartService::CallbackService {
 public:
  CartService(std::string redis_host, int redis_port) : store_(std::move(redis_host), redis_port) {}

  grpc::ServerUnaryReactor* AddItem(grpc::CallbackServerContext* context,
                                    const shop::AddItemRequest* request, shop::Empty*) override {
    return Queue(context, [this, request] {
      const shop::Line line{request->item().product_id(), request->item().quantity()};
      if (!store_.Add(request->user_id(), line)) {
        return Lost();
      }
      Price({line});
      return Status::OK;
    });
  }

  grpc::ServerUnaryReactor* GetCart(grpc::CallbackServerContext* context,
                                    const shop::UserId* request, shop::Cart* reply) override {
    return Queue(context, [this, request, reply] {
      const auto lines = store_.Read(request->id());
      if (!lines) {
        return Lost();
      }
      reply->set_user_id(request->id());
      for (const shop::Line& line : *lines) {
        auto* item = reply->add_items();
        item->set_product_id(line.product);
        item->set_quantity(line.quantity);
      }
      Price(*lines);
      return Status::OK;
    });
  }

  grpc::ServerUnaryReactor* EmptyCart(grpc::CallbackServerContext* context,
                                      const shop::UserId* request, shop::Empty*) override {
    return Queue(context, [this, request] {
      if (!store_.Clear(request->id())) {
        return Lost();
      }
      Price({});
      return Status::OK;
    });
  }

 private:
  void Price(const std::vector<shop::Line>& lines) {
    std::int64_t best = 0;
    budget_.Spend([&](int step) { best = std::max(best, shop::BestDiscount(lines, step)); });
    discounts_ += best;
  }

  static Status Lost() { return {StatusCode::UNAVAILABLE, "redis does not answer"}; }

  grpc::ServerUnaryReactor* Queue(grpc::CallbackServerContext* context,
                                  std::function<Status()> call) {
    auto* reactor = context->DefaultReactor();
    worker_.Post([context, reactor, call = std::move(call)] {
      // A caller that no longer waits costs nothing more.
      if (context->IsCancelled() || context->deadline() < std::chrono::system_clock::now()) {
        reactor->Finish({StatusCode::DEADLINE_EXCEEDED, "too late"});
      } else if (shop::Faults::Instance().Suffer()) {
        reactor->Finish({StatusCode::INTERNAL, "fault: errors"});
      } else {
        reactor->Finish(call());
      }
    });
    return reactor;
  }

  shop::CartStore store_;
  shop::Budget budget_{shop::Number("SHOP_CPU_US", 1000)};
  std::int64_t discounts_ = 0;  // cents offered so far
  Worker worker_;
};

}  // namespace

int main() {
  CartService service(shop::Setting("REDIS_HOST", "redis"), shop::Number("REDIS_PORT", 6379));
  grpc::ServerBuilder builder;
  builder.AddListeningPort("0.0.0.0:" + shop::Setting("SHOP_PORT", "7070"),
                           grpc::InsecureServerCredentials());
  // Clients behind a ClusterIP spread over new replicas only if their connections end.
  if (const int age = shop::Number("SHOP_CONNECTION_AGE_MS", 0); age > 0) {
    builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, age);
  }
  builder.RegisterService(&service);
  const auto server = builder.BuildAndStart();
  if (server == nullptr) {
    return 1;
  }
  server->Wait();
}
