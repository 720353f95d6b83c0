// Boost.JSON compiled into the CNI binary, which links no shared library.
#include <boost/json/src.hpp>
