// SPDX-License-Identifier: MIT
// What a ring costs when the operations cost nothing: nops of ours and of liburing's, by
// instructions and by time, in batches of 1 to 128.
#include "support/program.hpp"
#include "support/report.hpp"
#include "support/rings.hpp"

#include <rondo/op/control.hpp>

#include <fmt/format.h>

#include <cstdint>

namespace {

struct ours : bench::our_ring {
    using our_ring::our_ring;
    [[gnu::always_inline]] bool push(std::uint64_t i) { return native().push(rondo::op::nop{}, i); }
    [[gnu::always_inline]] static bool is_right(std::uint64_t i, std::uint64_t user_data, int) {
        return user_data == i;
    }
};

struct peer : bench::peer_ring {
    using peer_ring::peer_ring;
    [[gnu::always_inline]] bool push(std::uint64_t i) {
        ::io_uring_sqe* const s = ::io_uring_get_sqe(&native());
        if (s == nullptr) [[unlikely]]
            return false;
        ::io_uring_prep_nop(s);
        ::io_uring_sqe_set_data64(s, i);
        return true;
    }
    [[gnu::always_inline]] static bool is_right(std::uint64_t i, std::uint64_t user_data, int) {
        return user_data == i;
    }
};

ours our_same() { return ours(bench::same_setup); }
peer peer_same() { return peer(raw(bench::same_setup), peer::descriptor::registered); }

void count(bench::count_request const& request) {
    if (request.side == "ours") {
        ours side = our_same();
        bench::run_rounds(side, request.batch, request.rounds);
    } else {
        peer side = peer_same();
        bench::run_rounds(side, request.batch, request.rounds);
    }
}

constexpr unsigned batches[] = {1, 8, 32, 128};

void instructions(bench::report& out) {
    for (unsigned const batch : batches) {
        bench::line l =
            bench::compare_instructions(fmt::format("nop batch {} instructions", batch), batch);
        l.marks.push_back(bench::least_ratio(1 / 0.75));
        if (batch == 1)
            l.marks.push_back(bench::most_ours(75));
        if (batch == 128)
            l.marks.push_back(bench::most_ours(36));
        out.add(l);
    }
}

void throughput(bench::report& out) {
    for (unsigned const batch : batches) {
        ours a = our_same();
        peer b = peer_same();
        bench::line l =
            bench::compare_throughput(fmt::format("nop batch {} throughput", batch), a, b, batch);
        l.marks.push_back(bench::least_ratio(1.0));
        out.add(l);
    }
}

/// What users get who ask for nothing in particular.
void default_throughput(bench::report& out) {
    for (unsigned const batch : batches) {
        ours a;
        peer b(0, peer::descriptor::plain);
        bench::line l = bench::compare_throughput(
            fmt::format("nop batch {} default set-ups throughput", batch), a, b, batch);
        if (batch == 1)
            l.marks.push_back(bench::least_ratio(1.2));
        out.add(l);
    }
}

} // namespace

int main(int argc, char** argv) {
    return bench::run(argc, argv, "nops: rondo and liburing", [](bench::options const& options) {
        if (!options.count.side.empty())
            return count(options.count);
        bench::report out(options.json);
        instructions(out);
        throughput(out);
        default_throughput(out);
    });
}
