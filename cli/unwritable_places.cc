#include "cli/unwritable_places.h"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>

#include "auth/service/upkeep.h"
#include "base/errno_words.h"
#include "config/realms.h"

namespace lp {
namespace {

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Where nobody may make files, root neither, and access(2) does not say so.
bool is_of_kernel(const std::string& folder) {
  struct statfs about {};
  return ::statfs(folder.c_str(), &about) == 0 && (about.f_type == PROC_SUPER_MAGIC || about.f_type == SYSFS_MAGIC);
}

// "": it can be made, or written to.
std::string why_not(const std::string& path, bool is_socket) {
  struct stat about {};
  const bool is_there = ::stat(path.c_str(), &about) == 0;
  if (is_there && S_ISDIR(about.st_mode)) return "is a folder, expected a file";
  if (is_there && !is_socket) {
    if (::access(path.c_str(), R_OK | W_OK) == 0) return "";
    return "cannot be written: " + errno_words(errno);
  }
  const std::string folder = folder_of(path);
  if (::stat(folder.c_str(), &about) != 0) return "cannot be made: the folder " + folder + " does not exist";
  if (is_of_kernel(folder)) return "cannot be made: " + folder + " is the kernel's, and holds no files of others";
  if (::access(folder.c_str(), W_OK | X_OK) == 0) return "";
  return "cannot be made in " + folder + ": " + errno_words(errno);
}

void judge(std::vector<std::string>& all, const std::string& key, const std::string& path, bool is_socket) {
  if (path.empty() || path.front() != '/') return;
  const std::string why = why_not(path, is_socket);
  if (!why.empty()) all.push_back(key + ": " + path + " " + why + "; `serve` would not start so");
}

void judge_journal(std::vector<std::string>& all, const std::string& path) {
  const std::size_t before = all.size();
  judge(all, "revocations.journal", path, false);
  if (path.empty() || all.size() > before) return;
  if (const auto found = examine_revocation_journal(path); !found)
    all.push_back("revocations.journal: " + found.error().message + "; `serve` would not start so");
}

void judge(std::vector<std::string>& all, const std::string& key, const ListenSettings& listen) {
  if (listen.kind == ListenSettings::Kind::unix_socket) judge(all, key, listen.path, true);
}

}  // namespace

std::vector<std::string> unwritable_places(const Settings& settings) {
  std::vector<std::string> all;
  if (settings.realms.empty()) judge_journal(all, settings.revocations.journal);
  for (const RealmSettings& realm : settings.realms)
    judge_journal(all, settings_of_realm(settings, realm).revocations.journal);
  judge(all, "access_log.output", settings.access_log.file, false);
  for (const ListenSettings& listen : settings.listen) judge(all, "listen", listen);
  for (const ListenSettings& listen : settings.forward_auth.listen) judge(all, "forward_auth.listen", listen);
  judge(all, "admin.listen", settings.admin);
  return all;
}

}  // namespace lp
