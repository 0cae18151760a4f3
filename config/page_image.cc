#include "config/page_image.h"

#include <algorithm>

#include "base/encoding.h"

namespace lp {
namespace {

using namespace std::string_view_literals;

// Its root may stand behind a declaration, a doctype and comments; browsers want the namespace.
bool is_svg(std::string_view bytes) {
  if (bytes.substr(0, 3) == "\xef\xbb\xbf") bytes.remove_prefix(3);
  const std::size_t start = bytes.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos || bytes[start] != '<' || !is_valid_utf8(bytes)) return false;
  const std::size_t root = bytes.find("<svg");
  return root != std::string_view::npos && bytes.find("http://www.w3.org/2000/svg") != std::string_view::npos;
}

}  // namespace

std::string_view image_type(std::string_view bytes) {
  if (bytes.starts_with("\x89PNG\r\n\x1a\n"sv)) return "image/png";
  if (bytes.starts_with("\xff\xd8\xff"sv)) return "image/jpeg";
  if (bytes.starts_with("RIFF"sv) && bytes.size() > 12 && bytes.substr(8, 4) == "WEBP") return "image/webp";
  return is_svg(bytes) ? "image/svg+xml" : "";
}

Result<std::string> image_data_uri(std::string_view bytes) {
  const std::string_view type = image_type(bytes);
  if (type.empty()) return fail("expected an SVG (with its xmlns), PNG, JPEG or WebP picture");
  return "data:" + std::string(type) + ";base64," + base64_encode(bytes);
}

}  // namespace lp
