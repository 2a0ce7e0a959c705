// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "server/api/context.h"
#include "server/api/gzip.h"
#include "server/api/map_json.h"

namespace pano::api {

std::shared_ptr<const Rendered> Renderer::Of(const std::shared_ptr<const live::MapView>& view) {
  const std::lock_guard lock(mutex_);
  if (last_ == nullptr || last_->view != view) {
    auto made = std::make_shared<Rendered>();
    made->view = view;
    made->map = MapJson(*view, false);
    made->map_gzip = Gzip(made->map);
    made->snapshot_event =
        fmt::format("event: snapshot\nid: {}\ndata: {}\n\n", view->time, made->map);
    made->tick_event =
        fmt::format("event: tick\nid: {}\ndata: {}\n\n", view->time, TickJson(*view));
    last_ = std::move(made);
  }
  return last_;
}

}  // namespace pano::api
