#include "proxy/acme/program.h"

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "base/child_process.h"
#include "proxy/acme/hook_message.h"

namespace lp {
namespace {

constexpr const char* kUsualFolders = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin";
constexpr const char* kWayOut[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"};
constexpr const char* kCaVariable = "UACME_CAINFO";

std::string path_variable() {
  const char* const path = std::getenv("PATH");
  return path != nullptr ? std::string(path) + ":" + kUsualFolders : kUsualFolders;
}

}  // namespace

std::string find_uacme() { return find_program("uacme", path_variable()); }

std::vector<std::string> uacme_environment(const AcmeSettings& settings) {
  std::vector<std::string> all = {"PATH=" + path_variable(), "LC_ALL=C",
                                  std::string(kAcmeHookVariable) + "=" + std::to_string(kAcmeHookDescriptor)};
  for (const char* const name : kWayOut) {
    if (const char* const value = std::getenv(name)) all.push_back(std::string(name) + "=" + value);
  }
  if (!settings.ca_file.empty()) all.push_back(std::string(kCaVariable) + "=" + settings.ca_file);
  return all;
}

bool uacme_takes_ca_file(const std::string& program) {
  std::ifstream file(program, std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(file), {});
  return bytes.find(kCaVariable) != std::string::npos;
}

}  // namespace lp
