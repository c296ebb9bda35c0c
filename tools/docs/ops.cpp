// SPDX-License-Identifier: MIT

// Prints docs/ops.md: every operation of rondo::op::all with what its own description says of it.

#include <rondo/abi/names.hpp>
#include <rondo/op/all.hpp>

#include <fmt/format.h>

#include <array>
#include <cctype>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cxxabi.h>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <utility>

namespace {

namespace abi = rondo::abi;
namespace op = rondo::op;

/// One header of operations.
template <class List>
struct chapter {
    char const* title;
    char const* header;
    List list;
};
template <class List>
chapter(char const*, char const*, List) -> chapter<List>;

template <class Visit>
constexpr auto with_chapters(Visit visit) {
    return visit(
        chapter{"Rings and their tables", "control", op::control_operations{}},
        chapter{"Files: data", "file", op::file_operations{}},
        chapter{"Files: names and attributes", "fs", op::fs_operations{}},
        chapter{"Files: pipes", "splice", op::splice_operations{}},
        chapter{"Sockets", "net", op::net_operations{}},
        chapter{"Sending", "send", op::send_operations{}},
        chapter{"Receiving", "receive", op::receive_operations{}},
        chapter{"Messages of sockets", "message", op::message_operations{}},
        chapter{"Readiness", "poll", op::poll_operations{}},
        chapter{"Time", "time", op::time_operations{}},
        chapter{"Cancelling", "cancel", op::cancel_operations{}},
        chapter{"Futexes", "futex", op::futex_operations{}},
        chapter{"Processes", "process", op::process_operations{}},
        chapter{"Messages from ring to ring", "ring_message", op::ring_message_operations{}},
        chapter{"Commands of drivers", "command", op::command_operations{}});
}

static_assert(with_chapters([]<class... Lists>(chapter<Lists>...) {
                  return std::is_same_v<op::join<Lists...>, op::all>;
              }),
              "the chapters are those of op::all, in its order");

std::string replaced(std::string text, std::string_view what, std::string_view with) {
    for (std::size_t at = 0; (at = text.find(what, at)) != text.npos; at += with.size())
        text.replace(at, what.size(), with);
    return text;
}

/// The type as one writes it in rondo::op.
template <class Op>
std::string name_of() {
    std::unique_ptr<char, void (*)(void*)> const full(
        ::abi::__cxa_demangle(typeid(Op).name(), nullptr, nullptr, nullptr), std::free);
    std::string name = full == nullptr ? typeid(Op).name() : full.get();
    name = replaced(name, "std::span<iovec const, 18446744073709551615ul>", "iovecs");
    name = replaced(name, "unsigned int", "std::uint32_t");
    name = replaced(name, " >", ">");
    name = replaced(name, "rondo::op::", "");
    return replaced(name, "rondo::", "");
}

template <class Op>
std::string marks_of() {
    constexpr std::array marks{
        std::pair{op::is_stream<Op>, "stream"},
        std::pair{op::is_zero_copy<Op>, "zero-copy"},
        std::pair{op::is_pinned<Op>, "pinned"},
        std::pair{op::is_restartable<Op>, "restartable"},
        std::pair{op::is_chain_only<Op>, "in chains only"},
        std::pair{op::is_wide<Op>, "128-byte SQE"},
        std::pair{op::wants_cqe32<Op>, "32-byte CQE"},
    };
    std::string out;
    for (auto const& [marked, text] : marks)
        if (marked)
            out += (out.empty() ? "" : ", ") + std::string(text);
    return out;
}

std::string upper(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return out;
}

template <class Op>
void print_row() {
    constexpr op::about facts = Op::facts;
    auto const code = static_cast<std::size_t>(static_cast<abi::opcode>(Op::code));
    fmt::print("| `{}` | {} | {} | {} | {} | {} |\n", name_of<Op>(),
               upper(abi::opcodes()[code].name), facts.since, facts.man, facts.value,
               marks_of<Op>());
}

template <class List>
void print_chapter(chapter<List> const& c) {
    fmt::print("\n## {}\n\n`#include <rondo/op/{}.hpp>`\n\n"
               "| operation | opcode | since Linux | manual page | value | marks |\n"
               "|---|---|---|---|---|---|\n",
               c.title, c.header);
    op::for_each_operation(c.list, []<class Op>() { print_row<Op>(); });
}

constexpr char const* introduction = R"(# Operations

Generated from the operations' own descriptions by `./dev docs`; do not edit.

All are in namespace `rondo::op` and are written as aggregates, `op::read{.fd = f, .into = buffer}`;
the argument in angle brackets follows from the types of the fields. The value is what success
means; failure is a `rondo::error`. The marks:

- **stream**: completes many times and is over at the CQE without `F_MORE`.
- **zero-copy**: a second CQE, with `F_NOTIF`, says that the kernel has let go of the memory.
- **pinned**: the SQE points into the operation, which must stay where it is until it is submitted.
- **restartable**: `EINTR` means that it may simply be run again, and `ring::run` does so.
- **in chains only**: has a meaning only behind another operation in `op::link`.
- **128-byte SQE**, **32-byte CQE**: needs a ring that has them.
)";

} // namespace

int main() {
    std::fputs(introduction, stdout);
    with_chapters([](auto const&... chapters) {
        (print_chapter(chapters), ...);
        return true;
    });
    return std::fflush(stdout) == 0 && std::ferror(stdout) == 0 ? 0 : 1;
}
