#include "cli/secret.h"

#include <sys/stat.h>

#include <iostream>

#include "base/crypto.h"
#include "base/encoding.h"
#include "base/private_file.h"
#include "base/secret.h"
#include "cli/exit_status.h"

namespace lp {
namespace {

std::string new_secret() {
  constexpr std::size_t kSecretBytes = 32;
  return base64_encode(random_bytes(kSecretBytes));
}

bool has_something(const std::string& path) {
  struct stat about {};
  return ::stat(path.c_str(), &about) == 0 && S_ISREG(about.st_mode) && about.st_size > 0;
}

int write_once(const std::string& file) {
  if (has_something(file)) {
    std::cout << file << " is there already and stays as it is" << std::endl;
    return kExitOk;
  }
  const std::string why = write_private_file(file, Secret(new_secret() + "\n"));
  if (!why.empty()) {
    std::cerr << "logto-proxy secret: " << file << ": " << why << std::endl;
    return kExitFailed;
  }
  std::cout << "A new secret is in " << file << std::endl;
  return kExitOk;
}

}  // namespace

int run_secret(const std::string& file) {
  if (!file.empty()) return write_once(file);
  std::cout << new_secret() << std::endl;
  return std::cout.good() ? kExitOk : kExitFailed;
}

}  // namespace lp
