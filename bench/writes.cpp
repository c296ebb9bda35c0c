// SPDX-License-Identifier: MIT
// 4 KiB writes over and over to places of one cached file: a blocking call each through
// file_stream, from one thread and from four, and through a shared ring 32 at a time, against
// pwrite(2) at the same places. On tmpfs, on the file system of $TMPDIR, and on xfs where it
// mounts: what a file system does with a ring's buffered writes is its own affair (ext4 hands each
// to a worker thread).
#include "support/check.hpp"
#include "support/process.hpp"
#include "support/program.hpp"
#include "support/report.hpp"
#include "support/rings.hpp"
#include "support/sample.hpp"
#include "support/scratch.hpp"

#include <rondo/interop/file_stream.hpp>
#include <rondo/op/write.hpp>
#include <rondo/ring/shared_ring.hpp>

#include <fmt/format.h>

#include <array>
#include <atomic>
#include <barrier>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <fcntl.h>
#include <filesystem>
#include <optional>
#include <string>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

using bench::give_up;

constexpr std::size_t block = 4096;
constexpr std::size_t blocks = 4096; // 16 MiB
constexpr unsigned batch = 32;
constexpr double slice_seconds = 0.15;
constexpr int pairs = 7;

alignas(block) constinit std::array<char, block> text{};

rondo::unique_fd open_file(std::filesystem::path const& directory) {
    rondo::unique_fd fd = bench::owned(
        ::open(directory.c_str(), O_RDWR | O_TMPFILE | O_CLOEXEC, 0600), directory.c_str());
    for (std::size_t i = 0; i < blocks; ++i)
        bench::checked(::pwrite(fd.get(), text.data(), block, static_cast<::off_t>(i * block)),
                       "pwrite");
    return fd;
}

/// Writes in a second, in millions, by `threads` threads; write_some(i) makes `each` of them.
double rate(unsigned threads, unsigned each, auto const& write_some) {
    std::atomic<bool> stop = false;
    std::atomic<std::uint64_t> done = 0;
    std::barrier begin(static_cast<std::ptrdiff_t>(threads) + 1);
    std::vector<std::jthread> crew;
    for (unsigned t = 0; t < threads; ++t)
        crew.emplace_back([&, t] {
            begin.arrive_and_wait();
            std::uint64_t n = 0;
            for (std::uint64_t i = t; !stop.load(std::memory_order_relaxed); i += threads, ++n)
                write_some(i);
            done += n * each;
        });
    begin.arrive_and_wait();
    double const from = bench::wall_seconds();
    std::this_thread::sleep_for(std::chrono::duration<double>(slice_seconds));
    stop = true;
    crew.clear();
    return static_cast<double>(done) / (bench::wall_seconds() - from) / 1e6;
}

std::uint64_t place(std::uint64_t i) { return i % blocks * block; }

void write_plainly(int fd, std::uint64_t i) {
    if (::pwrite(fd, text.data(), block, static_cast<::off_t>(place(i))) !=
        static_cast<::ssize_t>(block)) [[unlikely]]
        give_up("pwrite did not do what it should");
}

void write_batch(rondo::shared_ring& ring, int fd, std::uint64_t i) {
    auto work = ring.reserve(batch).or_throw("rondo::shared_ring::reserve");
    std::array<rondo::ticket<rondo::op::write<>>, batch> tickets;
    for (unsigned k = 0; k < batch; ++k)
        tickets[k] = work.add(
            rondo::op::write{.fd = fd, .from = {text.data(), block}, .at = place(i * batch + k)});
    work.commit().or_throw("rondo::reservation::commit");
    for (auto const& t : tickets)
        if (auto const n = ring.wait(t); !n || *n != block) [[unlikely]]
            give_up("a write of the ring did not do what it should");
}

void measure(bench::report& out, std::string const& name, std::filesystem::path const& directory) {
    auto shared = rondo::shared_ring::create().or_throw("rondo::shared_ring::create");
    auto stream = rondo::file_stream::adopt(shared, open_file(directory)).or_throw("file_stream");
    int const fd = stream.native_handle();
    auto const against_pwrite = [&](std::string what, unsigned threads, double mark,
                                    bench::measurement const& ours) {
        bench::comparison const c = bench::alternate(pairs, ours, [&] {
            return rate(threads, 1, [&](std::uint64_t i) { write_plainly(fd, i); });
        });
        out.add({name + what,
                 c.ours,
                 c.peer,
                 "pwrite",
                 "Mwrite/s",
                 c.ratio,
                 c.spread,
                 {bench::least_ratio(mark)}});
    };
    for (unsigned const threads : {1u, 4u})
        against_pwrite(fmt::format(" file_stream threads {}", threads), threads, 1 / 1.3, [&] {
            return rate(threads, 1, [&](std::uint64_t i) {
                if (auto const n = stream.write_at(text, place(i)); !n || *n != block) [[unlikely]]
                    give_up("a write of file_stream did not do what it should");
            });
        });
    against_pwrite(fmt::format(" ring batch {}", batch), 1, 1 / 4.0, [&] {
        return rate(1, batch, [&](std::uint64_t i) { write_batch(shared, fd, i); });
    });
}

/// An xfs in a file of a scratch directory, mounted there, where that is possible.
class xfs_volume {
public:
    xfs_volume() {
        std::string const image = scratch_.path() / "image";
        std::filesystem::create_directory(path());
        rondo::unique_fd const file =
            bench::owned(::open(image.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600), image.c_str());
        bench::checked(::ftruncate(file.get(), 512 << 20), "ftruncate");
        static_cast<void>(bench::error_output_of({"mkfs.xfs", "-q", image}));
        static_cast<void>(bench::error_output_of({"mount", "-o", "loop", image, path()}));
    }
    xfs_volume(xfs_volume&&) = delete;
    ~xfs_volume() { ::umount2(path().c_str(), MNT_DETACH); }
    [[nodiscard]] std::string path() const { return scratch_.path() / "volume"; }

private:
    bench::scratch scratch_;
};

std::string name_of_file_system(std::filesystem::path const& directory) {
    struct ::statfs about{};
    bench::checked(::statfs(directory.c_str(), &about), directory.c_str());
    switch (about.f_type) {
    case 0xEF53: return "ext4";
    case 0x01021994: return "tmpfs";
    case 0x58465342: return "xfs";
    case 0x9123683E: return "btrfs";
    default: return fmt::format("file system {:x}", about.f_type);
    }
}

} // namespace

int main(int argc, char** argv) {
    return bench::run(argc, argv, "4 KiB writes: rondo's file_stream and ring, and write(2)",
                      [](bench::options const& options) {
                          bench::report out(options.json);
                          std::filesystem::path const memory = "/dev/shm";
                          if (std::filesystem::is_directory(memory))
                              measure(out, name_of_file_system(memory), memory);
                          {
                              bench::scratch const here;
                              measure(out, name_of_file_system(here.path()), here.path());
                          }
                          std::optional<xfs_volume> xfs;
                          try {
                              xfs.emplace();
                          } catch (std::exception const& e) {
                              fmt::print(stderr, "xfs was not measured: {}\n", e.what());
                              return;
                          }
                          measure(out, "xfs", xfs->path());
                      });
}
