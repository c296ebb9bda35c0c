// SPDX-License-Identifier: MIT
#pragma once

// What the server answers: heads, pages for what went wrong, and which part of a file was asked
// for. Pure functions, but for the clock; any thread.

#include <cstdint>
#include <string>
#include <string_view>

namespace web {

/// The bytes of a file that an answer has.
struct part {
    int status = 200; ///< 206: not all of them. 416: the file has none of those asked for.
    std::uint64_t first = 0;
    std::uint64_t size = 0;
};

/// What a Range header says of a file of `size` bytes. A header that makes no sense, or asks for
/// several parts, asks for the whole file.
[[nodiscard]] part choose_part(std::string_view range, std::uint64_t size);

/// By the last of the name's extensions.
[[nodiscard]] std::string_view content_type(std::string_view path);

/// The head of an answer that has a part of a file of `file_size` bytes.
[[nodiscard]] std::string file_head(part const& of, std::uint64_t file_size, std::string_view type,
                                    bool keep_alive);

/// Head and body of an answer that is no file. `head_only`: without the body, whose size the head
/// tells all the same.
[[nodiscard]] std::string page(int status, bool keep_alive, bool head_only = false,
                               std::string_view more_headers = "");

} // namespace web
