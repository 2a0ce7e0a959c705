// SPDX-License-Identifier: Apache-2.0
#include "agent/l7/endpoint.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "agent/l7/huffman.h"
#include "agent/l7/registry.h"
#include "agent/l7/sql.h"

namespace pano::l7 {
namespace {

std::string Fold(std::string_view path) {
  const auto message = std::make_unique<Message>();
  message->Reset();
  return std::string(FoldPath(path, *message));
}

TEST(Endpoint, FoldsWhatVaries) {
  EXPECT_EQ(Fold("/"), "/");
  EXPECT_EQ(Fold("/api/products/66VCHSJNUP"), "/api/products/{id}");
  EXPECT_EQ(Fold("/api/products/42?currency=EUR"), "/api/products/{id}");
  EXPECT_EQ(Fold("/u/4bf92f35-77b3-4da6-a3ce-929d0e0e4736/cart"), "/u/{id}/cart");
  EXPECT_EQ(Fold("/blob/9f86d081884c7d65"), "/blob/{id}");
  EXPECT_EQ(Fold("http://shop:80/x/12#top"), "/x/{id}");
}

TEST(Endpoint, KeepsWordsOfRoutes) {
  for (const char* path : {"/api/v1/cart", "/oauth2/callback", "/static/main.min.js",
                           "/api/recommendations", "/_next/image", "/deface/facade"}) {
    EXPECT_EQ(Fold(path), path);
  }
}

TEST(Endpoint, BoundsItsText) {
  std::string path;
  for (int i = 0; i < 4000; ++i) path += "/seg";
  EXPECT_LE(Fold(path).size(), kMaxText);
  EXPECT_EQ(Fold("/" + std::string(500, 'a')), "/{id}");
}

TEST(MaskQuery, HidesSecretsOnly) {
  const auto m = std::make_unique<Message>();
  m->Reset();
  EXPECT_EQ(MaskQuery("/a?page=2&access_token=xyz&q=tea", *m), "/a?page=2&access_token=***&q=tea");
  EXPECT_EQ(MaskQuery("/a?page=2", *m), "/a?page=2");
}

TEST(Sql, ShowsShapeNotValues) {
  const auto m = std::make_unique<Message>();
  m->Reset();
  const SqlText a = DescribeSql(
      "select  *\n from shop.products -- note\n where name = 'it''s' and id in (1, 2.5)", false,
      *m);
  EXPECT_EQ(a.verb, "SELECT");
  EXPECT_EQ(a.endpoint, "SELECT shop.products");
  EXPECT_EQ(a.shown, "select * from shop.products where name = ? and id in (?, ?)");
  const SqlText b =
      DescribeSql("/* hint */ INSERT INTO `cart` VALUES (\"secret\", $$x$$)", true, *m);
  EXPECT_EQ(b.endpoint, "INSERT `cart`");
  EXPECT_EQ(b.shown, "INSERT INTO `cart` VALUES (?, ?)");
  EXPECT_EQ(DescribeSql("select 'never ends", false, *m).shown, "select ?");
}

TEST(Huffman, DecodesTheExamplesOfTheSpecification) {
  // RFC 7541 C.4.1: "www.example.com".
  constexpr std::string_view kCoded("\xf1\xe3\xc2\xe5\xf2\x3a\x6b\xa0\xab\x90\xf4\xff", 12);
  std::array<char, 64> out{};
  const auto text = DecodeHuffman(AsBytes(kCoded), out);
  ASSERT_TRUE(text.has_value());
  EXPECT_EQ(std::string_view(out.data(), text->stored), "www.example.com");
  // C.6.1: a date, with room for its beginning only.
  constexpr std::string_view kDate(
      "\xd0\x7a\xbe\x94\x10\x54\xd4\x44\xa8\x20\x05\x95\x04\x0b\x81\x66\xe0\x82\xa6\x2d\x1b\xff",
      22);
  std::array<char, 3> few{};
  const auto date = DecodeHuffman(AsBytes(kDate), few);
  ASSERT_TRUE(date.has_value());
  EXPECT_EQ(date->size, 29u);
  EXPECT_EQ(std::string_view(few.data(), date->stored), "Mon");
}

TEST(Huffman, RefusesBadPadding) {
  std::array<char, 64> out{};
  EXPECT_FALSE(DecodeHuffman(AsBytes(std::string_view("\x00", 1)), out).has_value());
  EXPECT_FALSE(DecodeHuffman(AsBytes("\xff\xff\xff\xff"), out).has_value());
}

TEST(Sniff, RespectsKnownRolesAndPorts) {
  const std::string_view reply = "+OK\r\n";
  SniffContext context;
  context.role_known = true;
  context.toward = Toward::kServer;
  EXPECT_EQ(Sniff(AsBytes(reply), context).protocol, nullptr);
  context.toward = Toward::kClient;
  ASSERT_NE(Sniff(AsBytes(reply), context).protocol, nullptr);
  EXPECT_EQ(Sniff(AsBytes(reply), context).protocol->id, schema::L7Protocol::kRedis);
}

}  // namespace
}  // namespace pano::l7
