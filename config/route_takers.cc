#include "config/route_takers.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/one_of.h"
#include "config/path_pattern.h"
#include "config/route_cover.h"

namespace lp {
namespace {

using EarlierRoutes = std::vector<const RouteSettings*>;
using ClientAddress = std::optional<Cidr>;  // nullopt: a client without one, as on a Unix socket

bool may_meet(const PathPattern& a, const PathPattern& b) {
  if (a.kind == PathPattern::Kind::regex || b.kind == PathPattern::Kind::regex) return true;
  return is_below(a.text, b.text) || is_below(b.text, a.text);
}

EarlierRoutes candidates_before(const Settings& settings, const RouteSettings& route) {
  EarlierRoutes found;
  for (const RouteSettings& earlier : settings.routes) {
    if (earlier.index >= route.index) break;
    if (are_asked_together(settings, earlier, route) && may_meet(earlier.path, route.path) &&
        methods_meet(earlier, route) && fields_and_host_cover(earlier, route))
      found.push_back(&earlier);
  }
  return found;
}

// Every method that some route names, and "", which stands for all others.
std::set<std::string> methods_of(const RouteSettings& route, const EarlierRoutes& earlier) {
  if (!route.methods.empty()) return {route.methods.begin(), route.methods.end()};
  std::set<std::string> methods = {""};
  for (const RouteSettings* one : earlier) methods.insert(one->methods.begin(), one->methods.end());
  return methods;
}

Cidr next_behind(const Cidr& range) {
  Cidr next{range.address, 128};
  for (int bit = range.prefix_bits - 1; bit >= 0; --bit) {
    const auto mask = static_cast<std::uint8_t>(0x80U >> (bit % 8));
    next.address[static_cast<std::size_t>(bit / 8)] ^= mask;
    if ((next.address[static_cast<std::size_t>(bit / 8)] & mask) != 0) return next;
  }
  return Cidr{{}, 128};  // it was the last
}

bool comes_from(const RouteSettings& route, const ClientAddress& client) {
  return route.networks.empty() || (client && std::any_of(route.networks.begin(), route.networks.end(),
                                                          [&](const Cidr& range) { return lies_in(*client, range); }));
}

// One client of each kind that networks tell apart: something changes at the beginnings of ranges and behind their
// ends.
std::vector<ClientAddress> clients_of(const RouteSettings& route, const EarlierRoutes& earlier) {
  std::vector<ClientAddress> clients = {std::nullopt, Cidr{{}, 128}};
  const auto add = [&](const RouteSettings& one) {
    for (const Cidr& range : one.networks) {
      clients.emplace_back(Cidr{range.address, 128});
      clients.emplace_back(next_behind(range));
    }
  };
  for (const RouteSettings* one : earlier) add(*one);
  add(route);
  clients.erase(std::remove_if(clients.begin(), clients.end(),
                               [&](const ClientAddress& client) { return !comes_from(route, client); }),
                clients.end());
  return clients;
}

bool has_clients_without_address(const Settings& settings) {
  const auto is_unix = [](const ListenSettings& one) { return one.kind == ListenSettings::Kind::unix_socket; };
  return std::any_of(settings.listen.begin(), settings.listen.end(), is_unix) ||
         std::any_of(settings.forward_auth.listen.begin(), settings.forward_auth.listen.end(), is_unix);
}

// Those of the candidates that a request by this method, from there, would be asked of.
using Askers = std::vector<std::size_t>;

std::set<Askers> askers_of(const Settings& settings, const RouteSettings& route, const EarlierRoutes& earlier) {
  std::set<Askers> groups;
  for (const ClientAddress& client : clients_of(route, earlier)) {
    if (!client && !has_clients_without_address(settings)) continue;
    for (const std::string& method : methods_of(route, earlier)) {
      Askers group;
      for (std::size_t i = 0; i < earlier.size(); ++i) {
        const auto& methods = earlier[i]->methods;
        if ((methods.empty() || is_one_of(method, methods)) && comes_from(*earlier[i], client)) group.push_back(i);
      }
      groups.insert(std::move(group));
    }
  }
  return groups;
}

constexpr std::size_t kMostChoices = 256;

// The same with one value of each condition, in all ways: what takes them may be another route for each.
std::vector<RouteSettings> choices_of(const RouteSettings& route) {
  std::vector<RouteSettings> choices = {route};
  const auto choose = [&](std::vector<FieldCondition> RouteSettings::*conditions, std::size_t which) {
    std::vector<RouteSettings> chosen;
    for (const RouteSettings& choice : choices) {
      for (const TextPattern& value : (choice.*conditions)[which].any_of) {
        chosen.push_back(choice);
        (chosen.back().*conditions)[which].any_of = {value};
      }
    }
    choices = std::move(chosen);
  };
  for (const auto conditions : {&RouteSettings::query, &RouteSettings::headers}) {
    for (std::size_t i = 0; i < (route.*conditions).size(); ++i) {
      if (choices.size() * (route.*conditions)[i].any_of.size() > kMostChoices) return {route};
      choose(conditions, i);
    }
  }
  return choices;
}

Takers takers_of_choice(const Settings& settings, const RouteSettings& route, PathReading reading) {
  Takers found;
  const EarlierRoutes earlier = candidates_before(settings, route);
  if (earlier.empty()) return found;
  const std::set<Askers> groups = askers_of(settings, route, earlier);
  if (groups.empty() || groups.count({}) > 0) return found;
  std::set<std::size_t> takers;
  for (const Askers& group : groups) {
    std::vector<const PathPattern*> paths;
    for (const std::size_t i : group) paths.push_back(&earlier[i]->path);
    const auto here = takers_of(route.path, paths, reading);
    found.is_known = here.has_value();
    if (!here || here->empty()) return found;
    for (const std::size_t i : *here) takers.insert(group[i]);
  }
  for (const std::size_t i : takers) found.all_of.push_back(earlier[i]);
  return found;
}

bool is_earlier(const RouteSettings* a, const RouteSettings* b) { return a->index < b->index; }

}  // namespace

Takers takers_before(const Settings& settings, const RouteSettings& route, PathReading reading) {
  EarlierRoutes takers;
  for (const RouteSettings& choice : choices_of(route)) {
    Takers here = takers_of_choice(settings, choice, reading);
    if (here.all_of.empty()) return here;
    takers.insert(takers.end(), here.all_of.begin(), here.all_of.end());
  }
  std::sort(takers.begin(), takers.end(), is_earlier);
  takers.erase(std::unique(takers.begin(), takers.end()), takers.end());
  return {std::move(takers)};
}

}  // namespace lp
