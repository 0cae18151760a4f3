#include "cli/import/traefik_rule.h"

#include <utility>

namespace lp {
namespace {

constexpr std::size_t kMostAlternatives = 64;
constexpr int kDeepest = 32;

using Alternatives = std::vector<TraefikMatchers>;

// A descent over `or := and {"||" and}`, `and := one {"&&" one}`, `one := "!" one | "(" or ")" | Name(`a`, ...)`.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<Alternatives> parse() {
    auto all = either(0);
    skip_spaces();
    if (all && at_ < text_.size()) return expected_here("&& or ||");
    return all;
  }

 private:
  Result<Alternatives> either(int depth) {
    auto all = both(depth);
    while (all && take("||")) {
      auto more = both(depth);
      if (!more) return more;
      for (auto& one : *more) all->push_back(std::move(one));
      if (all->size() > kMostAlternatives) return too_many();
    }
    return all;
  }

  Result<Alternatives> both(int depth) {
    auto all = one(depth);
    while (all && take("&&")) {
      const auto more = one(depth);
      if (!more) return more;
      auto product = times(*all, *more);
      if (product.size() > kMostAlternatives) return too_many();
      all = std::move(product);
    }
    return all;
  }

  static Alternatives times(const Alternatives& left, const Alternatives& right) {
    Alternatives product;
    for (const auto& a : left) {
      for (const auto& b : right) {
        product.push_back(a);
        product.back().insert(product.back().end(), b.begin(), b.end());
        if (product.size() > kMostAlternatives) return product;
      }
    }
    return product;
  }

  Result<Alternatives> one(int depth) {
    if (depth > kDeepest) return fail("nested more than " + std::to_string(kDeepest) + " levels deep");
    if (take("!")) {
      auto matcher = this->matcher();
      if (!matcher) return matcher.error();
      matcher->negated = true;
      return Alternatives{{std::move(*matcher)}};
    }
    if (take("(")) {
      auto inner = either(depth + 1);
      if (inner && !take(")")) return expected_here(")");
      return inner;
    }
    auto matcher = this->matcher();
    if (!matcher) return matcher.error();
    return Alternatives{{std::move(*matcher)}};
  }

  Result<TraefikMatcher> matcher() {
    skip_spaces();
    TraefikMatcher made;
    while (at_ < text_.size() && is_letter(text_[at_])) made.name += text_[at_++];
    if (made.name.empty() || !take("(")) return expected_here("a matcher such as Host(`app.example.com`)");
    do {
      skip_spaces();
      const char quote = at_ < text_.size() ? text_[at_] : '\0';
      if (quote != '`' && quote != '"') return expected_here("a text in ` or \"");
      const auto end = text_.find(quote, at_ + 1);
      if (end == std::string_view::npos) return expected_here("the end of a text");
      made.arguments.emplace_back(text_.substr(at_ + 1, end - at_ - 1));
      at_ = end + 1;
    } while (take(","));
    if (!take(")")) return expected_here(")");
    return made;
  }

  static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

  void skip_spaces() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }

  bool take(std::string_view word) {
    skip_spaces();
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }

  Error expected_here(std::string_view what) const {
    return fail("expected " + std::string(what) + " at character " + std::to_string(at_ + 1));
  }
  static Error too_many() {
    return fail("stands for more than " + std::to_string(kMostAlternatives) + " alternatives");
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

Result<std::vector<TraefikMatchers>> parse_traefik_rule(std::string_view rule) { return Parser(rule).parse(); }

}  // namespace lp
