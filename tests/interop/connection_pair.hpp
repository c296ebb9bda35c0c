// SPDX-License-Identifier: MIT
#pragma once

// What tests of connections start from: the two ends of one, over every kind of network, and calls
// that wait in a thread of their own. One thread per fixture.

#include <rondo/core/fd.hpp>
#include <rondo/interop/connection.hpp>
#include <rondo/interop/default_ring.hpp>
#include <rondo/interop/listener.hpp>

#include <support/ring_test.hpp>
#include <support/sockets.hpp>
#include <support/temporary_directory.hpp>

#include <gtest/gtest.h>

#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <future>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

namespace rondo::test {

using namespace std::chrono_literals;

/// A network, and an address on it that is free.
struct place {
    char const* network;
    char const* address; ///< "path": a file of the test's own
};
inline void PrintTo(place const& p, std::ostream* out) { *out << p.network << ' ' << p.address; }

inline constexpr place stream_places[] = {
    {"tcp", "127.0.0.1:0"}, {"tcp", "localhost:0"}, {"tcp", ":0"}, {"tcp4", ":0"},
    {"tcp6", "[::1]:0"},    {"unix", "path"},       {"unix", "@"},
};

/// The two ends of a connection.
struct connection_pair {
    connection here;
    connection there;
};

inline connection_pair connected(listener& to) {
    endpoint const at = to.local_address().or_throw("local_address");
    // All addresses are listened on, but one of them must be connected to.
    std::string const address = at.host() == "::" || at.host() == "0.0.0.0"
                                    ? ":" + std::to_string(at.port())
                                    : at.to_string();
    auto here =
        connection::connect(at.network() == "tcp" && at.family() == AF_INET ? "tcp4" : at.network(),
                            address)
            .or_throw("connect");
    return {std::move(here), to.accept().or_throw("accept")};
}

inline connection_pair connected(std::string_view network = "tcp",
                                 std::string_view address = "127.0.0.1:0") {
    listener server = listener::listen(network, address).or_throw("listen");
    return connected(server);
}

/// Runs a call in a thread, and returns when it waits for something on that ring.
template <class Call>
auto in_thread(Call call, shared_ring& on = *default_ring().or_throw("default_ring")) {
    std::uint64_t const before = on.statistics().in_flight;
    std::future<decltype(call())> out = std::async(std::launch::async, std::move(call));
    auto const patience = std::chrono::steady_clock::now() + 10s;
    while (on.statistics().in_flight <= before) {
        if (std::chrono::steady_clock::now() > patience ||
            out.wait_for(1ms) == std::future_status::ready) {
            ADD_FAILURE() << "the call did not wait";
            break;
        }
    }
    return out;
}

/// What a call in a thread returns, within ten seconds.
template <class T>
T outcome_of(std::future<T>& call) {
    if (call.wait_for(10s) != std::future_status::ready) {
        ADD_FAILURE() << "the call was not woken";
        std::abort();
    }
    return call.get();
}

/// Fails the test unless this takes less than two seconds: nothing here should wait that long.
class quickly {
public:
    quickly() = default;
    quickly(quickly&&) = delete;
    ~quickly() { EXPECT_LT(std::chrono::steady_clock::now() - start_, 2s); }

private:
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

} // namespace rondo::test
