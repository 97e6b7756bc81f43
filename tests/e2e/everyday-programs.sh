#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Everyday services and clients - files, loopback services, ssh, the web, the time, logs -
# go on under a policy of nothing but `version: 1`, or with the rule that is printed with each: see
# everyday/lib.sh. `--table` prints the rows of docs/everyday.md, ONLY=PATTERN runs the cases that fit.
#
# attach: xdp tc
[ "${1:-}" != --table ] || TABLE=1
. "$(dirname "$0")/../lib/lab.sh"
. "$(dirname "$0")/everyday/lib.sh"
everyday files loopback clients
