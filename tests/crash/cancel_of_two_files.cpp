// SPDX-License-Identifier: MIT
// expect: a cancel matches one user_data, one file and one opcode, or anything

#include <rondo/op/cancel.hpp>

int main() {
    using rondo::op::cancel_match;
    return (cancel_match::fd(3) & cancel_match::fd(4)).fd();
}
