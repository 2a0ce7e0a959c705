// SPDX-License-Identifier: Apache-2.0
#include "shop/loadgenerator/crowd.h"

#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <stdexcept>

namespace shop {

namespace {
constexpr std::uint64_t kControl = ~std::uint64_t{0};
constexpr std::chrono::seconds kRetry{1};  // after a connection that could not be made or broke
}  // namespace

Crowd::Crowd(sockaddr_in server, TaskSource tasks, Pace pace, Report& report)
    : server_(server),
      tasks_(std::move(tasks)),
      pace_(pace),
      report_(report),
      epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  if (epoll_ < 0) {
    throw std::runtime_error("epoll_create1 failed");
  }
}

Crowd::~Crowd() {
  for (User& user : users_) {
    if (user.fd >= 0) {
      close(user.fd);
    }
  }
  close(epoll_);
}

void Crowd::Resize(int users) {
  target_ = users;
  if (users_.size() < static_cast<size_t>(users)) {
    users_.resize(users);
  }
  auto when = Clock::now();
  for (size_t i = 0; i < users_.size(); ++i) {
    if (i < static_cast<size_t>(users) && users_[i].state == State::kAbsent) {
      users_[i].state = State::kThinking;
      Wake(i, when += pace_.ramp);
    } else if (i >= static_cast<size_t>(users) && users_[i].state == State::kThinking) {
      Wake(i, when);
    }
  }
}

void Crowd::Wake(size_t index, Clock::time_point when) {
  timers_.push({when, index, ++users_[index].timer});
}

// The first visit begins at once or late, so that a crowd that came together does not click
// together.
void Crowd::Think(size_t index, bool first) {
  using std::chrono::microseconds;
  const microseconds low = first ? microseconds{0} : microseconds{pace_.think_min};
  const microseconds high = pace_.think_max;
  std::uniform_int_distribution<std::int64_t> pause(low.count(), high.count());
  users_[index].state = State::kThinking;
  Wake(index, Clock::now() + microseconds(pause(random_)));
}

bool Crowd::Step(int control, Clock::time_point deadline) {
  if (watched_control_ != control) {
    epoll_event event{.events = EPOLLIN, .data = {.u64 = kControl}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, control, &event);
    watched_control_ = control;
  }
  auto now = Clock::now();
  while (!timers_.empty() && timers_.top().when <= now) {
    const Timer timer = timers_.top();
    timers_.pop();
    if (users_[timer.user].timer == timer.id) {
      OnTimer(timer.user);
    }
  }
  if (!timers_.empty()) {
    deadline = std::min(deadline, timers_.top().when);
  }
  now = Clock::now();
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - now).count();
  std::array<epoll_event, 256> ready{};
  const int count =
      epoll_wait(epoll_, ready.data(), ready.size(), left < 0 ? 0 : static_cast<int>(left));
  bool told = false;
  for (int i = 0; i < count; ++i) {
    if (ready[i].data.u64 == kControl) {
      told = true;
    } else {
      OnReady(ready[i].data.u64, ready[i].events);
    }
  }
  return told;
}

void Crowd::OnTimer(size_t index) {
  User& user = users_[index];
  if (index >= static_cast<size_t>(target_)) {
    Close(user);
    user.state = State::kAbsent;
  } else if (user.fd < 0) {
    Connect(index);
  } else if (user.state == State::kThinking) {
    Begin(index);
  }
}

void Crowd::Watch(size_t index, std::uint32_t events, int operation) {
  epoll_event event{.events = events, .data = {.u64 = index}};
  epoll_ctl(epoll_, operation, users_[index].fd, &event);
}

void Crowd::Connect(size_t index) {
  User& user = users_[index];
  user.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (user.fd < 0) {
    throw std::runtime_error("socket failed: too many users for this process's limits?");
  }
  const int on = 1;
  setsockopt(user.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  user.state = State::kConnecting;
  if (connect(user.fd, reinterpret_cast<const sockaddr*>(&server_), sizeof(server_)) < 0 &&
      errno != EINPROGRESS) {
    report_.ConnectFailed();
    Close(user);
    Wake(index, Clock::now() + kRetry);
    return;
  }
  Watch(index, EPOLLOUT, EPOLL_CTL_ADD);
}

void Crowd::OnReady(size_t index, std::uint32_t events) {
  User& user = users_[index];
  if (user.state == State::kConnecting) {
    int error = 0;
    socklen_t length = sizeof(error);
    getsockopt(user.fd, SOL_SOCKET, SO_ERROR, &error, &length);
    if (error != 0) {
      report_.ConnectFailed();
      Close(user);
      Wake(index, Clock::now() + kRetry);
      return;
    }
    ++connected_;
    Watch(index, EPOLLIN, EPOLL_CTL_MOD);
    Think(index, true);
    return;
  }
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
    OnReadable(index);
  }
  if ((events & EPOLLOUT) != 0 && user.fd >= 0 && user.unsent > 0) {
    Flush(index);
  }
}

void Crowd::OnReadable(size_t index) {
  User& user = users_[index];
  std::array<char, 65536> buffer;
  while (user.fd >= 0) {
    const ssize_t got = recv(user.fd, buffer.data(), buffer.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
      return;
    }
    if (got <= 0 || user.state != State::kWaiting) {
      Lost(index);
      return;
    }
    switch (user.response.Take({buffer.data(), static_cast<size_t>(got)})) {
      case ResponseReader::State::kDone:
        Answered(index);
        return;
      case ResponseReader::State::kInvalid:
        Lost(index);
        return;
      case ResponseReader::State::kMore:
        break;
    }
  }
}

void Crowd::Begin(size_t index) {
  users_[index].task = tasks_.Draw(index, random_);
  users_[index].step = 0;
  Send(index);
}

void Crowd::Send(size_t index) {
  User& user = users_[index];
  user.state = State::kWaiting;
  user.response.Reset();
  user.unsent = user.task[user.step].size();
  user.sent = Clock::now();
  report_.Started();
  Flush(index);
}

void Crowd::Flush(size_t index) {
  User& user = users_[index];
  const std::string& request = user.task[user.step];
  while (user.unsent > 0) {
    const ssize_t sent =
        send(user.fd, request.data() + request.size() - user.unsent, user.unsent, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) {
      continue;
    }
    if (sent < 0 && errno == EAGAIN) {
      Watch(index, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
      return;
    }
    if (sent < 0) {
      Lost(index);
      return;
    }
    user.unsent -= static_cast<size_t>(sent);
  }
  Watch(index, EPOLLIN, EPOLL_CTL_MOD);
}

void Crowd::Answered(size_t index) {
  User& user = users_[index];
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - user.sent);
  report_.Completed(user.response.status(), took.count());
  if (++user.step < user.task.size() && index < static_cast<size_t>(target_)) {
    Send(index);
  } else {
    Think(index, false);
    if (index >= static_cast<size_t>(target_)) {
      Wake(index, Clock::now());
    }
  }
}

// The connection ended: an answer that will not come, or a server that tired of an idle shopper.
void Crowd::Lost(size_t index) {
  User& user = users_[index];
  if (user.state == State::kWaiting) {
    report_.Broken();
  }
  Close(user);
  user.state = State::kThinking;
  Wake(index, Clock::now() + kRetry);
}

void Crowd::Close(User& user) {
  if (user.fd >= 0) {
    connected_ -= user.state == State::kConnecting ? 0 : 1;
    close(user.fd);
    user.fd = -1;
  }
}

}  // namespace shop
