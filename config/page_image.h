#pragma once
#include <string>
#include <string_view>

#include "base/result.h"

// Pictures that stand in our pages. Pure.
namespace lp {

// The media type by what the bytes are, whatever the file is called: SVG, PNG, JPEG or WebP; empty for anything else.
[[nodiscard]] std::string_view image_type(std::string_view bytes);
// "data:image/png;base64,...". An <img> runs no script of an SVG and loads nothing that it names.
[[nodiscard]] Result<std::string> image_data_uri(std::string_view bytes);

}  // namespace lp
