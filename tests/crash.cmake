# Each source is a program that must abort; see run_crash.sh for the lines at its top.

file(GLOB crash_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/crash/*.cpp)
foreach(source IN LISTS crash_sources)
    cmake_path(GET source STEM name)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source})
    file(STRINGS ${source} sanitizer LIMIT_INPUT 400 REGEX "^// sanitizer: ")
    string(REPLACE "// sanitizer: " "" sanitizer "${sanitizer}")
    if(sanitizer AND NOT RONDO_SANITIZE MATCHES "${sanitizer}")
        continue()
    endif()
    rondo_program(crash_${name} ${source})
    target_link_libraries(crash_${name} PRIVATE test_support)
    if(name MATCHES "^simulat")
        target_link_libraries(crash_${name} PRIVATE rondo::testing)
    endif()
    add_test(NAME crash/${name} COMMAND bash ${CMAKE_CURRENT_SOURCE_DIR}/run_crash.sh
        $<TARGET_FILE:crash_${name}> ${source})
    set_tests_properties(crash/${name} PROPERTIES
        TIMEOUT 60 LABELS crash SKIP_RETURN_CODE 77)
endforeach()
