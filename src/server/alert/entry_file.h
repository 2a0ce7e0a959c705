// SPDX-License-Identifier: Apache-2.0
// Rules, routes and silences in files: alerts.json (ours, mode 0600, it holds secrets) and a YAML
// or JSON file that people provision, which is only read.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "server/alert/route.h"
#include "server/alert/rule.h"
#include "server/alert/silence.h"

namespace pano::alert {

struct Entries {
  std::vector<Rule> rules;
  std::vector<Route> routes;
  std::vector<Silence> silences;
};

// kNotFound when there is none yet. An entry that is wrong is an error that names it.
Result<Entries> LoadEntries(const std::string& path, uint64_t now);
// Written beside and renamed: a crash leaves the old or the new one whole.
Status SaveEntries(const std::string& path, const Entries& entries);
// {"rules":[…],"routes":[…],"silences":[…]} as YAML; entries are Origin::kFile and need an id or
// name. Errors begin with FILE.
Result<Entries> LoadProvisioned(const std::string& path, uint64_t now);
// Changes whenever the file does; 0 when it is not there.
uint64_t StampOf(const std::string& path);

}  // namespace pano::alert
