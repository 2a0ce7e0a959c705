// SPDX-License-Identifier: Apache-2.0
#include "shop/cart/store.h"

#include <hiredis/hiredis.h>

#include <cstdlib>

namespace shop {

namespace {
constexpr timeval kConnectTimeout{2, 0};
constexpr timeval kReplyTimeout{5, 0};
constexpr int kLifetimeSeconds = 3600;  // of a cart nobody touches

struct ReplyDeleter {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Reply = std::unique_ptr<redisReply, ReplyDeleter>;
}  // namespace

CartStore::CartStore(std::string host, int port) : host_(std::move(host)), port_(port) {}
CartStore::~CartStore() = default;

void CartStore::Closer::operator()(redisContext* context) const { redisFree(context); }

bool CartStore::Connect() {
  if (redis_ != nullptr && redis_->err == 0) {
    return true;
  }
  redis_.reset(redisConnectWithTimeout(host_.c_str(), port_, kConnectTimeout));
  return redis_ != nullptr && redis_->err == 0 &&
         redisSetTimeout(redis_.get(), kReplyTimeout) == REDIS_OK;
}

template <typename... Arguments>
bool CartStore::Run(const char* format, Arguments... arguments) {
  if (!Connect()) {
    return false;
  }
  const Reply reply(static_cast<redisReply*>(redisCommand(redis_.get(), format, arguments...)));
  return reply != nullptr && reply->type != REDIS_REPLY_ERROR;
}

std::optional<std::vector<Line>> CartStore::Read(const std::string& user) {
  if (!Connect()) {
    return std::nullopt;
  }
  const Reply reply(
      static_cast<redisReply*>(redisCommand(redis_.get(), "HGETALL cart:%s", user.c_str())));
  if (reply == nullptr || reply->type != REDIS_REPLY_ARRAY) {
    return std::nullopt;
  }
  std::vector<Line> lines;
  for (size_t i = 0; i + 1 < reply->elements; i += 2) {
    lines.push_back({reply->element[i]->str, std::atoi(reply->element[i + 1]->str)});
  }
  return lines;
}

bool CartStore::Add(const std::string& user, const Line& line) {
  return Run("HINCRBY cart:%s %s %d", user.c_str(), line.product.c_str(), line.quantity) &&
         Run("EXPIRE cart:%s %d", user.c_str(), kLifetimeSeconds);
}

bool CartStore::Clear(const std::string& user) { return Run("DEL cart:%s", user.c_str()); }

}  // namespace shop
