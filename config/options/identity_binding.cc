#include "config/options/identity_binding.h"

#include <algorithm>

#include "base/encoding.h"
#include "config/identity_presets.h"
#include "config/options/option_bindings.h"
#include "config/value.h"
#include "config/yaml/suggest.h"

namespace lp {
namespace {

using Header = IdentityHeaderSettings;
using AuthorizationKind = UpstreamAuthorizationSettings::Kind;

constexpr std::size_t kMaxConstantBytes = 8 * 1024;

// One key of a map that a single row reads as a whole.
class BelowEntry {
 public:
  BelowEntry(const Reading& reading, const Entry& entry)
      : key_(reading.key + "." + entry.key),
        mark_(entry.mark),
        node_(entry.value),
        reading_{reading.option, reading.scope, key_, reading.folder, reading.report} {
    reading.report.remember(key_, mark_);
    if (!node_.is_null()) reading.report.remember_value(key_);
  }
  BelowEntry(const BelowEntry&) = delete;
  BelowEntry& operator=(const BelowEntry&) = delete;

  [[nodiscard]] const Reading& reading() const { return reading_; }
  [[nodiscard]] const Node& node() const { return node_; }
  void problem(std::string message) const { reading_.report.problem_at(mark_, key_, std::move(message)); }
  void value_problem(std::string message) const { reading_.problem(node_, std::move(message)); }
  [[nodiscard]] const std::string* text(std::string_view what) const {
    if (node_.broken) return nullptr;
    if (node_.is_scalar()) return &node_.text;
    value_problem("expected " + std::string(what) + ", found " + node_.describe());
    return nullptr;
  }

 private:
  std::string key_;
  Mark mark_;
  const Node& node_;
  Reading reading_;
};

using ReadKey = void (*)(const BelowEntry&, Header&);

// A field value as RFC 9110 5.5 has it; blanks at its ends would be trimmed by whoever reads it.
bool is_field_value(std::string_view text) {
  const bool clean =
      std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; });
  return clean && !text.empty() && text.front() != ' ' && text.back() != ' ' && text.size() <= kMaxConstantBytes;
}

void read_claim(const BelowEntry& at, Header& header) {
  header.source = Header::Source::claim;
  const auto* text = at.text("a claim");
  if (text == nullptr) return;
  auto claim = parse_nonempty_text(*text);
  if (!claim) return at.value_problem(claim.error().message);
  if (constexpr std::string_view kNoClaim = "client_certificate."; claim->starts_with(kNoClaim))
    return at.value_problem("is no claim: write { client_certificate: " + claim->substr(kNoClaim.size()) + " }");
  header.claim = std::move(*claim);
}

void read_encoding(const BelowEntry& at, Header& header) {
  constexpr std::string_view kWords = "percent, utf8 or raw";
  const auto* text = at.text(kWords);
  if (text == nullptr) return;
  if (*text == "percent") {
    header.encoding = HeaderEncoding::percent;
  } else if (*text == "utf8") {
    header.encoding = HeaderEncoding::utf8;
  } else if (*text == "raw") {
    header.encoding = HeaderEncoding::raw;
  } else {
    at.value_problem(expected(kWords, *text).message);
  }
}

// Not '%', which the encoding begins with, and nothing that could end the field or be trimmed from it.
void read_separator(const BelowEntry& at, Header& header) {
  constexpr std::string_view kLegal = ",;|:/+& ";
  const auto* text = at.text("one character");
  if (text == nullptr) return;
  if (text->size() != 1 || kLegal.find(*text) == std::string_view::npos) {
    return at.value_problem(expected("one of , ; | : / + & and the space", *text).message);
  }
  header.separator = text->front();
}

void read_constant(const BelowEntry& at, Header& header) {
  header.source = Header::Source::constant;
  const auto* text = at.text("a text");
  if (text == nullptr) return;
  if (*text == kSecretMask) return at.value_problem("this is the mask that --print-config shows, not a secret");
  if (!is_field_value(*text)) {
    return at.value_problem("expected a text without control characters and without blanks at its ends");
  }
  header.constant = *text;
}

// Of a file; its text is never shown.
Secret read_secret_file(const BelowEntry& at) {
  const auto* name = at.text("a file");
  if (name == nullptr) return {};
  auto text = read_small_file(resolve_file(at.reading().folder, *name));
  if (!text) {
    at.value_problem(text.error().message);
    return {};
  }
  if (is_field_value(*text)) return Secret(std::move(*text));
  at.value_problem("expected one line without control characters (it is not shown)");
  return {};
}

void read_value_file(const BelowEntry& at, Header& header) {
  header.source = Header::Source::secret;
  header.secret = read_secret_file(at);
}

void read_flag(const BelowEntry& at, Header& header, Header::Source source) {
  header.source = source;
  const auto* text = at.text("true");
  if (text != nullptr && *text != "true") at.value_problem(expected("true", *text).message);
}
void read_id_token(const BelowEntry& at, Header& header) { read_flag(at, header, Header::Source::id_token); }
void read_access_token(const BelowEntry& at, Header& header) { read_flag(at, header, Header::Source::access_token); }
void read_assertion(const BelowEntry& at, Header& header) { read_flag(at, header, Header::Source::assertion); }
void read_organization_flag(const BelowEntry& at, Header& header) {
  read_flag(at, header, Header::Source::organization);
}

void read_certificate_field(const BelowEntry& at, Header& header) {
  header.source = Header::Source::client_certificate;
  const auto* text = at.text("a part of the client's certificate");
  if (text == nullptr) return;
  if (const auto field = certificate_field_named(*text)) {
    header.certificate_field = *field;
    return;
  }
  std::string known;
  for (const std::string_view name : kCertificateFields) known.append(known.empty() ? "" : ", ").append(name);
  at.value_problem(expected("one of " + known, *text).message);
}

struct HeaderKey {
  std::string_view name;
  ReadKey read;
  bool is_source;
};
constexpr HeaderKey kHeaderKeys[] = {
    {"claim", read_claim, true},
    {"value", read_constant, true},
    {"value_file", read_value_file, true},
    {"id_token", read_id_token, true},
    {"access_token", read_access_token, true},
    {"assertion", read_assertion, true},
    {"organization", read_organization_flag, true},
    {"client_certificate", read_certificate_field, true},
    {"encoding", read_encoding, false},
    {"separator", read_separator, false},
};

template <class Rows>
void report_unknown(const BelowEntry& at, const std::string& name, const Rows& rows) {
  std::vector<std::string> names;
  std::string known;
  for (const auto& row : rows) {
    names.emplace_back(row.name);
    known += (known.empty() ? "" : ", ") + std::string(row.name);
  }
  const auto near = nearest(name, names);
  at.problem(near.empty() ? "unknown key; known here: " + known : "unknown key, did you mean '" + near + "'?");
}

bool is_encoded(Header::Source source) {
  return source == Header::Source::claim || source == Header::Source::client_certificate;
}

bool only_for_claims(const Node& map) { return map.find("encoding") != nullptr || map.find("separator") != nullptr; }

void read_header_map(const BelowEntry& at, Header& header) {
  int sources = 0;
  bool all_known = true;
  for (const Entry& entry : at.node().entries) {
    const BelowEntry below(at.reading(), entry);
    const auto key = std::find_if(std::begin(kHeaderKeys), std::end(kHeaderKeys),
                                  [&](const HeaderKey& row) { return row.name == entry.key; });
    if (key == std::end(kHeaderKeys)) {
      report_unknown(below, entry.key, kHeaderKeys);
      all_known = false;
      continue;
    }
    key->read(below, header);
    if (key->is_source) ++sources;
  }
  if (!all_known) return;
  if (sources != 1) {
    at.problem(
        "expected exactly one of claim, value, value_file, id_token, access_token, assertion, organization and "
        "client_certificate, found " +
        (sources == 0 ? std::string("none") : std::to_string(sources)));
  } else if (!is_encoded(header.source) && only_for_claims(at.node())) {
    at.problem("encoding and separator go with claim and client_certificate only");
  }
}

Header read_header(const BelowEntry& at, const std::string& name) {
  Header header;
  header.header = name;
  if (at.node().is_map()) {
    read_header_map(at, header);
  } else if (at.node().is_null()) {
    at.problem(
        "expected a claim, or a map with one of claim, value, value_file, id_token, access_token, assertion, "
        "organization and client_certificate, found nothing");
  } else {
    read_claim(at, header);
  }
  return header;
}

// ---- constants ----

void read_constant_map(const BelowEntry& at, Header& header) {
  const auto& entries = at.node().entries;
  const bool is_one = entries.size() == 1 && (entries.front().key == "value" || entries.front().key == "value_file");
  if (!is_one) return at.problem("expected a text, or a map with one of value and value_file");
  const BelowEntry below(at.reading(), entries.front());
  entries.front().key == "value" ? read_constant(below, header) : read_value_file(below, header);
}

Header read_constant_header(const BelowEntry& at, const std::string& name, bool files) {
  Header header;
  header.header = name;
  header.source = Header::Source::constant;
  if (files && at.node().is_map())
    read_constant_map(at, header);
  else if (at.node().is_null())
    at.problem("expected a text, found nothing");
  else
    read_constant(at, header);
  return header;
}

// ---- authorization ----

struct BasicKey {
  std::string_view name;
  void (*read)(const BelowEntry&, UpstreamAuthorizationSettings&);
};

void read_username(const BelowEntry& at, UpstreamAuthorizationSettings& to) {
  const auto* text = at.text("a name");
  if (text == nullptr) return;
  if (!is_field_value(*text) || text->find(':') != std::string::npos) {
    return at.value_problem("expected a name without ':' and control characters (RFC 7617)");
  }
  to.username = *text;
}

void read_username_claim(const BelowEntry& at, UpstreamAuthorizationSettings& to) {
  Header header;
  read_claim(at, header);
  to.username_claim = header.claim;
}

void read_password(const BelowEntry& at, UpstreamAuthorizationSettings& to) {
  if (at.node().broken) return;
  if (!at.node().is_scalar()) return at.value_problem("expected a password");
  if (at.node().text == kSecretMask) {
    return at.value_problem("this is the mask that --print-config shows, not a secret");
  }
  if (!is_field_value(at.node().text)) {
    return at.value_problem("expected a text without control characters (it is not shown)");
  }
  to.password = Secret(at.node().text);
}

void read_password_file(const BelowEntry& at, UpstreamAuthorizationSettings& to) { to.password = read_secret_file(at); }

constexpr BasicKey kBasicKeys[] = {{"username", read_username},
                                   {"username_claim", read_username_claim},
                                   {"password", read_password},
                                   {"password_file", read_password_file}};

void expect_one_of(const BelowEntry& at, const char* a, const char* b) {
  const int found = (at.node().find(a) != nullptr ? 1 : 0) + (at.node().find(b) != nullptr ? 1 : 0);
  if (found == 1) return;
  at.problem(std::string("expected one of ") + a + " and " + b + ", found " + (found == 0 ? "none" : "both"));
}

void read_basic(const BelowEntry& at, UpstreamAuthorizationSettings& to) {
  to.kind = AuthorizationKind::basic;
  if (at.node().broken) return;
  if (!at.node().is_map()) return at.value_problem("expected a map, found " + at.node().describe());
  for (const Entry& entry : at.node().entries) {
    const BelowEntry below(at.reading(), entry);
    const auto key = std::find_if(std::begin(kBasicKeys), std::end(kBasicKeys),
                                  [&](const BasicKey& row) { return row.name == entry.key; });
    if (key == std::end(kBasicKeys)) return report_unknown(below, entry.key, kBasicKeys);
    key->read(below, to);
  }
  expect_one_of(at, "username", "username_claim");
  expect_one_of(at, "password", "password_file");
}

void read_bearer(const BelowEntry& at, UpstreamAuthorizationSettings& to) {
  to.kind = AuthorizationKind::id_token;
  const auto* text = at.text("id_token");
  if (text != nullptr && *text != "id_token") {
    at.value_problem(expected("id_token (access tokens come from the route's `token`)", *text).message);
  }
}

constexpr BasicKey kAuthorizationKeys[] = {{"basic", read_basic}, {"bearer", read_bearer}};

void read_authorization(const Node& node, const Reading& reading) {
  if (!node.is_map() || node.entries.size() != 1) {
    return reading.problem(node, "expected one of basic and bearer, found " + node.describe());
  }
  const BelowEntry at(reading, node.entries.front());
  for (const BasicKey& key : kAuthorizationKeys) {
    if (key.name == node.entries.front().key) return key.read(at, reading.scope.route->authorization);
  }
  report_unknown(at, node.entries.front().key, kAuthorizationKeys);
}

// ---- printing ----

void add(Node& map, std::string_view key, Node value) {
  map.entries.push_back({std::string(key), {}, std::move(value)});
}

void add_encoding(Node& map, const Header& header) {
  if (header.encoding == HeaderEncoding::utf8) add(map, "encoding", Node::scalar("utf8"));
  if (header.encoding == HeaderEncoding::raw) add(map, "encoding", Node::scalar("raw"));
  if (header.separator != ',') add(map, "separator", Node::scalar(std::string(1, header.separator)));
}

Node print_claim(const Header& header) {
  const bool plain = header.encoding == HeaderEncoding::percent && header.separator == ',';
  if (plain) return Node::scalar(header.claim);
  Node map = Node::empty_map();
  add(map, "claim", Node::scalar(header.claim));
  add_encoding(map, header);
  return map;
}

Node print_header(const Header& header) {
  Node map = Node::empty_map();
  switch (header.source) {
    case Header::Source::claim:
      return print_claim(header);
    case Header::Source::constant:
      add(map, "value", Node::scalar(header.constant));
      break;
    case Header::Source::secret:
      add(map, "value", Node::scalar(std::string(kSecretMask)));
      break;
    case Header::Source::id_token:
      add(map, "id_token", Node::scalar("true"));
      break;
    case Header::Source::access_token:
      add(map, "access_token", Node::scalar("true"));
      break;
    case Header::Source::assertion:
      add(map, "assertion", Node::scalar("true"));
      break;
    case Header::Source::organization:
      add(map, "organization", Node::scalar("true"));
      break;
    case Header::Source::client_certificate:
      add(map, "client_certificate", Node::scalar(std::string(name_of(header.certificate_field))));
      add_encoding(map, header);
      break;
    case Header::Source::host:     // presets only
    case Header::Source::patreon:  // of rules
      break;
  }
  return map;
}

Node print_authorization(const UpstreamAuthorizationSettings& authorization) {
  if (authorization.kind == AuthorizationKind::none) return {};
  Node map = Node::empty_map();
  if (authorization.kind == AuthorizationKind::id_token) {
    add(map, "bearer", Node::scalar("id_token"));
    return map;
  }
  Node basic = Node::empty_map();
  const bool fixed = authorization.username_claim.empty();
  add(basic, fixed ? "username" : "username_claim",
      Node::scalar(fixed ? authorization.username : authorization.username_claim));
  add(basic, "password", Node::scalar(std::string(kSecretMask)));
  add(map, "basic", std::move(basic));
  return map;
}

std::vector<Choice<IdentityPreset>> preset_choices() {
  std::vector<Choice<IdentityPreset>> choices;
  for (const NamedPreset& named : identity_presets()) choices.push_back({named.name, named.preset});
  return choices;
}

}  // namespace

Binding identity_headers_binding(Field<std::vector<IdentityHeaderSettings>> field, bool may_be_empty) {
  return {[=](const Node& node, const Reading& reading) {
            if (!node.is_map()) {
              return reading.problem(node, "expected a map of headers to claims, found " + node.describe() +
                                               ": write 'X-Forwarded-Email: email', in a line for each");
            }
            if (node.entries.empty() && !may_be_empty) {
              return reading.problem(node, "expected at least one header (`identity_preset: none` sends none)");
            }
            auto& headers = field(reading.scope);
            headers.clear();
            for (const Entry& entry : node.entries)
              headers.push_back(read_header(BelowEntry(reading, entry), entry.key));
          },
          [=](const Scope& scope) {
            Node map = Node::empty_map();
            for (const Header& header : field(scope)) add(map, header.header, print_header(header));
            return map.entries.empty() && !may_be_empty ? Node() : map;
          }};
}

Binding header_constants_binding(Field<std::vector<IdentityHeaderSettings>> field, bool files) {
  return {[=](const Node& node, const Reading& reading) {
            if (!node.is_map())
              return reading.problem(node, "expected a map of header fields to texts, found " + node.describe());
            auto& headers = field(reading.scope);
            headers.clear();
            for (const Entry& entry : node.entries)
              headers.push_back(read_constant_header(BelowEntry(reading, entry), entry.key, files));
          },
          [=](const Scope& scope) {
            Node map = Node::empty_map();
            for (const Header& header : field(scope)) {
              const bool is_secret = header.source == Header::Source::secret;
              add(map, header.header, is_secret ? print_header(header) : Node::scalar(header.constant));
            }
            return map;
          }};
}

Binding identity_preset_binding() {
  auto binding = choice<IdentityPreset>(LP_FIELD(settings->identity_preset), preset_choices());
  return {binding.read,
          [print = binding.print](const Scope& scope) {
            return scope.settings->identity_preset == IdentityPreset::none ? Node() : print(scope);
          },
          binding.choices};
}

Binding route_identity_preset_binding() {
  return {[](const Node& node, const Reading& reading) {
            const auto* text = scalar_text(node, reading);
            if (text == nullptr) return;
            for (const NamedPreset& named : identity_presets()) {
              if (named.name == *text) reading.scope.route->identity_preset = named.preset;
            }
            if (reading.scope.route->identity_preset) return;
            reading.problem(node, expected(reading.option.type, *text).message);
          },
          [](const Scope& scope) {
            const auto& preset = scope.route->identity_preset;
            for (const NamedPreset& named : identity_presets()) {
              if (preset == named.preset) return Node::scalar(std::string(named.name));
            }
            return Node();
          }};
}

Binding authorization_binding() {
  return {read_authorization, [](const Scope& scope) { return print_authorization(scope.route->authorization); }};
}

}  // namespace lp
