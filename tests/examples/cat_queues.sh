#!/usr/bin/env bash
# cat_queues.sh PROGRAM ENGINE
source "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"
source "$(dirname -- "${BASH_SOURCE[0]}")/cats.sh"
