// Stands before simdjson's own header in optimised builds. Without NDEBUG its on-demand iteration asserts its own state
// at every step, which takes half of its speed; nothing else switches that off. Our assertions stay as they are.
#pragma once

#ifdef NDEBUG
#include_next <simdjson.h>
#else
#define NDEBUG
#include_next <simdjson.h>
#undef NDEBUG
#endif
#include <cassert>  // defines assert anew, as NDEBUG is now
