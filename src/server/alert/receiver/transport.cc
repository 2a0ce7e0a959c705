// SPDX-License-Identifier: Apache-2.0
#include "server/alert/receiver/transport.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <ctime>
#include <deque>
#include <mutex>
#include <thread>

namespace pano::alert {
namespace {

// curl_global_init is not thread safe before 7.84 and costs nothing after.
void InitOnce() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

// One transfer: owns what curl only points to.
class Transfer {
 public:
  Transfer(Outgoing outgoing, std::function<void(Reply)> done);
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  CURL* easy() const { return easy_; }
  Reply Finish(CURLcode code);
  const std::function<void(Reply)>& done() const { return done_; }

 private:
  void SetHttp();
  void SetMail();
  void SetTls();
  static size_t TakeBody(char* data, size_t size, size_t count, void* self);
  static size_t TakeHeader(char* data, size_t size, size_t count, void* self);
  static size_t GiveMail(char* data, size_t size, size_t count, void* self);

  Outgoing out_;
  std::function<void(Reply)> done_;
  CURL* easy_ = nullptr;
  curl_slist* list_ = nullptr;
  char error_[CURL_ERROR_SIZE] = {};
  Reply reply_;
  size_t given_ = 0;
};

Transfer::Transfer(Outgoing outgoing, std::function<void(Reply)> done)
    : out_(std::move(outgoing)), done_(std::move(done)), easy_(curl_easy_init()) {
  if (easy_ == nullptr) return;
  curl_easy_setopt(easy_, CURLOPT_PRIVATE, this);
  curl_easy_setopt(easy_, CURLOPT_URL, out_.url.c_str());
  curl_easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, out_.mail ? "smtp,smtps" : "http,https");
  curl_easy_setopt(easy_, CURLOPT_FOLLOWLOCATION, 0L);  // a secret stays with who it was given for
  curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy_, CURLOPT_TIMEOUT_MS, 1000L * out_.timeout_s);
  curl_easy_setopt(easy_, CURLOPT_CONNECTTIMEOUT_MS, 1000L * std::min(out_.timeout_s, 10u));
  curl_easy_setopt(easy_, CURLOPT_ERRORBUFFER, error_);
  curl_easy_setopt(easy_, CURLOPT_FRESH_CONNECT, 1L);
  curl_easy_setopt(easy_, CURLOPT_FORBID_REUSE, 1L);
  curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &Transfer::TakeBody);
  curl_easy_setopt(easy_, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(easy_, CURLOPT_HEADERFUNCTION, &Transfer::TakeHeader);
  curl_easy_setopt(easy_, CURLOPT_HEADERDATA, this);
  if (!out_.username.empty()) {
    curl_easy_setopt(easy_, CURLOPT_USERNAME, out_.username.c_str());
    curl_easy_setopt(easy_, CURLOPT_PASSWORD, out_.password.c_str());
  }
  SetTls();
  out_.mail ? SetMail() : SetHttp();
}

Transfer::~Transfer() {
  if (easy_ != nullptr) curl_easy_cleanup(easy_);
  curl_slist_free_all(list_);
}

void Transfer::SetTls() {
  curl_easy_setopt(easy_, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!out_.verify_tls) {
    curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYHOST, 0L);
  }
  if (!out_.ca_pem.empty()) {
    curl_blob blob{out_.ca_pem.data(), out_.ca_pem.size(), CURL_BLOB_COPY};
    curl_easy_setopt(easy_, CURLOPT_CAINFO_BLOB, &blob);
  }
}

void Transfer::SetHttp() {
  list_ = curl_slist_append(list_, "User-Agent: panoscope");
  list_ = curl_slist_append(list_, "Expect:");
  for (const auto& [name, value] : out_.headers) {
    list_ = curl_slist_append(list_, fmt::format("{}: {}", name, value).c_str());
  }
  curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, list_);
  curl_easy_setopt(easy_, CURLOPT_POST, 1L);
  curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(out_.body.size()));
  curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, out_.body.c_str());
}

void Transfer::SetMail() {
  curl_easy_setopt(easy_, CURLOPT_USE_SSL,
                   static_cast<long>(out_.must_upgrade ? CURLUSESSL_ALL : CURLUSESSL_NONE));
  if (out_.auth == MailAuth::kPlain) curl_easy_setopt(easy_, CURLOPT_LOGIN_OPTIONS, "AUTH=PLAIN");
  if (out_.auth == MailAuth::kLogin) curl_easy_setopt(easy_, CURLOPT_LOGIN_OPTIONS, "AUTH=LOGIN");
  curl_easy_setopt(easy_, CURLOPT_MAIL_FROM, out_.from.c_str());
  for (const std::string& to : out_.to) list_ = curl_slist_append(list_, to.c_str());
  curl_easy_setopt(easy_, CURLOPT_MAIL_RCPT, list_);
  curl_easy_setopt(easy_, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(easy_, CURLOPT_READFUNCTION, &Transfer::GiveMail);
  curl_easy_setopt(easy_, CURLOPT_READDATA, this);
}

size_t Transfer::TakeBody(char* data, size_t size, size_t count, void* self) {
  std::string& body = static_cast<Transfer*>(self)->reply_.body;
  body.append(data, std::min(size * count, kMaxReply - body.size()));
  return size * count;  // the rest is read and dropped; the timeout bounds it
}

// Retry-After in seconds or as a date (RFC 9110 section 10.2.3).
size_t Transfer::TakeHeader(char* data, size_t size, size_t count, void* self) {
  auto* transfer = static_cast<Transfer*>(self);
  const std::string_view line(data, size * count);
  constexpr std::string_view kName = "retry-after:";
  if (transfer->out_.mail) {
    // The last line of the dialogue is what the server thinks of the mail.
    transfer->reply_.body = std::string(line.substr(0, kMaxReply));
  } else if (line.size() > kName.size() &&
             std::equal(kName.begin(), kName.end(), line.begin(), [](char a, char b) {
               return a == std::tolower(static_cast<unsigned char>(b));
             })) {
    std::string value(line.substr(kName.size()));
    value.erase(0, value.find_first_not_of(" \t"));
    value.erase(value.find_last_not_of(" \t\r\n") + 1);
    uint64_t seconds = 0;
    if (!value.empty() && value.size() < 9 &&
        value.find_first_not_of("0123456789") == std::string::npos) {
      seconds = std::stoull(value);
    } else if (const time_t date = curl_getdate(value.c_str(), nullptr); date > 0) {
      const time_t now = std::time(nullptr);
      seconds = date > now ? static_cast<uint64_t>(date - now) : 0;
    }
    transfer->reply_.retry_after_s = seconds;
  }
  return size * count;
}

size_t Transfer::GiveMail(char* data, size_t size, size_t count, void* self) {
  auto* transfer = static_cast<Transfer*>(self);
  const std::string& body = transfer->out_.body;
  const size_t length = std::min(size * count, body.size() - transfer->given_);
  std::copy_n(body.begin() + static_cast<ptrdiff_t>(transfer->given_), length, data);
  transfer->given_ += length;
  return length;
}

Reply Transfer::Finish(CURLcode code) {
  long status = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  curl_off_t elapsed_us = 0;
  curl_easy_getinfo(easy_, CURLINFO_TOTAL_TIME_T, &elapsed_us);
  reply_.status = status;
  reply_.elapsed_ms = static_cast<uint64_t>(elapsed_us / 1000);
  if (code != CURLE_OK) {
    reply_.error = error_[0] != 0 ? error_ : curl_easy_strerror(code);
  }
  return std::move(reply_);
}

}  // namespace

Reply Send(const Outgoing& outgoing) {
  InitOnce();
  Transfer transfer(outgoing, nullptr);
  if (transfer.easy() == nullptr) {
    Reply reply;
    reply.error = "no memory for a connection";
    return reply;
  }
  return transfer.Finish(curl_easy_perform(transfer.easy()));
}

class Courier::Impl {
 public:
  Impl() : multi_(curl_multi_init()) {
    thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
  }
  ~Impl() {
    thread_.request_stop();
    curl_multi_wakeup(multi_);
    thread_.join();
    for (const auto& transfer : running_) curl_multi_remove_handle(multi_, transfer->easy());
    running_.clear();
    curl_multi_cleanup(multi_);
  }

  bool Post(Outgoing outgoing, std::function<void(Reply)> done) {
    {
      const std::lock_guard lock(mutex_);
      if (count_ >= kMostAtOnce) return false;
      ++count_;
      waiting_.push_back(std::make_unique<Transfer>(std::move(outgoing), std::move(done)));
    }
    curl_multi_wakeup(multi_);
    return true;
  }

 private:
  void Run(const std::stop_token& stop);
  void Begin();
  void Collect();

  CURLM* multi_;
  std::mutex mutex_;
  std::deque<std::unique_ptr<Transfer>> waiting_;
  size_t count_ = 0;
  std::vector<std::unique_ptr<Transfer>> running_;  // the thread's
  std::jthread thread_;
};

void Courier::Impl::Begin() {
  std::deque<std::unique_ptr<Transfer>> fresh;
  {
    const std::lock_guard lock(mutex_);
    fresh.swap(waiting_);
  }
  for (auto& transfer : fresh) {
    if (transfer->easy() == nullptr ||
        curl_multi_add_handle(multi_, transfer->easy()) != CURLM_OK) {
      Reply reply;
      reply.error = "no memory for a connection";
      transfer->done()(std::move(reply));
      const std::lock_guard lock(mutex_);
      --count_;
      continue;
    }
    running_.push_back(std::move(transfer));
  }
}

void Courier::Impl::Collect() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* easy = message->easy_handle;
    const CURLcode code = message->data.result;
    curl_multi_remove_handle(multi_, easy);
    const auto at =
        std::ranges::find_if(running_, [easy](const auto& t) { return t->easy() == easy; });
    if (at == running_.end()) continue;
    const std::unique_ptr<Transfer> transfer = std::move(*at);
    running_.erase(at);
    {
      const std::lock_guard lock(mutex_);
      --count_;
    }
    transfer->done()(transfer->Finish(code));
  }
}

void Courier::Impl::Run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    Begin();
    int active = 0;
    curl_multi_perform(multi_, &active);
    Collect();
    if (!stop.stop_requested()) curl_multi_poll(multi_, nullptr, 0, 1000, nullptr);
  }
}

Courier::Courier() {
  InitOnce();
  impl_ = std::make_unique<Impl>();
}
Courier::~Courier() = default;
bool Courier::Post(Outgoing outgoing, std::function<void(Reply)> done) {
  return impl_->Post(std::move(outgoing), std::move(done));
}

}  // namespace pano::alert
