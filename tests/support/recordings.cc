#include "tests/support/recordings.h"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>

namespace lp::test {

std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE_MESSAGE(file.good(), "cannot read " << path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::string recording(const std::string& version, const std::string& name) {
  return read_text(LP_SOURCE_DIR "/tests/corpora/logto/" + version + "/" + name + ".json");
}

nlohmann::json recorded_json(const std::string& version, const std::string& name) {
  return nlohmann::json::parse(recording(version, name));
}

}  // namespace lp::test
