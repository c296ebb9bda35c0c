// SPDX-License-Identifier: MIT
#pragma once

// The kinds of buffer that operations read into and write from. All borrow: the memory belongs to
// the caller and stays where it is until the operation's final CQE. Value types; any thread.

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace rondo {

/// char, unsigned char, std::byte and their like.
template <class T>
concept byte_like =
    sizeof(T) == 1 && std::is_trivially_copyable_v<T> && !std::is_same_v<std::remove_cv_t<T>, bool>;

/// Something with data() and size() over bytes: span, array, vector, string, string_view.
template <class R>
concept byte_range = requires(R&& r) {
    r.size();
    requires byte_like<std::remove_pointer_t<decltype(r.data())>>;
};

/// A byte_range that may be written to.
template <class R>
concept mutable_byte_range = byte_range<R> && requires(R&& r) {
    requires !std::is_const_v<std::remove_pointer_t<decltype(r.data())>>;
};

/// Memory that an operation writes to. Made from any contiguous range of bytes.
class mutable_bytes {
public:
    constexpr mutable_bytes() noexcept = default;
    mutable_bytes(void* data, std::size_t size) noexcept : data_(data), size_(size) {}
    template <mutable_byte_range R>
    constexpr mutable_bytes(R&& range) noexcept : data_(range.data()), size_(range.size()) {}
    template <byte_like T, std::size_t N>
        requires(!std::is_const_v<T>)
    constexpr mutable_bytes(T (&array)[N]) noexcept : data_(array), size_(N) {}

    [[nodiscard]] constexpr void* data() const noexcept { return data_; }
    [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }
    operator std::span<std::byte>() const noexcept {
        return {static_cast<std::byte*>(data_), size_};
    }

private:
    void* data_ = nullptr;
    std::size_t size_ = 0;
};

/// Memory that an operation reads from. Made from any contiguous range of bytes. A string literal
/// is refused, because its size counts the terminating null: write std::string_view("...").
class const_bytes {
public:
    constexpr const_bytes() noexcept = default;
    const_bytes(void const* data, std::size_t size) noexcept : data_(data), size_(size) {}
    const_bytes(mutable_bytes bytes) noexcept : data_(bytes.data()), size_(bytes.size()) {}
    template <byte_range R>
    constexpr const_bytes(R&& range) noexcept : data_(range.data()), size_(range.size()) {}
    template <byte_like T, std::size_t N>
    constexpr const_bytes(T (&array)[N]) noexcept : data_(array), size_(N) {}
    template <std::size_t N>
    const_bytes(char const (&literal)[N]) = delete;

    [[nodiscard]] constexpr void const* data() const noexcept { return data_; }
    [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }
    operator std::span<std::byte const>() const noexcept {
        return {static_cast<std::byte const*>(data_), size_};
    }

private:
    void const* data_ = nullptr;
    std::size_t size_ = 0;
};

/// Buffers to scatter into or gather from, at most IOV_MAX (1024). The array of iovecs itself must
/// live until the operation is submitted, the buffers until its final CQE.
using iovecs = std::span<::iovec const>;

/// A part of a registered buffer: an address inside it and the buffer's index.
struct registered_bytes {
    void* data = nullptr;
    std::size_t size = 0;    ///< bytes
    std::uint16_t index = 0; ///< of the registered buffer
};

/// Parts of one registered buffer. Lifetimes as for iovecs. Linux 6.15
struct registered_iovecs {
    iovecs parts;
    std::uint16_t index = 0; ///< of the registered buffer
};

} // namespace rondo
