// SPDX-License-Identifier: Apache-2.0
#include "server/query/sql_guard.h"

#include <gtest/gtest.h>

namespace pano::query {
namespace {

TEST(SqlGuardTest, LetsQuestionsThrough) {
  for (const char* sql :
       {"SELECT 1", "select ';', 'into outfile', 'file(x)'", "WITH 1 AS x SELECT x",
        "  (SELECT 1) UNION ALL (SELECT 2);", "SHOW TABLES", "DESCRIBE TABLE edge",
        "EXPLAIN SELECT 1", "SELECT \"time\", `service` FROM instance", "SELECT 'it''s', 'a\\'b'",
        "SELECT formatDateTime(time, '%F') AS format FROM edge"}) {
    EXPECT_TRUE(GuardSql(sql)) << sql;
  }
}

TEST(SqlGuardTest, RefusesWhatReadOnlyModeLetsThrough) {
  for (const char* sql :
       {"KILL QUERY WHERE 1", "SYSTEM STOP MERGES", "SELECT 1; SELECT 2", "SET a = 1", "USE x",
        "SELECT 1 INTO OUTFILE '/tmp/x'", "SELECT 1 InTo /* x */ OutFile '/tmp/x'",
        "SELECT file('/etc/passwd')", "SELECT `file`('/etc/passwd')", "SELECT \"file\" ('x')",
        "SELECT * APPLY(file) FROM (SELECT '/etc/passwd')", "SELECT fi/**/le('x'), file/**/('y')",
        "INSERT INTO edge SELECT 1", "BACKUP TABLE edge TO File('x')", "SELECT 1 FORMAT TSV"}) {
    const auto result = GuardSql(sql);
    ASSERT_FALSE(result) << sql;
    EXPECT_EQ(result.error().code, Code::kDenied) << sql;
  }
}

TEST(SqlGuardTest, RefusesWhatItCannotRead) {
  for (const char* sql :
       {"", ";", "--", "SELECT 'open", "SELECT /* open", "SELECT $$x$$", "SELECT 1 # x",
        "SELECT \xe2\x80\x98x\xe2\x80\x99", "SELECT \"\\x66ile\"('x')", "((("}) {
    const auto result = GuardSql(sql);
    ASSERT_FALSE(result) << sql;
    EXPECT_EQ(result.error().code, Code::kInvalid) << sql;
  }
}

TEST(SqlGuardTest, TakesCommentsOut) {
  EXPECT_EQ(*GuardSql("SELECT 1 -- INTO OUTFILE\n, 2 /* ; */"), "SELECT 1  , 2  ");
  EXPECT_EQ(*GuardSql("SELECT '-- not /* a comment'"), "SELECT '-- not /* a comment'");
}

}  // namespace
}  // namespace pano::query
