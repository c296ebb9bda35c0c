// SPDX-License-Identifier: MIT
#include "response.hpp"

#include <strings.h>

#include <algorithm>
#include <charconv>
#include <ctime>

namespace web {
namespace {

struct named_status {
    int status;
    std::string_view name;
};
constexpr named_status statuses[] = {
    {200, "OK"},
    {206, "Partial Content"},
    {400, "Bad Request"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {416, "Range Not Satisfiable"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
};

struct named_type {
    char const* extension;
    std::string_view type;
};
constexpr named_type types[] = {
    {"css", "text/css"},        {"gif", "image/gif"},      {"htm", "text/html"},
    {"html", "text/html"},      {"ico", "image/x-icon"},   {"jpeg", "image/jpeg"},
    {"jpg", "image/jpeg"},      {"js", "text/javascript"}, {"json", "application/json"},
    {"pdf", "application/pdf"}, {"png", "image/png"},      {"svg", "image/svg+xml"},
    {"txt", "text/plain"},      {"webp", "image/webp"},    {"wasm", "application/wasm"},
};

std::string_view name_of(int status) {
    auto const* const found = std::ranges::find(statuses, status, &named_status::status);
    return found == std::end(statuses) ? "Unknown" : found->name;
}

/// The lines that every answer has, and the empty line.
std::string head(int status, std::uint64_t size, std::string_view type, bool keep_alive,
                 std::string_view more_headers) {
    std::time_t const now = std::time(nullptr);
    std::tm parts{};
    char date[64];
    std::strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", ::gmtime_r(&now, &parts));

    std::string out = "HTTP/1.1 " + std::to_string(status) + ' ';
    out.append(name_of(status)).append("\r\nServer: rondo\r\nDate: ").append(date);
    out.append("\r\nContent-Type: ").append(type);
    out.append("\r\nContent-Length: ").append(std::to_string(size));
    out.append("\r\nConnection: ").append(keep_alive ? "keep-alive" : "close").append("\r\n");
    return out.append(more_headers).append("\r\n");
}

/// The number that all of `text` is. False for anything else.
bool parse(std::string_view text, std::uint64_t& out) {
    auto const end = std::from_chars(text.data(), text.data() + text.size(), out);
    return end.ec == std::errc{} && end.ptr == text.data() + text.size();
}

} // namespace

part choose_part(std::string_view range, std::uint64_t size) {
    part const whole{200, 0, size};
    part const none{416, 0, 0};
    constexpr std::string_view unit = "bytes=";
    std::size_t const dash = range.find('-');
    if (!range.starts_with(unit) || dash == range.npos)
        return whole;
    std::string_view const from = range.substr(unit.size(), dash - unit.size());
    std::string_view const to = range.substr(dash + 1);
    std::uint64_t first = 0, last = 0;
    if (from.empty()) { // the last so many
        if (!parse(to, last))
            return whole;
        std::uint64_t const tail = std::min(last, size);
        return tail == 0 ? none : part{206, size - tail, tail};
    }
    if (!parse(from, first) || (!to.empty() && (!parse(to, last) || last < first)))
        return whole;
    if (first >= size)
        return none;
    std::uint64_t const end = to.empty() || last >= size ? size : last + 1;
    return {206, first, end - first};
}

std::string_view content_type(std::string_view path) {
    std::size_t const dot = path.rfind('.');
    if (dot != path.npos) {
        std::string const extension(path.substr(dot + 1));
        for (named_type const& t : types)
            if (::strcasecmp(t.extension, extension.c_str()) == 0)
                return t.type;
    }
    return "application/octet-stream";
}

std::string file_head(part const& of, std::uint64_t file_size, std::string_view type,
                      bool keep_alive) {
    std::string more = "Accept-Ranges: bytes\r\n";
    if (of.status == 206)
        more += "Content-Range: bytes " + std::to_string(of.first) + '-' +
                std::to_string(of.first + of.size - 1) + '/' + std::to_string(file_size) + "\r\n";
    return head(of.status, of.size, type, keep_alive, more);
}

std::string page(int status, bool keep_alive, bool head_only, std::string_view more_headers) {
    std::string const title = std::to_string(status) + ' ' + std::string(name_of(status));
    std::string const body = "<!doctype html>\n<title>" + title + "</title>\n<h1>" + title +
                             "</h1>\n<p>This is all there is.</p>\n";
    std::string out = head(status, body.size(), "text/html", keep_alive, more_headers);
    if (!head_only)
        out += body;
    return out;
}

} // namespace web
