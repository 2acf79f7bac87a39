/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a start with this plan would find on this host, without doing anything: files that are missing, programs that cannot
 * run, controllers, profiles and namespaces that are not there.
 *
 * It looks where a start would look, but nothing is claimed, mounted or made; so it can be wrong in what only the moment of
 * the start decides, and says nothing where it cannot know.
 */
#pragma once

#include "base/findings.h"
#include "plan/plan.h"

/* Adds what it finds. Places are those of the plan's config.json. */
void preflight(const struct plan *plan, const struct host *host, struct findings *ret);
