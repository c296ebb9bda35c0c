// SPDX-License-Identifier: MIT
#pragma once

// ifstream, ofstream and fstream: the standard's file streams over rondo::filebuf, for char. What
// they do and say is what std::ifstream, std::ofstream and std::fstream do and say; rdbuf()->
// failure() tells why something failed. One thread at a time.
//
//     rondo::ifstream in("numbers");
//     for (int n; in >> n;)
//         sum += n;

#include <rondo/interop/filebuf.hpp>

#include <concepts>
#include <istream>
#include <ostream>
#include <utility>

namespace rondo {

/// What a stream can be opened by: char const*, std::string, std::filesystem::path.
template <class Path>
concept stream_path = std::convertible_to<Path const&, char const*> || requires(Path const& p) {
    { p.c_str() } -> std::same_as<char const*>;
};

/// A file stream: `Stream` over a filebuf of its own, opened with `Default` where no mode is given
/// and always with `Always` too. To be used as ifstream, ofstream and fstream.
template <class Stream, std::ios_base::openmode Default, std::ios_base::openmode Always>
class file_iostream : public Stream {
public:
    /// Not open; uses default_ring(), if it comes to use a ring.
    file_iostream() : Stream(nullptr) { this->Stream::rdbuf(&buffer_); }
    /// Not open; `on` outlives this object.
    explicit file_iostream(shared_ring& on) : Stream(nullptr), buffer_(on) {
        this->Stream::rdbuf(&buffer_);
    }
    /// Opens as open() does: failbit when it fails.
    template <stream_path Path>
    explicit file_iostream(Path const& path, std::ios_base::openmode mode = Default)
        : file_iostream() {
        open(path, mode);
    }
    template <stream_path Path>
    explicit file_iostream(shared_ring& on, Path const& path,
                           std::ios_base::openmode mode = Default)
        : file_iostream(on) {
        open(path, mode);
    }
    file_iostream(file_iostream&& other) noexcept
        : Stream(static_cast<Stream&&>(other)), buffer_(std::move(other.buffer_)) {
        this->set_rdbuf(&buffer_);
    }
    file_iostream& operator=(file_iostream&& other) noexcept {
        Stream::operator=(static_cast<Stream&&>(other));
        buffer_ = std::move(other.buffer_);
        return *this;
    }
    void swap(file_iostream& other) noexcept {
        Stream::swap(other);
        buffer_.swap(other.buffer_);
    }

    /// The stream's own filebuf, whatever Stream::rdbuf(p) has put in its place.
    [[nodiscard]] filebuf* rdbuf() const noexcept { return const_cast<filebuf*>(&buffer_); }
    [[nodiscard]] bool is_open() const noexcept { return buffer_.is_open(); }
    /// filebuf::open(); goodbit when it succeeds, failbit when it fails.
    template <stream_path Path>
    void open(Path const& path, std::ios_base::openmode mode = Default) {
        if (buffer_.open(path, mode | Always) != nullptr)
            this->clear();
        else
            this->setstate(std::ios_base::failbit);
    }
    /// filebuf::close(); failbit when it fails.
    void close() {
        if (buffer_.close() == nullptr)
            this->setstate(std::ios_base::failbit);
    }

private:
    filebuf buffer_;
};

template <class Stream, std::ios_base::openmode Default, std::ios_base::openmode Always>
void swap(file_iostream<Stream, Default, Always>& a,
          file_iostream<Stream, Default, Always>& b) noexcept {
    a.swap(b);
}

/// Reads a file.
using ifstream = file_iostream<std::istream, std::ios_base::in, std::ios_base::in>;
/// Writes a file, which it makes or empties unless the mode says otherwise.
using ofstream = file_iostream<std::ostream, std::ios_base::out, std::ios_base::out>;
/// Reads and writes a file that exists, unless the mode says otherwise.
using fstream =
    file_iostream<std::iostream, std::ios_base::in | std::ios_base::out, std::ios_base::openmode{}>;

extern template class file_iostream<std::istream, std::ios_base::in, std::ios_base::in>;
extern template class file_iostream<std::ostream, std::ios_base::out, std::ios_base::out>;
extern template class file_iostream<std::iostream, std::ios_base::in | std::ios_base::out,
                                    std::ios_base::openmode{}>;

} // namespace rondo
