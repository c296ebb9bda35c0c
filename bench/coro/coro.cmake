# What bench_coro has besides its own source: the peer, and programs for callgrind.

find_path(ASIO_INCLUDE_DIR asio.hpp REQUIRED)
set(coro_dir ${CMAKE_CURRENT_SOURCE_DIR}/coro)
set(asio_definitions ASIO_STANDALONE ASIO_HAS_CO_AWAIT ASIO_HAS_STD_COROUTINE
    ASIO_HAS_IO_URING ASIO_DISABLE_EPOLL)

# Others' headers in it make warnings of their own, so it is compiled without ours.
add_library(bench_coro_asio STATIC ${coro_dir}/asio.cpp ${coro_dir}/asio_channels.cpp)
target_include_directories(bench_coro_asio SYSTEM PRIVATE ${ASIO_INCLUDE_DIR})
target_compile_definitions(bench_coro_asio PRIVATE ${asio_definitions})
target_compile_options(bench_coro_asio PRIVATE -w)
target_link_libraries(bench_coro_asio PUBLIC rondo::rondo ${LIBURING_ARCHIVE})

rondo_program(bench_coro_cost ${coro_dir}/cost.cpp)
target_link_libraries(bench_coro_cost PRIVATE bench_coro_asio)

target_sources(bench_coro PRIVATE ${coro_dir}/allocations.cpp ${coro_dir}/channels.cpp
    ${coro_dir}/instructions.cpp ${coro_dir}/ours.cpp)
target_link_libraries(bench_coro PRIVATE bench_coro_asio)
target_compile_definitions(bench_coro PRIVATE CORO_COST="$<TARGET_FILE:bench_coro_cost>")
add_dependencies(bench_coro bench_coro_cost)

find_program(BENCH_CLANG clang++-19)
if(BENCH_CLANG)
    # What runs in every turn of a loop is compiled with it, the rest is the library's.
    file(GLOB turn_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/loop/*.cpp
        ${PROJECT_SOURCE_DIR}/src/coro/*.cpp)
    foreach(part ring enter reap submission_queue completion_queue)
        list(APPEND turn_sources ${PROJECT_SOURCE_DIR}/src/ring/${part}.cpp)
    endforeach()
    file(GLOB_RECURSE headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/*.hpp)
    list(TRANSFORM asio_definitions PREPEND -D)
    set(cost_clang ${CMAKE_CURRENT_BINARY_DIR}/coro_cost_clang)
    add_custom_command(OUTPUT ${cost_clang}
        COMMAND ${BENCH_CLANG} -std=c++23 -O3 -DNDEBUG -w ${asio_definitions}
            -I ${PROJECT_SOURCE_DIR}/include -I ${PROJECT_SOURCE_DIR}/src -I ${ASIO_INCLUDE_DIR}
            ${coro_dir}/cost.cpp ${coro_dir}/asio.cpp ${turn_sources}
            $<TARGET_FILE:rondo> ${LIBURING_ARCHIVE} -o ${cost_clang}
        DEPENDS rondo ${coro_dir}/cost.cpp ${coro_dir}/asio.cpp ${coro_dir}/asio.hpp
            ${coro_dir}/sides.hpp ${turn_sources} ${headers}
        VERBATIM)
    add_custom_target(bench_coro_cost_clang DEPENDS ${cost_clang})
    add_dependencies(bench_coro bench_coro_cost_clang)
    target_compile_definitions(bench_coro PRIVATE CORO_COST_CLANG="${cost_clang}")
endif()
