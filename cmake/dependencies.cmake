# Everything is a Debian package; nothing is downloaded at configure time.
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED CONFIG COMPONENTS headers system)
find_package(OpenSSL REQUIRED)
find_package(ZLIB REQUIRED)
find_package(fmt REQUIRED CONFIG)
find_package(spdlog REQUIRED CONFIG)
find_package(simdjson REQUIRED CONFIG)
find_package(CLI11 REQUIRED CONFIG)
find_package(tomlplusplus REQUIRED CONFIG)
find_package(prometheus-cpp REQUIRED CONFIG COMPONENTS core)
find_package(PkgConfig REQUIRED)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(LIBURING REQUIRED IMPORTED_TARGET liburing)

# concurrentqueue ships no CMake configuration.
find_path(CONCURRENTQUEUE_INCLUDE concurrentqueue.h PATH_SUFFIXES concurrentqueue REQUIRED)
add_library(concurrentqueue INTERFACE)
target_include_directories(concurrentqueue SYSTEM INTERFACE ${CONCURRENTQUEUE_INCLUDE})

# Asio and Beast, their non-template code compiled once. The concrete executor and separate compilation keep
# the few files that instantiate them from taking minutes.
add_library(tickgate_asio STATIC ${PROJECT_SOURCE_DIR}/cmake/asio_impl.cpp)
target_compile_definitions(tickgate_asio PUBLIC
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED)
target_link_libraries(tickgate_asio PUBLIC Boost::headers OpenSSL::SSL OpenSSL::Crypto Threads::Threads)
if(TICKGATE_SANITIZER)
  target_compile_options(tickgate_asio PUBLIC -fsanitize=${TICKGATE_SANITIZER})
  target_link_options(tickgate_asio PUBLIC -fsanitize=${TICKGATE_SANITIZER})
endif()
set_target_properties(tickgate_asio PROPERTIES JOB_POOL_COMPILE heavy)
