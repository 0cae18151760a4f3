#include "proxy/http/coding_choice.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/encoding.h"
#include "base/one_of.h"
#include "base/weighted_list.h"

namespace lp {
namespace {

// Less does not become shorter than what the coding adds, or fits into the packet all the same.
constexpr std::uint64_t kSmallBytes = 1024;
constexpr std::size_t kMaxCodings = 32;

constexpr std::string_view kUsualTypes[] = {
    "text/*",          "application/json",  "application/*+json", "application/javascript",
    "application/xml", "application/*+xml", "application/wasm",   "image/svg+xml",
    "font/ttf",        "font/otf"};
constexpr std::string_view kEventStream = "text/event-stream";

// What names these very bytes: whoever compares them would see them changed.
constexpr std::string_view kNamesBytes[] = {"content-encoding", "content-range", "content-md5", "digest",
                                            "content-digest",   "repr-digest",   "signature"};

// ---- Accept-Encoding ------------------------------------------------------------------------------------------------

struct Wishes {
  std::optional<int> gzip;
  std::optional<int> brotli;
  std::optional<int> identity;
  std::optional<int> others;  // "*"

  void take(const Weighted& wish) {
    const auto note = [&](std::optional<int>& of) {
      if (!of) of = wish.weight;
    };
    if (iequals(wish.value, "gzip") || iequals(wish.value, "x-gzip")) note(gzip);  // RFC 9110 8.4.1.3
    if (iequals(wish.value, "br")) note(brotli);
    if (iequals(wish.value, "identity")) note(identity);
    if (wish.value == "*") note(others);
  }
  [[nodiscard]] int of(const std::optional<int>& named) const { return named ? *named : others.value_or(0); }
};

// ---- what may be changed --------------------------------------------------------------------------------------------

bool says(const Fields& fields, std::string_view name, std::string_view directive) {
  const auto values = list_values(fields, name);
  return std::any_of(values.begin(), values.end(), [&](std::string_view value) {
    return iequals(trim_ows(value.substr(0, value.find('='))), directive);
  });
}

bool names_its_bytes(const Fields& fields) {
  return std::any_of(fields.all().begin(), fields.all().end(),
                     [](const Field& field) { return is_one_of(ascii_lower(field.name), kNamesBytes); });
}

// Answers that are one representation, whole.
bool has_a_body_of_its_own(int status) {
  return status >= 200 && status != 204 && status != 205 && status != 206 && status != 226 && status != 304;
}

bool matches(std::string_view pattern, std::string_view type) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == type;
  const std::string_view end = pattern.substr(star + 1);
  return type.size() >= star + end.size() && type.starts_with(pattern.substr(0, star)) && type.ends_with(end);
}

// Events are for now: a pattern does not mean them, their name does.
bool is_wanted(const CompressionSettings& settings, const Fields& fields) {
  if (fields.count("Content-Type") != 1) return false;
  const std::string_view said = fields.get("Content-Type");
  const std::string type = ascii_lower(trim_ows(said.substr(0, said.find(';'))));
  const auto takes = [&](std::string_view pattern) {
    return type == kEventStream ? pattern == kEventStream : matches(pattern, type);
  };
  if (settings.types.empty()) return std::any_of(std::begin(kUsualTypes), std::end(kUsualTypes), takes);
  return std::any_of(settings.types.begin(), settings.types.end(), takes);
}

// Of an answer without a body what the field says, which tells of the body that GET would get.
std::optional<std::uint64_t> length_of(const ResponseHead& head, BodyFraming body) {
  if (body.kind == BodyFraming::Kind::length) return body.length;
  const std::string_view said = head.fields.get("Content-Length");
  if (body.kind != BodyFraming::Kind::none || said.empty() || said.size() > 18) return std::nullopt;
  std::uint64_t length = 0;
  for (const char c : said) {
    if (c < '0' || c > '9') return std::nullopt;
    length = length * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return length;
}

// ---- a secret and a text of an attacker's in one compressed body, whose length tells of the secret (threat H26)
// ------

bool has_credentials(const CodingQuestion& question, const ResponseHead& head) {
  const Fields& asked = question.request.fields;
  return question.is_personal || asked.has("Cookie") || asked.has("Authorization") || head.fields.has("Set-Cookie");
}

// An app that lets shared caches keep an answer says that it holds nobody's secret.
bool is_for_everybody(const ResponseHead& head) {
  const Fields& fields = head.fields;
  return says(fields, "Cache-Control", "public") && !says(fields, "Cache-Control", "private") &&
         !says(fields, "Cache-Control", "no-store") && !fields.has("Set-Cookie");
}

// The page that asks is the app's own, says the browser, and no attacker's page can: what is in the request is the
// app's too.
bool is_asked_by_own_page(const Fields& request) {
  return request.count("Sec-Fetch-Site") == 1 && request.get("Sec-Fetch-Site") == "same-origin";
}

bool may_tell_secrets(const CodingQuestion& question, const ResponseHead& head) {
  if (question.settings.mode == CompressionSettings::Mode::always || !question.may_hold_secrets) return false;
  return has_credentials(question, head) && !is_for_everybody(head) && !is_asked_by_own_page(question.request.fields);
}

bool may_be_coded(const CodingQuestion& question, const ResponseHead& head, BodyFraming body) {
  if (!has_a_body_of_its_own(head.status) || names_its_bytes(head.fields)) return false;
  if (says(head.fields, "Cache-Control", "no-transform") ||
      says(question.request.fields, "Cache-Control", "no-transform"))
    return false;
  const auto length = length_of(head, body);
  if (length && *length < kSmallBytes) return false;
  return is_wanted(question.settings, head.fields) && !may_tell_secrets(question, head);
}

// ---- the head -------------------------------------------------------------------------------------------------------

bool is_strong(std::string_view etag) { return etag.starts_with('"'); }

bool named_it_weak(const Fields& request, std::string_view etag) {
  const auto tags = list_values(request, "If-None-Match");
  return std::any_of(tags.begin(), tags.end(),
                     [&](std::string_view tag) { return tag.starts_with("W/") && tag.substr(2) == etag; });
}

bool varies_already(const Fields& fields) {
  const auto values = list_values(fields, "Vary");
  return std::any_of(values.begin(), values.end(),
                     [](std::string_view value) { return value == "*" || iequals(value, "Accept-Encoding"); });
}

}  // namespace

// Where several are liked as much the shorter one goes, and any before identity, unless that is named.
Coding preferred_coding(const Fields& request) {
  Wishes wishes;
  std::size_t left = kMaxCodings;
  for (const std::string_view element : list_values(request, "Accept-Encoding")) {
    if (left-- == 0) break;
    if (const auto wish = parse_weighted(element)) wishes.take(*wish);
  }
  const int brotli = wishes.of(wishes.brotli);
  const int gzip = wishes.of(wishes.gzip);
  const int best = std::max(brotli, gzip);
  if (best == 0 || wishes.identity.value_or(0) > best) return Coding::identity;
  return brotli == best ? Coding::brotli : Coding::gzip;
}

CodingChoice choose_coding(const CodingQuestion& question, const ResponseHead& head, BodyFraming body) {
  if (head.status == 304) return {Coding::identity, true};
  if (!may_be_coded(question, head, body)) return {};
  // HTTP/1.0 knows no end of a body but its length or that of the connection: a whole answer is worth more than a
  // short one.
  if (question.request.version_minor == 0) return {Coding::identity, true};
  return {preferred_coding(question.request.fields), true};
}

ResponseHead coded_head(const ResponseHead& head, const CodingChoice& choice, const RequestHead& request,
                        std::string& etag) {
  const bool is_coded = choice.coding != Coding::identity;
  ResponseHead result{head.status, head.reason, head.version_minor, {}};
  for (const Field& field : head.fields.all()) {
    if (is_coded && (iequals(field.name, "Content-Length") || iequals(field.name, "Accept-Ranges"))) continue;
    const bool is_strong_etag = iequals(field.name, "ETag") && is_strong(field.value);
    if (is_strong_etag && (is_coded || (head.status == 304 && named_it_weak(request.fields, field.value)))) {
      if (!etag.empty()) continue;  // an answer has one
      etag.append("W/").append(field.value);
      result.fields.add(field.name, etag);
    } else {
      result.fields.add(field.name, field.value);
    }
  }
  if (choice.varies && !varies_already(head.fields)) result.fields.add("Vary", "Accept-Encoding");
  if (is_coded) result.fields.add("Content-Encoding", BodyCoder::name_of(choice.coding));
  return result;
}

}  // namespace lp
