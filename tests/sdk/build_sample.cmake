# Installs the component sdk of BUILD below WORK, builds SAMPLE against it, tests and installs it.
function(step what)
    execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
    if(NOT result EQUAL 0)
        message(FATAL_ERROR "${what} failed:\n${output}")
    endif()
    message(STATUS "${what}: ok")
endfunction()

file(REMOVE_RECURSE ${WORK})
step("installing the SDK" ${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/sdk --component sdk)
step("configuring the sample" ${CMAKE_COMMAND} -S ${SAMPLE} -B ${WORK}/build -G ${GENERATOR}
    -DCMAKE_PREFIX_PATH=${WORK}/sdk -DCMAKE_BUILD_TYPE=${CONFIG} -DCMAKE_CXX_COMPILER=${CXX}
    -DCMAKE_C_COMPILER=${C})
step("building the sample" ${CMAKE_COMMAND} --build ${WORK}/build)
step("testing the sample" ${CMAKE_CTEST_COMMAND} --test-dir ${WORK}/build --output-on-failure --no-tests=error)
set(ENV{DESTDIR} ${WORK}/root)
step("installing the sample" ${CMAKE_COMMAND} --install ${WORK}/build)
if(NOT EXISTS ${WORK}/root/usr/lib/terway/modules/com.example.routed.so)
    message(FATAL_ERROR "the sample is not in /usr/lib/terway/modules")
endif()
execute_process(COMMAND ${WORK}/sdk/bin/terway-conformance ${WORK}/build/modules/com.example.routed.so --law 1 --law 9
    RESULT_VARIABLE result OUTPUT_VARIABLE output)
if(NOT result EQUAL 0 OR NOT output MATCHES "law  1 .* ok .*law  9 .* ok")
    message(FATAL_ERROR "the installed tool says:\n${output}")
endif()
