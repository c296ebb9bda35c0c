// SPDX-License-Identifier: MIT
// Looking up paths, as path_resolution(7) has it.
#include "tree.hpp"

#include <algorithm>
#include <cerrno>
#include <linux/limits.h>
#include <linux/openat2.h>
#include <utility>

namespace rondo::engine::simulation {
namespace {

constexpr int most_links = 40; // as path_resolution(7) says

/// One name of a path.
struct step {
    std::string name;
    bool slash; // after it
    bool last;
};

class walker {
public:
    walker(std::shared_ptr<directory> const& top, std::shared_ptr<directory> from,
           std::string_view path, lookup how)
        : how_(how), root_(has(RESOLVE_BENEATH | RESOLVE_IN_ROOT) ? from : top),
          at_(std::move(from)), rest_(path) {}

    long run(place& out) {
        if (long const wrong = begin(); wrong != 0)
            return wrong;
        for (;;) {
            step now = next();
            if (now.name.empty()) { // nothing but slashes
                out = {at_, {}, ending::top, true, at_};
                return 0;
            }
            std::shared_ptr<node> found;
            if (long const wrong = look_up(now.name, found); wrong != 0)
                return wrong;
            bool const is_link = found && found->type() == S_IFLNK;
            if (is_link && (!now.last || (now.slash ? how_.follow_slash : how_.follow))) {
                if (long const wrong = go_to(static_cast<symbolic_link&>(*found), now.slash);
                    wrong != 0)
                    return wrong;
                continue;
            }
            if (now.last) {
                ending const end = ending_of(now.name);
                out = {at_, std::move(now.name), end, now.slash, std::move(found)};
                return 0;
            }
            if (!found)
                return -ENOENT;
            if (found->type() != S_IFDIR)
                return -ENOTDIR;
            at_ = std::static_pointer_cast<directory>(std::move(found));
        }
    }

private:
    [[nodiscard]] bool has(std::uint64_t resolve) const noexcept {
        return (how_.resolve & resolve) != 0;
    }

    static ending ending_of(std::string const& name) noexcept {
        return name == "." ? ending::dot : name == ".." ? ending::dot_dot : ending::name;
    }

    /// A path, or a link's target, that begins with a slash goes on at the top.
    long begin() noexcept {
        if (!rest_.starts_with('/'))
            return 0;
        if (has(RESOLVE_BENEATH))
            return -EXDEV;
        at_ = root_;
        return 0;
    }

    /// Cuts the next name off what is left.
    step next() {
        rest_.erase(0, rest_.find_first_not_of('/'));
        std::size_t const end = std::min(rest_.find('/'), rest_.size());
        std::string name = rest_.substr(0, end);
        std::size_t const more = std::min(rest_.find_first_not_of('/', end), rest_.size());
        rest_.erase(0, more);
        return {std::move(name), more != end, rest_.empty()};
    }

    long look_up(std::string const& name, std::shared_ptr<node>& found) {
        switch (ending_of(name)) {
        case ending::dot: break;
        case ending::dot_dot:
            if (at_ == root_ && has(RESOLVE_BENEATH))
                return -EXDEV;
            if (at_ != root_)
                at_ = at_->above();
            break;
        default:
            if (name.size() > NAME_MAX && !at_->is_gone()) // there is nothing in that one
                return -ENAMETOOLONG;
            found = at_->find(name);
            return 0;
        }
        found = at_;
        return 0;
    }

    long go_to(symbolic_link const& link, bool slash) {
        if (++links_ > most_links || has(RESOLVE_NO_SYMLINKS))
            return -ELOOP;
        rest_.insert(0, slash ? "/" : "");
        rest_.insert(0, link.target());
        return begin();
    }

    lookup how_;
    std::shared_ptr<directory> root_; // above which there is nothing
    std::shared_ptr<directory> at_;
    std::string rest_;
    int links_ = 0;
};

} // namespace

long tree::walk(std::shared_ptr<directory> const& from, std::string_view path, lookup how,
                place& out) const {
    if (path.empty())
        return -ENOENT;
    if (path.size() >= PATH_MAX)
        return -ENAMETOOLONG;
    return walker(top_, from, path, how).run(out);
}

long tree::find(std::shared_ptr<directory> const& from, std::string_view path, lookup how,
                std::shared_ptr<node>& out) const {
    place at;
    if (long const wrong = walk(from, path, how, at); wrong != 0)
        return wrong;
    if (!at.found)
        return -ENOENT;
    if (at.slash && at.found->type() != S_IFDIR)
        return -ENOTDIR;
    out = std::move(at.found);
    return 0;
}

} // namespace rondo::engine::simulation
