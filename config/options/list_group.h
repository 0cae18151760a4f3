#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/options/option.h"

namespace lp {

// The group of a list in the settings: `list_of` answers that vector, `one` is where a scope names an element of it,
// `index` where an element knows its place from 1, if it does. `shorthand` as in Group.
template <class T, class ListOf>
[[nodiscard]] Group list_group(std::string_view path, std::string_view shorthand, ListOf list_of, T* Scope::*one,
                               int T::*index = nullptr) {
  const auto scope_of = [one](Settings& settings, T& element) {
    Scope scope;
    scope.settings = &settings;
    scope.*one = &element;
    return scope;
  };
  return {path,
          Group::Kind::list,
          shorthand,
          [list_of](Settings& settings) { list_of(settings).clear(); },
          [=](Settings& settings, const std::string&) {
            std::vector<T>& list = list_of(settings);
            T& element = list.emplace_back();
            if (index != nullptr) element.*index = static_cast<int>(list.size());
            return scope_of(settings, element);
          },
          [=](Settings& settings) {
            std::vector<std::pair<std::string, Scope>> all;
            for (T& element : list_of(settings)) all.emplace_back("", scope_of(settings, element));
            return all;
          }};
}

}  // namespace lp
