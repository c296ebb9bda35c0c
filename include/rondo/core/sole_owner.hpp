// SPDX-License-Identifier: MIT
#pragma once

// std::unique_ptr for the state of an object that one source knows. Each unique_ptr of another type
// takes the compiler some milliseconds, in every program that includes its header; this does not.

#include <concepts>
#include <utility>

namespace rondo::detail {

/// See the top of this file. `T` may be incomplete where nothing is deleted.
template <class T>
class sole_owner {
public:
    sole_owner() noexcept = default;
    explicit sole_owner(T* what) noexcept : what_(what) {}
    /// From a std::unique_ptr<T>.
    template <class From>
        requires requires(From& from) {
            { from.release() } -> std::same_as<T*>;
        }
    sole_owner(From&& from) noexcept : what_(from.release()) {}
    sole_owner(sole_owner&& other) noexcept : what_(std::exchange(other.what_, nullptr)) {}
    sole_owner& operator=(sole_owner&& other) noexcept {
        if (this != &other)
            delete std::exchange(what_, std::exchange(other.what_, nullptr));
        return *this;
    }
    ~sole_owner() { delete what_; }

    [[nodiscard]] T* get() const noexcept { return what_; }
    [[nodiscard]] T* operator->() const noexcept { return what_; }
    [[nodiscard]] T& operator*() const noexcept { return *what_; }
    [[nodiscard]] bool operator==(decltype(nullptr)) const noexcept { return what_ == nullptr; }
    [[nodiscard]] explicit operator bool() const noexcept { return what_ != nullptr; }

private:
    T* what_ = nullptr;
};

} // namespace rondo::detail
