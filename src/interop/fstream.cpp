// SPDX-License-Identifier: MIT
#include <rondo/interop/fstream.hpp>

namespace rondo {

template class file_iostream<std::istream, std::ios_base::in, std::ios_base::in>;
template class file_iostream<std::ostream, std::ios_base::out, std::ios_base::out>;
template class file_iostream<std::iostream, std::ios_base::in | std::ios_base::out,
                             std::ios_base::openmode{}>;

} // namespace rondo
