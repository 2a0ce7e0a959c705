// SPDX-License-Identifier: Apache-2.0
// SQL as shown to people: literals out, white space folded; the verb and the first table.
#pragma once

#include <string_view>

#include "agent/l7/message.h"

namespace pano::l7 {

struct SqlText {
  std::string_view verb;      // "SELECT", in capitals
  std::string_view endpoint;  // "SELECT products"
  std::string_view shown;     // "SELECT * FROM products WHERE id = ?"
};

// Texts live in `message`. MySQL's "..." is a literal, PostgreSQL's is a name.
SqlText DescribeSql(std::string_view sql, bool double_quotes_are_text, Message& message);

}  // namespace pano::l7
