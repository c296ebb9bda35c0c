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
set(suites_of_every_engine interop op ring threads tools)

# And these a third time on a simulation: without other threads, processes and signals.
set(suites_of_the_simulation matrix/ring_chain.*:matrix/ring_order.*:matrix/ring_overflow.*)
string(APPEND suites_of_the_simulation :matrix/ring_reap.*:matrix/ring_run.*:matrix/ring_streams.*)
string(APPEND suites_of_the_simulation :matrix/ring_submit.*:matrix/ring_wait.*:matrix/ring_wide.*)

foreach(suite IN LISTS suites)
    rondo_program(test_${suite} ${suite_sources_${suite}}
        ${CMAKE_CURRENT_SOURCE_DIR}/support/main.cpp)
    target_link_libraries(test_${suite} PRIVATE test_support)
    if(NOT suite STREQUAL unit) # g++ 12 warns of the library's own strings there
        target_precompile_headers(test_${suite} REUSE_FROM test_support)
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
    gtest_discover_tests(test_${suite}
        DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
        TEST_PREFIX ${suite}/ NO_PRETTY_VALUES
        PROPERTIES TIMEOUT 60 LABELS ${suite})
    if(suite IN_LIST suites_of_every_engine)
        gtest_discover_tests(test_${suite}
            DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
            TEST_PREFIX emulated/${suite}/ NO_PRETTY_VALUES TEST_LIST emulated_${suite}
            PROPERTIES TIMEOUT 60 LABELS emulated
                ENVIRONMENT RONDO_TEST_WITHOUT_IO_URING=1)
    endif()
    if(suite STREQUAL ring)
        gtest_discover_tests(test_${suite}
            DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
            TEST_PREFIX simulated/${suite}/ NO_PRETTY_VALUES TEST_LIST simulated_${suite}
            TEST_FILTER ${suites_of_the_simulation}
            PROPERTIES TIMEOUT 60 LABELS simulated ENVIRONMENT RONDO_TEST_SIMULATED=1)
    endif()
endforeach()
