// SPDX-License-Identifier: MIT
// run:
// A bug that needs an unlucky moment, and a simulated kernel that finds it: docs/testing.md.
#include <rondo/engine/simulated.hpp>
#include <rondo/op/all.hpp>
#include <rondo/ring/ring.hpp>

#include <chrono>
#include <cstdio>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace op = rondo::op;
using namespace std::chrono_literals;

namespace {

enum : std::uint64_t { reading = 1, timing, cancelling, sending };

/// Gets messages from a socket, and gives up after a while.
class mailbox {
public:
    mailbox(rondo::ring& r, int socket, bool careful)
        : ring_(r), socket_(socket), careful_(careful) {}

    /// The bytes that came; 0: nothing in time.
    std::size_t receive(std::span<char> into) {
        op::timeout const limit{.when = 100us};
        push(op::recv{.fd = socket_, .into = into}, reading);
        push(limit, timing);
        int received = wait_for(reading, timing);
        if (last_ == timing) {
            push(op::cancel{op::cancel_match::user_data(reading)}, cancelling);
            received = wait_for(reading, reading);
            // The read may have been faster than its cancel: what came then must not be dropped.
            if (!careful_)
                received = 0;
        } else {
            push(op::cancel{op::cancel_match::user_data(timing)}, cancelling);
            wait_for(timing, timing);
        }
        wait_for(cancelling, cancelling);
        return received > 0 ? static_cast<std::size_t>(received) : 0;
    }

private:
    template <class Op>
    void push(Op const& o, std::uint64_t user_data) {
        seen_[user_data] = false;
        if (!ring_.push(o, user_data))
            throw std::runtime_error("the queue is full");
    }
    /// Until one of both has completed: its result.
    int wait_for(std::uint64_t one, std::uint64_t other) {
        while (!seen_[one] && !seen_[other]) {
            ring_.submit_and_wait(1).or_throw("wait");
            for (rondo::abi::cqe c; ring_.pop(c);) {
                seen_[c.user_data] = true;
                results_[c.user_data] = c.res;
            }
        }
        last_ = seen_[one] ? one : other;
        return results_[last_];
    }

    rondo::ring& ring_;
    int socket_;
    bool careful_;
    bool seen_[8] = {};
    int results_[8] = {};
    std::uint64_t last_ = 0;
};

/// Sends ten messages, and is content when all their bytes have arrived.
bool all_arrive(rondo::testing::simulation& s, bool careful) {
    auto ring = rondo::ring::create({.entries = 16, .backend = &s.backend()}).or_throw("ring");
    auto const ends = s.socket_pair(SOCK_STREAM).or_throw("socket pair");
    mailbox box(ring, ends.second.get(), careful);
    std::size_t sent = 0, received = 0;
    char buffer[64];
    for (int i = 0; i < 10; ++i) {
        std::string_view const text = "a message";
        sent += ring.run(op::send{.fd = ends.first, .from = text}).or_throw("send");
        received += box.receive(buffer);
    }
    for (int misses = 0; received < sent && misses < 10; ++misses)
        received += box.receive(buffer);
    s.note(std::to_string(sent) + " bytes sent, " + std::to_string(received) + " received");
    return received == sent;
}

} // namespace

int main() {
    using rondo::testing::explore;
    using rondo::testing::simulation;

    auto const careless =
        explore({.seed = 1}, 1000, [](simulation& s) { return all_arrive(s, false); });
    std::printf("careless: %s\n", careless.text().c_str());

    auto const careful =
        explore({.seed = 1}, 1000, [](simulation& s) { return all_arrive(s, true); });
    std::printf("careful: %s\n", careful.text().c_str());
    return !careless && careful ? 0 : 1;
}
