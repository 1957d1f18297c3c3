# Warnings and sanitizers of our own code, as one INTERFACE target. Third-party headers come in as SYSTEM.
add_library(tickgate_options INTERFACE)
target_include_directories(tickgate_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(tickgate_options INTERFACE
  -Wall -Wextra -Wconversion -Wsign-conversion -Wshadow -Wold-style-cast -Wcast-qual
  -Wimplicit-fallthrough -Wextra-semi -Werror)
# At -O3 g++ 12 sees overflows and overlaps in moodycamel's, fmt's and its own string's headers where there are none.
target_compile_options(tickgate_options INTERFACE
  "$<$<AND:$<CXX_COMPILER_ID:GNU>,$<CONFIG:Release>>:-Wno-stringop-overflow;-Wno-restrict>")

if(TICKGATE_SANITIZER)
  target_compile_options(tickgate_options INTERFACE -fsanitize=${TICKGATE_SANITIZER} -fno-omit-frame-pointer)
  target_link_options(tickgate_options INTERFACE -fsanitize=${TICKGATE_SANITIZER})
  if(TICKGATE_SANITIZER MATCHES "undefined")
    target_compile_options(tickgate_options INTERFACE -fno-sanitize-recover=undefined)
  endif()
  if(TICKGATE_SANITIZER MATCHES "thread")
    # g++ 12 warns that TSan does not see standalone fences; a few third-party headers use them.
    target_compile_options(tickgate_options INTERFACE -Wno-tsan)
  endif()
endif()

find_program(TICKGATE_CCACHE ccache)
if(TICKGATE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${TICKGATE_CCACHE})
endif()

find_program(TICKGATE_MOLD mold)
if(TICKGATE_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# Files that instantiate Beast or Asio streams take over 1 GB and half a minute each: one at a time.
set_property(GLOBAL APPEND PROPERTY JOB_POOLS heavy=1)

# A library of one folder.
function(tickgate_library name)
  add_library(${name} STATIC ${ARGN})
  target_link_libraries(${name} PUBLIC tickgate_options)
endfunction()
