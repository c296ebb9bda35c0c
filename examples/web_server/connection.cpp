// SPDX-License-Identifier: MIT
#include "connection.hpp"

#include "response.hpp"

#include <rondo/op/read.hpp>
#include <rondo/op/receive.hpp>
#include <rondo/op/send.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <string>

namespace op = rondo::op;

namespace web {
namespace {

/// The page for a file that cannot be opened. EXDEV: it lies outside the root.
int status_of_open(int code) {
    switch (code) {
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
    case ELOOP:
    case EXDEV:
    case ENXIO: return 404;
    case EACCES:
    case EPERM: return 403;
    case EMFILE:
    case ENFILE:
    case ENOMEM: return 503;
    default: return 500;
    }
}

} // namespace

bool connection::finish_step(int result) {
    if (result == -EINTR || result == -EAGAIN) {
        begin(step_);
        return true;
    }
    switch (step_) {
    case step::receiving: return received(result);
    case step::opening: opened(result); return true;
    case step::reading: return was_read(result);
    case step::sending: return was_sent(result);
    case step::lingering: break;
    }
    if (result > 0)
        begin(step::lingering);
    return result > 0;
}

bool connection::is_late(clock::time_point now) {
    if (hurried_)
        return true;
    // While the disk works the client is not to blame.
    if (now < deadline_ || step_ == step::opening || step_ == step::reading)
        return false;
    // Whoever takes a byte now and then does not get more time for each.
    auto const least = site_.slowest * static_cast<std::uint64_t>(site_.patience.count());
    if (step_ != step::sending || sent_ - sent_by_then_ < least)
        return true;
    sent_by_then_ = sent_;
    deadline_ = now + site_.patience;
    return false;
}

/// Queues the operation of a step; the same one again for what is left of it.
void connection::begin(step what) {
    step_ = what;
    bool room = false;
    switch (what) {
    case step::receiving:
    case step::lingering:
        room = site_.ring.push(op::recv{.fd = socket_, .into = input_}, id_);
        break;
    case step::opening: room = site_.ring.push(open_, id_); break;
    case step::reading: {
        std::size_t const size = static_cast<std::size_t>(
            std::min(file_left_, std::uint64_t{output_.size() - output_size_}));
        rondo::mutable_bytes const into(output_.data() + output_size_, size);
        room = site_.ring.push(op::read{.fd = file_, .into = into, .at = file_at_}, id_);
        break;
    }
    case step::sending:
        room = site_.ring.push(op::send{.fd = socket_, .from = unsent_}, id_);
        break;
    }
    if (!room)
        throw std::logic_error("more operations than the ring was made for");
}

void connection::await_request() {
    parser_.start_over();
    deadline_ = clock::now() + site_.patience;
    if (unparsed_.empty())
        begin(step::receiving);
    else
        parse(unparsed_); // the client did not wait for the answer before
}

bool connection::received(int result) {
    if (result > 0) {
        hurried_ = false; // it was in time after all
        parse({input_.data(), static_cast<std::size_t>(result)});
        return true;
    }
    if (result != -ECANCELED || !parser_.begun())
        return false;
    keep_alive_ = false;
    send_page(408);
    return true;
}

void connection::parse(std::string_view bytes) {
    bool const begins = !parser_.begun();
    unparsed_ = bytes.substr(parser_.feed(bytes));
    if (parser_.at_end()) {
        answer();
        return;
    }
    // One deadline for the whole request, however many pieces it comes in.
    if (begins && parser_.begun())
        deadline_ = clock::now() + site_.patience;
    begin(step::receiving);
}

void connection::answer() {
    request const& wanted = parser_.get();
    keep_alive_ = wanted.keep_alive && !site_.stopping;
    if (wanted.refusal != 0) {
        send_page(wanted.refusal);
        return;
    }
    // O_NONBLOCK: a fifo that someone put there does not hold anything up.
    open_ = {.path = wanted.path.c_str(),
             .how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
                     .mode = 0,
                     .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS},
             .directory = site_.root};
    begin(step::opening);
}

void connection::opened(int result) {
    if (result < 0) {
        send_page(status_of_open(-result));
        return;
    }
    file_.reset(result);
    struct ::stat about{};
    if (::fstat(result, &about) != 0)
        send_page(500);
    else if (!S_ISREG(about.st_mode))
        send_page(404);
    else
        send_file(static_cast<std::uint64_t>(about.st_size));
}

void connection::send_file(std::uint64_t file_size) {
    request const& wanted = parser_.get();
    part const which = choose_part(wanted.range, file_size);
    if (which.status == 416) {
        std::string const size = "Content-Range: bytes */" + std::to_string(file_size) + "\r\n";
        begin_answer(page(416, keep_alive_, false, size));
        send_output();
        return;
    }
    begin_answer(file_head(which, file_size, content_type(wanted.path), keep_alive_));
    file_at_ = which.first;
    file_left_ = wanted.head_only ? 0 : which.size;
    if (file_left_ == 0)
        send_output();
    else
        begin(step::reading);
}

bool connection::was_read(int result) {
    if (result <= 0) { // an error, or the file has become shorter than the head says
        if (sent_ == 0)
            send_page(500);
        return sent_ == 0;
    }
    auto const size = static_cast<std::size_t>(result);
    output_size_ += size;
    file_at_ += size;
    file_left_ -= size;
    send_output();
    return true;
}

void connection::send_page(int status) {
    std::string_view const more = status == 405 ? "Allow: GET, HEAD\r\n" : "";
    begin_answer(page(status, keep_alive_, parser_.get().head_only, more));
    send_output();
}

void connection::begin_answer(std::string_view head) {
    output_size_ = head.copy(output_.data(), output_.size());
    file_left_ = 0;
    sent_ = sent_by_then_ = 0;
    deadline_ = clock::now() + site_.patience;
}

void connection::send_output() {
    unsent_ = {output_.data(), output_size_};
    output_size_ = 0;
    was_sent(0);
}

/// Goes on after `result` bytes more were sent.
bool connection::was_sent(int result) {
    if (result < 0)
        return false;
    unsent_.remove_prefix(static_cast<std::size_t>(result));
    sent_ += static_cast<std::size_t>(result);
    if (!unsent_.empty()) {
        begin(step::sending);
        return true;
    }
    if (file_left_ != 0) {
        begin(step::reading);
        return true;
    }
    file_.reset();
    if (keep_alive_ && !site_.stopping)
        await_request();
    else
        linger();
    return true;
}

/// Says that no more comes, and waits for the client to say so, too: closing a socket with unread
/// bytes would reset the connection and might take the answer with it.
void connection::linger() {
    ::shutdown(socket_.get(), SHUT_WR);
    deadline_ = clock::now() + std::min<clock::duration>(site_.patience, std::chrono::seconds(1));
    begin(step::lingering);
}

} // namespace web
