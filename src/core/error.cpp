// SPDX-License-Identifier: MIT
#include <rondo/core/error.hpp>

#include <algorithm>
#include <cerrno>
#include <charconv>

namespace rondo {

error error::last(attempt what) noexcept { return error(errno, what); }

error_text& error_text::append(std::string_view more) noexcept {
    std::size_t const room = std::min(more.size(), capacity - size_);
    std::copy_n(more.data(), room, text_ + size_);
    size_ += room;
    text_[size_] = '\0';
    return *this;
}

error_text& error_text::append(std::int64_t number) noexcept {
    char digits[24];
    auto const end = std::to_chars(digits, digits + sizeof digits, number);
    return append(std::string_view(digits, static_cast<std::size_t>(end.ptr - digits)));
}

} // namespace rondo
