// SPDX-License-Identifier: Apache-2.0
// A build without probes: recordings can be read, the live kernel cannot.
#ifndef PANO_HAVE_BPF

#include "agent/source/live_source.h"

namespace pano::source {

Result<std::unique_ptr<Source>> OpenLive(const LiveOptions&, std::vector<Capability>* report) {
  if (report) *report = ProbeCapabilities();
  return Fail(Code::kUnsupported, "this panoscope was built without kernel probes");
}

std::vector<Capability> ProbeCapabilities() {
  return {{"eBPF", false, "built with -DPANO_BPF=OFF", "everything observed live"}};
}

}  // namespace pano::source

#endif
