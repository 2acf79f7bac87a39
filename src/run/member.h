/* SPDX-License-Identifier: Apache-2.0 */
/* What the process does that joins a container, from its birth to its program. */
#pragma once

#include "run/exec.h"

/* As exec_open() and what follows it have decided; tells the runtime through e->child what went wrong. */
NORETURN void member_main(struct exec *e);
