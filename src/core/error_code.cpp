// SPDX-License-Identifier: MIT
#include <rondo/core/error_code.hpp>
#include <rondo/core/result.hpp>

#include <netdb.h>

#include <string>

namespace rondo {
namespace {

class resolver_category_type final : public std::error_category {
public:
    [[nodiscard]] char const* name() const noexcept override { return "rondo.resolver"; }
    [[nodiscard]] std::string message(int code) const override { return ::gai_strerror(code); }
};

} // namespace

std::error_category const& resolver_category() noexcept {
    static resolver_category_type const category;
    return category;
}

void throw_error(error const& failure, char const* what) {
    // std::system_error adds the errno text at the end.
    error_text const context = failure.context();
    std::string text(what);
    if (!std::string_view(context).empty())
        text.append(": ").append(context);
    throw std::system_error(to_error_code(failure), text);
}

} // namespace rondo
