// SPDX-License-Identifier: MIT
#include "request.hpp"

#include <strings.h>

namespace web {
namespace {

constexpr int go_on = 0;
constexpr int stop = -1; // the parser takes no more of this connection

request_parser& owner(::http_parser* p) { return *static_cast<request_parser*>(p->data); }

int value_of(char digit) {
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    char const lower = static_cast<char>(digit | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// Replaces %41 by A. False for other things behind a % than two digits, and for null bytes, which
/// no path can have.
bool decode(std::string_view text, std::string& out) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '%') {
            int const high = i + 2 < text.size() ? value_of(text[i + 1]) : -1;
            int const low = high >= 0 ? value_of(text[i + 2]) : -1;
            if (low < 0)
                return false;
            c = static_cast<char>(high * 16 + low);
            i += 2;
        }
        if (c == '\0')
            return false;
        out += c;
    }
    return true;
}

/// The status for what the parser itself found wrong.
int status_of(::http_errno code) {
    switch (code) {
    case HPE_INVALID_METHOD: return 501;
    case HPE_HEADER_OVERFLOW: return 431;
    default: return 400;
    }
}

} // namespace

request_parser::request_parser() {
    ::http_parser_set_max_header_size(longest_head);
    ::http_parser_settings_init(&calls_);
    calls_.on_message_begin = [](::http_parser* p) {
        owner(p).begun_ = true;
        return go_on;
    };
    calls_.on_url = [](::http_parser* p, char const* data, std::size_t size) {
        return owner(p).add_target({data, size});
    };
    calls_.on_header_field = [](::http_parser* p, char const* data, std::size_t size) {
        request_parser& self = owner(p);
        if (self.in_value_)
            self.finish_header();
        self.name_.append(data, size);
        return go_on;
    };
    calls_.on_header_value = [](::http_parser* p, char const* data, std::size_t size) {
        owner(p).in_value_ = true;
        owner(p).value_.append(data, size);
        return go_on;
    };
    calls_.on_headers_complete = [](::http_parser* p) { return owner(p).finish_head(); };
    calls_.on_body = [](::http_parser* p, char const*, std::size_t size) {
        return owner(p).add_body(size);
    };
    calls_.on_message_complete = [](::http_parser* p) { return owner(p).finish(); };
    start_over();
}

void request_parser::start_over() {
    ::http_parser_init(&state_, HTTP_REQUEST);
    state_.data = this;
    request_ = {};
    target_.clear();
    name_.clear();
    value_.clear();
    in_value_ = begun_ = at_end_ = false;
    only_part_ = true;
    hosts_ = 0;
    body_ = 0;
}

std::size_t request_parser::feed(std::string_view bytes) {
    std::size_t const taken = ::http_parser_execute(&state_, &calls_, bytes.data(), bytes.size());
    auto const code = static_cast<::http_errno>(state_.http_errno);
    if (code != HPE_OK && code != HPE_PAUSED && !at_end_)
        refuse(status_of(code));
    return taken;
}

int request_parser::refuse(int status) {
    request_.refusal = status;
    request_.keep_alive = false; // where the next request would begin is not known
    begun_ = at_end_ = true;
    return stop;
}

int request_parser::add_target(std::string_view part) {
    target_ += part;
    return target_.size() > longest_target ? refuse(414) : go_on;
}

void request_parser::finish_header() {
    if (::strcasecmp(name_.c_str(), "host") == 0)
        ++hosts_;
    else if (::strcasecmp(name_.c_str(), "range") == 0)
        request_.range = value_;
    else if (::strcasecmp(name_.c_str(), "if-range") == 0)
        only_part_ = false; // no version that it could name was ever given out
    name_.clear();
    value_.clear();
    in_value_ = false;
}

int request_parser::finish_head() {
    finish_header();
    if (state_.http_major != 1)
        return refuse(505);
    if (hosts_ > 1 || (hosts_ == 0 && state_.http_minor != 0))
        return refuse(400);
    bool const served = state_.method == HTTP_GET || state_.method == HTTP_HEAD;
    bool const has_body = (state_.flags & F_CHUNKED) != 0 ||
                          ((state_.flags & F_CONTENTLENGTH) != 0 && state_.content_length != 0);
    if (!served && has_body) // it may be long, and is for nothing
        return refuse(405);
    request_.refusal = served ? 0 : 405;
    request_.head_only = state_.method == HTTP_HEAD;
    request_.keep_alive = ::http_should_keep_alive(&state_) != 0 && state_.upgrade == 0;
    if (!only_part_ || request_.head_only)
        request_.range.clear();
    if (served)
        decode_target();
    return go_on;
}

void request_parser::decode_target() {
    ::http_parser_url parts;
    ::http_parser_url_init(&parts);
    std::string_view path;
    bool const good = ::http_parser_parse_url(target_.data(), target_.size(), 0, &parts) == 0;
    if (good && (parts.field_set & (1 << UF_PATH)) != 0)
        path = std::string_view(target_).substr(parts.field_data[UF_PATH].off,
                                                parts.field_data[UF_PATH].len);
    if (!good || !decode(path, request_.path)) {
        request_.refusal = 400;
        return;
    }
    request_.path.erase(0, request_.path.find_first_not_of('/'));
    if (request_.path.empty() || request_.path.back() == '/')
        request_.path += "index.html";
}

int request_parser::add_body(std::size_t size) {
    body_ += size;
    return body_ > longest_body ? refuse(413) : go_on;
}

int request_parser::finish() {
    at_end_ = true;
    ::http_parser_pause(&state_, 1); // what follows is the next request
    return go_on;
}

} // namespace web
