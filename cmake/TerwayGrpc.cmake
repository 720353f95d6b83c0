# gRPC without TLS, for unix sockets. Not by pkg-config: that thinks for seconds over the hundred
# libraries below gRPC.
find_program(PROTOC protoc)
find_program(GRPC_CPP_PLUGIN grpc_cpp_plugin)
set(TERWAY_GRPC_FOUND ON)
foreach(name IN ITEMS grpc++_unsecure grpc_unsecure gpr absl_synchronization protobuf protobuf-lite)
    find_library(TERWAY_LIB_${name} ${name})
    if(NOT TERWAY_LIB_${name})
        set(TERWAY_GRPC_FOUND OFF)
    endif()
endforeach()
if(NOT PROTOC OR NOT GRPC_CPP_PLUGIN)
    set(TERWAY_GRPC_FOUND OFF)
endif()
set(TERWAY_GRPC_REMEDY "apt-get install libgrpc++-dev libprotobuf-dev protobuf-compiler protobuf-compiler-grpc")

# terway_grpc_library(NAME SERVICE protobuf|protobuf-lite): a static library of SERVICE.proto.
# Never instrumented: generated, and gRPC itself is not.
function(terway_grpc_library name service runtime)
    set(stem ${CMAKE_CURRENT_BINARY_DIR}/${service})
    set(generated ${stem}.pb.cc ${stem}.grpc.pb.cc ${stem}.pb.h ${stem}.grpc.pb.h)
    add_custom_command(OUTPUT ${generated}
        COMMAND ${PROTOC} -I ${CMAKE_CURRENT_SOURCE_DIR} --cpp_out=${CMAKE_CURRENT_BINARY_DIR}
            --grpc_out=${CMAKE_CURRENT_BINARY_DIR} --plugin=protoc-gen-grpc=${GRPC_CPP_PLUGIN} ${service}.proto
        DEPENDS ${service}.proto)
    add_library(${name} STATIC ${generated})
    target_include_directories(${name} SYSTEM PUBLIC ${CMAKE_CURRENT_BINARY_DIR})
    target_link_libraries(${name} PUBLIC ${TERWAY_LIB_grpc++_unsecure} ${TERWAY_LIB_grpc_unsecure}
        ${TERWAY_LIB_gpr} ${TERWAY_LIB_absl_synchronization} ${TERWAY_LIB_${runtime}} Threads::Threads)
    target_compile_options(${name} PRIVATE -w $<$<NOT:$<CONFIG:Debug>>:-ffunction-sections>)
endfunction()
