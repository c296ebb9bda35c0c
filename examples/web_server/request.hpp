// SPDX-License-Identifier: MIT
#pragma once

// What a client asks for, and the parser that makes it out of the bytes that come. The syntax of
// HTTP is http_parser's affair (libhttp-parser-dev); what is asked too much is refused here. One
// thread.

#include <http_parser.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace web {

/// A request whose bytes are all there.
struct request {
    /// The status to refuse it with, or 0: it asks for a file.
    int refusal = 0;
    /// Below the root, decoded, without a slash in front.
    std::string path;
    bool head_only = false;
    /// Of the header of this name; empty: everything.
    std::string range;
    /// Whether another request may follow on the connection.
    bool keep_alive = false;
};

/// See the top of this file. It keeps a bounded part of what it is fed.
class request_parser {
public:
    static constexpr std::size_t longest_target = 2048;  ///< bytes; more: 414
    static constexpr std::size_t longest_head = 16384;   ///< bytes; more: 431
    static constexpr std::size_t longest_body = 1 << 16; ///< bytes, thrown away; more: 413

    request_parser();
    request_parser(request_parser const&) = delete;
    request_parser& operator=(request_parser const&) = delete;

    /// Parses up to the end of the request. Returns how many bytes that took; what is left belongs
    /// to the next one. Not when there is an end already: start_over() first.
    std::size_t feed(std::string_view bytes);
    /// Whether the request is complete, or refused.
    [[nodiscard]] bool at_end() const { return at_end_; }
    /// Whether the request has begun.
    [[nodiscard]] bool begun() const { return begun_; }
    [[nodiscard]] request const& get() const { return request_; }
    /// For the connection's next request.
    void start_over();

private:
    int refuse(int status);
    int add_target(std::string_view part);
    int finish_head();
    int add_body(std::size_t size);
    int finish();
    void finish_header();
    void decode_target();

    ::http_parser state_;
    ::http_parser_settings calls_;
    request request_;
    std::string target_, name_, value_;
    bool in_value_ = false;
    bool only_part_ = true; ///< the range counts: nothing says that it is for another version
    int hosts_ = 0;
    std::size_t body_ = 0;
    bool begun_ = false;
    bool at_end_ = false;
};

} // namespace web
