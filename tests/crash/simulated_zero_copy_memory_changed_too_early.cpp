// SPDX-License-Identifier: MIT
// expect: the memory of operation [0-9]+ \(send_zc on tcp [0-9]+\), a zero-copy send, was changed
#include <rondo/engine/simulated.hpp>
#include <rondo/op/net.hpp>
#include <rondo/op/send.hpp>
#include <rondo/ring/ring.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace op = rondo::op;

int main() {
    rondo::testing::simulation_options options{.seed = 3, .how = rondo::testing::chances::calm()};
    options.how.late_notification = 1;
    auto s = rondo::testing::simulation::create(options).or_throw("simulation");
    auto ring = rondo::ring::create({.entries = 8, .backend = &s.backend()}).or_throw("ring");
    ::sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = htons(80);
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto const* const at = reinterpret_cast<::sockaddr const*>(&name);
    auto const make = [&ring] {
        return ring.run(op::socket<>{.domain = AF_INET, .type = SOCK_STREAM}).or_throw("socket");
    };
    rondo::unique_fd const listener = make(), client = make();
    ring.run(op::bind{.fd = listener, .address = at, .size = sizeof name}).or_throw("bind");
    ring.run(op::listen{.fd = listener}).or_throw("listen");
    ring.run(op::connect{.fd = client, .address = at, .size = sizeof name}).or_throw("connect");
    char bytes[64] = {};
    if (!ring.push(op::send_zc{.fd = client, .from = bytes}, 1))
        return 1;
    ring.submit_and_wait(1).or_throw("send");
    bytes[5] = 'x'; // before the notification
    ring.submit_and_wait(2).or_throw("notification");
}
