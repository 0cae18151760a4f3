#include "base/private_file.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace lp {
namespace {

std::string text_in(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

TEST_CASE("a file of a secret: whole or as before, for its owner alone, and nothing beside it") {
  const auto folder = std::filesystem::temp_directory_path() / "logto-proxy-private-file-test";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  const std::string path = folder / "secret";
  std::ofstream(path) << "old, longer than the new one\n";
  std::filesystem::permissions(path, std::filesystem::perms(0666));
  CHECK(write_private_file(path, Secret("new\n")) == "");
  CHECK(text_in(path) == "new\n");
  struct stat about {};
  REQUIRE(::stat(path.c_str(), &about) == 0);
  CHECK((about.st_mode & 0777U) == 0600U);
  CHECK(std::distance(std::filesystem::directory_iterator(folder), {}) == 1);
  CHECK(write_private_file(folder / "none" / "secret", Secret("x")).find("cannot be made in") == 0);
  CHECK(why_no_private_file(path) == "");
  CHECK(why_no_private_file(folder) != "");
  CHECK(why_no_private_file(folder / "none" / "secret").find("cannot be made in") == 0);
  std::filesystem::remove_all(folder);
}

}  // namespace lp
