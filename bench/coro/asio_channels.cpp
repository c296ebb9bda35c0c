// SPDX-License-Identifier: MIT
// The peer's channels: the one for a single thread where there is one, else the one for many.
#include "channels.hpp"
#include "sides.hpp"

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/experimental/channel.hpp>
#include <asio/experimental/concurrent_channel.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>

#include <thread>

namespace bench::coro {
namespace {

using signature = void(asio::error_code, std::uint64_t);
using own_channel = asio::experimental::channel<signature>;
using shared_channel = asio::experimental::concurrent_channel<signature>;

template <class Channel>
asio::awaitable<void> send_all(Channel& to, std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i)
        co_await to.async_send(asio::error_code(), i, asio::use_awaitable);
}

template <class Channel>
asio::awaitable<void> receive_all(Channel& from, std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i)
        if (co_await from.async_receive(asio::use_awaitable) != i) [[unlikely]]
            give_up("a value of Asio's came out of turn");
}

} // namespace

void pass_through_asio(std::size_t capacity, std::uint64_t count) {
    asio::io_context io(1);
    own_channel through(io, capacity);
    asio::co_spawn(io, receive_all(through, count), asio::detached);
    asio::co_spawn(io, send_all(through, count), asio::detached);
    io.run();
}

void pass_between_contexts(std::size_t capacity, std::uint64_t count) {
    asio::io_context here(1), there(1);
    shared_channel through(here, capacity);
    std::jthread const other([&] {
        asio::co_spawn(there, send_all(through, count), asio::detached);
        there.run();
    });
    asio::co_spawn(here, receive_all(through, count), asio::detached);
    here.run();
}

} // namespace bench::coro
