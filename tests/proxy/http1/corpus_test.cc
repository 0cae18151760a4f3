#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "proxy/http1/chunked.h"
#include "proxy/http1/request.h"
#include "proxy/http1/scan.h"
#include "proxy/route/target.h"

// What the codec alone makes of every raw request of tests/corpora/smuggling. Session, route and upgrade rules of the
// same files are tested end to end.
namespace {

namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

bool body_is_bad(std::string_view rest) {
  lp::ChunkedDecoder decoder;
  while (!rest.empty()) {
    std::size_t consumed = 0;
    std::string_view data;
    const auto outcome = decoder.next(rest, consumed, data);
    if (outcome == lp::ChunkedDecoder::Outcome::bad) return true;
    if (outcome != lp::ChunkedDecoder::Outcome::data) return false;
    rest.remove_prefix(consumed);
  }
  return false;
}

// The status that the first request of the file gets from the codec and the target rules; 0: it would go on.
int verdict(const std::string& bytes) {
  lp::HeadScanner scanner;
  const lp::HeadLimits limits;
  switch (scanner.scan(bytes, limits)) {
    case lp::HeadScanner::Outcome::bad:
      return 400;
    case lp::HeadScanner::Outcome::too_large:
      return scanner.status_if_too_large();
    case lp::HeadScanner::Outcome::need_more:
      return -1;
    case lp::HeadScanner::Outcome::complete:
      break;
  }
  lp::ParsedRequest request;
  const std::string_view head = std::string_view(bytes).substr(0, scanner.head_bytes());
  if (const auto error = lp::parse_request_head(head, limits, request)) return error->status;
  if (!lp::normalise_target(request.path_and_query)) return 400;
  const bool chunked = request.body.kind == lp::BodyFraming::Kind::chunked;
  return chunked && body_is_bad(std::string_view(bytes).substr(head.size())) ? 400 : 0;
}

// Files whose first request is legal for the codec, or gets another answer than 400.
const std::map<std::string, int> kNot400 = {
    {"058", 0}, {"063", 0}, {"064", 0}, {"065", 0},   {"066", 0},   {"067", 405}, {"069", 417}, {"078", 0},
    {"091", 0}, {"096", 0}, {"098", 0}, {"100", 0},   {"115", 431}, {"116", 0},   {"118", 431}, {"119", 431},
    {"128", 0}, {"138", 0}, {"140", 0}, {"146", 414}, {"151", 414}, {"152", 505}, {"153", 505}, {"161", 505},
    {"163", 0}, {"164", 0}, {"166", 0}, {"171", 0},   {"172", 0},   {"175", 0},   {"176", 0},   {"177", 0},
    {"178", 0}, {"179", 0}, {"184", 0}, {"185", 0},   {"186", 0},   {"252", 0},   {"253", 0},   {"254", 0},
};

}  // namespace

TEST_CASE("every raw request of the smuggling corpus gets the answer of a strict codec") {
  std::size_t files = 0;
  for (const auto& entry : fs::directory_iterator(LP_SOURCE_DIR "/tests/corpora/smuggling")) {
    if (entry.path().extension() != ".raw") continue;
    ++files;
    const std::string name = entry.path().filename().string();
    CAPTURE(name);
    const auto known = kNot400.find(name.substr(0, 3));
    CHECK(verdict(read_file(entry.path())) == (known == kNot400.end() ? 400 : known->second));
  }
  CHECK(files > 100);
}
