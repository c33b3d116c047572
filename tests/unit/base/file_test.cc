// Files: what is read back, limits, and errors that name the file.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>

#include "base/base.h"

namespace mapwright {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class File : public testing::Test {
 protected:
  void SetUp() override {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::temp_directory_path() / (std::string("mapwright_file_") + info->name() + std::to_string(::getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string path(const char* name) const { return (folder_ / name).string(); }

 private:
  fs::path folder_;
};

TEST_F(File, WritesAndReadsBack) {
  const std::string bytes("a\0b\r\n\xff", 6);
  ASSERT_TRUE(write_file(path("x"), "old and longer"));
  ASSERT_TRUE(write_file(path("x"), bytes));
  EXPECT_EQ(read_file(path("x")).value(), bytes);
  // The neighbour file of the atomic replacement is gone.
  EXPECT_EQ(std::distance(fs::directory_iterator(fs::path(path("x")).parent_path()), fs::directory_iterator()), 1);
}

TEST_F(File, MissingFileIs6001) {
  const auto text = read_file(path("missing"));
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, 6001);
  EXPECT_THAT(text.error().message, HasSubstr("missing`: No such file or directory"));
}

TEST_F(File, DirectoryIs6001) {
  const auto text = read_file(path("."));
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, 6001);
  EXPECT_THAT(text.error().message, HasSubstr("is a directory"));
}

TEST_F(File, LimitIs6002) {
  ASSERT_TRUE(write_file(path("x"), std::string(100, 'x')));
  EXPECT_TRUE(read_file(path("x"), 100));
  const auto text = read_file(path("x"), 99);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, 6002);
  EXPECT_THAT(text.error().message, HasSubstr("larger than the 99 bytes"));
}

TEST_F(File, UnwritableIs6003) {
  const auto done = write_file(path("no/such/folder/x"), "x");
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, 6003);
}

TEST_F(File, TemporaryFoldersGoWithWhatTheyHold) {
  fs::create_directories(path("tmp"));
  {
    auto made = TemporaryFolder::make(path("tmp"));
    ASSERT_TRUE(made);
    const TemporaryFolder kept = *std::move(made);
    ASSERT_TRUE(write_file(kept.file("x"), "x"));
    EXPECT_TRUE(fs::path(kept.file("x")).string().starts_with(path("tmp") + "/"));
    EXPECT_FALSE(fs::is_empty(path("tmp")));
  }
  EXPECT_TRUE(fs::is_empty(path("tmp")));
  const auto nowhere = TemporaryFolder::make(path("no/such/folder"));
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().code, 6003);
  EXPECT_THAT(nowhere.error().help, HasSubstr("TMPDIR"));
}

}  // namespace
}  // namespace mapwright
