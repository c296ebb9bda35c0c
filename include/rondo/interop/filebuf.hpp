// SPDX-License-Identifier: MIT
#pragma once

// filebuf: a std::streambuf over a file, to be used as std::filebuf is, with large blocks: what the
// page cache does not have is read ahead through a ring while the block before it is used, and
// blocks that are slow to be written are written through the ring while the next one is filled.
// Where the page cache takes and gives data at once, and for small files, it makes plain system
// calls, which are quicker there. One thread at a time.
//
//     rondo::filebuf file;
//     file.open("log", std::ios::in);
//
// It is for char only: a file is bytes. std::wbuffer_convert makes wide characters of them.

#include <rondo/core/error.hpp>
#include <rondo/core/sole_owner.hpp>

#include <concepts>
#include <cstddef>
#include <ios>
#include <locale>
#include <memory>
#include <streambuf>

namespace rondo {

class shared_ring;

/// See the top of this file. Where it goes beyond std::filebuf or decides what the standard leaves
/// open:
///  - files are opened with O_CLOEXEC, and fifos are waited for whatever signals come;
///  - other programs see what was written when a block is full, at sync(), seeks and close();
///  - a write that fails later shows at the next overflow, sync(), seek or close(); what was not
///    written stays and is tried again, by close() for the last time;
///  - a failed read throws std::ios_base::failure, of which a stream makes badbit;
///  - a locale whose codecvt<char, char> converts is refused: reading throws, writing fails, both
///    with ENOTSUP;
///  - at least the 64 last bytes read can be put back, where so many were read since the last seek.
class filebuf : public std::streambuf {
public:
    /// Uses default_ring(), if it comes to use a ring.
    filebuf() noexcept;
    /// Uses `on`, which outlives this object or its last close(), for all full blocks, whether the
    /// page cache would be quicker or not.
    explicit filebuf(shared_ring& on) noexcept;
    /// `other` is closed afterwards. What the kernel reads or writes stays where it is.
    filebuf(filebuf&& other) noexcept;
    /// Closes what is open here first.
    filebuf& operator=(filebuf&& other) noexcept;
    /// close(); its failure is lost. Waits for what is in flight.
    ~filebuf() override;
    void swap(filebuf& other) noexcept;

    /// Opens a file by the modes of std::filebuf, noreplace among them. Null when it is open
    /// already, for a combination of modes that does not exist, and when open(2) or, for ate,
    /// lseek(2) fails: failure() says why. May throw std::bad_alloc.
    filebuf* open(char const* path, std::ios_base::openmode mode);
    /// The same for what has a path as c_str(): std::string, std::filesystem::path.
    template <class Path>
        requires requires(Path const& p) {
            { p.c_str() } -> std::same_as<char const*>;
        }
    filebuf* open(Path const& path, std::ios_base::openmode mode) {
        return open(path.c_str(), mode);
    }
    [[nodiscard]] bool is_open() const noexcept;
    /// Writes what is left, waits for what is in flight, closes. Null when anything of that failed,
    /// or nothing was open; it is closed all the same.
    filebuf* close();

    /// What went wrong last, since the interface of the standard can only say that something did;
    /// no failure after a successful open().
    [[nodiscard]] error failure() const noexcept;

protected:
    int_type underflow() override;
    int_type pbackfail(int_type c = traits_type::eof()) override;
    int_type overflow(int_type c = traits_type::eof()) override;
    std::streamsize showmanyc() override;
    std::streamsize xsgetn(char* to, std::streamsize size) override;
    std::streamsize xsputn(char const* from, std::streamsize size) override;
    /// Before open(): (nullptr, 0) turns buffering off; otherwise the file goes by this memory, in
    /// plain calls of that size, until this object ends or the memory is replaced. Ignored while
    /// the file is open.
    std::streambuf* setbuf(char* memory, std::streamsize size) override;
    /// A seek forgets what was read, and writes what was not written; so does asking for the
    /// position in app mode, since nobody knows it before.
    pos_type seekoff(off_type offset, std::ios_base::seekdir from,
                     std::ios_base::openmode which = std::ios_base::in |
                                                     std::ios_base::out) override;
    pos_type seekpos(pos_type place, std::ios_base::openmode which = std::ios_base::in |
                                                                     std::ios_base::out) override;
    int sync() override;
    void imbue(std::locale const& locale) override;

private:
    struct state;

    state& made_state();
    [[nodiscard]] bool can_read() const noexcept;
    [[nodiscard]] bool can_write() const noexcept;
    [[noreturn]] void fail_to_read(error const& e);
    bool note(error const& e) noexcept;
    void end_putback() noexcept;
    bool begin_writing();
    bool write_out();
    bool end_writing();
    bool begin_reading();
    std::size_t read_directly(char* to, std::size_t size);
    pos_type tell();
    pos_type move_to(off_type offset, int whence);
    void forget_areas() noexcept;

    shared_ring* ring_ = nullptr; // null: default_ring()
    detail::sole_owner<state> state_;
};

inline void swap(filebuf& a, filebuf& b) noexcept { a.swap(b); }

} // namespace rondo
