/* SPDX-License-Identifier: Apache-2.0 */
/* Network interfaces of the namespace we are in. */
#pragma once

#include "base/error.h"

/* Brings "lo" up, as every image expects it in a new network namespace. netdevice(7). */
int loopback_up(struct error *err);
