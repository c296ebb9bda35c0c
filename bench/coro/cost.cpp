// SPDX-License-Identifier: MIT
// What callgrind counts: one side, one kind of operation, so many rounds of 32.
//     cost tasks|ring|asio nop|read ROUNDS FILE
#include "asio.hpp"
#include "sides.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <string_view>
#include <unistd.h>

int main(int argc, char** argv) {
    using namespace bench::coro;
    if (argc != 5)
        give_up("cost tasks|ring|asio nop|read ROUNDS FILE");
    std::string_view const side = argv[1];
    kind const what = std::string_view(argv[2]) == "nop" ? kind::nop : kind::read;
    std::uint64_t const rounds = std::strtoull(argv[3], nullptr, 10);
    desk const d{.fd = ::open(argv[4], O_RDONLY | O_CLOEXEC)};
    // A page that is not cached would be read by a worker of the kernel's.
    if (d.fd < 0 || ::pread(d.fd, d.buffers->data(), d.buffers->size(), 0) !=
                        static_cast<::ssize_t>(d.buffers->size()))
        give_up("the file cannot be read");
    if (side == "tasks")
        task_side().run(what, d, rounds);
    else if (side == "ring")
        ring_side().run(what, d, rounds);
    else
        asio_side().run(what, d, rounds);
}
