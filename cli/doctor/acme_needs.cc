#include "cli/doctor/acme_needs.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "base/errno_words.h"
#include "config/acme.h"
#include "proxy/acme/program.h"

namespace lp {
namespace {

// "": it is there and ours to write, or can be made. Folders above it are made too.
std::string why_no_folder(const std::string& path) {
  struct stat about {};
  if (::stat(path.c_str(), &about) == 0) {
    if (!S_ISDIR(about.st_mode)) return "is a file, expected a folder";
    return ::access(path.c_str(), R_OK | W_OK | X_OK) == 0 ? "" : "cannot be written: " + errno_words(errno);
  }
  std::filesystem::path above = std::filesystem::path(path).parent_path();
  while (above.has_relative_path() && ::stat(above.c_str(), &about) != 0) above = above.parent_path();
  if (::stat(above.c_str(), &about) == 0 && !S_ISDIR(about.st_mode))
    return "cannot be made: " + above.string() + " is a file, expected a folder";
  const bool may_make = ::access(above.c_str(), W_OK | X_OK) == 0 && !above.string().starts_with("/proc");
  return may_make ? "" : "cannot be made in " + above.string() + ": " + errno_words(errno != 0 ? errno : EACCES);
}

}  // namespace

std::vector<std::string> acme_needs(const Settings& settings) {
  const AcmeSettings* acme = acme_of(settings);
  if (acme == nullptr) return {};
  std::vector<std::string> all;
  const std::string program = find_uacme();
  if (program.empty())
    all.push_back("listen[].tls.acme: " + std::string(kNoUacme) + "; no certificate comes without it");
  const std::string why = why_no_folder(acme->state_dir);
  if (!why.empty()) {
    all.push_back("listen[].tls.acme.state_dir: " + acme->state_dir + " " + why +
                  "; keys and certificates cannot be kept");
  }
  if (!program.empty() && !acme->ca_file.empty() && !uacme_takes_ca_file(program)) {
    all.push_back(
        "listen[].tls.acme.ca_file: " + program +
        " cannot be told whom to trust, as uacme can since 1.7.6: put the authority among those of this machine "
        "(/usr/local/share/ca-certificates, update-ca-certificates)");
  }
  return all;
}

}  // namespace lp
