// SPDX-License-Identifier: MIT
// Extended attributes: xattr(7). There are the namespaces "user." and "trusted.".
#include "file_families.hpp"

#include "tree.hpp"
#include "words.hpp"

#include <fcntl.h>
#include <linux/limits.h>
#include <span>
#include <sys/xattr.h>

namespace rondo::engine::simulation {
namespace {

/// What an attribute's name is, or minus an errno. `missing`: what is said of a kind of file that
/// has no attributes for users.
long check_name(object const& of, std::string_view name, long missing) noexcept {
    constexpr std::string_view user = "user.";
    constexpr std::string_view trusted = "trusted.";
    bool const is_user = name.starts_with(user);
    if (is_user && of.type() != S_IFREG && of.type() != S_IFDIR)
        return missing;
    if (!is_user && !name.starts_with(trusted))
        return -EOPNOTSUPP;
    return name.size() == (is_user ? user : trusted).size() ? -EINVAL : 0;
}

long read_name(long address, std::string& name) {
    long const wrong = read_text(address, XATTR_NAME_MAX + 1, -ERANGE, name);
    return wrong == 0 && name.empty() ? -ERANGE : wrong;
}

/// setxattr(2) with what it is about already found: a[1] and on are the name, the value, its size
/// and the flags.
long set(object& of, std::string_view name, words const& a) {
    if (long const wrong = check_name(of, name, -EPERM); wrong != 0)
        return wrong;
    node* const file = as_node(of);
    if (file == nullptr)
        return -EOPNOTSUPP;
    std::vector<std::byte> value(static_cast<std::size_t>(a[3]));
    get_bytes(a[2], value.data(), value.size());
    return file->set_attribute(name, std::move(value), static_cast<int>(a[4]));
}

long get(object& of, std::string_view name, words const& a) {
    if (long const wrong = check_name(of, name, -ENODATA); wrong != 0)
        return wrong;
    node* const file = as_node(of);
    if (file == nullptr)
        return -EOPNOTSUPP;
    std::vector<std::byte> const* const value = file->attribute(name);
    auto const room = static_cast<std::size_t>(a[3]);
    if (value == nullptr)
        return -ENODATA;
    if (room != 0 && room < value->size())
        return -ERANGE;
    if (room != 0 && !value->empty()) {
        if (is_wild(a[2]))
            return -EFAULT;
        put_bytes(a[2], value->data(), value->size());
    }
    return static_cast<long>(value->size());
}

/// What is wrong with the words themselves.
long check_value(words const& a) noexcept {
    if ((static_cast<int>(a[4]) & ~(XATTR_CREATE | XATTR_REPLACE)) != 0)
        return -EINVAL;
    if (static_cast<std::size_t>(a[3]) > XATTR_SIZE_MAX)
        return -E2BIG;
    return a[3] != 0 && is_wild(a[2]) ? -EFAULT : 0;
}

/// What the first word, a descriptor or a path, names.
long find_file(world& w, long word, bool by_path, std::shared_ptr<object>& out) {
    if (!by_path) {
        std::shared_ptr<open_file> const file = find_usable(w, word);
        if (!file)
            return -EBADF;
        out = file->what;
        return 0;
    }
    std::string path;
    std::shared_ptr<node> found;
    long wrong = read_path(word, false, path);
    if (wrong == 0)
        wrong = w.files().find(w.files().top(), path, {}, found);
    out = std::move(found);
    return wrong;
}

long run(world& w, words const& a, bool sets, bool by_path) {
    std::string name;
    std::shared_ptr<object> of;
    // The kernel copies what it is given before it looks for the file.
    long wrong = sets ? check_value(a) : 0;
    if (wrong == 0)
        wrong = read_name(a[1], name);
    if (wrong == 0)
        wrong = find_file(w, a[0], by_path, of);
    if (wrong != 0)
        return wrong;
    return sets ? set(*of, name, a) : get(*of, name, a);
}

} // namespace

bool attribute_calls(world& w, long number, words const& a, long& answer) noexcept {
    bool const by_path = number == SYS_setxattr || number == SYS_getxattr;
    bool const sets = number == SYS_setxattr || number == SYS_fsetxattr;
    if (!by_path && !sets && number != SYS_fgetxattr)
        return false;
    answer = guarded([&] { return run(w, a, sets, by_path); });
    return true;
}

} // namespace rondo::engine::simulation
