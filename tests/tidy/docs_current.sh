#!/usr/bin/env bash
# docs_current.sh ROOT GENERATOR: docs/ops.md is what the generator prints now.
source "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

if ! generated=$("$2"); then
    fault "docs/ops.md:1: its generator failed"
elif ! difference=$(diff docs/ops.md - <<<"$generated" 2>&1); then
    head -n 20 <<<"$difference"
    fault "docs/ops.md:1: out of date; run ./dev docs"
fi
finish
