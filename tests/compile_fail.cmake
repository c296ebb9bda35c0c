# Each source must be refused by the compiler; see run_compile_fail.sh for the line at its top.
# Sanitizers change nothing about that.

set(flags ${RONDO_WARNINGS})
list(REMOVE_ITEM flags -Werror)
file(GLOB compile_fail_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/compile_fail/*.cpp)
foreach(source IN LISTS compile_fail_sources)
    cmake_path(GET source STEM name)
    add_test(NAME compile_fail/${name}
        COMMAND bash ${CMAKE_CURRENT_SOURCE_DIR}/run_compile_fail.sh ${source}
            ${CMAKE_CXX_COMPILER} -std=c++23 ${flags} -Werror
            -I${PROJECT_SOURCE_DIR}/include -I${CMAKE_CURRENT_SOURCE_DIR})
    set_tests_properties(compile_fail/${name} PROPERTIES TIMEOUT 60 LABELS compile_fail)
endforeach()
