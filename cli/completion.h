#pragma once
#include <CLI/App.hpp>

#include <string>

namespace lp {

// What completes the commands and options of `app` in "bash", "zsh" or "fish".
[[nodiscard]] std::string completion_script(const CLI::App& app, const std::string& shell);

}  // namespace lp
