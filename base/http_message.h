#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// HTTP values that both auth/ and proxy/ speak of; no wire format here.
namespace lp {

// Views into a buffer that the owner of the message keeps alive and unmoved.
struct Field {
  std::string_view name;   // as sent
  std::string_view value;  // without surrounding whitespace
};

// Most names that somebody asks for did not come: a bit for each that did, though others may have the same, says so
// without a look at the fields.
class Fields {
 public:
  void add(std::string_view name, std::string_view value) {
    list_.push_back({name, value});
    names_ |= bit_of(name);
  }
  void clear() {
    list_.clear();
    names_ = 0;
  }
  [[nodiscard]] const std::vector<Field>& all() const { return list_; }
  [[nodiscard]] std::size_t size() const { return list_.size(); }
  // The first with this name (ASCII case-insensitive), empty view where there is none.
  [[nodiscard]] std::string_view get(std::string_view name) const {
    return may_have(name) ? find(name) : std::string_view{};
  }
  [[nodiscard]] bool has(std::string_view name) const { return count(name) > 0; }
  [[nodiscard]] std::size_t count(std::string_view name) const { return may_have(name) ? count_all(name) : 0; }
  // False: there is none of this name, whatever its case.
  [[nodiscard]] bool may_have(std::string_view name) const { return (names_ & bit_of(name)) != 0; }

 private:
  static constexpr std::uint64_t bit_of(std::string_view name) {
    const std::size_t letter = name.empty() ? 0 : static_cast<unsigned char>(name.front()) | 0x20U;
    return std::uint64_t{1} << ((letter + 5 * name.size()) & 63U);
  }
  [[nodiscard]] std::string_view find(std::string_view name) const;
  [[nodiscard]] std::size_t count_all(std::string_view name) const;

  std::vector<Field> list_;
  std::uint64_t names_ = 0;
};

// A request head after strict parsing. `target` is as sent; routing uses the normalised target only.
struct RequestHead {
  std::string_view method;
  std::string_view target;
  int version_minor = 1;  // HTTP/1.x
  Fields fields;
};

struct ResponseHead {
  int status = 0;
  std::string_view reason;
  int version_minor = 1;
  Fields fields;
};

// An answer that we make ourselves: a page, a redirect, JSON. Names and values hold no CR, LF or NUL.
struct Answer {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;  // without framing headers; Set-Cookie may repeat
  std::string body;

  void add(std::string name, std::string value) { headers.emplace_back(std::move(name), std::move(value)); }
};

// In plain words, for programs and for who reads them; nobody keeps it.
[[nodiscard]] Answer text_answer(int status, std::string body);

// name=value pairs of one or more Cookie headers, in order, joined once (RFC 9113 8.2.3 crumbs included). Names are
// exact bytes: no unquoting, no decoding, no case folding (threat C11).
[[nodiscard]] std::vector<std::pair<std::string_view, std::string_view>> cookie_pairs(const Fields& fields);
// Comma separated list elements of all fields of this name, trimmed, empty ones left out.
[[nodiscard]] std::vector<std::string_view> list_values(const Fields& fields, std::string_view name);

}  // namespace lp
