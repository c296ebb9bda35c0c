# One GoogleTest program per folder that holds *_test.cpp files.

file(GLOB suite_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*/*_test.cpp)
set(suites)
foreach(source IN LISTS suite_sources)
    cmake_path(GET source PARENT_PATH folder)
    cmake_path(GET folder FILENAME suite)
    list(APPEND suites ${suite})
    list(APPEND suite_sources_${suite} ${source})
endforeach()
list(REMOVE_DUPLICATES suites)

# These run a second time where io_uring is forbidden, on the emulated engine.
set(suites_of_every_engine coro interop op prevents ring shared threads tools)

# And these a third time on a simulation: without other threads, processes and signals.
set(suites_of_the_simulation matrix/ring_chain.*:matrix/ring_order.*:matrix/ring_overflow.*)
string(APPEND suites_of_the_simulation :matrix/ring_reap.*:matrix/ring_run.*:matrix/ring_streams.*)
string(APPEND suites_of_the_simulation :matrix/ring_submit.*:matrix/ring_wait.*:matrix/ring_wide.*)

# Those that bring a simulation of their own need no second time.
set(of_any_engine *-*coro_property*:*coro_storm*)

# Where no threads meet TSan has nothing to see.
set(suites_of_one_thread core simulated tools unit)
set(tests_of_any_thread *)
if(RONDO_SANITIZE MATCHES thread)
    list(REMOVE_ITEM suites ${suites_of_one_thread})
    set(tests_of_any_thread ${of_any_engine}:*a_loop_in_a_storm*:*timers_model*)
endif()

# Adds the tests of PROGRAM that FILTER names. Each is one of ctest's, in a process of its own; with
# RONDO_GROUP_TESTS, and where a suite runs once more, a few of ctest's hold all of them, since
# processes start slowly, most of all under a sanitizer. TSan must then let children start threads where the emulated engine of their
# parent had some.
function(suite_tests program prefix label filter environment)
    if(NOT RONDO_GROUP_TESTS AND NOT prefix MATCHES /)
        gtest_discover_tests(${program}
            DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
            TEST_PREFIX ${prefix}/ NO_PRETTY_VALUES TEST_FILTER ${filter}
            PROPERTIES TIMEOUT 60 LABELS ${label} ENVIRONMENT "${environment}")
        return()
    endif()
    set(shards 4)
    math(EXPR last "${shards} - 1")
    foreach(shard RANGE ${last})
        add_test(NAME ${prefix}/${shard}
            COMMAND ${program} --gtest_filter=${filter} --gtest_brief=1)
        set_tests_properties(${prefix}/${shard} PROPERTIES TIMEOUT 300 LABELS ${label}
            ENVIRONMENT "GTEST_TOTAL_SHARDS=${shards};GTEST_SHARD_INDEX=${shard};${environment}"
            ENVIRONMENT_MODIFICATION
                TSAN_OPTIONS=string_prepend:die_after_fork=0,)
    endforeach()
endfunction()

foreach(suite IN LISTS suites)
    rondo_program(test_${suite} ${suite_sources_${suite}}
        ${CMAKE_CURRENT_SOURCE_DIR}/support/main.cpp)
    target_link_libraries(test_${suite} PRIVATE test_support)
    if(NOT suite STREQUAL unit) # g++ 12 warns of the library's own strings there
        target_precompile_headers(test_${suite} REUSE_FROM test_support)
    endif()
    if(suite MATCHES "^(coro|prevents)$" AND RONDO_SANITIZE AND
       CMAKE_CXX_COMPILER_ID STREQUAL GNU)
        # g++ 12 takes a frame from the caller's allocator for a mismatch, as promises delete it.
        target_compile_options(test_${suite} PRIVATE -Wno-mismatched-new-delete)
    endif()
    if(suite STREQUAL emulated) # parts of the engine by themselves
        target_include_directories(test_${suite} PRIVATE ${PROJECT_SOURCE_DIR}/src)
    endif()
    if(suite STREQUAL simulated)
        target_include_directories(test_${suite} PRIVATE ${PROJECT_SOURCE_DIR}/src)
        target_link_libraries(test_${suite} PRIVATE rondo::testing)
    endif()
    if(TARGET rondo_tool)
        add_dependencies(test_${suite} rondo_tool)
    endif()
    suite_tests(test_${suite} ${suite} ${suite} ${tests_of_any_thread} "")
    if(suite IN_LIST suites_of_every_engine)
        suite_tests(test_${suite} emulated/${suite} emulated ${of_any_engine}
            RONDO_TEST_WITHOUT_IO_URING=1)
    endif()
    if(suite STREQUAL ring AND NOT RONDO_SANITIZE MATCHES thread)
        suite_tests(test_${suite} simulated/${suite} simulated ${suites_of_the_simulation}
            RONDO_TEST_SIMULATED=1)
    endif()
endforeach()
