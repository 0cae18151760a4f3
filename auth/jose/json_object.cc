#include "auth/jose/json_object.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace lp {

using nlohmann::json;

JsonObject::JsonObject() = default;
JsonObject::JsonObject(const JsonObject& other)
    : value_(other.value_ ? std::make_unique<json>(*other.value_) : nullptr) {}
JsonObject::JsonObject(JsonObject&& other) noexcept = default;
JsonObject::~JsonObject() = default;

JsonObject& JsonObject::operator=(const JsonObject& other) {
  if (this != &other) value_ = other.value_ ? std::make_unique<json>(*other.value_) : nullptr;
  return *this;
}

JsonObject& JsonObject::operator=(JsonObject&& other) noexcept = default;

JsonObject& JsonObject::operator=(json value) {
  value_ = std::make_unique<json>(std::move(value));
  return *this;
}

JsonObject JsonObject::of(json value) {
  JsonObject made;
  made = std::move(value);
  return made;
}

const json& JsonObject::operator*() const {
  static const json kEmpty = json::object();
  return value_ ? *value_ : kEmpty;
}

json& JsonObject::operator*() {
  if (!value_) value_ = std::make_unique<json>(json::object());
  return *value_;
}

bool JsonObject::operator==(const JsonObject& other) const { return **this == *other; }

}  // namespace lp
