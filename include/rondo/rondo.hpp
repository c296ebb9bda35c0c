// SPDX-License-Identifier: MIT
#pragma once

// All of rondo but for the bridges to <system_error> (rondo/core/error_code.hpp). Any thread.

#include <rondo/engine/emulated.hpp>
#include <rondo/engine/kernel.hpp>
#include <rondo/interop/file_stream.hpp>
#include <rondo/op/all.hpp>
#include <rondo/ring/buffer_ring.hpp>
#include <rondo/ring/buffers.hpp>
#include <rondo/ring/busy_poll.hpp>
#include <rondo/ring/completion_event.hpp>
#include <rondo/ring/completion_queue.hpp>
#include <rondo/ring/features.hpp>
#include <rondo/ring/file_registry.hpp>
#include <rondo/ring/files.hpp>
#include <rondo/ring/message.hpp>
#include <rondo/ring/personality.hpp>
#include <rondo/ring/query.hpp>
#include <rondo/ring/region.hpp>
#include <rondo/ring/registrar.hpp>
#include <rondo/ring/request_filter.hpp>
#include <rondo/ring/restrictions.hpp>
#include <rondo/ring/ring.hpp>
#include <rondo/ring/setup.hpp>
#include <rondo/ring/submission_queue.hpp>
#include <rondo/ring/sync_cancel.hpp>
#include <rondo/ring/wait_clock.hpp>
#include <rondo/ring/wait_region.hpp>
#include <rondo/ring/workers.hpp>
#include <rondo/ring/zero_copy_receive.hpp>
