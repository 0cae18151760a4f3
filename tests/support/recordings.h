#pragma once
#include <nlohmann/json.hpp>
#include <string>

// What two versions of a real Logto answered (tests/corpora/logto).
namespace lp::test {

std::string read_text(const std::string& path);
std::string recording(const std::string& version, const std::string& name);
nlohmann::json recorded_json(const std::string& version, const std::string& name);

}  // namespace lp::test
