#include "proxy/route/readings.h"

#include <algorithm>

#include "proxy/route/path_escapes.h"

namespace lp {
namespace {

using escapes::escaped_byte;
using escapes::with_slashes_merged;

std::string cut_at_encoded_end(std::string_view path) {
  return std::string(path.substr(0, std::min(path.find("%3F"), path.find("%23"))));
}

std::string without_parameters(std::string_view path) {
  std::string out;
  bool in_parameters = false;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '/')
      in_parameters = false;
    else if (path[i] == ';' || path.substr(i).starts_with("%3B"))
      in_parameters = true;
    if (!in_parameters) out += path[i];
  }
  return out;
}

std::string with_slash_for(std::string_view path, std::string_view escape) {
  std::string out;
  for (std::size_t at = 0; at < path.size(); ++at) {
    const bool is_separator = path.substr(at).starts_with(escape);
    out += is_separator ? '/' : path[at];
    if (is_separator) at += escape.size() - 1;
  }
  return out;
}

class Readings {
 public:
  // Each layer that a lenient app may decode, with what it may take for a slash.
  void add_layers(std::string text) {
    for (;;) {
      add_separated(text);
      std::string next = with_layer_off(text);
      if (next == text) return;
      text = std::move(next);
    }
  }
  [[nodiscard]] std::vector<std::string> take() { return std::move(all_); }

 private:
  void add_separated(const std::string& text) {
    add_cut(text);
    const std::string slashes = with_slash_for(text, "%2F");
    if (slashes != text) add_cut(slashes);
    const std::string both = with_slash_for(slashes, "%5C");
    if (both != slashes) add_cut(both);
  }
  void add_cut(std::string_view text) {
    add(text);
    const std::string cut = cut_at_encoded_end(text);
    add(cut);
    add(without_parameters(text));
    add(without_parameters(cut));
  }
  void add(std::string_view text) {
    std::string reading = with_slashes_merged(text);
    if (std::find(all_.begin(), all_.end(), reading) == all_.end()) all_.push_back(std::move(reading));
  }
  std::vector<std::string> all_;
};

// The ASCII character of an overlong form that begins at `at`, which it moves behind it; -1 where there is none.
int overlong_character(std::string_view s, std::size_t& at) {
  const int lead = escaped_byte(s, at);
  if (lead != 0xc0 && lead != 0xc1 && lead != 0xe0 && lead != 0xf0) return -1;
  std::size_t next = at + 3;
  int high = lead & 1;
  if (lead >= 0xe0) {
    for (int zeros = lead == 0xe0 ? 0 : 1; zeros > 0; --zeros, next += 3) {
      if (escaped_byte(s, next) != 0x80) return -1;
    }
    high = escaped_byte(s, next) - 0x80;
    next += 3;
  }
  const int low = escaped_byte(s, next) - 0x80;
  if (high < 0 || high > 1 || low < 0 || low > 0x3f) return -1;
  at = next + 3;
  return high * 0x40 + low;
}

// Parsers of URLs skip further slashes, or take no authority for one: the merged path is the latter's.
std::string behind_authority(std::string_view path) {
  const std::size_t name = std::min(path.find_first_not_of('/'), path.size());
  const std::size_t end = path.find('/', name);
  return end == std::string_view::npos ? "/" : with_slashes_merged(path.substr(end));
}

}  // namespace

std::string with_layer_off(std::string_view normal_path) {
  std::string out;
  for (std::size_t at = 0; at < normal_path.size(); ++at) {
    const int hidden = escapes::doubly_escaped_byte(normal_path, at);
    if (hidden < 0) {
      out += normal_path[at];
    } else {
      escapes::append_normal(out, hidden);
      at += 4;
    }
  }
  return out;
}

std::string without_overlong_forms(std::string_view normal_path) {
  std::string out;
  for (std::size_t at = 0; at < normal_path.size();) {
    const int byte = overlong_character(normal_path, at);
    if (byte < 0)
      out += normal_path[at++];
    else
      escapes::append_normal(out, byte);
  }
  return out;
}

std::vector<std::string> lenient_readings(std::string_view normal_path) {
  Readings readings;
  readings.add_layers(std::string(normal_path));
  // Parameters first, as servlet containers do: an encoded end inside of them is gone before anybody decodes.
  readings.add_layers(without_parameters(normal_path));
  const std::string shortened = without_overlong_forms(normal_path);
  if (shortened != normal_path) {
    readings.add_layers(shortened);
    readings.add_layers(without_parameters(shortened));
  }
  return readings.take();
}

std::vector<std::string> hidden_queries(std::string_view normal_path) {
  std::vector<std::string> hidden;
  const auto add = [&](std::string_view text, std::string_view end) {
    const std::size_t at = text.find(end);
    if (at != std::string_view::npos) hidden.emplace_back(text.substr(at + end.size()));
  };
  std::string text(normal_path);
  for (;;) {
    for (const std::string_view end : {";", "%3B", "%3F"}) add(text, end);
    std::string next = with_layer_off(text);
    if (next == text) return hidden;
    text = std::move(next);
  }
}

SpelledReadings spelled_readings(const Target& target) {
  SpelledReadings readings;
  readings.unmerged = escapes::with_escapes_decoded(target.sent(), escapes::kPlain);
  std::string kept = with_unreserved_decoded(target.sent());
  std::string merged = with_slashes_merged(kept);
  if (target.sent().starts_with("//"))
    readings.behind_authority = {behind_authority(readings.unmerged), behind_authority(kept)};
  if (kept != readings.unmerged) readings.kept = {std::move(kept), std::move(merged)};
  return readings;
}

std::string with_unreserved_decoded(std::string_view path) {
  return escapes::with_escapes_decoded(path, escapes::kUnreserved);
}

std::string undecoded_reading(const Target& target) {
  constexpr syntax::CharTable kNone{};
  return escapes::with_escapes_decoded(target.sent(), kNone);
}

}  // namespace lp
