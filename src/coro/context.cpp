// SPDX-License-Identifier: MIT
#include <rondo/coro/context.hpp>

#include <rondo/core/assert.hpp>
#include <rondo/coro/scope.hpp>
#include <rondo/coro/sync_wait.hpp>

#include <atomic>
#include <exception>
#include <memory>
#include <mutex>
#include <sched.h>
#include <semaphore>
#include <system_error>
#include <thread>
#include <vector>

namespace rondo {
namespace {

/// Sleeps until it is woken, once for any number of times; a stop does not wake it.
class nap final : work {
public:
    nap() noexcept : work(&resume, functions_of) {}
    void wake(loop& on) noexcept {
        if (!std::exchange(woken_, true) && frame_)
            on.post(*this);
    }
    class awaiter {
    public:
        explicit awaiter(nap& whose) noexcept : nap_(whose) {}
        [[nodiscard]] bool await_ready() const noexcept { return nap_.woken_; }
        void await_suspend(std::coroutine_handle<> frame) const noexcept { nap_.frame_ = frame; }
        void await_resume() const noexcept {
            nap_.woken_ = false;
            nap_.frame_ = nullptr;
        }

    private:
        nap& nap_;
    };
    [[nodiscard]] awaiter in(strand&) noexcept { return awaiter(*this); }

private:
    static void resume(work& w) noexcept { static_cast<nap&>(w).frame_.resume(); }
    static void nothing(work&) noexcept {}
    static constexpr work_functions functions_of{&nothing, "nap"};

    std::coroutine_handle<> frame_;
    bool woken_ = false;
};

std::vector<int> usable_cpus() {
    std::vector<int> out;
    cpu_set_t set;
    if (::sched_getaffinity(0, sizeof set, &set) == 0)
        for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
            if (CPU_ISSET(static_cast<std::size_t>(cpu), &set))
                out.push_back(cpu);
    if (out.empty())
        out.push_back(0);
    return out;
}

/// A thread of a context, with its loop and its tasks.
class worker {
public:
    /// Starts the thread; throws std::system_error.
    worker(context_options const& options, int cpu, std::binary_semaphore& ready,
           void (*failed)(void*) noexcept, void* owner)
        : failed_(failed), owner_(owner),
          thread_([this, &options, cpu, &ready] { run(options, cpu, ready); }) {}
    worker(worker const&) = delete;
    worker& operator=(worker const&) = delete;
    ~worker() { join(); }

    [[nodiscard]] loop& where() noexcept { return *loop_; }
    [[nodiscard]] error why() const noexcept { return failure_; }
    [[nodiscard]] bool send(detail::errand& one) noexcept {
        one.tasks = tasks_;
        return loop_->inbox().post(one);
    }
    void stop() noexcept {
        if (loop_ && !stop_sent_.exchange(true))
            static_cast<void>(loop_->inbox().post(stop_));
    }
    /// Waits until its tasks are over; it goes on taking new ones.
    void wait_until_idle() noexcept {
        if (loop_ && loop_->inbox().post(look_))
            idle_.acquire();
    }
    /// Takes no more, and ends.
    void finish() noexcept {
        if (loop_)
            static_cast<void>(loop_->inbox().post(finish_));
    }
    void join() {
        if (thread_.joinable())
            thread_.join();
    }
    [[nodiscard]] std::exception_ptr take_thrown() noexcept {
        return std::exchange(thrown_, nullptr);
    }

private:
    struct message : inbox_item {
        message(run_function how, worker& whose) noexcept : inbox_item(how), owner(whose) {}
        worker& owner;
    };

    task<result<>> serve(std::binary_semaphore& ready) {
        scope tasks{co_await this_strand()};
        tasks.when_failed(failed_, owner_);
        nap until_finish;
        tasks_ = &tasks;
        nap_ = &until_finish;
        ready.release();
        std::exception_ptr thrown;
        result<> ended;
        while (!finishing_) {
            co_await until_finish;
            try {
                if (auto const joined = co_await tasks.join(); !joined)
                    ended = joined;
            } catch (...) {
                thrown = std::current_exception();
            }
            if (!finishing_)
                idle_.release();
        }
        // What is posted from now on is refused, what was posted before still runs.
        loop_->inbox().close().run();
        result<> const rest = co_await tasks.join();
        if (thrown)
            std::rethrow_exception(thrown);
        co_return ended ? rest : ended;
    }

    void run(context_options const& options, int cpu, std::binary_semaphore& ready) noexcept {
        if (cpu >= 0) {
            cpu_set_t one;
            CPU_ZERO(&one);
            CPU_SET(static_cast<std::size_t>(cpu), &one);
            static_cast<void>(::sched_setaffinity(0, sizeof one, &one));
        }
        auto made = loop::create(options.loop);
        if (!made) {
            failure_ = made.error();
            ready.release();
            return;
        }
        loop_ = std::make_unique<loop>(std::move(*made));
        try {
            if (auto const ended = sync_wait(*loop_, serve(ready)); !ended)
                failure_ = ended.error();
        } catch (...) {
            thrown_ = std::current_exception();
        }
    }

    void (*failed_)(void*) noexcept;
    void* owner_;
    std::unique_ptr<loop> loop_; // until all threads have ended, since each may tell all to stop
    scope* tasks_ = nullptr;
    nap* nap_ = nullptr;
    error failure_;
    std::exception_ptr thrown_;
    std::atomic<bool> stop_sent_ = false;
    bool finishing_ = false;
    std::binary_semaphore idle_{0};
    message stop_{[](inbox_item& m) noexcept { static_cast<message&>(m).owner.tasks_->stop(); },
                  *this};
    message look_{[](inbox_item& m) noexcept {
                      worker& self = static_cast<message&>(m).owner;
                      self.nap_->wake(*self.loop_);
                  },
                  *this};
    message finish_{[](inbox_item& m) noexcept {
                        worker& self = static_cast<message&>(m).owner;
                        self.finishing_ = true;
                        self.nap_->wake(*self.loop_);
                    },
                    *this};
    std::thread thread_; // the last: it uses all of the above
};

} // namespace

struct context::state {
    std::vector<std::unique_ptr<worker>> workers;
    std::atomic<std::size_t> turn = 0;
    std::atomic<std::size_t> spawned = 0;
    std::atomic<std::size_t> sending = 0; // calls of send()
    std::atomic<bool> ended = false;      // nothing more may be spawned
    bool joined = false;

    void stop() noexcept {
        for (auto const& w : workers)
            w->stop();
    }
    static void one_failed(void* self) noexcept { static_cast<state*>(self)->stop(); }
    void start(context_options const& options) {
        std::vector<int> const cpus = usable_cpus();
        std::size_t const n = options.threads != 0 ? options.threads : cpus.size();
        workers.reserve(n);
        for (std::size_t i = 0; i < n; ++i) {
            std::binary_semaphore ready(0);
            workers.push_back(std::make_unique<worker>(
                options, options.pinned ? cpus[i % cpus.size()] : -1, ready, &one_failed, this));
            ready.acquire();
            if (workers.back()->why().code() != 0)
                return;
        }
    }
    bool send(std::size_t thread, detail::errand& one) noexcept {
        ++sending;
        // After that: the partner is end(), which writes the one and then reads the other.
        bool const sent = !ended && (++spawned, workers[thread]->send(one));
        if (--sending == 0 && ended)
            sending.notify_all();
        return sent;
    }
    /// Tasks may send others to any thread until all of them are over.
    void wait_until_idle() {
        for (std::size_t before = ~std::size_t{0}; before != spawned;) {
            before = spawned;
            for (auto const& w : workers)
                w->wait_until_idle();
        }
    }
    /// No thread ends before all tasks are over, those too that others spawned meanwhile.
    void end() {
        wait_until_idle();
        ended = true;
        for (std::size_t n = sending; n != 0; n = sending)
            sending.wait(n);
        wait_until_idle();
        for (auto const& w : workers)
            w->finish();
        for (auto const& w : workers)
            w->join();
        joined = true;
    }
};

void detail::spawn_into(scope& tasks, task<void> t) noexcept { tasks.spawn(std::move(t)); }
void detail::spawn_into(scope& tasks, task<result<void>> t) noexcept { tasks.spawn(std::move(t)); }

context::context(std::unique_ptr<state>&& made) noexcept : state_(std::move(made)) {}
context::context(context&& other) noexcept = default;

result<context> context::create(context_options const& options) noexcept {
    std::unique_ptr<state> made;
    try {
        made = std::make_unique<state>();
        made->start(options);
    } catch (std::system_error const&) {
        if (made)
            made->end();
        return fail(EAGAIN, attempt::allocate);
    } catch (std::bad_alloc const&) {
        if (made)
            made->end();
        return fail(ENOMEM, attempt::allocate);
    }
    error const why = made->workers.back()->why();
    if (why.code() != 0) {
        made->end();
        return fail(why);
    }
    return context(std::move(made));
}

context::~context() {
    if (state_ == nullptr || state_->joined)
        return;
    state_->stop();
    state_->end();
}

std::size_t context::size() const noexcept { return state_->workers.size(); }

loop& context::at(std::size_t thread) const noexcept {
    RONDO_ASSERT(thread < size(), "a context has no such thread");
    return state_->workers[thread]->where();
}

std::size_t context::next() noexcept {
    return state_->turn.fetch_add(1, std::memory_order_relaxed) % size();
}

bool context::send(std::size_t thread, detail::errand& one) noexcept {
    RONDO_ASSERT(thread < size(), "a context has no such thread");
    return state_->send(thread, one);
}

void context::stop() noexcept { state_->stop(); }

result<> context::join() {
    RONDO_ASSERT(!state_->joined, "a context was joined twice");
    state_->end();
    for (auto const& w : state_->workers)
        if (std::exception_ptr thrown = w->take_thrown())
            std::rethrow_exception(std::move(thrown));
    for (auto const& w : state_->workers)
        if (w->why().code() != 0)
            return fail(w->why());
    return {};
}

result<context*> default_context() noexcept {
    static std::mutex making;
    static context* made = nullptr; // tasks may run until the process ends
    std::scoped_lock const lock(making);
    if (made == nullptr) {
        auto one = context::create();
        if (!one)
            return fail(one.error());
        made = new (std::nothrow) context(std::move(*one));
        if (made == nullptr)
            return fail(ENOMEM, attempt::allocate);
    }
    return made;
}

} // namespace rondo
