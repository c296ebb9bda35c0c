// SPDX-License-Identifier: MIT
#pragma once

// registrar is a ring's way to io_uring_register(2). Tables that outlive a move of the ring (files,
// buffers, buffer rings) hold a counted reference to it; when the ring is closed it answers EBADF.
// One thread: the ring's, but for what its functions say.

#include <rondo/abi/registration.hpp>
#include <rondo/core/result.hpp>
#include <rondo/engine/engine.hpp>

#include <cstdint>
#include <utility>

namespace rondo {

struct buffer_ring_state;

/// Words of a ring that a child process must find zeroed (MADV_WIPEONFORK).
struct ring_guard {
    /// Compared with this_thread_stamp on the fast path of enter: the owner, or one of the below.
    std::uint32_t fast;
    /// The thread that the ring is bound to, 0 for none.
    std::uint32_t owner;
    /// 1, or 0 in a child of fork(2).
    std::uint32_t alive;

    static constexpr std::uint32_t always_slow = ~std::uint32_t{0};
};

/// What this_thread_stamp is before its thread binds a ring. Not 0: that is what a child process
/// finds in a ring_guard.
inline constexpr std::uint32_t unstamped = ~std::uint32_t{1};

/// The kernel's number of this thread once it has bound a ring. A thread-local, because the check
/// of every enter must not cost a system call.
extern constinit thread_local std::uint32_t this_thread_stamp [[gnu::tls_model("initial-exec")]];

/// Sets this_thread_stamp if it is not set, and returns it.
std::uint32_t stamp_this_thread() noexcept;

/// See the top of this file.
class registrar {
public:
    registrar(engine::backend& who, int fd, ring_guard* guard) noexcept
        : backend_(&who), guard_(guard), fd_(fd) {}
    registrar(registrar&&) = delete;
    ~registrar();

    /// io_uring_register(2) on this ring: what it answers, 0 or more. EBADF once the ring is
    /// closed, EEXIST with cause::wrong_thread on another thread than the ring's, ECHILD with
    /// cause::forked in a child process.
    result<std::uint32_t> call(abi::register_op operation, void* arg, std::uint32_t count) noexcept;

    [[nodiscard]] bool is_open() const noexcept { return guard_ != nullptr; }
    [[nodiscard]] engine::backend& backend() const noexcept { return *backend_; }
    /// The ring's descriptor, or -1 when it has only a registered one.
    [[nodiscard]] int fd() const noexcept { return fd_; }
    /// The index of its registered descriptor in its thread's table, or -1.
    [[nodiscard]] int registered_index() const noexcept { return registered_index_; }

    /// `works`: register calls may name the ring by it too (feature::reg_reg_ring, Linux 6.3).
    void set_registered_index(int index, bool works) noexcept {
        registered_index_ = index;
        by_index_ = works;
    }
    void set_closed() noexcept { guard_ = nullptr; }

    /// What is left of a buffer ring that has ended: operations that waited for its buffers may
    /// tell it yet that they got none. It is kept as long as this is, and used again.
    void retire(buffer_ring_state& ended) noexcept;
    /// One that was retired, or null.
    [[nodiscard]] buffer_ring_state* take_retired() noexcept;

    void add_reference() noexcept { __atomic_fetch_add(&references_, 1, __ATOMIC_RELAXED); }
    /// True when it was the last one. Partner of the other holders' decrements: acq_rel.
    [[nodiscard]] bool drop_reference() noexcept {
        return __atomic_sub_fetch(&references_, 1, __ATOMIC_ACQ_REL) == 0;
    }

private:
    engine::backend* backend_;
    ring_guard* guard_;
    buffer_ring_state* retired_ = nullptr;
    int fd_;
    int registered_index_ = -1;
    bool by_index_ = false; // it stays right when somebody closes the descriptor
    std::uint32_t references_ = 1;
};

/// A counted reference to a registrar.
class registrar_ref {
public:
    constexpr registrar_ref() noexcept = default;
    /// Takes over one reference.
    explicit constexpr registrar_ref(registrar* adopted) noexcept : held_(adopted) {}
    registrar_ref(registrar_ref const& other) noexcept : held_(other.held_) {
        if (held_ != nullptr)
            held_->add_reference();
    }
    registrar_ref(registrar_ref&& other) noexcept : held_(std::exchange(other.held_, nullptr)) {}
    registrar_ref& operator=(registrar_ref other) noexcept {
        std::swap(held_, other.held_);
        return *this;
    }
    ~registrar_ref() {
        if (held_ != nullptr && held_->drop_reference())
            delete held_;
    }

    [[nodiscard]] registrar* operator->() const noexcept { return held_; }
    [[nodiscard]] explicit constexpr operator bool() const noexcept { return held_ != nullptr; }

private:
    registrar* held_ = nullptr;
};

} // namespace rondo
