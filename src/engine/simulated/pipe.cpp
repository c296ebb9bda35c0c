// SPDX-License-Identifier: MIT
#include "pipe.hpp"

#include "guarded.hpp"
#include "world.hpp"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <climits>
#include <fcntl.h>
#include <sys/epoll.h>

namespace rondo::engine::simulation {
namespace {

constexpr std::size_t page = 4096;
static_assert(page == PIPE_BUF);

} // namespace

bool pipe_bytes::is_full() const noexcept { return room() < page; }

void pipe_bytes::drop(std::size_t count) noexcept {
    bool const was_full = is_full();
    queue.drop(count);
    if (was_full && !is_full() && writer != nullptr)
        writer->changed();
}

void pipe_bytes::added() noexcept {
    if (reader != nullptr)
        reader->changed();
}

pipe_end::pipe_end(world& w, std::shared_ptr<pipe_bytes> shared, bool reads) noexcept
    : world_(w), shared_(std::move(shared)), reads_(reads) {
    (reads_ ? shared_->reader : shared_->writer) = this;
}

pipe_end::~pipe_end() { leave(); }

void pipe_end::leave() noexcept {
    pipe_end*& own = reads_ ? shared_->reader : shared_->writer;
    if (own == nullptr)
        return;
    own = nullptr;
    if (pipe_end* const other = reads_ ? shared_->writer : shared_->reader)
        other->changed();
}

void pipe_end::opened(open_file const&) noexcept { ++open_; }

void pipe_end::closed(open_file const&) noexcept {
    if (--open_ == 0)
        leave();
}

std::uint32_t pipe_end::ready(open_file const&) const noexcept {
    if (reads_)
        return (shared_->queue.empty() ? 0u : EPOLLIN | EPOLLRDNORM) |
               (shared_->writer == nullptr ? EPOLLHUP : 0u);
    return (shared_->is_full() ? 0u : EPOLLOUT | EPOLLWRNORM) |
           (shared_->reader == nullptr ? EPOLLERR : 0u);
}

long pipe_end::read(open_file&, parts into, std::int64_t at, int) noexcept {
    if (at != here)
        return -ESPIPE;
    if (!reads_)
        return -EBADF;
    std::size_t const wanted = bytes_of(into);
    if (wanted == 0)
        return 0;
    byte_queue const& queue = shared_->queue;
    if (queue.empty())
        return shared_->writer == nullptr ? 0 : -EAGAIN;
    std::size_t const count = world_.shortened(*this, std::min(wanted, queue.size()));
    queue.peek(into, count);
    shared_->drop(count);
    return static_cast<long>(count);
}

long pipe_end::write(open_file&, parts from, std::int64_t at, int) noexcept {
    if (at != here)
        return -ESPIPE;
    if (reads_)
        return -EBADF;
    std::size_t const wanted = bytes_of(from);
    if (wanted == 0)
        return 0;
    if (shared_->reader == nullptr)
        return -EPIPE;
    bool const whole = wanted <= PIPE_BUF;
    if (whole ? shared_->room() < wanted : shared_->is_full())
        return -EAGAIN;
    std::size_t const count =
        whole ? wanted : world_.shortened(*this, std::min(wanted, shared_->room()));
    return guarded([&] {
        shared_->queue.append(from, count);
        shared_->added();
        return static_cast<long>(count);
    });
}

long pipe_end::readable_bytes() const noexcept { return static_cast<long>(shared_->queue.size()); }

std::pair<std::shared_ptr<object>, std::shared_ptr<object>> make_pipe(world& w) {
    auto const shared = std::make_shared<pipe_bytes>();
    auto reader = w.make<pipe_end>(w, shared, true);
    return {std::move(reader), w.make<pipe_end>(w, shared, false)};
}

long pipe_capacity(open_file& of) noexcept {
    auto* const end = dynamic_cast<pipe_end*>(of.what.get());
    return end == nullptr ? -EBADF : static_cast<long>(end->bytes().capacity);
}

long set_pipe_capacity(open_file& of, long bytes) noexcept {
    auto* const end = dynamic_cast<pipe_end*>(of.what.get());
    if (end == nullptr)
        return -EBADF;
    auto const asked = static_cast<unsigned int>(bytes); // as Linux takes it
    if (asked > 1u << 31)
        return -EINVAL;
    std::size_t const wanted = std::bit_ceil(std::max<std::size_t>(asked, page));
    pipe_bytes& shared = end->bytes();
    if (shared.queue.size() > wanted)
        return -EBUSY;
    bool const was_full = shared.is_full();
    shared.capacity = wanted;
    if (was_full && !shared.is_full() && shared.writer != nullptr)
        shared.writer->changed();
    return static_cast<long>(wanted);
}

} // namespace rondo::engine::simulation
