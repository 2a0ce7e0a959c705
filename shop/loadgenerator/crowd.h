// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <netinet/in.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <queue>
#include <vector>

#include "shop/loadgenerator/report.h"
#include "shop/loadgenerator/response.h"
#include "shop/loadgenerator/task.h"

namespace shop {

using Clock = std::chrono::steady_clock;

struct Pace {
  std::chrono::milliseconds think_min{7000};
  std::chrono::milliseconds think_max{17000};
  std::chrono::microseconds ramp{4000};  // between two arrivals
};

// All shoppers on one thread: each holds a keep-alive connection, sends a task's requests, thinks,
// repeats.
class Crowd {
 public:
  Crowd(sockaddr_in server, TaskSource tasks, Pace pace, Report& report);
  ~Crowd();
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  // How many shoppers there should be; they come one by one and leave when their request is
  // answered.
  void Resize(int users);

  // Serves what is ready and waits at most until `deadline`. Watches `control` too; true: it is
  // readable.
  bool Step(int control, Clock::time_point deadline);

  int users() const { return target_; }
  int connected() const { return connected_; }

 private:
  enum class State { kAbsent, kConnecting, kThinking, kWaiting };

  struct User {
    int fd = -1;
    State state = State::kAbsent;
    std::uint64_t timer = 0;  // only the newest timer of a user counts
    Task task;
    size_t step = 0;         // of the task
    size_t unsent = 0;       // bytes of the request the socket did not take yet
    Clock::time_point sent;  // when the first byte of the request was written
    ResponseReader response;
  };

  struct Timer {
    Clock::time_point when;
    size_t user;
    std::uint64_t id;
    bool operator<(const Timer& other) const { return when > other.when; }
  };

  void Wake(size_t index, Clock::time_point when);
  void Think(size_t index, bool first);
  void OnTimer(size_t index);
  void OnReady(size_t index, std::uint32_t events);
  void OnReadable(size_t index);
  void Connect(size_t index);
  void Begin(size_t index);
  void Send(size_t index);
  void Flush(size_t index);
  void Answered(size_t index);
  void Lost(size_t index);
  void Close(User& user);
  void Watch(size_t index, std::uint32_t events, int operation);

  sockaddr_in server_;
  TaskSource tasks_;
  Pace pace_;
  Report& report_;
  Random random_{0x5eed};
  int epoll_;
  int watched_control_ = -1;
  int target_ = 0;
  int connected_ = 0;
  std::vector<User> users_;
  std::priority_queue<Timer> timers_;
};

}  // namespace shop
