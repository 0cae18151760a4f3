#pragma once
#include <re2/set.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/settings.h"

// Which routes may match a host and a path, without asking each. Pure after construction, safe to share between
// threads.
namespace lp {

class RouteIndex {
 public:
  // `hosts` and `paths` of one route each, in the order of the routes: a host in lower case, "" for any, ".example.com"
  // for one label more; a path in normal form.
  struct Key {
    std::string host;
    PathPattern path;
  };
  explicit RouteIndex(const std::vector<Key>& keys);

  // Calls visit(position) for every route whose host and plain path match, and for patterns that match, in no
  // particular order, until `visit` returned true for one that stands before all that may follow. Returns the smallest
  // position for which it returned true, or npos.
  static constexpr std::size_t npos = static_cast<std::size_t>(-1);
  template <class Visit>
  [[nodiscard]] std::size_t first(std::string_view host, std::string_view path, const Visit& visit) const {
    std::size_t best = npos;
    const auto try_bucket = [&](const std::vector<std::size_t>* bucket) {
      if (bucket == nullptr) return;
      for (const std::size_t position : *bucket) {
        if (position >= best) return;
        if (visit(position)) best = position;
      }
    };
    for_each_bucket(host, path, try_bucket);
    if (!set_) {
      try_bucket(&patterns_);
    } else {
      const std::vector<std::size_t> matching = patterns_that_match(path);
      try_bucket(&matching);
    }
    return best;
  }

 private:
  struct View {
    std::string_view host, path;
    bool operator==(const View&) const = default;
  };
  struct Hash {
    std::size_t operator()(const View& view) const {
      const std::size_t host = view.host.empty() ? 0 : std::hash<std::string_view>{}(view.host);
      return std::hash<std::string_view>{}(view.path) * 31 + host;
    }
  };
  using Buckets = std::unordered_map<View, std::vector<std::size_t>, Hash>;

  template <class Try>
  void for_each_bucket(std::string_view host, std::string_view path, const Try& try_bucket) const {
    const std::size_t dot = host.find('.');
    const std::string_view wildcard = dot == std::string_view::npos || dot == 0 ? "" : host.substr(dot);
    for_each_path(host, path, has_exact_hosts_, try_bucket);
    for_each_path(wildcard, path, has_wildcards_ && !wildcard.empty(), try_bucket);
    for_each_path("", path, has_any_host_, try_bucket);
  }
  // The path itself, and as a prefix each part of it that ends before a '/' or at its end (threat P23).
  template <class Try>
  void for_each_path(std::string_view host, std::string_view path, bool wanted, const Try& try_bucket) const {
    if (!wanted) return;
    try_bucket(find(exact_, {host, path}));
    for (std::size_t end = path.find('/'); end < path.size(); end = path.find('/', end + 1)) {
      if (end <= longest_prefix_) try_bucket(find(prefixes_, {host, path.substr(0, end)}));
    }
    if (path.size() <= longest_prefix_) try_bucket(find(prefixes_, {host, path}));
  }
  [[nodiscard]] static const std::vector<std::size_t>* find(const Buckets& buckets, const View& view) {
    if (buckets.empty()) return nullptr;
    const auto found = buckets.find(view);
    return found == buckets.end() ? nullptr : &found->second;
  }
  [[nodiscard]] std::vector<std::size_t> patterns_that_match(std::string_view path) const;

  std::vector<Key> keys_;  // what the views below point into
  Buckets exact_;
  Buckets prefixes_;
  std::size_t longest_prefix_ = 0;
  bool has_exact_hosts_ = false;
  bool has_wildcards_ = false;
  bool has_any_host_ = false;
  std::vector<std::size_t> patterns_;  // positions, ascending
  std::unique_ptr<RE2::Set> set_;      // of all patterns; null where there are few
};

}  // namespace lp
