#pragma once
#include <string>

#include "base/secret.h"

// Files that hold a secret. Main thread: they are written by commands, and the writing blocks.
namespace lp {

// A file that its owner alone reads (mode 0600), all of it or what was there before: written beside and renamed. Root
// leaves it to the owner of the folder, so that a service which is not root reads it. "" or why not.
[[nodiscard]] std::string write_private_file(const std::string& path, const Secret& text);

// "": write_private_file() would do it, as far as that can be known before.
[[nodiscard]] std::string why_no_private_file(const std::string& path);

}  // namespace lp
