#include "auth/jose/json_strict.h"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "base/encoding.h"

namespace lp {
namespace {

using nlohmann::json;

// Builds the value and stops at the first thing that a strict reader must not accept.
class StrictBuilder {
 public:
  explicit StrictBuilder(std::size_t max_depth) : max_depth_(max_depth) {}

  bool null() { return put(nullptr); }
  bool boolean(bool value) { return put(value); }
  bool number_integer(json::number_integer_t value) { return put(value); }
  bool number_unsigned(json::number_unsigned_t value) { return put(value); }
  bool number_float(json::number_float_t value, const json::string_t&) { return put(value); }
  bool string(json::string_t& value) { return put(std::move(value)); }
  bool binary(json::binary_t&) { return refuse("binary value"); }
  bool start_object(std::size_t) { return open(json::object()); }
  bool start_array(std::size_t) { return open(json::array()); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }

  bool key(json::string_t& name) {
    if (open_.back()->contains(name)) return refuse("duplicate member name");
    key_ = std::move(name);
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const json::exception&) {
    return refuse("broken at byte " + std::to_string(position));
  }

  json take() { return std::move(root_); }
  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  bool open(json container) {
    if (open_.size() >= max_depth_) return refuse("nested too deeply");
    open_.push_back(&place(std::move(container)));
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }
  bool put(json value) {
    place(std::move(value));
    return true;
  }
  // Pointers into the open containers stay valid: only the innermost one grows.
  json& place(json value) {
    if (open_.empty()) return root_ = std::move(value);
    json& parent = *open_.back();
    if (parent.is_array()) {
      parent.push_back(std::move(value));
      return parent.back();
    }
    return parent[key_] = std::move(value);
  }
  bool refuse(std::string problem) {
    problem_ = std::move(problem);
    return false;
  }

  std::size_t max_depth_;
  json root_;
  std::vector<json*> open_;
  std::string key_;
  std::string problem_;
};

}  // namespace

Result<json> parse_json_strict(std::string_view text, std::size_t max_bytes, std::size_t max_depth) {
  if (text.size() > max_bytes) return fail("JSON is longer than " + std::to_string(max_bytes) + " bytes");
  if (text.substr(0, 3) == "\xEF\xBB\xBF") return fail("JSON begins with a byte order mark");
  // The parser takes a NUL for the end and would not look at what follows.
  if (text.find('\0') != std::string_view::npos) return fail("JSON contains a NUL byte");
  StrictBuilder builder(max_depth);
  if (!json::sax_parse(text.begin(), text.end(), &builder)) return fail("JSON: " + builder.problem());
  return builder.take();
}

const std::string* string_member(const json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() ? nullptr : found->get_ptr<const std::string*>();
}

bool is_json_content_type(std::string_view content_type) {
  const std::string type = ascii_lower(trim_ows(content_type.substr(0, content_type.find(';'))));
  constexpr std::string_view kSuffix = "+json";
  const bool has_suffix =
      type.size() > kSuffix.size() && type.compare(type.size() - kSuffix.size(), kSuffix.size(), kSuffix) == 0;
  return type == "application/json" || (type.rfind("application/", 0) == 0 && has_suffix);
}

}  // namespace lp
