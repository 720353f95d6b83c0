# Every library we stand on, found once.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS program_options json)
find_package(SQLite3 REQUIRED)
find_package(spdlog REQUIRED)
find_package(fmt REQUIRED)
find_package(prometheus-cpp REQUIRED)
find_package(yaml-cpp REQUIRED)
pkg_check_modules(LIBNL REQUIRED IMPORTED_TARGET libnl-3.0)
pkg_check_modules(LIBNFTABLES REQUIRED IMPORTED_TARGET libnftables)
pkg_check_modules(LIBNFTNL REQUIRED IMPORTED_TARGET libnftnl>=1.2)
pkg_check_modules(LIBMNL REQUIRED IMPORTED_TARGET libmnl)
pkg_check_modules(LIBCURL REQUIRED IMPORTED_TARGET libcurl>=7.87)
pkg_check_modules(TOMLPLUSPLUS REQUIRED IMPORTED_TARGET tomlplusplus)

# Statically: of libcrypto only a few functions are used, and starting all of it is not free.
set(OPENSSL_USE_STATIC_LIBS ON)
find_package(OpenSSL REQUIRED)

# Parsed once, from the header that is the contract.
file(STRINGS ${PROJECT_SOURCE_DIR}/core/sdk/terway/abi.h _abi REGEX "#define TWY_ABI_(MAJOR|MINOR) ")
string(REGEX REPLACE ".*TWY_ABI_MAJOR ([0-9]+).*TWY_ABI_MINOR ([0-9]+).*" "\\1.\\2" TERWAY_ABI_VERSION "${_abi}")
