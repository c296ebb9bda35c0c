# Checks of the source tree itself. Each script takes the tree's root and names file and line.

function(rondo_tidy name)
    add_test(NAME tidy/${name}
        COMMAND bash ${CMAKE_CURRENT_SOURCE_DIR}/tidy/${name}.sh ${PROJECT_SOURCE_DIR} ${ARGN})
    set_tests_properties(tidy/${name} PROPERTIES TIMEOUT 60 LABELS tidy)
endfunction()

foreach(name layering includes errno sizes headers unfinished coverage)
    rondo_tidy(${name})
endforeach()
if(TARGET docs_ops)
    rondo_tidy(docs_current $<TARGET_FILE:docs_ops>)
endif()

set(compile_alone ${CMAKE_CXX_COMPILER} -std=c++23 ${RONDO_WARNINGS})
rondo_tidy(self_sufficient ${compile_alone})
set_tests_properties(tidy/self_sufficient PROPERTIES
    TIMEOUT 300 LABELS "tidy;slow" PROCESSORS 2)
rondo_tidy(self_test ${compile_alone})
