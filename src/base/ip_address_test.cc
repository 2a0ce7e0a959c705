// SPDX-License-Identifier: Apache-2.0
#include "base/ip_address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

namespace pano {
namespace {

TEST(IpAddress, TextRoundTrips) {
  for (const char* text : {"10.244.0.17", "127.0.0.1", "0.0.0.0", "255.255.255.255", "::1",
                           "2001:db8::8a2e:370:7334", "::", "fe80::1"}) {
    const auto ip = IpAddress::Parse(text);
    ASSERT_TRUE(ip) << text;
    EXPECT_EQ(ip->ToString(), text);
  }
}

TEST(IpAddress, MappedV4EqualsV4) {
  EXPECT_EQ(IpAddress::Parse("::ffff:10.1.2.3"), IpAddress::Parse("10.1.2.3"));
  EXPECT_EQ(IpAddress::FromV4(htonl(0x0a010203)), IpAddress::Parse("10.1.2.3"));
  EXPECT_EQ(std::hash<IpAddress>()(*IpAddress::Parse("::ffff:10.1.2.3")),
            std::hash<IpAddress>()(*IpAddress::Parse("10.1.2.3")));
}

TEST(IpAddress, RefusesWhatIsNotAnAddress) {
  for (const char* text : {"", "10.1.2", "10.1.2.256", "gg::1", "10.1.2.3:80", "localhost"}) {
    EXPECT_FALSE(IpAddress::Parse(text)) << text;
  }
}

TEST(IpAddress, KnowsLoopbackAndUnspecified) {
  EXPECT_TRUE(IpAddress::Parse("127.4.5.6")->IsLoopback());
  EXPECT_TRUE(IpAddress::Parse("::1")->IsLoopback());
  EXPECT_FALSE(IpAddress::Parse("::2")->IsLoopback());
  EXPECT_FALSE(IpAddress::Parse("10.0.0.1")->IsLoopback());
  EXPECT_TRUE(IpAddress::Parse("0.0.0.0")->IsUnspecified());
  EXPECT_TRUE(IpAddress::Parse("::")->IsUnspecified());
  EXPECT_FALSE(IpAddress::Parse("::1")->IsUnspecified());
}

}  // namespace
}  // namespace pano
