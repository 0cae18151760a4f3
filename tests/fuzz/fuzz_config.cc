#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "config/file/load.h"
#include "config/file/print.h"

// A configuration file never crashes the loader, and what it prints of an accepted one is accepted too.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const lp::Environment env = [](const std::string& name) -> std::optional<std::string> {
    if (name == "SECRET") return "har6yZOaDknReW49sUGPNJnBb8tbZgF4VMz1oS0XP3U=";
    return std::nullopt;
  };
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto loaded = lp::parse_config(text, "config.yaml", env);
  if (!loaded) {
    for (const auto& problem : loaded.error()) {
      if (problem.text().empty()) std::abort();
    }
    return 0;
  }
  std::string printed = lp::print_config(*loaded->settings);
  const std::string mask = "\"********\"";
  for (auto at = printed.find(mask); at != std::string::npos; at = printed.find(mask)) {
    const lp::Settings& settings = *loaded->settings;  // the same secret twice would be refused
    if (settings.session.secrets.size() > 1 || settings.logto.app_secrets.size() > 1) return 0;
    printed.replace(at, mask.size(), "${SECRET}");
  }
  const auto again = lp::parse_config(printed, "config.yaml", env);
  if (!again || lp::print_config(*again->settings) != lp::print_config(*loaded->settings)) std::abort();
  return 0;
}
