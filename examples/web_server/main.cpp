// SPDX-License-Identifier: MIT
// web_server: serves the files below a folder by HTTP/1.1, all on one ring and one thread.
//
//     web_server [ROOT [PORT [SECONDS]]]     public, 8000 and 10 when not given
//
// Port 0 is any free one; the address is printed. A client has so many seconds to send a request,
// and between two. SIGINT and SIGTERM let the requests that have begun come to their end.
#include "server.hpp"

#include "local_server.hpp"

#include <fcntl.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <utility>

int main(int argc, char** argv) try {
    using namespace local_server;
    char const* const name = argc > 1 ? argv[1] : "public";
    auto const port = number<std::uint16_t>(argc > 2 ? argv[2] : "8000");
    std::chrono::seconds const patience(number<std::uint16_t>(argc > 3 ? argv[3] : "10"));

    auto signals = take_signals();
    rondo::unique_fd root(checked(::open(name, O_PATH | O_DIRECTORY | O_CLOEXEC), name));
    auto listener = listen_on(port);
    auto ring = rondo::ring::create({.entries = web::server::entries}).or_throw("ring");
    web::server(std::move(ring), std::move(listener), std::move(root), std::move(signals), patience)
        .run();
} catch (std::exception const& e) {
    std::fprintf(stderr, "web_server: %s\n", e.what());
    return 1;
}
