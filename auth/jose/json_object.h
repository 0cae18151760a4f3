#pragma once
#include <memory>
#include <nlohmann/json_fwd.hpp>

namespace lp {

// A JSON object as a member of values that many files carry and few look into: those who only carry it do not read
// nlohmann/json, which would be most of their compile time. Copies are deep. After a move it is empty.
class JsonObject {
 public:
  JsonObject();  // {}
  JsonObject(const JsonObject& other);
  JsonObject(JsonObject&& other) noexcept;
  JsonObject& operator=(const JsonObject& other);
  JsonObject& operator=(JsonObject&& other) noexcept;
  ~JsonObject();
  // Must be an object; no constructor, so that a list in braces is one thing only.
  JsonObject& operator=(nlohmann::json value);
  [[nodiscard]] static JsonObject of(nlohmann::json value);

  [[nodiscard]] const nlohmann::json& operator*() const;
  [[nodiscard]] nlohmann::json& operator*();
  [[nodiscard]] const nlohmann::json* operator->() const { return &**this; }
  [[nodiscard]] nlohmann::json* operator->() { return &**this; }
  [[nodiscard]] bool operator==(const JsonObject& other) const;

 private:
  std::unique_ptr<nlohmann::json> value_;  // null: {}
};

}  // namespace lp
