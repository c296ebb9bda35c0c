// SPDX-License-Identifier: MIT
#include "words.hpp"

#include "tree.hpp"

#include <fcntl.h>
#include <linux/limits.h>

namespace rondo::engine::simulation {

long read_text(long address, std::size_t most, long too_long, std::string& out) {
    if (is_wild(address))
        return -EFAULT;
    out.clear();
    for (long at = address;; ++at) {
        auto const next = get_value<char>(at);
        if (next == 0)
            return 0;
        if (out.size() + 1 == most)
            return too_long;
        out.push_back(next);
    }
}

long read_path(long address, bool may_be_empty, std::string& out) {
    if (long const wrong = read_text(address, PATH_MAX, -ENAMETOOLONG, out); wrong != 0)
        return wrong;
    return out.empty() && !may_be_empty ? -ENOENT : 0;
}

long find_start(world& w, long fd, std::string_view path, std::shared_ptr<directory>& out) {
    if (path.starts_with('/') || static_cast<int>(fd) == AT_FDCWD) {
        out = w.files().top();
        return 0;
    }
    std::shared_ptr<open_file> const file = w.find(static_cast<int>(fd));
    if (!file)
        return -EBADF;
    if (file->what->type() != S_IFDIR)
        return -ENOTDIR;
    out = std::static_pointer_cast<directory>(file->what);
    return 0;
}

std::shared_ptr<open_file> find_usable(world& w, long fd) noexcept {
    std::shared_ptr<open_file> file = w.find(static_cast<int>(fd));
    return file && (file->flags & O_PATH) == 0 ? file : nullptr;
}

node* as_node(object& what) noexcept { return dynamic_cast<node*>(&what); }

} // namespace rondo::engine::simulation
