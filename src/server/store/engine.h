// SPDX-License-Identifier: Apache-2.0
// The engine process. `main` must call this, before anything else that makes threads, when the
// first argument is `store-engine`; it returns the process's exit code. Not for people: it speaks
// frames (engine_protocol.h) on the socket its parent gave it and dies with its parent.
#pragma once

namespace pano::store {

inline constexpr const char* kEngineCommand = "store-engine";

int RunStoreEngine(int argc, char** argv);

}  // namespace pano::store
