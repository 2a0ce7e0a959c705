// SPDX-License-Identifier: Apache-2.0
// `panoscope query 'SELECT ...'`: read-only SQL over everything that is stored.
#include <iostream>
#include <iterator>

#include "cli/answer.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/table.h"

namespace pano::cli {
namespace {

using nlohmann::json;

struct Options {
  ServerAddress server;
  std::string sql;
  bool as_json = false;
};

bool IsNumeric(const json& column) {
  const std::string type = column.value("type", "");
  return type.find("Int") != std::string::npos || type.find("Float") != std::string::npos ||
         type.find("Decimal") != std::string::npos;
}

int Query(Options options) {
  if (options.sql == "-") {
    options.sql.assign(std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>());
  }
  const auto answer = Post(options.server, "/api/v1/query", {{"sql", options.sql}});
  if (!answer) return PrintError(answer.error());
  if (options.as_json) return PrintJson(*answer);
  std::vector<std::pair<std::string, Align>> columns;
  for (const json& column : (*answer)["columns"]) {
    columns.emplace_back(column.value("name", ""),
                         IsNumeric(column) ? Align::kRight : Align::kLeft);
  }
  Table table(std::move(columns));
  for (const json& row : (*answer)["rows"]) {
    std::vector<std::string> cells;
    for (const json& cell : row) {
      cells.push_back(cell.is_string() ? cell.get<std::string>() : cell.dump());
    }
    table.Add(std::move(cells));
  }
  std::cout << table.ToString();
  std::cerr << fmt::format("{} rows, {:.3f} s\n", table.rows(), answer->value("elapsed_s", 0.0));
  return kExitOk;
}

}  // namespace

void AddQuery(CLI::App& app, Run& run) {
  CLI::App* command = app.add_subcommand("query", "Run read-only SQL over the stored tables.");
  auto options = std::make_shared<Options>();
  AddServerOptions(*command, options->server);
  command->add_option("sql", options->sql, "The statement; - reads it from standard input")
      ->required();
  command->add_flag("--json", options->as_json, "Columns and rows as JSON");
  command->footer("Tables and columns: panoscope query 'SHOW TABLES', or GET /api/v1/schema.");
  command->callback([&run, options] { run = [options] { return Query(*options); }; });
}

}  // namespace pano::cli
