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

foreach(suite IN LISTS suites)
    rondo_program(test_${suite} ${suite_sources_${suite}})
    target_link_libraries(test_${suite} PRIVATE test_support GTest::gtest_main)
    if(TARGET rondo_tool)
        add_dependencies(test_${suite} rondo_tool)
    endif()
    gtest_discover_tests(test_${suite}
        DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
        TEST_PREFIX ${suite}/ NO_PRETTY_VALUES
        PROPERTIES TIMEOUT 60 LABELS ${suite})
endforeach()
