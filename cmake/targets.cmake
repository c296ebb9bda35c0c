# What every target of ours has in common: its sources by pattern, warnings, sanitizers.

set(RONDO_WARNINGS
    -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wunused-result)
if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
    list(APPEND RONDO_WARNINGS -Wthread-safety)
elseif(RONDO_SANITIZE)
    # GCC's flow analysis reports the sanitizers' own instrumentation here.
    list(APPEND RONDO_WARNINGS -Wno-maybe-uninitialized)
endif()
if(RONDO_WERROR)
    list(APPEND RONDO_WARNINGS -Werror)
endif()

if(RONDO_SANITIZE)
    add_compile_options(-fsanitize=${RONDO_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${RONDO_SANITIZE})
endif()

# Sets OUT to the sources that the patterns match, or to one empty source while there are none.
function(rondo_sources out)
    file(GLOB sources CONFIGURE_DEPENDS ${ARGN})
    if(NOT sources)
        set(sources ${CMAKE_CURRENT_BINARY_DIR}/${out}.cpp)
        file(CONFIGURE OUTPUT ${sources} CONTENT "")
    endif()
    set(${out} ${sources} PARENT_SCOPE)
endfunction()

function(rondo_warnings target)
    target_compile_options(${target} PRIVATE ${RONDO_WARNINGS})
endfunction()

# An executable of ours that uses the library.
function(rondo_program target)
    add_executable(${target} ${ARGN})
    target_link_libraries(${target} PRIVATE rondo::rondo)
    rondo_warnings(${target})
endfunction()

# With RONDO_PRECOMPILE the standard headers that most of our sources need are read once for each
# target. Builds without it tell when an include is missing.
function(rondo_precompiled target)
    if(RONDO_PRECOMPILE)
        target_precompile_headers(${target} PRIVATE ${ARGN}
            <algorithm> <array> <atomic> <cerrno> <chrono> <cstring> <deque> <functional> <map>
            <memory> <mutex> <new> <optional> <span> <string> <string_view> <utility> <vector>)
    endif()
endfunction()
