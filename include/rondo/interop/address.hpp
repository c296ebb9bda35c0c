// SPDX-License-Identifier: MIT
#pragma once

// Addresses as text: "127.0.0.1:8080", "[::1]:0", ":0", "localhost:http", "/run/path", "@name". Any
// thread.

#include <rondo/core/result.hpp>
#include <rondo/interop/endpoint.hpp>

#include <cstdint>
#include <string_view>
#include <vector>

namespace rondo {

/// What an address without a host stands for.
enum class address_use : std::uint8_t {
    to_listen,  ///< all addresses of this machine
    to_connect, ///< this machine
};

/// The two halves of "host:port", without brackets. Look into the text that was split.
struct host_and_port {
    std::string_view host; ///< "" for ":port"
    std::string_view port; ///< a number or a service's name; never empty
};

/// Splits "host:port", "[host]:port" or ":port". EINVAL with cause::bad_address: no port, a colon
/// too many, a bracket without its other, null bytes.
[[nodiscard]] result<host_and_port> split_address(std::string_view address) noexcept;

/// The endpoints that an address stands for on a network, the preferred one first; at least one.
///
/// Hosts are numbers or names, ports are numbers or services of services(5). This blocks in
/// getaddrinfo(3) while it asks name servers, without a deadline. Failures of that are in
/// error_domain::resolver, with EAI_ codes as they are (EAI_NONAME: there is no such host); the
/// rest are as of split_address() and endpoint::from_path(). ENOMEM.
[[nodiscard]] result<std::vector<endpoint>> resolve(
    network_kind network, std::string_view address,
    address_use use = address_use::to_connect) noexcept;
/// The same by the network's name. EINVAL with cause::unknown_network.
[[nodiscard]] result<std::vector<endpoint>> resolve(
    std::string_view network, std::string_view address,
    address_use use = address_use::to_connect) noexcept;

} // namespace rondo
