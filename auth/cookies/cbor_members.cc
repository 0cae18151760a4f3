#include "auth/cookies/cbor_members.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace lp {
namespace {

using nlohmann::json;

constexpr int kMaxDepth = 40;  // an ID token may nest 32 levels

// The library's CBOR reader recurses: this pass refuses deep input before a tree is built.
class DepthGuard final : public json::json_sax_t {
 public:
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return ++depth_ <= kMaxDepth; }
  bool key(string_t&) override { return true; }
  bool end_object() override { return --depth_ >= 0; }
  bool start_array(std::size_t) override { return ++depth_ <= kMaxDepth; }
  bool end_array() override { return --depth_ >= 0; }
  bool parse_error(std::size_t, const std::string&, const json::exception&) override { return false; }

 private:
  int depth_ = 0;
};

}  // namespace

std::string write_members(const json& members) {
  std::string bytes;
  json::to_cbor(members, bytes);
  return bytes;
}

std::optional<json> read_members(std::string_view bytes, std::size_t max_bytes, int version, std::size_t count) {
  if (bytes.size() > max_bytes) return std::nullopt;
  DepthGuard guard;
  if (!json::sax_parse(bytes.begin(), bytes.end(), &guard, json::input_format_t::cbor)) return std::nullopt;
  json members = json::from_cbor(bytes.begin(), bytes.end(), true, false);
  if (!members.is_array() || members.size() != count || members[0] != json(version)) return std::nullopt;
  return members;
}

bool take_member(const json& member, std::string& out) {
  if (!member.is_string()) return false;
  out = member.get_ref<const std::string&>();
  return true;
}

bool take_member(const json& member, Secret& out) {
  std::string text;
  if (!take_member(member, text)) return false;
  out = Secret(std::move(text));
  return true;
}

bool take_member(const json& member, bool& out) {
  if (!member.is_boolean()) return false;
  out = member.get<bool>();
  return true;
}

bool take_member(const json& member, std::uint64_t& out) {
  if (!member.is_number_unsigned()) return false;
  out = member.get<std::uint64_t>();
  return true;
}

bool take_time(const json& member, std::int64_t& out) {
  constexpr std::uint64_t kLatest = std::uint64_t{1} << 52;
  std::uint64_t time = 0;
  if (!take_member(member, time) || time > kLatest) return false;
  out = static_cast<std::int64_t>(time);
  return true;
}

}  // namespace lp
