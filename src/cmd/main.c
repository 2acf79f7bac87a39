/* SPDX-License-Identifier: Apache-2.0 */
#include "base/util.h"

int main(void)
{
	return 1;
}
