// SPDX-License-Identifier: Apache-2.0
// A small blocking HTTP client for the commands that ask a running server.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "base/result.h"
#include "cli/command.h"

namespace pano::cli {

// The server's JSON answer; its error document becomes the Error. When nothing answers, the hint
// says how to start a server.
Result<nlohmann::json> Get(const ServerAddress& server, const std::string& target);
// As it came, for answers that are no JSON.
Result<std::string> GetText(const ServerAddress& server, const std::string& target);
Result<nlohmann::json> Post(const ServerAddress& server, const std::string& target,
                            const nlohmann::json& body);
Result<nlohmann::json> Patch(const ServerAddress& server, const std::string& target,
                             const nlohmann::json& body);
Result<nlohmann::json> Delete(const ServerAddress& server, const std::string& target);

// "http://host:port" taken apart; kInvalid with the offending text otherwise.
struct HostPort {
  std::string host;
  std::string port;
};
Result<HostPort> ParseUrl(const std::string& url);

// The time a command asks about, as the API's query; negative: not given.
struct AskedTime {
  double at = -1;
  double from = -1;
  double to = -1;
};
// --from and --to, and --at where one time makes sense.
void AddTimeOptions(CLI::App& command, AskedTime& time, bool one_time = true);
// "/api/v1/map" and from=1&to=2 of what was given.
std::string WithTime(std::string target, const AskedTime& time);

// Prints an error with its hint on stderr and answers kExitError.
int PrintError(const Error& error);

}  // namespace pano::cli
